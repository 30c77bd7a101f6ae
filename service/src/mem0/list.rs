//! Lists and searches.

use edgemem::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::{Asked, filters, one, page::Page, show};

/// As many a search returns unless it is said, and at most.
const FOUND: (u64, u64) = (10, 1_000);
/// The ids of a scope.
pub const SCOPE: [&str; 5] = ["user_id", "agent_id", "run_id", "app_id", "org_id"];

/// A page of memories. With `composed` the ids beside the filters are scopes that add up, as in edgemem's own API;
/// otherwise they are conditions, as on the platform.
pub async fn list(asked: Asked<'_>, composed: bool) -> Result<Value> {
    let page = Page::read(&asked.options)?;
    let mut options = if composed { asked.options.clone() } else { conditions(&asked.options)? };
    // Who counts by themselves is given no addresses of pages.
    let counts = ["top_k", "limit", "offset"].iter().any(|name| !asked.option(name).is_null());
    if !counts {
        options.insert("top_k".to_owned(), page.size().into());
        options.insert("offset".to_owned(), page.offset().into());
    }
    options.insert("count".to_owned(), true.into());
    time(&asked.options, &mut options);
    let mut found = asked.call("getAll", &[options.into()]).await?;
    let results = show::memories(found["results"].take(), asked.option("fields"));
    let count = found["total"].as_u64().unwrap_or(0);
    if counts {
        return Ok(
            object!({ "count": count, "next": Value::Null, "previous": Value::Null, "results": results }),
        );
    }
    Ok(page.answer(asked.head, results, count))
}

/// What answers a question. With `composed` as in edgemem's own API.
pub async fn search(asked: Asked<'_>, composed: bool) -> Result<Value> {
    let mut options = if composed { asked.options.clone() } else { conditions(&asked.options)? };
    time(&asked.options, &mut options);
    if !composed {
        let top_k = match asked.options.get("top_k").or(asked.options.get("limit")) {
            None | Some(Value::Null) => FOUND.0.into(),
            Some(value) => value.clone(),
        };
        let whole = top_k.as_u64().is_some_and(|top_k| (1..=FOUND.1).contains(&top_k));
        if !whole {
            let message = format!("top_k must be a whole number from 1 to {}", FOUND.1);
            return Err(Error::new(ErrorKind::TopKInvalid, message).field("top_k"));
        }
        options.insert("top_k".to_owned(), top_k);
        let rerank = asked.option("rerank") == &Value::Bool(true);
        options.insert("rerank".to_owned(), rerank.into());
        for name in ["threshold", "explain", "weights", "rerank_top", "reference_date"] {
            if !asked.option(name).is_null() {
                options.insert(name.to_owned(), asked.option(name).clone());
            }
        }
    }
    let query = asked.option("query").clone();
    let mut found = asked.call("search", &[query, options.into()]).await?;
    let mut answer = object!({ "results": show::memories(found["results"].take(), asked.option("fields")) });
    if !found["warnings"].is_null() {
        answer["warnings"] = crate::names::renamed(found["warnings"].take());
    }
    Ok(answer)
}

/// The core's options for what the platform names: its filters, the ids beside them, and what else limits a list.
pub fn conditions(given: &Map<String, Value>) -> Result<Map<String, Value>> {
    let option = |name: &str| given.get(name).filter(|value| !value.is_null());
    let mut more = Vec::new();
    for name in SCOPE {
        if let Some(id) = option(name) {
            if !(id.is_string() || id.is_number()) {
                return Err(super::wrong(name, &format!("{name} must be a string")));
            }
            more.push(one(name, id.clone()));
        }
    }
    if let Some(from) = option("start_date") {
        more.push(one("created_at", one("gte", from.clone())));
    }
    if let Some(through) = option("end_date") {
        // A day is meant whole.
        let day = through.as_str().filter(|text| text.trim().len() == "2026-12-31".len());
        let last = day.map_or(through.clone(), |day| format!("{}T23:59:59.999Z", day.trim()).into());
        more.push(one("created_at", one("lte", last)));
    }
    if let Some(wanted) = option("categories") {
        more.push(filters::categories(wanted));
    }
    if let Some(wanted) = option("keywords") {
        more.push(filters::keywords(wanted));
    }
    if let Some(wanted) = option("metadata") {
        more.push(one("metadata", wanted.clone()));
    }
    let filter = filters::of_platform(option("filters").unwrap_or(&Map::new().into()))?;
    let mut options = Map::new();
    options.insert("filters".to_owned(), filters::all(filter, more));
    for name in ["top_k", "limit", "offset", "order", "show_expired"] {
        if let Some(value) = option(name) {
            options.insert(name.to_owned(), value.clone());
        }
    }
    Ok(options)
}

/// What is kept of the past is shown if it is asked for, also in mem0's word for it.
fn time(given: &Map<String, Value>, options: &mut Map<String, Value>) {
    if given.get("latest_only") == Some(&Value::Bool(false)) {
        options.insert("include_superseded".to_owned(), true.into());
    }
    for name in ["include_superseded", "valid_at", "as_of", "known_at"] {
        if let Some(value) = given.get(name) {
            options.insert(name.to_owned(), value.clone());
        }
    }
}
