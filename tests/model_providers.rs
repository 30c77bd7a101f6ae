//! The contract of embedders and rerankers: every case of `tests/cases/providers.json` with every provider,
//! over real HTTP.

#[path = "support/model_cases.rs"]
mod model_cases;
#[path = "support/model_http.rs"]
#[allow(dead_code)] // shared with the tests of OpenAI
mod model_http;

use std::rc::Rc;

use edgemem::model::embedding::{EmbeddingService, HttpEmbedder};
use edgemem::model::reranking::HttpReranker;
use edgemem::model::service::ServiceConfig;
use edgemem::model::{Embedder, Purpose, Reranker, embedding_service, reranking_service, workers_ai};
use model_cases::{KEY, check, check_pauses, config, holds, hosts, texts};
use model_http::{Seen, Server, block_on, score_of, vector_of};
use serde_json::{Value, json};

#[test]
fn embedders() {
    for (protocol, row) in pairs("embedders", "embed") {
        let server = Server::speaking(protocol.clone(), row["replies"].as_array().expect("replies").clone());
        let texts = match protocol["batch"].as_u64().filter(|_| row["over"] == true) {
            Some(batch) => (0..=batch).map(|n| format!("text {n}")).collect(),
            None => texts(&row),
        };
        let (fetch, host) = hosts();
        let embedder =
            HttpEmbedder::new(service(&protocol), &config(&row, &server), Rc::clone(&fetch) as _, host);
        let embedder = embedder.expect("a valid configuration");
        let purpose = if row["purpose"] == "query" { Purpose::Query } else { Purpose::Document };
        let outcome = block_on(embedder.embed(&texts, purpose));
        let expected: Option<Vec<Vec<f32>>> = match &row["expect"] {
            expect if expect["ok"] == true => Some(texts.iter().map(|text| vector_of(text)).collect()),
            expect => expect.get("vectors").map(|v| serde_json::from_value(v.clone()).expect("vectors")),
        };
        check(&row, &server, outcome, expected);
        check_pauses(&row, &fetch);
        let sent = if purpose == Purpose::Query { &protocol["query"] } else { &protocol["document"] };
        for request in server.seen() {
            check_request(&protocol, &row, &request, sent);
            if let (Some(pointer), Some(wanted)) =
                (protocol["dimensions"].as_str(), row["config"].get("dimensions"))
            {
                assert_eq!(request.body.pointer(pointer), Some(wanted), "{}", row["name"]);
            }
        }
    }
}

#[test]
fn rerankers() {
    for (protocol, row) in pairs("rerankers", "rerank") {
        let server = Server::speaking(protocol.clone(), row["replies"].as_array().expect("replies").clone());
        let texts = texts(&row);
        let (fetch, host) = hosts();
        let service = reranking_service(protocol["provider"].as_str().unwrap()).expect("a known provider");
        let reranker =
            HttpReranker::new(service, &config(&row, &server), Rc::clone(&fetch) as _, host).unwrap();
        let outcome =
            block_on(reranker.rerank("which?", &texts.iter().map(String::as_str).collect::<Vec<_>>()));
        let expected: Option<Vec<f32>> = match &row["expect"] {
            expect if expect["ok"] == true => Some(texts.iter().map(|text| score_of(text)).collect()),
            expect => expect.get("scores").map(|v| serde_json::from_value(v.clone()).expect("scores")),
        };
        check(&row, &server, outcome, expected);
        check_pauses(&row, &fetch);
        for request in server.seen() {
            check_request(&protocol, &row, &request, &protocol["sent"]);
            assert!(
                holds(&request.body, &json!({ "query": "which?", "documents": texts })),
                "{}",
                row["name"]
            );
        }
    }
}

