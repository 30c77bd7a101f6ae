//! Exports: the memories that filters name, as they are.
//!
//! The platform lets a model bring them into the form of a schema. Here they are given in the form that they have, and
//! the export's id holds nothing but the filters, so that there is nothing to keep; it opens no more than they do.

use edgemem::{Error, ErrorKind, Result};
use serde_json::Value;

use super::{Asked, list, show, wrong};

/// The longest filters of an export, in bytes.
const LONGEST: usize = 8_000;
/// So many memories are in an export at most.
const MOST: usize = 10_000;

/// Names an export. What is wrong with its filters is said now, also that they name what the caller may not read.
pub fn create(asked: &Asked<'_>) -> Result<Value> {
    asked.desk.may_list(list::conditions(&asked.options)?)?;
    let filters = asked.option("filters");
    if filters.as_object().is_none_or(serde_json::Map::is_empty) {
        let message = "filters must name the memories: an object such as { \"user_id\": \"alice\" }";
        return Err(Error::new(ErrorKind::ScopeRequired, message).field("filters"));
    }
    let text = filters.to_string();
    if text.len() > LONGEST {
        return Err(wrong("filters", &format!("filters must be shorter than {LONGEST} bytes")));
    }
    let id: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let told = match asked.option("schema").is_null() {
        true => "Memory export request received. The export can be read at once.",
        false => {
            "Memory export request received. The export can be read at once; it has the memories as they are, for no schema \
             is applied here."
        }
    };
    Ok(object!({ "message": told, "id": id }))
}

/// Reads an export by its id, or by its filters.
pub async fn read(mut asked: Asked<'_>) -> Result<Value> {
    if let Some(id) = asked.options.remove("memory_export_id").filter(|id| !id.is_null()) {
        let filters = id.as_str().and_then(named).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no such export").field("memory_export_id")
        })?;
        asked.options.insert("filters".to_owned(), filters);
    }
    let mut options = list::conditions(&asked.options)?;
    options.insert("top_k".to_owned(), MOST.into());
    options.insert("count".to_owned(), true.into());
    let mut found = asked.call("getAll", &[options.into()]).await?;
    let memories = show::memories(found["results"].take(), &Value::Null);
    if memories.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, "no memory matches these filters").field("filters"));
    }
    Ok(object!({ "count": found["total"].take(), "memories": memories }))
}

fn named(id: &str) -> Option<Value> {
    let digits = id.as_bytes();
    if digits.len() > 2 * LONGEST || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes = digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>()?;
    let filters: Value = serde_json::from_str(std::str::from_utf8(&bytes).ok()?).ok()?;
    filters.is_object().then_some(filters)
}
