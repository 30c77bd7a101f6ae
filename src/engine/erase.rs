//! Erasing: what is left of an erased memory is its receipt, a document with the one operation that erased it.
//!
//! The operation counts at once: from then on no read finds anything of the memory. Its bytes are still in the log and
//! in segments, in those too where an older state of it lies dead. The next checkpoint seals all of these anew without
//! it, and is due as long as there are such bytes: after a crash between the two, with the next write. A writer
//! that did not know of the erasure may store the memory again; its operations count no more, and are sealed away
//! in the same manner.

use super::{Address, Engine};
use crate::index::columns::ERASED;
use crate::index::part::Part;
use crate::record::MemoryId;

impl Engine {
    /// Whether more than the receipt of an erased memory may still be stored, so that a checkpoint is due.
    pub fn has_remains(&self) -> bool {
        self.remains
    }

    /// Whether it holds anything of a memory, be it deleted, but for receipts of erased ones.
    pub fn holds_something(&self) -> bool {
        let holds =
            |part: &Part| (0..part.len()).any(|doc| part.is_alive(doc) && part.flags(doc) & ERASED == 0);
        self.remains || self.parts.iter().any(holds)
    }

    pub(super) fn is_erased(&self, Address { part, doc }: Address) -> bool {
        self.parts[part as usize].flags(doc) & ERASED != 0
    }

    /// The sealed parts that hold a state of an erased memory other than the receipt that counts.
    pub(super) fn parts_with_remains(&self) -> Vec<usize> {
        let mut erased: Vec<MemoryId> = Vec::new();
        for part in &self.parts {
            let receipts = (0..part.len()).filter(|&doc| part.is_alive(doc) && part.flags(doc) & ERASED != 0);
            erased.extend(receipts.map(|doc| part.id(doc)));
        }
        let holds = |&index: &usize| {
            let part = &self.parts[index];
            erased.iter().any(|&id| part.find_sealed(id).is_some_and(|doc| !part.is_alive(doc)))
        };
        (1..self.parts.len()).filter(holds).collect()
    }

    /// The ids of all memories, in the order in which they were first said, deleted and erased ones too.
    pub(super) fn ids(&self) -> Vec<MemoryId> {
        let mut found = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let alive = (0..part.len()).filter(|&doc| part.is_alive(doc));
            found.extend(alive.map(|doc| (part.columns(doc).born, Address { part: index as u32, doc })));
        }
        self.in_order(&mut found);
        found.into_iter().map(|(_, address)| self.id(address)).collect()
    }
}
