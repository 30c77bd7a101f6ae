//! The one way from a request to a memory: lets through what the caller may do, and no further than its user or agent.
//!
//! Every door (the routes, mem0's protocol, MCP) asks the memory by the names of its methods. So rights are a property of
//! methods and not of paths, and a door that forgets to check cannot be opened too far.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edgemem::engine::partition_name;
use edgemem::host::LocalFuture;
use edgemem::memory::wire;
use edgemem::record::MemoryId;
use edgemem::scope::Axis;
use edgemem::{Error, ErrorKind, Memory, Result};
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::bounds::{SPELLINGS, bind, carries, forbidden};
use crate::keys::Right;

/// What a method is about, which decides how a caller is kept within its bounds.
#[derive(Clone, Copy, PartialEq)]
enum About {
    /// The memories that its options name, which are its first or second argument.
    Read(usize),
    /// The owner that its options name, which are its first or second argument.
    Scope(usize),
    /// The memory of the id that is its first argument.
    Id,
    /// The memories whose changes are its first argument.
    Each,
    /// All memories.
    Everything,
}

/// The methods that doors call, with the right that each takes. What is not here takes the right of administrators.
const METHODS: &[(&str, Right, About)] = &[
    ("get", Right::Read, About::Id),
    ("history", Right::Read, About::Id),
    ("getAll", Right::Read, About::Read(0)),
    ("search", Right::Read, About::Read(1)),
    ("context", Right::Read, About::Read(1)),
    ("timeline", Right::Read, About::Read(0)),
    ("complete", Right::Read, About::Read(0)),
    ("owners", Right::Read, About::Everything),
    ("stats", Right::Read, About::Everything),
    ("add", Right::Write, About::Scope(1)),
    ("update", Right::Write, About::Id),
    ("delete", Right::Write, About::Id),
    ("changeAll", Right::Write, About::Each),
    ("deleteAll", Right::Write, About::Scope(0)),
    ("feedback", Right::Write, About::Id),
];

/// A memory as one caller may use it.
pub struct Desk {
    memory: Rc<Memory>,
    caller: Rc<Caller>,
    touched: Cell<Touched>,
    writes: Cell<bool>,
    refusal: Cell<Option<u16>>,
    /// The ids of a batch that are known to be the caller's: it looks first and changes then, and a memory keeps its owner.
    owned: RefCell<Vec<Value>>,
}

/// How many memories were written to.
#[derive(Clone, Copy, PartialEq)]
enum Touched {
    Nothing,
    Known(u64),
    /// An answer did not tell, so the sum is not known either.
    Unknown,
}

