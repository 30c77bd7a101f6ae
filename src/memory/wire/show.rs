//! Memories and other results as the API shows them.

use serde_json::{Map, Value};

use super::super::{ReadStep, SearchOptions, Stats};
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
use crate::engine::Owner;
use crate::engine::{Conflict, Explanation, Hit, Standing, conversation_shown};
use crate::error::Error;
use crate::json;
use crate::knowledge::{Dated, Fact, Note, Origin};
use crate::record::{Action, MemoryId, Record, Revision};
use crate::retrieve::weights::{ADDED, Signal};
use crate::text::md5_hex;

/// Takes the members of an object, one after the other, each once.
pub(super) type Set<'a> = &'a mut dyn FnMut(&str, Value);

/// The object of the members that `tell` sets.
fn made(tell: &dyn Fn(Set<'_>)) -> Value {
    let mut object = Map::with_capacity(16);
    tell(&mut |name, value| {
        object.insert(name.to_owned(), value);
    });
    Value::Object(object)
}

/// What a method answers that tells of many memories: of each the members that `tell` sets, and then the rest. It is written
/// to `text`, if there is one, and nothing is returned: making an object of each and writing that would take twice as long.
pub(super) fn results(
    count: usize,
    tell: &dyn Fn(usize, Set<'_>),
    rest: &[(&str, Value)],
    text: Option<&mut String>,
) -> Value {
    let Some(out) = text else {
        let list: Vec<Value> = (0..count).map(|at| made(&|set| tell(at, set))).collect();
        let mut shown = object!({ "results": list });
        for (name, value) in rest {
            shown[*name] = value.clone();
        }
        return shown;
    };
    out.push_str("{\"results\":[");
    for at in 0..count {
        if at > 0 {
            out.push(',');
        }
        json::object(out, &mut |set| tell(at, &mut |name, value| set(name, &value)));
    }
    out.push(']');
    for (name, value) in rest {
        out.push(',');
        json::quote(name, out);
        out.push(':');
        json::write(value, out);
    }
    out.push('}');
    Value::Null
}

/// A memory as the API shows it.
pub fn item(record: &Record) -> Value {
    made(&|set| members(record, set))
}

/// The members of a memory as the API shows it.
fn members(record: &Record, set: Set<'_>) {
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
    if record.note.origin != Origin::Verbatim {
        // mem0's name for the role of who said what was inferred.
        set("attributedTo", record.actor.role.name().into());
    }
    note(&record.note, set);
}

/// What a memory says, taken apart; parts that are not there are left out.
pub(super) fn note(note: &Note, set: Set<'_>) {
    if note.origin == Origin::Verbatim && !note.pending {
        return;
    }
    set("kind", note.kind.name().into());
    let mut list = |name: &str, values: Vec<Value>| {
        if !values.is_empty() {
            set(name, values.into());
        }
    };
    list("facts", note.facts.iter().map(fact).collect());
    list(
        "entities",
        note.entities
            .iter()
            .map(|it| object!({ "name": it.name.as_str(), "kind": it.kind.name() }))
            .collect(),
    );
    let dated = |it: &Dated| object!({ "words": it.words.as_str(), "from": it.first.to_string(), "to": it.last.to_string() });
    list("dates", note.dates.iter().map(dated).collect());
    list("sources", note.sources.iter().map(|id| id.to_string().into()).collect());
    if note.origin == Origin::Model {
        set("confidence", (f64::from(note.confidence) / 100.0).into());
    }
    if note.pending {
        set("pending", true.into());
    }
}

pub(super) fn fact(fact: &Fact) -> Value {
    let mut shown = object!({ "subject": fact.subject.as_str(), "predicate": fact.predicate.as_str(), "object": fact.object.as_str() });
    if let Some(slot) = &fact.slot {
        shown["slot"] = slot.as_str().into();
    }
    for (name, holds) in [("ended", fact.ended), ("corrects", fact.corrects)] {
        if holds {
            shown[name] = true.into();
        }
    }
    for (name, time) in [("validFrom", fact.from), ("validTo", fact.until)] {
        if let Some(time) = time {
            shown[name] = time.to_string().into();
        }
    }
    shown
}

/// A memory, and when it holds.
pub(super) fn recalled(record: &Record, holds: &Standing) -> Value {
    made(&|set| recall(record, holds, set))
}

/// The members of a memory, and of when it holds.
pub(super) fn recall(record: &Record, standing: &Standing, set: Set<'_>) {
    members(record, set);
    for (name, time) in [("validFrom", standing.from), ("validTo", standing.until)] {
        if let Some(time) = time {
            set(name, time.to_string().into());
        }
    }
    if let Some(by) = standing.superseded_by {
        set("supersededBy", by.to_string().into());
    }
    if !standing.supersedes.is_empty() {
        set("supersedes", standing.supersedes.iter().map(MemoryId::to_string).collect());
    }
}

/// What one step of reading did.
pub(super) fn read_step(step: &ReadStep) -> Value {
    object!({
        "read": step.read,
        "made": step.made,
        "ignored": step.ignored.clone(),
        "left": step.left,
        "failure": step.failure.as_ref().map(error),
    })
}

/// An id that memories carry.
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
pub(super) fn owner(owner: &Owner) -> Value {
    object!({
        "axis": owner.axis.id_name(),
        "id": owner.id.as_str(),
        "memories": owner.memories,
        "first": owner.said.0.to_string(),
        "last": owner.said.1.to_string(),
    })
}

/// Memories that contradict each other.
pub(super) fn conflict(conflict: &Conflict) -> Value {
    object!({
        "subject": conflict.subject.as_str(),
        "slot": conflict.slot.as_str(),
        "memories": conflict.memories.iter().map(item).collect::<Vec<_>>(),
    })
}

/// A memory that answers a question, with how well it does.
pub(super) fn scored_item(hit: &Hit, relevance: Option<&f32>) -> Value {
    made(&|set| scored(hit, relevance, None, set))
}

/// The members of a memory that answers a question.
pub(super) fn scored(
    hit: &Hit,
    relevance: Option<&f32>,
    explain: Option<(&SearchOptions, f32)>,
    set: Set<'_>,
) {
    recall(&hit.record, &hit.standing, set);
    set("score", number(hit.score));
    if let Some(&relevance) = relevance {
        set("rerankScore", number(relevance));
    }
    if !hit.twins.is_empty() {
        set("duplicates", hit.twins.iter().map(MemoryId::to_string).collect());
    }
    if let Some((options, threshold)) = explain {
        set("score_details", score_details(hit, options, threshold));
    }
}

/// mem0's names for what it has too, and every signal with its value, weight and contribution.
fn score_details(hit: &Hit, options: &SearchOptions, threshold: f32) -> Value {
    let Explanation { signals, fused, coverage, cosine, terms } = &hit.explanation;
    let terms: Vec<Value> = terms
        .iter()
        .map(|it| {
            object!({ "term": it.term.as_str(), "idf": number(it.idf), "frequency": it.frequency, "score": number(it.score),
                    "withContext": number(it.with_context) })
        })
        .collect();
    let weights = Signal::ALL.iter().map(|&it| (it.name().to_owned(), number(options.weights.of(it))));
    let added = Signal::ALL[..ADDED].iter().map(|&it| {
        let contribution = signals.contribution(it, &options.weights);
        (
            it.name().to_owned(),
            object!({ "value": number(signals.of(it)), "contribution": number(contribution) }),
        )
    });
    let most: f32 = Signal::ALL[..ADDED].iter().map(|&it| options.weights.most(it)).sum();
    object!({
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
    ((f64::from(score) * 1e6).round() / 1e6 + 0.0).into()
}

pub(super) fn history_row(memory_id: &str, row: usize, revision: &Revision) -> Value {
    let deleted = matches!(revision.action, Action::Delete | Action::Erase);
    let mut row = object!({
        "id": row,
        "memory_id": memory_id,
        "previous_value": revision.before.clone(),
        "new_value": revision.after.clone(),
        "action": revision.action.name(),
        "created_at": revision.created.to_string(),
        "updated_at": revision.at.to_string(),
        "is_deleted": u8::from(deleted),
    });
    if let Some(by) = revision.by {
        row["by"] = by.to_string().into();
    }
    if let Some(reason) = &revision.reason {
        row["reason"] = reason.as_str().into();
    }
    row
}

pub(super) fn stats(stats: Stats) -> Value {
    object!({
        "memories": stats.size.memories,
        "partitions": stats.partitions,
        "loadedPartitions": stats.loaded,
        "segments": stats.size.segments,
        "logEntries": stats.size.entries,
        "vectors": stats.size.embedded,
        "residentBytes": stats.size.resident,
        "embedder": stats.embedder.clone(),
        "reindexNeeded": stats.embedder.is_some() && stats.size.embedded < stats.size.memories,
        "storedEmbedder": stats.foreign_embedder.or(stats.embedder.filter(|_| stats.size.embedded > 0)),
        "trouble": stats.trouble.as_ref().map(error),
    })
}

/// An error as JSON.
pub fn error(error: &Error) -> Value {
    object!({
        "code": error.code(),
        "message": error.message(),
        "field": error.field_name(),
        "cause": error.cause_text(),
    })
}
