//! The contract of language models: every case of `complete` in `tests/cases/providers.json` with every provider,
//! over real HTTP.

#[path = "support/model_cases.rs"]
#[allow(dead_code)] // shared with the tests of embedders
mod model_cases;
#[path = "support/model_http.rs"]
#[allow(dead_code)] // shared with the tests of embedders
mod model_http;

use std::rc::Rc;

use edgemem::model::completion::{CompletionService, HttpCompleter};
use edgemem::model::service::ServiceConfig;
use edgemem::model::{Completer, Completion, Picture, completion_service, workers_ai};
use model_cases::{KEY, check, check_pauses, config, holds, hosts};
use model_http::{Server, block_on};
use serde_json::{Value, json};

#[test]
fn completers() {
    for protocol in protocols() {
        for row in rows(&protocol) {
            let server =
                Server::speaking(protocol.clone(), row["replies"].as_array().expect("replies").clone());
            let (fetch, host) = hosts();
            let mut settings = config(&row, &server);
            settings.max_tokens = row["config"]["maxTokens"].as_u64().map(|limit| limit as u32);
            let completer =
                HttpCompleter::new(service(&protocol), &settings, Rc::clone(&fetch) as _, host).unwrap();
            let outcome = block_on(completer.complete(&question(&row)));
            check(&row, &server, outcome, row["expect"]["text"].as_str().map(str::to_owned));
            check_pauses(&row, &fetch);
            check_requests(&protocol, &row, &server);
        }
    }
}

fn check_requests(protocol: &Value, row: &Value, server: &Server) {
    let name = &row["name"];
    let enforced = row["expect"]["enforced"].as_array();
    for (at, request) in server.seen().iter().enumerate() {
        assert_eq!(request.path, protocol["path"].as_str().unwrap(), "{name}");
        assert!(!request.body.to_string().contains(KEY), "{name}: the key is in the body");
        if let Some(key) = protocol["key"].as_array() {
            assert_eq!(request.header(key[0].as_str().unwrap()), key[1].as_str(), "{name}");
        }
        if let Some(level) = enforced.map(|levels| levels[at].as_u64().unwrap() as usize) {
            let sent = &protocol["enforced"][level];
            assert!(holds(&request.body, sent), "{name}: sent {}", request.body);
        } else if let Some(limit) = row["expect"]["limit"].as_u64() {
            assert!(request.body.to_string().contains(&format!(":{limit}")), "{name}: {}", request.body);
        } else if row.get("schema").is_none() {
            assert!(holds(&request.body, &protocol["sent"]), "{name}: sent {}", request.body);
        }
    }
}

#[test]
fn pictures_travel_as_each_provider_takes_them() {
    let data = Picture::Data { media_type: "image/png".to_owned(), base64: "iVBORw0=".to_owned() };
    for protocol in protocols() {
        for (form, picture) in
            [("data", data.clone()), ("url", Picture::Url("https://pictures.test/a.png".to_owned()))]
        {
            let server = Server::speaking(protocol.clone(), vec![json!({ "answer": "a cat" })]);
            let (fetch, host) = hosts();
            let settings = config(&Value::Null, &server);
            let completer = HttpCompleter::new(service(&protocol), &settings, fetch, host).unwrap();
            let request = Completion { pictures: vec![picture], ..question(&Value::Null) };
            let outcome = block_on(completer.complete(&request));
            let name = &protocol["provider"];
            match protocol["pictures"].get(form) {
                Some(sent) => {
                    assert_eq!(outcome.as_deref(), Ok("a cat"), "{name}");
                    assert!(holds(&server.seen()[0].body, sent), "{name}: {}", server.seen()[0].body);
                }
                None => {
                    let error = outcome.unwrap_err();
                    assert_eq!((error.code(), error.field_name()), ("UNSUPPORTED", Some("image")), "{name}");
                    assert!(error.message().contains("base64"), "{error}");
                    assert!(server.seen().is_empty(), "{name}");
                }
            }
        }
    }
}

