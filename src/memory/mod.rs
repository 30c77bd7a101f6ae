//! The façade: [`Memory`], the same API for Rust and, through the bindings, for JavaScript.
//!
//! It checks what callers give, finds the partitions that a request concerns, asks the embedder, and lets
//! the engine plan, the store commit, and the engine apply.

mod add;
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
mod batch;
mod change;
mod consolidate;
mod context;
mod exchange;
mod forget;
mod graph;
mod meaning;
mod options;
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
mod owners;
mod partitions;
mod pictures;
mod procedure;
mod reach;
mod read;
mod reindex;
mod rerank;
mod results;
mod room;
mod search;
mod verify;
mod versions;
#[macro_use]
pub mod wire;
// After `wire`, whose macro it uses.
#[cfg(any(feature = "objects", not(target_family = "wasm")))]
pub mod route;

use std::cell::Cell;
use std::rc::Rc;

#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
pub use batch::Batch;
pub use context::{CONTEXT_CANDIDATES, Context};
pub use exchange::{Changes, ChangesOptions, Ending, MAX_CHANGES_BYTES, Merged, Moment};
pub use forget::{Gone, Rated, Removed};
pub use graph::DEFAULT_ENTITIES;
pub use options::*;
pub use read::ReadStep;
pub use results::*;
pub use room::LOADED_BYTES;
use room::Room;
pub use verify::{Fault, Problem, Verified};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, LocalFuture};
use crate::model::{Completer, Embedder, Purpose, Reranker, TokenSource};
use crate::record::MemoryId;
use crate::store::ByteStore;
use crate::vector::{Quantized, quantize};

use meaning::Meaning;
use partitions::Partitions;

/// A memory: the entry to everything.
///
/// Cheap to clone; clones share one state. It stays on its thread, as every host of edgemem runs one
/// thread per instance. Calls may overlap.
///
/// ```
/// # futures_executor::block_on(async {
/// use edgemem::{AddOptions, Memory, Message, Reach, SearchOptions};
///
/// let memory = Memory::in_process();
/// memory.add(&[Message::user("I moved to Lisbon")], &AddOptions::user("alice")).await?;
/// let found = memory.search("moved to which city?", &SearchOptions::new(Reach::user("alice"))).await?;
/// assert_eq!(found.hits[0].record.text, "I moved to Lisbon");
/// # Ok::<(), edgemem::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Memory(Rc<Inner>);

struct Inner {
    partitions: Partitions,
    embedder: Option<Rc<dyn Embedder>>,
    completer: Option<Rc<dyn Completer>>,
    reading: Reading,
    reranker: Option<Rc<dyn Reranker>>,
    closed: Cell<bool>,
    /// What leads to the objects that the memories are in, if they are not here.
    #[cfg(any(feature = "objects", not(target_family = "wasm")))]
    router: Option<route::Router>,
}

/// How a language model reads messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Whether it is asked a second time what to do with each fact, as mem0 does.
    pub two_phase: bool,
    /// What it shall heed with all messages; empty as usual.
    pub instructions: String,
}

/// The models that a memory asks, all of them optional.
#[derive(Clone, Default)]
pub struct Models {
    /// For search by meaning.
    pub embedder: Option<Rc<dyn Embedder>>,
    /// For what messages mean.
    pub completer: Option<Rc<dyn Completer>>,
    /// How it reads them.
    pub reading: Reading,
    /// For the order of what a search found.
    pub reranker: Option<Rc<dyn Reranker>>,
    /// The token table, for words of related meaning. Without an embedder it is the embedder too.
    pub tokens: Option<Rc<dyn TokenSource>>,
}

/// `stats` loads and counts all partitions up to this many; beyond, it counts those in memory.
const COUNTED: usize = 256;

impl Memory {
    /// A memory over this store on this host, keyword search only.
    pub fn new(store: Rc<dyn ByteStore>, host: Rc<dyn Host>) -> Memory {
        Memory::with_embedder(store, host, None)
    }

    /// A memory over this store, with an embedder for semantic search.
    pub fn with_embedder(
        store: Rc<dyn ByteStore>,
        host: Rc<dyn Host>,
        embedder: Option<Rc<dyn Embedder>>,
    ) -> Memory {
        Memory::with_models(store, host, Models { embedder, ..Models::default() })
    }

