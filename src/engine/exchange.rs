//! What a partition gives to and takes from other devices: its operations as they are stored.
//!
//! Nothing is decoded to find out what someone lacks: the head of an operation says which commit it is of.

use super::{Address, Engine, stored_operations};
use crate::bytes::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Change, Head, Link, Operation, Tally, Version};
use crate::record::MemoryId;
use crate::sorted::order;

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
    pub fn extract(
        &self,
        since: &Version,
        until: Option<&Version>,
        after: Option<MemoryId>,
        limit: usize,
    ) -> Result<Extract> {
        let partition = self.number();
        let mut held = Version::new();
        self.tally()?.add_to(partition, &mut held);
        let older = !since.holds_sums(&held);
        let wanted = |head: &Head| match head.link {
            None => older && !head.is_vector(),
            Some(Link { number, .. }) => {
                let is_in = |version: &Version| version.holds(partition, head.replica, number);
                !is_in(since) && until.is_none_or(is_in) && (older || is_in(&held))
            }
        };
        let mut found: Vec<(MemoryId, Option<Address>)> = Vec::new();
        let mut lacked: Option<MemoryId> = None;
        for (index, part) in self.parts.iter().enumerate() {
            for doc in (0..part.len()).filter(|&doc| part.is_alive(doc)) {
                let id = part.id(doc);
                if after.is_some_and(|after| id <= after) {
                    continue;
                }
                let address = Address { part: index as u32, doc };
                for stored in stored_operations(part.record(doc)) {
                    if wanted(&stored?.0) && lacked != Some(id) {
                        lacked = Some(id);
                        found.push((id, Some(address)));
                    }
                }
            }
        }
        let orphans = self.orphans.keys().filter(|&&id| after.is_none_or(|after| id > after));
        found.extend(orphans.map(|&id| (id, None)));
        let mut extract = Extract::default();
        let by_id = order(found.len(), &|a, b| found[a].0.cmp(&found[b].0));
        for (at, &place) in by_id.iter().enumerate() {
            let (id, address) = found[place as usize];
            let orphaned;
            let record = match address {
                Some(Address { part, doc }) => self.parts[part as usize].record(doc),
                None => {
                    orphaned = super::encode_record(self.orphans.get(&id).map_or(&[], Vec::as_slice));
                    &orphaned
                }
            };
            for stored in stored_operations(record) {
                let (head, bytes) = stored?;
                if wanted(&head) {
                    extract.bytes.bytes(bytes);
                    extract.count += 1;
                }
            }
            if extract.bytes.len() >= limit && at + 1 < found.len() {
                extract.next = Some(id);
                break;
            }
        }
        Ok(extract)
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
