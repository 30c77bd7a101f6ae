//! The API as JSON: what the npm package's methods and the HTTP service take and return.
//!
//! Options are read in both spellings, `userId` and `user_id`. Names, defaults, shapes and the wording of
//! errors follow mem0's TypeScript API where it has the same thing.

/// An object with these members, in this order. `json!` inserts one member after the other, each with code of its own;
/// here they are a list that one function reads.
macro_rules! object {
    ({ $($name:literal: $value:expr),+ $(,)? }) => {
        $crate::memory::wire::object(&mut [$(($name, serde_json::Value::from($value))),+])
    };
}

#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
mod batch;
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
mod complete;
pub(super) mod exchange;
mod forget;
mod knowledge;
pub(super) mod read;
mod seldom;
mod show;
mod show_graph;

use serde_json::{Map, Value};

use super::*;
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
use crate::host::LocalFuture;
use crate::index::filter::Filter;
use crate::json;
use crate::record::Record;
use crate::retrieve::context::DEFAULT_TOKENS;
use crate::retrieve::weights::Weights;
use crate::scope::{Axis, Scope};
pub use exchange::{call_bytes, local_bytes};
pub(super) use knowledge::Asked;
use read::*;
use show::Set;
use show::{conflict, history_row, read_step, recall, recalled, results, scored, scored_item, stats};
pub use show::{error, item};

/// Calls a method by name with its arguments as JSON, on the memory or on the objects that it is spread over.
/// `UNSUPPORTED` for a method that does not exist.
#[cfg(any(feature = "objects", not(target_family = "wasm")))]
pub async fn call(memory: &Memory, method: &str, arguments: &[Value]) -> Result<Value> {
    match &memory.0.router {
        Some(router) => router.call(memory, method, arguments).await,
        None => local(memory, method, arguments).await,
    }
}

#[cfg(not(any(feature = "objects", not(target_family = "wasm"))))]
pub use local as call;

/// The same as [`call`], for other crates. The bodies of async functions are compiled again in every crate that awaits them;
/// this one is compiled here.
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
#[inline(never)]
pub fn called<'a>(
    memory: &'a Memory,
    method: &'a str,
    arguments: &'a [Value],
) -> LocalFuture<'a, Result<Value>> {
    Box::pin(call(memory, method, arguments))
}

/// The same as [`call`] for those to whom the outcome is a text anyway: `{"ok":…}`.
pub async fn told(memory: &Memory, method: &str, arguments: &[Value]) -> Result<String> {
    let mut text = String::from("{\"ok\":");
    let before = text.len();
    #[cfg(any(feature = "objects", not(target_family = "wasm")))]
    let value = match &memory.0.router {
        Some(router) => router.call(memory, method, arguments).await?,
        None => answered(memory, method, arguments, Some(&mut text)).await?,
    };
    #[cfg(not(any(feature = "objects", not(target_family = "wasm"))))]
    let value = answered(memory, method, arguments, Some(&mut text)).await?;
    if text.len() == before {
        json::write(&value, &mut text);
    }
    text.push('}');
    Ok(text)
}

/// Calls a method by name with its arguments as JSON. `UNSUPPORTED` for a method that does not exist.
pub async fn local(memory: &Memory, method: &str, arguments: &[Value]) -> Result<Value> {
    answered(memory, method, arguments, None).await
}

/// The same, except that what may be long is written to `text`, if there is one, and not returned.
async fn answered(
    memory: &Memory,
    method: &str,
    arguments: &[Value],
    text: Option<&mut String>,
) -> Result<Value> {
    let first = arguments.first().unwrap_or(&Value::Null);
    let second = arguments.get(1).unwrap_or(&Value::Null);
    match method {
        "add" => add(memory, first, second).await,
        "get" => {
            let found = memory.get(id(first)?).await?;
            Ok(found.map_or(Value::Null, |it| recalled(&it.record, &it.standing)))
        }
        "getAll" => get_all(memory, first, text).await,
        "search" => search(memory, first, second, text).await,
        "context" => context(memory, first, second).await,
        "update" => update(memory, first, second).await,
        "delete" => {
            memory.delete(id(first)?).await?;
            Ok(object!({ "message": "Memory deleted successfully!" }))
        }
        "close" => memory.close().await.map(|()| Value::Null),
        _ => seldom::call(memory, method, arguments).await,
    }
}

