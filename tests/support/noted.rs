//! A memory over a store into which memories with notes made by hand were written.

// Each test uses a part of it.
#![allow(dead_code)]

use std::rc::Rc;

use edgemem::Memory;
use edgemem::engine::{Draft, Engine, Origin, Plan, partition_name};
use edgemem::host::native::NativeHost;
use edgemem::knowledge::{self, Entity, EntityKind, Fact, Kind, Note};
use edgemem::memory::wire;
use edgemem::record::{Actor, MemoryId, Role};
use edgemem::scope::{Axis, Scope};
use edgemem::store::{ByteStore, Commit, Entry, MemoryStore};
use edgemem::time::{Clock, Timestamp};
use futures_executor::block_on;
use serde_json::Value;

/// What someone says: `subject|predicate|object` are facts, and where a slot follows, the subject has one of it at a
/// time. A fact that begins with `!` has ended.
#[derive(Clone, Default)]
pub struct Said {
    pub scope: Scope,
    pub speaker: &'static str,
    pub at: &'static str,
    pub text: String,
    pub facts: Vec<&'static str>,
    pub entities: Vec<(&'static str, EntityKind)>,
    pub kind: Kind,
}

impl Said {
    pub fn of(user: &str, at: &'static str, text: &str) -> Said {
        Said { scope: Scope::user(user), at, text: text.into(), ..Said::default() }
    }

    pub fn fact(mut self, fact: &'static str) -> Said {
        self.facts.push(fact);
        self
    }

    pub fn names(mut self, name: &'static str, kind: EntityKind) -> Said {
        self.entities.push((name, kind));
        self
    }

    pub fn kind(mut self, kind: Kind) -> Said {
        self.kind = kind;
        self
    }

    fn draft(&self) -> Draft {
        let fact = |text: &&str| {
            let parts: Vec<&str> = text.trim_start_matches('!').split('|').collect();
            Fact {
                subject: parts[0].into(),
                predicate: parts[1].into(),
                object: parts[2].into(),
                slot: parts.get(3).map(|slot| (*slot).to_owned()),
                ended: text.starts_with('!'),
                ..Fact::default()
            }
        };
        let entities = self.entities.iter().map(|&(name, kind)| Entity { name: name.into(), kind });
        let name = Some(self.speaker.to_owned()).filter(|name| !name.is_empty());
        Draft {
            text: self.text.clone(),
            actor: Actor { role: Role::User, name },
            timestamp: Timestamp::parse(self.at).unwrap(),
            note: Note {
                kind: self.kind,
                origin: knowledge::Origin::Rules,
                facts: self.facts.iter().map(fact).collect(),
                whole: true,
                entities: entities.collect(),
                confidence: 100,
                ..Note::default()
            },
            ..Draft::default()
        }
    }
}

/// Writes what was said to a store, in this order, and opens a memory over it. The ids are in the same order.
pub fn remembered(said: &[Said]) -> (Memory, Vec<MemoryId>) {
    let store: Rc<dyn ByteStore> = Rc::new(MemoryStore::new());
    let (mut clock, mut ids) = (Clock::new(1), Vec::new());
    let mut engines: Vec<Engine> = Vec::new();
    let mut logs: Vec<Vec<Entry>> = Vec::new();
    for (minute, said) in said.iter().enumerate() {
        let (axis, owner) = said.scope.owner().unwrap();
        let name = partition_name(axis, owner);
        let at = engines.iter().position(|engine| engine.name() == name).unwrap_or_else(|| {
            engines.push(Engine::new(&name, None));
            logs.push(vec![]);
            engines.len() - 1
        });
        let now = Timestamp::clamped(1_767_225_600_000 + minute as i64 * 60_000);
        let mut plan = Plan::new(&mut engines[at], &mut clock, now);
        let origin = Origin { scope: said.scope.clone(), ..Origin::default() };
        ids.push(plan.remember(&origin, said.draft()).unwrap().id);
        for operation in plan.finish() {
            logs[at].push(Entry { key: operation.key(), bytes: operation.encode() });
            engines[at].apply(&operation.key(), operation).unwrap();
        }
    }
    for (engine, append) in engines.iter().zip(logs) {
        let commit = Commit { partition: engine.name().to_owned(), append, ..Commit::default() };
        block_on(store.commit(&commit)).unwrap();
    }
    (Memory::new(store, Rc::new(NativeHost::new())), ids)
}

/// A call as JavaScript makes it.
pub fn call(memory: &Memory, method: &str, arguments: &[Value]) -> edgemem::Result<Value> {
    block_on(wire::call(memory, method, arguments))
}

/// An organisation's scope.
pub fn organisation(id: &str) -> Scope {
    Scope::new().with(Axis::Org, id)
}
