//! Changes of memories that are there: one, many, or all of a scope.

use edgemem::record::MemoryId;
use edgemem::{Error, ErrorKind, Result};
use serde_json::Value;

use super::{Asked, checked, items, one, unknown, wrong};
use crate::names::renamed;

/// As many are changed in a batch at most.
const MOST: usize = 1_000;

/// Changes a memory and returns it as it is then.
pub async fn update(asked: Asked<'_>) -> Result<Value> {
    let id = asked.id()?;
    asked.call("update", &[id.into(), asked.options.clone().into()]).await?;
    asked.memory(id).await
}

/// Deletes a memory, with `delete_linked` also those whose place it took.
pub async fn delete(asked: Asked<'_>) -> Result<Value> {
    let id = asked.id()?;
    if asked.option("delete_linked") != &Value::Bool(true) {
        return asked.call("delete", &[id.into()]).await;
    }
    let mut linked = vec![id.to_owned()];
    let mut at = 0;
    while at < linked.len() {
        let item = asked.call("get", &[linked[at].as_str().into()]).await?;
        for older in items(&item["supersedes"]).iter().filter_map(Value::as_str) {
            if !linked.iter().any(|known| known == older) {
                linked.push(older.to_owned());
            }
        }
        at += 1;
    }
    let mut answer = Value::Null;
    for id in linked.iter().rev() {
        answer = asked.call("delete", &[id.as_str().into()]).await?;
    }
    answer["cascade_count"] = (linked.len() - 1).into();
    Ok(answer)
}

/// What happened to a memory, under mem0's names and ours.
pub async fn history(asked: Asked<'_>) -> Result<Value> {
    let id = asked.id()?;
    let rows = asked.call("history", &[id.into()]).await?;
    if items(&rows).is_empty() {
        return Err(unknown(id));
    }
    let memory = asked.memory(id).await.unwrap_or_default();
    let role = memory["role"].as_str().unwrap_or("user");
    let row = |row: &Value| {
        let mut row = renamed(row.clone());
        let action = row["action"].as_str().unwrap_or_default();
        let event = if ["ADD", "UPDATE"].contains(&action) { action } else { "DELETE" };
        let said = if row["new_value"].is_null() { &row["previous_value"] } else { &row["new_value"] };
        let input = Value::from(vec![object!({ "role": role, "content": said.clone() })]);
        for (name, value) in [
            ("id", format!("{id}-{}", row["id"]).into()),
            ("event", event.into()),
            ("old_memory", row["previous_value"].clone()),
            ("new_memory", row["new_value"].clone()),
            ("input", input),
        ] {
            row[name] = value;
        }
        for name in ["user_id", "agent_id", "app_id", "run_id", "session_id", "metadata", "categories"] {
            row[name] = memory[name].clone();
        }
        row
    };
    Ok(items(&rows).iter().map(row).collect())
}

/// Deletes all memories of a scope, which has to be named.
pub async fn delete_all(asked: Asked<'_>) -> Result<Value> {
    if asked.options.is_empty() {
        let message =
            "name at least one of user_id, agent_id, run_id, app_id, org_id; no path deletes everything";
        return Err(Error::new(ErrorKind::ScopeRequired, message).field("user_id"));
    }
    asked.call("deleteAll", &[asked.options.clone().into()]).await
}

