//! Bodies: their type, their size, their JSON.

use serde_json::{Map, Value};

use crate::http::Head;
use crate::problem::{Problem, Refusal};

/// Refuses by the headers alone what need not be read.
pub fn check_head(head: &Head, limit: usize) -> Result<(), Problem> {
    let coding = head.header("content-encoding").map(str::trim).filter(|coding| !coding.is_empty());
    if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        let message = "send the body as it is: no coding of contents, such as gzip, is undone here";
        let problem = Problem::new(Refusal::MediaTypeUnsupported, message).field("content-encoding");
        return Err(problem.header("accept-encoding", "identity"));
    }
    let given = head.header("content-type").unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    let charset =
        parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    if !json || charset.is_some_and(|charset| charset.trim_matches('"') != "utf-8") {
        let message = "send JSON in UTF-8, with the header Content-Type: application/json";
        return Err(Problem::new(Refusal::MediaTypeUnsupported, message).field("content-type"));
    }
    match head.header("content-length").and_then(|length| length.trim().parse::<u64>().ok()) {
        Some(length) if length > limit as u64 => Err(too_large(limit)),
        _ => Ok(()),
    }
}

/// The refusal of a body that is longer than `limit` bytes.
pub fn too_large(limit: usize) -> Problem {
    let message = format!("the body has more than {limit} bytes: split it into several requests");
    Problem::new(Refusal::BodyTooLarge, message).field("body")
}

/// The refusal of a body that ended before it was whole.
pub fn broken() -> Problem {
    Problem::new(Refusal::BodyInvalid, "the body broke off; send the request again").field("body")
}

/// The most values of a body: each takes many times the room that its text takes, which is a byte or two at least.
const MOST_VALUES: usize = 100_000;

/// Refuses a body of more than so many values, by what stands between them, before anything is made of it.
pub fn check_values(bytes: &[u8]) -> Result<(), Problem> {
    let (mut values, mut quoted, mut escaped) = (0, false, false);
    for &byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' | b',' if !quoted => values += 1,
            _ => {}
        }
    }
    if values <= MOST_VALUES {
        return Ok(());
    }
    let message = format!("the body holds more than {MOST_VALUES} values: split it into several requests");
    Err(Problem::new(Refusal::BodyTooLarge, message).field("body"))
}

/// Reads the object that a body holds.
pub fn parse(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let invalid = |message: String| Problem::new(Refusal::BodyInvalid, message).field("body");
    check_values(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("the body is not UTF-8".to_owned()))?;
    // Nesting is limited by the parser itself, to 128 levels.
    let value =
        serde_json::from_str(text).map_err(|error| invalid(format!("the body is not JSON: {error}")))?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(invalid("the body is JSON, but not an object".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_judged_before_the_body_is_read() {
        for (kind, length, expected) in [
            (Some("application/json"), Some("10"), None),
            (Some("Application/JSON; charset=UTF-8"), None, None),
            (Some("application/json;charset=\"utf-8\""), None, None),
            (Some("application/ld+json"), None, None),
            (Some("application/json; charset=latin1"), None, Some("MEDIA_TYPE_UNSUPPORTED")),
            (Some("text/plain"), None, Some("MEDIA_TYPE_UNSUPPORTED")),
            (Some("application/x-www-form-urlencoded"), None, Some("MEDIA_TYPE_UNSUPPORTED")),
            (None, None, Some("MEDIA_TYPE_UNSUPPORTED")),
            (Some("application/json"), Some("11"), Some("BODY_TOO_LARGE")),
            (Some("application/json"), Some("99999999999999999999999"), None),
            (Some("application/json"), Some("many"), None),
        ] {
            let headers = [("content-type", kind), ("content-length", length)];
            let headers = headers.iter().filter_map(|(name, value)| Some(((*name).into(), (*value)?.into())));
            let head = Head::new("POST", "http://h/", headers.collect());
            let code = check_head(&head, 10).err().map(|problem| problem.code());
            assert_eq!(code, expected, "{kind:?} {length:?}");
        }
    }

    #[test]
    fn a_body_that_is_coded_is_refused_before_it_is_read() {
        for (coding, refused) in [
            ("identity", false),
            (" Identity ", false),
            ("", false),
            ("gzip", true),
            ("gzip, identity", true),
        ] {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let checked = check_head(&Head::new("POST", "http://h/", headers), 10);
            assert_eq!(checked.is_err(), refused, "{coding}");
            if let Err(problem) = checked {
                let answer = problem.answer();
                assert_eq!(
                    (answer.status, &answer.headers[0]),
                    (415, &("accept-encoding", "identity".to_owned()))
                );
            }
        }
    }

    #[test]
    fn only_objects_pass() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
        for bad in ["", "[]", "null", "\"x\"", "{", "{\"a\":\"\\ud800\"}", "{\"a\":NaN}", deep.as_str()] {
            assert_eq!(parse(bad.as_bytes()).unwrap_err().code(), "BODY_INVALID", "{:.20}", bad);
        }
        assert_eq!(parse(b"{\"a\":\"\xff\"}").unwrap_err().code(), "BODY_INVALID");
        assert!(parse(b" {\"a\":1} ").is_ok());
    }

    #[test]
    fn a_body_of_very_many_values_is_refused() {
        let list = |count: usize, item: &str| format!("{{\"a\":[{}]}}", vec![item; count].join(","));
        for (body, fits) in [
            (list(MOST_VALUES - 1, "1"), true),
            (list(MOST_VALUES, "1"), false),
            (list(MOST_VALUES / 2, "[]"), false),
            (list(MOST_VALUES / 3, "{\"a\":1}"), true),
            // What stands in texts is text.
            (list(1, &format!("\"{}\"", ",[{\\\"".repeat(MOST_VALUES))), true),
            (list(2, &format!("\"\\\\\",[{}]", vec!["1"; MOST_VALUES].join(","))), false),
        ] {
            let parsed = parse(body.as_bytes()).map_err(|problem| problem.code());
            assert_eq!(parsed.is_ok(), fits, "{:.60}", body);
            assert!(fits || parsed == Err("BODY_TOO_LARGE"));
        }
    }
}
