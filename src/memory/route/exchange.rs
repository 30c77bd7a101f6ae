//! Exchange over objects: `version`, `changes`, `merge` and `verify` of owners that live in several of them, so that a
//! backup, a copy or a sync sees one memory.
//!
//! Objects are gone through in the order of their names, and a place in the changes names the object that it is in. A
//! commit whose memories were moved to several shards is whole in none of them: its parts are put together here.

use serde_json::{Map, Value};

use super::super::exchange::{Block, Moment, Place, one_owner, read, write_operations};
use super::super::verify::{Linked, MAX_PROBLEMS, check, collect};
use super::super::{Fault, Memory, Verified, wire};
use super::round::understood;
use super::router::{Router, add_up};
use super::routing::DIGITS;
use super::{CALL_BYTES, VERSION, not_understood, read_answer, read_json};
use crate::bytes::{Reader, Writer, hex};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{First, Tally, Version};
use crate::record::MemoryId;
use crate::scope::Scope;
use crate::sorted::{sort, sort_names};
use crate::text::Digest;
use crate::time::{Stamp, Timestamp};
use wire::exchange::{bounds, merged, told, verified, version};
use wire::read::{Literal, Options, scope_of, text};

/// What a router asks beside the methods that everybody may call: the version, and the operations of commits that are
/// not there whole.
const HOLDINGS: &str = "holdings";
/// The same for a check: all operations with links, as a check looks at them.
const LINKS: &str = "links";

/// What a call names nothing with.
const NONE: &Value = &Value::Null;

/// An operation of a commit that is not whole in its object: partition, replica, number, stamp, and how many operations
/// the commit has, if this one tells.
type Part = (u128, u64, u64, u64, u64);

impl Router {
    /// Calls a method that takes and returns bytes beside JSON.
    pub async fn call_bytes(
        &self,
        memory: &Memory,
        method: &str,
        arguments: &[Value],
        bytes: Vec<u8>,
    ) -> Result<(Value, Vec<u8>)> {
        memory.open()?;
        let options = Options::of(arguments.first().unwrap_or(NONE))?;
        options.only(&["after", "begun", "checks", "limit", "part", "whole"])?;
        let scope = scope_of(&options, Literal)?.0;
        let owner = one_owner(&scope)?;
        match method {
            "version" => {
                let moment = self.moment(&self.holders(&owner).await?, arguments).await?;
                Ok((Value::Null, told(moment, options.flag(&["begun"], false)?)))
            }
            "changes" => self.changes(&options, &self.holders(&owner).await?, arguments, &bytes).await,
            // What is wrong with changes by themselves, every memory says in the same words.
            "merge" if !options.flag(&["checks"], false)? => {
                self.merge(owner, &bytes, options.flag(&["whole"], true)?).await
            }
            "verify" => self.verify(owner, &version(&bytes, "version")?, arguments).await,
            _ => wire::local_bytes(self.blank(), method, arguments, bytes).await,
        }
    }

    /// The objects in which an owner is, or all that there are or were, in the order of their names.
    async fn holders(&self, owner: &Option<Vec<String>>) -> Result<Vec<String>> {
        match owner {
            Some(partitions) => {
                let mut objects = self.routing.objects_of(&partitions[0]);
                sort_names(&mut objects);
                Ok(objects)
            }
            None => self.everybody(true).await,
        }
    }

    /// What these objects hold together.
    async fn moment(&self, objects: &[String], arguments: &[Value]) -> Result<Moment> {
        let mut versions = Vec::new();
        let mut parts: Vec<Part> = Vec::new();
        for answer in self.ask(objects, &request(HOLDINGS, arguments, &[])).await {
            let (_, bytes) = read_bytes(&answer?)?;
            let mut input = Reader::new(&bytes, "message");
            let length = understood(input.u32())? as usize;
            versions.extend_from_slice(understood(input.raw(length))?);
            understood(read_parts(&mut input, &mut parts))?;
        }
        let mut held = Version::new();
        understood(held.read(&versions))?;
        let (mut whole, mut begun) = (Version::new(), Version::new());
        // What is on its way from one shard to another is in both.
        sort(&mut parts, Part::cmp);
        parts.dedup();
        for own in parts.chunk_by(|a, b| a.0 == b.0) {
            let mut tally = Tally::default();
            own.iter()
                .for_each(|&(_, replica, number, stamp, told)| tally.count(replica, number, stamp, told));
            tally.add_to(own[0].0, &mut whole, Some(&mut begun));
        }
        begun.unite(held.clone());
        held.unite(whole);
        Ok(Moment { begun, held: Some(held) })
    }

