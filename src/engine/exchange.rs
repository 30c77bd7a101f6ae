//! What a partition gives to and takes from other devices: its operations as they are stored.
//!
//! Nothing is decoded to find out what someone lacks: the head of an operation says which commit it is of. And each page
//! reads no more than it sends and passes over: what is held is counted once for all pages, and memories are gone through in
//! the order of their ids, in which segments have them.

use super::{Engine, encode_record, stored_operations};
use crate::bytes::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::index::part::Part;
use crate::log::{Change, Head, Link, Operation, Tally, Version};
use crate::record::MemoryId;
use crate::sorted::order;

/// In place of the number of a document: a memory whose beginning has not come is in none.
const NOWHERE: u32 = u32::MAX;

/// Some of a partition's operations.
#[derive(Default)]
pub struct Extract {
    /// The operations, each with its length, memory by memory.
    pub bytes: Writer,
    /// How many they are.
    pub count: u64,
    /// The last memory that is whole in it, if there are more.
    pub next: Option<MemoryId>,
}

impl Engine {
    /// The number that the partition's name is the hex digits of.
    pub fn number(&self) -> u128 {
        u128::from_str_radix(&self.name, 16).unwrap_or(0)
    }

    /// Goes through all operations as they are stored, also of memories whose beginning has not come yet.
    pub fn for_each_stored(&self, visit: &mut dyn FnMut(&Head, &[u8]) -> Result<()>) -> Result<()> {
        for part in &self.parts {
            for doc in (0..part.len()).filter(|&doc| part.is_alive(doc)) {
                for stored in stored_operations(part.record(doc)) {
                    let (head, bytes) = stored?;
                    visit(&head, bytes)?;
                }
            }
        }
        for orphan in self.orphans.values().flatten() {
            let bytes = orphan.encode();
            visit(&Head::peek(&bytes)?, &bytes)?;
        }
        Ok(())
    }

    /// Whether it holds a commit of a replica.
    pub fn has_of(&self, replica: u64) -> Result<bool> {
        let mut held = Version::new();
        self.tally()?.add_to(self.number(), &mut held, None);
        Ok(held.spans().iter().any(|span| span.replica == replica))
    }

    /// Counts what it holds.
    pub fn tally(&self) -> Result<Tally> {
        let mut tally = Tally::default();
        self.for_each_stored(&mut |head, _| {
            tally.add(head);
            Ok(())
        })?;
        Ok(tally)
    }

    /// The operations of commits that `since` lacks and `until` has, also of those that are not here whole: what is seen
    /// here goes on, and the rest completes the commit wherever it comes. Those of the memories whose ids come after `after`,
    /// until they fill about `limit` bytes. (By ids, because a checkpoint between two calls changes every other order.)
    ///
    /// `held` is what is held here, with all others that hold a part of this partition; what is here alone is counted if it
    /// is not given.
    pub fn extract(
        &self,
        since: &Version,
        until: Option<&Version>,
        held: Option<&Version>,
        after: Option<MemoryId>,
        limit: usize,
    ) -> Result<Extract> {
        let partition = self.number();
        let mut counted = Version::new();
        let held = match held {
            Some(held) => held,
            None => {
                self.tally()?.add_to(partition, &mut counted, None);
                &counted
            }
        };
        let older = !since.holds_sums(partition, held);
        let wanted = |head: &Head| match head.link {
            None => older && !head.is_vector(),
            Some(Link { number, .. }) => {
                let is_in = |version: &Version| version.holds(partition, head.replica, number);
                !is_in(since) && until.is_none_or(is_in) && (older || is_in(held))
            }
        };
        let comes = |id: MemoryId| after.is_none_or(|after| id > after);
        // What is in no order yet: the head, which is never long, and memories without a beginning.
        let head = &self.parts[0];
        let in_head = (0..head.len()).filter(|&doc| head.is_alive(doc)).map(|doc| (head.id(doc), doc));
        let loose = in_head.chain(self.orphans.keys().map(|&id| (id, NOWHERE)));
        let loose: Vec<(MemoryId, u32)> = loose.filter(|it| comes(it.0)).collect();
        let by_id = order(loose.len(), &|a, b| loose[a].0.cmp(&loose[b].0));
        // How far each part has been gone through, in the order of its ids.
        let rank = |part: &Part| after.map_or(0, |after| part.rank(after));
        let mut ranks: Vec<u32> = self.parts.iter().map(rank).collect();
        let mut extract = Extract::default();
        loop {
            let mut least: Option<(MemoryId, usize, u32)> = None;
            for (at, part) in self.parts.iter().enumerate() {
                let next = loop {
                    let rank = ranks[at];
                    let next = match at {
                        0 => by_id.get(rank as usize).map(|&place| loose[place as usize]),
                        _ => part.by_id(rank).map(|doc| (part.id(doc), doc)),
                    };
                    // The head's were looked at above.
                    if next.is_none_or(|(id, doc)| at == 0 || (comes(id) && part.is_alive(doc))) {
                        break next;
                    }
                    ranks[at] += 1;
                };
                if let Some((id, doc)) = next
                    && least.is_none_or(|least| id < least.0)
                {
                    least = Some((id, at, doc));
                }
            }
            let Some((id, at, doc)) = least else {
                extract.next = None;
                return Ok(extract);
            };
            if extract.bytes.len() >= limit {
                return Ok(extract);
            }
            ranks[at] += 1;
            let orphaned;
            let record = if doc == NOWHERE {
                orphaned = encode_record(self.orphans.get(&id).map_or(&[], Vec::as_slice));
                &orphaned
            } else {
                self.parts[at].record(doc)
            };
            for stored in stored_operations(record) {
                let (head, bytes) = stored?;
                if wanted(&head) {
                    extract.bytes.bytes(bytes);
                    extract.count += 1;
                    extract.next = Some(id);
                }
            }
        }
    }

    /// Whether an operation of another device is known here, or of no use. `CHANGES_INVALID` if another one is known
    /// under its name.
    pub fn knows(&self, operation: &Operation) -> Result<bool> {
        let orphans = self.orphans.get(&operation.id).map_or(&[][..], Vec::as_slice);
        if let Some(known) = orphans.iter().find(|known| known.order() == operation.order()) {
            return same(&known.encode(), operation);
        }
        let Some(address) = self.locate(operation.id) else { return Ok(false) };
        if operation.link.is_none() && self.is_erased(address) && !matches!(operation.change, Change::Erase) {
            return Ok(true);
        }
        for stored in stored_operations(self.parts[address.part as usize].record(address.doc)) {
            let (head, bytes) = stored?;
            if head.order() == operation.order() {
                return same(bytes, operation);
            }
        }
        Ok(false)
    }

    /// Whether a memory is erased here.
    pub fn has_erased(&self, id: MemoryId) -> bool {
        self.locate(id).is_some_and(|address| self.is_erased(address))
    }
}

/// Whether two operations of one name are one. What is left of an erased one is not compared.
fn same(known: &[u8], operation: &Operation) -> Result<bool> {
    let is_stub = Head::peek(known)?.is_stub() || matches!(operation.change, Change::Stub);
    if is_stub || known == operation.encode() {
        return Ok(true);
    }
    let message = "the changes say something else than is known here about one and the same operation: they were altered, \
                   or made by a copy of a device that goes on beside it";
    Err(Error::new(ErrorKind::ChangesInvalid, message).field("changes"))
}
