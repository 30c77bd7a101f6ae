//! What of a store stays in memory: partitions that were used lately, as far as a budget allows.
//!
//! A partition that was dropped is loaded from the store again when someone asks for it, and answers as before. What is in
//! use stays, however large: a search over everybody has everybody in memory while it runs.

use std::cell::Cell;
use std::rc::Rc;

use super::partitions::{Partition, Partitions};

/// How many bytes of loaded partitions are kept unless it is said otherwise.
pub const LOADED_BYTES: u64 = 256 << 20;
/// So many bytes a loaded partition takes at least: what its engine does not count.
const LEAST: u64 = 8 << 10;

/// The room that the partitions of one memory share, or those of several memories of a process.
pub struct Room {
    /// How many bytes they may take, and about take.
    bytes: Cell<u64>,
    taken: Cell<u64>,
    /// How often one was used.
    uses: Cell<u64>,
}

impl Room {
    /// Room for [`LOADED_BYTES`].
    pub fn new() -> Rc<Room> {
        Rc::new(Room { bytes: Cell::new(LOADED_BYTES), taken: Cell::default(), uses: Cell::default() })
    }

    /// Whether more is loaded than there is room for.
    pub fn is_crowded(&self) -> bool {
        self.taken.get() > self.bytes.get()
    }
}

impl Partitions {
    /// Sets how many bytes loaded partitions may take, about.
    pub fn keep(&self, bytes: u64) {
        self.room.bytes.set(bytes);
        self.make_room();
    }

    /// Notes that a partition is used, and what it takes now; drops those that were not used for longest if all take more
    /// than they may.
    pub(super) fn touch(&self, partition: &Partition) {
        // One that was dropped while a call was under way is nobody's to drop again: what it took would stay taken.
        let is_open = |open: &Rc<Partition>| std::ptr::eq(Rc::as_ptr(open), partition);
        if !self.open.borrow().get(&partition.name).is_some_and(is_open) {
            return;
        }
        let uses = self.room.uses.get() + 1;
        self.room.uses.set(uses);
        partition.used.set(uses);
        self.weigh(partition, LEAST + partition.engine().resident());
        self.make_room();
    }

    fn weigh(&self, partition: &Partition, bytes: u64) {
        let taken = &self.room.taken;
        taken.set(taken.get() + bytes - partition.takes.replace(bytes));
    }

    /// Drops what was not used for longest, until there is room or everything left is in use.
    pub fn make_room(&self) {
        while self.room.is_crowded() {
            // Those that nobody else refers to: nobody reads them, writes to them or waits for them. What waits for a
            // language model is found only in what is loaded.
            let idle = |partition: &Rc<Partition>| {
                Rc::strong_count(partition) == 1
                    && partition.takes.get() > 0
                    && partition.engine().waiting().is_ok_and(|waiting| waiting == 0)
            };
            let open = self.open.borrow();
            let oldest = open.iter().filter(|(_, partition)| idle(partition));
            let Some((name, _)) = oldest.min_by_key(|(_, partition)| partition.used.get()) else { return };
            let name = name.clone();
            drop(open);
            self.drop_loaded(&name);
        }
    }

    /// Drops a partition from memory; all that has to outlive it is where the chain of its commits ends.
    pub(super) fn drop_loaded(&self, name: &str) {
        let Some(partition) = self.open.borrow_mut().remove(name) else { return };
        self.weigh(&partition, 0);
        if partition.unsettled.get() {
            self.renew();
        }
        let chain = partition.chain.get();
        if chain.number > 0 && self.clock().replica() == chain.replica {
            self.chains.borrow_mut().insert(name.to_owned(), chain);
        }
    }
}

impl Drop for Partitions {
    /// What is dropped with its memory leaves room for other memories.
    fn drop(&mut self) {
        for (_, partition) in self.open.borrow().iter() {
            self.weigh(partition, 0);
        }
    }
}
