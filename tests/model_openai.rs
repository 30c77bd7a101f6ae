//! The OpenAI-compatible providers over real HTTP: every row of `tests/cases/models.json`.

#[path = "support/model_http.rs"]
mod model_http;

use std::rc::Rc;

use edgemem::host::fetch::HttpRequest;
use edgemem::host::native::NativeHost;
use edgemem::model::openai::{OpenAiCompleter, OpenAiConfig, OpenAiEmbedder};
use edgemem::model::{Completer, Completion, Embedder};
use edgemem::{Error, Result};
use model_http::{Server, SocketFetch, TestHost, block_on, vector_of};
use serde_json::Value;

const KEY: &str = "sk-test-0123456789abcdef";

#[test]
fn embedder_cases() {
    for row in rows("embed") {
        let server = Server::start(row["replies"].as_array().expect("replies").clone());
        let texts = texts(&row);
        let (fetch, host) = hosts();
        let embedder =
            OpenAiEmbedder::new(&config(&row, &server), fetch, host).expect("a valid configuration");
        let outcome = block_on(embedder.embed(&texts));
        let expected: Option<Vec<Vec<f32>>> = match &row["expect"] {
            expect if expect["ok"] == true => Some(texts.iter().map(|text| vector_of(text)).collect()),
            expect => expect.get("vectors").map(|v| serde_json::from_value(v.clone()).expect("vectors")),
        };
        check(&row, &server, outcome, expected);
    }
}

#[test]
fn completer_cases() {
    for row in rows("complete") {
        let server = Server::start(row["replies"].as_array().expect("replies").clone());
        let (fetch, host) = hosts();
        let completer =
            OpenAiCompleter::new(&config(&row, &server), fetch, host).expect("a valid configuration");
        let request = Completion {
            system: "Be brief.".to_owned(),
            user: "Say hello.".to_owned(),
            schema: row.get("schema").cloned(),
            max_tokens: 500,
        };
        let outcome = block_on(completer.complete(&request));
        check(&row, &server, outcome, row["expect"]["text"].as_str().map(str::to_owned));
    }
}

#[test]
fn what_a_service_refused_once_is_not_sent_again() {
    let refusal =
        serde_json::json!({ "status": 400, "json": { "error": "response_format is not supported" } });
    let answer = serde_json::json!({ "json": { "choices": [{ "message": { "content": "{}" } }] } });
    let server = Server::start(vec![refusal.clone(), refusal, answer]);
    let (fetch, host) = hosts();
    let completer = OpenAiCompleter::new(&config(&Value::Null, &server), fetch, host).unwrap();
    let schema = Some(serde_json::json!({ "type": "object" }));
    let request = Completion { system: String::new(), user: String::new(), schema, max_tokens: 1 };
    for _ in 0..3 {
        assert_eq!(block_on(completer.complete(&request)).unwrap(), "{}");
    }
    assert_eq!(server.seen().len(), 5);
}

