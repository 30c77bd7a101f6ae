//! Keys, limits and idempotency keys over MCP.

use serde_json::{Value, json};

use super::*;

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

fn call(id: u64, name: &str, arguments: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": name, "arguments": arguments } })
}

#[test]
fn each_message_of_a_batch_counts_for_the_limit() {
    let host = Host::new(&[]);
    let key = host.key(json!({ "org_id": "acme", "rate_limit": 4 }));
    let add = |id| call(id, "add_memory", json!({ "text": format!("tea {id}"), "user_id": "ann" }));
    let batch =
        json!([add(1), add(2), { "jsonrpc": "2.0", "method": "notifications/x" }, add(4), add(5), add(6)]);
    let (answer, _) = host.send(&key, "POST", "/mcp", batch, &[]);
    assert_eq!(header(&answer, "ratelimit"), Some("\"key\";r=0;t=60"));
    let told = answer.body.unwrap();
    let codes: Vec<String> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}", it["id"], it["error"]["data"]["code"]))
        .collect();
    let refused = |id| format!("{id} \"RATE_LIMITED\"");
    assert_eq!(
        codes,
        ["1 null".to_owned(), "2 null".to_owned(), "4 null".to_owned(), refused(5), refused(6)]
    );
    assert_eq!(
        (&told[3]["error"]["code"], &told[3]["error"]["data"]["retry_after"]),
        (&json!(-32029), &json!(15))
    );
    assert_eq!(host.log("acme")[0], "POST /mcp 429 3");
    assert_eq!(host.ask("root", "GET", "/v1/stats", json!({})).0, 200);
}

#[test]
fn a_call_that_is_sent_again_is_answered_and_not_done_again() {
    let host = Host::new(&[]);
    let key = host.key(json!({ "org_id": "acme" }));
    let send = |key: &str, message: Value, idempotency: &str| {
        let (answer, _) = host.send(key, "POST", "/mcp", message, &[("idempotency-key", idempotency)]);
        let replayed = header(&answer, "idempotency-replayed").is_some();
        (answer.status, replayed, answer.body.unwrap_or_default())
    };
    let add = |id, text: &str| call(id, "add_memory", json!({ "text": text, "user_id": "ann" }));
    let (_, replayed, first) = send(&key, add(1, "tea"), "k");
    assert!(!replayed && first["result"]["content"][0]["text"].as_str().unwrap().contains("ADD"), "{first}");
    // With a number of its own, which is no part of what is asked.
    let (_, replayed, again) = send(&key, add(7, "tea"), "k");
    assert_eq!((replayed, &again["id"], &again["result"]), (true, &json!(7), &first["result"]));
    assert_eq!(send(&key, add(8, "milk"), "k").2["code"], "IDEMPOTENCY_MISMATCH");
    let other = host.key(json!({ "org_id": "acme" }));
    assert!(!send(&other, add(1, "tea"), "k").1, "another caller");
    // Several in one are the same as long as they are the same to the letter.
    let both = || json!([add(1, "a"), add(2, "b")]);
    assert!(!send(&key, both(), "two").1 && send(&key, both(), "two").1);
    // A notification has no answer, and no body again.
    let note = || json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(send(&key, note(), "n"), (202, false, Value::Null));
    assert_eq!(send(&key, note(), "n"), (202, true, Value::Null));
    // What may pass is tried again.
    let reader = host.key(json!({ "org_id": "acme", "right": "read" }));
    assert_eq!(send(&reader, add(1, "x"), "r").2["result"]["isError"], true);
    assert!(!send(&reader, add(1, "x"), "r").1);
}
