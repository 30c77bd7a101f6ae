//! Objects in this process: a memory each, over a store of its own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edgemem::host::{Host, LocalFuture};
use edgemem::memory::route::{Objects, answer};
use edgemem::store::MemoryStore;
use edgemem::{Error, ErrorKind, Memory, Models, Result};

/// Memories by the names of their objects.
pub struct InProcess {
    host: Rc<dyn Host>,
    models: Models,
    held: RefCell<BTreeMap<String, Memory>>,
    /// After so many requests the next is lost: before the object gets it, or its answer.
    pub fails_after: Cell<Option<(usize, bool)>>,
    /// Whether an object in which everything was erased is taken off the list, as registries do; a store of its own counts it.
    pub delists: Cell<bool>,
}

impl InProcess {
    /// Objects whose memories have this host and these models.
    pub fn new(host: Rc<dyn Host>, models: Models) -> InProcess {
        InProcess {
            host,
            models,
            held: RefCell::default(),
            fails_after: Cell::default(),
            delists: Cell::default(),
        }
    }

    /// The names of all objects that were asked.
    pub fn names(&self) -> Vec<String> {
        self.held.borrow().keys().cloned().collect()
    }

    /// Loses an object with all that it holds.
    #[allow(dead_code, reason = "every file of tests has its own copy of this module")]
    pub fn drop_object(&self, object: &str) {
        self.held.borrow_mut().remove(object);
    }

    /// The memory of an object.
    pub fn memory(&self, object: &str) -> Memory {
        let mut held = self.held.borrow_mut();
        let fresh =
            || Memory::with_models(Rc::new(MemoryStore::new()), Rc::clone(&self.host), self.models.clone());
        held.entry(object.to_owned()).or_insert_with(fresh).clone()
    }
}

impl Objects for InProcess {
    fn ask<'a>(&'a self, object: &'a str, request: Vec<u8>) -> LocalFuture<'a, Result<Vec<u8>>> {
        let memory = self.memory(object);
        let lost = || Err(Error::new(ErrorKind::ObjectFailed, "the object did not answer"));
        let fails = self.fails_after.get();
        self.fails_after.set(fails.map(|(left, late)| (left.saturating_sub(1), late)));
        Box::pin(async move {
            match fails {
                Some((0, false)) => lost(),
                Some((0, true)) => {
                    answer(&memory, &request).await;
                    lost()
                }
                _ => Ok(answer(&memory, &request).await),
            }
        })
    }

    fn owners<'a>(
        &'a self,
        tenant: &'a str,
        most: usize,
        erased: bool,
    ) -> LocalFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let mut names = Vec::new();
            for name in self.names().into_iter().filter(|name| name.starts_with(&format!("{tenant}/"))) {
                let is_erased = self.delists.get() && self.memory(&name).is_empty().await?;
                if is_erased == erased {
                    names.push(name);
                }
            }
            names.truncate(most);
            Ok(names)
        })
    }
}
