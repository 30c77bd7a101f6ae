//! The tools. What a model reads of them is `tools.json`; their names and arguments are those of mem0's server, with
//! `context` and `timeline` beside them.

use edgemem::{Error, ErrorKind};
use serde_json::{Map, Value, json};

use super::message::Fault;
use super::methods::{Door, text};
use super::{Bounds, arguments, entities};
use crate::problem::Problem;
use crate::routes::Want;

/// The tools as `tools/list` shows them to a connection without bounds.
const TABLE: &str = include_str!("tools.json");

/// How many memories a search finds unless it says otherwise, as on mem0's platform.
const FOUND: u64 = 10;
/// How many memories a page of a list has, and how many entries a timeline, unless the call says otherwise.
const PAGE: u64 = 50;

/// What lists show of a memory. A model pays for every word, so what only programs need is shown by `get_memory` alone.
const OF_MEMORY: [&str; 18] = [
    "id",
    "memory",
    "score",
    "user_id",
    "agent_id",
    "app_id",
    "run_id",
    "org_id",
    "role",
    "name",
    "kind",
    "metadata",
    "created_at",
    "expiration_date",
    "valid_from",
    "valid_to",
    "superseded_by",
    "pending",
];
/// What is shown of a memory that was added.
const OF_ADDED: [&str; 3] = ["id", "memory", "event"];

/// What a timeline shows of an entry.
const OF_ENTRY: [&str; 6] = ["at", "event", "text", "memory_id", "fact", "superseded"];

fn table() -> Vec<Value> {
    serde_json::from_str(TABLE).unwrap_or_default()
}

/// The tools of a connection: what is fixed is no argument.
pub fn list(bounds: &Bounds) -> Vec<Value> {
    let mut tools = table();
    for tool in &mut tools {
        if let Some(properties) = tool["inputSchema"]["properties"].as_object_mut() {
            for (axis, _) in bounds.fixed.ids() {
                properties.shift_remove(axis.id_name());
            }
        }
    }
    tools
}

