//! What keys open and what they do not, through the whole service.

use std::rc::Rc;

use edgemem::Memory;
use edgemem::store::ByteStore;
use futures_executor::block_on;
use serde_json::{Value, json};

use crate::http::{Answer, Head};
use crate::service::Service;
use crate::settings::Settings;
use crate::testing::{Clock, InProcess, Slow, started};

/// A service whose deployment knows the token `root`.
struct Host {
    service: Service,
    clock: Rc<Clock>,
}

const ROOT: &str = "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2";

impl Host {
    fn new(variables: &[(&str, &str)]) -> Host {
        let find = |name: &str| match variables.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Some((*value).to_owned()),
            None => (name == "EDGEMEM_TOKEN_HASHES").then(|| ROOT.to_owned()),
        };
        let clock = Clock::new();
        let tenants = Rc::new(InProcess::default());
        let memory = Ok(Memory::in_process());
        Host { service: Service::new(Settings::read(find), memory, clock.clone(), tenants), clock }
    }

    fn send(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Value,
        more: &[(&str, &str)],
    ) -> (Answer, Option<String>) {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let head = Head::new(method, &format!("https://memory.example{path}"), headers);
        let read = async |_| Ok(body.to_string().into_bytes());
        let answered = block_on(self.service.answer(&head, read));
        assert_eq!(block_on(self.service.settle()), None);
        answered
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (answer, _) = self.send(token, method, path, body, &[]);
        (answer.status, answer.body.unwrap())
    }

    /// What a tool answers over MCP, and the status of the request.
    fn tool(&self, token: &str, query: &str, name: &str, arguments: Value) -> (u16, Value) {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name, "arguments": arguments },
        });
        let (status, answer) = self.ask(token, "POST", &format!("/mcp{query}"), call);
        let text = answer["result"]["content"][0]["text"].as_str();
        let told = text.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into()));
        (status, told.unwrap_or(answer))
    }

    /// The audit log, newest first: method, route, status and subject.
    fn log(&self, org: &str) -> Vec<String> {
        let (_, log) = self.ask("root", "GET", &format!("/v1/admin/audit?org_id={org}"), json!({}));
        let told = |note: &Value| {
            let text = |name: &str| note[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {} {}", text("method"), text("route"), note["status"], note["subject"])
        };
        log["results"].as_array().unwrap().iter().map(told).collect()
    }

    /// The code of a refusal.
    fn code(&self, token: &str, method: &str, path: &str, body: Value) -> String {
        let (status, body) = self.ask(token, method, path, body);
        format!("{status} {}", body["code"].as_str().unwrap_or_default())
    }

    fn key(&self, wish: Value) -> String {
        let (status, made) = self.ask("root", "POST", "/v1/admin/keys", wish);
        assert_eq!(status, 200, "{made}");
        made["key"].as_str().unwrap().to_owned()
    }

    fn remember(&self, token: &str, text: &str) -> String {
        let (_, added) =
            self.ask(token, "POST", "/v1/memories", json!({ "messages": text, "user_id": "ann" }));
        added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}")).to_owned()
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

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
fn a_key_of_one_user_stays_with_it_over_mcp() {
    let host = Host::new(&[]);
    let all = host.key(json!({ "org_id": "acme" }));
    let ann = host.key(json!({ "org_id": "acme", "user_id": "ann" }));
    let (_, hers) = host.tool(&ann, "", "add_memory", json!({ "text": "tea of ann" }));
    let (_, his) = host.tool(&all, "?user_id=bob", "add_memory", json!({ "text": "tea of bob" }));
    let (hers, his) = (&hers["results"][0]["id"], &his["results"][0]["id"]);
    assert_eq!(host.tool(&all, "", "get_memory", json!({ "memory_id": hers })).1["user_id"], "ann");

    let named = json!({ "query": "tea", "user_id": "bob" });
    for (query, name, arguments, status, code) in [
        ("?user_id=bob", "search_memories", json!({ "query": "tea" }), 403, "SCOPE_FORBIDDEN"),
        ("?org_id=other", "search_memories", json!({ "query": "tea" }), 403, "TENANT_FORBIDDEN"),
        ("", "search_memories", named, 200, "SCOPE_FORBIDDEN"),
        ("", "get_memories", json!({ "filters": { "user_id": "bob" } }), 200, "SCOPE_FORBIDDEN"),
        ("", "get_memories", json!({ "filters": { "org_id": "other" } }), 200, "TENANT_FORBIDDEN"),
        ("", "add_memory", json!({ "text": "x", "user_id": "bob" }), 200, "SCOPE_FORBIDDEN"),
        ("", "delete_all_memories", json!({ "user_id": "bob" }), 200, "SCOPE_FORBIDDEN"),
        ("", "get_memory", json!({ "memory_id": his }), 200, "NOT_FOUND"),
        ("", "delete_memory", json!({ "memory_id": his }), 200, "NOT_FOUND"),
        ("", "get_event_status", json!({ "event_id": his }), 200, "NOT_FOUND"),
    ] {
        let (answered, told) = host.tool(&ann, query, name, arguments.clone());
        assert_eq!((answered, told["code"].as_str()), (status, Some(code)), "{name}{query} {arguments}");
        assert!(!told.to_string().contains("of bob"), "{told}");
        if status == 200 && code.ends_with("FORBIDDEN") {
            assert!(told["hint"].as_str().unwrap().contains("may not"), "{told}");
        }
    }
    let (_, listed) = host.tool(&ann, "", "list_entities", json!({}));
    assert_eq!((&listed["count"], &listed["results"][0]["name"]), (&json!(1), &json!("ann")));
    assert_eq!(host.tool(&ann, "?org_id=acme", "get_memories", json!({})).0, 200);
    host.tool(&ann, "", "delete_all_memories", json!({}));
    assert_eq!(host.tool(&all, "", "get_memory", json!({ "memory_id": his })).1["memory"], "tea of bob");
}

#[test]
fn an_export_of_what_a_key_may_not_read_is_refused() {
    let host = Host::new(&[]);
    let ann = host.key(json!({ "user_id": "ann" }));
    let export = |id: &str| host.code(&ann, "POST", "/v1/exports", json!({ "filters": { "user_id": id } }));
    assert_eq!((export("ann").as_str(), export("bob").as_str()), ("201 ", "403 SCOPE_FORBIDDEN"));
}

#[test]
fn refused_writes_are_noted_wherever_they_are_refused() {
    let host = Host::new(&[]);
    let reader = host.key(json!({ "org_id": "acme", "right": "read" }));
    let writer = host.key(json!({ "org_id": "acme", "rate_limit": 5 }));
    let before = host.log("acme").len();
    host.tool(&reader, "", "add_memory", json!({ "text": "x" }));
    host.tool(&reader, "", "search_memories", json!({ "query": "x" }));
    host.ask(&reader, "POST", "/v1/search", json!({ "query": "x", "user_id": "ann", "org_id": "other" }));
    let call = |name: &str, arguments: Value| json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name, "arguments": arguments } });
    let add = || call("add_memory", json!({ "text": "tea", "user_id": "ann" }));
    let batch = json!([add(), call("delete_all_memories", json!({ "user_id": "ann" })), add()]);
    assert_eq!(host.ask(&writer, "POST", "/mcp", batch).0, 200);
    let foreign = json!({ "messages": "x", "user_id": "ann", "org_id": "other" });
    assert_eq!(host.ask(&writer, "POST", "/v1/memories", foreign).0, 403);
    let add = |text: &str| {
        let body = json!({ "messages": text, "user_id": "ann" });
        host.send(&writer, "POST", "/v1/memories", body, &[("idempotency-key", "k")]).0.status
    };
    assert_eq!([add("a"), add("a"), add("b"), add("b"), add("b")], [200, 200, 422, 429, 429]);
    let notes = host.log("acme");
    // Neither reads nor what was only answered again; of refusals for too many requests the first.
    let expected = [
        "POST /v1/memories 429 null",
        "POST /v1/memories 422 null",
        "POST /v1/memories 200 1",
        "POST /v1/memories 403 null",
        "POST /mcp 200 null",
        "POST /mcp 403 null",
    ];
    assert_eq!(notes[..notes.len() - before], expected);
}

