//! Writing what a model made of messages: facts take their places among what is known, and the messages are closed, in
//! one commit. What the model was told may have changed since, so it is looked at again here.

use std::rc::Rc;

use super::super::Memory;
use super::super::partitions::{Partition, Partitions};
use super::Batch;
use crate::distill::answer::Extracted;
use crate::distill::{Speech, distil, united};
use crate::engine::{Draft, Origin, Plan, summary_place};
use crate::error::Result;
use crate::knowledge::{self, Closing, Note};
use crate::log::Change;
use crate::record::{Actor, MemoryId, Record, Role};

/// What a model wants to be done with a batch.
pub(super) struct Verdict {
    pub facts: Vec<Extracted>,
    pub summary: Option<String>,
}

impl Memory {
    /// Writes what the model made of a batch, all of it in one commit. Returns how many memories are new.
    pub(super) async fn write_verdict(
        &self,
        partitions: &Partitions,
        partition: &Rc<Partition>,
        batch: &Batch,
        verdict: Verdict,
    ) -> Result<usize> {
        let Some(first) = batch.messages.first() else { return Ok(0) };
        let scope = first.scope.clone();
        let mut drafts: Vec<Draft> = verdict.facts.iter().map(|fact| fact_draft(fact, batch)).collect();
        self.embed_drafts(partitions, partition, &scope, &mut drafts).await?;
        let batch = batch.clone();
        partitions
            .write(partition, move |plan: &mut Plan<'_>| {
                // Another tab or device may have read them meanwhile. What was said at another time than the model was
                // told means something else: it waits on.
                let waiting = |plan: &Plan<'_>, message: &Record| -> Result<bool> {
                    let is_same = |it: &Record| it.note.pending && it.timestamp == message.timestamp;
                    Ok(plan.folded(message.id)?.is_some_and(|it| !it.record.retracted && is_same(&it.record)))
                };
                let mut open = Vec::new();
                for message in &batch.messages {
                    if waiting(plan, message)? {
                        open.push(message.id);
                    }
                }
                if open.is_empty() {
                    return Ok(0);
                }
                let mut made = 0;
                let (mut closings, mut asserted) = (Vec::new(), Vec::new());
                let mut products: Vec<Option<MemoryId>> = vec![None; batch.messages.len()];
                // A message that is a fact already, word for word, stays and gets what the model knows of it.
                let mut own: Vec<Option<Note>> = vec![None; batch.messages.len()];
                for (fact, draft) in verdict.facts.iter().zip(&drafts) {
                    let sources = sources(fact, &batch);
                    if !sources.iter().any(|&at| open.contains(&batch.messages[at].id)) {
                        continue;
                    }
                    let known = |handle: usize| batch.known.get(handle).map(|it| it.id);
                    let same = fact.duplicates.iter().filter_map(|&handle| known(handle));
                    let same = first_remembered(plan, same)?;
                    let from = &batch.messages[sources.first().copied().unwrap_or(0)];
                    let id = match same {
                        Some(id) => {
                            plan.push(
                                id,
                                Change::Touch { place: from.place.clone(), timestamp: from.timestamp },
                            );
                            id
                        }
                        None => {
                            let origin = Origin {
                                scope: from.scope.clone(),
                                conversation: None,
                                metadata: from.metadata.clone(),
                                expires: from.expires,
                            };
                            let outcome = plan.remember(&origin, draft.clone())?;
                            made += usize::from(outcome.added);
                            outcome.id
                        }
                    };
                    for at in sources {
                        products[at].get_or_insert(id);
                        if batch.messages[at].id == id {
                            own[at] = Some(Note { sources: vec![], ..draft.note.clone() });
                        }
                    }
                    let at = draft.note.facts.iter().find_map(|it| it.from).unwrap_or(draft.timestamp);
                    closings
                        .extend(fact.supersedes.iter().filter_map(|&handle| Some((known(handle)?, at, id))));
                    asserted.push(id);
                }
                // What the same answer says is so is not closed by it.
                for (old, at, by) in closings {
                    if !asserted.contains(&old) && is_remembered(plan, old)? {
                        plan.push(old, Change::Close { why: Closing::Superseded, at, by });
                    }
                }
                for (at, message) in batch.messages.iter().enumerate() {
                    if !open.contains(&message.id) {
                        continue;
                    }
                    let read = Note { pending: false, instructions: String::new(), ..message.note.clone() };
                    plan.push(message.id, Change::Annotate(Box::new(own[at].take().unwrap_or(read))));
                    // What no fact was made of stays as it was said.
                    if let Some(by) = products[at].filter(|&by| by != message.id) {
                        plan.push(
                            message.id,
                            Change::Close { why: Closing::Distilled, at: message.timestamp, by },
                        );
                    }
                }
                if let Some(text) = &verdict.summary {
                    write_summary(plan, &batch, text)?;
                }
                Ok(made)
            })
            .await
    }
}

/// The messages of the batch that a fact comes from; all of them, if the model does not say.
fn sources(fact: &Extracted, batch: &Batch) -> Vec<usize> {
    let named: Vec<usize> = fact.from.iter().copied().filter(|&at| at < batch.messages.len()).collect();
    if named.is_empty() { (0..batch.messages.len()).collect() } else { named }
}

/// The memory that a fact becomes: said where and when its first message was said.
fn fact_draft(fact: &Extracted, batch: &Batch) -> Draft {
    let sources = sources(fact, batch);
    let from = &batch.messages[sources.first().copied().unwrap_or(0)];
    let speech = Speech { speaker: &from.actor, listener: None, said: from.timestamp, before: None };
    let by_rules = united(distil(&fact.text, &speech));
    Draft {
        text: fact.text.clone(),
        actor: from.actor.clone(),
        timestamp: from.timestamp,
        note: Note {
            sources: sources.iter().map(|&at| batch.messages[at].id).collect(),
            entities: by_rules.entities,
            dates: by_rules.dates,
            ..fact.note.clone()
        },
        place: Some(from.place.clone()),
        ..Draft::default()
    }
}

fn is_remembered(plan: &Plan<'_>, id: MemoryId) -> Result<bool> {
    Ok(plan.folded(id)?.is_some_and(|it| !it.record.retracted))
}

fn first_remembered(plan: &Plan<'_>, ids: impl Iterator<Item = MemoryId>) -> Result<Option<MemoryId>> {
    for id in ids {
        if is_remembered(plan, id)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Keeps the summary of the batch's conversation.
fn write_summary(plan: &mut Plan<'_>, batch: &Batch, text: &str) -> Result<()> {
    let Some(last) = batch.messages.last() else { return Ok(()) };
    match &batch.summary {
        Some(old) if is_remembered(plan, old.id)? => {
            let text = Some(text.to_owned());
            plan.push(old.id, Change::Revise { text, metadata: None, expires: None, said: None });
        }
        _ => {
            let origin = Origin {
                scope: last.scope.clone(),
                conversation: Some(summary_place(&last.place.conversation)),
                ..Origin::default()
            };
            let note = Note { summary: true, origin: knowledge::Origin::Model, ..Note::default() };
            plan.remember(
                &origin,
                Draft {
                    text: text.to_owned(),
                    actor: Actor { role: Role::System, name: None },
                    timestamp: last.timestamp,
                    note,
                    ..Draft::default()
                },
            )?;
        }
    }
    Ok(())
}
