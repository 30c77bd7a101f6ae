//! Reading with a language model: messages wait as they were said, the model takes them apart, facts take their places.
//!
//! The queue is no place of its own: a message that waits is a memory with a mark. So it is as durable as every memory,
//! is found at once, survives a restart and travels with the log. What the model made of a batch is committed in one
//! write, facts in, messages closed: there is no moment in which neither is found. The model is asked without a lock
//! held; what changed meanwhile is looked at again when it is written.

use std::rc::Rc;

use super::partitions::{Partition, Partitions};
use super::{Added, Addition, Memory};
use crate::distill::answer::{self, Answer, Extracted};
use crate::distill::decisions::{self, Action};
use crate::distill::prompt::{self, Input, Known, Said};
use crate::distill::{Speech, distil, united};
use crate::engine::{self, Draft, Origin, Plan, Shown, Sight, summary_place};
use crate::error::{Error, Result};
use crate::host::LocalFuture;
use crate::knowledge::{self, Closing, Note};
use crate::log::Change;
use crate::model::{Completer, Purpose};
use crate::record::{Actor, MemoryId, Record, Role};
use crate::scope::View;

/// So many messages go into one question to the model, and about so many bytes of them.
const BATCH: usize = 20;
const BATCH_BYTES: usize = 24_000;
/// So many memories are offered to it.
const KNOWN: usize = 10;
/// The part of the messages that those are searched by, in characters.
const ASKED_BY: usize = 2_000;
/// After so many failures a message no longer waits: rules are all it gets.
const MOST_ATTEMPTS: u8 = 8;

/// What one step of reading did.
#[derive(Clone, Debug, Default)]
pub struct ReadStep {
    /// Messages that were read.
    pub read: usize,
    /// Memories that were made of them.
    pub made: usize,
    /// What an answer held that was not taken over, and why.
    pub ignored: Vec<String>,
    /// Messages that still wait.
    pub left: usize,
    /// Why a batch could not be read. Its messages wait for another try.
    pub failure: Option<Error>,
}

/// A batch that was not read after so many ms is anybody's again: its reader is gone, as a Worker's request may be.
const GIVEN_UP: i64 = 5 * 60_000;

/// Messages that are read together, and what the model is told with them.
#[derive(Clone)]
struct Batch {
    messages: Vec<Record>,
    before: Vec<Record>,
    known: Vec<Record>,
    summary: Option<Record>,
}

/// Messages that are being read; given back when the reader is done, on every path.
struct Taken<'a>(&'a Partition, Vec<MemoryId>);

impl<'a> Taken<'a> {
    fn new(partition: &'a Partition, batch: &Batch, until: i64) -> Taken<'a> {
        let ids: Vec<MemoryId> = batch.messages.iter().map(|it| it.id).collect();
        partition.in_reading.borrow_mut().extend(ids.iter().map(|&id| (id, until)));
        Taken(partition, ids)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.in_reading.borrow_mut().retain(|(id, _)| !self.1.contains(id));
    }
}

impl Partition {
    /// The messages that are being read at this time.
    fn taken(&self, now: i64) -> Vec<MemoryId> {
        let mut taken = self.in_reading.borrow_mut();
        taken.retain(|&(_, until)| now < until);
        taken.iter().map(|&(id, _)| id).collect()
    }
}

/// What a model wants to be done with a batch.
struct Verdict {
    facts: Vec<Extracted>,
    summary: Option<String>,
}

/// Reads what was just added, and what waits in the same conversation. The messages are kept already, so a model that
/// fails is a warning. A gate of `wasm-pack.toml`.
#[inline(never)]
pub(super) fn read_now<'a>(
    memory: &'a Memory,
    partition: &'a Rc<Partition>,
    kept: Addition,
) -> LocalFuture<'a, Result<Addition>> {
    // A future of this function's own: the compiler may find out which one it returns, and call that directly.
    Box::pin(async move { memory.read_now(partition, kept).await })
}

impl Memory {
    async fn read_now(&self, partition: &Rc<Partition>, kept: Addition) -> Result<Addition> {
        let mut warnings = kept.warnings;
        for added in &kept.results {
            let step = self.read_batch(partition, Some(added.id)).await?;
            if let Some(failure) = step.failure {
                warnings.push(failure);
                break;
            }
        }
        let engine = partition.engine();
        let mut results: Vec<Added> = Vec::new();
        for message in kept.results {
            let made = if message.added { engine.made_from(message.id)? } else { vec![] };
            if made.is_empty() {
                results.push(message);
            }
            for fact in made {
                if !results.iter().any(|known| known.id == fact.id) {
                    results.push(Added { id: fact.id, added: fact.occurrences == 1, text: fact.text });
                }
            }
        }
        Ok(Addition { results, warnings, waits: false })
    }