#[test]
fn names_tell_provider_and_model() {
    let own = ServiceConfig { api_key: Some(KEY.to_owned()), ..ServiceConfig::default() };
    for protocol in cases()["embedders"].as_array().unwrap() {
        for base_url in [None, Some("http://models.test:8080/v1".to_owned())] {
            let host = if base_url.is_some() { "models.test:8080/" } else { "" };
            let (fetch, clock) = hosts();
            let config = ServiceConfig { base_url, ..own.clone() };
            let embedder = HttpEmbedder::new(service(protocol), &config, fetch, clock).unwrap();
            assert_eq!(embedder.name(), protocol["name"].as_str().unwrap().replace("{host}/", host));
        }
    }
    for protocol in cases()["rerankers"].as_array().unwrap() {
        let (fetch, host) = hosts();
        let service = reranking_service(protocol["provider"].as_str().unwrap()).unwrap();
        assert_eq!(HttpReranker::new(service, &own, fetch, host).unwrap().name(), protocol["name"]);
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_once() {
    for protocol in cases()["embedders"].as_array().unwrap() {
        let service = service(protocol);
        let keyed = ServiceConfig { api_key: Some(KEY.to_owned()), ..ServiceConfig::default() };
        let too_many = ServiceConfig { batch_size: Some(service.batch_limit + 1), ..keyed.clone() };
        let no_key_needed = ["ollama", "workers-ai"].contains(&protocol["provider"].as_str().unwrap());
        for (config, field) in [
            (ServiceConfig::default(), (!no_key_needed).then_some("apiKey")),
            (ServiceConfig { model: Some(" ".to_owned()), ..keyed.clone() }, Some("model")),
            (ServiceConfig { dimensions: Some(0), ..keyed }, Some("dimensions")),
            (too_many, Some("batchSize")),
        ] {
            let (fetch, host) = hosts();
            let error = HttpEmbedder::new(service, &config, fetch, host).err();
            assert_eq!(error.as_ref().map(edgemem::Error::code), field.map(|_| "CONFIG_INVALID"));
            let expected = field.map(|field| format!("embedder.config.{field}"));
            assert_eq!(error.as_ref().and_then(edgemem::Error::field_name), expected.as_deref());
        }
    }
    let (fetch, host) = hosts();
    let keyless =
        HttpReranker::new(reranking_service("jina").unwrap(), &ServiceConfig::default(), fetch, host);
    assert_eq!(keyless.err().unwrap().field_name(), Some("reranker.config.apiKey"));
}

#[test]
fn gemini_says_some_things_in_its_own_way() {
    let protocol = cases()["embedders"][2].clone();
    let run = |model: &str, replies: Value, purpose: Purpose| {
        let server = Server::speaking(protocol.clone(), replies.as_array().unwrap().clone());
        let (fetch, host) = hosts();
        let config = ServiceConfig { model: Some(model.to_owned()), ..config(&json!({}), &server) };
        let embedder = HttpEmbedder::new(service(&protocol), &config, Rc::clone(&fetch) as _, host).unwrap();
        let outcome = block_on(embedder.embed(&["a".to_owned()], purpose));
        let pauses = fetch.pauses.borrow().clone();
        (outcome, server.seen(), pauses)
    };
    let delay = json!({ "error": { "code": 429, "message": "quota", "details": [{ "retryDelay": "17s" }] } });
    let (outcome, _, pauses) = run(
        "gemini-embedding-001",
        json!([{ "status": 429, "json": delay }, { "embed": "ordered" }]),
        Purpose::Query,
    );
    assert!(outcome.is_ok());
    assert_eq!(pauses, [17_000.0]);

    let (outcome, seen, _) = run(
        "gemini-embedding-001",
        json!([{ "status": 400, "refusal": "API key not valid. Please pass a valid API key." }]),
        Purpose::Query,
    );
    assert_eq!((outcome.unwrap_err().code(), seen.len()), ("MODEL_UNAUTHORIZED", 1));

    for (purpose, sent) in
        [(Purpose::Query, "task: search result | query: a"), (Purpose::Document, "title: none | text: a")]
    {
        let (_, seen, _) = run("models/gemini-embedding-2", json!([{ "embed": "ordered" }]), purpose);
        assert_eq!(seen[0].path, "/v1/models/gemini-embedding-2:batchEmbedContents");
        let request = &seen[0].body["requests"][0];
        assert_eq!(request["content"]["parts"][0]["text"], sent);
        assert_eq!(
            (request["model"].as_str(), request.get("taskType")),
            (Some("models/gemini-embedding-2"), None)
        );
    }
}

#[test]
fn long_texts_are_cut_for_rerankers_only() {
    let protocol = cases()["rerankers"][0].clone();
    let server = Server::speaking(protocol, vec![json!({ "rank": true })]);
    let (fetch, host) = hosts();
    let config = config(&json!({}), &server);
    let reranker = HttpReranker::new(reranking_service("cohere").unwrap(), &config, fetch, host).unwrap();
    let long = "\u{e9}".repeat(30_000);
    assert_eq!(block_on(reranker.rerank("which?", &[&long, "short"])).unwrap(), [100.0, 0.05]);
    let sent = server.seen()[0].body["documents"][0].as_str().map(|text| text.chars().count());
    assert_eq!(sent, Some(10_000));
}

fn cases() -> Value {
    let text = include_str!("cases/providers.json").replace("{key}", KEY);
    serde_json::from_str(&text).expect("the cases are JSON")
}

/// Every case with every provider.
fn pairs(providers: &str, call: &str) -> Vec<(Value, Value)> {
    let cases = cases();
    let (providers, rows) = (cases[providers].as_array().unwrap(), cases[call].as_array().unwrap());
    let named = |protocol: &Value, row: &Value| {
        let mut row = row.clone();
        row["name"] = format!("{}: {}", protocol["provider"], row["name"]).into();
        (protocol.clone(), row)
    };
    providers.iter().flat_map(|protocol| rows.iter().map(move |row| named(protocol, row))).collect()
}

fn service(protocol: &Value) -> &'static EmbeddingService {
    match protocol["provider"].as_str().unwrap() {
        "workers-ai" => &workers_ai::EMBEDDINGS,
        provider => embedding_service(provider).expect("a known provider"),
    }
}

fn check_request(protocol: &Value, row: &Value, request: &Seen, sent: &Value) {
    let name = &row["name"];
    assert_eq!(request.path, protocol["path"].as_str().unwrap(), "{name}");
    assert!(holds(&request.body, sent), "{name}: sent {}", request.body);
    assert!(!request.body.to_string().contains(KEY), "{name}: the key is in the body");
    if let Some(key) = protocol["key"].as_array() {
        assert_eq!(request.header(key[0].as_str().unwrap()), key[1].as_str(), "{name}");
    }
}
