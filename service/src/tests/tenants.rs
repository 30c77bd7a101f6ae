//! What one key opens and what it does not: tenants, users, rights.

use serde_json::json;

use super::*;

#[test]
fn two_projects_share_a_deployment_and_nothing_else() {
    let host = Host::new(&[]);
    let one = host.key(json!({ "org_id": "acme", "project_id": "one" }));
    let two = host.key(json!({ "org_id": "acme", "project_id": "two" }));
    let other = host.key(json!({ "org_id": "other", "project_id": "one" }));
    let id = host.remember(&one, "tea is for ann");
    let secret = host.remember(&two, "milk is for ann");
    for token in [&one, &other, "root"] {
        for (method, path) in [("GET", ""), ("GET", "/history"), ("PUT", ""), ("DELETE", "")] {
            let code =
                host.code(token, method, &format!("/v1/memories/{secret}{path}"), json!({ "text": "x" }));
            assert_eq!(code, "404 NOT_FOUND", "{method} {path}");
        }
        let (_, listed) = host.ask(token, "GET", "/v1/memories?user_id=ann", json!({}));
        let (_, found) =
            host.ask(token, "POST", "/v1/search", json!({ "query": "ann milk", "user_id": "ann" }));
        assert!(!listed.to_string().contains("milk") && !found.to_string().contains("milk"));
        assert_eq!(host.ask(token, "DELETE", "/v1/memories?user_id=bob", json!({})).0, 200);
    }
    assert_eq!(host.ask("root", "DELETE", "/v1/memories?user_id=ann", json!({})).0, 200);
    assert_eq!(
        host.ask(&two, "GET", &format!("/v1/memories/{secret}"), json!({})).1["memory"],
        "milk is for ann"
    );
    assert_eq!(host.ask(&one, "GET", &format!("/v1/memories/{id}"), json!({})).0, 200);

    // The same text of the same user has the same id in every project, and is another memory in each.
    let same = host.remember(&one, "ann likes dogs");
    assert_eq!(host.remember(&two, "ann likes dogs"), same);
    assert_eq!(host.ask(&one, "DELETE", &format!("/v1/memories/{same}"), json!({})).0, 200);
    assert_eq!(host.ask(&two, "GET", &format!("/v1/memories/{same}"), json!({})).0, 200);

    // Naming another one is no way in.
    for (method, path, body) in [
        ("POST", "/v1/memories", json!({ "messages": "x", "user_id": "ann", "org_id": "other" })),
        ("POST", "/v1/memories", json!({ "messages": "x", "user_id": "ann", "projectId": "two" })),
        (
            "POST",
            "/v1/search",
            json!({ "query": "x", "filters": { "OR": [{ "user_id": "ann" }, { "org_id": "other" }] } }),
        ),
        ("GET", "/v1/memories?user_id=ann&project_id=two", json!({})),
        ("GET", "/v1/memories?org_id=other", json!({})),
        ("DELETE", "/v1/memories?user_id=ann&org_id=other", json!({})),
    ] {
        assert_eq!(host.code(&one, method, path, body), "403 TENANT_FORBIDDEN", "{method} {path}");
    }
    let (answer, _) =
        host.send(&one, "GET", "/v1/memories?user_id=ann", json!({}), &[("x-project-id", "two")]);
    assert_eq!(answer.status, 403);
    let own = "/v1/memories?user_id=ann&project_id=one";
    assert_eq!(host.ask(&one, "GET", own, json!({})).1["results"].as_array().map(Vec::len), Some(1));
    let relay = |token: &str, method, path: &str, body| {
        host.ask(token, method, &format!("/v1/relay/ann{path}"), body).1
    };
    assert_eq!(relay(&one, "POST", "", json!({ "after": 0, "label": "", "data": "abc" }))["sequence"], 1);
    assert_eq!(relay(&two, "GET", "?after=0", json!({}))["last"], 0);
}

