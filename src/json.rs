//! JSON values as text.
//!
//! Ours, because serde_json writes piece by piece through layers of writers, which is slow where they are compiled for
//! size: that was the largest part of telling what a memory holds. The text is the same. Nothing in the core prints a
//! [`Value`] by its own `Display`, which would bring those layers back into the wasm.

use serde_json::{Map, Value};

/// Takes the members of an object, one after the other.
pub type Members<'a> = &'a mut dyn FnMut(&str, &Value);

/// The text of a value, without white space.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// Writes a value.
pub fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(holds) => out.push_str(if *holds { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => quote(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => write_object(members, out),
    }
}

/// Writes an object.
pub fn write_object(members: &Map<String, Value>, out: &mut String) {
    object(out, &mut |set| members.iter().for_each(|(name, value)| set(name, value)));
}

/// Writes an object of the members that `tell` sets, each of which once.
pub fn object(out: &mut String, tell: &mut dyn FnMut(Members<'_>)) {
    let mut before = '{';
    tell(&mut |name, value| {
        out.push(before);
        before = ',';
        quote(name, out);
        out.push(':');
        write(value, out);
    });
    out.push_str(if before == '{' { "{}" } else { "}" });
}

/// Writes a text between quotation marks.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(from..at).unwrap_or_default());
        from = at + 1;
        let letter = match byte {
            8 => 'b',
            b'\t' => 't',
            b'\n' => 'n',
            12 => 'f',
            b'\r' => 'r',
            b'"' | b'\\' => char::from(byte),
            _ => 'u',
        };
        out.push('\\');
        out.push(letter);
        if letter == 'u' {
            out.push_str(if byte < 16 { "000" } else { "001" });
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\\x00-\\x24\\\\uü😀]{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[\"a-c\n]{0,2}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn all_control_characters_are_escaped_like_the_oracle() {
        let all: String = (0u8..128).map(char::from).collect();
        assert_eq!(super::text(&json!(all)), json!(all).to_string());
    }

    proptest! {
        #[test]
        fn writes_like_the_oracle(value in value()) {
            prop_assert_eq!(super::text(&value), value.to_string());
        }
    }
}