    /// How many messages wait for a model, in the partitions that are in memory.
    pub async fn pending(&self) -> Result<usize> {
        let mut waiting = 0;
        for partition in self.partitions()?.loaded() {
            waiting += partition.engine().waiting()?;
        }
        Ok(waiting)
    }

    /// Lets the model read one batch of what waits, of the partitions that are in memory; with `all`, of all of the
    /// store's. Call it until nothing is left or a failure comes back.
    pub async fn read_step(&self, all: bool) -> Result<ReadStep> {
        let partitions = self.partitions()?;
        if all {
            for name in partitions.names("").await? {
                // What waits stays loaded.
                partitions.release(partitions.get(&name).await?);
            }
        }
        let mut done: Option<ReadStep> = None;
        let mut left = 0;
        for partition in partitions.loaded() {
            if done.is_none() && partition.engine().waiting()? > 0 {
                // Nothing, if all that waits there is being read by another call.
                let step = self.read_batch(&partition, None).await?;
                done = (step.read > 0 || step.failure.is_some()).then_some(step);
            }
            left += partition.engine().waiting()?;
        }
        Ok(ReadStep { left, ..done.unwrap_or_default() })
    }

    /// Reads one batch of a partition: with this message, or of those that have waited longest. Nothing, if what waits
    /// is being read already.
    async fn read_batch(&self, partition: &Rc<Partition>, with: Option<MemoryId>) -> Result<ReadStep> {
        let Some(completer) = &self.0.completer else { return Ok(ReadStep::default()) };
        let partitions = self.partitions()?;
        let Some(batch) = self.batch(partitions, partition, with).await? else {
            return Ok(ReadStep::default());
        };
        let _taken = Taken::new(partition, &batch, partitions.now().millis() + GIVEN_UP);
        let mut step = ReadStep::default();
        let verdict = self.ask(&**completer, &batch, &mut step).await;
        // It may have been closed while the model was asked.
        let partitions = self.partitions()?;
        match verdict {
            Ok(verdict) => {
                step.read = batch.messages.len();
                step.made = self.write_verdict(partitions, partition, &batch, verdict).await?;
            }
            Err(failure) => {
                self.note_failure(partitions, partition, &batch).await?;
                step.failure = Some(failure);
            }
        }
        Ok(step)
    }

