//! A provider's own words on a failure, cut out of whatever it answered.

use serde_json::Value;

use crate::text::find;

/// The longest excerpt, in characters.
const EXCERPT: usize = 200;

/// The error message in a response's body: one line of at most 200 characters, empty if there is none.
///
/// Only the places are read where providers put messages. A body of another shape may repeat the request,
/// and so somebody's memories, and is not quoted.
pub fn said_by_provider(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST_READ)]);
    let text = text.trim();
    if text.starts_with('<') {
        return html_title(text);
    }
    if body.len() > LONGEST_READ {
        return String::new();
    }
    match json_in(body) {
        Some(value) => excerpt(&message_in(&value).unwrap_or_default()),
        None if text.starts_with(['{', '[']) => String::new(),
        None => excerpt(text),
    }
}

/// A longer body is no error message, and is not parsed in search of one.
const LONGEST_READ: usize = 64 << 10;

/// A body's JSON. By way of a string, as everywhere else: the parser for bytes would be a second copy of the parser.
pub fn json_in(body: &[u8]) -> Option<Value> {
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// The message of `{"error": …}`, `{"message": …}`, `{"detail": …}` and their relatives.
pub fn message_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.first().and_then(message_in),
        Value::Object(map) => {
            let message = ["error", "message", "msg", "detail", "errors"]
                .into_iter()
                .filter_map(|key| map.get(key))
                .find_map(message_in)?;
            // The code says more than the sentence when a program has to decide, as with a used-up quota.
            match map.get("code").and_then(Value::as_str) {
                Some(code) if !find::contains(&message, code) => Some(format!("{code}: {message}")),
                _ => Some(message),
            }
        }
        _ => None,
    }
}

/// What a path like `/choices/0/message` leads to; the value itself for an empty one. As `Value::pointer`, but for escapes,
/// whose code is larger than this.
pub fn pointed<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').skip(1).try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        value => value.get(part),
    })
}

/// One line, short, without control characters.
pub fn excerpt(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}\u{2026}", &line[..end]),
        None => line,
    }
}

/// Proxies and wrong addresses answer with pages; the title is the one useful part.
fn html_title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = find::find(&lower, "<title").and_then(|tag| {
        let start = tag + lower[tag..].find('>')? + 1;
        let end = start + find::find(&lower[start..], "</title")?;
        page.get(start..end)
    });
    match title.map(excerpt).filter(|title| !title.is_empty()) {
        Some(title) => format!("an HTML page titled \"{title}\""),
        None => "an HTML page".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_where_providers_put_them() {
        for (body, expected) in [
            (r#"{"error":{"message":"no such model","type":"x"}}"#, "no such model"),
            (r#"{"error":{"message":"spent","code":"insufficient_quota"}}"#, "insufficient_quota: spent"),
            (r#"{"error":"model not found"}"#, "model not found"),
            (r#"{"message":"bad","code":401}"#, "bad"),
            (
                r#"{"detail":[{"loc":["body"],"msg":"field required","input":"my secret diary"}]}"#,
                "field required",
            ),
            (r#"{"error":null,"detail":"why"}"#, "why"),
            (r#"{"input":"my secret diary"}"#, ""),
            ("[]", ""),
            ("null", ""),
            ("", ""),
            ("upstream\n  connect\u{7} error", "upstream connect error"),
            ("<!doctype html><TITLE>502 Bad Gateway</TITLE>", "an HTML page titled \"502 Bad Gateway\""),
            ("<html><title>", "an HTML page"),
            ("<html>\u{130}<title>x</title>", "an HTML page titled \"x\""),
        ] {
            assert_eq!(said_by_provider(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(excerpt(&"\u{e9}".repeat(500)).chars().count(), EXCERPT + 1);
        assert_eq!(said_by_provider(&[0xff, 0xfe]), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn deep_nesting_is_not_followed_for_ever() {
        let deep = "{\"error\":".repeat(100_000);
        said_by_provider(deep.as_bytes());
    }
}
