//! Tenants: an organisation's project with memories of its own, which no other tenant's key reaches.
//!
//! Whose memories a request is about follows from its key alone. A host gives every tenant a memory over a place of its
//! own: objects under another name, tables under another prefix, another folder. So a tenant's ids lead nowhere in
//! another tenant, whatever a request says. The tenant `default` of the organisation `default` is the memory that there
//! was before there were keys, at the place where it always was.

use std::cell::RefCell;
use std::rc::Rc;

use edgemem::host::LocalFuture;
use edgemem::text::Digest;
use edgemem::{Error, ErrorKind, Memory, Result};

use crate::auth::Caller;

/// The organisation and the project of tokens that are no keys.
pub const DEFAULT: &str = "default";
/// So many tenants are kept open, beside those that are being asked.
const OPEN: usize = 64;

/// What opens memories of tenants.
pub trait Tenants {
    /// The memory of the tenant of this name: `t` and 24 lower-case hex digits. Called again for the same one after it
    /// was closed for others.
    fn open<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Result<Memory>>;

    /// Is told that this one was closed for others. It may be opened again at once.
    fn closed(&self, _name: &str) {}
}

/// Where there is no place for more than one tenant: a store that a program wrote itself.
pub struct OneTenant;

impl Tenants for OneTenant {
    fn open<'a>(&'a self, _: &'a str) -> LocalFuture<'a, Result<Memory>> {
        let message =
            "this service's store has no place for tenants: only keys of the organisation default work";
        Box::pin(async move { Err(Error::new(ErrorKind::Unsupported, message).field("store")) })
    }
}

/// The name of a tenant; `None` for the default one.
pub fn name(org: &str, project: &str) -> Option<String> {
    if (org, project) == (DEFAULT, DEFAULT) {
        return None;
    }
    Some(format!("t{}", &Digest::of(&[b"tenant", org.as_bytes(), project.as_bytes()]).to_hex()[..24]))
}

/// The tenants that are open, those that were asked last at the end.
pub struct Open {
    tenants: Rc<dyn Tenants>,
    open: RefCell<Vec<(String, Rc<Memory>)>>,
}

impl Open {
    /// None is open yet.
    pub fn new(tenants: Rc<dyn Tenants>) -> Open {
        Open { tenants, open: RefCell::default() }
    }

    /// A caller's memory; `root` is the default tenant's. Hold on to it while it is asked: a tenant that is not held is
    /// closed for others, and two memories over one place would each believe to be alone.
    pub async fn of(&self, caller: &Caller, root: &Rc<Memory>) -> Result<Rc<Memory>> {
        let Some(name) = name(&caller.org, &caller.project) else {
            self.close(root);
            return Ok(Rc::clone(root));
        };
        if let Some(memory) = self.take(&name, None) {
            self.close(root);
            return Ok(memory);
        }
        let opened = Rc::new(self.tenants.open(&name).await?);
        // Another request may have opened it meanwhile: then its memory is everybody's.
        let memory = self.take(&name, Some(&opened)).unwrap_or(opened);
        self.close(root);
        Ok(memory)
    }

    /// Moves an open tenant to the end; puts `opened` there if it is not open.
    fn take(&self, name: &str, opened: Option<&Rc<Memory>>) -> Option<Rc<Memory>> {
        let mut open = self.open.borrow_mut();
        let found = match open.iter().position(|(known, _)| known == name) {
            Some(at) => open.remove(at).1,
            None => Rc::clone(opened?),
        };
        open.push((name.to_owned(), Rc::clone(&found)));
        Some(found)
    }