    /// The messages to read next, with what helps to understand them.
    async fn batch(
        &self,
        partitions: &Partitions,
        partition: &Partition,
        with: Option<MemoryId>,
    ) -> Result<Option<Batch>> {
        let meanings = partitions.meanings().await.ok().flatten();
        let taken = partition.taken(partitions.now().millis());
        let mut messages = partition.engine().pending(with, &taken, BATCH)?;
        let mut bytes = 0;
        let count = messages.iter().take_while(|message| {
            bytes += message.text.len();
            bytes == message.text.len() || bytes <= BATCH_BYTES
        });
        let count = count.count();
        messages.truncate(count);
        let Some(first) = messages.first() else { return Ok(None) };
        let asked: String = messages
            .iter()
            .map(|it| it.text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
            .chars()
            .take(ASKED_BY)
            .collect();
        let vector = match (&self.0.embedder, meanings) {
            // Without vectors the nearest memories are found by keyword.
            (Some(embedder), _) => {
                let vectors = super::embed(&**embedder, std::slice::from_ref(&asked), Purpose::Query).await;
                vectors.ok().and_then(|mut vectors| vectors.pop())
            }
            (None, Some(meanings)) => Some(meanings.table().embed(&asked)),
            (None, None) => None,
        };
        let engine = partition.engine();
        let now = partitions.now();
        let sight = Sight {
            view: Some(View { scope: first.scope.clone(), any_run: false }),
            today: Some(now.day()),
            shown: Shown::Current(now),
            ..Sight::default()
        };
        let query = engine::Query {
            text: asked,
            vector,
            today: Some(now.day()),
            limit: KNOWN + messages.len(),
            threshold: 0.0,
            weights: Default::default(),
            explain: false,
        };
        let hits = engine::search(&[&engine], &query, &sight)?;
        // Only what belongs to just the same owners may be changed by what the model says.
        let is_known = |record: &Record| record.scope == first.scope && !record.note.pending;
        let known = hits.into_iter().map(|hit| hit.record).filter(is_known).take(KNOWN).collect();
        let before = engine.said_before(first, prompt::BEFORE)?;
        let summary = engine.summary(&first.scope, &first.place.conversation)?;
        drop(engine);
        Ok(Some(Batch { before, known, summary, messages }))
    }

    /// Asks the model about a batch.
    async fn ask(&self, completer: &dyn Completer, batch: &Batch, step: &mut ReadStep) -> Result<Verdict> {
        let own = batch.messages.first().map_or("", |it| it.note.instructions.as_str());
        let instructions = [self.0.reading.instructions.as_str(), own].join("\n");
        let known: Vec<Known<'_>> =
            batch.known.iter().map(|it| Known { text: &it.text, day: it.timestamp.day() }).collect();
        let input = Input {
            messages: batch.messages.iter().map(said).collect(),
            before: batch.before.iter().map(said).collect(),
            // A conversation that fits into what is shown needs no summary.
            summary: (batch.before.len() == prompt::BEFORE)
                .then(|| batch.summary.as_ref().map_or("", |it| it.text.as_str())),
            known,
            instructions: instructions.trim(),
            ..Input::default()
        };
        let reply = completer.complete(&prompt::extraction(&input)).await?;
        let Answer { mut facts, summary, ignored, .. } = answer::read(&reply, &input)?;
        step.ignored = ignored;
        if self.0.reading.two_phase && !facts.is_empty() && !input.known.is_empty() {
            let texts: Vec<&str> = facts.iter().map(|fact| fact.text.as_str()).collect();
            let reply = completer.complete(&prompt::decision(&texts, &input.known)).await?;
            let decided = decisions::read(&reply, texts.len(), input.known.len())?;
            step.ignored.extend(decided.ignored);
            facts = decided_facts(facts, decided.actions);
        }
        Ok(Verdict { facts, summary })
    }

    /// Writes what the model made of a batch, all of it in one commit. Returns how many memories are new.
    async fn write_verdict(
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
                // Another tab or device may have read them meanwhile.
                let waiting = |plan: &Plan<'_>, id: MemoryId| -> Result<bool> {
                    Ok(plan.folded(id)?.is_some_and(|it| !it.record.retracted && it.record.note.pending))
                };
                let mut open = Vec::new();
                for message in &batch.messages {
                    if waiting(plan, message.id)? {
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

    /// Notes that a batch could not be read.
    async fn note_failure(
        &self,
        partitions: &Partitions,
        partition: &Rc<Partition>,
        batch: &Batch,
    ) -> Result<()> {
        let messages: Vec<MemoryId> = batch.messages.iter().map(|it| it.id).collect();
        partitions
            .write(partition, move |plan: &mut Plan<'_>| {
                for &id in &messages {
                    let Some(folded) = plan.folded(id)? else { continue };
                    let mut note = folded.record.note;
                    if note.pending {
                        note.attempts = note.attempts.saturating_add(1);
                        note.pending = note.attempts < MOST_ATTEMPTS;
                        plan.push(id, Change::Annotate(Box::new(note)));
                    }
                }
                Ok(())
            })
            .await
    }
}

/// The facts as a second look at the memories has decided on them. What a fact ends is closed and not removed.
fn decided_facts(mut facts: Vec<Extracted>, actions: Vec<(usize, Action)>) -> Vec<Extracted> {
    let mut needless = Vec::new();
    for (at, action) in actions {
        let Some(fact) = facts.get_mut(at) else { continue };
        match action {
            Action::Add => {}
            Action::Update(memory, text) => {
                fact.text = text;
                fact.supersedes.push(memory);
            }
            Action::Delete(memory) => fact.supersedes.push(memory),
            Action::Nothing(Some(memory)) => fact.duplicates.push(memory),
            Action::Nothing(None) => needless.push(at),
        }
    }
    let numbered = facts.into_iter().enumerate();
    numbered.filter(|(at, _)| !needless.contains(at)).map(|(_, fact)| fact).collect()
}

fn said(record: &Record) -> Said<'_> {
    Said { speaker: &record.actor, at: record.timestamp, text: &record.text }
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
