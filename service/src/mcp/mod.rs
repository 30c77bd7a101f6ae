//! The Model Context Protocol: memory for an agent, at one address and without a session.
//!
//! A POST holds one JSON-RPC message and is answered with JSON. Both ways of the protocol that clients speak are
//! understood: the one that begins with `initialize` (2024-11-05 to 2025-11-25), where nothing is kept between two
//! requests either, and the one of 2026-07-28, where each request says what it is (`era`). There is no stream, since
//! the server never asks the client for anything. `docs/mcp.md` describes the tools.
//!
//! The dispatcher is our own: the official Rust SDK, `rmcp`, needs tokio's timers, whose clock panics on
//! wasm32-unknown-unknown (github.com/modelcontextprotocol/rust-sdk, issue 571).

mod arguments;
mod bounds;
mod entities;
mod era;
mod message;
mod methods;
mod prompts;
mod resources;
mod tools;

use edgemem::host::LocalFuture;
use serde_json::Value;

use crate::http::{Answer, Head};
use crate::problem::Problem;
pub use bounds::Bounds;
use era::{BATCHED, Era};
pub use message::unnumbered;
use message::{Fault, INVALID_REQUEST, Message};
pub use methods::Door;

/// The headers that say of a request what its body says, for those on the way that do not read bodies.
pub const HEADERS: [&str; 3] = ["mcp-protocol-version", "mcp-method", "mcp-name"];

/// The most messages of one batch.
const MAX_BATCH: usize = 50;

/// Counts one more message for the limit of requests, or refuses it.
pub type Count<'a> = &'a dyn Fn() -> Result<(), Problem>;

/// Answers the body of a POST. The first message of several was counted with the request, `count` counts the others. Not
/// an async function, whose body would be compiled again in the crate of every host.
#[inline(never)]
pub fn answer<'a>(door: &'a Door<'a>, body: &'a [u8], count: Count<'a>) -> LocalFuture<'a, Answer> {
    Box::pin(answered(door, body, count))
}

async fn answered(door: &Door<'_>, body: &[u8], count: Count<'_>) -> Answer {
    let head = door.head;
    let answered = match message::read(body) {
        Err(fault) => Err(fault),
        Ok(Value::Array(messages)) => batch(door, head, messages, count).await,
        Ok(message) => one(door, head, message).await,
    };
    let (status, body) = match answered {
        // There is nothing to say to a notification, or to an answer that nobody asked for.
        Ok(None) => (202, None),
        Ok(response) => (200, response),
        Err(fault) => (fault.status, Some(fault.response)),
    };
    Answer { status, headers: Vec::new(), body }
}

/// Several messages, as revisions before 2025-06-18 allow. What is wrong with one is said in its place, also that it is one
/// too many for the key's limit.
async fn batch(
    door: &Door<'_>,
    head: &Head,
    messages: Vec<Value>,
    count: Count<'_>,
) -> Result<Option<Value>, Fault> {
    let version = head.header(HEADERS[0]).map(str::trim);
    if messages.is_empty() || messages.len() > MAX_BATCH || version.is_some_and(|it| !BATCHED.contains(&it)) {
        let message = format!("send one message, or up to {MAX_BATCH} in a revision before 2025-06-18");
        return Err(Fault::new(400, INVALID_REQUEST, message));
    }
    let mut responses = Vec::new();
    for (at, message) in messages.into_iter().enumerate() {
        let counted = if at == 0 { Ok(()) } else { count() };
        let answered = match counted {
            Ok(()) => one(door, head, message).await,
            Err(problem) => match Message::id_of(&message) {
                Some(id) => {
                    door.desk.refuse(problem.status());
                    Err(door.fault(problem).of(&id))
                }
                None => Ok(None),
            },
        };
        match answered {
            Ok(response) => responses.extend(response),
            Err(fault) => responses.push(fault.response),
        }
    }
    Ok(Some(responses).filter(|it| !it.is_empty()).map(Value::from))
}

/// The response to a message, if it wants one.
async fn one(door: &Door<'_>, head: &Head, message: Value) -> Result<Option<Value>, Fault> {
    let message = Message::of(message)?;
    let id = message.id.clone().unwrap_or_default();
    let era = era::of(&message, head).map_err(|fault| fault.of(&id))?;
    if message.id.is_none() {
        return Ok(None);
    }
    let mut result = door.call(era, &message).await.map_err(|mut fault| {
        // What a handshake client asks for is answered with 200, whatever the answer is.
        if era == Era::Handshake {
            fault.status = 200;
        }
        fault.of(&id)
    })?;
    if era == Era::Stateless {
        era::complete(&message.method, &mut result);
    }
    Ok(Some(object!({ "jsonrpc": "2.0", "id": id, "result": result })))
}

#[cfg(test)]
mod tests;
