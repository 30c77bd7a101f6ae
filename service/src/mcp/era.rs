//! The two ways of the protocol, told apart by each message alone.
//!
//! A message of 2026-07-28 says so in its `_meta`, and the request's headers have to say the same as its body. Every other
//! message is one of the handshake's time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::HEADERS;
use super::message::{Fault, INVALID_PARAMS, Message};
use crate::http::Head;
use crate::mem0::one;

/// The revision without a handshake.
pub const STATELESS: &str = "2026-07-28";
/// The revisions with one, oldest first.
pub const HANDSHAKE: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// The revisions that know batches.
pub const BATCHED: [&str; 2] = ["2024-11-05", "2025-03-26"];

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_VERSION: i32 = -32022;

/// How long a client may keep what does not change while the server runs, in milliseconds.
const FIXED_TTL: u32 = 300_000;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// It belongs to a conversation that began with `initialize`.
    Handshake,
    /// It stands alone.
    Stateless,
}

/// The way of a message, or why it is on neither.
pub fn of(message: &Message, head: &Head) -> Result<Era, Fault> {
    let version = head.header(HEADERS[0]).map(str::trim);
    let is_request = message.id.is_some();
    let Some(claim) = message.params["_meta"].get(VERSION) else {
        let missing =
            format!("a request of {STATELESS} must hold params._meta with {VERSION} and {CAPABILITIES}");
        return match version {
            Some(STATELESS) if message.method == "initialize" => {
                Err(mismatch(HEADERS[0], "initialize is a method of earlier revisions"))
            }
            Some(STATELESS) if is_request => Err(Fault::new(400, INVALID_PARAMS, missing)),
            Some(STATELESS) => Ok(Era::Stateless),
            // The revision of a handshake is agreed on in it.
            Some(other) if message.method != "initialize" && !HANDSHAKE.contains(&other) => {
                Err(unsupported(other))
            }
            _ => Ok(Era::Handshake),
        };
    };
    let invalid = |what: &str| Fault::new(400, INVALID_PARAMS, format!("params._meta: {what}"));
    let claim = claim.as_str().ok_or_else(|| invalid(&format!("{VERSION} must be a string")))?;
    if is_request && !message.params["_meta"][CAPABILITIES].is_object() {
        return Err(invalid(&format!("{CAPABILITIES} must be an object")));
    }
    if version.is_some_and(|version| version != claim) {
        return Err(mismatch(HEADERS[0], claim));
    }
    if claim != STATELESS {
        return Err(unsupported(claim));
    }
    if is_request {
        headers(message, head)?;
    }
    Ok(Era::Stateless)
}

/// Checks that the headers are there and say what the body says.
fn headers(message: &Message, head: &Head) -> Result<(), Fault> {
    let named = match message.method.as_str() {
        "tools/call" | "prompts/get" => message.params["name"].as_str(),
        "resources/read" => message.params["uri"].as_str(),
        _ => None,
    };
    let expected = [Some(STATELESS), Some(message.method.as_str()), named];
    for (header, expected) in HEADERS.into_iter().zip(expected) {
        let Some(expected) = expected else { continue };
        let given = head.header(header).map(str::trim);
        if given != Some(expected) && given != Some(&encoded(expected)) {
            return Err(mismatch(header, expected));
        }
    }
    Ok(())
}

/// A value as headers carry it that hold letters beyond ASCII.
fn encoded(value: &str) -> String {
    format!("=?base64?{}?=", STANDARD.encode(value))
}

fn mismatch(header: &str, body: &str) -> Fault {
    let message = format!("the header {header} is missing or does not say what the body says: {body:.200}");
    Fault::new(400, HEADER_MISMATCH, message)
        .data(one("mismatch", object!({ "header": header, "body": body })))
}

fn unsupported(requested: &str) -> Fault {
    let message = format!("revision {requested:.40} is not spoken here");
    let data = object!({ "supported": vec![STATELESS], "requested": requested });
    Fault::new(400, UNSUPPORTED_VERSION, message).data(data)
}

/// Adds what a stateless result says of itself: who made it, and for how long it may be kept.
pub fn complete(method: &str, result: &mut Value) {
    result["resultType"] = "complete".into();
    result["_meta"] = one("io.modelcontextprotocol/serverInfo", super::methods::identity());
    let ttl = match method {
        "server/discover" | "tools/list" | "prompts/list" | "resources/templates/list" => FIXED_TTL,
        "resources/list" | "resources/read" => 0,
        _ => return,
    };
    result["ttlMs"] = ttl.into();
    // What is listed depends on whose memories are seen.
    result["cacheScope"] = "private".into();
}
