//! Devices that hold the same memory: each with a store, a clock of its own that may be years wrong, and a replica.
#![allow(dead_code)]

use std::cell::Cell;
use std::rc::Rc;

use edgemem::host::native::NativeHost;
use edgemem::host::{Gate, Host};
use edgemem::log::Version;
use edgemem::scope::Scope;
use edgemem::store::{ByteStore, MemoryStore};
use edgemem::{ChangesOptions, Memory, Merged, Result, wire};
use futures_executor::block_on;
use serde_json::Value;

/// 2026-01-01 in ms.
pub const START: i64 = 1_767_225_600_000;
pub const YEAR: i64 = 31_557_600_000;

/// Random numbers from a seed (SplitMix64).
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// The clock and the randomness of a device.
struct Clockwork {
    now: Cell<i64>,
    dice: Cell<u64>,
}

impl Host for Clockwork {
    fn now(&self) -> i64 {
        self.now.get()
    }

    fn monotonic(&self) -> f64 {
        0.0
    }

    fn random(&self) -> u64 {
        let mut dice = Dice(self.dice.get());
        let number = dice.next();
        self.dice.set(dice.0);
        number
    }

    fn gate(&self) -> Rc<dyn Gate> {
        NativeHost::new().gate()
    }
}

/// A device.
pub struct Device {
    pub store: Rc<dyn ByteStore>,
    pub memory: Memory,
    host: Rc<Clockwork>,
}

impl Device {
    /// An empty one, whose clock is this many ms ahead.
    pub fn new(seed: u64, ahead: i64) -> Device {
        Device::over(Rc::new(MemoryStore::new()), seed, ahead)
    }

    /// One over a store that may hold something.
    pub fn over(store: Rc<dyn ByteStore>, seed: u64, ahead: i64) -> Device {
        let host = Rc::new(Clockwork { now: Cell::new(START + ahead), dice: Cell::new(seed) });
        let memory = Memory::new(Rc::clone(&store), Rc::clone(&host) as Rc<dyn Host>);
        Device { store, memory, host }
    }

    /// Opened again, as another replica.
    pub fn reopen(&mut self) {
        self.memory = Memory::new(Rc::clone(&self.store), Rc::clone(&self.host) as Rc<dyn Host>);
    }

    /// Time passes; it may also be set back.
    pub fn wait(&self, ms: i64) {
        self.host.now.set(self.host.now.get() + ms);
    }

    /// A method of the API.
    pub fn try_call(&self, method: &str, arguments: Value) -> Result<Value> {
        let Value::Array(arguments) = arguments else { panic!("arguments are a list") };
        block_on(wire::call(&self.memory, method, &arguments))
    }

    /// A method of the API that does not fail.
    pub fn call(&self, method: &str, arguments: Value) -> Value {
        self.try_call(method, arguments).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub fn version(&self) -> Version {
        block_on(self.memory.version(&Scope::new())).unwrap()
    }

    /// What a device lacks that holds `since`.
    pub fn changes(&self, since: Version) -> Vec<u8> {
        block_on(self.memory.changes(&ChangesOptions { since, ..ChangesOptions::default() })).unwrap().bytes
    }

    /// The beginning of it, cut off behind a page of about so many bytes.
    pub fn piece(&self, since: Version, limit: usize) -> Vec<u8> {
        block_on(self.memory.changes(&ChangesOptions { since, limit, ..ChangesOptions::default() }))
            .unwrap()
            .bytes
    }

    pub fn merge_piece(&self, piece: &[u8]) -> u64 {
        block_on(self.memory.merge(piece, &Scope::new(), false)).unwrap().applied
    }

    pub fn try_merge(&self, bytes: &[u8]) -> Result<Merged> {
        block_on(self.memory.merge(bytes, &Scope::new(), true))
    }

    pub fn merge(&self, bytes: &[u8]) -> u64 {
        self.try_merge(bytes).unwrap().applied
    }

    /// Everything that can be read: what is current, and the history of each of these memories.
    pub fn state(&self, user: &str, ids: &[String]) -> Value {
        let all = serde_json::json!({ "userId": user, "runId": "*", "limit": 1000, "showExpired": true, "includeSuperseded": true });
        let listed = self.call("getAll", serde_json::json!([all]));
        let histories = ids.iter().map(|id| self.call("history", serde_json::json!([id])));
        serde_json::json!({ "all": listed, "histories": histories.collect::<Vec<_>>() })
    }
}
