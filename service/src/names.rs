//! Names of the API as REST writes them.

use serde_json::Value;

/// The same value with the names of the API turned into those of REST, which are written `created_at`.
/// What callers put into metadata keeps its names.
pub fn renamed(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(renamed).collect(),
        Value::Object(map) => {
            let keep = |name: String, value: Value| match name.as_str() {
                "metadata" => (name, value),
                _ => (snake(&name), renamed(value)),
            };
            Value::Object(map.into_iter().map(|(name, value)| keep(name, value)).collect())
        }
        other => other,
    }
}

/// `createdAt` as `created_at`.
pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        // Only inside a word: the names of operators (AND) and of variables stay as they are.
        if letter.is_ascii_uppercase() && out.ends_with(|last: char| last.is_ascii_lowercase()) {
            out.push('_');
            out.push(letter.to_ascii_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rewritten() {
        for (name, expected) in
            [("createdAt", "created_at"), ("user_id", "user_id"), ("AND", "AND"), ("topK", "top_k")]
        {
            assert_eq!(snake(name), expected);
        }
    }
}
