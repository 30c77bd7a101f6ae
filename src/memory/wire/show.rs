//! Memories and other results as the API shows them.

use serde_json::{Map, Value};

use super::super::{ReadStep, SearchOptions, Stats};
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
use crate::engine::Owner;
use crate::engine::{Conflict, Explanation, Hit, Standing, conversation_shown};
use crate::error::Error;
use crate::knowledge::{Dated, Fact, Note, Origin};
use crate::record::{Action, MemoryId, Record, Revision};
use crate::retrieve::weights::{ADDED, Signal};
use crate::text::md5_hex;

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
    if record.note.origin != Origin::Verbatim {
        // mem0's name for the role of who said what was inferred.
        set("attributedTo", record.actor.role.name().into());
    }
    note(&record.note, &mut set);
    Value::Object(item)
}

/// What a memory says, taken apart; parts that are not there are left out.
pub(super) fn note(note: &Note, set: &mut dyn FnMut(&str, Value)) {
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
    let mut item = item(record);
    standing(holds, &mut item);
    item
}

fn standing(standing: &Standing, item: &mut Value) {
    for (name, time) in [("validFrom", standing.from), ("validTo", standing.until)] {
        if let Some(time) = time {
            item[name] = time.to_string().into();
        }
    }
    if let Some(by) = standing.superseded_by {
        item["supersededBy"] = by.to_string().into();
    }
    if !standing.supersedes.is_empty() {
        item["supersedes"] = standing.supersedes.iter().map(MemoryId::to_string).collect();
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

pub(super) fn scored_item(
    hit: &Hit,
    relevance: Option<&f32>,
    explain: Option<(&SearchOptions, f32)>,
) -> Value {
    let mut item = recalled(&hit.record, &hit.standing);
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
