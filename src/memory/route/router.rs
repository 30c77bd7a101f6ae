//! The router: which objects a method concerns, and how their answers become one.

use std::rc::Rc;

use serde_json::Value;

use super::super::{Memory, Models, Reach, reach, wire};
use super::{Objects, Routing, call_request, read_answer};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::record::MemoryId;
use crate::scope::Axis;
use crate::sorted::sort_names;
use crate::store::{ByteStore, MemoryStore};
use wire::read::{Literal, Options, read_messages, scope_of, timestamp};

/// So many objects are asked at a time.
const AT_ONCE: usize = 6;
/// So many objects are asked for one call at most.
pub const MOST_OBJECTS: usize = 1_000;

/// What leads from a call to objects.
pub(in super::super) struct Router {
    pub(super) objects: Rc<dyn Objects>,
    pub(super) routing: Routing,
    pub(super) host: Rc<dyn Host>,
    /// An empty memory, which refuses what is wrong with the same words as every other memory, and answers what
    /// concerns no object.
    blank: Memory,
}

/// Whom a method concerns.
#[derive(Clone, Copy, PartialEq)]
enum Whom {
    /// The owner that its options name.
    Writer,
    /// The memory of the id that is its first argument.
    Id,
    /// All that its options name, which are its first or second argument.
    Reader(usize),
    /// The user that is named; else everybody.
    Owned,
    /// The memories that a report of `consolidate` names.
    Reported,
    /// Everybody.
    All,
    /// Everybody, and whoever was there.
    Ever,
}

/// How answers become one.
#[derive(Clone, Copy, PartialEq)]
enum Merge {
    /// The first that knows the memory.
    First,
    /// Numbers are added, lists joined.
    Sum,
    /// That of one of them, whichever: the others are not asked.
    One,
    /// By rounds of what they hold together, unless one object is all that is concerned.
    Together,
}

/// The methods that objects answer, each asked with the call as it is. [`Router::call`] knows three others: `close` asks no
/// object, and `changeAll` and `reshardStep` ask theirs in their own ways. What does not exist is refused without any.
const METHODS: &[(&str, Whom, Merge)] = &[
    ("add", Whom::Writer, Merge::First),
    ("get", Whom::Id, Merge::First),
    ("history", Whom::Id, Merge::First),
    ("update", Whom::Id, Merge::First),
    ("delete", Whom::Id, Merge::First),
    ("feedback", Whom::Id, Merge::First),
    ("erase", Whom::Id, Merge::Sum),
    ("deleteAll", Whom::Owned, Merge::Sum),
    ("sweep", Whom::Owned, Merge::Sum),
    ("search", Whom::Reader(1), Merge::Together),
    ("context", Whom::Reader(1), Merge::Together),
    ("getAll", Whom::Reader(0), Merge::Together),
    ("complete", Whom::Reader(0), Merge::One),
    ("entities", Whom::Reader(0), Merge::Together),
    ("entity", Whom::Reader(1), Merge::Together),
    ("graph", Whom::Reader(0), Merge::Together),
    ("timeline", Whom::Reader(0), Merge::Together),
    ("conflicts", Whom::Reader(0), Merge::Sum),
    ("consolidate", Whom::Reader(0), Merge::Sum),
    ("undoConsolidation", Whom::Reported, Merge::Sum),
    ("reset", Whom::Ever, Merge::Sum),
    ("stats", Whom::All, Merge::Sum),
    ("reindexStep", Whom::All, Merge::Sum),
    ("pending", Whom::All, Merge::Sum),
    ("owners", Whom::All, Merge::Sum),
    ("readStep", Whom::All, Merge::Sum),
];

