//! Changing and deleting memories.

use std::rc::Rc;

use super::partitions::{Partition, Partitions};
use super::{Memory, Update, check_metadata, check_text, embed, is_blank, not_found};
use crate::distill::{Speech, distil, united};
use crate::engine::{self, Plan};
use crate::error::{Error, ErrorKind, Result};
use crate::knowledge::{Fact, Note, Origin};
use crate::log::{Change, Folded, Said};
use crate::model::Purpose;
use crate::record::{MemoryId, Record};
use crate::scope::{Axis, Scope};
use crate::text::{Digest, text_digest};
use crate::time::{MILLIS_PER_DAY, Timestamp};

/// A change that is checked, with what the embedder made of its text.
pub(super) struct Ready {
    pub(super) id: MemoryId,
    /// None to delete it.
    update: Option<Update>,
    note: Option<Box<Note>>,
    vector: Option<(String, Vec<i8>, f32)>,
}

impl Memory {
    /// Changes a memory. `NOT_FOUND` if there is none of this id, `UPDATE_EMPTY` if nothing is to change.
    pub async fn update(&self, id: &str, update: &Update) -> Result<()> {
        self.change(id, Some(update)).await
    }

    /// Deletes a memory; its history stays readable. `NOT_FOUND` if there is none of this id.
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.change(id, None).await
    }

    async fn change(&self, id: &str, update: Option<&Update>) -> Result<()> {
        let partitions = self.partitions()?;
        let update = update.map(checked).transpose()?;
        if update.is_some() {
            let _ = partitions.meanings().await;
        }
        let (id, partition) = self.existing(partitions, id).await?;
        let ready = self.ready(&partition, id, update, partitions.now()).await?;
        partitions.write(&partition, move |plan: &mut Plan<'_>| ready.plan(plan)).await
    }

    /// Asks the embedder what a checked change of a memory of this partition takes.
    pub(super) async fn ready(
        &self,
        partition: &Partition,
        id: MemoryId,
        update: Option<Update>,
        now: Timestamp,
    ) -> Result<Ready> {
        let mut ready = Ready { id, update, note: None, vector: None };
        if let (Some(text), Some(embedder)) = (ready.read(partition, now)?, &self.0.embedder) {
            let vector = embed(&**embedder, &[text], Purpose::Document).await?.pop();
            ready.vector = vector.map(|it| (embedder.name(), it.codes().to_vec(), it.scale()));
        }
        Ok(ready)
    }

    pub(super) async fn existing(
        &self,
        partitions: &Partitions,
        text: &str,
    ) -> Result<(MemoryId, Rc<Partition>)> {
        if let Some(id) = MemoryId::parse(text)
            && let Some(partition) = partitions.find(id).await?
        {
            return Ok((id, partition));
        }
        Err(not_found(text))
    }

    /// Deletes all memories that carry all of these ids, whatever other ids they carry.
    pub async fn delete_all(&self, scope: &Scope) -> Result<()> {
        let partitions = self.partitions()?;
        if scope.is_empty() {
            return Err(unnamed("delete"));
        }
        for name in owned_by(partitions, scope).await? {
            let partition = partitions.get(&name).await?;
            let wanted = scope.clone();
            partitions
                .write(&partition, move |plan: &mut Plan<'_>| {
                    for id in plan.live(&|record| wanted.is_within(&record.scope))? {
                        plan.push(id, Change::Retract);
                    }
                    Ok(())
                })
                .await?;
            partitions.release(partition);
        }
        Ok(())
    }
}

/// A change whose parts are such as may be kept.
pub(super) fn checked(update: &Update) -> Result<Update> {
    if *update == Update::default() {
        return Err(Error::new(
            ErrorKind::UpdateEmpty,
            "At least one of text, metadata, or expirationDate must be provided.",
        ));
    }
    if let Some(text) = &update.text {
        check_text(text, "text")?;
        if is_blank(text) {
            return Err(Error::new(
                ErrorKind::MessagesEmpty,
                "text cannot be empty or whitespace-only. Provide the memory's new text, or delete it.",
            )
            .field("text"));
        }
    }
    let metadata = update.metadata.clone().map(check_metadata).transpose()?;
    Ok(Update { metadata, ..update.clone() })
}

impl Ready {
    /// Reads what the memory will say if its text is new, and tells that text.
    fn read(&mut self, partition: &Partition, now: Timestamp) -> Result<Option<String>> {
        let Some(Update { text: Some(text), timestamp, .. }) = &self.update else { return Ok(None) };
        let Some(Folded { record: known, .. }) = partition.engine().get(self.id)? else { return Ok(None) };
        if known.text == *text {
            return Ok(None);
        }
        if known.note.origin != Origin::Verbatim {
            self.note = Some(read_anew(&known, text, *timestamp, now));
        }
        Ok(Some(text.clone()))
    }

