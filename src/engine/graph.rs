//! The entities that memories name and the facts between them: the graph, as one request sees it.
//!
//! Nothing of it is stored. It is made for a request from the memories that the request sees, so scopes, filters,
//! expiry and time hold for names and edges as they do for memories, and what is hidden gives no name away.
//! That takes some 5 µs a memory. Which names are one entity is for `graph/names.rs` to say.

mod names;

use std::cmp::Ordering;

use super::{Engine, Shown, Sight, Span, Standing};
use crate::error::Result;
use crate::knowledge::{Closing, EntityKind, Fact};
use crate::record::Record;
use crate::sorted::{sort, sort_pairs};
use crate::text::fold;
use crate::time::Timestamp;

use names::{Clusters, Mention, Name, is_role, key, names, position, unite_parts};

/// The most nodes of a graph.
pub const MAX_NODES: usize = 1000;
/// The most edges of a graph.
pub const MAX_EDGES: usize = 5000;
/// The greatest distance from the entity that a graph is drawn around.
pub const MAX_HOPS: usize = 5;

/// Predicates by which a fact gives its subject another name.
const NAMING: [&str; 12] = [
    "also known as",
    "aka",
    "alias",
    "called",
    "goes by",
    "is called",
    "is named",
    "name",
    "name is",
    "named",
    "nickname",
    "nicknamed",
];

/// Something that memories name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    /// The folded name, unique in its graph.
    pub id: String,
    /// Its fullest name, as it was said.
    pub name: String,
    /// What it is.
    pub kind: EntityKind,
    /// Its other names, as they were said.
    pub aliases: Vec<String>,
    /// The memories that name it, as places in [`Knowledge::memories`], in order.
    pub memories: Vec<u32>,
}

/// A fact and when it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What is said.
    pub fact: Fact,
    /// Since when and until when.
    pub span: Span,
    /// The memory that says it, as a place in [`Knowledge::memories`].
    pub memory: u32,
    /// Whom it is about, as a place in [`Knowledge::entities`].
    pub subject: u32,
    /// The other end, if it has one.
    pub object: Option<u32>,
}

/// Part of the graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Places in [`Knowledge::entities`]: the nearest first, of those the most mentioned.
    pub nodes: Vec<u32>,
    /// Places in [`Knowledge::facts`], whose ends are both among the nodes.
    pub edges: Vec<u32>,
    /// How many nodes had no place.
    pub omitted_nodes: usize,
    /// How many edges had no place, or led to a node that had none.
    pub omitted_edges: usize,
}

/// A memory that a request sees.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The memory.
    pub record: Record,
    /// When it holds.
    pub standing: Standing,
    /// When each of its facts does.
    pub spans: Vec<Span>,
}

/// What a request sees, by entities.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// The memories, in the order in which they were said.
    pub memories: Vec<Seen>,
    /// What they name, the most mentioned first.
    pub entities: Vec<Named>,
    /// What they say of it, in their order; only what holds, unless the request asks for everything.
    pub facts: Vec<Held>,
    /// Every folded name, sorted, and whose it is.
    names: Vec<(String, u32)>,
}

impl Knowledge {
    /// What these partitions hold for a request; `now` is the time that "current" refers to.
    pub fn of(engines: &[&Engine], sight: &Sight<'_>, now: Timestamp) -> Result<Knowledge> {
        let mut memories = Vec::new();
        for engine in engines {
            for (_, address) in engine.list(sight)? {
                let record = engine.read(address)?;
                let standing = engine.standing(&record, sight)?;
                let spans = engine.spans(&record, sight, now)?;
                memories.push(Seen { record, standing, spans });
            }
        }
        Ok(Knowledge::among(memories, sight))
    }

