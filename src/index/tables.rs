//! The interned values that documents of one part share: scopes, conversations, speakers.

use std::hash::Hash;

use foldhash::quality::FixedState;
use indexmap::IndexSet;

use crate::bytes::{Reader, Writer};
use crate::error::Result;
use crate::record::{Actor, Role};
use crate::scope::{Axis, Scope};

/// Values by number, each kept once. A fixed seed: hosts forbid randomness while a module loads.
#[derive(Clone, Debug)]
pub struct Table<T: Eq + Hash>(IndexSet<T, FixedState>);

impl<T: Eq + Hash> Default for Table<T> {
    fn default() -> Self {
        Table(IndexSet::with_hasher(FixedState::with_seed(0)))
    }
}

impl<T: Eq + Hash> Table<T> {
    /// The number of this value, which is added if it is new.
    pub fn intern(&mut self, value: T) -> u32 {
        self.0.insert_full(value).0 as u32
    }

    /// The number of this value, if it is there.
    pub fn find(&self, value: &T) -> Option<u32> {
        self.0.get_index_of(value).map(|index| index as u32)
    }

    /// The value of this number.
    pub fn get(&self, index: u32) -> Option<&T> {
        self.0.get_index(index as usize)
    }

    /// All values, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The three tables of a part.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Whom memories belong to.
    pub scopes: Table<Scope>,
    /// Names of conversations.
    pub conversations: Table<String>,
    /// Who said something.
    pub speakers: Table<Actor>,
}

impl Tables {
    /// Writes all three.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.scopes.len() as u64);
        for scope in self.scopes.iter() {
            for axis in Axis::ALL {
                out.optional(scope.get(axis));
            }
        }
        out.varint(self.conversations.len() as u64);
        for name in self.conversations.iter() {
            out.text(name);
        }
        out.varint(self.speakers.len() as u64);
        for actor in self.speakers.iter() {
            out.text(actor.role.name());
            out.optional(actor.name.as_deref());
        }
    }

    /// Reads all three.
    pub fn decode(bytes: &[u8]) -> Result<Tables> {
        let mut input = Reader::new(bytes, "segment");
        let mut tables = Tables::default();
        for _ in 0..input.varint()? {
            let mut scope = Scope::new();
            for axis in Axis::ALL {
                if let Some(id) = input.optional()? {
                    scope = scope.with(axis, id);
                }
            }
            tables.scopes.intern(scope);
        }
        for _ in 0..input.varint()? {
            tables.conversations.intern(input.text()?.to_owned());
        }
        for _ in 0..input.varint()? {
            let role = Role::parse(input.text()?).map_err(|_| input.corrupt("unknown role"))?;
            tables.speakers.intern(Actor { role, name: input.optional()?.map(str::to_owned) });
        }
        Ok(tables)
    }
}