    /// A page of the changes of these objects, one after the other; the end of the file comes after the last.
    async fn changes(
        &self,
        options: &Options<'_>,
        objects: &[String],
        arguments: &[Value],
        bytes: &[u8],
    ) -> Result<(Value, Vec<u8>)> {
        let (since, until) = bounds(bytes)?;
        let limit = options.count(&["limit"], "limit")?.filter(|&limit| limit > 0);
        let (mut at, mut place) = (0, Place::default());
        if let Some((name, after)) = options.get(&["after"]) {
            // No name of an object has a colon in it.
            let (object, after) = text(after, name)?.split_once(':').unwrap_or_default();
            place = Place::parse(after)?;
            at = objects.partition_point(|name| name.as_str() < object);
            if objects.get(at).is_none_or(|name| name != object) {
                // The object has been emptied since, and the place was in it.
                place.partition.clear();
            }
        }
        // `limit`: `None` asks for the end of the file alone.
        let asked = |place: &Place, limit: Option<usize>| {
            let mut asked = match arguments.first() {
                Some(options @ Value::Object(_)) => options.clone(),
                _ => Value::Object(Map::new()),
            };
            asked["after"] = place.show().into();
            asked["limit"] = limit.unwrap_or(0).into();
            asked["part"] = limit.is_some().into();
            [asked]
        };
        let mut out = Vec::new();
        while let Some(object) = objects.get(at) {
            let left = limit.map_or(0, |limit| limit.saturating_sub(out.len()));
            if limit.is_some() && left == 0 {
                let next = format!("{object}:{}", place.show());
                return Ok((object!({ "operations": place.ending.operations, "next": next }), out));
            }
            // Only what concerns this object: all of it for each would be as many times too much as there are objects.
            let prefix = digits_of(object);
            let mut own = Writer::new();
            let since = since.only(prefix).encode();
            own.u32(since.len() as u32);
            own.raw(&since);
            own.raw(&until.as_ref().map_or(vec![], |until| until.only(prefix).encode()));
            let asked = asked(&place, Some(left));
            let (page, more) = self.ask_bytes(object, "changes", &asked, &own.finish()).await?;
            out.extend_from_slice(&more);
            place = Place::parse(page["next"].as_str().unwrap_or_default())?;
            at += usize::from(place.partition.is_empty());
        }
        // A memory that holds nothing ends the file, with the totals of all that came before.
        place.partition.clear();
        let (page, end) =
            wire::local_bytes(self.blank(), "changes", &asked(&place, None), bytes.to_vec()).await?;
        out.extend_from_slice(&end);
        Ok((page, out))
    }

    /// Checks the changes whole, and gives each object its own.
    async fn merge(&self, owner: Option<Vec<String>>, bytes: &[u8], whole: bool) -> Result<(Value, Vec<u8>)> {
        let (mut total, blocks) = read(bytes, owner, Timestamp::clamped(self.host.now()), whole)?;
        let mut objects = Vec::with_capacity(blocks.len());
        for (partition, _) in &blocks {
            if self.routing.is_spread(&partition[..DIGITS]) {
                let message = "the changes are of an owner that is spread over several objects, and nothing was changed: take \
                               them in while the owner is in one object, and spread it then";
                return Err(Error::new(ErrorKind::Unsupported, message).field("changes"));
            }
            objects.push(self.routing.shard(&partition[..DIGITS], 0));
        }
        sort_names(&mut objects);
        let arguments = [object!({ "whole": false })];
        for object in &objects {
            let is_here = |block: &&Block<'_>| self.routing.shard(&block.0[..DIGITS], 0) == *object;
            let mut own = Writer::new();
            for (partition, operations) in blocks.iter().filter(is_here) {
                let number = u128::from_str_radix(partition, 16).unwrap_or(0);
                write_operations(&mut own, number, operations);
            }
            let (done, _) = self.ask_bytes(object, "merge", &arguments, &own.finish()).await?;
            total.applied += done["applied"].as_u64().unwrap_or(0);
        }
        Ok((merged(&total), vec![]))
    }

