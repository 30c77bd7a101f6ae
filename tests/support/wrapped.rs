//! A store in memory that a test gets between: what it loads and what becomes of commits is the test's, the rest passes.

use edgemem::Result;
use edgemem::host::LocalFuture;
use edgemem::store::{ByteStore, Capabilities, Commit, Image, MemoryStore};

/// What a test has go otherwise than in a store in memory.
pub trait Ways {
    /// Whether several memories use the store, each with a device of its own.
    fn is_shared(&self) -> bool {
        true
    }

    /// What is loaded.
    fn load<'a>(
        &'a self,
        store: &'a MemoryStore,
        partition: &'a str,
        known: Option<u64>,
    ) -> LocalFuture<'a, Result<Option<Image>>> {
        store.load(partition, known)
    }

    /// What becomes of a commit.
    fn commit<'a>(&'a self, store: &'a MemoryStore, commit: &'a Commit) -> LocalFuture<'a, Result<u64>>;
}

/// A store that goes these ways.
#[derive(Default)]
pub struct Wrapped<W> {
    pub store: MemoryStore,
    pub ways: W,
}

impl<W: Ways> ByteStore for Wrapped<W> {
    fn capabilities(&self) -> Capabilities {
        Capabilities { shared: self.ways.is_shared(), ..self.store.capabilities() }
    }

    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, Result<Vec<String>>> {
        self.store.list(prefix)
    }

    fn load<'a>(&'a self, partition: &'a str, known: Option<u64>) -> LocalFuture<'a, Result<Option<Image>>> {
        self.ways.load(&self.store, partition, known)
    }

    fn read<'a>(
        &'a self,
        partition: &'a str,
        names: &'a [String],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>>> {
        self.store.read(partition, names)
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        self.ways.commit(&self.store, commit)
    }

    fn erase<'a>(&'a self, partition: &'a str) -> LocalFuture<'a, Result<()>> {
        self.store.erase(partition)
    }

    fn close<'a>(&'a self) -> LocalFuture<'a, Result<()>> {
        self.store.close()
    }
}
