//! A partition on a device, with what its store would hold, for tests of what is forgotten.
#![allow(dead_code)]

use edgemem::engine::{Draft, Engine, Limits, Origin, Plan, Sight, partition_name};
use edgemem::index::vectors::StoredVectors;
use edgemem::knowledge::Note;
use edgemem::log::Operation;
use edgemem::record::Metadata;
use edgemem::scope::{Axis, Scope};
use edgemem::store::{Commit, Entry};
use edgemem::time::{Clock, Timestamp};
use edgemem::vector::quantize;
use edgemem::{Memory, wire};
use serde_json::Value;

const MODEL: &str = "test/3";

/// The time that this text names.
pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A partition, its clock, and the blobs and entries that a store would hold of it.
pub struct Device {
    pub engine: Engine,
    pub clock: Clock,
    pub now: Timestamp,
    blobs: Vec<(String, Vec<u8>)>,
    log: Vec<Operation>,
}

impl Device {
    /// An empty one.
    pub fn new(limits: Limits) -> Device {
        Device {
            engine: Engine::new(&partition_name(Axis::User, "u"), Some(MODEL.into())).with_limits(limits),
            clock: Clock::new(7),
            now: at("2026-01-01"),
            blobs: vec![],
            log: vec![],
        }
    }

    /// What a plan makes, not stored yet.
    pub fn plan<T>(&mut self, make: impl FnOnce(&mut Plan<'_>) -> T) -> (T, Vec<Operation>) {
        let mut plan = Plan::new(&mut self.engine, &mut self.clock, self.now);
        let value = make(&mut plan);
        (value, plan.finish())
    }

    /// Stores operations; without the checkpoint that may be due then, as after a crash, if `crash`.
    pub fn take(&mut self, operations: &[Operation], crash: bool) {
        for operation in operations {
            self.engine.apply(&operation.key(), operation.clone()).unwrap();
            if !self.log.iter().any(|held| held.key() == operation.key()) {
                self.log.push(operation.clone());
            }
        }
        if !crash {
            self.checkpoint();
        }
    }

    /// The checkpoint that is due, if one is.
    pub fn checkpoint(&mut self) {
        let stamp = self.clock.tick(self.now);
        let Some(checkpoint) = self.engine.checkpoint(stamp, self.clock.replica()).unwrap() else { return };
        self.blobs.retain(|(name, _)| !checkpoint.remove.contains(name));
        self.blobs.extend(checkpoint.put.iter().cloned());
        self.log.retain(|operation| !checkpoint.drop.contains(&operation.key()));
        self.engine.adopt(checkpoint);
    }

    /// The same, opened anew from what is stored.
    pub fn reopened(self, limits: Limits) -> Device {
        let Device { blobs, log, clock, now, .. } = self;
        let mut device = Device { clock, now, ..Device::new(limits) };
        let stored =
            |name: &str| blobs.iter().find(|(held, _)| held[1..] == name[1..] && held.starts_with('v'));
        for (name, bytes) in blobs.iter().filter(|(name, _)| name.starts_with('s')) {
            let vectors =
                stored(name).map(|(name, bytes)| StoredVectors::decode(name.clone(), bytes).unwrap());
            device.engine.mount(name, bytes.clone(), vectors).unwrap();
        }
        for operation in &log {
            device.engine.apply(&operation.key(), operation.clone()).unwrap();
        }
        Device { blobs, log, ..device }
    }

    /// All bytes that are stored.
    pub fn stored(&self) -> Vec<u8> {
        let blobs = self.blobs.iter().flat_map(|(_, bytes)| bytes.clone());
        blobs.chain(self.log.iter().flat_map(Operation::encode)).collect()
    }

    /// What the living memories say, sorted.
    pub fn texts(&self) -> Vec<String> {
        let found = self.engine.list(&Sight::default()).unwrap();
        let mut texts: Vec<_> =
            found.into_iter().map(|(_, address)| self.engine.read(address).unwrap().text).collect();
        texts.sort();
        texts
    }
}

/// Whether the bytes are among these.
pub fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// What is said under a number: a word that occurs nowhere else, in text, metadata and note; and a vector of its own.
pub fn draft(number: usize, said: Timestamp) -> (Origin, Draft) {
    let word = format!("wort{number:03}x");
    let metadata = Metadata::from_iter([("m".to_owned(), format!("meta{number:03}x").into())]);
    let origin = Origin { scope: Scope::user("u"), metadata, ..Origin::default() };
    let vector = quantize(&[1.0, number as f32 + 2.0, 0.5, number as f32 * 0.31]).unwrap();
    let draft = Draft {
        text: format!("I said {word}"),
        timestamp: said,
        note: Note { cues: vec![format!("cue{number:03}x")], ..Note::default() },
        vector: Some((MODEL.into(), vector.codes().to_vec(), vector.scale())),
        ..Draft::default()
    };
    (origin, draft)
}

/// The first commit of the device's partition, with these operations.
pub fn commit(operations: &[Operation]) -> Commit {
    let entry = |it: &Operation| Entry { key: it.key(), bytes: it.encode() };
    let append = operations.iter().map(entry).collect();
    Commit { partition: partition_name(Axis::User, "u"), append, ..Commit::default() }
}

/// Calls a method with JSON; an error as its code and field.
pub async fn call(memory: &Memory, method: &str, arguments: Value) -> Result<Value, (String, String)> {
    let arguments = arguments.as_array().unwrap().clone();
    let result = wire::call(memory, method, &arguments).await;
    result.map_err(|error| (error.code().to_owned(), error.field_name().unwrap_or_default().to_owned()))
}
