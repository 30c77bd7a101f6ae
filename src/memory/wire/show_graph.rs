//! Entities, the graph, the timeline and consolidations as the API shows them, and the graph as text for Graphviz.

use serde_json::Value;

use super::show::{fact, note, recalled};
use crate::engine::{Consolidated, Entry, Graph, Held, Knowledge, Named, Seen};
use crate::record::MemoryId;
use crate::time::Timestamp;

fn time(at: Option<Timestamp>) -> Value {
    at.map(|at| at.to_string()).into()
}

/// An entity in the list of all.
pub(super) fn entity(knowledge: &Knowledge, entity: &Named) -> Value {
    let (first, last) = knowledge.spoken_of(entity);
    object!({
        "name": entity.name.as_str(),
        "kind": entity.kind.name(),
        "aliases": entity.aliases.clone(),
        "memories": entity.memories.len(),
        "first": first.to_string(),
        "last": last.to_string(),
    })
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
    object!({
        "name": entity.name.as_str(),
        "kind": entity.kind.name(),
        "aliases": entity.aliases.clone(),
        "facts": knowledge.facts_of(at).map(|it| held(knowledge, it)).collect::<Vec<_>>(),
        "memories": memories,
        "total": entity.memories.len(),
    })
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
        object!({ "id": it.id.as_str(), "name": it.name.as_str(), "kind": it.kind.name(), "memories": it.memories.len() })
    };
    let edge = |&at: &u32| {
        let Held { fact, span, memory, subject, object } = &knowledge.facts[at as usize];
        object!({
            "from": entity(*subject).id.as_str(),
            "to": entity(object.unwrap_or(*subject)).id.as_str(),
            "predicate": fact.predicate.as_str(),
            "validFrom": time(span.from),
            "validTo": time(span.until),
            "current": span.current,
            "memoryId": knowledge.memories[*memory as usize].record.id.to_string(),
        })
    };
    let mut shown = object!({
        "nodes": graph.nodes.iter().map(node).collect::<Vec<_>>(),
        "edges": graph.edges.iter().map(edge).collect::<Vec<_>>(),
    });
    if graph.omitted_nodes + graph.omitted_edges > 0 {
        shown["omitted"] = object!({ "nodes": graph.omitted_nodes, "edges": graph.omitted_edges });
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
    let mut shown = object!({
        "at": entry.at.to_string(),
        "event": entry.event.name(),
        "text": memory.text.as_str(),
        "memoryId": memory.id.to_string(),
        "kind": memory.note.kind.name(),
    });
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
    let texts = |ids: &[MemoryId]| ids.iter().map(MemoryId::to_string).collect::<Vec<_>>();
    let merged =
        done.merged.iter().map(|it| object!({ "into": it.into.to_string(), "from": texts(&it.from) }));
    let promoted =
        done.promoted.iter().map(|it| object!({ "id": it.id.to_string(), "sources": texts(&it.sources) }));
    object!({ "merged": merged.collect::<Vec<_>>(), "promoted": promoted.collect::<Vec<_>>() })
}
