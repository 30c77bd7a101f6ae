//! What a router asks objects for an exchange, and what they answer: messages of JSON with bytes behind it. Of what is
//! whole in none of them, each tells its part.

use serde_json::Value;

use super::super::super::exchange::one_owner;
use super::super::super::verify::{Linked, collect};
use super::super::super::{Fault, Memory, Verified, wire};
use super::super::round::understood;
use super::super::{CALL_BYTES, VERSION, not_understood, read_answer, read_json};
use super::NONE;
use crate::bytes::{Reader, Writer};
use crate::engine::Engine;
use crate::error::Result;
use crate::log::{First, Version};
use crate::record::MemoryId;
use crate::scope::Scope;
use crate::text::Digest;
use crate::time::Stamp;
use wire::exchange::verified;
use wire::read::{Literal, Options, scope_of};

/// What a router asks beside the methods that everybody may call: the version, and the operations of commits that are
/// not there whole.
pub(super) const HOLDINGS: &str = "holdings";
/// The same for a check: all operations with links, as a check looks at them.
pub(super) const LINKS: &str = "links";

/// An operation of a commit that is not whole in its object: partition, replica, number, stamp, and how many operations
/// the commit has, if this one tells.
pub(super) type Part = (u128, u64, u64, u64, u64);

/// A request that calls a method.
pub(super) fn request(method: &str, arguments: &[Value], bytes: &[u8]) -> Vec<u8> {
    let mut out = Writer::new();
    out.raw(&[VERSION, CALL_BYTES]);
    pack(&mut out, &object!({ "method": method, "arguments": arguments.to_vec() }), bytes);
    out.finish()
}

/// JSON and bytes, as both directions have them.
fn pack(out: &mut Writer, json: &Value, bytes: &[u8]) {
    let json = crate::json::text(json);
    out.u32(json.len() as u32);
    out.raw(json.as_bytes());
    out.raw(bytes);
}

fn unpack(message: &[u8]) -> Result<(Value, &[u8])> {
    let mut input = Reader::new(message, "message");
    let length = understood(input.u32())? as usize;
    Ok((read_json(understood(input.raw(length))?)?, input.rest()))
}

/// What an object answered.
pub(super) fn read_bytes(answer: &[u8]) -> Result<(Value, Vec<u8>)> {
    match answer.split_first() {
        Some((&VERSION, rest)) => {
            let (mut json, bytes) = unpack(rest)?;
            Ok((json["ok"].take(), bytes.to_vec()))
        }
        Some((b'{', _)) => read_answer(answer).and(Err(not_understood("an answer"))),
        _ => Err(not_understood("an answer")),
    }
}

/// What an object answers.
pub async fn answer(memory: &Memory, body: &[u8]) -> Result<Vec<u8>> {
    let (call, bytes) = unpack(body)?;
    let method = call["method"].as_str().ok_or_else(|| not_understood("a call"))?;
    let arguments = call["arguments"].as_array().map_or(&[][..], Vec::as_slice);
    let (value, bytes) = match method {
        HOLDINGS => (Value::Null, holdings(memory, &scope_in(arguments)?).await?),
        LINKS => links(memory, &scope_in(arguments)?).await?,
        _ => wire::local_bytes(memory, method, arguments, bytes.to_vec()).await?,
    };
    let mut out = Writer::new();
    out.u8(VERSION);
    pack(&mut out, &object!({ "ok": value }), &bytes);
    Ok(out.finish())
}

fn scope_in(arguments: &[Value]) -> Result<Scope> {
    Ok(scope_of(&Options::of(arguments.first().unwrap_or(NONE))?, Literal)?.0)
}

async fn holdings(memory: &Memory, scope: &Scope) -> Result<Vec<u8>> {
    let (mut version, mut parts) = (Version::new(), Writer::new());
    let mut look = |_: &str, engine: Result<&Engine>| {
        let engine = engine?;
        let partition = engine.number();
        let tally = engine.tally()?;
        // What of the rest is a commit is seen with the parts of all objects together.
        tally.add_commits(partition, &mut version, None);
        version.add_sum(partition, tally.older());
        engine.for_each_stored(&mut |head, _| {
            let link = head.link.filter(|link| !version.holds(partition, head.replica, link.number));
            if let Some(link) = link {
                parts.u128(partition);
                parts.u64(head.replica);
                parts.varint(link.number);
                parts.u64(head.stamp.bits());
                parts.varint(link.first.map_or(0, |it| u64::from(it.count)));
            }
            Ok(())
        })?;
        Ok(true)
    };
    memory.partitions()?.visit(one_owner(scope)?, "", false, &mut look).await?;
    let encoded = version.encode();
    let mut out = Writer::new();
    out.u32(encoded.len() as u32);
    out.raw(&encoded);
    out.raw(&parts.finish());
    Ok(out.finish())
}

pub(super) fn read_parts(input: &mut Reader<'_>, parts: &mut Vec<Part>) -> Result<()> {
    while !input.is_empty() {
        parts.push((input.u128()?, input.u64()?, input.varint()?, input.u64()?, input.varint()?));
    }
    Ok(())
}

async fn links(memory: &Memory, scope: &Scope) -> Result<(Value, Vec<u8>)> {
    let mut counted = Verified::default();
    let mut out = Writer::new();
    let mut look = |name: &str, engine: Result<&Engine>| {
        match engine {
            Ok(engine) => {
                let mut linked = Vec::new();
                collect(engine, &mut counted, &mut linked)?;
                for it in &linked {
                    out.u128(engine.number());
                    out.u64(it.replica);
                    out.varint(it.number);
                    out.u64(it.stamp.bits());
                    out.u128(it.id.bits());
                    out.raw(&it.digest.0);
                    out.varint(it.first.map_or(0, |first| u64::from(first.count)));
                    out.raw(&it.first.map_or([0; 16], |first| first.before.0));
                }
            }
            Err(error) => counted.find(name, 0, 0, Fault::Damaged, Some(error.message().to_owned())),
        }
        Ok(true)
    };
    memory.partitions()?.visit(one_owner(scope)?, "", true, &mut look).await?;
    Ok((verified(&counted), out.finish()))
}

pub(super) fn read_links(bytes: &[u8], all: &mut Vec<(u128, Linked)>) -> Result<()> {
    let mut input = Reader::new(bytes, "message");
    while !input.is_empty() {
        let partition = input.u128()?;
        let (replica, number) = (input.u64()?, input.varint()?);
        let (stamp, id) = (Stamp::from_bits(input.u64()?), MemoryId::from_bits(input.u128()?));
        let digest = read_digest(&mut input)?;
        let (count, before) = (input.small()?, read_digest(&mut input)?);
        let first = (count > 0).then_some(First { count, before });
        all.push((partition, Linked { replica, number, stamp, id, digest, first }));
    }
    Ok(())
}

/// A digest's bytes, as [`Reader::u128`] reads them.
fn read_digest(input: &mut Reader<'_>) -> Result<Digest> {
    Ok(Digest(input.u128()?.to_le_bytes()))
}
