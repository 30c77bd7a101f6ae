//! The OpenAI-compatible providers over real HTTP: every row of `tests/cases/models.json`.

#[path = "support/model_cases.rs"]
#[allow(dead_code)] // shared with the tests of the other providers
mod model_cases;
#[path = "support/model_http.rs"]
#[allow(dead_code)] // shared with the tests of the other providers
mod model_http;

use std::rc::Rc;

use edgemem::Result;
use edgemem::host::Host;
use edgemem::host::fetch::Fetch;
use edgemem::host::fetch::HttpRequest;
use edgemem::host::native::NativeHost;
use edgemem::model::completion::HttpCompleter;
use edgemem::model::embedding::HttpEmbedder;
use edgemem::model::service::ServiceConfig;
use edgemem::model::{Completer, Completion, Embedder, Purpose, completion_service, embedding_service};
use model_cases::{KEY, check, config, hosts, texts};
use model_http::{Server, block_on, vector_of};
use serde_json::Value;

#[test]
fn embedder_cases() {
    for row in rows("embed") {
        let server = Server::start(row["replies"].as_array().expect("replies").clone());
        let texts = texts(&row);
        let (fetch, host) = hosts();
        let embedder = embedder(&config(&row, &server), fetch, host).expect("a valid configuration");
        let outcome = block_on(embedder.embed(&texts, Purpose::Document));
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
        let completer = completer(&config(&row, &server), fetch, host).expect("a valid configuration");
        let request = Completion {
            system: "Be brief.".to_owned(),
            user: "Say hello.".to_owned(),
            schema: row.get("schema").cloned(),
            max_tokens: 500,
            ..Completion::default()
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
    let completer = completer(&config(&Value::Null, &server), fetch, host).unwrap();
    let schema = Some(serde_json::json!({ "type": "object" }));
    let request = Completion { schema, max_tokens: 1, ..Completion::default() };
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
    let embedder = embedder(&config, fetch, host).unwrap();
    let error = block_on(embedder.embed(&["a".to_owned()], Purpose::Document)).unwrap_err();
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
        let config = ServiceConfig {
            base_url: base_url.map(str::to_owned),
            api_key: Some(KEY.to_owned()),
            model: model.map(str::to_owned),
            dimensions,
            ..ServiceConfig::default()
        };
        let (fetch, host) = hosts();
        assert_eq!(embedder(&config, fetch, host).unwrap().name(), expected);
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_once() {
    let base = || ServiceConfig { api_key: Some(KEY.to_owned()), ..ServiceConfig::default() };
    for (config, field) in [
        (ServiceConfig::default(), "apiKey"),
        (ServiceConfig { api_key: Some("  ".to_owned()), ..base() }, "apiKey"),
        (ServiceConfig { api_key: Some("sk one two".to_owned()), ..base() }, "apiKey"),
        (ServiceConfig { base_url: Some("localhost:11434".to_owned()), ..base() }, "baseUrl"),
        (ServiceConfig { base_url: Some(format!("https://me:{KEY}@host/v1")), ..base() }, "baseUrl"),
        (ServiceConfig { organization: Some("a\nb".to_owned()), ..base() }, "organization"),
        (ServiceConfig { model: Some(" ".to_owned()), ..base() }, "model"),
        (ServiceConfig { dimensions: Some(0), ..base() }, "dimensions"),
        (ServiceConfig { batch_size: Some(0), ..base() }, "batchSize"),
    ] {
        let (fetch, _) = hosts();
        let error = embedder(&config, fetch, Rc::new(NativeHost::new())).err().expect(field);
        assert_eq!(error.code(), "CONFIG_INVALID");
        assert_eq!(error.field_name(), Some(format!("embedder.config.{field}").as_str()));
        assert!(!format!("{error:?}").contains(KEY));
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config =
        ServiceConfig { base_url: Some(format!("http://127.0.0.1:{port}/v1")), ..ServiceConfig::default() };
    let (fetch, host) = hosts();
    let embedder = embedder(&config, fetch, host).unwrap();
    let error = block_on(embedder.embed(&["a".to_owned()], Purpose::Document)).unwrap_err();
    assert_eq!(error.code(), "MODEL_FAILED");
    assert!(error.message().contains(&format!("127.0.0.1:{port}")), "{error}");
}

fn embedder(config: &ServiceConfig, fetch: Rc<dyn Fetch>, host: Rc<dyn Host>) -> Result<HttpEmbedder> {
    HttpEmbedder::new(embedding_service("openai").expect("a known provider"), config, fetch, host)
}

fn completer(config: &ServiceConfig, fetch: Rc<dyn Fetch>, host: Rc<dyn Host>) -> Result<HttpCompleter> {
    HttpCompleter::new(completion_service("openai").expect("a known provider"), config, fetch, host)
}

fn rows(call: &str) -> Vec<Value> {
    let cases: Value = serde_json::from_str(include_str!("cases/models.json")).expect("the cases are JSON");
    cases[call].as_array().expect("rows").clone()
}
