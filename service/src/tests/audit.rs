//! What the audit log notes, and when it is stored.

use serde_json::{Value, json};

use super::*;

#[test]
fn refused_writes_are_noted_wherever_they_are_refused() {
    let host = Host::new(&[]);
    let reader = host.key(json!({ "org_id": "acme", "right": "read" }));
    let writer = host.key(json!({ "org_id": "acme", "rate_limit": 7 }));
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
    store.fails.replace(Some(RESERVED.to_owned()));
    let (head, read) = revoke();
    let (answer, _) = block_on(host.service.answer(&head, read));
    assert_eq!((answer.status, &answer.body.unwrap()["code"]), (503, &json!("STORE_FAILED")));
    store.fails.replace(None);
    assert_eq!(block_on(host.service.settle()), None);
    let page = block_on(elsewhere.page(&*store, "acme", None, 10)).unwrap();
    assert_eq!(page["results"][0]["method"], "DELETE", "{page}");
}
