//! The platform's filters, brought into the core's.
//!
//! On the platform every name of a filter is a field of its own, and metadata has a part for itself; the core takes a
//! name that it does not know for one of metadata. So what the platform would refuse is refused here, and what the core
//! calls differently is renamed. Operators are the core's: all of the platform's, and more.

use edgemem::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::one;

/// What the core knows under the same name.
const SAME: [&str; 16] = [
    "user_id",
    "agent_id",
    "app_id",
    "run_id",
    "session_id",
    "org_id",
    "created_at",
    "updated_at",
    "timestamp",
    "expiration_date",
    "text",
    "metadata",
    "memory_ids",
    "actor_id",
    "role",
    "conversation_id",
];

/// Nothing is nested deeper; the core says so again, in its words.
const MOST_LEVELS: usize = 33;

/// The core's filter of this one. `FILTER_INVALID` names what is none of the platform's fields.
pub fn of_platform(filter: &Value) -> Result<Value> {
    nested(filter, 0)
}

fn nested(filter: &Value, level: usize) -> Result<Value> {
    let Value::Object(given) = filter else { return Ok(filter.clone()) };
    if level > MOST_LEVELS {
        return Ok(filter.clone());
    }
    let mut kept = Map::new();
    let mut more = Vec::new();
    for (name, value) in given {
        match name.as_str() {
            "AND" | "OR" | "NOT" => {
                let value = match value {
                    Value::Array(list) => {
                        list.iter().map(|one| nested(one, level + 1)).collect::<Result<Value>>()?
                    }
                    one => nested(one, level + 1)?,
                };
                kept.insert(name.clone(), value);
            }
            "categories" => more.push(categories(value)),
            "keywords" | "keywords_search" => more.push(keywords(value)),
            name if SAME.contains(&name) => {
                kept.insert(name.to_owned(), value.clone());
            }
            name => {
                let shown: String = name.chars().take(80).collect();
                let message = format!(
                    "Top-level key must be a logical operator or an allowed field: [AND, OR, NOT, {}, categories, keywords]. \
                     \"{shown}\" is neither; conditions on metadata stand under metadata.",
                    SAME.join(", ")
                );
                return Err(Error::new(ErrorKind::FilterInvalid, message).field(format!("filters.{shown}")));
            }
        }
    }
    Ok(all(Value::Object(kept), more))
}

/// A filter with further conditions.
pub fn all(filter: Value, mut more: Vec<Value>) -> Value {
    if more.is_empty() {
        return filter;
    }
    if filter.as_object().is_none_or(|members| !members.is_empty()) {
        more.push(filter);
    }
    one("AND", more.into())
}

/// Any of these categories, which are a list among the metadata.
pub fn categories(wanted: &Value) -> Value {
    let holds = |value: &Value| one("categories", one("contains", value.clone()));
    let wanted = match wanted {
        Value::Object(operators) => {
            let known = ["in", "eq", "contains", "icontains"].iter().find_map(|name| operators.get(*name));
            match known.filter(|_| operators.len() == 1) {
                Some(value) => value,
                None => return one("metadata", one("categories", wanted.clone())),
            }
        }
        other => other,
    };
    one(
        "metadata",
        match wanted {
            Value::Array(list) if !list.is_empty() => one("OR", list.iter().map(holds).collect()),
            Value::Array(_) => one("categories", wanted.clone()),
            star if star == "*" => one("categories", wanted.clone()),
            other => holds(other),
        },
    )
}

/// Words that the memory holds, in whatever case.
pub fn keywords(wanted: &Value) -> Value {
    match wanted {
        Value::Object(_) => one("text", wanted.clone()),
        Value::Array(list) => one("AND", list.iter().map(keywords).collect()),
        other => one("text", one("icontains", other.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgemem::index::filter::Filter;
    use serde_json::json;

    #[test]
    fn what_the_platform_takes_becomes_a_filter_of_the_core() {
        for (given, expected) in [
            (json!({ "user_id": "u", "run_id": "*" }), json!({ "user_id": "u", "run_id": "*" })),
            (
                json!({ "AND": [{ "user_id": "u" }, { "NOT": { "keywords": "tea" } }] }),
                json!({ "AND": [{ "user_id": "u" }, { "NOT": { "AND": [{ "text": { "icontains": "tea" } }] } }] }),
            ),
            (
                json!({ "user_id": "u", "categories": { "in": ["a", "b"] } }),
                json!({ "AND": [
                    { "metadata": { "OR": [{ "categories": { "contains": "a" } }, { "categories": { "contains": "b" } }] } },
                    { "user_id": "u" },
                ] }),
            ),
            (
                json!({ "keywords": { "contains": "Tea" } }),
                json!({ "AND": [{ "text": { "contains": "Tea" } }] }),
            ),
            (json!({ "metadata": { "bogus": 1 } }), json!({ "metadata": { "bogus": 1 } })),
            (json!({}), json!({})),
        ] {
            let filter = of_platform(&given).unwrap();
            assert_eq!(filter, expected);
            Filter::parse(&filter).unwrap();
        }
    }

    #[test]
    fn what_is_no_field_is_named() {
        for given in [
            json!({ "bogus": 1 }),
            json!({ "user_id": "u", "OR": [{ "user_id": "u" }, { "NOT": { "bogus": 1 } }] }),
        ] {
            let error = of_platform(&given).unwrap_err();
            assert_eq!((error.code(), error.field_name()), ("FILTER_INVALID", Some("filters.bogus")));
        }
        // What is malformed is the core's to say.
        for given in [json!("x"), json!({ "AND": "x" }), json!({ "OR": [] }), json!({ "AND": [1] })] {
            assert!(Filter::parse(&of_platform(&given).unwrap()).is_err(), "{given}");
        }
    }
}
