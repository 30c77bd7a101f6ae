//! Keys over MCP.

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
