//! Which memories hold, where those of one owner lie in several places: a place knows only the claims of its own.
//!
//! Whoever puts their answers together asks all places for the memories that claim what the found ones claim, and applies
//! them to an engine of its own, which then tells as one partition would. Nothing else has to know of it.

use super::Engine;
use super::sight::Sight;
use super::{decode_record, federated::read_record};
use crate::error::Result;
use crate::index::marks;
use crate::record::MemoryId;
use crate::sorted::{sort, sort_names};

/// The id of the memory with this record.
pub fn record_id(record: &[u8]) -> Result<MemoryId> {
    let first = decode_record(record)?.into_iter().next();
    first.map(|operation| operation.id).ok_or_else(super::no_beginning)
}

/// So many claims on one slot are told by a place, those that hold since last.
const TOLD: usize = 64;

/// What decides whether memories hold: slots that they claim, and memories that have taken their places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    /// The slots.
    pub slots: Vec<String>,
    /// The memories.
    pub ids: Vec<MemoryId>,
}

impl Claims {
    /// Of the memories with these records.
    pub fn of(records: &[&[u8]]) -> Result<Claims> {
        let mut claims = Claims::default();
        for record in records {
            let memory = read_record(record)?;
            for fact in &memory.note.facts {
                claims.slots.extend(fact.slot.iter().map(|slot| marks::slot(&fact.subject, slot)));
            }
            claims.ids.extend(memory.closed.map(|closed| closed.by));
        }
        sort_names(&mut claims.slots);
        sort(&mut claims.ids, MemoryId::cmp);
        claims.ids.dedup();
        Ok(claims)
    }

    /// Whether nothing decides.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.ids.is_empty()
    }
}

impl Engine {
    /// The records of the memories here that decide.
    pub fn claimants(&self, claims: &Claims) -> Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        for slot in &claims.slots {
            found.extend(self.claimed(slot, TOLD)?);
        }
        found.extend(claims.ids.iter().filter_map(|&id| self.locate(id)));
        sort(&mut found, |a, b| a.cmp(b));
        found.dedup();
        let record = |at: &super::Address| self.parts[at.part as usize].record(at.doc).to_vec();
        Ok(found.iter().map(record).collect())
    }

    /// An engine of memories with these records, wherever they come from.
    pub fn reunited(name: &str, records: &[&[u8]]) -> Result<Engine> {
        let mut engine = Engine::new(name, None);
        for record in records {
            for operation in decode_record(record)? {
                engine.apply(&operation.key(), operation)?;
            }
        }
        Ok(engine)
    }

    /// The memories here that a request is not to be shown, in order.
    pub fn hidden(&self, sight: &Sight<'_>) -> Result<Vec<MemoryId>> {
        let mut hidden: Vec<MemoryId> =
            self.outdated(sight, sight.shown)?.into_iter().map(|address| self.id(address)).collect();
        sort(&mut hidden, MemoryId::cmp);
        Ok(hidden)
    }
}