async fn add(memory: &Memory, messages: &Value, options: &Value) -> Result<Value> {
    let options = Options::of(options)?;
    let messages = read_messages(messages)?;
    let (scope, conversation) = place(&options)?;
    let options = AddOptions {
        scope,
        conversation,
        metadata: metadata(&options)?.unwrap_or_default(),
        infer: options.flag(&["infer"], true)?,
        expires: expires(&options)?,
        timestamp: timestamp(&options)?,
        background: options.flag(&["background"], false)?,
        procedural: memory_type(&options)?,
        instructions: instructions(&options)?,
    };
    let Addition { results, warnings, waits } = memory.add(&messages, &options).await?;
    let result = |added: Added| {
        let event = if added.added { "ADD" } else { "NONE" };
        let metadata = object!({ "event": event });
        object!({ "id": added.id.to_string(), "memory": added.text, "event": event, "metadata": metadata })
    };
    let mut result = object!({ "results": results.into_iter().map(result).collect::<Vec<_>>() });
    if waits {
        result["pending"] = true.into();
    }
    Ok(with_warnings(result, &warnings))
}

/// Whom messages belong to, and the conversation they are of, if that is named.
pub(super) fn place(options: &Options<'_>) -> Result<(Scope, Option<String>)> {
    let mut scope = scope_of(options, Literal)?.0;
    if let Some((_, filters)) = options.get(&["filters"]) {
        // mem0's older way to name the scope.
        let (legacy, _) = scope_of(&Options::of(filters)?, Literal)?;
        for (axis, id) in legacy.ids() {
            if scope.get(axis).is_none() {
                scope.set(axis, id, axis.id_name())?;
            }
        }
    }
    let Some((name, value)) = options.get(&["conversationId", "conversation_id"]) else {
        return Ok((scope, None));
    };
    let mut checked = Scope::new();
    let given = value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()));
    let given = given.ok_or_else(|| wrong(name, "a string"))?;
    checked.set(Axis::Run, &given, name)?;
    Ok((scope, checked.get(Axis::Run).map(str::to_owned)))
}

/// mem0's `memory_type`, which knows one value: whether an agent's run is to be summed up.
fn memory_type(options: &Options<'_>) -> Result<bool> {
    match options.get(&["memoryType", "memory_type"]) {
        None => Ok(false),
        Some((_, value)) if value == "procedural_memory" => Ok(true),
        Some((name, _)) => Err(wrong(name, "\"procedural_memory\"")),
    }
}

/// What a language model shall heed with these messages, as it will be told.
fn instructions(options: &Options<'_>) -> Result<String> {
    let wishes: [(&str, &[&str]); 3] = [
        ("", &["customInstructions", "custom_instructions", "prompt"]),
        ("Above all, keep: ", &["includes"]),
        ("Never keep: ", &["excludes"]),
    ];
    let mut told = Vec::new();
    for (before, names) in wishes {
        if let Some((name, value)) = options.get(names) {
            let wish = text(value, name)?.trim();
            check_text(wish, name)?;
            if wish.len() > MAX_INSTRUCTIONS_BYTES {
                let most = format!("shorter than {MAX_INSTRUCTIONS_BYTES} bytes");
                return Err(wrong(name, &most));
            }
            if !wish.is_empty() {
                told.push([before, wish].concat());
            }
        }
    }
    Ok(told.join("\n"))
}

/// The longest instructions with one call, in bytes: they are kept with the messages until a model has read them.
const MAX_INSTRUCTIONS_BYTES: usize = 10_000;

