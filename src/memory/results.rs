//! What the façade's methods return.

use std::ops::Deref;

use crate::engine::{Hit, Size, Standing};
use crate::error::Error;
use crate::record::{MemoryId, Record};

/// What became of one statement of an `add`.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    /// The memory.
    pub id: MemoryId,
    /// What it says.
    pub text: String,
    /// Whether it is new; otherwise the same was known in this scope.
    pub added: bool,
}

/// What became of an `add`.
#[derive(Clone, Debug, Default)]
pub struct Addition {
    /// One for each statement, in order.
    pub results: Vec<Added>,
    /// What kept the model from reading the messages, if anything: they are kept as they were said, and wait.
    pub warnings: Vec<Error>,
    /// Whether they wait for the model, which [`AddOptions::background`](super::AddOptions::background) asked for.
    pub waits: bool,
}

impl Deref for Addition {
    type Target = [Added];

    fn deref(&self) -> &[Added] {
        &self.results
    }
}

/// A memory, and when it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// The memory.
    pub record: Record,
    /// When it holds, among what the request may see.
    pub standing: Standing,
}

impl Deref for Recalled {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

/// The result of a search.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// The score below which hits were left out.
    pub threshold: f32,
    /// What the reranker says of the first hits, in their order; empty if none was asked or it failed.
    pub relevance: Vec<f32>,
    /// What kept the search from using all it could, if anything.
    pub warnings: Vec<Error>,
}

/// How far a [`Memory::reindex_step`](super::Memory::reindex_step) got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Memories embedded by this step.
    pub done: usize,
    /// Memories that still lack a vector of the configured embedder.
    pub left: usize,
}

/// What [`Memory::stats`](super::Memory::stats) tells.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Sums over the partitions that were counted.
    pub size: Size,
    /// Partitions in the store.
    pub partitions: usize,
    /// Partitions in memory, which are those that were counted.
    pub loaded: usize,
    /// The configured embedder.
    pub embedder: Option<String>,
    /// Another embedder whose vectors are stored: call `reindex`.
    pub foreign_embedder: Option<String>,
    /// The last failure of maintenance, which costs no acknowledged write.
    pub trouble: Option<Error>,
}
