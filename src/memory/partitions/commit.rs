//! Writing through one queue per partition: whoever is first commits for everyone who is waiting.

use std::cell::RefCell;
use std::rc::Rc;

use super::{CONFLICTS, Intent, Partition, Partitions, Waiting};
use crate::engine::Plan;
use crate::error::{Error, ErrorKind, Result};
use crate::json;
use crate::log::{Chain, Operation};
use crate::record::Record;
use crate::scope::Axis;
use crate::store::{Commit, Entry, Row};

impl Partitions {
    /// Writes: queues an intent, and commits it together with whatever else is waiting. The intent may be
    /// called more than once; what the last call left behind counts.
    pub async fn write<T: 'static>(
        &self,
        partition: &Rc<Partition>,
        intent: impl Fn(&mut Plan<'_>) -> Result<T> + 'static,
    ) -> Result<T> {
        let result = Rc::new(RefCell::new(None));
        let kept = Rc::clone(&result);
        let intent: Intent = Box::new(move |plan| {
            *kept.borrow_mut() = Some(intent(plan)?);
            Ok(())
        });
        self.queue(partition, intent).await?;
        let value = result.borrow_mut().take();
        value.ok_or_else(interrupted)
    }

    /// The part of a write that does not depend on what is written: generic, every sort of write would have its copy.
    pub(in crate::memory) async fn queue(&self, partition: &Rc<Partition>, intent: Intent) -> Result<()> {
        let waiting = Rc::new(Waiting { intent, outcome: RefCell::default() });
        partition.waiting.borrow_mut().push_back(Rc::clone(&waiting));
        let _turn = partition.writers.enter().await;
        if waiting.outcome.borrow().is_none() {
            let batch = Batch(partition.waiting.borrow_mut().drain(..).collect());
            let committed = self.commit(partition, &batch).await;
            batch.settle(&committed);
            if committed.is_ok() {
                self.checkpoint(partition).await;
            }
            self.touch(partition);
        }
        let outcome = waiting.outcome.borrow_mut().take();
        outcome.unwrap_or_else(|| Err(interrupted()))
    }

    async fn commit(&self, partition: &Partition, batch: &Batch) -> Result<()> {
        let mut tried: Option<Operation> = None;
        for _ in 0..CONFLICTS {
            if let Some(tried) = &tried {
                // The conflict may be with whoever began to encrypt the store.
                self.plain.set(None);
                self.check_plain(true).await?;
                self.refresh(partition).await?;
                // A store that repeats a request may have been told of a conflict with that very request.
                partition.unsettled.set(partition.engine.borrow().knows(tried)?);
            }
            if partition.unsettled.take() {
                self.renew();
            }
            self.check_still_plain().await?;
            let now = self.now();
            let (mut operations, rows) = {
                let mut engine = partition.engine.borrow_mut();
                let mut clock = self.clock();
                let mut plan = Plan::new(&mut engine, &mut clock, now);
                for waiting in &batch.0 {
                    let before = plan.len();
                    let planned = (waiting.intent)(&mut plan);
                    if planned.is_err() {
                        plan.truncate(before);
                    }
                    *waiting.outcome.borrow_mut() = planned.err().map(Err);
                }
                let rows = if self.store.capabilities().rows { rows(&plan)? } else { vec![] };
                (plan.finish(), rows)
            };
            if operations.is_empty() {
                return Ok(());
            }
            let chain = self.link(partition, &mut operations);
            let append = operations
                .iter()
                .map(|operation| Entry { key: operation.key(), bytes: operation.encode() })
                .collect();
            let expect = partition.version.get().unwrap_or(0);
            let commit =
                Commit { partition: partition.name.clone(), expect, append, rows, ..Commit::default() };
            partition.unsettled.set(true);
            match self.store.commit(&commit).await {
                Ok(version) => {
                    partition.unsettled.set(false);
                    partition.chain.set(chain);
                    let mut engine = partition.engine.borrow_mut();
                    let keys = commit.append.into_iter().map(|entry| entry.key);
                    engine.apply_all(keys.zip(operations).collect())?;
                    return self.reach(partition, expect, version);
                }
                Err(error) if error.kind() == ErrorKind::StoreConflict => {
                    tried = operations.into_iter().next()
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(
            ErrorKind::StoreConflict,
            format!(
                "other writers committed first, {CONFLICTS} times in a row; nothing was stored, try again"
            ),
        ))
    }

    /// Gives the operations that were planned here their place in the chain; returns where it ends then.
    fn link(&self, partition: &Partition, operations: &mut [Operation]) -> Chain {
        let replica = self.clock().replica();
        let chain = partition.chain.get();
        let chain = if chain.replica == replica { chain } else { Chain::new(replica) };
        let seed = u128::from(self.host.random()) << 64 | u128::from(self.host.random());
        chain.extend(&partition.name, operations, seed)
    }
}

/// The writes that one commit carries. A leader that is dropped in the middle leaves an answer to the others.
struct Batch(Vec<Rc<Waiting>>);

impl Batch {
    /// Those whose intent failed keep their own error.
    fn settle(&self, committed: &Result<()>) {
        for waiting in &self.0 {
            waiting.outcome.borrow_mut().get_or_insert_with(|| committed.clone());
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.settle(&Err(interrupted()));
    }
}

fn interrupted() -> Error {
    Error::new(
        ErrorKind::WriteInterrupted,
        "the write was cut short before its outcome was known; repeat it, repeating is harmless",
    )
}

/// The lines of the readable table that a plan changes.
fn rows(plan: &Plan<'_>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for id in plan.memories() {
        let Some(folded) = plan.folded(id)? else { continue };
        let shown = !folded.record.retracted && !folded.record.note.summary;
        let columns = shown.then(|| columns(&folded.record));
        rows.push(Row { id: id.to_string(), columns });
    }
    Ok(rows)
}

fn columns(record: &Record) -> String {
    let mut columns = serde_json::Map::new();
    columns.insert("memory".into(), record.text.as_str().into());
    for axis in Axis::ALL {
        columns.insert(axis.id_name().into(), record.scope.get(axis).into());
    }
    columns.insert("metadata".into(), record.metadata.clone().into());
    columns.insert("created_at".into(), record.timestamp.to_string().into());
    columns.insert("updated_at".into(), record.shown_update().to_string().into());
    let mut text = String::new();
    json::write_object(&columns, &mut text);
    text
}
