//! mem0's platform protocol over a memory: what its official clients send and read.
//!
//! Names, shapes and limits are the platform's, and what edgemem knows beside them stands beside them in the answers.
//! Nothing is kept for it: an event's id names the memories that it made, an export's id holds its filters.

/// An object with these members, in this order. `json!` inserts one member after the other, each with code of its own;
/// here they are a list that one function reads.
macro_rules! object {
    ({ $($name:literal: $value:expr),+ $(,)? }) => {
        $crate::mem0::object(vec![$(($name, serde_json::Value::from($value))),+])
    };
}

mod change;
pub(crate) mod entities;
pub(crate) mod events;
mod exports;
mod filters;
mod list;
mod page;
mod schema;
mod show;

use edgemem::host::LocalFuture;
use edgemem::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::desk::Desk;
use crate::http::Head;
use crate::own;
use crate::route::Want;

/// A request, once it is known what it wants.
pub struct Asked<'a> {
    /// The memory, as the caller may use it.
    pub desk: &'a Desk,
    /// The request's head, for the addresses of other pages.
    pub head: &'a Head,
    /// The texts in the path.
    pub texts: &'a [String],
    /// The options: the query's, and the body's.
    pub options: Map<String, Value>,
}

impl Asked<'_> {
    /// Calls a method of the memory.
    pub(crate) fn call<'a>(
        &'a self,
        method: &'a str,
        arguments: &'a [Value],
    ) -> LocalFuture<'a, Result<Value>> {
        self.desk.call(method, arguments)
    }

    /// The first text in the path, as the id of a memory.
    fn id(&self) -> Result<&str> {
        checked(self.texts.first().map_or("", String::as_str))
    }

    /// An option, or null.
    pub(crate) fn option(&self, name: &str) -> &Value {
        self.options.get(name).unwrap_or(&Value::Null)
    }

    /// The memory of this id as it is shown.
    async fn memory(&self, id: &str) -> Result<Value> {
        match self.call("get", &[id.into()]).await? {
            Value::Null => Err(unknown(id)),
            item => Ok(show::memory(item)),
        }
    }
}

/// Does what is wanted, and returns the body of the answer. Not an async function, whose body would be compiled again in
/// the crate of every host.
#[inline(never)]
pub fn answer(want: Want, asked: Asked<'_>) -> LocalFuture<'_, Result<Value>> {
    match want {
        Want::Add => Box::pin(events::add(asked)),
        Want::Event => Box::pin(events::event(asked)),
        Want::Events => Box::pin(events::events(asked)),
        Want::List | Want::ListComposed => Box::pin(list::list(asked, want == Want::ListComposed)),
        Want::Search | Want::Find => Box::pin(list::search(asked, want == Want::Find)),
        Want::Get => Box::pin(async move { asked.memory(asked.id()?).await }),
        Want::Update => Box::pin(change::update(asked)),
        Want::Delete => Box::pin(change::delete(asked)),
        Want::History => Box::pin(change::history(asked)),
        Want::DeleteAll => Box::pin(change::delete_all(asked)),
        Want::BatchUpdate | Want::BatchDelete => Box::pin(change::batch(asked, want == Want::BatchDelete)),
        Want::Entities => Box::pin(entities::list(asked)),
        Want::DeleteEntity => Box::pin(entities::delete(asked)),
        Want::Feedback => Box::pin(change::feedback(asked)),
        Want::Export => Box::pin(exports::create(asked)),
        Want::ReadExport => Box::pin(exports::read(asked)),
        Want::Context
        | Want::Stats
        | Want::Reshard
        | Want::RelayList
        | Want::RelayRead
        | Want::RelayAppend
        | Want::RelayDrop => own::answer(want, asked),
        Want::Ping => Box::pin(std::future::ready(Ok(ping(asked.desk.caller())))),
        // What concerns no memory is answered before it comes here.
        Want::Health
        | Want::Ready
        | Want::OpenApi
        | Want::Missing
        | Want::Mcp
        | Want::Keys
        | Want::MakeKey
        | Want::RevokeKey
        | Want::Audit => {
            let message = "a request that concerns no memory was given to one";
            Box::pin(std::future::ready(Err(Error::new(ErrorKind::Internal, message))))
        }
    }
}

/// Whose token it is.
fn ping(caller: &Caller) -> Value {
    object!({
        "status": "ok", "org_id": caller.org.as_str(), "project_id": caller.project.as_str(),
        "user_email": "edgemem",
    })
}

/// Refuses what is no id of a memory, which mem0's clients tell from an id that is not known.
fn checked(id: &str) -> Result<&str> {
    let dashes = [8, 13, 18, 23];
    let fits = |(at, byte): (usize, u8)| match dashes.contains(&at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    if id.len() == 36 && id.bytes().enumerate().all(fits) {
        return Ok(id);
    }
    Err(wrong("memory_id", "memory_id should be a valid UUID"))
}

fn unknown(id: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("Memory with ID {id} not found")).field("memory_id")
}

fn wrong(field: &str, message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message).field(field)
}

/// The items of a list; none of anything else.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// See the macro.
pub(crate) fn object(members: Vec<(&str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// An object with this one member.
pub(crate) fn one(name: &str, value: Value) -> Value {
    object(vec![(name, value)])
}
