//! Entities, the graph, the timeline and consolidations as the API shows them, and the graph as text for Graphviz.

use serde_json::Value;

use super::show::{fact, note, recalled};
use crate::engine::{Consolidated, Entry, Graph, Held, Knowledge, Named, Seen};
use crate::record::MemoryId;
use crate::time::Timestamp;

/// An object of these parts. A function, as the code of `json!` is long.
fn members(parts: &mut [(&str, Value)]) -> Value {
    let part = |(name, value): &mut (&str, Value)| (name.to_owned(), std::mem::take(value));
    Value::Object(parts.iter_mut().map(part).collect())
}

fn ids(ids: &[MemoryId]) -> Value {
    ids.iter().map(MemoryId::to_string).collect()
}

fn time(at: Option<Timestamp>) -> Value {
    at.map(|at| at.to_string()).into()
}

/// An entity in the list of all.
pub(super) fn entity(knowledge: &Knowledge, entity: &Named) -> Value {
    let (first, last) = knowledge.spoken_of(entity);
    members(&mut [
        ("name", Value::from(entity.name.as_str())),
        ("kind", Value::from(entity.kind.name())),
        ("aliases", Value::from(entity.aliases.as_slice())),
        ("memories", Value::from(entity.memories.len())),
        ("first", Value::from(first.to_string())),
        ("last", Value::from(last.to_string())),
    ])
}

/// An entity with its facts and its newest memories.
pub(super) fn entity_whole(knowledge: &Knowledge, at: u32, limit: usize) -> Value {
    let entity = &knowledge.entities[at as usize];
    let newest = entity.memories.iter().rev().take(limit);
    let memories: Vec<Value> = newest
        .map(|&at| {
            let Seen { record, standing, .. } = &knowledge.memories[at as usize];
            recalled(record, standing)
        })
        .collect();
    members(&mut [
        ("name", Value::from(entity.name.as_str())),
        ("kind", Value::from(entity.kind.name())),
        ("aliases", Value::from(entity.aliases.as_slice())),
        ("facts", Value::from(knowledge.facts_of(at).map(|it| held(knowledge, it)).collect::<Vec<_>>())),
        ("memories", Value::from(memories)),
        ("total", Value::from(entity.memories.len())),
    ])
}

/// A fact, when it holds, and the memory that says it.
fn held(knowledge: &Knowledge, held: &Held) -> Value {
    let mut shown = fact(&held.fact);
    shown["validFrom"] = time(held.span.from);
    shown["validTo"] = time(held.span.until);
    shown["current"] = held.span.current.into();
    shown["memoryId"] = knowledge.memories[held.memory as usize].record.id.to_string().into();
    if let Some(by) = held.span.by {
        shown["endedBy"] = by.to_string().into();
    }
    shown
}

/// The graph as nodes and edges.
pub(super) fn graph(knowledge: &Knowledge, graph: &Graph) -> Value {
    let entity = |at: u32| &knowledge.entities[at as usize];
    let node = |&at: &u32| {
        let it = entity(at);
        members(&mut [
            ("id", Value::from(it.id.as_str())),
            ("name", Value::from(it.name.as_str())),
            ("kind", Value::from(it.kind.name())),
            ("memories", Value::from(it.memories.len())),
        ])
    };
    let edge = |&at: &u32| {
        let Held { fact, span, memory, subject, object } = &knowledge.facts[at as usize];
        members(&mut [
            ("from", Value::from(entity(*subject).id.as_str())),
            ("to", Value::from(entity(object.unwrap_or(*subject)).id.as_str())),
            ("predicate", Value::from(fact.predicate.as_str())),
            ("validFrom", time(span.from)),
            ("validTo", time(span.until)),
            ("current", Value::from(span.current)),
            ("memoryId", Value::from(knowledge.memories[*memory as usize].record.id.to_string())),
        ])
    };
    let mut shown = members(&mut [
        ("nodes", Value::from(graph.nodes.iter().map(node).collect::<Vec<_>>())),
        ("edges", Value::from(graph.edges.iter().map(edge).collect::<Vec<_>>())),
    ]);
    if graph.omitted_nodes + graph.omitted_edges > 0 {
        shown["omitted"] = members(&mut [
            ("nodes", Value::from(graph.omitted_nodes)),
            ("edges", Value::from(graph.omitted_edges)),
        ]);
    }
    shown
}

/// The graph in Graphviz's language. Nodes are numbered, so that names are nothing but labels.
pub(super) fn dot(knowledge: &Knowledge, graph: &Graph) -> String {
    let mut text = String::from("digraph memory {\n");
    let mut places = vec![0; knowledge.entities.len()];
    for (number, &at) in graph.nodes.iter().enumerate() {
        places[at as usize] = number;
        text += &format!("  n{number} [label={}];\n", quoted(&knowledge.entities[at as usize].name));
    }
    for &at in &graph.edges {
        let Held { fact, span, subject, object, .. } = &knowledge.facts[at as usize];
        let ends = (places[*subject as usize], places[object.unwrap_or(*subject) as usize]);
        let style = if span.current { "" } else { ", style=dashed" };
        text += &format!("  n{} -> n{} [label={}{style}];\n", ends.0, ends.1, quoted(&fact.predicate));
    }
    if graph.omitted_nodes + graph.omitted_edges > 0 {
        text += &format!("  // left out: {} nodes, {} edges\n", graph.omitted_nodes, graph.omitted_edges);
    }
    text + "}\n"
}

/// A text as a quoted string of Graphviz, which never reads HTML in one; see <https://graphviz.org/doc/info/lang.html>.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// An entry of the timeline.
pub(super) fn entry(knowledge: &Knowledge, entry: &Entry, now: Timestamp) -> Value {
    let Seen { record: memory, standing, .. } = &knowledge.memories[entry.memory as usize];
    let mut shown = members(&mut [
        ("at", Value::from(entry.at.to_string())),
        ("event", Value::from(entry.event.name())),
        ("text", Value::from(memory.text.as_str())),
        ("memoryId", Value::from(memory.id.to_string())),
        ("kind", Value::from(memory.note.kind.name())),
    ]);
    match entry.fact {
        Some(at) => shown["fact"] = held(knowledge, &knowledge.facts[at as usize]),
        // As the memory itself shows them.
        None => note(&memory.note, &mut |part, value| {
            if matches!(part, "facts" | "dates") {
                shown[part] = value;
            }
        }),
    }
    if standing.until.is_some_and(|until| until <= now) {
        shown["superseded"] = true.into();
    }
    shown
}

/// What a consolidation did.
pub(super) fn consolidated(done: &Consolidated) -> Value {
    let one = |name, id: MemoryId| (name, Value::from(id.to_string()));
    let merged = done.merged.iter().map(|it| members(&mut [one("into", it.into), ("from", ids(&it.from))]));
    let promoted =
        done.promoted.iter().map(|it| members(&mut [one("id", it.id), ("sources", ids(&it.sources))]));
    members(&mut [("merged", merged.collect()), ("promoted", promoted.collect())])
}
