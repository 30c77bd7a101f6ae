//! [`Memory::knowledge`]: the entities, facts and times that a request sees.

use super::reach::lend;
use super::{Memory, Reach};
use crate::engine::{Engine, Knowledge};
use crate::error::Result;

/// How many entities, memories of an entity, or entries of a timeline are returned if the caller does not say.
pub const DEFAULT_ENTITIES: usize = 100;

impl Memory {
    /// What a request sees, by entities: who and what is named, the graph of facts, the timeline. A reach with
    /// `include_superseded` has facts that hold no longer too, each marked.
    ///
    /// Errors: `SCOPE_REQUIRED`, the `STORE_…` codes.
    pub async fn knowledge(&self, reach: &Reach) -> Result<Knowledge> {
        let partitions = self.partitions()?;
        let reached = self.reached(partitions, reach).await?;
        let knowledge = {
            let engines = lend(&reached, reach)?;
            let engines: Vec<&Engine> = engines.iter().map(|engine| &**engine).collect();
            let now = reach.valid_at.or(reach.known_at).unwrap_or(partitions.now());
            Knowledge::of(&engines, &reach.sight(partitions.now()), now)
        };
        self.release(reached);
        knowledge
    }
}
