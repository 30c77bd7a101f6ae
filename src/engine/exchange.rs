//! What a partition gives to and takes from other devices: its operations as they are stored.
//!
//! Nothing is decoded to find out what someone lacks: the head of an operation says which commit it is of. And each page
//! reads no more than it sends and passes over: what is held is counted once for all pages, and memories are gone through in
//! the order of their ids, in which segments have them.

use super::{Engine, encode_record, stored_operations};
use crate::bytes::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Change, Head, Link, Operation, Tally, Version};
use crate::record::MemoryId;
use crate::sorted::sort;

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

    /// Whether it holds anything that a replica committed.
    pub fn has_of(&self, replica: u64) -> Result<bool> {
        let mut found = false;
        self.for_each_stored(&mut |head, _| {
            found |= head.link.is_some() && head.replica == replica;
            Ok(())
        })?;
        Ok(found)
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
        let mut extract = Extract::default();
        let is_done = self.in_id_order(after, &mut |id, record| {
            if extract.bytes.len() >= limit {
                return Ok(false);
            }
            for stored in stored_operations(record) {
                let (head, bytes) = stored?;
                if wanted(&head) {
                    extract.bytes.bytes(bytes);
                    extract.count += 1;
                    extract.next = Some(id);
                }
            }
            Ok(true)
        })?;
        if is_done {
            extract.next = None;
        }
        Ok(extract)
    }

    /// Visits the records of the memories whose ids come after `after`, in the order of their ids, until `visit` returns
    /// false. Tells whether it came to the end.
    fn in_id_order(
        &self,
        after: Option<MemoryId>,
        visit: &mut dyn FnMut(MemoryId, &[u8]) -> Result<bool>,
    ) -> Result<bool> {
        let (head, sealed) = (&self.parts[0], &self.parts[1..]);
        let comes = |id: &MemoryId| after.is_none_or(|after| *id > after);
        // What is in no order yet: the head, which is never long, and memories without a beginning.
        let in_head = (0..head.len()).filter(|&doc| head.is_alive(doc)).map(|doc| (head.id(doc), Some(doc)));
        let mut loose: Vec<(MemoryId, Option<u32>)> =
            in_head.chain(self.orphans.keys().map(|&id| (id, None))).filter(|it| comes(&it.0)).collect();
        sort(&mut loose, |a, b| b.0.cmp(&a.0));
        let mut ranks: Vec<u32> =
            sealed.iter().map(|part| after.map_or(0, |after| part.rank(after))).collect();
        loop {
            let mut least: Option<(MemoryId, usize, u32)> = None;
            for (at, part) in sealed.iter().enumerate() {
                while let Some(doc) = part.by_id(ranks[at]) {
                    let id = part.id(doc);
                    if part.is_alive(doc) && comes(&id) {
                        least = least.filter(|it| it.0 < id).or(Some((id, at, doc)));
                        break;
                    }
                    ranks[at] += 1;
                }
            }
            let next = loose.last().copied().filter(|it| least.is_none_or(|least| it.0 < least.0));
            let goes_on = match (next, least) {
                (Some((id, doc)), _) => {
                    loose.pop();
                    match doc {
                        Some(doc) => visit(id, head.record(doc))?,
                        None => visit(id, &encode_record(self.orphans.get(&id).map_or(&[], Vec::as_slice)))?,
                    }
                }
                (None, Some((id, at, doc))) => {
                    ranks[at] += 1;
                    visit(id, sealed[at].record(doc))?
                }
                (None, None) => return Ok(true),
            };
            if !goes_on {
                return Ok(false);
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
