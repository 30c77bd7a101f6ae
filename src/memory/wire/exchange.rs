//! Exchange between devices: the methods whose arguments or results are bytes.

use serde_json::Value;

use super::super::{ChangesOptions, Ending, Memory, Problem, Verified};
use super::Literal;
use super::read::{Options, scope_of, text};
use crate::bytes::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Version;

/// Calls a method that takes and returns bytes beside JSON. `UNSUPPORTED` for a method that does not exist.
///
/// - `version` returns the version.
/// - `changes` takes the length of the version that the other one holds (4 bytes), that version, and the version that
///   bounds the changes, or nothing; it returns the changes.
/// - `merge` takes changes.
/// - `verify` takes the version that has to be there, or nothing.
pub async fn call_bytes(
    memory: &Memory,
    method: &str,
    arguments: &[Value],
    bytes: Vec<u8>,
) -> Result<(Value, Vec<u8>)> {
    let first = arguments.first().unwrap_or(&Value::Null);
    let options = Options::of(first)?;
    options.only(&["after", "limit", "whole"])?;
    let scope = scope_of(&options, Literal)?.0;
    match method {
        "version" => Ok((Value::Null, memory.version(&scope).await?.encode())),
        "changes" => {
            let mut input = Reader::new(&bytes, "version");
            let length = input.u32().map_err(unread)? as usize;
            let since = version(input.raw(length).map_err(unread)?)?;
            let until = (!input.is_empty()).then(|| version(input.rest())).transpose()?;
            let after = options.get(&["after"]).map(|(name, after)| text(after, name)).transpose()?;
            let limit = options.count(&["limit"], "limit")?.unwrap_or(0);
            let wanted = ChangesOptions { scope, since, until, after: after.map(str::to_owned), limit };
            let changes = memory.changes(&wanted).await?;
            Ok((object!({ "operations": changes.operations, "next": changes.next }), changes.bytes))
        }
        "merge" => {
            let whole = options.flag(&["whole"], true)?;
            let merged = memory.merge(&bytes, &scope, whole).await?;
            let ending = merged.ending.map_or(Value::Null, ending_of);
            Ok((
                object!({ "applied": merged.applied, "read": ending_of(merged.read), "ending": ending }),
                vec![],
            ))
        }
        "verify" => Ok((verified(&memory.verify(&scope, &version(&bytes)?).await?), vec![])),
        _ => Err(Error::new(ErrorKind::Unsupported, format!("there is no method {method}")).field("method")),
    }
}

fn version(bytes: &[u8]) -> Result<Version> {
    let mut version = Version::new();
    version.read(bytes).map_err(unread)?;
    Ok(version)
}

fn unread(_: Error) -> Error {
    Error::new(ErrorKind::ChangesInvalid, "this is no version: pass what version() or merge() returned")
        .field("since")
}

fn ending_of(it: Ending) -> Value {
    object!({ "blocks": it.blocks, "operations": it.operations, "sum": it.sum })
}

fn verified(it: &Verified) -> Value {
    object!({
        "ok": it.is_ok(),
        "partitions": it.partitions,
        "commits": it.commits,
        "operations": it.operations,
        "unlinked": it.unlinked,
        "erased": it.erased,
        "digest": it.digest.as_str(),
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
