//! Users, agents, apps and runs: who has memories.

use edgemem::{Error, ErrorKind, Result};
use serde_json::Value;

use edgemem::sorted;

use super::{Asked, items, one, page::Page, wrong};

/// mem0's names of them, and the ids that memories carry.
const TYPES: [(&str, &str); 4] =
    [("user", "user_id"), ("agent", "agent_id"), ("app", "app_id"), ("run", "run_id")];

/// A page of them, in the order of their names; an organisation is none.
pub async fn list(asked: Asked<'_>) -> Result<Value> {
    let page = Page::read(&asked.options)?;
    let owners = asked.call("owners", &[]).await?;
    // One that is in several partitions comes several times.
    let mut entities: Vec<Value> = Vec::new();
    let mut known: Vec<&Value> = items(&owners).iter().collect();
    sorted::sort(&mut known, |a, b| key(a).cmp(&key(b)));
    for owner in known {
        let Some(&(kind, _)) = TYPES.get(place(&owner["axis"])) else { continue };
        let same = entities.last_mut().filter(|it| it["type"] == kind && it["name"] == owner["id"]);
        let count = owner["memories"].as_u64().unwrap_or(0);
        let Some(entity) = same else {
            entities.push(object!({
                "id": format!("{kind}:{}", owner["id"].as_str().unwrap_or_default()),
                "name": owner["id"].clone(),
                "type": kind,
                "total_memories": count,
                "owner": Value::Null,
                "metadata": Value::Null,
                "created_at": owner["first"].clone(),
                "updated_at": owner["last"].clone(),
            }));
            continue;
        };
        entity["total_memories"] = (entity["total_memories"].as_u64().unwrap_or(0) + count).into();
        // Times are written so that they sort as texts.
        if owner["first"].as_str() < entity["created_at"].as_str() {
            entity["created_at"] = owner["first"].clone();
        }
        if owner["last"].as_str() > entity["updated_at"].as_str() {
            entity["updated_at"] = owner["last"].clone();
        }
    }
    let mut answer = page.answer(asked.head, page.part(&entities).to_vec(), entities.len() as u64);
    for (kind, _) in TYPES {
        let total = entities.iter().filter(|it| it["type"] == kind).count();
        answer[format!("total_{kind}s")] = total.into();
    }
    Ok(answer)
}

fn key(owner: &Value) -> (usize, &str) {
    (place(&owner["axis"]), owner["id"].as_str().unwrap_or_default())
}

fn place(axis: &Value) -> usize {
    TYPES.iter().position(|(_, id)| axis == id).unwrap_or(TYPES.len())
}

/// Deletes one with all its memories. `NOT_FOUND` is not told: whoever deletes wants it gone, and it is.
pub async fn delete(asked: Asked<'_>) -> Result<Value> {
    let [kind, name] = asked.texts else { return Err(wrong("type", "name a type and a name")) };
    let Some((_, id)) = TYPES.iter().find(|(known, _)| known == kind) else {
        return Err(wrong("type", "the type must be one of user, agent, app, run"));
    };
    if name.trim().is_empty() {
        return Err(Error::new(ErrorKind::ScopeInvalid, "the name is blank").field("name"));
    }
    asked.call("deleteAll", &[one(id, name.as_str().into())]).await?;
    Ok(object!({ "message": "Entity deleted successfully!" }))
}