    /// A memory over this store, with these models.
    pub fn with_models(store: Rc<dyn ByteStore>, host: Rc<dyn Host>, models: Models) -> Memory {
        let meaning = Rc::new(Meaning::new(models.tokens.clone(), &*host));
        Memory::made(store, host, models, meaning, Room::new())
    }

    /// A memory over another store with models of its own, which shares this one's host, the room for what is loaded
    /// and, if it is to have the token table, this one's: it is large, and one serves all memories of a process.
    pub fn beside(&self, store: Rc<dyn ByteStore>, models: Models) -> Memory {
        let Partitions { host, room, .. } = &self.0.partitions;
        let meaning = match models.tokens {
            Some(_) => self.0.partitions.meaning(),
            None => Rc::new(Meaning::new(None, &**host)),
        };
        Memory::made(store, Rc::clone(host), models, meaning, Rc::clone(room))
    }

    fn made(
        store: Rc<dyn ByteStore>,
        host: Rc<dyn Host>,
        models: Models,
        meaning: Rc<Meaning>,
        room: Rc<Room>,
    ) -> Memory {
        let model = models.embedder.as_ref().map(|embedder| embedder.name());
        Memory(Rc::new(Inner {
            partitions: Partitions::new(store, host, model, meaning, room),
            embedder: models.embedder,
            completer: models.completer,
            reading: models.reading,
            reranker: models.reranker,
            closed: Cell::new(false),
            #[cfg(any(feature = "objects", not(target_family = "wasm")))]
            router: None,
        }))
    }

    /// A memory in this process only, for tests and throw-away use.
    pub fn in_process() -> Memory {
        Memory::new(
            Rc::new(crate::store::MemoryStore::new()),
            Rc::new(crate::host::native::NativeHost::new()),
        )
    }

    /// The store, for what is kept in it beside memories: partitions whose names begin with
    /// [`RESERVED`](crate::store::RESERVED) belong to no owner, and no method here looks at them.
    pub fn store(&self) -> Rc<dyn ByteStore> {
        Rc::clone(&self.0.partitions.store)
    }