impl Memory {
    /// A memory whose owners live in objects, which the methods of [`wire::call`] are sent to. Of the models, the
    /// embedder is asked for questions to several objects and the reranker for their answers; all else is asked by the
    /// objects. `beside` is for what is kept beside memories; [`Memory::store`] returns it.
    pub fn routed(
        objects: Rc<dyn Objects>,
        beside: Rc<dyn ByteStore>,
        host: Rc<dyn Host>,
        models: Models,
        routing: Routing,
    ) -> Memory {
        let models = Models { tokens: None, ..models };
        let mut routed = Memory::with_models(beside, Rc::clone(&host), models);
        let blank = Memory::new(Rc::new(MemoryStore::new()), Rc::clone(&host));
        let router = Router { objects, routing, host, blank };
        if let Some(inner) = Rc::get_mut(&mut routed.0) {
            inner.router = Some(router);
        }
        routed
    }
}

/// What a method of [`Memory`] itself says where memories are in objects.
pub(in super::super) fn elsewhere() -> Error {
    let message = "the memories are in objects: call them by the methods of wire::call";
    Error::new(ErrorKind::Unsupported, message)
}

impl Router {
    pub(super) fn blank(&self) -> &Memory {
        &self.blank
    }

    /// Calls a method by name with its arguments as JSON.
    pub async fn call(&self, memory: &Memory, method: &str, arguments: &[Value]) -> Result<Value> {
        memory.open()?;
        if method == "close" {
            memory.0.closed.set(true);
            return Ok(Value::Null);
        }
        if method == "changeAll" {
            return self.change_all(arguments).await;
        }
        if method == "reshardStep" {
            return self.reshard_step(arguments.first().unwrap_or(&Value::Null)).await;
        }
        let Some(&(_, whom, merge)) = METHODS.iter().find(|(name, ..)| *name == method) else {
            return wire::local(&self.blank, method, arguments).await;
        };
        // The empty memory says what is wrong with a call, if that is why it concerns nobody.
        let mut objects = match self.concerned(whom, arguments).await {
            Ok(objects) => objects,
            Err(error) => return wire::local(&self.blank, method, arguments).await.and(Err(error)),
        };
        if objects.is_empty() {
            return wire::local(&self.blank, method, arguments).await;
        }
        if merge == Merge::Together && objects.len() > 1 {
            // What is wrong with a call is said once, and before anybody is asked.
            wire::local(&self.blank, method, arguments).await?;
            return self.together(memory, objects, method, arguments).await;
        }
        if merge == Merge::One {
            objects.truncate(1);
        }
        let answers = self.ask(&objects, &call_request(method, arguments)).await;
        merged(answers, merge == Merge::Sum)
    }

    /// Sends one request to all of these objects, a few at a time. Their answers, in the objects' order.
    pub(super) async fn ask(&self, objects: &[String], request: &[u8]) -> Vec<Result<Vec<u8>>> {
        let mut answers = Vec::with_capacity(objects.len());
        for objects in objects.chunks(AT_ONCE) {
            answers.extend(self.objects.ask_all(objects, request).await);
        }
        answers
    }

    /// The objects that a call concerns, in order; none, or an error, if its arguments name nobody.
    async fn concerned(&self, whom: Whom, arguments: &[Value]) -> Result<Vec<String>> {
        let argument = |at: usize| arguments.get(at).unwrap_or(&Value::Null);
        let mut objects: Vec<String> = Vec::new();
        let mut of_id = |id: &str| {
            if let Some(prefix) = MemoryId::parse(id).and_then(MemoryId::partition_prefix) {
                objects.extend(self.routing.objects(&prefix));
            }
        };
        match (whom, argument(0)) {
            (Whom::Writer, messages) => self.writer(messages, argument(1)),
            (Whom::Id, Value::String(id)) => {
                of_id(id);
                Ok(objects)
            }
            // `erase` takes an id or a scope.
            (Whom::Id | Whom::Owned, scope) => {
                let (scope, _) = scope_of(&Options::of(scope)?, Literal)?;
                let user = scope.get(Axis::User).map(|user| crate::engine::partition_name(Axis::User, user));
                match user {
                    Some(partition) => Ok(self.routing.objects_of(&partition)),
                    None if whom == Whom::Id && scope.is_empty() => Ok(vec![]),
                    None => self.everybody(false).await,
                }
            }
            (Whom::Reader(at), _) => self.readers(&wire::reach(&Options::of(argument(at))?)?).await,
            (Whom::Reported, report) => {
                for (list, id) in [("merged", "into"), ("promoted", "id")] {
                    for it in report[list].as_array().map_or(&[][..], Vec::as_slice) {
                        of_id(it[id].as_str().unwrap_or_default());
                    }
                }
                sort_names(&mut objects);
                Ok(objects)
            }
            (Whom::All | Whom::Ever, _) => self.everybody(whom == Whom::Ever).await,
        }
    }

