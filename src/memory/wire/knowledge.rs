//! What is asked of the entities, as JSON: their list, one of them, their graph, their time.

use serde_json::Value;

use super::super::{DEFAULT_ENTITIES, Reach};
use super::read::{Options, moment, name, since, wrong};
use super::{reach, show_graph};
use crate::engine::{Knowledge, MAX_HOPS};
use crate::error::Result;
use crate::knowledge::EntityKind;
use crate::time::Timestamp;

/// A call of `entities`, `entity`, `graph` or `timeline`.
pub(in crate::memory) struct Asked<'a> {
    method: &'a str,
    /// What may be seen.
    pub reach: Reach,
    /// The entity that `entity` is about.
    of: Option<&'a str>,
    limit: usize,
    kind: Option<EntityKind>,
    is_dot: bool,
    hops: usize,
    about: Option<&'a str>,
    around: Option<&'a str>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl<'a> Asked<'a> {
    /// Reads the arguments of a method.
    pub fn of(method: &'a str, arguments: &'a [Value]) -> Result<Asked<'a>> {
        let argument = |at: usize| arguments.get(at).unwrap_or(&Value::Null);
        let is_one = method == "entity";
        let of = is_one.then(|| name(argument(0), "name")).transpose()?;
        let options = Options::of(argument(usize::from(is_one)))?;
        let mut reach = reach(&options)?;
        if method == "timeline" && reach.valid_at.is_none() {
            // What is over is what a timeline is about.
            reach.include_superseded = options.flag(&["includeSuperseded", "include_superseded"], true)?;
        }
        let limit = options.count(&["limit"], "limit")?.unwrap_or(DEFAULT_ENTITIES);
        let kind =
            options.choice("kind", &EntityKind::ALL.map(EntityKind::name))?.map(|at| EntityKind::ALL[at]);
        let is_dot = options.choice("format", &["json", "dot"])? == Some(1);
        let hops = options.count(&["hops"], "hops")?.unwrap_or(1);
        if hops > MAX_HOPS {
            return Err(wrong("hops", "a whole number from 0 to 5"));
        }
        let named =
            |field: &'static str| options.get(&[field]).map(|(_, value)| name(value, field)).transpose();
        let (about, around) = (named("about")?, named("around")?);
        let (from, to) = (since(&options, "from")?, moment(&options, &["to"])?);
        Ok(Asked { method, reach, of, limit, kind, is_dot, hops, about, around, from, to })
    }

    /// The time that what is known is told as of.
    pub fn time(&self, now: Timestamp) -> Timestamp {
        self.reach.valid_at.or(self.reach.known_at).unwrap_or(now)
    }

    /// The answer, from what is known.
    pub fn show(&self, known: &Knowledge, now: Timestamp) -> Value {
        match self.method {
            "entity" => self
                .of
                .and_then(|name| known.find(name))
                .map_or(Value::Null, |at| show_graph::entity_whole(known, at, self.limit)),
            "graph" => {
                let drawn = known.graph(self.around, self.hops);
                match self.is_dot {
                    true => show_graph::dot(known, &drawn).into(),
                    false => show_graph::graph(known, &drawn),
                }
            }
            "timeline" => {
                let entries = known.timeline(self.about, self.from, self.to, self.limit);
                entries.iter().map(|entry| show_graph::entry(known, entry, self.time(now))).collect()
            }
            _ => {
                let wanted = known.entities.iter().filter(|it| self.kind.is_none_or(|kind| kind == it.kind));
                wanted.take(self.limit).map(|it| show_graph::entity(known, it)).collect()
            }
        }
    }
}
