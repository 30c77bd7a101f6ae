//! What the tests of this crate share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edgemem::host::native::NativeHost;
use edgemem::host::{Gate, Host, LocalFuture};
use edgemem::store::MemoryStore;
use edgemem::{Memory, Result};

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
        bounds: vec![],
        right: Right::Write,
        rate: None,
        is_root: false,
    }
}
