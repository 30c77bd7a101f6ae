//! Options in the query of an address.

use edgemem::{Error, ErrorKind};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// The ids of a scope.
pub const SCOPE: [&str; 5] = ["user_id", "agent_id", "run_id", "app_id", "org_id"];
/// What a list takes besides.
pub const PAGE: [&str; 5] = ["top_k", "limit", "offset", "order", "show_expired"];

/// Reads a query into the options of a call. Unknown and repeated parameters are refused: whoever writes
/// `userId` in front of a deletion must not delete more than was meant.
pub fn read(query: &str, known: &[&str]) -> Result<Value, Problem> {
    let mut options = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        if !known.contains(&name.as_str()) {
            let message = if known.is_empty() {
                "this path takes no query parameters".to_owned()
            } else {
                format!("unknown query parameter; this path takes {}", known.join(", "))
            };
            return Err(refused(message).field(name));
        }
        let value = if SCOPE.contains(&name.as_str()) { Value::from(value) } else { typed(value) };
        if options.insert(name.clone(), value).is_some() {
            return Err(refused("query parameter given twice").field(name));
        }
    }
    Ok(Value::Object(options))
}

/// Numbers and truth values become what they say; the call itself judges everything else.
fn typed(text: String) -> Value {
    match text.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
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
    use serde_json::json;

    #[test]
    fn queries_become_options() {
        let known: Vec<&str> = SCOPE.into_iter().chain(PAGE).collect();
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
            ("userId=alice", Err("INVALID_ARGUMENT")),
            ("user_id=a&user_id=b", Err("INVALID_ARGUMENT")),
            ("user_id=%FF", Err("INVALID_ARGUMENT")),
            ("user_id=a&filters=%7B%7D", Err("INVALID_ARGUMENT")),
        ] {
            assert_eq!(read(query, &known).map_err(|problem| problem.code()), expected, "{query}");
        }
    }
}