#[test]
fn a_key_of_one_user_stays_with_it_on_every_route() {
    let host = Host::new(&[]);
    let all = host.key(json!({ "org_id": "acme" }));
    let ann = host.key(json!({ "org_id": "acme", "user_id": "ann" }));
    let id = host.remember(&ann, "tea");
    let body = json!({ "messages": "tea of bob", "user_id": "bob" });
    let (_, added) = host.ask(&all, "POST", "/v1/memories", body);
    let bob = added["results"][0]["id"].as_str().unwrap();
    let (_, export) = host.ask(&all, "POST", "/v1/exports", json!({ "filters": { "user_id": "bob" } }));

    for (method, path, body) in [
        ("GET", "/v1/memories".to_owned(), json!({})),
        ("POST", "/v1/memories/list".to_owned(), json!({})),
        ("POST", "/v3/memories".to_owned(), json!({})),
        ("POST", "/v3/memories".to_owned(), json!({ "filters": { "text": { "icontains": "tea" } } })),
        ("POST", "/v3/memories/search".to_owned(), json!({ "query": "tea" })),
        ("POST", "/v1/search".to_owned(), json!({ "query": "tea", "agent_id": "bot" })),
        ("POST", "/v1/context".to_owned(), json!({ "query": "tea" })),
        ("GET", "/v1/events".to_owned(), json!({})),
    ] {
        let (status, answer) = host.ask(&ann, method, &path, body);
        assert!(status == 200 && !answer.to_string().contains("bob"), "{method} {path}: {status} {answer}");
    }
    for (method, path, body, expected) in [
        ("GET", format!("/v1/memories/{bob}"), json!({}), "404 NOT_FOUND"),
        ("GET", format!("/v1/memories/{bob}/history"), json!({}), "404 NOT_FOUND"),
        ("GET", format!("/v1/event/{bob}"), json!({}), "404 NOT_FOUND"),
        ("PUT", format!("/v1/memories/{bob}"), json!({ "text": "mine" }), "404 NOT_FOUND"),
        ("DELETE", format!("/v1/memories/{bob}"), json!({}), "404 NOT_FOUND"),
        (
            "PUT",
            "/v1/batch".into(),
            json!({ "memories": [{ "memory_id": bob, "text": "mine" }] }),
            "404 NOT_FOUND",
        ),
        ("DELETE", "/v1/batch".into(), json!({ "memories": [{ "memory_id": bob }] }), "404 NOT_FOUND"),
        ("POST", "/v1/feedback".into(), json!({ "memory_id": bob, "feedback": "NEGATIVE" }), "404 NOT_FOUND"),
        (
            "POST",
            "/v1/exports/get".into(),
            json!({ "memory_export_id": export["id"] }),
            "403 SCOPE_FORBIDDEN",
        ),
        ("POST", "/v3/memories".into(), json!({ "filters": { "user_id": "bob" } }), "403 SCOPE_FORBIDDEN"),
        (
            "POST",
            "/v3/memories/add".into(),
            json!({ "messages": "x", "user_id": "bob" }),
            "403 SCOPE_FORBIDDEN",
        ),
        ("DELETE", "/v2/entities/user/bob".into(), json!({}), "403 SCOPE_FORBIDDEN"),
        ("DELETE", "/v1/memories?user_id=bob".into(), json!({}), "403 SCOPE_FORBIDDEN"),
        ("DELETE", "/v1/memories".into(), json!({}), "400 SCOPE_REQUIRED"),
        ("GET", "/v1/entities".into(), json!({}), "403 SCOPE_FORBIDDEN"),
        ("GET", "/v1/stats".into(), json!({}), "403 SCOPE_FORBIDDEN"),
        ("GET", "/v1/relay/bob?after=0".into(), json!({}), "403 SCOPE_FORBIDDEN"),
        ("GET", "/v1/admin/keys".into(), json!({}), "403 RIGHT_MISSING"),
    ] {
        assert_eq!(host.code(&ann, method, &path, body.clone()), expected, "{method} {path} {body}");
    }
    assert_eq!(host.ask(&all, "GET", &format!("/v1/memories/{bob}"), json!({})).1["memory"], "tea of bob");
    assert_eq!(host.ask(&ann, "GET", &format!("/v1/memories/{id}"), json!({})).0, 200);
    assert_eq!(host.ask(&ann, "DELETE", "/v1/memories?user_id=ann", json!({})).0, 200);
    assert_eq!(host.ask(&ann, "GET", "/v1/ping", json!({})).1["org_id"], "acme");
}

#[test]
fn an_export_of_what_a_key_may_not_read_is_refused() {
    let host = Host::new(&[]);
    let ann = host.key(json!({ "user_id": "ann" }));
    let export = |id: &str| host.code(&ann, "POST", "/v1/exports", json!({ "filters": { "user_id": id } }));
    assert_eq!((export("ann").as_str(), export("bob").as_str()), ("201 ", "403 SCOPE_FORBIDDEN"));
}