/// What a read may see. Without composed scopes, the filters have to name an owner.
pub(super) fn reach(options: &Options<'_>) -> Result<Reach> {
    let (scope, any_run) = scope_of(options, AnyRun)?;
    let filter = options.get(&["filters"]).map(|(_, filters)| Filter::parse(filters)).transpose()?;
    if scope.is_empty() && filter.is_none() {
        return Err(scope_required());
    }
    Ok(Reach {
        scope,
        any_run,
        filter,
        show_expired: options.flag(&["showExpired", "show_expired"], false)?,
        include_superseded: options.flag(&["includeSuperseded", "include_superseded"], false)?,
        valid_at: moment(options, &["validAt", "valid_at", "asOf", "as_of"])?,
        known_at: moment(options, &["knownAt", "known_at"])?,
    })
}

const TOP_K: [&str; 3] = ["topK", "top_k", "limit"];

async fn get_all(memory: &Memory, options: &Value, text: Option<&mut String>) -> Result<Value> {
    let list = list_options(&Options::of(options)?)?;
    let (records, total) = memory.list(&list).await?;
    Ok(show_all(&list, &records, total, text))
}

pub(super) fn show_all(
    list: &ListOptions,
    records: &[Recalled],
    total: usize,
    text: Option<&mut String>,
) -> Value {
    let tell = |at: usize, set: Set<'_>| recall(&records[at].record, &records[at].standing, set);
    let total = [("total", Value::from(total))];
    results(records.len(), &tell, if list.count { &total } else { &[] }, text)
}

pub(super) fn list_options(options: &Options<'_>) -> Result<ListOptions> {
    Ok(ListOptions {
        limit: options.count(&TOP_K, "topK")?.unwrap_or(DEFAULT_TOP_K),
        offset: options.count(&["offset"], "offset")?.unwrap_or(0),
        newest_first: match options.get(&["order"]).map(|(_, order)| order.as_str()) {
            None | Some(Some("asc")) => false,
            Some(Some("desc")) => true,
            _ => return Err(wrong("order", "\"asc\" or \"desc\"")),
        },
        count: options.flag(&["count"], false)?,
        reach: reach(options)?,
    })
}

pub(super) fn search_options(options: &Options<'_>) -> Result<SearchOptions> {
    let threshold = match options.get(&["threshold"]) {
        None if options.has_null(&["threshold"]) => {
            Err(threshold_invalid("threshold must be a valid number".into()))
        }
        None => Ok(None),
        Some((_, value)) => match value.as_f64() {
            None => Err(threshold_invalid("threshold must be a valid number".into())),
            Some(number) if (0.0..=1.0).contains(&number) => Ok(Some(number as f32)),
            Some(_) => Err(threshold_invalid(format!(
                "Invalid threshold: {}. Must be between 0 and 1 (inclusive).",
                json::text(value)
            ))),
        },
    }?;
    Ok(SearchOptions {
        top_k: options.count(&TOP_K, "topK")?.unwrap_or(DEFAULT_TOP_K),
        threshold,
        explain: options.flag(&["explain"], false)?,
        weights: weights(options)?,
        rerank: options.flag(&["rerank"], true)?,
        rerank_top: options.count(&["rerankTop", "rerank_top"], "rerankTop")?,
        asked_on: moment(options, &["referenceDate", "reference_date"])?.map(|time| time.day()),
        reach: reach(options)?,
    })
}

/// The ranking's weights, with those that the caller names changed.
fn weights(options: &Options<'_>) -> Result<Weights> {
    let mut weights = Weights::default();
    let Some((name, given)) = options.get(&["weights"]) else { return Ok(weights) };
    let given = given.as_object().ok_or_else(|| wrong(name, "an object of signals and their weights"))?;
    for (signal, weight) in given {
        // What is no number is as wrong as a number out of range.
        weights.set(signal, weight.as_f64().map_or(f32::NAN, |weight| weight as f32))?;
    }
    Ok(weights)
}

