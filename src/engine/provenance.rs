//! What memories were made from and what was made from them: messages that wait for a model, and what came before.

use super::conversations::GIVEN;
use super::{Address, Engine};
use crate::error::Result;
use crate::index::marks;
use crate::record::{MemoryId, Record};
use crate::scope::Scope;
use crate::sorted::sort;

/// Where the summary of a conversation is kept: not among its turns.
pub fn summary_place(conversation: &str) -> String {
    format!("summary of {conversation}")
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

    /// The messages that wait for a model and were not tried more than `attempts` times, at most `limit` of one scope
    /// and conversation, those first that have waited longest.
    pub fn pending(&self, limit: usize, attempts: u8) -> Result<Vec<Record>> {
        let mut batch: Vec<Record> = Vec::new();
        for address in self.marked(marks::PENDING)? {
            let record = self.read(address)?;
            let fits = batch.first().is_none_or(|first| {
                first.scope == record.scope && first.place.conversation == record.place.conversation
            });
            if fits && record.note.attempts <= attempts {
                batch.push(record);
                if batch.len() == limit {
                    break;
                }
            }
        }
        Ok(batch)
    }

    /// What was said in the same conversation right before a memory, at most `limit` of it, oldest first; also what
    /// no longer holds.
    pub fn said_before(&self, memory: &Record, limit: usize) -> Result<Vec<Record>> {
        let layout = self.layout();
        let Some(address) = self.locate(memory.id) else { return Ok(vec![]) };
        let Some(&turn) = layout.positions(address.part as usize).get(address.doc as usize) else {
            return Ok(vec![]);
        };
        let mut found = Vec::new();
        for before in (0..turn as usize).rev() {
            if layout.conversations.get(before) != layout.conversations.get(turn as usize) {
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

    /// The memories that were made from this one.
    pub fn made_from(&self, id: MemoryId) -> Result<Vec<Record>> {
        let found = self.marked(&marks::source(id))?;
        found.into_iter().map(|address| self.read(address)).collect()
    }

    /// The summary of a conversation so far, if there is one.
    pub fn summary(&self, scope: &Scope, conversation: &str) -> Result<Option<Record>> {
        let place = format!("{GIVEN}{}", summary_place(conversation));
        for address in self.marked(marks::SUMMARY)?.into_iter().rev() {
            let record = self.read(address)?;
            if record.scope == *scope && record.place.conversation == place {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}
