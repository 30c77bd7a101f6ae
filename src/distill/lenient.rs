//! JSON out of a model's answer, however it is wrapped and wherever it was cut off.
//!
//! Models think aloud before, explain around, fence, leave a comma before a bracket, put line breaks into texts and
//! halves of surrogate pairs where a text was cut. All that is set right in one pass, from the first bracket to the
//! one that closes it. Where the text ends before, what was complete is kept.

use serde_json::Value;

use crate::text::find;

/// What was found in an answer.
pub struct Found {
    /// The JSON.
    pub value: Value,
    /// Whether the answer ended in the middle of it.
    pub cut: bool,
}

/// How many brackets are tried: prose holds few, and hostile text shall not cost its length squared.
const TRIES: usize = 50;

/// How deep brackets may stand in each other: the parser of JSON goes no deeper, either.
const DEEPEST: usize = 100;

/// The first JSON in a text that is what is looked for: `fits` is told whether it begins at the first bracket there is.
pub fn find(text: &str, fits: fn(&Value, bool) -> bool) -> Option<Found> {
    let mut rest = after_thinking(text);
    for tried in 0..TRIES {
        rest = &rest[rest.find(['{', '['])?..];
        let (json, cut, end) = repaired(rest);
        match serde_json::from_str::<Value>(&json) {
            Ok(value) if fits(&value, tried == 0) => return Some(Found { value, cut }),
            _ => {}
        }
        // What follows a bracket that is never closed may be what is looked for; what is inside of one that is
        // closed is a part of something else.
        rest = &rest[if cut { 1 } else { end }..];
    }
    None
}

/// Without the thoughts that some models put before their answer, whether or not they say where those begin.
fn after_thinking(text: &str) -> &str {
    if text.trim_start().starts_with(['{', '[']) {
        return text;
    }
    match find::split_once(text, "</think") {
        Some((_, after)) => after,
        None if text.trim_start().starts_with("<think") => "",
        None => text,
    }
}

/// The JSON that begins a text, set right; whether the text ended in the middle of it; and where it ends. Brackets that
/// do not match, or are too many, end it, too, and give nothing that could be read.
fn repaired(text: &str) -> (String, bool, usize) {
    let mut out = String::new();
    let mut open: Vec<char> = Vec::new();
    // How much of `out` is complete up to here, and what is open there.
    let mut complete = (0, Vec::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let before = out.len();
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => match quoted(rest, &mut out) {
                Some(after) => rest = after,
                None => break,
            },
            '{' | '[' if open.len() == DEEPEST => return (String::new(), false, text.len() - rest.len()),
            '{' | '[' => {
                open.push(if c == '{' { '}' } else { ']' });
                out.push(c);
            }
            '}' | ']' => {
                let trimmed = out.trim_end();
                out.truncate(trimmed.strip_suffix(',').unwrap_or(trimmed).len());
                if open.pop() != Some(c) {
                    return (String::new(), false, text.len() - rest.len());
                }
                out.push(c);
                if open.is_empty() {
                    return (out, false, text.len() - rest.len());
                }
                if is_item(&open) {
                    complete = (out.len(), open.clone());
                }
            }
            ',' => {
                if is_item(&open) {
                    complete = (before, open.clone());
                }
                out.push(c);
            }
            c => out.push(c),
        }
    }
    let (kept, open) = complete;
    out.truncate(kept);
    out.extend(open.iter().rev());
    (out, true, text.len())
}

/// Whether what ended here is whole in itself: it is an item of the outermost list, or of none. What stands deeper is
/// a part of an item, and worth nothing without the rest of it.
fn is_item(open: &[char]) -> bool {
    let lists = open.iter().filter(|&&c| c == ']').count();
    lists == 0 || lists == 1 && open.last() == Some(&']')
}

/// Copies a text up to its closing quote, set right; what follows it, or nothing if it has none.
fn quoted<'a>(mut rest: &'a str, out: &mut String) -> Option<&'a str> {
    out.push('"');
    loop {
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => {
                out.push(c);
                return Some(rest);
            }
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = &rest[escaped.len_utf8()..];
                match escaped {
                    '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => out.extend(['\\', escaped]),
                    'u' => rest = unit(rest, out),
                    '\'' => out.push('\''),
                    other => {
                        out.push_str("\\\\");
                        put(other, out);
                    }
                }
            }
            c => put(c, out),
        }
    }
}

/// A character of a text; control characters may not stand there as they are.
fn put(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        c if c < ' ' => out.push(' '),
        c => out.push(c),
    }
}

