//! Options in the query of an address, and those of a body: what the route's table says of them.

use edgemem::{Error, ErrorKind};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::route::{Field, Kind, Route};

/// Reads a query into the options of a call. Unknown and repeated parameters are refused: whoever writes
/// `userId` in front of a deletion must not delete more than was meant.
pub fn read(query: &str, known: &[&[Field]]) -> Result<Map<String, Value>, Problem> {
    let mut options = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        let Some(field) = find(known, &name) else {
            let names: Vec<&str> = known.iter().copied().flatten().map(|field| field.name).collect();
            let message = if names.is_empty() {
                "this path takes no query parameters".to_owned()
            } else {
                format!("unknown query parameter; this path takes {}", names.join(", "))
            };
            return Err(refused(message).field(name));
        };
        if options.contains_key(&name) && field.name != "*" {
            return Err(refused("query parameter given twice").field(name));
        }
        options.insert(name, typed(field.kind, value));
    }
    Ok(options)
}

/// The most names that `fields` may list: there are some thirty.
const MOST_FIELDS: usize = 100;
/// The most messages of one request.
const MOST_MESSAGES: usize = 2_000;

/// Refuses lists that are longer than any that somebody needs: each item costs as much as all else of a request.
pub fn check_lengths(options: &Map<String, Value>) -> Result<(), Problem> {
    for (name, most) in [("fields", MOST_FIELDS), ("messages", MOST_MESSAGES)] {
        let length = options.get(name).and_then(Value::as_array).map_or(0, Vec::len);
        if length > most {
            return Err(refused(format!("{name} has {length} items, at most {most} are taken")).field(name));
        }
    }
    Ok(())
}

/// Checks a body: no unknown member, none of a wrong type. What a value has to be beyond its type is judged where it
/// is used, and so are types whose refusal has a code of its own.
pub fn check(route: &Route, body: &Map<String, Value>) -> Result<(), Problem> {
    check_members(route.body, route.passes_over(), "", body)
}

/// The same for the members of an object, which stands at `within`.
fn check_members(
    known: &[&[Field]],
    passes_over: bool,
    within: &str,
    members: &Map<String, Value>,
) -> Result<(), Problem> {
    for (name, value) in members {
        let Some(field) = find(known, name) else {
            if passes_over {
                continue;
            }
            let shown: String = name.chars().take(80).collect();
            return Err(
                refused(format!("there is no option \"{shown}\" here")).field([within, &shown].concat())
            );
        };
        let (fits, wanted) = match field.kind {
            Kind::Text => (value.is_string(), "a string"),
            Kind::Flag => (value.is_boolean(), "true or false"),
            Kind::Texts => {
                (value.as_array().is_some_and(|list| list.iter().all(Value::is_string)), "a list of strings")
            }
            Kind::Items(_) => {
                (value.as_array().is_some_and(|list| list.iter().all(Value::is_object)), "a list of objects")
            }
            _ => (true, ""),
        };
        if !fits && !value.is_null() {
            return Err(refused(format!("{name} must be {wanted}")).field([within, name].concat()));
        }
        if let (Kind::Items(known), Some(items)) = (field.kind, value.as_array()) {
            for (at, item) in items.iter().filter_map(Value::as_object).enumerate() {
                check_members(known, false, &format!("{name}[{at}]."), item)?;
            }
        }
    }
    Ok(())
}

/// The field of this name. Of a route that is not served everything is passed over.
fn find<'a>(known: &[&'a [Field]], name: &str) -> Option<&'a Field> {
    known.iter().copied().flatten().find(|field| field.name == name || field.name == "*")
}

/// Numbers, truth values and lists become what they say; the call itself judges everything else.
fn typed(kind: Kind, text: String) -> Value {
    match (kind, text.as_str()) {
        (Kind::Id | Kind::Text | Kind::Day | Kind::Any, _) => text.into(),
        (Kind::Texts, _) => text.split(',').collect(),
        (_, "true") => Value::Bool(true),
        (_, "false") => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => text
                .parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map_or(text.into(), Value::Number),
        },
    }
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let invalid = |_| refused("the query is not percent-encoded UTF-8").field("query");
    Ok(decoded.map_err(invalid)?.into_owned())
}

/// The name at fault is added to the problem and not to the error: it is shown as the caller wrote it.
fn refused(message: impl AsRef<str>) -> Problem {
    Error::new(ErrorKind::InvalidArgument, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::route;
    use serde_json::json;

    #[test]
    fn queries_become_options() {
        let (list, _) = route("GET", "/v1/memories").unwrap();
        for (query, expected) in [
            ("", Ok(json!({}))),
            ("&&", Ok(json!({}))),
            ("user_id=alice&top_k=5&offset=2", Ok(json!({ "user_id": "alice", "top_k": 5, "offset": 2 }))),
            ("user_id=5&run_id=*", Ok(json!({ "user_id": "5", "run_id": "*" }))),
            ("user_id=a+b%2Bc%20%F0%9F%98%80", Ok(json!({ "user_id": "a b+c 😀" }))),
            ("top_k=1.5&show_expired=true", Ok(json!({ "top_k": 1.5, "show_expired": true }))),
            ("top_k=abc&order=desc", Ok(json!({ "top_k": "abc", "order": "desc" }))),
            ("top_k=inf", Ok(json!({ "top_k": "inf" }))),
            ("user_id", Ok(json!({ "user_id": "" }))),
            ("fields=id,memory", Ok(json!({ "fields": ["id", "memory"] }))),
            ("userId=alice", Err("INVALID_ARGUMENT")),
            ("user_id=a&user_id=b", Err("INVALID_ARGUMENT")),
            ("user_id=%FF", Err("INVALID_ARGUMENT")),
            ("user_id=a&filters=%7B%7D", Err("INVALID_ARGUMENT")),
        ] {
            let options = read(query, list.query).map(Value::Object);
            assert_eq!(options.map_err(|problem| problem.code()), expected, "{query}");
        }
    }

    #[test]
    fn bodies_are_held_against_the_table() {
        for (method, path, body, expected) in [
            ("POST", "/v3/memories", json!({ "filters": {}, "show_expired": true }), None),
            ("POST", "/v3/memories", json!({ "bogus": 1 }), Some("bogus")),
            ("POST", "/v3/memories", json!({ "show_expired": "yes" }), Some("show_expired")),
            ("POST", "/v3/memories/search", json!({ "query": "x", "fields": ["id", 1] }), Some("fields")),
            ("POST", "/v3/memories/search", json!({ "query": "x", "fields": null }), None),
            ("POST", "/v3/memories/add", json!({ "messages": "x", "some_thing": { "a": 1 } }), None),
            ("PUT", "/v1/batch", json!({ "memories": ["x"] }), Some("memories")),
            ("PUT", "/v1/batch", json!({ "memories": [{}, { "text": 1 }] }), Some("memories[1].text")),
            ("PUT", "/v1/batch", json!({ "memories": [{ "memory_id": "x", "metadata": null }] }), None),
            ("DELETE", "/v1/batch", json!({ "memories": [{ "text": "x" }] }), Some("memories[0].text")),
            ("POST", "/v1/summary", json!({ "anything": 1 }), None),
        ] {
            let (route, _) = route(method, path).unwrap();
            let refused = check(route, body.as_object().unwrap()).err().map(|it| it.answer().body.unwrap());
            assert_eq!(refused.map(|it| it["field"].clone()), expected.map(Value::from), "{path} {body}");
        }
    }
}
