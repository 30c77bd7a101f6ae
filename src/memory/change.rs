//! Changing and deleting memories.

use std::rc::Rc;

use super::partitions::{Partition, Partitions};
use super::{Memory, Update, check_metadata, check_text, embed, is_blank, not_found};
use crate::distill::{Speech, distil, united};
use crate::engine::{self, Plan};
use crate::error::{Error, ErrorKind, Result};
use crate::knowledge::{Note, Origin};
use crate::log::Change;
use crate::model::Purpose;
use crate::record::{MemoryId, Record};
use crate::scope::{Axis, Scope};
use crate::time::Timestamp;

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
        if let Some(text) = ready.update.as_ref().and_then(|update| update.text.as_ref()) {
            let known = partition.engine().get(id)?.map(|folded| folded.record);
            ready.note = known.as_ref().and_then(|known| read_anew(known, text, now));
            let is_new = known.is_none_or(|known| known.text != *text);
            if let Some(embedder) = self.0.embedder.as_ref().filter(|_| is_new) {
                let vector = embed(&**embedder, std::slice::from_ref(text), Purpose::Document).await?.pop();
                ready.vector = vector.map(|it| (embedder.name(), it.codes().to_vec(), it.scale()));
            }
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
    /// The operations of this change. `NOT_FOUND` if the memory was deleted meanwhile.
    pub(super) fn plan(&self, plan: &mut Plan<'_>) -> Result<()> {
        let Ready { id, update, note, vector } = self;
        require(plan, *id)?;
        let Some(Update { text, metadata, expires }) = update else {
            plan.push(*id, Change::Retract);
            return Ok(());
        };
        let change = Change::Revise { text: text.clone(), metadata: metadata.clone(), expires: *expires };
        plan.push(*id, change);
        if let Some(note) = note {
            plan.push(*id, Change::Annotate(note.clone()));
        }
        if let (Some((model, codes, scale)), Some(text)) = (vector.clone(), text) {
            let text = engine::text_digest(text);
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

/// What the new text of a memory means, by rules; nothing for one that is kept verbatim or says the same as before.
fn read_anew(known: &Record, text: &str, now: Timestamp) -> Option<Box<Note>> {
    if known.note.origin == Origin::Verbatim || known.text == text {
        return None;
    }
    let speech = Speech { speaker: &known.actor, listener: None, said: known.timestamp, before: None };
    let mut note = united(distil(text, &speech));
    // What a change brings is so since the change, unless it says since when.
    for fact in &mut note.facts {
        fact.from = fact.from.or(Some(now));
    }
    Some(Box::new(Note { sources: known.note.sources.clone(), ..note }))
}

/// Checks that a memory exists at this point of a plan.
pub(super) fn require(plan: &Plan<'_>, id: MemoryId) -> Result<()> {
    match plan.folded(id)? {
        Some(folded) if !folded.record.retracted => Ok(()),
        _ => Err(not_found(&id.to_string())),
    }
}
