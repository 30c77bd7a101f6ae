//! The retry policy over real HTTP, with a clock that moves only in pauses.

#[path = "support/model_http.rs"]
#[allow(dead_code)] // shared with the tests of the providers
mod model_http;

use std::rc::Rc;

use edgemem::model::retry::{Client, Failure, Policy};
use model_http::{Server, SocketFetch, TestHost, block_on};
use serde_json::{Value, json};

/// Runs one post against a script; returns its outcome, the requests seen and the pauses made.
fn run(
    script: Value,
    fetch: SocketFetch,
    random: u64,
    policy: Policy,
) -> (Result<Vec<u8>, Failure>, usize, Vec<f64>) {
    let server = Server::start(script.as_array().expect("a script").clone());
    let fetch = Rc::new(fetch);
    let client = Client {
        host: Rc::new(TestHost { clock: Rc::clone(&fetch.clock), random }),
        fetch: Rc::clone(&fetch) as _,
        policy,
        provider: "the service".to_owned(),
        secrets: Vec::new(),
    };
    let outcome = block_on(client.post(&server.url, &[], b"{}".to_vec()));
    let pauses = fetch.pauses.borrow().clone();
    (outcome, server.seen().len(), pauses)
}

fn busy(header: &str, value: &str) -> Value {
    json!([{ "status": 429, "headers": { header: value }, "json": {} }, { "json": {} }])
}

#[test]
fn pauses() {
    let down = json!([{ "status": 503, "json": {} }]);
    let six = || Policy { attempts: 7, ..Policy::default() };
    let none = Vec::<f64>::new();
    for (name, script, random, policy, code, requests, expected) in [
        (
            "doubling, drawn long",
            down.clone(),
            u64::MAX,
            six(),
            "MODEL_FAILED",
            7,
            vec![500.0, 1000.0, 2000.0, 4000.0, 8000.0, 8000.0],
        ),
        (
            "doubling, drawn short",
            down.clone(),
            0,
            six(),
            "MODEL_FAILED",
            7,
            vec![250.0, 500.0, 1000.0, 2000.0, 4000.0, 4000.0],
        ),
        (
            "no attempts means one",
            down.clone(),
            0,
            Policy { attempts: 0, ..Policy::default() },
            "MODEL_FAILED",
            1,
            none.clone(),
        ),
        ("retry-after in seconds", busy("retry-after", "7"), 0, Policy::default(), "", 2, vec![7000.0]),
        (
            "retry-after as a date",
            busy("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"),
            0,
            Policy::default(),
            "",
            2,
            vec![30_000.0],
        ),
        (
            "retry-after in the past",
            busy("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"),
            0,
            Policy::default(),
            "",
            2,
            vec![0.0],
        ),
        ("retry-after is capped", busy("retry-after", "86400"), 0, Policy::default(), "", 2, vec![60_000.0]),
        ("retry-after-ms", busy("retry-after-ms", "120"), 0, Policy::default(), "", 2, vec![120.0]),
        (
            "retry-after that says nothing",
            busy("retry-after", "later"),
            0,
            Policy::default(),
            "",
            2,
            vec![250.0],
        ),
        (
            "a pause beyond the deadline is not made",
            busy("retry-after", "7"),
            0,
            Policy { deadline_ms: 5000.0, ..Policy::default() },
            "MODEL_RATE_LIMITED",
            1,
            none.clone(),
        ),
        (
            "the deadline ends the attempts",
            down,
            u64::MAX,
            Policy { deadline_ms: 3000.0, ..six() },
            "MODEL_FAILED",
            3,
            vec![500.0, 1000.0],
        ),
    ] {
        let (outcome, seen, pauses) = run(script, SocketFetch::default(), random, policy);
        assert_eq!(outcome.map_or_else(|failure| failure.error.code(), |_| ""), code, "{name}");
        assert_eq!(seen, requests, "{name}");
        let near =
            pauses.len() == expected.len() && pauses.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.01);
        assert!(near, "{name}: {pauses:?}");
    }
}

#[test]
fn slow_attempts_use_up_the_deadline() {
    let policy = Policy { attempts: 9, deadline_ms: 1000.0, backoff_ms: 1.0, ..Policy::default() };
    let fetch = SocketFetch { request_takes: 400.0, ..SocketFetch::default() };
    let (outcome, seen, _) = run(json!([{ "status": 500, "json": {} }]), fetch, 0, policy);
    assert_eq!(outcome.unwrap_err().status, Some(500));
    assert_eq!(seen, 3);
}

#[test]
fn an_abort_ends_the_attempts() {
    let down = json!([{ "status": 503, "json": {} }]);
    let fetch = SocketFetch { abort_in_pause: Some(2), ..SocketFetch::default() };
    let (outcome, seen, _) = run(down.clone(), fetch, 0, Policy { attempts: 9, ..Policy::default() });
    assert_eq!(outcome.unwrap_err().error.code(), "ABORTED");
    assert_eq!(seen, 2);

    let fetch = SocketFetch::default();
    fetch.aborted.set(true);
    let (outcome, seen, _) = run(down, fetch, 0, Policy::default());
    assert_eq!(outcome.unwrap_err().error.code(), "ABORTED");
    assert_eq!(seen, 0);
}

#[test]
fn the_message_tells_how_often_it_was_tried() {
    let (outcome, ..) =
        run(json!([{ "status": 503, "json": {} }]), SocketFetch::default(), 0, Policy::default());
    assert_eq!(outcome.unwrap_err().error.message(), "the service answered with status 503 after 3 attempts");
}
