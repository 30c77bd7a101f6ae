//! The tool `list_entities`: the users, agents, apps and runs that have memories.

use edgemem::Error;
use serde_json::{Map, Value, json};

use super::methods::Door;

/// What is listed, in this order, with the name of its total. Organisations are no entities for mem0.
const KINDS: [(&str, &str, &str); 4] = [
    ("user_id", "user", "total_users"),
    ("agent_id", "agent", "total_agents"),
    ("app_id", "app", "total_apps"),
    ("run_id", "run", "total_runs"),
];

/// All memories of a scope.
const ALL: u32 = 1_000_000_000;

/// One id, with how many memories carry it, and when the first and the last of them was said.
struct Entity {
    kind: usize,
    id: String,
    memories: u64,
    first: String,
    last: String,
}

/// A page of them, sorted by kind and id.
pub async fn list(door: &Door<'_>, page: u64, size: u64) -> Result<Value, Error> {
    let mut found = match door.bounds.fixed.is_empty() {
        true => everyone(&door.ask("owners", &[]).await?),
        false => {
            let filters = door.bounds.reach(&Map::new())?;
            let memories = door.ask("getAll", &[json!({ "filters": filters, "limit": ALL })]).await?;
            within(&memories["results"])
        }
    };
    found.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    // An id is found once for every partition that it is in.
    found.dedup_by(|entity, kept| {
        let is_same = (kept.kind, &kept.id) == (entity.kind, &entity.id);
        if is_same {
            kept.memories += entity.memories;
            kept.first = std::mem::take(&mut kept.first).min(std::mem::take(&mut entity.first));
            kept.last = std::mem::take(&mut kept.last).max(std::mem::take(&mut entity.last));
        }
        is_same
    });
    let start = ((page - 1) * size).min(found.len() as u64) as usize;
    let end = (start + size as usize).min(found.len());
    let shown = found[start..end].iter().map(|it| {
        json!({
            "name": it.id,
            "type": KINDS[it.kind].1,
            "total_memories": it.memories,
            "created_at": it.first,
            "updated_at": it.last,
        })
    });
    let mut listed = super::tools::envelope(page, found.len() as u64, end < found.len(), shown.collect());
    for (kind, (_, _, total)) in KINDS.iter().enumerate() {
        listed[*total] = found.iter().filter(|it| it.kind == kind).count().into();
    }
    Ok(listed)
}

fn everyone(owners: &Value) -> Vec<Entity> {
    let text = |owner: &Value, name: &str| owner[name].as_str().unwrap_or_default().to_owned();
    let entity = |owner: &Value| {
        let kind = KINDS.iter().position(|(axis, ..)| owner["axis"] == *axis)?;
        let memories = owner["memories"].as_u64()?;
        let (first, last) = (text(owner, "first"), text(owner, "last"));
        Some(Entity { kind, id: text(owner, "id"), memories, first, last })
    };
    owners.as_array().into_iter().flatten().filter_map(entity).collect()
}

fn within(memories: &Value) -> Vec<Entity> {
    let mut found = Vec::new();
    for memory in memories.as_array().into_iter().flatten() {
        let said = memory["created_at"].as_str().unwrap_or_default();
        for (kind, (axis, ..)) in KINDS.iter().enumerate() {
            let Some(id) = memory[*axis].as_str() else { continue };
            found.push(Entity {
                kind,
                id: id.to_owned(),
                memories: 1,
                first: said.to_owned(),
                last: said.to_owned(),
            });
        }
    }
    found
}
