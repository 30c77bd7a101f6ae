//! The tools. What a model reads of them is `tools.json`; their names and arguments are those of mem0's server, with
//! `context` and `timeline` beside them.

use edgemem::{Error, ErrorKind};
use serde_json::{Map, Value};

use super::message::Fault;
use super::methods::{Door, text};
use super::{Bounds, arguments, entities};
use crate::bounds::check_ids;
use crate::mem0::{events, one};
use crate::named;
use crate::problem::Problem;
use crate::query;
use crate::route::Want;

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

/// Read as any JSON, not as a list: what serde says of a float where a list belongs brings in how floats are printed.
fn table() -> Vec<Value> {
    match serde_json::from_str(TABLE) {
        Ok(Value::Array(tools)) => tools,
        _ => vec![],
    }
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
    let given = arguments::check(&params["arguments"], &tool["inputSchema"]).and_then(|mut given| {
        query::check_lengths(&given)?;
        // What a key does not open is refused as by every other door.
        named::check_options(door.desk.caller(), &mut given)?;
        check_ids(door.desk.caller(), &given)?;
        Ok(given)
    });
    let done = match given {
        Ok(given) => run(door, name, &given).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let (value, failed) = match done {
        Ok(value) => (value, false),
        Err(problem) => {
            door.failed(&problem);
            if tool["annotations"]["readOnlyHint"] == false {
                door.desk.refuse(problem.status());
            }
            (told(&problem), true)
        }
    };
    // A text is for the model to read, everything else is JSON, in one piece as mem0's server gives it.
    let text = value.as_str().map_or_else(|| edgemem::json::text(&value), str::to_owned);
    let mut result = one("content", vec![object!({ "type": "text", "text": text })].into());
    if failed {
        result["isError"] = true.into();
    }
    Ok(result)
}

/// Which ids and conditions a call starts from.
enum Start {
    /// What may be read.
    Reach,
    /// Where something new belongs.
    Place,
    /// The ids that are named, of which there has to be one.
    Ids,
    /// None: the call names a memory, which was looked at before.
    Nothing,
}

/// What a tool calls.
enum Via {
    /// A method of the memory.
    Core(&'static str),
    /// A route of mem0's platform.
    Rest(Want),
}

/// What most tools call, what with, and which of their arguments go along as they are.
const PLANS: [(&str, Via, Start, &[&str]); 10] = [
    (
        "add_memory",
        Via::Rest(Want::Add),
        Start::Place,
        &["metadata", "infer", "expiration_date", "timestamp"],
    ),
    ("search_memories", Via::Core("search"), Start::Reach, &["threshold"]),
    ("context", Via::Core("context"), Start::Reach, &["tokens"]),
    ("timeline", Via::Core("timeline"), Start::Reach, &["about", "from", "to", "limit"]),
    ("get_memories", Via::Core("getAll"), Start::Reach, &[]),
    ("update_memory", Via::Core("update"), Start::Nothing, &["text", "metadata", "timestamp"]),
    ("delete_memory", Via::Core("delete"), Start::Nothing, &[]),
    ("delete_all_memories", Via::Core("deleteAll"), Start::Ids, &[]),
    ("list_events", Via::Rest(Want::Events), Start::Reach, &["page", "page_size"]),
    ("get_event_status", Via::Rest(Want::Event), Start::Nothing, &[]),
];

async fn run(door: &Door<'_>, tool: &str, given: &Map<String, Value>) -> Result<Value, Error> {
    let bounds = door.bounds;
    let number = |name: &str| given.get(name).and_then(Value::as_u64);
    let (page, size) = (number("page").unwrap_or(1), number("page_size").unwrap_or(PAGE));
    if let Some(id) = given.get("memory_id") {
        let found = owned(door, id).await?;
        if tool == "get_memory" {
            return Ok(found);
        }
    }
    match tool {
        "list_entities" => return entities::list(door, page, size).await,
        "delete_entities" => return delete_entities(door, given).await,
        _ => {}
    }
    let Some((_, via, from, copied)) = PLANS.iter().find(|plan| plan.0 == tool) else {
        return Err(Error::new(ErrorKind::Unsupported, "there is no such tool").field("name"));
    };
    let mut options = match from {
        Start::Reach => Map::from_iter([("filters".to_owned(), bounds.reach(given)?)]),
        Start::Place => bounds.place(given)?,
        Start::Ids => bounds.named(given)?,
        Start::Nothing => Map::new(),
    };
    if options.is_empty() && matches!(from, Start::Ids) {
        return Err(unnamed());
    }
    let mut set = |name: &str, value: Value| drop(options.insert(name.to_owned(), value));
    match tool {
        "add_memory" => {
            set("messages", given.get("messages").or(given.get("text")).cloned().unwrap_or_default());
        }
        "search_memories" => {
            let most = [number("top_k"), number("limit")].into_iter().flatten().min();
            set("top_k", most.unwrap_or(FOUND).into());
        }
        "timeline" => set("limit", PAGE.into()),
        "get_memories" => {
            set("offset", ((page - 1) * size).into());
            set("limit", size.into());
            set("count", true.into());
        }
        _ => {}
    }
    for name in *copied {
        if let Some(value) = given.get(*name) {
            set(name, value.clone());
        }
    }
    let event = given.get("event_id").and_then(Value::as_str).unwrap_or_default();
    let reached = if tool == "get_event_status" { within(door, event).await? } else { String::new() };
    let mut answer = match via {
        Via::Core(method) => {
            let first = given.get("query").or(given.get("memory_id"));
            let arguments: Vec<Value> = first.cloned().into_iter().chain([options.into()]).collect();
            door.ask(method, &arguments).await?
        }
        Via::Rest(want) => door.rest(*want, &[reached], options).await?,
    };
    match (tool, given.get("memory_id")) {
        ("update_memory", Some(id)) => return owned(door, id).await,
        ("get_event_status", _) => answer["id"] = event.into(),
        _ => {}
    }
    Ok(finished(tool, answer, page, size))
}

/// An answer as a model shall read it.
fn finished(tool: &str, mut answer: Value, page: u64, size: u64) -> Value {
    match tool {
        "add_memory" if answer["results"].is_array() => {
            answer["results"] = brief(answer["results"].take(), &OF_ADDED);
        }
        "search_memories" => answer["results"] = brief(answer["results"].take(), &OF_MEMORY),
        "context" => answer = packed(&answer),
        "timeline" => answer = one("results", brief(answer, &OF_ENTRY)),
        "get_memories" => {
            let total = answer["total"].as_u64().unwrap_or_default();
            answer = envelope(page, total, total > page * size, brief(answer["results"].take(), &OF_MEMORY));
        }
        "list_events" => {
            // The addresses of REST lead to other pages of REST.
            let count = answer["count"].as_u64().unwrap_or_default();
            answer = envelope(page, count, !answer["next"].is_null(), answer["results"].take());
        }
        _ => {}
    }
    answer
}

/// Deletes whatever carries one of the ids that are named.
async fn delete_entities(door: &Door<'_>, given: &Map<String, Value>) -> Result<Value, Error> {
    door.bounds.named(given)?;
    if given.is_empty() {
        return Err(unnamed());
    }
    for (name, id) in given {
        let scope = door.bounds.named(&Map::from_iter([(name.clone(), id.clone())]))?;
        door.ask("deleteAll", &[scope.into()]).await?;
    }
    Ok(one("message", "Entity deleted successfully!".into()))
}

/// The memory of this id, if it lies within the bounds: outside of them there is none.
async fn owned(door: &Door<'_>, id: &Value) -> Result<Value, Error> {
    let found = door.ask("get", std::slice::from_ref(id)).await?;
    if found.is_null() || !door.bounds.admit(&found) {
        let message = format!("Memory with ID {:.60} not found", id.as_str().unwrap_or_default());
        return Err(Error::new(ErrorKind::NotFound, message).field("memory_id"));
    }
    Ok(found)
}

/// The part of an event that lies within the bounds. `NOT_FOUND` if anything in it lies outside, also if that waits for a
/// model, or if nothing is left. What was deleted has no ids that could tell, so only a connection without bounds hears of it.
async fn within(door: &Door<'_>, event: &str) -> Result<String, Error> {
    let ids = events::ids(event)?;
    if door.bounds.fixed.is_empty() || ids.is_empty() {
        return Ok(event.to_owned());
    }
    let missing = || Error::new(ErrorKind::NotFound, "there is no such event").field("event_id");
    let mut left = Vec::new();
    for id in ids {
        let found = door.ask("get", &[id.into()]).await.map_err(|error| error.field("event_id"))?;
        match found.is_null() {
            true => {}
            false if door.bounds.admit(&found) => left.push(id),
            false => return Err(missing()),
        }
    }
    if left.is_empty() { Err(missing()) } else { Ok(left.join(".")) }
}

/// The text of a context, for a model to read.
pub fn packed(context: &Value) -> Value {
    match context["text"].as_str() {
        None | Some("") => "Nothing that is remembered answers this.".into(),
        Some(text) => text.into(),
    }
}

/// A page of a list. What comes next is the number of a page, which a model can ask for.
pub fn envelope(page: u64, count: u64, is_more: bool, results: Value) -> Value {
    let next = is_more.then(|| page + 1);
    let previous = Some(page - 1).filter(|&page| page > 0);
    object!({ "count": count, "next": next, "previous": previous, "results": results })
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
        400 | 422 => "change the arguments as it says and call again",
        403 => "this connection may not do that: do not call again, and tell the user what it says",
        413 => "this is too long: send less, or in several calls",
        507 => "there is no room left: tell the user, who can delete something",
        _ => "do not call again; tell the user that memory is out of order",
    }
    .into();
    body
}