    /// Checks the logs of one owner or of all, those of a spread one from all of its shards together.
    async fn verify(
        &self,
        owner: Option<Vec<String>>,
        held: &Version,
        arguments: &[Value],
    ) -> Result<(Value, Vec<u8>)> {
        let mut prefixes: Vec<String> = match owner {
            Some(partitions) => partitions.iter().map(|name| name[..DIGITS].to_owned()).collect(),
            None => {
                let listed = self.everybody(true).await?;
                // What has to be there is missed also where no object is listed.
                let lost =
                    held.spans().iter().map(|span| hex(&span.partition.to_be_bytes())[..DIGITS].to_owned());
                listed.iter().map(|object| digits_of(object).to_owned()).chain(lost).collect()
            }
        };
        sort_names(&mut prefixes);
        let mut total = verified(&Verified::default());
        for prefix in &prefixes {
            let own = held.only(prefix);
            if self.routing.is_spread(prefix) {
                self.verify_spread(prefix, &own, arguments, &mut total).await?;
            } else {
                let object = self.routing.shard(prefix, 0);
                let (found, _) = self.ask_bytes(&object, "verify", arguments, &own.encode()).await?;
                add(&mut total, found);
            }
        }
        Ok((total, vec![]))
    }

    async fn verify_spread(
        &self,
        prefix: &str,
        held: &Version,
        arguments: &[Value],
        total: &mut Value,
    ) -> Result<()> {
        let mut all: Vec<(u128, Linked)> = Vec::new();
        for answer in self.ask(&self.routing.objects(prefix), &request(LINKS, arguments, &[])).await {
            let (found, bytes) = read_bytes(&answer?)?;
            add(total, found);
            understood(read_links(&bytes, &mut all))?;
        }
        let key = |(partition, it): &(u128, Linked)| (*partition, it.replica, it.number, it.stamp);
        sort(&mut all, |a, b| key(a).cmp(&key(b)));
        let before = all.len();
        all.dedup_by(|a, b| key(a) == key(b));
        // What is on its way from one shard to another is in both, and counts once.
        let twice = (before - all.len()) as u64;
        total["operations"] = total["operations"].as_u64().unwrap_or(0).saturating_sub(twice).into();
        let mut partitions: Vec<String> = all
            .iter()
            .map(|it| it.0)
            .chain(held.spans().iter().map(|it| it.partition))
            .map(name_of)
            .collect();
        sort_names(&mut partitions);
        let mut checked = Verified { partitions: partitions.len(), ..Verified::default() };
        let mut rest = all.into_iter().peekable();
        for name in &partitions {
            let mut own = Vec::new();
            while let Some((_, linked)) = rest.next_if(|it| name_of(it.0) == *name) {
                own.push(linked);
            }
            check(name, &mut own, held, &mut checked);
        }
        add(total, verified(&checked));
        Ok(())
    }

    /// Calls a method of one object.
    async fn ask_bytes(
        &self,
        object: &str,
        method: &str,
        arguments: &[Value],
        bytes: &[u8],
    ) -> Result<(Value, Vec<u8>)> {
        read_bytes(&self.objects.ask(object, request(method, arguments, bytes)).await?)
    }
}

/// Adds what a check found to what others found.
fn add(total: &mut Value, found: Value) {
    let digest =
        |it: &Value| u128::from_str_radix(it["digest"].as_str().unwrap_or_default(), 16).unwrap_or(0);
    let sum = digest(total).wrapping_add(digest(&found));
    add_up("", total, found);
    total["digest"] = hex(&sum.to_be_bytes()).into();
    let problems = total["problems"].as_array_mut();
    let is_ok = problems.is_none_or(|problems| {
        problems.truncate(MAX_PROBLEMS);
        problems.is_empty()
    });
    total["ok"] = is_ok.into();
}

/// The hex digits in an object's name that the names of its partitions begin with.
fn digits_of(object: &str) -> &str {
    object.split_once('/').and_then(|(_, name)| name.get(..DIGITS)).unwrap_or_default()
}

fn name_of(partition: u128) -> String {
    hex(&partition.to_be_bytes())
}

/// A request that calls a method.
fn request(method: &str, arguments: &[Value], bytes: &[u8]) -> Vec<u8> {
    let mut out = Writer::new();
    out.raw(&[VERSION, CALL_BYTES]);
    pack(&mut out, &object!({ "method": method, "arguments": arguments.to_vec() }), bytes);
    out.finish()
}

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
fn read_bytes(answer: &[u8]) -> Result<(Value, Vec<u8>)> {
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
pub(super) async fn answer(memory: &Memory, body: &[u8]) -> Result<Vec<u8>> {
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

fn read_parts(input: &mut Reader<'_>, parts: &mut Vec<Part>) -> Result<()> {
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

fn read_links(bytes: &[u8], all: &mut Vec<(u128, Linked)>) -> Result<()> {
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
