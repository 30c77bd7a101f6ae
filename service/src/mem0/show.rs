//! Memories as the platform shows them: its names in small letters, null where it has null.

use serde_json::{Map, Value};

use super::items;
use crate::names::renamed;

/// A memory. What callers put into metadata keeps its names; the categories are those that they put there.
pub fn memory(item: Value) -> Value {
    let mut item = renamed(item);
    for name in ["user_id", "agent_id", "app_id", "run_id", "expiration_date"] {
        if item[name].is_null() {
            item[name] = Value::Null;
        }
    }
    item["session_id"] = item["run_id"].clone();
    let categories = &item["metadata"]["categories"];
    item["categories"] = if categories.is_array() { categories.clone() } else { Value::Null };
    let details = &item["score_details"];
    if details.is_object() {
        item["score_breakdown"] = object!({
            "semantic": details["semantic_score"].clone(),
            "bm25": details["bm25_score"].clone(),
            "entity": details["entity_boost"].clone(),
        });
    }
    item
}

/// A list of memories, with the members that `fields` names, or all.
pub fn memories(list: Value, fields: &Value) -> Vec<Value> {
    let Value::Array(list) = list else { return vec![] };
    list.into_iter().map(|item| chosen(memory(item), items(fields))).collect()
}

fn chosen(item: Value, fields: &[Value]) -> Value {
    match item {
        Value::Object(item) if !fields.is_empty() => {
            let wanted = |name: &str| name == "id" || fields.iter().any(|field| field == name);
            Value::Object(item.into_iter().filter(|(name, _)| wanted(name)).collect::<Map<_, _>>())
        }
        item => item,
    }
}
