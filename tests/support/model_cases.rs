//! What the tests of models do with a row of `tests/cases`: its texts and configuration, and its expectations.

use std::rc::Rc;

use edgemem::model::service::ServiceConfig;
use edgemem::{Error, Result};
use serde_json::Value;

use crate::model_http::{Server, SocketFetch, TestHost};

/// A key that must never be seen.
pub const KEY: &str = "sk-test-0123456789abcdef";

pub fn check<T: PartialEq + std::fmt::Debug>(
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
pub fn holds(whole: &Value, part: &Value) -> bool {
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

pub fn texts(row: &Value) -> Vec<String> {
    match row["count"].as_u64() {
        Some(count) => (0..count).map(|n| format!("text {n}")).collect(),
        None => serde_json::from_value(row["texts"].clone()).expect("texts"),
    }
}

pub fn config(row: &Value, server: &Server) -> ServiceConfig {
    let options = &row["config"];
    let mut config = ServiceConfig {
        base_url: Some(server.url.clone()),
        api_key: Some(KEY.to_owned()),
        dimensions: options["dimensions"].as_u64().map(|n| n as usize),
        batch_size: options["batchSize"].as_u64().map(|n| n as usize),
        ..ServiceConfig::default()
    };
    if let Some(timeout) = options["timeout"].as_f64() {
        config.policy.timeout_ms = timeout;
    }
    if let Some(retries) = options["maxRetries"].as_u64() {
        config.policy.attempts = retries as u32 + 1;
    }
    config
}

pub fn hosts() -> (Rc<SocketFetch>, Rc<TestHost>) {
    let fetch = Rc::new(SocketFetch::default());
    let host = Rc::new(TestHost { clock: Rc::clone(&fetch.clock), random: u64::MAX });
    (fetch, host)
}

/// Whether a provider was given the pauses that a row expects.
pub fn check_pauses(row: &Value, fetch: &SocketFetch) {
    if let Some(expected) = row["expect"]["pauses"].as_array() {
        let expected: Vec<f64> = expected.iter().filter_map(Value::as_f64).collect();
        let pauses = fetch.pauses.borrow();
        let near =
            pauses.len() == expected.len() && pauses.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.01);
        assert!(near, "{}: {pauses:?}", row["name"]);
    }
}
