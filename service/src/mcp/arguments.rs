//! Arguments of a tool, held against the schema that describes it to the model.

use edgemem::{Error, ErrorKind};
use serde_json::{Map, Value};

use crate::problem::Problem;

/// What mem0's tools take beside what is described, without effect here: the graph is always there.
const IGNORED: [&str; 1] = ["enable_graph"];

/// The arguments that are there and not null. `INVALID_ARGUMENT` names the first that is unknown, missing, of another
/// type or out of range: a model that misspells an argument must not believe that it was heeded.
pub fn check(arguments: &Value, schema: &Value) -> Result<Map<String, Value>, Problem> {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let mut checked = Map::new();
    for (name, value) in arguments.as_object().unwrap_or(&empty) {
        let Some(property) = properties.get(name) else {
            if IGNORED.contains(&name.as_str()) {
                continue;
            }
            let names: Vec<&str> = properties.keys().map(String::as_str).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(refused(name, format!("there is no such argument; this tool takes {known}")));
        };
        if value.is_null() {
            continue;
        }
        fits(name, value, property)?;
        checked.insert(name.clone(), value.clone());
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    match required.into_iter().find(|name| !checked.contains_key(*name)) {
        Some(name) => Err(refused(name, "is required".to_owned())),
        None => Ok(checked),
    }
}

fn fits(name: &str, value: &Value, property: &Value) -> Result<(), Problem> {
    // Several kinds are ways of one each and no list of types: some frameworks do not read that.
    let ways = property["anyOf"].as_array().map_or(std::slice::from_ref(property), Vec::as_slice);
    let kinds: Vec<&str> = ways.iter().filter_map(|way| way["type"].as_str()).collect();
    let is = |kind: &&str| match *kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !kinds.iter().any(is) {
        return Err(refused(name, format!("must be of type {}", kinds.join(" or "))));
    }
    let (least, most) = (&property["minimum"], &property["maximum"]);
    let below = least.as_f64().zip(value.as_f64()).is_some_and(|(least, value)| value < least);
    let above = most.as_f64().zip(value.as_f64()).is_some_and(|(most, value)| value > most);
    if below || above {
        return Err(refused(name, format!("must be from {least} to {most}")));
    }
    Ok(())
}

/// The name at fault is added to the problem and not to the error: it is shown as the caller wrote it.
fn refused(name: &str, what: String) -> Problem {
    let shown: String = name.chars().take(60).collect();
    Problem::from(Error::new(ErrorKind::InvalidArgument, format!("{shown}: {what}"))).field(shown)
}