    fn writer(&self, messages: &Value, options: &Value) -> Result<Vec<String>> {
        let options = Options::of(options)?;
        let (scope, conversation) = wire::place(&options)?;
        let first = read_messages(messages)?.first().and_then(|message| message.timestamp);
        let now = crate::time::Timestamp::clamped(self.host.now());
        let said = first.or(timestamp(&options)?).unwrap_or(now);
        Ok(self.routing.home(&scope, conversation.as_deref(), said).into_iter().collect())
    }

    /// The objects that a read concerns.
    pub(super) async fn readers(&self, reach: &Reach) -> Result<Vec<String>> {
        let Some(names) = reach::names(reach)? else { return self.everybody(false).await };
        let mut objects: Vec<String> = Vec::new();
        for name in names {
            objects.extend(self.routing.objects_of(&name));
        }
        sort_names(&mut objects);
        Ok(objects)
    }

    /// All objects of the tenant; with `ever` also those in which everything was erased, the latest as far as there is room
    /// for them among those that one call asks.
    pub(super) async fn everybody(&self, ever: bool) -> Result<Vec<String>> {
        let tenant = self.routing.tenant();
        let mut objects = self.objects.owners(tenant, MOST_OBJECTS + 1, false).await?;
        sort_names(&mut objects);
        if objects.len() > MOST_OBJECTS {
            let message = format!(
                "this concerns every owner, and there are more than {MOST_OBJECTS}: name the user, or call it for one owner \
                 after the other"
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        if ever && objects.len() < MOST_OBJECTS {
            objects.extend(self.objects.owners(tenant, MOST_OBJECTS - objects.len(), true).await?);
            sort_names(&mut objects);
        }
        Ok(objects)
    }
}

/// What all objects answer together: added up, or with `adds` not set the answer of the first that knows the memory. One
/// that does not know it says so, by nothing or by `NOT_FOUND`, which counts where none knows it.
fn merged(answers: Vec<Result<Vec<u8>>>, adds: bool) -> Result<Value> {
    let mut known: Option<Value> = None;
    let mut unknown = Ok(Value::Null);
    for answer in answers {
        match answer.and_then(|answer| read_answer(&answer)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(value) if adds || !is_nothing(&value) => match &mut known {
                Some(known) if adds => add_up("", known, value),
                Some(_) => {}
                None => known = Some(value),
            },
            nothing => unknown = nothing,
        }
    }
    known.map_or(unknown, Ok)
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// Numbers are added, lists joined, objects added up by their members. What is so for one is so for all, but for
/// `finished`; of texts the greatest stands, which of times is the last.
pub(super) fn add_up(name: &str, total: &mut Value, value: Value) {
    match (total, value) {
        (Value::Object(total), Value::Object(value)) => {
            for (name, value) in value {
                match total.get_mut(&name) {
                    Some(known) => add_up(&name, known, value),
                    None => drop(total.insert(name, value)),
                }
            }
        }
        (Value::Array(total), Value::Array(value)) => total.extend(value),
        (Value::Bool(total), Value::Bool(value)) => {
            *total = if name == "finished" { *total && value } else { *total || value };
        }
        (Value::String(total), Value::String(value)) if value > *total => *total = value,
        (total @ Value::Number(_), Value::Number(value)) => {
            *total = (total.as_u64().unwrap_or(0) + value.as_u64().unwrap_or(0)).into();
        }
        (total @ Value::Null, value) => *total = value,
        _ => {}
    }
}