#[test]
fn requests_carry_key_and_query_and_nothing_shows_them() {
    let server = Server::start(vec![
        serde_json::json!({ "status": 400, "json": { "error": "no key s3cret-in-query" } }),
    ]);
    let (fetch, host) = hosts();
    let mut config = config(&Value::Null, &server);
    config.base_url = Some(format!("{}/?code=s3cret-in-query", server.url));
    config.organization = Some("org-1".to_owned());
    let embedder = OpenAiEmbedder::new(&config, fetch, host).unwrap();
    let error = block_on(embedder.embed(&["a".to_owned()])).unwrap_err();
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/v1/embeddings?code=s3cret-in-query");
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(seen.header("openai-organization"), Some("org-1"));
    let request = HttpRequest {
        method: "POST",
        url: config.base_url.clone().unwrap(),
        headers: vec![("authorization", KEY.to_owned())],
        body: b"a private diary".to_vec(),
        timeout_ms: 1.0,
        max_response: 1,
    };
    let shown = format!("{error} {error:?} {config:?} {request:?} {}", embedder.name());
    for secret in [KEY, "s3cret", "diary"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn names_tell_host_model_and_dimensions() {
    for (base_url, model, dimensions, expected) in [
        (None, None, None, "openai/text-embedding-3-small@auto"),
        (None, Some("text-embedding-3-large"), Some(256), "openai/text-embedding-3-large@256"),
        (Some("http://LOCALHOST:11434/v1/"), Some("bge-m3"), None, "openai/localhost:11434/bge-m3@auto"),
    ] {
        let config = OpenAiConfig {
            base_url: base_url.map(str::to_owned),
            api_key: Some(KEY.to_owned()),
            model: model.map(str::to_owned),
            dimensions,
            ..OpenAiConfig::default()
        };
        let (fetch, host) = hosts();
        assert_eq!(OpenAiEmbedder::new(&config, fetch, host).unwrap().name(), expected);
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_once() {
    let base = || OpenAiConfig { api_key: Some(KEY.to_owned()), ..OpenAiConfig::default() };
    for (config, field) in [
        (OpenAiConfig::default(), "apiKey"),
        (OpenAiConfig { api_key: Some("  ".to_owned()), ..base() }, "apiKey"),
        (OpenAiConfig { api_key: Some("sk one two".to_owned()), ..base() }, "apiKey"),
        (OpenAiConfig { base_url: Some("localhost:11434".to_owned()), ..base() }, "baseUrl"),
        (OpenAiConfig { base_url: Some(format!("https://me:{KEY}@host/v1")), ..base() }, "baseUrl"),
        (OpenAiConfig { organization: Some("a\nb".to_owned()), ..base() }, "organization"),
        (OpenAiConfig { model: Some(" ".to_owned()), ..base() }, "model"),
        (OpenAiConfig { dimensions: Some(0), ..base() }, "dimensions"),
        (OpenAiConfig { batch_size: Some(0), ..base() }, "batchSize"),
    ] {
        let (fetch, _) = hosts();
        let error = OpenAiEmbedder::new(&config, fetch, Rc::new(NativeHost::new())).err().expect(field);
        assert_eq!(error.code(), "CONFIG_INVALID");
        assert_eq!(error.field_name(), Some(format!("embedder.config.{field}").as_str()));
        assert!(!format!("{error:?}").contains(KEY));
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config =
        OpenAiConfig { base_url: Some(format!("http://127.0.0.1:{port}/v1")), ..OpenAiConfig::default() };
    let (fetch, host) = hosts();
    let embedder = OpenAiEmbedder::new(&config, fetch, host).unwrap();
    let error = block_on(embedder.embed(&["a".to_owned()])).unwrap_err();
    assert_eq!(error.code(), "MODEL_FAILED");
    assert!(error.message().contains(&format!("127.0.0.1:{port}")), "{error}");
}

fn check<T: PartialEq + std::fmt::Debug>(
    row: &Value,
    server: &Server,
    outcome: Result<T>,
    expected: Option<T>,
) {
    let (name, expect) = (&row["name"], &row["expect"]);
    let seen = server.seen();
    assert_eq!(Some(seen.len() as u64), expect["requests"].as_u64(), "{name}: requests, {outcome:?}");
    for (request, sent) in seen.iter().zip(expect["sent"].as_array().into_iter().flatten()) {
        assert!(holds(&request.body, sent), "{name}: sent {}", request.body);
    }
    match (outcome, expected) {
        (Ok(outcome), Some(expected)) => assert_eq!(outcome, expected, "{name}"),
        (Err(error), None) => check_error(name, expect, &error),
        (outcome, _) => panic!("{name}: {outcome:?}"),
    }
}

fn check_error(name: &Value, expect: &Value, error: &Error) {
    assert_eq!(Some(error.code()), expect["code"].as_str(), "{name}: {error}");
    if let Some(field) = expect["field"].as_str() {
        assert_eq!(error.field_name(), Some(field), "{name}: {error}");
    }
    let says = expect["says"].as_str().unwrap_or_default();
    assert!(error.to_string().contains(says), "{name}: {error}");
    for secret in [KEY, "diary"] {
        assert!(!format!("{error} {error:?}").contains(secret), "{name}: {error}");
    }
}

/// Whether `whole` has everything that `part` names.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            part.len() <= whole.len() && whole.iter().zip(part).all(|(whole, part)| holds(whole, part))
        }
        _ => whole == part,
    }
}

fn rows(call: &str) -> Vec<Value> {
    let cases: Value = serde_json::from_str(include_str!("cases/models.json")).expect("the cases are JSON");
    cases[call].as_array().expect("rows").clone()
}

fn texts(row: &Value) -> Vec<String> {
    match row["count"].as_u64() {
        Some(count) => (0..count).map(|n| format!("text {n}")).collect(),
        None => serde_json::from_value(row["texts"].clone()).expect("texts"),
    }
}

fn config(row: &Value, server: &Server) -> OpenAiConfig {
    let options = &row["config"];
    let mut config = OpenAiConfig {
        base_url: Some(server.url.clone()),
        api_key: Some(KEY.to_owned()),
        dimensions: options["dimensions"].as_u64().map(|n| n as usize),
        batch_size: options["batchSize"].as_u64().map(|n| n as usize),
        ..OpenAiConfig::default()
    };
    if let Some(timeout) = options["timeout"].as_f64() {
        config.policy.timeout_ms = timeout;
    }
    if let Some(retries) = options["maxRetries"].as_u64() {
        config.policy.attempts = retries as u32 + 1;
    }
    config
}

fn hosts() -> (Rc<SocketFetch>, Rc<TestHost>) {
    let fetch = Rc::new(SocketFetch::default());
    let host = Rc::new(TestHost { clock: Rc::clone(&fetch.clock), random: u64::MAX });
    (fetch, host)
}
