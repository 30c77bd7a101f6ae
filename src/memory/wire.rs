//! The API as JSON: what the npm package's methods and the HTTP service take and return.
//!
//! Options are read in both spellings, `userId` and `user_id`. Names, defaults, shapes and the wording of
//! errors follow mem0's TypeScript API where it has the same thing.

mod read;

use serde_json::{Map, Value, json};

use super::*;
use crate::engine::{Explanation, conversation_shown};
use crate::index::filter::Filter;
use crate::record::Revision;
use crate::retrieve::context::DEFAULT_TOKENS;
use crate::retrieve::weights::{ADDED, Signal, Weights};
use crate::text::md5_hex;
use read::*;

/// Calls a method by name with its arguments as JSON. `UNSUPPORTED` for a method that does not exist.
pub async fn call(memory: &Memory, method: &str, arguments: &[Value]) -> Result<Value> {
    let first = arguments.first().unwrap_or(&Value::Null);
    let second = arguments.get(1).unwrap_or(&Value::Null);
    match method {
        "add" => add(memory, first, second).await,
        "get" => Ok(memory.get(id(first)?).await?.map_or(Value::Null, |record| item(&record))),
        "getAll" => get_all(memory, first).await,
        "search" => search(memory, first, second).await,
        "context" => context(memory, first, second).await,
        "update" => update(memory, first, second).await,
        "delete" => {
            memory.delete(id(first)?).await?;
            Ok(json!({ "message": "Memory deleted successfully!" }))
        }
        "deleteAll" => {
            let scope = scope_of(&Options::of(first)?, Literal)?.0;
            memory.delete_all(&scope).await?;
            Ok(json!({ "message": "Memories deleted successfully!" }))
        }
        "history" => {
            let id = id(first)?;
            let rows = memory.history(id).await?;
            let count = rows.len();
            let row = |(index, revision)| history_row(id, count - index, revision);
            Ok(rows.iter().enumerate().map(row).collect())
        }
        "reset" => memory.reset().await.map(|()| Value::Null),
        "stats" => memory.stats().await.map(stats),
        "reindexStep" => {
            let Progress { done, left } = memory.reindex_step().await?;
            Ok(json!({ "done": done, "total": done + left, "finished": left == 0 }))
        }
        "close" => memory.close().await.map(|()| Value::Null),
        _ => Err(Error::new(ErrorKind::Unsupported, format!("there is no method {method}")).field("method")),
    }
}

async fn add(memory: &Memory, messages: &Value, options: &Value) -> Result<Value> {
    let options = Options::of(options)?;
    let messages = read_messages(messages)?;
    let mut scope = scope_of(&options, Literal)?.0;
    if let Some((_, filters)) = options.get(&["filters"]) {
        // mem0's older way to name the scope.
        let (legacy, _) = scope_of(&Options::of(filters)?, Literal)?;
        for (axis, id) in legacy.ids() {
            if scope.get(axis).is_none() {
                scope.set(axis, id, axis.id_name())?;
            }
        }
    }
    let conversation = match options.get(&["conversationId", "conversation_id"]) {
        None => None,
        Some((name, value)) => {
            let mut checked = Scope::new();
            let given =
                value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()));
            let given = given.ok_or_else(|| wrong(name, "a string"))?;
            checked.set(Axis::Run, &given, name)?;
            checked.get(Axis::Run).map(str::to_owned)
        }
    };
    let options = AddOptions {
        scope,
        conversation,
        metadata: metadata(&options)?.unwrap_or_default(),
        infer: options.flag(&["infer"], true)?,
        expires: expires(&options)?,
        timestamp: timestamp(&options)?,
    };
    let added = memory.add(&messages, &options).await?;
    let result = |added: Added| {
        let event = if added.added { "ADD" } else { "NONE" };
        json!({ "id": added.id.to_string(), "memory": added.text, "event": event, "metadata": { "event": event } })
    };
    Ok(json!({ "results": added.into_iter().map(result).collect::<Vec<_>>() }))
}

/// What a read may see. Without composed scopes, the filters have to name an owner.
fn reach(options: &Options<'_>) -> Result<Reach> {
    let (scope, any_run) = scope_of(options, AnyRun)?;
    let filter = options.get(&["filters"]).map(|(_, filters)| Filter::parse(filters)).transpose()?;
    if scope.is_empty() && filter.is_none() {
        return Err(scope_required());
    }
    let show_expired = options.flag(&["showExpired", "show_expired"], false)?;
    Ok(Reach { scope, any_run, filter, show_expired })
}