#[test]
fn names_and_configurations() {
    let own = ServiceConfig { api_key: Some(KEY.to_owned()), ..ServiceConfig::default() };
    for protocol in protocols() {
        let name = protocol["name"].as_str().unwrap();
        let service = service(&protocol);
        for (base_url, shown) in [(None, ""), (Some("http://models.test:8080/v1"), "models.test:8080/")] {
            let settings = ServiceConfig { base_url: base_url.map(str::to_owned), ..own.clone() };
            let (fetch, host) = hosts();
            let completer = HttpCompleter::new(service, &settings, fetch, host).unwrap();
            assert_eq!(completer.name(), name.replace("{host}/", shown));
        }
        let no_key_needed = ["ollama", "workers-ai"].contains(&protocol["provider"].as_str().unwrap());
        for (settings, field) in [
            (ServiceConfig::default(), (!no_key_needed).then_some("llm.config.apiKey")),
            (ServiceConfig { model: Some(" ".to_owned()), ..own.clone() }, Some("llm.config.model")),
            (ServiceConfig { base_url: Some("here".to_owned()), ..own.clone() }, Some("llm.config.baseUrl")),
        ] {
            let (fetch, host) = hosts();
            let error = HttpCompleter::new(service, &settings, fetch, host).err();
            assert_eq!(error.as_ref().and_then(edgemem::Error::field_name), field, "{name}");
        }
    }
}

#[test]
fn what_only_some_providers_say() {
    let ask = |provider: &str, reply: Value| {
        let protocol = protocols().into_iter().find(|it| it["provider"] == provider).unwrap();
        let server = Server::speaking(protocol.clone(), vec![json!({ "json": reply })]);
        let (fetch, host) = hosts();
        let completer =
            HttpCompleter::new(service(&protocol), &config(&Value::Null, &server), fetch, host).unwrap();
        let outcome = block_on(completer.complete(&question(&json!({ "schema": {} }))));
        let version = server.seen()[0].header("anthropic-version").map(str::to_owned);
        assert_eq!(version.is_some(), provider == "anthropic");
        outcome.map_err(|error| format!("{} {}", error.code(), error.cause_text().unwrap_or_default()))
    };
    let filled = json!({ "facts": [] });
    for (provider, reply, expected) in [
        (
            "anthropic",
            json!({ "content": [{ "type": "tool_use", "name": "answer", "input": filled }], "stop_reason": "tool_use" }),
            Ok("{\"facts\":[]}"),
        ),
        ("workers-ai", json!({ "response": filled }), Ok("{\"facts\":[]}")),
        (
            "workers-ai",
            json!({ "choices": [{ "message": { "content": "yes" }, "finish_reason": "stop" }] }),
            Ok("yes"),
        ),
        (
            "gemini",
            json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" } }),
            Err("MODEL_FAILED PROHIBITED_CONTENT"),
        ),
        (
            "gemini",
            json!({ "candidates": [{ "content": { "role": "model" }, "finishReason": "STOP" }] }),
            Err("MODEL_RESPONSE_INVALID"),
        ),
    ] {
        match (ask(provider, reply), expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected),
            (Err(error), Err(expected)) => assert!(error.starts_with(expected), "{error}"),
            (outcome, _) => panic!("{provider}: {outcome:?}"),
        }
    }
}

fn protocols() -> Vec<Value> {
    cases()["completers"].as_array().expect("completers").clone()
}

/// The cases that a provider has to hold.
fn rows(protocol: &Value) -> Vec<Value> {
    let said = |row: &&Value| row["needs"].as_str().is_none_or(|word| protocol["finish"].get(word).is_some());
    let cases = cases();
    let rows = cases["complete"].as_array().expect("rows").iter().filter(said);
    rows.map(|row| {
        let mut row = row.clone();
        row["name"] = format!("{}: {}", protocol["provider"], row["name"]).into();
        row
    })
    .collect()
}

fn cases() -> Value {
    let text = include_str!("cases/providers.json").replace("{key}", KEY);
    serde_json::from_str(&text).expect("the cases are JSON")
}

fn service(protocol: &Value) -> &'static CompletionService {
    match protocol["provider"].as_str().unwrap() {
        "workers-ai" => &workers_ai::COMPLETIONS,
        provider => completion_service(provider).expect("a known provider"),
    }
}

fn question(row: &Value) -> Completion {
    Completion {
        system: "Be brief.".to_owned(),
        user: "Say hello.".to_owned(),
        schema: row.get("schema").cloned(),
        max_tokens: 500,
        partial: row["partial"] == true,
        ..Completion::default()
    }
}
