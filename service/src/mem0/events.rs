//! Adding, and what becomes of it: events.
//!
//! Where a language model reads what was said, `add` answers at once and the model reads on in the background. The answer
//! names an event. Nothing is stored for it: its id is the ids of the messages that were kept, and how far the work is
//! follows from them: a message that waits says so.

use edgemem::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::list;
use super::{Asked, checked, items, one, page::Page, show, wrong};

/// So many ids are in an event's at most. Messages are read in their order, so the last ones tell enough.
const MOST: usize = 20;
/// The event of an add that kept nothing.
const NOTHING: &str = "00000000-0000-0000-0000-000000000000";
/// So many of the newest memories are looked through for what a model made of messages.
const NEWEST: usize = 100;

/// Adds messages.
pub async fn add(mut asked: Asked<'_>) -> Result<Value> {
    // The platform answers before the work is done, unless it is told otherwise.
    let waits = asked.options.remove("async_mode") == Some(Value::Bool(false));
    asked.options.insert("background".to_owned(), (!waits).into());
    let messages = asked.option("messages").clone();
    let mut added = asked.call("add", &[messages, asked.options.clone().into()]).await?;
    let ids: Vec<&str> = items(&added["results"]).iter().filter_map(|it| it["id"].as_str()).collect();
    let mut event = ids[ids.len().saturating_sub(MOST)..].join(".");
    if event.is_empty() {
        event = NOTHING.to_owned();
    }
    if added["pending"] == true {
        let message = "Memory processing has been queued for background execution";
        return Ok(object!({ "message": message, "status": "PENDING", "event_id": event }));
    }
    for result in added["results"].as_array_mut().into_iter().flatten() {
        result["data"] = one("memory", result["memory"].clone());
    }
    let mut answer = object!({
        "message": "Memories added successfully", "status": "SUCCEEDED", "event_id": event,
        "results": added["results"].take(),
    });
    if !added["warnings"].is_null() {
        answer["warnings"] = crate::names::renamed(added["warnings"].take());
    }
    Ok(answer)
}

/// How far the work is that an add began.
pub async fn event(asked: Asked<'_>) -> Result<Value> {
    let event = asked.texts.first().map_or("", String::as_str);
    if event == NOTHING {
        return Ok(shown(event, "SUCCEEDED", vec![], &Value::Null));
    }
    let ids = ids(event)?;
    let mut results = Vec::new();
    let (mut known, mut waits) = (Value::Null, false);
    for id in &ids {
        let item = asked.call("get", &[(*id).into()]).await?;
        if item.is_null() {
            // Deleted since then, if it ever was there.
            let rows = asked.call("history", &[(*id).into()]).await?;
            if let Some(row) = items(&rows).last() {
                known = object!({ "learntAt": row["created_at"].clone(), "updatedAt": row["updated_at"].clone() });
            }
            continue;
        }
        waits |= item["pending"] == true;
        known = item.clone();
        results.push(item);
    }
    if known.is_null() {
        return Err(Error::new(ErrorKind::NotFound, "there is no such event").field("event_id"));
    }
    if waits {
        return Ok(shown(event, "PENDING", vec![], &known));
    }
    // What a model has read is closed, and what it made of it is among the newest.
    let read = |item: &Value| !item["supersededBy"].is_null();
    if results.iter().any(read) {
        let facts = made(&asked, &known, &ids).await?;
        if !facts.is_empty() {
            results.retain(|item| !read(item));
            results.extend(facts);
        }
    }
    Ok(shown(event, "SUCCEEDED", results, &known))
}

/// The ids of the messages that an event is about. `INVALID_ARGUMENT` for what is no id of an event.
pub fn ids(event: &str) -> Result<Vec<&str>> {
    let ids: Vec<&str> = match event {
        NOTHING => vec![],
        event => event.split('.').collect(),
    };
    if ids.len() > MOST || ids.iter().any(|id| checked(id).is_err()) {
        return Err(wrong("event_id", "this is no id of an event: take event_id of what an add answered"));
    }
    Ok(ids)
}

/// The memories that were made of these messages.
async fn made(asked: &Asked<'_>, of: &Value, ids: &[&str]) -> Result<Vec<Value>> {
    let mut filters = Map::new();
    for name in list::SCOPE {
        if !of[name].is_null() {
            filters.insert(name.to_owned(), of[name].clone());
        }
    }
    let options =
        object!({ "top_k": NEWEST, "order": "desc", "show_expired": true, "filters": Value::from(filters) });
    let mut found = asked.call("getAll", &[options]).await?;
    let is_made = |item: &Value| items(&item["sources"]).iter().any(|id| ids.iter().any(|known| id == known));
    let Value::Array(list) = found["results"].take() else { return Ok(vec![]) };
    let mut made: Vec<Value> = list.into_iter().filter(is_made).collect();
    made.reverse();
    Ok(made)
}

/// The last adds of an owner, one for each memory that there is.
pub async fn events(asked: Asked<'_>) -> Result<Value> {
    let page = Page::read(&asked.options)?;
    let mut options = list::conditions(&asked.options)?;
    for (name, value) in [
        ("order", Value::from("desc")),
        ("top_k", page.size().into()),
        ("offset", page.offset().into()),
        ("count", true.into()),
    ] {
        options.insert(name.to_owned(), value);
    }
    let mut found = asked.call("getAll", &[options.into()]).await?;
    let Value::Array(list) = found["results"].take() else { return Err(wrong("user_id", "name an owner")) };
    let event = |item: Value| {
        let id = item["id"].as_str().unwrap_or_default().to_owned();
        match item["pending"] == true {
            true => shown(&id, "PENDING", vec![], &item),
            false => shown(&id, "SUCCEEDED", vec![item.clone()], &item),
        }
    };
    let events = list.into_iter().map(event).collect();
    Ok(page.answer(asked.head, events, found["total"].as_u64().unwrap_or(0)))
}

fn shown(id: &str, status: &str, results: Vec<Value>, of: &Value) -> Value {
    let result = |item: Value| {
        let item = show::memory(item);
        let text = &item["memory"];
        object!({
            "id": item["id"].clone(), "event": "ADD", "memory": text.clone(), "data": one("memory", text.clone()),
        })
    };
    object!({
        "id": id,
        "event_type": "ADD",
        "status": status,
        "payload": Map::new(),
        "results": results.into_iter().map(result).collect::<Vec<_>>(),
        "created_at": of["learntAt"].clone(),
        "updated_at": of["updatedAt"].clone(),
    })
}
