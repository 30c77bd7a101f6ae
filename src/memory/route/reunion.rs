//! Which memories hold of an owner that is spread over several objects, each of which knows only its own claims.

use serde_json::Value;

use super::super::reach::lend;
use super::super::{Memory, Reach, wire};
use super::round::{CLAIMS, header, understood};
use super::router::Router;
use crate::bytes::{Reader, Writer};
use crate::engine::{Claims, Engine, Seen, Sight, Verdict};
use crate::error::Result;
use crate::record::{MemoryId, Record};
use crate::time::Timestamp;
use wire::read::Options;

/// What decides of one spread owner: the first digits of its partition, an engine with what was told, and which of its
/// memories are not to be shown.
pub(super) struct Reunion {
    prefix: String,
    engine: Engine,
    hidden: Vec<MemoryId>,
}

/// Records of one owner's memories, and the first digits of its partition.
pub(super) type Owned<'a> = (String, Vec<&'a [u8]>);

impl Router {
    /// Asks the shards of every spread owner among these memories for what decides whether they hold.
    pub(super) async fn reunite(
        &self,
        method: &str,
        arguments: &[Value],
        records: &[&[u8]],
        reach: &Reach,
        now: Timestamp,
    ) -> Result<Vec<Reunion>> {
        let mut reunions = Vec::new();
        for (prefix, own) in self.spread(records)? {
            let claims = Claims::of(&own)?;
            if claims.is_empty() {
                continue;
            }
            let mut request = header(CLAIMS, method, arguments, now);
            write_claims(&claims, &mut request);
            let mut told: Vec<Vec<u8>> = Vec::new();
            self.round(&self.routing.objects(&prefix), request.finish(), &mut |_, input| {
                for _ in 0..input.varint()? {
                    told.push(input.bytes()?.to_vec());
                }
                Ok(())
            })
            .await?;
            let all: Vec<&[u8]> = own.into_iter().chain(told.iter().map(Vec::as_slice)).collect();
            reunions.push(Reunion::of(prefix, &all, reach, now)?);
        }
        Ok(reunions)
    }

    /// The records of owners that are spread, by owner.
    pub(super) fn spread<'a>(&self, records: &[&'a [u8]]) -> Result<Vec<Owned<'a>>> {
        let mut owners: Vec<Owned<'a>> = Vec::new();
        for &record in records.iter().filter(|_| self.routing.is_any_spread()) {
            let Some(prefix) = crate::engine::record_id(record)?.partition_prefix() else { continue };
            if self.routing.objects(&prefix).len() == 1 {
                continue;
            }
            match owners.iter_mut().find(|(known, _)| *known == prefix) {
                Some((_, own)) => own.push(record),
                None => owners.push((prefix, vec![record])),
            }
        }
        Ok(owners)
    }
}

impl Reunion {
    /// The engine of these memories, as a request sees it.
    pub fn of(prefix: String, records: &[&[u8]], reach: &Reach, now: Timestamp) -> Result<Reunion> {
        let mut engine = Engine::reunited(&prefix, records)?;
        if let Some(time) = reach.known_at {
            engine = engine.known_at(time)?;
        }
        let hidden = engine.hidden(&reach.sight(now))?;
        Ok(Reunion { prefix, engine, hidden })
    }

    /// Whether it decides of this memory.
    pub fn is_of(&self, id: MemoryId) -> bool {
        id.partition_prefix().as_ref() == Some(&self.prefix)
    }

    /// What all of an owner's memories that are here amount to.
    pub fn seen(&self, sight: &Sight<'_>, now: Timestamp) -> Result<Vec<Seen>> {
        let seen = |(_, address)| {
            let record = self.engine.read(address)?;
            let standing = self.engine.standing(&record, sight)?;
            let spans = self.engine.spans(&record, sight, now)?;
            Ok(Seen { record, standing, spans })
        };
        self.engine.list(sight)?.into_iter().map(seen).collect()
    }
}

/// What is decided of a memory; `None` if its own object knows best.
pub(super) fn verdict(reunions: &[Reunion], memory: &Record, sight: &Sight<'_>) -> Result<Option<Verdict>> {
    let Some(reunion) = reunions.iter().find(|it| it.is_of(memory.id)) else { return Ok(None) };
    if reunion.hidden.binary_search(&memory.id).is_ok() {
        return Ok(Some(None));
    }
    reunion.engine.standing(memory, sight).map(|standing| Some(Some(standing)))
}

/// What an object knows that decides of others.
pub(super) async fn answer(
    memory: &Memory,
    method: &str,
    arguments: &[Value],
    input: &mut Reader<'_>,
    out: &mut Writer,
) -> Result<()> {
    let claims = understood(read_claims(input))?;
    let at = usize::from(matches!(method, "search" | "context" | "entity"));
    let reach = wire::reach(&Options::of(arguments.get(at).unwrap_or(&Value::Null))?)?;
    let reached = memory.reached(memory.partitions()?, &reach).await?;
    let mut told = Vec::new();
    for engine in lend(&reached, &reach)? {
        told.extend(engine.claimants(&claims)?);
    }
    out.varint(told.len() as u64);
    told.iter().for_each(|record| out.bytes(record));
    memory.release(reached);
    Ok(())
}

fn write_claims(claims: &Claims, out: &mut Writer) {
    out.varint(claims.slots.len() as u64);
    claims.slots.iter().for_each(|slot| out.text(slot));
    out.varint(claims.ids.len() as u64);
    claims.ids.iter().for_each(|id| out.u128(id.bits()));
}

fn read_claims(input: &mut Reader<'_>) -> Result<Claims> {
    let mut claims = Claims::default();
    for _ in 0..input.varint()? {
        claims.slots.push(input.text()?.to_owned());
    }
    for _ in 0..input.varint()? {
        claims.ids.push(MemoryId::from_bits(input.u128()?));
    }
    Ok(claims)
}
