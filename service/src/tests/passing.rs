//! What every request passes: limits, idempotency keys, ids and lines of the log.

use serde_json::{Value, json};

use super::*;

#[test]
fn a_key_has_a_limit_and_the_token_of_the_deployment_has_none() {
    let host = Host::new(&[("EDGEMEM_RATE_LIMIT", "2")]);
    let key = host.key(json!({}));
    let send = |token: &str| host.send(token, "GET", "/v1/stats", json!({}), &[]).0;
    let answer = send(&key);
    assert_eq!(header(&answer, "ratelimit-policy"), Some("\"key\";q=2;w=60"));
    assert_eq!(header(&answer, "ratelimit"), Some("\"key\";r=1;t=30"));
    // A refused request counts as well.
    assert_eq!(host.ask(&key, "GET", "/v1/nowhere", json!({})).0, 404);
    let answer = send(&key);
    assert_eq!((answer.status, header(&answer, "retry-after")), (429, Some("30")));
    assert_eq!(answer.headers.iter().filter(|(name, _)| *name == "ratelimit").count(), 1);
    assert_eq!(answer.body.as_ref().unwrap()["code"], "RATE_LIMITED");
    host.clock.pass(30_000);
    assert_eq!(send(&key).status, 200);
    let answer = send("root");
    assert_eq!((answer.status, header(&answer, "ratelimit")), (200, None));
}

#[test]
fn a_repeated_request_is_answered_and_not_done_again() {
    let host = Host::new(&[]);
    let key = host.key(json!({}));
    let add = |token: &str, text: &str, idempotency: &str| {
        let body = json!({ "messages": text, "user_id": "ann" });
        let (answer, _) = host.send(token, "POST", "/v1/memories", body, &[("idempotency-key", idempotency)]);
        let code = answer.body.as_ref().unwrap()["code"].as_str().unwrap_or_default().to_owned();
        (header(&answer, "idempotency-replayed").is_some(), code, answer.body.unwrap())
    };
    let first = add(&key, "tea", "k1");
    assert_eq!(first.2["results"][0]["event"], "ADD");
    assert_eq!(add(&key, "tea", "k1"), (true, String::new(), first.2));
    assert_eq!(add(&key, "tea", "k2").2["results"][0]["event"], "NONE", "another request");
    assert_eq!(add(&key, "milk", "k1").1, "IDEMPOTENCY_MISMATCH");
    assert_eq!(add("root", "milk", "k1").2["results"][0]["event"], "ADD", "another caller");
    assert_eq!(add(&key, "tea", "a key").1, "INVALID_ARGUMENT");
    // The same as long as the body is the same, whatever becomes of the memory meanwhile.
    host.ask(&key, "DELETE", "/v1/memories?user_id=ann", json!({}));
    assert!(add(&key, "tea", "k1").0);
    // What is read is read anew: nothing of it is kept.
    let list = || {
        let body = json!({ "filters": { "user_id": "ann" } });
        host.send(&key, "POST", "/v3/memories", body, &[("idempotency-key", "k3")]).0
    };
    assert_eq!(list().body.unwrap()["count"], 0);
    add(&key, "coffee", "k4");
    assert_eq!(list().body.unwrap()["count"], 1);
    // No secret is kept for being sent twice.
    let make = || host.send("root", "POST", "/v1/admin/keys", json!({}), &[("idempotency-key", "k")]).0;
    assert_ne!(make().body.unwrap()["key"], make().body.unwrap()["key"]);
}

#[test]
fn requests_have_ids_and_lines_without_contents() {
    let host = Host::new(&[("EDGEMEM_LOG", "requests")]);
    let key = host.key(json!({ "org_id": "acme" }));
    let body = json!({ "messages": "the secret of ann", "user_id": "ann-the-user" });
    let (answer, line) = host.send(&key, "POST", "/v1/memories", body, &[("x-request-id", "req-1:a.b_c")]);
    assert_eq!(header(&answer, "x-request-id"), Some("req-1:a.b_c"));
    let line = line.unwrap();
    assert!(!line.contains("secret") && !line.contains("ann") && !line.contains(&key), "{line}");
    let line: Value = serde_json::from_str(&line).unwrap();
    for (name, expected) in [
        ("level", json!("info")),
        ("request_id", json!("req-1:a.b_c")),
        ("method", json!("POST")),
        ("route", json!("/v1/memories")),
        ("status", json!(200)),
        ("org_id", json!("acme")),
        ("key", json!(key[3..15])),
    ] {
        assert_eq!(line[name], expected, "{name}");
    }
    let (_, line) = host.send("root", "GET", "/v1/memories/ann-the-user/history/bob", json!({}), &[]);
    assert!(!line.unwrap().contains("ann"));
    for bad in ["", "a b", "é", "x\"y", &"x".repeat(129)] {
        let (answer, _) = host.send("root", "GET", "/health", json!({}), &[("x-request-id", bad)]);
        let made = header(&answer, "x-request-id").unwrap();
        assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{bad}: {made}");
    }
    assert_eq!(Host::new(&[]).send("root", "GET", "/v1/stats", json!({}), &[]).1, None);
}

#[test]
fn readiness_is_told_to_everybody_and_follows_the_memory() {
    let host = Host::new(&[]);
    for path in ["/health", "/healthz", "/readyz", "/readyz/"] {
        let (answer, _) = host.send("nobody", "GET", path, json!({}), &[]);
        assert_eq!((answer.status, &answer.body.unwrap()["status"]), (200, &json!("ok")), "{path}");
    }
    let lost = edgemem::Error::new(edgemem::ErrorKind::StoreUnavailable, "the disk is gone");
    let tenants = Rc::new(InProcess::default());
    let service = Service::new(Settings::read(|_| None), Err(lost.into()), host.clock.clone(), tenants);
    let lost = Host { service, clock: host.clock.clone() };
    assert_eq!(lost.ask("nobody", "GET", "/healthz", json!({})).0, 200);
    assert_eq!(lost.code("nobody", "GET", "/readyz", json!({})), "503 STORE_UNAVAILABLE");
    assert_eq!(host.code("root", "POST", "/readyz", json!({})), "405 METHOD_NOT_ALLOWED");
}

#[test]
fn an_export_with_a_schema_says_that_it_is_not_applied() {
    let host = Host::new(&[]);
    let export = |body: Value| host.ask("root", "POST", "/v1/exports", body).1["message"].to_string();
    assert!(!export(json!({ "filters": { "user_id": "ann" } })).contains("schema"));
    assert!(
        export(json!({ "filters": { "user_id": "ann" }, "schema": { "type": "object" } }))
            .contains("no schema is applied")
    );
}