    /// What these memories, which a request sees, amount to.
    pub fn among(memories: Vec<Seen>, sight: &Sight<'_>) -> Knowledge {
        let mut knowledge = Knowledge { memories, ..Knowledge::default() };
        sort(&mut knowledge.memories, |a, b| {
            (a.record.timestamp, a.record.id).cmp(&(b.record.timestamp, b.record.id))
        });
        let mut mentions = Vec::new();
        for (at, Seen { record, spans, .. }) in knowledge.memories.iter().enumerate() {
            // The memory that took its place says the same.
            let repeats = |why| matches!(why, Closing::Merged | Closing::Distilled);
            let repeated = record.closed.is_some_and(|closed| repeats(closed.why));
            let mut mention = |name: &str, kind| {
                let spelling = of_owner(name, record, sight);
                let key = key(&spelling);
                if !key.is_empty() {
                    mentions.push(Mention { key, spelling, kind, memory: at as u32 });
                }
            };
            for entity in &record.note.entities {
                mention(&entity.name, entity.kind);
            }
            for (fact, span) in record.note.facts.iter().zip(spans) {
                if !repeated && (span.current || sight.shown == Shown::Everything) {
                    mention(&fact.subject, EntityKind::Other);
                    mention(&fact.object, EntityKind::Other);
                    let (memory, fact) = (at as u32, fact.clone());
                    knowledge.facts.push(Held { fact, span: *span, memory, subject: 0, object: None });
                }
            }
        }
        let names = names(mentions);
        let mut clusters = Clusters((0..names.len() as u32).collect());
        for held in &knowledge.facts {
            if held.span.current && NAMING.contains(&key(&held.fact.predicate).as_str()) {
                let record = &knowledge.memories[held.memory as usize].record;
                let place = |name: &str| position(&names, &key(&of_owner(name, record, sight)));
                if let (Some(a), Some(b)) = (place(&held.fact.subject), place(&held.fact.object)) {
                    clusters.unite(a, b);
                }
            }
        }
        unite_parts(&names, &mut clusters);
        knowledge.gather(names, &clusters);
        for at in 0..knowledge.facts.len() {
            let held = &knowledge.facts[at];
            let record = &knowledge.memories[held.memory as usize].record;
            let place = |name: &str| knowledge.find(&of_owner(name, record, sight));
            let (subject, object) = (place(&held.fact.subject), place(&held.fact.object));
            knowledge.facts[at].object = object;
            knowledge.facts[at].subject = subject.unwrap_or(u32::MAX);
        }
        knowledge.facts.retain(|held| held.subject != u32::MAX);
        knowledge
    }

    /// Makes entities of names.
    fn gather(&mut self, names: Vec<Name>, clusters: &Clusters) {
        let mut members: Vec<(u32, Name)> = Vec::new();
        for (at, name) in names.into_iter().enumerate() {
            members.push((clusters.root(at as u32), name));
        }
        // The best name of each first: no speaker without a name, many words, many mentions.
        let rank = |name: &Name| (!is_role(&name.key), name.key.split(' ').count(), name.memories.len());
        sort(&mut members, |a, b| a.0.cmp(&b.0).then_with(|| rank(&b.1).cmp(&rank(&a.1))));
        let mut keys: Vec<Vec<String>> = Vec::new();
        let mut last = None;
        for (root, name) in members {
            if last != Some(root) {
                last = Some(root);
                keys.push(vec![]);
                let kind = if is_role(&name.key) { EntityKind::Person } else { EntityKind::Other };
                let (id, name) = (name.key.clone(), name.spelling.clone());
                self.entities.push(Named { id, name, kind, ..Named::default() });
            } else if let Some(entity) = self.entities.last_mut() {
                entity.aliases.push(name.spelling.clone());
            }
            if let (Some(entity), Some(keys)) = (self.entities.last_mut(), keys.last_mut()) {
                if entity.kind == EntityKind::Other {
                    entity.kind = name.kind;
                }
                entity.memories.extend(&name.memories);
                keys.push(name.key);
            }
        }
        let mut found: Vec<(Named, Vec<String>)> = self.entities.drain(..).zip(keys).collect();
        for (entity, _) in &mut found {
            sort(&mut entity.memories, |a, b| a.cmp(b));
            entity.memories.dedup();
        }
        sort(&mut found, |(a, _), (b, _)| {
            b.memories.len().cmp(&a.memories.len()).then_with(|| a.id.cmp(&b.id))
        });
        for (at, (entity, keys)) in found.into_iter().enumerate() {
            self.entities.push(entity);
            self.names.extend(keys.into_iter().map(|key| (key, at as u32)));
        }
        sort_pairs(&mut self.names);
    }

