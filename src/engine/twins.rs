//! Memories that say the same: of those, a search returns the best one only.
//!
//! Exact repetitions within a scope are never stored twice. What is left are repetitions over several scopes. Only
//! the same words are the same: whoever takes "I like coffee" and "I don't like coffee", or two invoices that differ
//! in their number, for one memory hides what was said.

use crate::record::{Actor, Record};
use crate::text::statement_key;

/// What is compared of a memory: who says what. Equal ones are repetitions.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Saying {
    actor: Actor,
    key: String,
}

impl Saying {
    /// Who says what in a memory.
    pub fn of(memory: &Record) -> Saying {
        Saying { actor: memory.actor.clone(), key: statement_key(&memory.text) }
    }
}
