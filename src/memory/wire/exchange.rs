//! Exchange between devices: the methods whose arguments or results are bytes.

use serde_json::Value;

use super::super::exchange::{Moment, one_owner, read};
use super::super::{ChangesOptions, Ending, Memory, Merged, Problem, Verified};
use super::Literal;
use super::read::{Options, scope_of, text};
use crate::bytes::{Reader, hex};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Version;

/// Calls a method that takes and returns bytes beside JSON, on the memory or on the objects that it is spread over.
/// `UNSUPPORTED` for a method that does not exist. The methods are those of [`local_bytes`].
#[cfg(any(feature = "objects", not(target_family = "wasm")))]
pub async fn call_bytes(
    memory: &Memory,
    method: &str,
    arguments: &[Value],
    bytes: Vec<u8>,
) -> Result<(Value, Vec<u8>)> {
    match &memory.0.router {
        Some(router) => router.call_bytes(memory, method, arguments, bytes).await,
        None => local_bytes(memory, method, arguments, bytes).await,
    }
}

#[cfg(not(any(feature = "objects", not(target_family = "wasm"))))]
pub use local_bytes as call_bytes;

/// Calls a method that takes and returns bytes beside JSON. `UNSUPPORTED` for a method that does not exist.
///
/// - `version` returns the version; with `begun`, the moment to bound changes with.
/// - `changes` takes the length of the version that the other one holds (4 bytes), that version, and the moment that
///   bounds the changes, or nothing; it returns the changes.
/// - `merge` takes changes; with `checks` it only says what is wrong with them by themselves, and changes nothing.
/// - `verify` takes the version that has to be there, or nothing.
pub async fn local_bytes(
    memory: &Memory,
    method: &str,
    arguments: &[Value],
    bytes: Vec<u8>,
) -> Result<(Value, Vec<u8>)> {
    let first = arguments.first().unwrap_or(&Value::Null);
    let options = Options::of(first)?;
    options.only(&["after", "begun", "checks", "limit", "part", "whole"])?;
    let scope = scope_of(&options, Literal)?.0;
    match method {
        "version" => {
            let moment = memory.moment(&scope).await?;
            Ok((Value::Null, told(moment, options.flag(&["begun"], false)?)))
        }
        "changes" => {
            let (since, until) = bounds(&bytes)?;
            let after = options.get(&["after"]).map(|(name, after)| text(after, name)).transpose()?;
            let limit = options.count(&["limit"], "limit")?.unwrap_or(0);
            let part = options.flag(&["part"], false)?;
            let wanted = ChangesOptions { scope, since, until, after: after.map(str::to_owned), limit, part };
            let changes = memory.changes(&wanted).await?;
            Ok((object!({ "operations": changes.operations, "next": changes.next }), changes.bytes))
        }
        "merge" => {
            let whole = options.flag(&["whole"], true)?;
            let done = if options.flag(&["checks"], false)? {
                read(&bytes, one_owner(&scope)?, memory.partitions()?.now(), whole)?.0
            } else {
                memory.merge(&bytes, &scope, whole).await?
            };
            Ok((merged(&done), vec![]))
        }
        "verify" => Ok((verified(&memory.verify(&scope, &version(&bytes, "version")?).await?), vec![])),
        _ => Err(Error::new(ErrorKind::Unsupported, format!("there is no method {method}")).field("method")),
    }
}

/// What `version` answers: the moment or only what is held.
pub(in super::super) fn told(mut moment: Moment, begun: bool) -> Vec<u8> {
    if !begun {
        moment.begun = moment.held.take().unwrap_or_default();
    }
    moment.encode()
}

/// What bounds changes: the version that the other one holds, and the moment.
pub(in super::super) fn bounds(bytes: &[u8]) -> Result<(Version, Option<Moment>)> {
    let mut input = Reader::new(bytes, "version");
    let length = input.u32().map_err(unread)? as usize;
    let since = version(input.raw(length).map_err(unread)?, "since")?;
    let until = (!input.is_empty()).then(|| Moment::read(input.rest()));
    Ok((since, until.transpose().map_err(|error| unread(error).field("until"))?))
}

/// A version that was handed over as this argument.
pub(in super::super) fn version(bytes: &[u8], field: &str) -> Result<Version> {
    let mut version = Version::new();
    version.read(bytes).map_err(|error| unread(error).field(field))?;
    Ok(version)
}

fn unread(error: Error) -> Error {
    if error.kind() == ErrorKind::FormatUnsupported {
        return error;
    }
    Error::new(ErrorKind::ChangesInvalid, "this is no version: pass what version() or merge() returned")
        .field("since")
}

pub(in super::super) fn merged(it: &Merged) -> Value {
    let ending = it.ending.map_or(Value::Null, ending_of);
    object!({ "applied": it.applied, "read": ending_of(it.read), "ending": ending })
}

fn ending_of(it: Ending) -> Value {
    object!({ "blocks": it.blocks, "operations": it.operations, "sum": it.sum })
}

pub(in super::super) fn verified(it: &Verified) -> Value {
    object!({
        "ok": it.is_ok(),
        "partitions": it.partitions,
        "commits": it.commits,
        "operations": it.operations,
        "unlinked": it.unlinked,
        "erased": it.erased,
        "digest": hex(&it.digest.to_be_bytes()),
        "problems": it.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

fn problem(it: &Problem) -> Value {
    object!({
        "partition": it.partition.as_str(),
        "replica": format!("{:016x}", it.replica),
        "commit": it.commit,
        "what": it.what.name(),
        "detail": it.detail.as_deref(),
    })
}