    /// Closes tenants that nobody asks, those first that were not asked for longest, while there are too many or all
    /// memories together have more loaded than they may. A memory makes room by itself in what is its own alone.
    fn close(&self, root: &Memory) {
        loop {
            let mut open = self.open.borrow_mut();
            if open.len() <= OPEN && !root.is_crowded() {
                break;
            }
            let Some(idle) = open.iter().position(|(_, memory)| Rc::strong_count(memory) == 1) else { break };
            let (name, _) = open.remove(idle);
            drop(open);
            self.tenants.closed(&name);
        }
        root.make_room();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{InProcess, Slow, caller, started};
    use edgemem::Models;
    use edgemem::host::native::NativeHost;
    use edgemem::memory::wire;
    use edgemem::store::{ByteStore, MemoryStore};
    use futures_executor::block_on;
    use serde_json::json;

    #[test]
    fn names_of_tenants_differ_and_the_default_one_has_none() {
        assert_eq!(name(DEFAULT, DEFAULT), None);
        let names = [("a", "bc"), ("ab", "c"), ("default", "a"), ("a", "default")]
            .map(|(org, project)| name(org, project).unwrap());
        for (at, one) in names.iter().enumerate() {
            assert!(one.len() == 25 && one.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{one}");
            assert!(!names[..at].contains(one));
        }
    }

    #[test]
    fn a_tenant_that_is_asked_stays_the_same_memory() {
        let tenants = Rc::new(InProcess::default());
        let open = Open::new(Rc::clone(&tenants) as Rc<dyn Tenants>);
        let root = Rc::new(Memory::in_process());
        let of = |project: &str| block_on(open.of(&caller("acme", project), &root)).unwrap();
        assert!(Rc::ptr_eq(&block_on(open.of(&caller(DEFAULT, DEFAULT), &root)).unwrap(), &root));
        let held = of("held");
        for at in 0..2 * OPEN {
            of(&format!("p{at}"));
        }
        assert!(Rc::ptr_eq(&of("held"), &held));
        assert_eq!(open.open.borrow().len(), OPEN);
        assert_eq!(tenants.opened.get(), 2 * OPEN + 1);
        of("p0");
        assert_eq!(tenants.opened.get(), 2 * OPEN + 2, "closed for others, and opened again");
    }

    /// Tenants that share the root's room.
    struct Beside(Memory);

    impl Tenants for Beside {
        fn open<'a>(&'a self, _: &'a str) -> LocalFuture<'a, Result<Memory>> {
            let memory = self.0.beside(Rc::new(MemoryStore::default()), Models::default());
            Box::pin(async move { Ok(memory) })
        }
    }

    #[test]
    fn what_is_read_during_a_reset_takes_no_room_for_ever() {
        let store = Rc::new(Slow::default());
        let open = || Memory::new(Rc::clone(&store) as Rc<dyn ByteStore>, Rc::new(NativeHost::new()));
        let scope = json!({ "user_id": "u", "infer": false });
        block_on(wire::called(&open(), "add", &[json!("tea"), scope])).unwrap();
        let memory = open();
        let whose = [json!({ "user_id": "u" })];
        store.holds.set(true);
        let reading = started(wire::called(&memory, "getAll", &whose));
        store.holds.set(false);
        block_on(memory.reset()).unwrap();
        drop(block_on(reading));
        memory.keep_loaded(0);
        assert!(!memory.is_crowded());
    }

    #[test]
    fn all_tenants_together_have_room_for_so_much() {
        let root = Rc::new(Memory::in_process());
        root.keep_loaded(1 << 20);
        let open = Open::new(Rc::new(Beside((*root).clone())));
        let held = block_on(open.of(&caller("acme", "held"), &root)).unwrap();
        let mut most = 0;
        for at in 0..20 {
            let memory = block_on(open.of(&caller("acme", &format!("p{at}")), &root)).unwrap();
            let text = json!("Some words about tea. ".repeat(4000));
            let scope = json!({ "user_id": "u", "infer": false });
            block_on(wire::called(&memory, "add", &[text, scope])).unwrap();
            most = most.max(open.open.borrow().len());
        }
        assert!((3..20).contains(&most), "{most} were open at once");
        let last = block_on(open.of(&caller("acme", "p19"), &root)).unwrap();
        assert!(!last.is_crowded());
        assert!(Rc::ptr_eq(&block_on(open.of(&caller("acme", "held"), &root)).unwrap(), &held));
        drop((open, held, last));
        assert!(!root.is_crowded());
    }
}
