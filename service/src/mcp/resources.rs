//! Memories as resources: `memory://memories/{id}` is one of them, `memory://context/{query}` what is remembered about a
//! question. A client shows them to its user, who picks what the model shall read.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::message::Fault;
use super::methods::{Door, text};
use super::tools::packed;
use crate::mem0::one;

const MEMORIES: &str = "memory://memories/";
const CONTEXT: &str = "memory://context/";

/// How many memories a page of the list has.
const PAGE: usize = 50;
/// How many letters of a memory its name has.
const NAME: usize = 60;

/// The memories within the bounds, newest first, page by page. A cursor says how many came before.
pub async fn list(door: &Door<'_>, params: &Value) -> Result<Value, Fault> {
    let offset = match &params["cursor"] {
        Value::Null => Some(0),
        cursor => cursor.as_str().and_then(|cursor| cursor.parse::<u32>().ok()),
    };
    let offset = offset.ok_or_else(|| Fault::params("params.cursor is none that was given here"))? as usize;
    let filters = door.bounds.reach(&Map::new()).map_err(|error| door.fault(error))?;
    let options = object!({ "filters": filters, "offset": offset, "limit": PAGE + 1, "order": "desc" });
    let listed = door.ask("getAll", &[options]).await.map_err(|error| door.fault(error))?;
    let memories = listed["results"].as_array().map_or(&[][..], Vec::as_slice);
    let resource = |memory: &Value| {
        let words = memory["memory"].as_str().unwrap_or_default();
        let mut name: String = words.chars().take(NAME).collect();
        if name.len() < words.len() {
            name.push('…');
        }
        let id = memory["id"].as_str().unwrap_or_default();
        object!({
            "uri": format!("{MEMORIES}{id}"),
            "name": name,
            "mimeType": "application/json",
            "annotations": one("lastModified", memory["updated_at"].clone()),
        })
    };
    let mut page = one("resources", memories.iter().take(PAGE).map(resource).collect());
    if memories.len() > PAGE {
        page["nextCursor"] = (offset + PAGE).to_string().into();
    }
    Ok(page)
}

/// Reads one of them.
pub async fn read(door: &Door<'_>, params: &Value) -> Result<Value, Fault> {
    let uri = text(params, "uri")?;
    let missing = || Fault::params("there is no such resource").data(one("uri", uri.into()));
    let contents = |mime: &str, text: String| {
        Ok(one("contents", vec![object!({ "uri": uri, "mimeType": mime, "text": text })].into()))
    };
    if let Some(id) = uri.strip_prefix(MEMORIES) {
        let found = door.ask("get", &[id.into()]).await.map_err(|error| door.fault(error))?;
        if found.is_null() || !door.bounds.admit(&found) {
            return Err(missing());
        }
        return contents("application/json", edgemem::json::text(&found));
    }
    let query = uri.strip_prefix(CONTEXT).ok_or_else(missing)?;
    let query = percent_decode_str(query).decode_utf8().map_err(|_| missing())?;
    contents("text/plain", context(door, &query).await?)
}

/// What is remembered about a question.
pub async fn context(door: &Door<'_>, query: &str) -> Result<String, Fault> {
    let filters = door.bounds.reach(&Map::new()).map_err(|error| door.fault(error))?;
    let found = door
        .ask("context", &[query.into(), one("filters", filters)])
        .await
        .map_err(|error| door.fault(error))?;
    Ok(packed(&found).as_str().unwrap_or_default().to_owned())
}
