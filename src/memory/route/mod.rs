//! One memory whose owners live in objects of their own, such as Cloudflare's Durable Objects.
//!
//! Every owner has an object; its name follows from the owner, and an id leads to it too, so there is no directory to
//! look up and whoever routes keeps nothing. A call that concerns one object goes there whole. One that concerns several
//! is asked of them in parallel, and what they answer is put together as one partition with everything would have
//! answered. `docs/objects.md` has the names, the protocol and what each method does.
//!
//! An object is a whole [`Memory`] over a store of its own, which hands what it is asked to [`answer`]. What is here is
//! in the builds for Workers and in native ones only: a tab has no objects.

mod batch;
mod exchange;
mod reshard;
mod reunion;
mod round;
mod router;
mod routing;
mod together;

use serde_json::Value;

use super::{Memory, wire};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::json;

pub use router::MOST_OBJECTS;
pub(super) use router::{Router, elsewhere};
pub use routing::{MOST_SHARDS, Routing, owner_object, registry};

/// The version of the protocol between a router and its objects: the first byte of every request. Both understand
/// this one and the one before it, if there was one, because a rollout mixes them.
pub const VERSION: u8 = 1;

/// A request of a method by its name, as JSON: `{ method, arguments }`.
pub const CALL: u8 = 1;
/// A request that is part of an answer which several objects give together.
pub const ROUND: u8 = 2;
/// A request about the objects themselves, which is none of [`answer`]'s: `src/js/cloudflare/protocol.ts` has it.
pub const ADMIN: u8 = 3;
/// A call of a method that takes and returns bytes beside JSON.
pub const CALL_BYTES: u8 = 4;

/// The objects that owners live in, as the host reaches them.
pub trait Objects {
    /// Sends a request to the object of this name, which is made if there is none, and returns what it answers.
    /// `OBJECT_FAILED` if it cannot be reached.
    fn ask<'a>(&'a self, object: &'a str, request: Vec<u8>) -> LocalFuture<'a, Result<Vec<u8>>>;

    /// Sends one request to some objects and returns what each answers, in their order. As it is here, one after the
    /// other: where they can be asked at the same time, do that. In JavaScript that takes one promise for all of them,
    /// because a call waits for one promise at a time (`host/js.rs`), so futures of [`ask`](Objects::ask) must never be
    /// polled side by side.
    fn ask_all<'a>(
        &'a self,
        objects: &'a [String],
        request: &'a [u8],
    ) -> LocalFuture<'a, Vec<Result<Vec<u8>>>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(objects.len());
            for object in objects {
                answers.push(self.ask(object, request.to_vec()).await);
            }
            answers
        })
    }

    /// The names of all objects of a tenant that hold something, in any order: what the registry lists. At least `most` of
    /// them, if there are so many. With `erased` instead those in which nothing is left but that something was erased: at
    /// most so many, the latest.
    fn owners<'a>(
        &'a self,
        tenant: &'a str,
        most: usize,
        erased: bool,
    ) -> LocalFuture<'a, Result<Vec<String>>>;
}

/// A request that calls a method.
pub fn call_request(method: &str, arguments: &[Value]) -> Vec<u8> {
    let mut request = vec![VERSION, CALL];
    let call = object!({ "method": method, "arguments": arguments.to_vec() });
    request.extend_from_slice(json::text(&call).as_bytes());
    request
}

/// What an object that holds this memory answers to a request, whatever it is: JSON, `{ ok }` or `{ error }`, to a call
/// and to everything that fails; else bytes that begin with the version.
pub async fn answer(memory: &Memory, request: &[u8]) -> Vec<u8> {
    match answered(memory, request).await {
        Ok(bytes) => bytes,
        Err(error) => json::text(&object!({ "error": wire::error(&error) })).into_bytes(),
    }
}

async fn answered(memory: &Memory, request: &[u8]) -> Result<Vec<u8>> {
    match request {
        [VERSION, CALL, call @ ..] => {
            let call = read_json(call)?;
            let method = call["method"].as_str().ok_or_else(|| not_understood("a call"))?;
            let arguments = call["arguments"].as_array().map_or(&[][..], Vec::as_slice);
            if method == "close" {
                let message = "an object is not closed by a call: its memory is not the caller's alone";
                return Err(Error::new(ErrorKind::Unsupported, message).field("method"));
            }
            Ok(wire::told(memory, method, arguments).await?.into_bytes())
        }
        [VERSION, ROUND, body @ ..] => round::answer(memory, body).await,
        [VERSION, CALL_BYTES, body @ ..] => exchange::answer(memory, body).await,
        [VERSION, kind, ..] => {
            let message = format!(
                "an object understands requests of kind {CALL}, {ROUND} and {CALL_BYTES}, not {kind}"
            );
            Err(Error::new(ErrorKind::ObjectFailed, message))
        }
        [] | [VERSION] => Err(not_understood("a request")),
        [version, ..] => {
            let message = format!(
                "this object understands version {VERSION} of its protocol, not {version}: deploy the Worker and its \
                 objects with versions of edgemem that are next to each other"
            );
            Err(Error::new(ErrorKind::ObjectFailed, message))
        }
    }
}

/// What an object answered to a call.
fn read_answer(answer: &[u8]) -> Result<Value> {
    let mut answer = read_json(answer)?;
    match answer.get("error") {
        Some(error) => Err(read_error(error)),
        None => Ok(answer["ok"].take()),
    }
}

/// JSON of another process. By way of a text: the parser of bytes would be a second one in the build.
fn read_json(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_understood("a message"))?;
    serde_json::from_str(text).map_err(|_| not_understood("a message"))
}

/// An error as [`wire::error`] shows it.
fn read_error(shown: &Value) -> Error {
    let kind = shown["code"].as_str().and_then(ErrorKind::from_code).unwrap_or(ErrorKind::ObjectFailed);
    let mut error = Error::new(kind, shown["message"].as_str().unwrap_or("an object failed without a word"));
    if let Some(field) = shown["field"].as_str() {
        error = error.field(field);
    }
    match shown["cause"].as_str() {
        Some(cause) => error.cause(cause),
        None => error,
    }
}

fn not_understood(what: &str) -> Error {
    let message = format!(
        "{what} is damaged, or of another protocol: the router and its objects must both be of edgemem"
    );
    Error::new(ErrorKind::ObjectFailed, message)
}