/// Copies what `\u` stands for. Half of a pair is no character, and what has no four digits is no number.
fn unit<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let digits = |text: &'a str| {
        let (digits, after) = text.split_at_checked(4)?;
        Some((digits, u32::from_str_radix(digits, 16).ok()?, after))
    };
    let Some((first, number, after)) = digits(rest) else {
        out.push_str("\\\\u");
        return rest;
    };
    let (high, low) = (0xd800..0xdc00, 0xdc00..0xe000);
    if !(high.start..low.end).contains(&number) {
        out.push_str("\\u");
        out.push_str(first);
        return after;
    }
    let pair = after.strip_prefix("\\u").and_then(digits);
    match pair.filter(|(_, second, _)| high.contains(&number) && low.contains(second)) {
        Some((second, _, after)) => {
            for unit in ["\\u", first, "\\u", second] {
                out.push_str(unit);
            }
            after
        }
        None => {
            out.push('\u{fffd}');
            after
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(String, bool)> {
        find(text, |value, first| first || value.is_object())
            .map(|found| (found.value.to_string(), found.cut))
    }

    #[test]
    fn json_is_found_and_set_right() {
        for (text, expected) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            ("Sure!\n```json\n{\"a\": [1, 2,],\n}\n```\nAnything else?", r#"{"a":[1,2]}"#),
            ("<think>{\"a\": 0} perhaps</think>\n{\"a\":1}", r#"{"a":1}"#),
            ("I weigh {it}.</think>{\"a\":1}", r#"{"a":1}"#),
            ("as {they} [say]: {\"a\":1}", r#"{"a":1}"#),
            ("a [ and {\"a\":1}", r#"{"a":1}"#),
            ("{\"a\":\"</think>\"}", r#"{"a":"</think>"}"#),
            ("{\"a\":\"one\ntwo\tthree\"}", r#"{"a":"one\ntwo three"}"#),
            (r#"{"a":"it\'s C:\data, \", \u00e9, \ud83e\udd8a"}"#, r#"{"a":"it's C:\\data, \", é, 🦊"}"#),
            (r#"{"a":"\ud83e and \udd8a, \u12"}"#, "{\"a\":\"\u{fffd} and \u{fffd}, \\\\u12\"}"),
        ] {
            assert_eq!(read(text), Some((expected.to_owned(), false)), "{text}");
        }
        for text in
            ["", "no JSON", "{", "<think>{\"a\":1}", r#"{"a" "b"}"#, "{]", "{\"a\":1]}", "nul {\"a\": nul}"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_complete_before_a_cut_is_kept() {
        for (text, expected) in [
            (r#"{"facts":[{"t":"a","c":["x"]},{"t":"b","c":["y","z"#, r#"{"facts":[{"t":"a","c":["x"]}]}"#),
            (r#"{"facts":[{"t":"a"},{"t":"b"}"#, r#"{"facts":[{"t":"a"},{"t":"b"}]}"#),
            (r#"{"facts":[{"t":"a"}],"noise":[1,2"#, r#"{"facts":[{"t":"a"}],"noise":[1]}"#),
            (r#"{"facts":[{"t":"a"}],"summary":"th"#, r#"{"facts":[{"t":"a"}]}"#),
            (r#"["a","b","c"#, r#"["a","b"]"#),
            (r#"{"a":1,"b":"\"#, r#"{"a":1}"#),
        ] {
            assert_eq!(read(text), Some((expected.to_owned(), true)), "{text}");
        }
    }

    #[test]
    fn hostile_text_costs_no_more_than_its_length_some_times() {
        for text in ["[".repeat(300_000), "{\"a\":".repeat(100_000), "[{},".repeat(100_000)] {
            assert!(read(&text).is_none_or(|(_, cut)| cut));
        }
    }

    proptest! {
        #[test]
        fn json_is_read_as_it_is(text in any::<String>(), list in prop::collection::vec(any::<String>(), 0..4)) {
            let value = serde_json::json!({ "text": text, "list": list, "inner": { "a": [[], {}] } });
            let found = find(&format!("Here: {value} !"), |value, _| value.is_object()).unwrap();
            prop_assert!(!found.cut);
            prop_assert_eq!(found.value, value);
        }

        #[test]
        fn any_beginning_is_read_without_a_panic(text in any::<String>(), part in 0.0..1.0) {
            let json = serde_json::json!({ "facts": [{ "text": text }, { "text": "b" }] }).to_string();
            let end = json.floor_char_boundary((json.len() as f64 * part) as usize);
            if let Some(found) = find(&json[..end], |value, _| value.is_object()) {
                prop_assert!(found.cut);
                let facts = found.value["facts"].as_array().unwrap();
                prop_assert!(facts.iter().all(|fact| fact["text"].is_string()));
            }
        }
    }
}
