//! Moving the memories of an owner to the shards that its configuration asks for, step by step.
//!
//! While `shards` says `{ from, to }`, reads look into both layouts and writes go to the new one. A step asks every shard
//! for some memories that belong elsewhere, gives each to the shard it belongs to with all its operations, and only then
//! takes it out of where it was, unless something has happened to it in between: then the next step moves that too. So a
//! step that is cut short has lost nothing, a repeated one moves nothing twice, and what is in two shards for a moment is
//! one memory to every read.

use serde_json::Value;

use super::super::Memory;
use super::round::{TAKE_IN, TAKE_OUT, WHAT_MOVES, header, understood};
use super::router::Router;
use super::routing::{DIGITS, shard_of};
use super::{not_understood, wire};
use crate::bytes::{Reader, Writer};
use crate::engine::{self, Moving, Plan};
use crate::error::Result;
use crate::record::MemoryId;
use crate::scope::Scope;
use crate::text::Digest;
use crate::time::Timestamp;

/// About so many bytes leave a shard in one step.
const STEP_BYTES: usize = 2_000_000;

impl Router {
    /// Moves some memories of a spread owner, named as in the configuration, to where they belong.
    pub(super) async fn reshard_step(&self, owner: &Value) -> Result<Value> {
        let (partition, layout) = self.routing.split(wire::read::text(owner, "owner")?)?;
        let objects = self.routing.objects(&partition[..DIGITS]);
        let now = Timestamp::clamped(self.host.now());
        let (mut total, mut moved) = (0, 0);
        for (here, object) in objects.iter().enumerate() {
            let begin = |round: u8| {
                let arguments = [partition.as_str().into(), layout.to.into(), here.into()];
                header(round, "reshardStep", &arguments, now)
            };
            let mut moving: Vec<Moving> = Vec::new();
            let one = std::slice::from_ref(object);
            self.round(one, begin(WHAT_MOVES).finish(), &mut |_, input| {
                total += input.varint()?;
                moving = read_moving(input)?;
                Ok(())
            })
            .await?;
            for to in 0..layout.to {
                let leaving: Vec<&Moving> = moving.iter().filter(|it| it.to == to).collect();
                if leaving.is_empty() {
                    continue;
                }
                let mut request = begin(TAKE_IN);
                write_moving(&leaving, &mut request);
                let target = [self.routing.shard(&partition[..DIGITS], to)];
                self.round(&target, request.finish(), &mut |_, _| Ok(())).await?;
                let mut request = begin(TAKE_OUT);
                request.varint(leaving.len() as u64);
                for it in &leaving {
                    request.u128(it.id.bits());
                    request.raw(&it.digest().0);
                }
                self.round(one, request.finish(), &mut |_, _| Ok(())).await?;
                moved += leaving.len() as u64;
            }
        }
        Ok(object!({ "moved": moved, "left": total - moved, "finished": total == 0 }))
    }
}

/// What an object does for a step: tells what leaves it, takes in what comes, or takes out what has left.
pub(super) async fn answer(
    memory: &Memory,
    round: u8,
    arguments: &[Value],
    input: &mut Reader<'_>,
    out: &mut Writer,
) -> Result<()> {
    let argument = |at: usize| arguments.get(at).unwrap_or(&Value::Null);
    let name = argument(0).as_str().filter(|name| name.len() > DIGITS);
    let name = name.ok_or_else(|| not_understood("a round"))?;
    let partitions = memory.partitions()?;
    if round == TAKE_IN {
        // With the table, memories get its vectors as they come in.
        let _ = partitions.meanings().await;
    }
    let partition = partitions.get(name).await?;
    match round {
        WHAT_MOVES => {
            let number = |at: usize| argument(at).as_u64().and_then(|number| u32::try_from(number).ok());
            let (Some(shards), Some(here)) = (number(1), number(2)) else {
                return Err(not_understood("a round"));
            };
            let home =
                |scope: &Scope, conversation: Option<&str>, said| shard_of(scope, conversation, said, shards);
            let (moving, total) = partition.engine().misplaced(here, &home, STEP_BYTES)?;
            out.varint(total as u64);
            write_moving(&moving.iter().collect::<Vec<_>>(), out);
        }
        TAKE_IN => {
            let moving = understood(read_moving(input))?;
            let take_in = move |plan: &mut Plan<'_>| {
                for it in &moving {
                    plan.take_in(it)?;
                }
                Ok(())
            };
            partitions.write(&partition, take_in).await?;
        }
        _ => {
            let mut gone = Vec::new();
            for _ in 0..understood(input.varint())? {
                let id = MemoryId::from_bits(understood(input.u128())?);
                let digest = understood(input.raw(16))?.try_into().map(Digest);
                gone.push((id, digest.map_err(|_| not_understood("a round"))?));
            }
            partitions.take_out(&partition, &gone).await?;
        }
    }
    partitions.release(partition);
    Ok(())
}

fn write_moving(moving: &[&Moving], out: &mut Writer) {
    out.varint(moving.len() as u64);
    for Moving { id, to, record, vector } in moving {
        out.u128(id.bits());
        out.varint(u64::from(*to));
        out.bytes(record);
        out.optional(vector.as_ref().map(|(model, ..)| model.as_str()));
        if let Some((_, codes, scale)) = vector {
            engine::write_codes(out, codes, *scale);
        }
    }
}

fn read_moving(input: &mut Reader<'_>) -> Result<Vec<Moving>> {
    let mut moving = Vec::new();
    for _ in 0..input.varint()? {
        let (id, to) = (MemoryId::from_bits(input.u128()?), input.small()?);
        let (record, model) = (input.bytes()?.to_vec(), input.optional()?.map(str::to_owned));
        let vector = match model {
            Some(model) => {
                let (codes, scale) = engine::read_codes(input)?;
                Some((model, codes, scale))
            }
            None => None,
        };
        moving.push(Moving { id, to, record, vector });
    }
    Ok(moving)
}
