use std::rc::Rc;

use edgemem::Memory;
use edgemem::host::native::NativeHost;
use futures_executor::block_on;
use serde_json::json;

use super::*;
use crate::body::too_large;
use crate::desk::Desk;
use crate::service::Service;
use crate::settings::Settings;
use crate::testing::{InProcess, caller};

const CASES: &str = include_str!("../../../tests/cases/mcp.json");

#[test]
fn conversations_go_as_written_down() {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let mut wrong = Vec::new();
    for case in cases["cases"].as_array().unwrap() {
        let find = |name: &str| (name == "EDGEMEM_DEV").then(|| "1".to_owned());
        let host = Rc::new(NativeHost::new());
        let tenants = Rc::new(InProcess::default());
        let service = Service::new(Settings::read(find), Ok(Memory::in_process()), host, tenants);
        let mut saved: Vec<(String, String)> = Vec::new();
        for (at, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let mut text = step.to_string();
            for (name, value) in &saved {
                text = text.replace(&format!("${name}"), value);
            }
            let step: Value = serde_json::from_str(&text.replace('$', "the-")).unwrap();
            let query = step["at"].as_str().or(case["at"].as_str()).unwrap_or_default().replace('$', "the-");
            let (status, answer) = take(&service, &query, &step);
            let shown = format!("{}, step {at} ({step:.300}): {answer}", case["name"]);
            let result = &answer["result"];
            let text = result["content"][0]["text"].as_str().unwrap_or_default();
            let told = serde_json::from_str(text).unwrap_or_else(|_| text.into());
            let mut holds = step["status"].as_u64().unwrap_or(200) == u64::from(status);
            holds &= step["never"].as_str().is_none_or(|never| !answer.to_string().contains(never));
            for (member, found) in [("answer", &answer), ("result", &told), ("error", &told)] {
                if let Some(expected) = step.get(member) {
                    let is_right = member == "answer" || result["isError"].is_null() == (member == "result");
                    holds &= is_right && fits(expected, found);
                }
            }
            if !holds {
                wrong.push(format!("{status} {shown}"));
            }
            for (name, path) in step["save"].as_object().into_iter().flatten() {
                let path = format!("/{}", path.as_str().unwrap().replace('.', "/"));
                let value = told.pointer(&path).and_then(Value::as_str).unwrap_or("nothing");
                saved.push((name.clone(), value.to_owned()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn take(service: &Service, query: &str, step: &Value) -> (u16, Value) {
    let body = if let Some(tool) = step["call"].as_str() {
        let params = json!({ "name": tool, "arguments": step["arguments"] });
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })
            .to_string()
            .into_bytes()
    } else if let Some(hex) = step["bytes"].as_str() {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    } else if let Some(raw) = step["raw"].as_str() {
        raw.repeat(step["times"].as_u64().unwrap_or(1) as usize).into_bytes()
    } else {
        step["send"].to_string().into_bytes()
    };
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    for (name, value) in step["headers"].as_object().into_iter().flatten() {
        headers.retain(|(known, _)| known != name);
        headers.push((name.clone(), value.as_str().unwrap().to_owned()));
    }
    let head = Head::new("POST", &format!("http://localhost/mcp?{query}"), headers);
    let read = async |limit| if body.len() > limit { Err(too_large(limit)) } else { Ok(body) };
    let (answer, _) = block_on(service.answer(&head, read));
    (answer.status, answer.body.unwrap_or_default())
}

/// Whether what was found is what was expected, as the file of cases describes it.
fn fits(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), _) if !found.is_object() => expected.is_empty() && found.is_null(),
        (Value::Object(expected), _) => expected.iter().all(|(name, value)| fits(value, &found[name])),
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| fits(expected, found))
        }
        (Value::String(expected), Value::String(found)) => match expected.strip_prefix('~') {
            Some(part) => found.contains(part),
            None => expected == found,
        },
        _ => expected == found,
    }
}

#[test]
fn every_tool_is_carried_out() {
    let desk = Desk::new(Rc::new(Memory::in_process()), Rc::new(caller("default", "default")));
    let head = Head::default();
    let bounds = Bounds::default();
    let door = Door::new(&desk, &bounds, &head);
    let tools = tools::list(door.bounds);
    assert_eq!(tools.len(), 13);
    for tool in &tools {
        let schema = &tool["inputSchema"];
        let required = schema["required"].as_array().into_iter().flatten();
        let arguments: serde_json::Map<String, Value> =
            required.map(|name| (name.as_str().unwrap().to_owned(), "x".into())).collect();
        let result =
            block_on(tools::call(&door, &json!({ "name": tool["name"], "arguments": arguments }))).unwrap();
        assert!(!result.to_string().contains("UNSUPPORTED"), "{tool}: {result}");
        assert!(tool["description"].is_string() && tool["title"].is_string(), "{tool}");
        assert_eq!(schema["additionalProperties"], false, "{tool}");
        assert!(tool["annotations"]["readOnlyHint"].is_boolean(), "{tool}");
        for (name, property) in schema["properties"].as_object().unwrap() {
            // AutoGen reads no lists of types.
            assert!(property["type"].is_string() || property["anyOf"].is_array(), "{name}: {property}");
        }
    }
}

#[test]
fn without_bounds_everyone_is_listed() {
    let desk = Desk::new(Rc::new(Memory::in_process()), Rc::new(caller("default", "default")));
    let head = Head::default();
    let bounds = Bounds::default();
    let door = Door::new(&desk, &bounds, &head);
    let call = |name: &str, arguments: Value| {
        let result = block_on(tools::call(&door, &json!({ "name": name, "arguments": arguments }))).unwrap();
        serde_json::from_str::<Value>(result["content"][0]["text"].as_str().unwrap()).unwrap()
    };
    for (text, ids) in
        [("one", json!({ "user_id": "b", "run_id": "r" })), ("two", json!({ "user_id": "a", "run_id": "r" }))]
    {
        let mut arguments = ids;
        arguments["text"] = text.into();
        call("add_memory", arguments);
    }
    let listed = call("list_entities", json!({}));
    let shown =
        |it: &Value| format!("{} {} {}", it["type"], it["name"], it["total_memories"]).replace('"', "");
    let names: Vec<String> = listed["results"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(names, ["user a 1", "user b 1", "run r 2"]);
    assert_eq!(
        (&listed["count"], &listed["total_users"], &listed["next"]),
        (&json!(3), &json!(2), &Value::Null)
    );
}