const TOP_K: [&str; 3] = ["topK", "top_k", "limit"];

async fn get_all(memory: &Memory, options: &Value) -> Result<Value> {
    let options = Options::of(options)?;
    let list = ListOptions {
        limit: options.count(&TOP_K, "topK")?.unwrap_or(DEFAULT_TOP_K),
        offset: options.count(&["offset"], "offset")?.unwrap_or(0),
        newest_first: match options.get(&["order"]).map(|(_, order)| order.as_str()) {
            None | Some(Some("asc")) => false,
            Some(Some("desc")) => true,
            _ => return Err(wrong("order", "\"asc\" or \"desc\"")),
        },
        reach: reach(&options)?,
    };
    let records = memory.get_all(&list).await?;
    Ok(json!({ "results": records.iter().map(item).collect::<Vec<_>>() }))
}

fn search_options(options: &Options<'_>) -> Result<SearchOptions> {
    let threshold = match options.get(&["threshold"]) {
        None if options.has_null(&["threshold"]) => {
            Err(threshold_invalid("threshold must be a valid number".into()))
        }
        None => Ok(None),
        Some((_, value)) => match value.as_f64() {
            None => Err(threshold_invalid("threshold must be a valid number".into())),
            Some(number) if (0.0..=1.0).contains(&number) => Ok(Some(number as f32)),
            Some(_) => Err(threshold_invalid(format!(
                "Invalid threshold: {value}. Must be between 0 and 1 (inclusive)."
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

async fn search(memory: &Memory, query: &Value, options: &Value) -> Result<Value> {
    let options = Options::of(options)?;
    let query = text(query, "query")?;
    let search = search_options(&options)?;
    let found = memory.search(query, &search).await?;
    let explain = search.explain.then_some((&search, found.threshold));
    let result = |(at, hit)| scored_item(hit, found.relevance.get(at), explain);
    let results: Vec<Value> = found.hits.iter().enumerate().map(result).collect();
    Ok(with_warnings(json!({ "results": results }), &found.warnings))
}

async fn context(memory: &Memory, query: &Value, options: &Value) -> Result<Value> {
    let options = Options::of(options)?;
    let query = text(query, "query")?;
    let mut search = search_options(&options)?;
    if options.get(&TOP_K).is_none() {
        search.top_k = CONTEXT_CANDIDATES;
    }
    let tokens = options.count(&["tokens"], "tokens")?.unwrap_or(DEFAULT_TOKENS);
    let context = memory.context(query, &search, tokens).await?;
    let packed = &context.packed;
    let items = |indexes: &[usize]| -> Vec<Value> {
        let item = |&index: &usize| {
            let mut item = scored_item(&context.hits[index], context.relevance.get(index), None);
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
    let result = json!({
        "text": packed.text,
        "tokens": packed.tokens,
        "used": items(&packed.used),
        "neighbours": context.neighbours.iter().map(neighbour).collect::<Vec<_>>(),
        "dropped": items(&packed.dropped),
    });
    Ok(with_warnings(result, &context.warnings))
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
        _ => {
            let options = Options::of(change)?;
            let new_text =
                options.get(&["text", "data"]).map(|(name, value)| text(value, name)).transpose()?;
            let cleared = options.has_null(&EXPIRES).then_some(None);
            Update {
                text: new_text.map(str::to_owned),
                metadata: metadata(&options)?,
                expires: expires(&options)?.map(Some).or(cleared),
            }
        }
    };
    memory.update(id, &update).await?;
    Ok(json!({ "message": "Memory updated successfully!" }))
}

/// A memory as the API shows it.
pub fn item(record: &Record) -> Value {
    let mut item = Map::new();
    let mut set = |name: &str, value: Value| {
        item.insert(name.to_owned(), value);
    };
    set("id", record.id.to_string().into());
    set("memory", record.text.as_str().into());
    set("hash", md5_hex(&record.text).into());
    set("createdAt", record.timestamp.to_string().into());
    set("updatedAt", record.shown_update().to_string().into());
    set("learntAt", record.created.to_string().into());
    set("metadata", record.metadata.clone().into());
    for (axis, id) in record.scope.ids() {
        set(axis.id_name(), id.into());
    }
    set("role", record.actor.role.name().into());
    if let Some(name) = &record.actor.name {
        set("name", name.as_str().into());
    }
    if let Some(conversation) = conversation_shown(&record.place.conversation) {
        set("conversationId", conversation.into());
    }
    set("sequence", record.place.sequence.into());
    if let Some(day) = record.expires {
        set("expirationDate", day.to_string().into());
    }
    set("occurrences", record.occurrences.into());
    Value::Object(item)
}

fn scored_item(hit: &Hit, relevance: Option<&f32>, explain: Option<(&SearchOptions, f32)>) -> Value {
    let mut item = item(&hit.record);
    item["score"] = number(hit.score);
    if let Some(&relevance) = relevance {
        item["rerankScore"] = number(relevance);
    }
    if !hit.twins.is_empty() {
        item["duplicates"] = hit.twins.iter().map(MemoryId::to_string).collect();
    }
    if let Some((options, threshold)) = explain {
        item["score_details"] = score_details(hit, options, threshold);
    }
    item
}

/// mem0's names for what it has too, and every signal with its value, weight and contribution.
fn score_details(hit: &Hit, options: &SearchOptions, threshold: f32) -> Value {
    let Explanation { signals, fused, coverage, cosine, terms } = &hit.explanation;
    let terms: Vec<Value> = terms
        .iter()
        .map(|it| {
            json!({ "term": it.term, "idf": number(it.idf), "frequency": it.frequency, "score": number(it.score),
                    "withContext": number(it.with_context) })
        })
        .collect();
    let weights = Signal::ALL.iter().map(|&it| (it.name().to_owned(), number(options.weights.of(it))));
    let added = Signal::ALL[..ADDED].iter().map(|&it| {
        let contribution = signals.contribution(it, &options.weights);
        (
            it.name().to_owned(),
            json!({ "value": number(signals.of(it)), "contribution": number(contribution) }),
        )
    });
    let most: f32 = Signal::ALL[..ADDED].iter().map(|&it| options.weights.most(it)).sum();
    json!({
        "semanticScore": number(cosine.unwrap_or(0.0)),
        "bm25Score": number(signals.of(Signal::Keyword)),
        "entityBoost": 0,
        "rawScore": number(*fused),
        "maxPossibleScore": number(most),
        "finalScore": number(hit.score),
        "threshold": number(threshold),
        "coverage": number(*coverage),
        "signals": added.collect::<Map<_, _>>(),
        "weights": weights.collect::<Map<_, _>>(),
        "terms": terms,
    })
}

/// A score with six digits: enough to compare, without the noise of 32-bit floats.
fn number(score: f32) -> Value {
    // Adding zero makes of a negative zero, which JavaScript tells apart, a plain one.
    json!((f64::from(score) * 1e6).round() / 1e6 + 0.0)
}

fn history_row(memory_id: &str, row: usize, revision: &Revision) -> Value {
    let deleted = revision.action == crate::record::Action::Delete;
    json!({
        "id": row,
        "memory_id": memory_id,
        "previous_value": revision.before,
        "new_value": revision.after,
        "action": revision.action.name(),
        "created_at": revision.created.to_string(),
        "updated_at": revision.at.to_string(),
        "is_deleted": u8::from(deleted),
    })
}

fn stats(stats: Stats) -> Value {
    json!({
        "memories": stats.size.memories,
        "partitions": stats.partitions,
        "loadedPartitions": stats.loaded,
        "segments": stats.size.segments,
        "logEntries": stats.size.entries,
        "vectors": stats.size.embedded,
        "residentBytes": stats.size.resident,
        "embedder": stats.embedder,
        "reindexNeeded": stats.embedder.is_some() && stats.size.embedded < stats.size.memories,
        "storedEmbedder": stats.foreign_embedder.or(stats.embedder.filter(|_| stats.size.embedded > 0)),
        "trouble": stats.trouble.as_ref().map(error),
    })
}

/// An error as JSON.
pub fn error(error: &Error) -> Value {
    json!({
        "code": error.code(),
        "message": error.message(),
        "field": error.field_name(),
        "cause": error.cause_text(),
    })
}
