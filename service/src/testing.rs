//! What the tests of this crate share.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use edgemem::host::native::NativeHost;
use edgemem::host::{Gate, Host, LocalFuture};
use edgemem::scope::Scope;
use edgemem::store::{ByteStore, Capabilities, Commit, Image, MemoryStore, RESERVED};
use edgemem::{Error, ErrorKind, Memory, Result};

use crate::auth::Caller;
use crate::keys::Right;
use crate::tenant::Tenants;

/// A clock that stands where it is put, over real randomness.
pub struct Clock(pub Cell<i64>, NativeHost);

impl Clock {
    /// At some time in 2026.
    pub fn new() -> Rc<Clock> {
        Rc::new(Clock(Cell::new(1_790_000_000_000), NativeHost::new()))
    }

    /// Some ms later.
    pub fn pass(&self, ms: i64) {
        self.0.set(self.0.get() + ms);
    }
}

impl Host for Clock {
    fn now(&self) -> i64 {
        self.0.get()
    }
    fn monotonic(&self) -> f64 {
        self.0.get() as f64
    }
    fn random(&self) -> u64 {
        self.1.random()
    }
    fn gate(&self) -> Rc<dyn Gate> {
        self.1.gate()
    }
}

/// A store whose loads and commits are done at once and answered late: while it holds them back. It can fail, too.
#[derive(Default)]
pub struct Slow {
    inner: MemoryStore,
    /// Whether answers are held back.
    pub holds: Cell<bool>,
    /// Commits to partitions whose names begin with this fail.
    pub fails: RefCell<Option<String>>,
    /// How many commits there were to partitions that belong to owners.
    pub commits: Cell<usize>,
    /// How often partitions were looked for.
    pub lists: Cell<usize>,
}

impl Slow {
    fn late<'a, T: 'a>(&'a self, answer: LocalFuture<'a, Result<T>>) -> LocalFuture<'a, Result<T>> {
        Box::pin(async move {
            let answer = answer.await;
            std::future::poll_fn(|_| if self.holds.get() { Poll::Pending } else { Poll::Ready(()) }).await;
            answer
        })
    }
}

impl ByteStore for Slow {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, Result<Vec<String>>> {
        self.lists.set(self.lists.get() + 1);
        self.inner.list(prefix)
    }
    fn load<'a>(&'a self, partition: &'a str, known: Option<u64>) -> LocalFuture<'a, Result<Option<Image>>> {
        self.late(self.inner.load(partition, known))
    }
    fn read<'a>(
        &'a self,
        partition: &'a str,
        names: &'a [String],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>>> {
        self.inner.read(partition, names)
    }
    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        if !commit.partition.starts_with(RESERVED) {
            self.commits.set(self.commits.get() + 1);
        }
        if self.fails.borrow().as_ref().is_some_and(|prefix| commit.partition.starts_with(prefix)) {
            return Box::pin(async { Err(Error::new(ErrorKind::StoreFailed, "the disk is gone")) });
        }
        self.late(self.inner.commit(commit))
    }
    fn erase<'a>(&'a self, partition: &'a str) -> LocalFuture<'a, Result<()>> {
        self.inner.erase(partition)
    }
    fn close<'a>(&'a self) -> LocalFuture<'a, Result<()>> {
        self.inner.close()
    }
}

/// A call that has begun and waits for a store that holds it back.
pub fn started<'a, T>(call: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    let mut call = Box::pin(call);
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    call
}

/// Tenants in this process, which keep what they hold when they are closed for others.
#[derive(Default)]
pub struct InProcess {
    stores: RefCell<Vec<(String, Rc<MemoryStore>)>>,
    /// How often one was opened.
    pub opened: Cell<usize>,
}

impl Tenants for InProcess {
    fn open<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Result<Memory>> {
        self.opened.set(self.opened.get() + 1);
        let mut stores = self.stores.borrow_mut();
        if !stores.iter().any(|(known, _)| known == name) {
            stores.push((name.to_owned(), Rc::default()));
        }
        let store = stores.iter().find(|(known, _)| known == name).map(|(_, store)| Rc::clone(store));
        let memory = Memory::new(store.unwrap(), Rc::new(NativeHost::new()));
        Box::pin(async move { Ok(memory) })
    }
}

/// A key's caller, who may read and write.
pub fn caller(org: &str, project: &str) -> Caller {
    Caller {
        id: "0123456789ab".into(),
        org: org.into(),
        project: project.into(),
        bounds: Scope::new(),
        right: Right::Write,
        rate: None,
        is_root: false,
    }
}