impl Desk {
    /// This caller before this memory, which is its tenant's.
    pub fn new(memory: Rc<Memory>, caller: Rc<Caller>) -> Desk {
        Desk {
            memory,
            caller,
            touched: Cell::new(Touched::Nothing),
            writes: Cell::new(false),
            refusal: Cell::new(None),
            owned: RefCell::default(),
        }
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The memory itself, for what is kept beside memories. Whoever takes it checks rights by [`Desk::may`].
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// How many memories were written to, as far as answers told.
    pub fn touched(&self) -> Option<u64> {
        match self.touched.get() {
            Touched::Known(count) => Some(count),
            Touched::Nothing | Touched::Unknown => None,
        }
    }

    /// Notes that a door refused a write with this status inside of an answer that has another, as MCP does.
    pub fn refuse(&self, status: u16) {
        self.writes.set(true);
        self.refusal.set(Some(status));
    }

    /// The last of these refusals.
    pub fn refusal(&self) -> Option<u16> {
        self.refusal.get()
    }

    /// Whether it was asked to write anything, with or without success.
    pub fn writes(&self) -> bool {
        self.writes.get()
    }

    /// `RIGHT_MISSING` unless the caller has this right.
    pub fn may(&self, right: Right) -> Result<()> {
        self.writes.set(self.writes.get() || right > Right::Read);
        self.caller.may(right)
    }

    /// Whether the caller may use this account of the relay: one that is bound to a user has the account of that name
    /// alone, and one that is bound to an agent none, for an agent may have the name of a user.
    pub fn may_relay(&self, account: &str, writes: bool) -> Result<()> {
        self.may(if writes { Right::Write } else { Right::Read })?;
        let bounds = &self.caller.bounds;
        match bounds.is_empty() || bounds.get(Axis::User) == Some(account) {
            true => Ok(()),
            false => Err(forbidden("account")),
        }
    }

    /// Whether the caller may list what these options name: the errors of calling `getAll` with them.
    pub fn may_list(&self, mut options: Map<String, Value>) -> Result<()> {
        self.may(Right::Read)?;
        bind(&self.caller.bounds, &mut options, true)
    }

    /// Puts the caller's ids into the options of a request that names nobody, where it may name somebody.
    pub fn stand_in(&self, options: &mut Map<String, Value>) {
        let names =
            |options: &Map<String, Value>, name: &str| options.get(name).is_some_and(|it| !it.is_null());
        let scoped = SPELLINGS.iter().any(|(_, both)| both.iter().any(|name| names(options, name)));
        if !scoped && !names(options, "filters") {
            for (axis, id) in self.caller.bounds.ids() {
                options.insert(axis.id_name().to_owned(), id.into());
            }
        }
    }

    /// Calls a method of the memory by its name, as [`wire::called`] does.
    ///
    /// Errors: those of the method; `RIGHT_MISSING`; and for callers that are bound to a user or an agent `SCOPE_FORBIDDEN`
    /// if another is named or the method concerns everybody, and `NOT_FOUND` for ids of memories that are not theirs.
    pub fn call<'a>(&'a self, method: &'a str, arguments: &'a [Value]) -> LocalFuture<'a, Result<Value>> {
        Box::pin(self.called(method, arguments))
    }

    async fn called(&self, method: &str, arguments: &[Value]) -> Result<Value> {
        let found = METHODS.iter().find(|(name, ..)| *name == method);
        let (right, about) =
            found.map_or((Right::Admin, About::Everything), |(_, right, about)| (*right, *about));
        self.may(right)?;
        let confined;
        let arguments = match self.caller.bounds.is_empty() {
            true => arguments,
            false => {
                confined = self.confine(method, about, arguments).await?;
                &confined
            }
        };
        let answer = wire::called(&self.memory, method, arguments).await?;
        let is_dry = about == About::Each && arguments.get(1).is_some_and(|it| it["dryRun"] == true);
        if right == Right::Write && !is_dry {
            let length = |name: &str| answer[name].as_array().map(|list| list.len() as u64);
            let told = match about {
                About::Id => Some(1),
                About::Each => length("done"),
                _ => length("results"),
            };
            self.touched.set(match (self.touched.get(), told) {
                (Touched::Unknown, _) | (_, None) => Touched::Unknown,
                (Touched::Nothing, Some(more)) => Touched::Known(more),
                (Touched::Known(before), Some(more)) => Touched::Known(before + more),
            });
        }
        Ok(answer)
    }

    /// The arguments with the caller's own ids put in.
    async fn confine(&self, method: &str, about: About, arguments: &[Value]) -> Result<Vec<Value>> {
        let mut arguments = arguments.to_vec();
        match about {
            About::Everything => {
                let message = "this concerns memories of all users, and the key is for one of them";
                return Err(Error::new(ErrorKind::ScopeForbidden, message));
            }
            About::Id => {
                let id = arguments.first().and_then(Value::as_str).unwrap_or_default();
                self.must_own(method, id).await?;
            }
            About::Each => {
                let changes = arguments.first().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let ids: Vec<Value> = changes.iter().map(|change| change["id"].clone()).collect();
                if *self.owned.borrow() != ids {
                    for id in &ids {
                        self.must_own(method, id.as_str().unwrap_or_default()).await?;
                    }
                    self.owned.replace(ids);
                }
            }
            About::Read(at) | About::Scope(at) => {
                arguments.resize(arguments.len().max(at + 1), Value::Null);
                if arguments[at].is_null() {
                    arguments[at] = json!({});
                }
                // What is no object is refused by the memory.
                if let Some(options) = arguments[at].as_object_mut() {
                    bind(&self.caller.bounds, options, matches!(about, About::Read(_)))?;
                }
            }
        }
        Ok(arguments)
    }

    async fn must_own(&self, method: &str, id: &str) -> Result<()> {
        if self.owns(method, id).await? {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NotFound, format!("Memory with ID {id} not found")).field("id"))
    }

    /// Whether a memory carries the caller's ids.
    async fn owns(&self, method: &str, id: &str) -> Result<bool> {
        let found = wire::called(&self.memory, "get", &[id.into()]).await?;
        if !found.is_null() {
            return Ok(carries(&found, &self.caller.bounds));
        }
        // Of a deleted memory only its id is left, which begins as the name of its owner's partition does.
        let prefix = MemoryId::parse(id).and_then(MemoryId::partition_prefix);
        let mut own = self.caller.bounds.ids();
        Ok(match (method, prefix, own.next(), own.next()) {
            ("history" | "changeAll", Some(prefix), Some((axis, own)), None) => {
                partition_name(axis, own).starts_with(&prefix)
            }
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::caller;
    use edgemem::scope::Scope;
    use futures_executor::block_on;

    fn desk(memory: &Rc<Memory>, right: Right, bounds: &[(Axis, &str)]) -> Desk {
        let bounds = bounds.iter().fold(Scope::new(), |bounds, (axis, id)| bounds.with(*axis, *id));
        Desk::new(Rc::clone(memory), Rc::new(Caller { right, bounds, ..caller("acme", "p") }))
    }

    type Answered = std::result::Result<Value, &'static str>;

    fn ask(desk: &Desk, method: &str, arguments: Value) -> Answered {
        block_on(desk.call(method, arguments.as_array().unwrap())).map_err(|problem| problem.code())
    }

    fn texts(found: Answered) -> std::result::Result<Vec<String>, &'static str> {
        let text = |item: &Value| item["memory"].as_str().unwrap().to_owned();
        let mut texts: Vec<String> = found?["results"].as_array().unwrap().iter().map(text).collect();
        texts.sort();
        Ok(texts)
    }

    /// Memories of every kind of owner, and the ids of alice's and bob's.
    fn filled() -> (Rc<Memory>, String, String) {
        let memory = Rc::new(Memory::in_process());
        let all = desk(&memory, Right::Write, &[]);
        let add = |text: &str, scope: Value| {
            ask(&all, "add", json!([text, scope])).unwrap()["results"][0]["id"].as_str().unwrap().to_owned()
        };
        let alice = add("tea of alice", json!({ "user_id": "alice" }));
        let bob = add("tea of bob", json!({ "user_id": "bob" }));
        add("tea of alice with bot", json!({ "user_id": "alice", "agent_id": "bot" }));
        add("tea of bot", json!({ "agent_id": "bot" }));
        add("tea of a run of alice", json!({ "user_id": "alice", "run_id": "r" }));
        add("tea of a run", json!({ "run_id": "r" }));
        add("tea of the organisation", json!({ "org_id": "acme" }));
        (memory, alice, bob)
    }

    #[test]
    fn rights_are_checked_for_every_method() {
        let (memory, alice, _) = filled();
        let reader = desk(&memory, Right::Read, &[]);
        let writer = desk(&memory, Right::Write, &[]);
        for (method, arguments, read, write) in [
            ("search", json!(["tea", { "user_id": "alice" }]), true, true),
            ("get", json!([alice]), true, true),
            ("stats", json!([]), true, true),
            ("add", json!(["x", { "user_id": "alice" }]), false, true),
            ("update", json!([alice, "y"]), false, true),
            ("feedback", json!([alice, "POSITIVE"]), false, true),
            ("delete", json!([alice]), false, true),
            ("deleteAll", json!([{ "user_id": "alice" }]), false, true),
            ("reset", json!([]), false, false),
            ("consolidate", json!([{ "user_id": "alice" }]), false, false),
            ("nothing", json!([]), false, false),
        ] {
            for (desk, may) in [(&reader, read), (&writer, write)] {
                let refused = ask(desk, method, arguments.clone()).err() == Some("RIGHT_MISSING");
                assert_eq!(refused, !may, "{method} with {:?}", desk.caller.right);
            }
        }
        assert!(ask(&desk(&memory, Right::Admin, &[]), "reset", json!([])).is_ok());
    }

    #[test]
    fn a_bound_caller_sees_and_changes_its_own_memories_alone() {
        let (memory, alice, bob) = filled();
        let own = desk(&memory, Right::Admin, &[(Axis::User, "alice")]);
        let of_alice = vec!["tea of alice".to_owned()];
        let with_bot = vec!["tea of alice".to_owned(), "tea of alice with bot".to_owned()];
        for (options, expected) in [
            (json!({}), Ok(of_alice.clone())),
            (json!(null), Ok(of_alice.clone())),
            (json!({ "userId": "alice" }), Ok(of_alice.clone())),
            (json!({ "user_id": "alice", "userId": null }), Ok(of_alice.clone())),
            // Of what is shared with others, nothing that is not also alice's.
            (json!({ "agent_id": "bot" }), Ok(with_bot.clone())),
            (json!({ "agent_id": "bot", "org_id": "acme", "filters": {} }), Ok(with_bot)),
            (
                json!({ "run_id": "r" }),
                Ok(vec!["tea of a run of alice".to_owned(), "tea of alice".to_owned()]),
            ),
            (json!({ "filters": { "org_id": "acme" } }), Ok(vec![])),
            (
                json!({ "filters": { "NOT": { "run_id": "q" } } }),
                Ok(vec![
                    "tea of a run of alice".into(),
                    "tea of alice".into(),
                    "tea of alice with bot".into(),
                ]),
            ),
            (
                json!({ "filters": { "OR": [{ "user_id": "alice" }, { "agent_id": "bot" }] } }),
                Ok(vec![
                    "tea of a run of alice".into(),
                    "tea of alice".into(),
                    "tea of alice with bot".into(),
                ]),
            ),
            (json!({ "user_id": "bob" }), Err("SCOPE_FORBIDDEN")),
            (json!({ "userId": "alice", "user_id": "bob" }), Err("SCOPE_FORBIDDEN")),
            (json!({ "user_id": "*" }), Err("SCOPE_FORBIDDEN")),
            (json!({ "filters": { "user_id": "bob" } }), Err("SCOPE_FORBIDDEN")),
            (json!({ "filters": { "user_id": "*" } }), Err("SCOPE_FORBIDDEN")),
            (
                json!({ "filters": { "OR": [{ "user_id": { "in": ["alice", "bob"] } }] } }),
                Err("SCOPE_FORBIDDEN"),
            ),
            (json!({ "filters": { "AND": [{ "NOT": [{ "userId": "bob" }] }] } }), Err("SCOPE_FORBIDDEN")),
            (json!({ "filters": "user_id" }), Err("FILTER_INVALID")),
            (json!("bob"), Err("INVALID_ARGUMENT")),
        ] {
            assert_eq!(texts(ask(&own, "getAll", json!([options]))), expected, "getAll {options}");
            assert_eq!(texts(ask(&own, "search", json!(["tea", options]))), expected, "search {options}");
        }
        for method in ["get", "history"] {
            assert!(ask(&own, method, json!([alice])).is_ok());
            assert_eq!(ask(&own, method, json!([bob])), Err("NOT_FOUND"), "{method}");
        }
        for (method, arguments) in
            [("update", json!([bob, "x"])), ("delete", json!([bob])), ("feedback", json!([bob, "POSITIVE"]))]
        {
            assert_eq!(ask(&own, method, arguments), Err("NOT_FOUND"), "{method}");
        }
        for method in ["stats", "reset", "sweep", "owners"] {
            assert_eq!(ask(&own, method, json!([])), Err("SCOPE_FORBIDDEN"), "{method}");
        }
        let added = ask(&own, "add", json!(["I moved to Lisbon", {}])).unwrap();
        let id = added["results"][0]["id"].clone();
        let all = desk(&memory, Right::Write, &[]);
        assert_eq!(ask(&all, "get", json!([id])).unwrap()["user_id"], "alice");
        assert_eq!(ask(&own, "add", json!(["x", { "user_id": "bob" }])), Err("SCOPE_FORBIDDEN"));

        // What alice deleted has a history for her alone.
        ask(&own, "delete", json!([alice])).unwrap();
        assert!(ask(&own, "history", json!([alice])).is_ok());
        let other = desk(&memory, Right::Write, &[(Axis::User, "bob")]);
        assert_eq!(ask(&other, "history", json!([alice])), Err("NOT_FOUND"));

        ask(&own, "deleteAll", json!([{ "agent_id": "bot" }])).unwrap();
        ask(&own, "deleteAll", json!([{}])).unwrap();
        let left = texts(ask(
            &all,
            "getAll",
            json!([{ "filters": { "OR": [{ "user_id": "bob" }, { "user_id": "alice" }, { "agent_id": "bot" }, { "run_id": "r" }] }, "top_k": 50 }]),
        ));
        assert_eq!(left, Ok(vec!["tea of a run".into(), "tea of bob".into(), "tea of bot".into()]));
    }

    #[test]
    fn what_was_written_is_counted() {
        let (memory, alice, _) = filled();
        let desk = desk(&memory, Right::Write, &[]);
        ask(&desk, "search", json!(["tea", { "user_id": "alice" }])).unwrap();
        assert_eq!(desk.touched(), None);
        ask(&desk, "delete", json!([alice])).unwrap();
        ask(&desk, "add", json!(["milk", { "user_id": "alice" }])).unwrap();
        assert_eq!(desk.touched(), Some(2));
        // How many these were is not told, and what comes after does not change that.
        ask(&desk, "deleteAll", json!([{ "user_id": "bob" }])).unwrap();
        ask(&desk, "add", json!(["milk", { "user_id": "bob" }])).unwrap();
        assert_eq!(desk.touched(), None);
    }
}