/// Calls a tool. A call that the tool refuses is a result, which the model reads and can act on; only what no model can
/// mend is a fault.
pub async fn call(door: &Door<'_>, params: &Value) -> Result<Value, Fault> {
    let name = text(params, "name")?;
    let table = table();
    let Some(tool) = table.iter().find(|tool| tool["name"] == name) else {
        return Err(Fault::params(format!("Unknown tool: {name:.60}")));
    };
    if !(params["arguments"].is_object() || params["arguments"].is_null()) {
        return Err(Fault::params("params.arguments must be an object"));
    }
    let given = arguments::check(&params["arguments"], &tool["inputSchema"]);
    let done = match given {
        Ok(given) => run(door, name, &given).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let (value, failed) = match done {
        Ok(value) => (value, false),
        Err(problem) => (told(&problem), true),
    };
    // A text is for the model to read, everything else is JSON, in one piece as mem0's server gives it.
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut result = json!({ "content": [{ "type": "text", "text": text }] });
    if failed {
        result["isError"] = true.into();
    }
    Ok(result)
}

async fn run(door: &Door<'_>, tool: &str, given: &Map<String, Value>) -> Result<Value, Error> {
    let bounds = door.bounds;
    let number = |name: &str| given.get(name).and_then(Value::as_u64);
    let reach = || Ok::<_, Error>(Map::from_iter([("filters".to_owned(), bounds.reach(given)?)]));
    let (page, size) = (number("page").unwrap_or(1), number("page_size").unwrap_or(PAGE));
    let query = given.get("query").cloned().unwrap_or_default();
    match tool {
        "add_memory" => {
            let mut options = bounds.place(given)?;
            copy(given, &mut options, &["metadata", "infer", "expiration_date", "timestamp"]);
            let messages = given.get("messages").or(given.get("text")).cloned().unwrap_or_default();
            options.insert("messages".to_owned(), messages);
            let mut added = door.rest(Want::Add, &[], options).await?;
            if added["results"].is_array() {
                added["results"] = brief(added["results"].take(), &OF_ADDED);
            }
            Ok(added)
        }
        "list_events" => {
            let mut options = reach()?;
            copy(given, &mut options, &["page", "page_size"]);
            let mut listed = door.rest(Want::Events, &[], options).await?;
            let count = listed["count"].as_u64().unwrap_or_default();
            // The addresses of REST are none of this one.
            Ok(envelope(page, count, !listed["next"].is_null(), listed["results"].take()))
        }
        "get_event_status" => {
            let event = given.get("event_id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let status = door.rest(Want::Event, &[event], Map::new()).await?;
            for result in status["results"].as_array().into_iter().flatten() {
                let named = Map::from_iter([("memory_id".to_owned(), result["id"].clone())]);
                owned(door, &named).await.map_err(|error| error.field("event_id"))?;
            }
            Ok(status)
        }
        "search_memories" => {
            let mut options = reach()?;
            copy(given, &mut options, &["threshold"]);
            let most = [number("top_k"), number("limit")].into_iter().flatten().min().unwrap_or(FOUND);
            options.insert("top_k".to_owned(), most.into());
            let mut found = door.ask("search", &[query, options.into()]).await?;
            found["results"] = brief(found["results"].take(), &OF_MEMORY);
            Ok(found)
        }
        "context" => {
            let mut options = reach()?;
            copy(given, &mut options, &["tokens"]);
            Ok(packed(&door.ask("context", &[query, options.into()]).await?))
        }
        "timeline" => {
            let mut options = reach()?;
            options.insert("limit".to_owned(), PAGE.into());
            copy(given, &mut options, &["about", "from", "to", "limit"]);
            let entries = door.ask("timeline", &[options.into()]).await?;
            Ok(json!({ "results": brief(entries, &OF_ENTRY) }))
        }
        "get_memories" => {
            let mut options = reach()?;
            options.insert("offset".to_owned(), ((page - 1) * size).into());
            options.insert("limit".to_owned(), size.into());
            options.insert("count".to_owned(), true.into());
            let mut listed = door.ask("getAll", &[options.into()]).await?;
            let total = listed["total"].as_u64().unwrap_or_default();
            let memories = brief(listed["results"].take(), &OF_MEMORY);
            Ok(envelope(page, total, total > page * size, memories))
        }
        "list_entities" => entities::list(door, page, size).await,
        "get_memory" => owned(door, given).await,
        "update_memory" => {
            let id = owned(door, given).await?["id"].take();
            let mut change = Map::new();
            copy(given, &mut change, &["text", "metadata"]);
            door.ask("update", &[id, change.into()]).await?;
            owned(door, given).await
        }
        "delete_memory" => {
            let id = owned(door, given).await?["id"].take();
            door.ask("delete", &[id]).await
        }
        "delete_all_memories" => {
            let scope = bounds.named(given)?;
            if scope.is_empty() {
                return Err(unnamed());
            }
            door.ask("deleteAll", &[scope.into()]).await
        }
        "delete_entities" => {
            bounds.named(given)?;
            if given.is_empty() {
                return Err(unnamed());
            }
            for (name, id) in given {
                let scope = bounds.named(&Map::from_iter([(name.clone(), id.clone())]))?;
                door.ask("deleteAll", &[scope.into()]).await?;
            }
            Ok(json!({ "message": "Entity deleted successfully." }))
        }
        _ => Err(Error::new(ErrorKind::Unsupported, "there is no such tool").field("name")),
    }
}

/// The memory that the arguments name, if it lies within the bounds: outside of them there is none.
async fn owned(door: &Door<'_>, given: &Map<String, Value>) -> Result<Value, Error> {
    let id = given.get("memory_id").cloned().unwrap_or_default();
    let found = door.ask("get", std::slice::from_ref(&id)).await?;
    if found.is_null() || !door.bounds.admit(&found) {
        let message = format!("Memory with ID {:.60} not found", id.as_str().unwrap_or_default());
        return Err(Error::new(ErrorKind::NotFound, message).field("memory_id"));
    }
    Ok(found)
}

/// The text of a context, for a model to read.
pub fn packed(context: &Value) -> Value {
    match context["text"].as_str() {
        None | Some("") => "Nothing that is remembered answers this.".into(),
        Some(text) => text.into(),
    }
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(value) = from.get(*name) {
            to.insert((*name).to_owned(), value.clone());
        }
    }
}

/// A page of a list. What comes next is the number of a page, which a model can ask for.
pub fn envelope(page: u64, count: u64, is_more: bool, results: Value) -> Value {
    let next = is_more.then(|| page + 1);
    let previous = Some(page - 1).filter(|&page| page > 0);
    json!({ "count": count, "next": next, "previous": previous, "results": results })
}

/// A list with those members that a model needs, and only if they tell something.
fn brief(list: Value, known: &[&str]) -> Value {
    let Value::Array(list) = list else { return list };
    let is_told = |name: &str, value: &Value| match name {
        "metadata" if known.contains(&name) => value.as_object().is_some_and(|it| !it.is_empty()),
        "role" if known.contains(&name) => value != "user",
        _ => known.contains(&name),
    };
    let shown = |mut item: Value| {
        if let Some(members) = item.as_object_mut() {
            members.retain(|name, value| is_told(name, value));
        }
        item
    };
    list.into_iter().map(shown).collect()
}

fn unnamed() -> Error {
    let message = "name at least one of user_id, agent_id, app_id, run_id; no tool deletes everything";
    Error::new(ErrorKind::ScopeRequired, message).field("user_id")
}

/// A refusal as a model reads it: what is wrong, where, and what to do next.
fn told(problem: &Problem) -> Value {
    let mut body = problem.answer().body.unwrap_or_default();
    // The names that mem0's server has for these.
    match problem.code() {
        "SCOPE_REQUIRED" => body["error"] = "scope_missing".into(),
        "MESSAGES_REQUIRED" | "MESSAGES_EMPTY" => body["error"] = "messages_missing".into(),
        _ => {}
    }
    body["hint"] = match problem.status() {
        404 => "look for the id with search_memories or get_memories",
        409 | 429 | 503 | 504 => "call again in a moment; if it fails again, tell the user",
        400 => "change the arguments as it says and call again",
        _ => "do not call again; tell the user that memory is out of order",
    }
    .into();
    body
}
