//! Whether a document has the form that a JSON schema describes.
//!
//! What is checked is what tells one form from another: `type`, `properties`, `required`, `additionalProperties`, `items`,
//! `enum`, `const`, `anyOf`, `oneOf` (as `anyOf`), `allOf`, and `$ref` within the schema, which is what Pydantic writes. Limits on
//! lengths and numbers, patterns and formats are passed over. A schema may come from anybody, so it is followed so far
//! and no further.

use serde_json::Value;

/// So often a part of a document is held against a part of a schema.
const MOST_VISITS: usize = 50_000;
/// So deep parts may lie in each other, references included.
const DEEPEST: usize = 100;

/// What is wrong with a document first, with its place as a JSON pointer; nothing if it is valid.
pub fn fault(schema: &Value, document: &Value) -> Option<String> {
    let mut check = Check { root: schema, visits: 0 };
    let fault = check.visit(schema, document, 0).err()?;
    Some(if fault.starts_with(' ') { ["the document", &fault].concat() } else { fault })
}

struct Check<'a> {
    root: &'a Value,
    visits: usize,
}

/// What is wrong, after the place: every level puts its own part before it.
type Checked = Result<(), String>;

impl<'a> Check<'a> {
    fn visit(&mut self, schema: &'a Value, value: &Value, depth: usize) -> Checked {
        self.visits += 1;
        if self.visits > MOST_VISITS || depth > DEEPEST {
            return Err(" cannot be checked: the schema leads too far".to_owned());
        }
        if schema == &Value::Bool(false) {
            return Err(" must not be there".to_owned());
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let pointed = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            let unknown = || [" is described by ", reference, ", which the schema has not"].concat();
            self.visit(pointed.ok_or_else(unknown)?, value, depth + 1)?;
        }
        let types = &schema["type"];
        let fits = |name: &Value| name.as_str().is_none_or(|name| is_a(value, name));
        if !types.as_array().map_or_else(|| fits(types), |names| names.iter().any(fits)) {
            return Err([" must be of type ", &edgemem::json::text(types)].concat());
        }
        let listed = schema["enum"].as_array().is_none_or(|list| list.contains(value));
        if !listed || schema.get("const").is_some_and(|only| only != value) {
            return Err(" must be one of those that the schema lists".to_owned());
        }
        for part in list(&schema["allOf"]) {
            self.visit(part, value, depth + 1)?;
        }
        for name in ["anyOf", "oneOf"] {
            let mut found = Ok(());
            for part in list(&schema[name]) {
                found = self.visit(part, value, depth + 1);
                if found.is_ok() {
                    break;
                }
            }
            found?;
        }
        for required in list(&schema["required"]).iter().filter_map(Value::as_str) {
            if value.is_object() && value.get(required).is_none() {
                return Err([" lacks ", required].concat());
            }
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            let known = schema["properties"].get(name);
            if let Some(part) = known.or_else(|| schema.get("additionalProperties")) {
                self.visit(part, member, depth + 1).map_err(|fault| ["/", name, &fault].concat())?;
            }
        }
        if let Some(part) = schema.get("items") {
            for (at, item) in list(value).iter().enumerate() {
                let within = |fault: String| ["/", &at.to_string(), &fault].concat();
                self.visit(part, item, depth + 1).map_err(within)?;
            }
        }
        Ok(())
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether a value is of this type. There are no others, so one that is not known fits nothing.
fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        // A number such as 1.0 is whole, too.
        "integer" => value.as_f64().is_some_and(|number| number == number as i64 as f64),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_held_against_a_schema() {
        let profile = json!({
            "$defs": { "Level": { "enum": ["school", "masters"], "type": "string" } },
            "type": "object", "required": ["name", "skills"], "additionalProperties": false,
            "properties": {
                "name": { "type": "string", "minLength": 2 }, "age": { "type": "integer" }, "share": { "type": ["number", "null"] },
                "level": { "anyOf": [{ "$ref": "#/$defs/Level" }, { "type": "null" }] },
                "skills": { "type": "array", "items": { "type": "object", "required": ["of"], "properties": { "of": { "const": "tea" } } } },
            },
        });
        let with = |name: &str, value: Value| {
            let mut document = json!({ "name": "Ann", "skills": [] });
            document[name] = value;
            document
        };
        for (document, expected) in [
            (with("age", json!(7)), None),
            (with("age", json!(7.0)), None),
            (with("age", json!(7.5)), Some("/age must be of type \"integer\"")),
            (with("share", Value::Null), None),
            (with("share", json!("x")), Some("/share must be of type [\"number\",\"null\"]")),
            (with("level", json!("masters")), None),
            (with("level", Value::Null), None),
            (with("level", json!("none")), Some("/level must be of type \"null\"")),
            (with("skills", json!([{ "of": "tea", "for": 3 }])), None),
            (with("skills", json!([{ "of": "tea" }, {}])), Some("/skills/1 lacks of")),
            (
                with("skills", json!([{ "of": 1 }])),
                Some("/skills/0/of must be one of those that the schema lists"),
            ),
            (with("other", json!(1)), Some("/other must not be there")),
            (with("name", json!(1)), Some("/name must be of type \"string\"")),
            (json!({ "name": "Ann" }), Some("the document lacks skills")),
            (json!([]), Some("the document must be of type \"object\"")),
        ] {
            assert_eq!(fault(&profile, &document).as_deref(), expected, "{document}");
        }
        for (schema, valid) in [
            (json!({}), true),
            (json!(true), true),
            (json!(false), false),
            (json!({ "allOf": [{ "type": "object" }, { "required": ["b"] }] }), false),
            (json!({ "oneOf": [{ "type": "array" }, { "required": ["a"] }] }), true),
            (json!({ "additionalProperties": { "type": "string" } }), false),
            (json!({ "type": "thing" }), false),
            (json!({ "$ref": "#/nowhere" }), false),
            (json!({ "$ref": "https://example.com/schema" }), false),
        ] {
            assert_eq!(fault(&schema, &json!({ "a": 1 })).is_none(), valid, "{schema}");
        }
    }

    #[test]
    fn a_schema_that_leads_nowhere_ends() {
        let circle = json!({ "$ref": "#" });
        let both = json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] });
        for schema in [circle, both] {
            assert!(fault(&schema, &json!({})).unwrap().contains("leads too far"), "{schema}");
        }
        // What is as deep as a body may be is followed.
        let (mut schema, mut document) = (json!({ "type": "string" }), json!("x"));
        for _ in 0..90 {
            schema = json!({ "items": schema });
            document = json!([document]);
        }
        assert_eq!(fault(&schema, &document), None);
        let tree = json!({ "properties": { "left": { "$ref": "#" }, "name": { "type": "string" } } });
        assert_eq!(fault(&tree, &json!({ "left": { "left": { "name": "x" } } })), None);
        assert!(fault(&tree, &json!({ "left": { "left": { "name": 1 } } })).is_some());
    }
}