/// Changes or deletes many, those of one owner together. All are looked for first, so that one that is unknown or wrong
/// changes nothing. What was deleted before counts as deleted: a batch that failed half-way is sent again as it was.
pub async fn batch(asked: Asked<'_>, deletes: bool) -> Result<Value> {
    let Some(list) = asked.option("memories").as_array() else {
        return Err(wrong("memories", "memories must be a list of objects with a memory_id"));
    };
    if list.is_empty() || list.len() > MOST {
        return Err(wrong("memories", &format!("memories must be a list of 1 to {MOST}")));
    }
    // As answers spell them, whatever the caller does.
    let mut ids: Vec<String> = Vec::new();
    let mut changes: Vec<Value> = Vec::new();
    for (at, memory) in list.iter().enumerate() {
        let named = |name: &str| format!("memories[{at}].{name}");
        let id = checked(memory["memory_id"].as_str().unwrap_or_default())
            .map_err(|error| error.field(named("memory_id")))?;
        let id = MemoryId::parse(id).map_or_else(|| id.to_owned(), |id| id.to_string());
        if ids.contains(&id) {
            return Err(wrong(&named("memory_id"), "memories must name each memory once"));
        }
        let mut change = one("id", id.as_str().into());
        ids.push(id);
        if !deletes {
            if !memory["metadata"].is_null() && !memory["metadata"].is_object() {
                return Err(wrong(&named("metadata"), "metadata must be an object"));
            }
            let text = memory["text"].as_str().is_some_and(|text| !text.trim().is_empty());
            let others = memory["metadata"].is_object() || !memory["timestamp"].is_null();
            if !(text || memory["text"].is_null() && others) {
                let message = "each memory needs a text that is not blank, metadata, or a timestamp";
                return Err(wrong(&named("text"), message));
            }
            for name in ["text", "metadata", "timestamp"] {
                change[name] = memory[name].clone();
            }
        }
        changes.push(change);
    }
    let mut call = [changes.into(), object!({ "delete": deletes, "dryRun": true })];
    let seen = asked.call("changeAll", &call).await?;
    failed(&seen, "nothing was changed")?;
    // Those that an answer does not tell of as it has to: how many, and the first of them.
    let missing = |told: &Value| {
        let among = |list: &Value, id: &str| items(list).iter().any(|known| known == id);
        let is_there = |id: &&str| among(&told["done"], id) || (deletes && among(&told["gone"], id));
        let missing: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !is_there(id)).collect();
        (missing.len(), missing.iter().take(20).copied().collect::<Vec<_>>().join(", "))
    };
    let unfound = |(missing, shown): (usize, String)| {
        let message = format!("{missing} of these memories not found, so nothing was changed: {shown}");
        Error::new(ErrorKind::NotFound, message).field("memories")
    };
    match missing(&seen) {
        (0, _) => {}
        found => return Err(unfound(found)),
    }
    call[1] = one("delete", deletes.into());
    let told = asked.call("changeAll", &call).await?;
    let (count, done) = (ids.len(), items(&told["done"]).len());
    failed(&told, &format!("{done} of {count} memories were changed before that, send the batch again"))?;
    // Somebody else may have deleted some since they were looked for, which is what a batch that deletes wants.
    let message = match missing(&told) {
        _ if deletes => format!("Successfully deleted {count} memories"),
        (0, _) => format!("Successfully updated {count} memories"),
        found if found.0 == count => return Err(unfound(found)),
        (_, shown) => format!("Successfully updated {done} of {count} memories; deleted meanwhile: {shown}"),
    };
    Ok(object!({ "message": message }))
}

/// The failure that an answer tells of, with how far it came.
fn failed(told: &Value, so_far: &str) -> Result<()> {
    let failure = &told["failure"];
    let text = |name: &str| failure[name].as_str().unwrap_or_default();
    if failure.is_null() {
        return Ok(());
    }
    let kind = ErrorKind::from_code(text("code")).unwrap_or(ErrorKind::Internal);
    Err(Error::new(kind, format!("{} ({so_far})", text("message"))).cause(text("cause")).field("memories"))
}

/// Notes what someone thinks of a memory.
pub async fn feedback(asked: Asked<'_>) -> Result<Value> {
    let id = checked(asked.option("memory_id").as_str().unwrap_or_default())?;
    let arguments = [id.into(), asked.option("feedback").clone(), asked.option("feedback_reason").clone()];
    let noted = asked.call("feedback", &arguments).await?;
    Ok(object!({
        "id": noted["id"].clone(),
        "feedback": noted["feedback"].as_str().map(str::to_uppercase),
        "feedback_reason": noted["reason"].clone(),
        "strength": noted["strength"].clone(),
    }))
}
