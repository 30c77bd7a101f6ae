//! Keys: made, listed, revoked and described.

use serde_json::{Value, json};

use super::*;

#[test]
fn keys_are_made_listed_and_revoked_by_administrators_of_their_organisation() {
    let host = Host::new(&[]);
    let admin = host.key(json!({ "org_id": "acme", "right": "admin", "label": "ops" }));
    let writer = host.key(json!({ "org_id": "acme" }));
    let elsewhere = host.key(json!({ "org_id": "other", "right": "admin" }));
    let (_, made) = host.ask(
        &admin,
        "POST",
        "/v1/admin/keys",
        json!({ "right": "read", "user_id": "ann", "rate_limit": 5 }),
    );
    let (id, token) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert_eq!(made["org_id"], "acme");

    let listed =
        |token: &str, query: &str| host.ask(token, "GET", &format!("/v1/admin/keys{query}"), json!({})).1;
    let ids = |list: &Value| list["results"].as_array().unwrap().len();
    assert_eq!(
        [
            ids(&listed(&admin, "")),
            ids(&listed(&elsewhere, "")),
            ids(&listed("root", "")),
            ids(&listed("root", "?org_id=other"))
        ],
        [3, 1, 4, 1]
    );
    let text = listed("root", "").to_string();
    assert!(!text.contains(token.rsplit('_').next().unwrap()) && !text.contains("sha256"));

    for (token, method, path, body, expected) in [
        (writer.as_str(), "GET", "/v1/admin/keys", json!({}), "403 RIGHT_MISSING"),
        (&writer, "POST", "/v1/admin/keys", json!({}), "403 RIGHT_MISSING"),
        (&writer, "GET", "/v1/admin/audit", json!({}), "403 RIGHT_MISSING"),
        (&admin, "POST", "/v1/admin/keys", json!({ "org_id": "other" }), "403 TENANT_FORBIDDEN"),
        (&admin, "GET", "/v1/admin/keys?org_id=other", json!({}), "403 TENANT_FORBIDDEN"),
        (&admin, "GET", "/v1/admin/audit?org_id=other", json!({}), "403 TENANT_FORBIDDEN"),
        (&elsewhere, "DELETE", &format!("/v1/admin/keys/{id}"), json!({}), "404 NOT_FOUND"),
        (&admin, "DELETE", "/v1/admin/keys/x", json!({}), "404 NOT_FOUND"),
        (&admin, "POST", "/v1/admin/keys", json!({ "rights": "read" }), "400 INVALID_ARGUMENT"),
        (&admin, "POST", "/v1/admin/keys", json!({ "right": "all" }), "400 INVALID_ARGUMENT"),
        (&admin, "POST", "/v1/admin/keys", json!({ "right": 7 }), "400 INVALID_ARGUMENT"),
        (
            &admin,
            "POST",
            "/v1/admin/keys",
            json!({ "right": "admin", "user_id": "ann" }),
            "400 INVALID_ARGUMENT",
        ),
        (&admin, "POST", "/v1/admin/keys", json!({ "project_id": "a/b" }), "400 INVALID_ARGUMENT"),
        (&admin, "POST", "/v1/admin/keys", json!({ "project_id": "" }), "400 INVALID_ARGUMENT"),
        (&admin, "POST", "/v1/admin/keys", json!({ "user_id": "a b" }), "400 SCOPE_INVALID"),
        (&admin, "POST", "/v1/admin/keys", json!({ "label": "x".repeat(201) }), "400 INVALID_ARGUMENT"),
        (&admin, "POST", "/v1/admin/keys", json!({ "rate_limit": 0 }), "400 INVALID_ARGUMENT"),
        (&admin, "POST", "/v1/admin/keys", json!({ "user_id": "*" }), "400 SCOPE_INVALID"),
        (&admin, "POST", "/v1/admin/keys", json!({ "expires_at": "2020-01-01" }), "400 INVALID_ARGUMENT"),
        (&admin, "POST", "/v1/admin/keys", json!({ "expires_at": "soon" }), "400 TIMESTAMP_INVALID"),
        (&admin, "GET", "/v1/admin/audit?limit=0", json!({}), "400 INVALID_ARGUMENT"),
        (&admin, "PATCH", "/v1/admin/keys", json!({}), "405 METHOD_NOT_ALLOWED"),
    ] {
        assert_eq!(host.code(token, method, path, body), expected, "{method} {path}");
    }
    assert_eq!(ids(&listed("root", "")), 4, "nothing was made");

    assert_eq!(host.ask(token, "GET", "/v1/memories", json!({})).0, 200);
    assert_eq!(host.code(token, "POST", "/v1/memories", json!({ "messages": "x" })), "403 RIGHT_MISSING");
    assert_eq!(host.code(token, "GET", "/v1/memories?user_id=bob", json!({})), "403 SCOPE_FORBIDDEN");
    let (status, revoked) = host.ask(&admin, "DELETE", &format!("/v1/admin/keys/{id}"), json!({}));
    assert!(status == 200 && revoked["revoked_at"].is_string() && revoked["key"].is_null(), "{revoked}");
    assert_eq!(host.code(token, "GET", "/v1/memories", json!({})), "401 UNAUTHORIZED");

    let (_, log) = host.ask(&admin, "GET", "/v1/admin/audit", json!({}));
    let notes = log["results"].as_array().unwrap();
    let told = |note: &Value| {
        format!("{} {} {}", note["method"].as_str().unwrap(), note["route"].as_str().unwrap(), note["status"])
    };
    let expected = ["POST /v1/memories 403", "DELETE /v1/admin/keys/{id} 200", "POST /v1/admin/keys 200"];
    for expected in expected {
        assert!(notes.iter().any(|note| told(note) == expected), "{expected}: {log}");
    }
    assert!(notes.iter().all(|note| note["org_id"] == "acme"));
    assert!(notes.iter().any(|note| note["subject"] == id), "{log}");
}

#[test]
fn a_key_works_where_no_token_is_configured() {
    let host = Host::new(&[]);
    let (key, clock) = (host.key(json!({})), host.clock.clone());
    let (id, _) = key[3..].split_once('_').unwrap();
    for token in [format!("em_{id}_{}", "0".repeat(48)), "em_x".to_owned(), "em_".to_owned()] {
        assert_eq!(host.code(&token, "GET", "/v1/stats", json!({})), "401 UNAUTHORIZED", "{token}");
    }
    assert_eq!(host.code("", "GET", "/v1/stats", json!({})), "401 UNAUTHORIZED");
    let memory = Ok(Memory::in_process());
    let bare = Service::new(Settings::read(|_| None), memory, clock.clone(), Rc::new(InProcess::default()));
    let bare = Host { service: bare, clock };
    assert_eq!(bare.code("", "GET", "/v1/stats", json!({})), "503 AUTH_NOT_CONFIGURED");
    assert_eq!(bare.code(&key, "GET", "/v1/stats", json!({})), "401 UNAUTHORIZED");
}

#[test]
fn a_new_key_is_described_as_it_is_read() {
    let description = crate::openapi::description();
    let make = &description["paths"]["/v1/admin/keys"]["post"];
    let properties = &make["requestBody"]["content"]["application/json"]["schema"]["properties"];
    assert_eq!(properties["org_id"]["type"], json!(["string", "null"]));
    let host = Host::new(&[]);
    assert_eq!(host.code("root", "POST", "/v1/admin/keys", json!({ "org_id": 7 })), "400 INVALID_ARGUMENT");
}