#[test]
fn what_administrators_do_is_stored_before_it_is_answered() {
    let (store, clock) = (Rc::new(Slow::default()), Clock::new());
    let memory = Memory::new(Rc::clone(&store) as Rc<dyn ByteStore>, clock.clone());
    let find = |name: &str| (name == "EDGEMEM_TOKEN_HASHES").then(|| ROOT.to_owned());
    let service =
        Service::new(Settings::read(find), Ok(memory), clock.clone(), Rc::new(InProcess::default()));
    let host = Host { service, clock };
    let key = host.key(json!({ "org_id": "acme", "project_id": "shop" }));
    let send = |method: &str, path: &str, body: Value, token: &str| {
        let headers = [("content-type", "application/json"), ("authorization", &format!("Bearer {token}"))];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let head = Head::new(method, &format!("https://memory.example{path}"), headers);
        let read = async move |_| Ok(body.to_string().into_bytes());
        (head, read)
    };
    // Somebody else's notes are being stored, and nobody waits for them.
    let body = json!({ "messages": "x", "user_id": "ann", "org_id": "other" });
    let (head, read) = send("POST", "/v1/memories", body, &key);
    assert_eq!(block_on(host.service.answer(&head, read)).0.status, 403);
    store.holds.set(true);
    let storing = started(host.service.settle());
    store.holds.set(false);
    let (head, read) =
        send("POST", "/v1/admin/keys", json!({ "org_id": "acme", "project_id": "two" }), "root");
    assert_eq!(block_on(host.service.answer(&head, read)).0.status, 200);
    // Another instance reads them.
    let elsewhere = crate::audit::Audit::new(host.clock.clone());
    let page = block_on(elsewhere.page(&*store, "acme", None, 10)).unwrap();
    assert_eq!(page["results"][0]["project_id"], "two", "{page}");
    assert_eq!(block_on(storing), None);

    let (head, read) = send("POST", "/v1/admin/reshard", json!({ "owner": "user:ann" }), "root");
    let (answer, _) = block_on(host.service.answer(&head, read));
    let page = block_on(elsewhere.page(&*store, "default", None, 10)).unwrap();
    let noted = &page["results"][0];
    // What was refused is stored with the others.
    assert_eq!(noted["route"] == "/v1/admin/reshard", answer.status == 200, "{page}");
    assert_eq!(block_on(host.service.settle()), None);
    let page = block_on(elsewhere.page(&*store, "default", None, 10)).unwrap();
    assert_eq!(page["results"][0]["route"], "/v1/admin/reshard", "{page}");

    let id = &key[3..15];
    let revoke = || send("DELETE", &format!("/v1/admin/keys/{id}"), json!({}), "root");
    let (head, read) = revoke();
    assert_eq!(block_on(host.service.answer(&head, read)).0.status, 200);
    store.fails.set(true);
    let (head, read) = revoke();
    let (answer, _) = block_on(host.service.answer(&head, read));
    assert_eq!((answer.status, &answer.body.unwrap()["code"]), (503, &json!("STORE_FAILED")));
    store.fails.set(false);
    assert_eq!(block_on(host.service.settle()), None);
    let page = block_on(elsewhere.page(&*store, "acme", None, 10)).unwrap();
    assert_eq!(page["results"][0]["method"], "DELETE", "{page}");
}

#[test]
fn a_new_key_is_described_as_it_is_read() {
    let description = crate::openapi::description();
    let make = &description["paths"]["/v1/admin/keys"]["post"];
    let properties = &make["requestBody"]["content"]["application/json"]["schema"]["properties"];
    assert_eq!(properties["org_id"]["type"], json!(["string", "null"]));
    let host = Host::new(&[]);
    assert_eq!(host.code("root", "POST", "/v1/admin/keys", json!({ "org_id": 7 })), "400 INVALID_ARGUMENT");
    let mcp = description["paths"]["/mcp"]["post"]["parameters"].to_string();
    assert!(!mcp.contains("Idempotency-Key"), "{mcp}");
}