    /// The place of the entity of this name, however it is written.
    pub fn find(&self, name: &str) -> Option<u32> {
        let key = key(name);
        let at = self.names.binary_search_by(|(known, _)| known.as_str().cmp(&key)).ok()?;
        Some(self.names[at].1)
    }

    /// The facts that an entity is an end of.
    pub fn facts_of(&self, entity: u32) -> impl Iterator<Item = &Held> {
        self.facts.iter().filter(move |held| held.subject == entity || held.object == Some(entity))
    }

    /// When an entity was first and last spoken of.
    pub fn spoken_of(&self, entity: &Named) -> (Timestamp, Timestamp) {
        let at = |place: Option<&u32>| {
            place.map_or(Timestamp::default(), |&at| self.memories[at as usize].record.timestamp)
        };
        (at(entity.memories.first()), at(entity.memories.last()))
    }

    /// The whole graph, or what is at most so many edges away from the entity of a name; nothing for an unknown name.
    /// At most [`MAX_NODES`] and [`MAX_EDGES`]. A fact that several memories say is one edge, of the earliest.
    pub fn graph(&self, around: Option<&str>, hops: usize) -> Graph {
        let facts = 0..self.facts.len() as u32;
        let mut edges: Vec<u32> = facts.filter(|&at| self.facts[at as usize].object.is_some()).collect();
        sort(&mut edges, |&a, &b| {
            let (first, second) = (&self.facts[a as usize], &self.facts[b as usize]);
            edge_order(first, second).then_with(|| first.span.from.cmp(&second.span.from)).then(a.cmp(&b))
        });
        edges.dedup_by(|a, b| edge_order(&self.facts[*a as usize], &self.facts[*b as usize]).is_eq());
        let far = hops + 1;
        let mut distance = vec![if around.is_none() { 0 } else { far }; self.entities.len()];
        if let Some(at) = around.and_then(|name| self.find(name)) {
            distance[at as usize] = 0;
        }
        for reached in 0..hops {
            for &edge in &edges {
                let held = &self.facts[edge as usize];
                let (a, b) = (held.subject as usize, held.object.unwrap_or(held.subject) as usize);
                for (here, there) in [(a, b), (b, a)] {
                    if distance[here] == reached && distance[there] > reached {
                        distance[there] = reached + 1;
                    }
                }
            }
        }
        let near = (0..self.entities.len() as u32).filter(|&at| distance[at as usize] < far);
        let mut graph = Graph { nodes: near.collect(), ..Graph::default() };
        sort(&mut graph.nodes, |&a, &b| distance[a as usize].cmp(&distance[b as usize]));
        let within = |edge: u32, drawn: &dyn Fn(u32) -> bool| {
            let held = &self.facts[edge as usize];
            drawn(held.subject) && held.object.is_some_and(drawn)
        };
        let near = edges.iter().filter(|&&edge| within(edge, &|at| distance[at as usize] < far)).count();
        let all = (graph.nodes.len(), near);
        graph.nodes.truncate(MAX_NODES);
        let mut drawn = vec![false; self.entities.len()];
        graph.nodes.iter().for_each(|&at| drawn[at as usize] = true);
        edges.retain(|&edge| within(edge, &|at| drawn[at as usize]));
        edges.truncate(MAX_EDGES);
        (graph.omitted_nodes, graph.omitted_edges) = (all.0 - graph.nodes.len(), all.1 - edges.len());
        graph.edges = edges;
        graph
    }
}

/// Edges that are equal in this are one.
fn edge_order(a: &Held, b: &Held) -> Ordering {
    let end = |held: &Held| (held.subject, held.object, !held.span.current, held.span.until);
    let ends = (end(a).0, end(a).1).cmp(&(end(b).0, end(b).1));
    let predicates = ends.then_with(|| fold(&a.fact.predicate).cmp(&fold(&b.fact.predicate)));
    predicates.then_with(|| (end(a).2, end(a).3).cmp(&(end(b).2, end(b).3)))
}

/// A name as it is told apart: a request that may see several owners at once sees several speakers without a name.
fn of_owner(name: &str, record: &Record, sight: &Sight<'_>) -> String {
    match record.scope.owner() {
        Some((_, owner)) if sight.view.is_none() && is_role(&key(name)) => format!("{name} {owner}"),
        _ => name.to_owned(),
    }
}
