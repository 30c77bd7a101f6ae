//! Which partitions a read looks into, and as of when.

use std::cell::Ref;
use std::ops::Deref;
use std::rc::Rc;

use super::partitions::{Partition, Partitions};
use super::{Memory, Reach, scope_required};
use crate::engine::{self, Engine};
use crate::error::Result;
use crate::scope::Axis;
use crate::sorted::sort_names;

/// A partition's engine as a request sees it.
pub(super) enum Lent<'a> {
    /// As it is.
    Now(Ref<'a, Engine>),
    /// As it was known at a time.
    Past(Box<Engine>),
}

impl Deref for Lent<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        match self {
            Lent::Now(engine) => engine,
            Lent::Past(engine) => engine,
        }
    }
}

/// The engines of these partitions. Must not be held across an await.
pub(super) fn lend<'a>(reached: &'a [Rc<Partition>], reach: &Reach) -> Result<Vec<Lent<'a>>> {
    let lend = |partition: &'a Rc<Partition>| {
        let engine = partition.engine();
        Ok(match reach.known_at {
            Some(time) => Lent::Past(Box::new(engine.known_at(time)?)),
            None => Lent::Now(engine),
        })
    };
    reached.iter().map(lend).collect()
}

/// The names of the partitions that a read concerns, in order; `None` if that can be any.
pub(super) fn names(reach: &Reach) -> Result<Option<Vec<String>>> {
    let mut names: Vec<String> = Vec::new();
    if !reach.scope.is_empty() {
        names.extend(reach.scope.ids().map(|(axis, id)| engine::partition_name(axis, id)));
    } else {
        let owners = reach.filter.as_ref().ok_or_else(scope_required)?.owners();
        owners.require()?;
        let users = owners.alternatives().iter().map(|owner| owner.ids(Axis::User));
        // Every memory that carries a user id lives in that user's partition; those of an agent, a run … may be in the
        // partition of any user.
        let Some(users) = users.collect::<Option<Vec<_>>>() else { return Ok(None) };
        names.extend(users.concat().iter().map(|id| engine::partition_name(Axis::User, id)));
    }
    sort_names(&mut names);
    Ok(Some(names))
}

impl Memory {
    /// The partitions that a read concerns.
    pub(super) async fn reached(&self, partitions: &Partitions, reach: &Reach) -> Result<Vec<Rc<Partition>>> {
        let names = match names(reach)? {
            Some(names) => names,
            None => partitions.names("").await?,
        };
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            found.push(partitions.get(&name).await?);
        }
        Ok(found)
    }

    pub(super) fn release(&self, reached: Vec<Rc<Partition>>) {
        for partition in reached {
            self.0.partitions.release(partition);
        }
    }
}
