//! What of a store stays in memory: partitions that were used lately, as far as a budget allows.
//!
//! A partition that was dropped is loaded from the store again when someone asks for it, and answers as before. What is in
//! use stays, however large: a search over everybody has everybody in memory while it runs.

use std::rc::Rc;

use super::partitions::{Partition, Partitions};

/// How many bytes of loaded partitions are kept unless it is said otherwise.
pub const LOADED_BYTES: u64 = 256 << 20;
/// So many bytes a loaded partition takes at least: what its engine does not count.
const LEAST: u64 = 8 << 10;

impl Partitions {
    /// Sets how many bytes loaded partitions may take, about.
    pub fn keep(&self, bytes: u64) {
        self.room.set(bytes);
        self.make_room();
    }

    /// Notes that a partition is used, and what it takes now; drops those that were not used for longest if all take more
    /// than they may.
    pub(super) fn touch(&self, partition: &Partition) {
        self.uses.set(self.uses.get() + 1);
        partition.used.set(self.uses.get());
        self.weigh(partition, LEAST + partition.engine().resident());
        self.make_room();
    }

    fn weigh(&self, partition: &Partition, bytes: u64) {
        self.taken.set(self.taken.get() + bytes - partition.takes.replace(bytes));
    }

    fn make_room(&self) {
        while self.taken.get() > self.room.get() {
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
