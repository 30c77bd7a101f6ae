//! What memories were made from and what was made from them: messages that wait for a model, and what came before.

use super::conversations::GIVEN;
use super::layout::NOWHERE;
use super::{Address, Engine};
use crate::error::Result;
use crate::index::marks;
use crate::knowledge::Closing;
use crate::record::{Actor, MemoryId, Record};
use crate::scope::Scope;
use crate::sorted::sort;

/// So many of the newest memories are looked at for what somebody said last.
const NEWEST: u32 = 64;

/// Where the summary of a conversation is kept: not among its turns.
pub fn summary_place(conversation: &str) -> String {
    format!("summary of {conversation}")
}

/// Whether a memory is the summary of a conversation.
pub fn sums_up(memory: &Record, conversation: &str) -> bool {
    memory.note.summary && memory.place.conversation == format!("{GIVEN}{}", summary_place(conversation))
}

impl Engine {
    /// Memories that are filed under a mark and remembered, in the order in which they were learnt.
    pub(super) fn marked(&self, mark: &str) -> Result<Vec<Address>> {
        let mut found = Vec::new();
        let mut list = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            list.clear();
            part.postings(mark, &mut list)?;
            for posting in list.iter().filter(|posting| part.is_remembered(posting.doc)) {
                let address = Address { part: index as u32, doc: posting.doc };
                found.push((part.columns(posting.doc).born, address));
            }
        }
        sort(&mut found, |a, b| a.cmp(b));
        Ok(found.into_iter().map(|(_, address)| address).collect())
    }

    /// How many messages wait for a model.
    pub fn waiting(&self) -> Result<usize> {
        Ok(self.marked(marks::PENDING)?.len())
    }

    /// Messages that wait for a model, without those that are `taken`, at most `limit` of one conversation that are to
    /// be read alike. `with` is among them, if it waits; else those come first that failed least often, and of those
    /// the ones that have waited longest.
    pub fn pending(&self, with: Option<MemoryId>, taken: &[MemoryId], limit: usize) -> Result<Vec<Record>> {
        let mut waiting = Vec::new();
        for address in self.marked(marks::PENDING)? {
            let record = self.read(address)?;
            if !taken.contains(&record.id) {
                waiting.push(record);
            }
        }
        let first = match with {
            Some(id) => waiting.iter().find(|it| it.id == id),
            None => waiting.iter().min_by_key(|it| it.note.attempts),
        };
        let Some(first) = first.cloned() else { return Ok(vec![]) };
        let alike = |it: &Record| {
            it.scope == first.scope
                && it.place.conversation == first.place.conversation
                && it.note.instructions == first.note.instructions
                && (it.note.attempts == first.note.attempts || it.id == first.id)
        };
        waiting.retain(alike);
        // Those right after the first: what came long before it may be of another matter.
        let from = waiting.iter().position(|it| it.id == first.id).unwrap_or(0);
        let from = if waiting.len() <= limit { 0 } else { from };
        Ok(waiting.into_iter().skip(from).take(limit).collect())
    }

    /// What was said in the same conversation right before a memory, at most `limit` of it, oldest first; also what
    /// no longer holds.
    pub fn said_before(&self, memory: &Record, limit: usize) -> Result<Vec<Record>> {
        let layout = self.layout();
        let Some(address) = self.locate(memory.id) else { return Ok(vec![]) };
        let statement = layout.positions(address.part as usize)[address.doc as usize];
        if statement == NOWHERE {
            return Ok(vec![]);
        }
        let conversation = |statement: usize| layout.conversations[layout.turn_of(statement)];
        let mut found = Vec::new();
        for before in (0..statement as usize).rev() {
            if conversation(before) != conversation(statement as usize) {
                break;
            }
            let address = layout.addresses[before];
            if self.parts[address.part as usize].is_internal(address.doc) {
                continue;
            }
            found.push(self.read(address)?);
            if found.len() == limit {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }

    /// What this speaker said last in this scope, if that is among the newest memories.
    pub fn last_said(&self, scope: &Scope, speaker: &Actor) -> Result<Option<Record>> {
        let head = &self.parts[0];
        let tables = head.tables();
        let (scope, speaker) = (tables.scopes.find(scope), tables.speakers.find(speaker));
        let newest = (0..head.len()).rev().take(NEWEST as usize);
        for doc in newest.filter(|&doc| head.is_remembered(doc)) {
            let columns = head.columns(doc);
            if Some(columns.scope) == scope && Some(columns.speaker) == speaker {
                return self.read(Address { part: 0, doc }).map(Some);
            }
        }
        Ok(None)
    }

    /// The memories that were made from this one; if there is none, the one that said the same already.
    pub fn made_from(&self, id: MemoryId) -> Result<Vec<Record>> {
        let mut found = self.marked(&marks::source(id))?;
        if found.is_empty()
            && let Some(closed) = self.get(id)?.and_then(|it| it.record.closed)
            && closed.why == Closing::Distilled
            && let Some(same) = self.locate(closed.by)
        {
            found.push(same);
        }
        found.into_iter().map(|address| self.read(address)).collect()
    }

    /// The summary of a conversation so far, if there is one.
    pub fn summary(&self, scope: &Scope, conversation: &str) -> Result<Option<Record>> {
        for address in self.marked(marks::SUMMARY)?.into_iter().rev() {
            let record = self.read(address)?;
            if record.scope == *scope && sums_up(&record, conversation) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}