    /// The operations of this change. `NOT_FOUND` if the memory was deleted meanwhile.
    pub(super) fn plan(&self, plan: &mut Plan<'_>) -> Result<()> {
        let Ready { id, update, note, vector } = self;
        let known = require(plan, *id)?;
        let Some(Update { text, metadata, expires, timestamp }) = update else {
            plan.push(*id, Change::Retract);
            return Ok(());
        };
        let said = timestamp.map(|timestamp| {
            // Of what is known at this point of the plan: a model may have read the memory while the embedder was asked.
            let is_same = text.as_ref().is_none_or(|text| *text == known.text);
            let is_read = is_same && known.note.origin != Origin::Verbatim;
            Box::new(Said { timestamp, reading: if is_read { read_again(&known, timestamp) } else { None } })
        });
        let metadata = metadata.clone();
        plan.push(*id, Change::Revise { text: text.clone(), metadata, expires: *expires, said });
        if let Some(note) = note {
            plan.push(*id, Change::Annotate(note.clone()));
        }
        if let (Some((model, codes, scale)), Some(text)) = (vector.clone(), text) {
            let text = text_digest(text);
            plan.push(*id, Change::Embed { text, model, codes, scale });
        }
        Ok(())
    }
}

/// The partitions in which memories that carry these ids can be.
pub(super) async fn owned_by(partitions: &Partitions, scope: &Scope) -> Result<Vec<String>> {
    match scope.get(Axis::User) {
        Some(user) => Ok(vec![engine::partition_name(Axis::User, user)]),
        None => partitions.names("").await,
    }
}

/// Refuses to `delete` or `erase` what nobody is named as the owner of.
pub(super) fn unnamed(verb: &str) -> Error {
    let message = format!(
        "At least one filter is required to {verb} all memories. If you want to delete all memories, use the \
         `reset()` method."
    );
    Error::new(ErrorKind::ScopeRequired, message).field("userId")
}

/// What the new text of a memory means, by rules, if it was said then.
fn read_anew(known: &Record, text: &str, said: Option<Timestamp>, now: Timestamp) -> Box<Note> {
    let mut note = taken_apart(known, text, said.unwrap_or(known.timestamp));
    // What a change brings is so since the change, unless it says since when.
    for fact in note.facts.iter_mut().filter(|_| said.is_none()) {
        fact.from = fact.from.or(Some(now));
    }
    Box::new(Note { sources: known.note.sources.clone(), ..note })
}

/// What the text of a memory means if it was said at another time: the days that it names are counted from then. What a
/// model or the words before it told of it beside that stays. Nothing if it names no time.
fn read_again(known: &Record, said: Timestamp) -> Option<(Digest, Note)> {
    let (old, new) =
        (taken_apart(known, &known.text, known.timestamp), taken_apart(known, &known.text, said));
    // A bound of a fact moves with the time that it is of: of several that it lies in, or follows, the shortest.
    let moved = |bound: Timestamp| {
        let day = bound.day().number();
        let (mut by, mut shortest) = (0, i32::MAX);
        for (old, new) in old.dates.iter().zip(&new.dates) {
            let (first, last) = (old.first.number(), old.last.number());
            if first <= day && day <= last + 1 && last - first < shortest {
                (by, shortest) = (new.first.number() - first, last - first);
            }
        }
        Timestamp::clamped(bound.millis() + i64::from(by) * MILLIS_PER_DAY)
    };
    let mut facts = known.note.facts.clone();
    let mut tells = !new.dates.is_empty();
    for (at, fact) in facts.iter_mut().enumerate() {
        // What is so since a change of the text is so since it was said, now that someone tells when that was.
        let is_open = |it: &Fact| it.from.is_none() && it.object == fact.object;
        if known.note.origin == Origin::Rules && old.facts.get(at).is_some_and(is_open) {
            tells |= fact.from.take().is_some();
        }
        for bound in [&mut fact.from, &mut fact.until] {
            *bound = bound.map(moved);
        }
    }
    tells.then(|| (text_digest(&known.text), Note { facts, dates: new.dates, ..Note::default() }))
}

fn taken_apart(known: &Record, text: &str, said: Timestamp) -> Note {
    united(distil(text, &Speech { speaker: &known.actor, listener: None, said, before: None }))
}

/// What a memory is at this point of a plan. `NOT_FOUND` if there is none.
pub(super) fn require(plan: &Plan<'_>, id: MemoryId) -> Result<Record> {
    match plan.folded(id)? {
        Some(folded) if !folded.record.retracted => Ok(folded.record),
        _ => Err(not_found(&id.to_string())),
    }
}