fn threshold_invalid(message: String) -> Error {
    Error::new(ErrorKind::ThresholdInvalid, message).field("threshold")
}

async fn search(
    memory: &Memory,
    query: &Value,
    options: &Value,
    written: Option<&mut String>,
) -> Result<Value> {
    let options = Options::of(options)?;
    let query = text(query, "query")?;
    let search = search_options(&options)?;
    let found = memory.search(query, &search).await?;
    Ok(show_found(&search, &found, written))
}

pub(super) fn show_found(search: &SearchOptions, found: &Found, text: Option<&mut String>) -> Value {
    let explain = search.explain.then_some((search, found.threshold));
    let tell = |at: usize, set: Set<'_>| scored(&found.hits[at], found.relevance.get(at), explain, set);
    let warnings = [("warnings", found.warnings.iter().map(error).collect())];
    let rest: &[_] = if found.warnings.is_empty() { &[] } else { &warnings };
    results(found.hits.len(), &tell, rest, text)
}

async fn context(memory: &Memory, query: &Value, options: &Value) -> Result<Value> {
    let options = Options::of(options)?;
    let query = text(query, "query")?;
    let (search, tokens) = context_options(&options)?;
    Ok(show_context(&memory.context(query, &search, tokens).await?))
}

/// How a context is searched for, and of how many tokens it is.
pub(super) fn context_options(options: &Options<'_>) -> Result<(SearchOptions, usize)> {
    let mut search = search_options(options)?;
    if options.get(&TOP_K).is_none() {
        search.top_k = CONTEXT_CANDIDATES;
    }
    Ok((search, options.count(&["tokens"], "tokens")?.unwrap_or(DEFAULT_TOKENS)))
}

pub(super) fn show_context(context: &Context) -> Value {
    let packed = &context.packed;
    let items = |indexes: &[usize]| -> Vec<Value> {
        let item = |&index: &usize| {
            let mut item = scored_item(&context.hits[index], context.relevance.get(index));
            if packed.excerpted.contains(&index) {
                item["excerpted"] = true.into();
            }
            item
        };
        indexes.iter().map(item).collect()
    };
    let neighbour = |(hit, before): &(MemoryId, Record)| {
        let mut item = item(before);
        item["precedes"] = hit.to_string().into();
        item
    };
    let result = object!({
        "text": packed.text.as_str(),
        "tokens": packed.tokens,
        "used": items(&packed.used),
        "neighbours": context.neighbours.iter().map(neighbour).collect::<Vec<_>>(),
        "dropped": items(&packed.dropped),
    });
    with_warnings(result, &context.warnings)
}

fn with_warnings(mut result: Value, warnings: &[Error]) -> Value {
    if !warnings.is_empty() {
        result["warnings"] = warnings.iter().map(error).collect();
    }
    result
}

async fn update(memory: &Memory, id_value: &Value, change: &Value) -> Result<Value> {
    let id = id(id_value)?;
    let update = match change {
        Value::String(text) => Update { text: Some(text.clone()), ..Update::default() },
        _ => read_update(change)?,
    };
    memory.update(id, &update).await?;
    Ok(object!({ "message": "Memory updated successfully!" }))
}

fn read_update(change: &Value) -> Result<Update> {
    let options = Options::of(change)?;
    let new_text = options.get(&["text", "data"]).map(|(name, value)| text(value, name)).transpose()?;
    let cleared = options.has_null(&EXPIRES).then_some(None);
    Ok(Update {
        text: new_text.map(str::to_owned),
        metadata: metadata(&options)?,
        expires: expires(&options)?.map(Some).or(cleared),
        timestamp: timestamp(&options)?,
    })
}

pub(super) fn object(members: &mut [(&str, Value)]) -> Value {
    let mut object = Map::new();
    for (name, value) in members {
        object.insert((*name).to_owned(), value.take());
    }
    Value::Object(object)
}