    /// `KEY_REQUIRED` for an encrypted store that was opened without its key: whoever reads or writes beside memories asks
    /// this first, for what is written in plain damages such a store. It costs one read, once; and one each time that the
    /// store may have been begun encrypted since, where a commit does not notice that. `anew` reads it anyway: one that does
    /// refuses the commit as a conflict.
    pub fn check_plain(&self, anew: bool) -> LocalFuture<'_, Result<()>> {
        Box::pin(async move {
            self.open()?;
            #[cfg(any(feature = "objects", not(target_family = "wasm")))]
            if self.0.router.is_some() {
                // Objects look for themselves.
                return Ok(());
            }
            self.0.partitions.look_again(anew);
            self.0.partitions.check_plain(false).await
        })
    }

    fn open(&self) -> Result<()> {
        if self.0.closed.get() {
            return Err(Error::new(ErrorKind::Closed, "this memory was closed; create a new one"));
        }
        Ok(())
    }

    fn partitions(&self) -> Result<&Partitions> {
        self.open()?;
        #[cfg(any(feature = "objects", not(target_family = "wasm")))]
        if self.0.router.is_some() {
            return Err(route::elsewhere());
        }
        Ok(&self.0.partitions)
    }

    /// The memory of this id, expired ones included; `None` if there is none or it was deleted.
    pub async fn get(&self, id: &str) -> Result<Option<Recalled>> {
        let partitions = self.partitions()?;
        let Some(id) = MemoryId::parse(id) else { return Ok(None) };
        let Some(partition) = partitions.find(id).await? else { return Ok(None) };
        let folded = partition.engine().get(id)?;
        let Some(record) = folded.map(|folded| folded.record).filter(|record| !record.retracted) else {
            return Ok(None);
        };
        Ok(Some(Recalled { standing: versions::standing_of(&partition, &record)?, record }))
    }

    /// The name of whatever embeds here, as far as it is known: the token table has one when it is loaded.
    fn embedder_name(&self) -> Option<String> {
        match &self.0.embedder {
            Some(embedder) => Some(embedder.name()),
            None => self.0.partitions.own_model(),
        }
    }

    /// Removes everything from the store. The memory stays usable.
    pub async fn reset(&self) -> Result<()> {
        let partitions = self.partitions()?;
        for name in partitions.names("").await? {
            partitions.erase(&name).await?;
        }
        partitions.forget();
        Ok(())
    }

    /// Counts what is stored.
    pub async fn stats(&self) -> Result<Stats> {
        let partitions = self.partitions()?;
        let _ = partitions.meanings().await;
        let names = partitions.names("").await?;
        let mut stats = Stats { partitions: names.len(), ..Stats::default() };
        let mut count = |engine: &Engine| {
            let size = engine.size();
            stats.size.memories += size.memories;
            stats.size.embedded += size.embedded;
            stats.size.segments += size.segments;
            stats.size.entries += size.entries;
            if stats.foreign_embedder.is_none() {
                stats.foreign_embedder = engine.foreign_model().map(str::to_owned);
            }
        };
        if names.len() <= COUNTED {
            // Counted one after the other: not all need have room in memory.
            for name in &names {
                count(&partitions.get(name).await?.engine());
            }
        } else {
            partitions.loaded().iter().for_each(|partition| count(&partition.engine()));
        }
        stats.loaded = partitions.loaded().len();
        stats.size.resident = self.resident();
        stats.embedder = self.embedder_name();
        stats.trouble = partitions.trouble.borrow().clone();
        Ok(stats)
    }

    /// Seals what the log of each partition holds into segments, which open faster, and tells in how many partitions
    /// there was enough of it to be worth that. All are loaded for it.
    pub async fn compact(&self) -> Result<usize> {
        self.partitions()?.compact().await
    }

    /// Whether nothing is stored but receipts of what was erased.
    pub async fn is_empty(&self) -> Result<bool> {
        let partitions = self.partitions()?;
        for name in partitions.names("").await? {
            if partitions.get(&name).await?.engine().holds_something() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// About how many bytes the loaded partitions take in memory.
    pub fn resident(&self) -> u64 {
        self.0.partitions.loaded().iter().map(|partition| partition.engine().resident()).sum()
    }

    /// Sets about how many bytes loaded partitions may take, instead of [`LOADED_BYTES`]. Those that were not used for
    /// longest are dropped from memory first, and loaded again when they are asked for; what is in use stays in any case.
    pub fn keep_loaded(&self, bytes: u64) {
        self.0.partitions.keep(bytes);
    }

    /// Whether this memory, with those [`beside`](Memory::beside) it, has more loaded than it may.
    pub fn is_crowded(&self) -> bool {
        self.0.partitions.room.is_crowded()
    }

    /// Drops what was not used for longest of this memory alone, until there is room again.
    pub fn make_room(&self) {
        self.0.partitions.make_room();
    }

    /// Releases the store. Everything acknowledged is durable already; later calls fail with `CLOSED`.
    pub async fn close(&self) -> Result<()> {
        if self.0.closed.replace(true) {
            return Ok(());
        }
        self.0.partitions.forget();
        self.0.partitions.store.close().await
    }
}

/// Vectors of texts, checked and quantised.
async fn embed(embedder: &dyn Embedder, texts: &[String], purpose: Purpose) -> Result<Vec<Quantized>> {
    let vectors = embedder.embed(texts, purpose).await?;
    if vectors.len() != texts.len() {
        return Err(Error::new(
            ErrorKind::ModelResponseInvalid,
            format!("the embedder returned {} vectors for {} texts", vectors.len(), texts.len()),
        )
        .field("embedder"));
    }
    vectors.iter().map(|vector| quantize(vector)).collect()
}

fn not_found(id: &str) -> Error {
    let id: String = id.chars().take(100).collect();
    Error::new(ErrorKind::NotFound, format!("Memory with ID {id} not found")).field("id")
}

fn scope_required() -> Error {
    Error::new(
        ErrorKind::ScopeRequired,
        "filters must contain at least one of: user_id, agent_id, run_id. Example: filters: { user_id: 'u1' }",
    )
    .field("filters")
}

fn embedder_changed(stored: &str, configured: &str) -> Error {
    Error::new(
        ErrorKind::EmbedderChanged,
        format!(
            "vectors of the embedder {stored} are stored but {configured} is configured: memories without its \
             vectors are found by keyword only until reindex() has run"
        ),
    )
    .field("embedder")
}
