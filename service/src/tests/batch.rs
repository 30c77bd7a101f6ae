//! Batches: what is written together, and what is told when it fails half-way.

use edgemem::engine::partition_name;
use edgemem::scope::Axis;
use serde_json::{Value, json};

use super::*;

fn over(store: &Rc<Slow>) -> Host {
    let clock = Clock::new();
    let memory = Memory::new(Rc::clone(store) as Rc<dyn ByteStore>, clock.clone());
    Host::over(memory, clock, |name| (name == "EDGEMEM_TOKEN_HASHES").then(|| ROOT.to_owned()))
}

/// Adds memories of a user and returns their ids.
fn add(host: &Host, user: &str, count: usize) -> Vec<Value> {
    let messages: Vec<String> = (0..count).map(|at| format!("tea number {at} of {user}")).collect();
    let body = json!({ "messages": messages, "user_id": user, "infer": false });
    let (_, added) = host.ask("root", "POST", "/v1/memories", body);
    added["results"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect()
}

fn named(ids: &[Value]) -> Value {
    json!({ "memories": ids.iter().map(|id| json!({ "memory_id": id })).collect::<Vec<_>>() })
}

#[test]
fn a_batch_is_one_commit_for_each_owner() {
    let store = Rc::new(Slow::default());
    let host = over(&store);
    let (ann, bob) = (add(&host, "ann", 30), add(&host, "bob", 20));
    let ids = [ann.clone(), bob].concat();
    let commits = |method: &str, body: Value| {
        let before = store.commits.get();
        let (status, told) = host.ask("root", method, "/v1/batch", body);
        (status, told["message"].clone(), store.commits.get() - before)
    };
    let texts =
        ids.iter().map(|id| json!({ "memory_id": id, "text": format!("milk {id}"), "metadata": { "a": 1 } }));
    let changes = json!({ "memories": texts.collect::<Vec<_>>() });
    assert_eq!(commits("PUT", changes), (200, json!("Successfully updated 50 memories"), 2));
    let (_, item) =
        host.ask("root", "GET", &format!("/v1/memories/{}", ids[40].as_str().unwrap()), json!({}));
    assert_eq!((&item["memory"], &item["metadata"]["a"]), (&json!(format!("milk {}", ids[40])), &json!(1)));
    // What is wrong with one changes nothing, whatever it is.
    let with = |last: Value| json!({ "memories": [{ "memory_id": ann[0], "text": "x" }, last] });
    for (body, expected) in [
        (with(json!({ "memory_id": "00000000-0000-4000-8000-000000000000", "text": "x" })), 404),
        (with(json!({ "memory_id": ann[1], "metadata": { "deep": "x".repeat(100_001) } })), 400),
        (with(json!({ "memory_id": ann[1], "text": "a\u{0}b" })), 400),
        (with(json!({ "memory_id": ann[0], "text": "y" })), 400),
        (with(json!({ "memory_id": ann[0].as_str().unwrap().to_uppercase(), "text": "y" })), 400),
    ] {
        let (status, _, commits) = commits("PUT", body.clone());
        assert_eq!((status, commits), (expected, 0), "{body:.200}");
    }
    assert_eq!(commits("DELETE", named(&ids)), (200, json!("Successfully deleted 50 memories"), 2));
    assert_eq!(host.log("default").len(), 0, "tokens of the deployment are not noted");
}

#[test]
fn ids_may_be_in_capitals() {
    let host = over(&Rc::new(Slow::default()));
    let ids = add(&host, "ann", 2);
    let capitals = |id: &Value| json!(id.as_str().unwrap().to_uppercase());
    assert_ne!(capitals(&ids[0]), ids[0]);
    let change = json!({ "memories": [{ "memory_id": capitals(&ids[0]), "text": "milk" }] });
    assert_eq!(host.ask("root", "PUT", "/v1/batch", change).1["message"], "Successfully updated 1 memories");
    for _ in 0..2 {
        let batch = named(&[capitals(&ids[0]), ids[1].clone()]);
        assert_eq!(host.ask("root", "DELETE", "/v1/batch", batch).0, 200);
    }
}

#[test]
fn a_batch_that_fails_half_way_tells_how_far_it_came_and_can_be_sent_again() {
    let store = Rc::new(Slow::default());
    let host = over(&store);
    let ids = [add(&host, "ann", 3), add(&host, "bob", 2)].concat();
    store.fails.replace(Some(partition_name(Axis::User, "bob")));
    let (status, told) = host.ask("root", "DELETE", "/v1/batch", named(&ids));
    assert_eq!((status, &told["code"]), (503, &json!("STORE_FAILED")));
    assert!(told["error"].as_str().unwrap().contains("3 of 5 memories were changed"), "{told}");
    store.fails.replace(None);
    assert_eq!(host.ask("root", "DELETE", "/v1/batch", named(&ids)).0, 200);
    for user in ["ann", "bob"] {
        let (_, list) = host.ask("root", "GET", &format!("/v1/memories?user_id={user}"), json!({}));
        assert_eq!(list["count"], 0, "{user}");
    }
    // To change what is gone is something else.
    let change = json!({ "memories": [{ "memory_id": ids[0], "text": "x" }] });
    assert_eq!(host.code("root", "PUT", "/v1/batch", change), "404 NOT_FOUND");
}

#[test]
fn what_is_deleted_while_a_batch_is_written_is_not_told_as_changed() {
    let store = Rc::new(Slow::default());
    let host = over(&store);
    let (ann, bob) = (add(&host, "ann", 1), add(&host, "bob", 2));
    let ids = [ann, bob.clone()].concat();
    let change = |ids: &[Value]| {
        let changes = ids.iter().map(|id| json!({ "memory_id": id, "text": "milk" })).collect::<Vec<_>>();
        let headers = [("content-type", "application/json"), ("authorization", "Bearer root")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let body = json!({ "memories": changes }).to_string().into_bytes();
        (Head::new("PUT", "https://memory.example/v1/batch", headers), async move |_| Ok(body))
    };
    // Both are looked for, and that of ann is being written.
    store.holds.set(true);
    let (head, read) = change(&ids);
    let changing = started(host.service.answer(&head, read));
    store.holds.set(false);
    let gone = bob[0].as_str().unwrap();
    assert_eq!(host.ask("root", "DELETE", &format!("/v1/memories/{gone}"), json!({})).0, 200);
    let (answer, _) = block_on(changing);
    let message = format!("Successfully updated 2 of 3 memories; deleted meanwhile: {gone}");
    assert_eq!((answer.status, &answer.body.unwrap()["message"]), (200, &json!(message)));
    let (_, item) = host.ask("root", "GET", &format!("/v1/memories/{}", bob[1].as_str().unwrap()), json!({}));
    assert_eq!(item["memory"], "milk");
}

#[test]
fn equal_deletions_at_once_are_all_answered_as_done() {
    let store = Rc::new(Slow::default());
    let host = over(&store);
    let key = host.key(json!({ "org_id": "default", "project_id": "default" }));
    let ids = [add(&host, "ann", 2), add(&host, "bob", 2)].concat();
    host.ask(&key, "GET", "/v1/stats", json!({}));
    let service = &host.service;
    let call = |method: &str, body: Value| {
        let bearer = format!("Bearer {key}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let head = Head::new(method, "https://memory.example/v1/batch", headers);
        let body = body.to_string().into_bytes();
        started(async move { service.answer(&head, async move |_| Ok(body)).await.0 })
    };
    // All have looked, and found everything, while the first of them writes.
    store.holds.set(true);
    let mut calls: Vec<_> = (0..4).map(|_| call("DELETE", named(&ids))).collect();
    calls.push(call("PUT", json!({ "memories": [{ "memory_id": ids[0], "text": "milk" }] })));
    store.holds.set(false);
    let answers: Vec<_> = calls.into_iter().map(block_on).collect();
    for answer in &answers[..4] {
        let message = json!("Successfully deleted 4 memories");
        assert_eq!((answer.status, &answer.body.as_ref().unwrap()["message"]), (200, &message));
    }
    // Somebody else's change of what is gone by then is none.
    assert_eq!((answers[4].status, &answers[4].body.as_ref().unwrap()["code"]), (404, &json!("NOT_FOUND")));
    // Each memory was deleted by one of them.
    let written = |note: &String| note.strip_prefix("DELETE /v1/batch 200 ")?.parse::<u64>().ok();
    assert_eq!(block_on(host.service.settle()), None);
    let notes = host.log("default");
    assert_eq!(notes.iter().filter_map(written).sum::<u64>(), 4, "{notes:?}");
    assert_eq!(notes.iter().filter_map(written).count(), 4, "{notes:?}");
}

#[test]
fn a_batch_with_an_idempotency_key_is_done_once() {
    let host = Host::new(&[]);
    let key = host.key(json!({ "org_id": "acme" }));
    let id = json!(host.remember(&key, "tea"));
    let send = |method: &str, body: Value| {
        let (answer, _) = host.send(&key, method, "/v1/batch", body, &[("idempotency-key", method)]);
        (
            answer.status,
            header(&answer, "idempotency-replayed").is_some(),
            answer.body.unwrap()["message"].clone(),
        )
    };
    let change = json!({ "memories": [{ "memory_id": id, "text": "milk" }] });
    assert_eq!(send("PUT", change.clone()), (200, false, json!("Successfully updated 1 memories")));
    assert_eq!(
        send("DELETE", named(std::slice::from_ref(&id))),
        (200, false, json!("Successfully deleted 1 memories"))
    );
    // Also what could not be done any more.
    assert_eq!(send("PUT", change), (200, true, json!("Successfully updated 1 memories")));
    assert_eq!(send("DELETE", named(&[id])), (200, true, json!("Successfully deleted 1 memories")));
    assert_eq!(host.log("acme")[..2], ["DELETE /v1/batch 200 1", "PUT /v1/batch 200 1"]);
}

#[test]
fn a_batch_takes_what_mem0s_clients_send_and_nothing_else() {
    let host = Host::new(&[]);
    let id = host.remember("root", "tea");
    let with = |name: &str, value: Value| {
        let mut item = json!({ "memory_id": id, "text": "milk" });
        item[name] = value;
        json!({ "memories": [item] })
    };
    let refused = |method: &str, body: Value| {
        let (status, told) = host.ask("root", method, "/v1/batch", body);
        (status, told["code"].clone(), told["field"].clone())
    };
    let at = |field: &str| (400, json!("INVALID_ARGUMENT"), json!(format!("memories[0].{field}")));
    for name in ["expiration_date", "metdata", "memoryId", "userId", "id", ""] {
        for value in [json!("2030-01-01"), Value::Null] {
            assert_eq!(refused("PUT", with(name, value)), at(name), "{name}");
        }
    }
    assert_eq!(refused("PUT", with(&"é".repeat(100), json!(1))), at(&"é".repeat(80)));
    assert_eq!(refused("PUT", with("metadata", json!("x"))), at("metadata"));
    // What is deleted has neither.
    assert_eq!(refused("DELETE", with("memory_id", json!(id))), at("text"));
    let (_, item) = host.ask("root", "GET", &format!("/v1/memories/{id}"), json!({}));
    assert_eq!(item["memory"], "tea");
    for (text, metadata) in
        [(json!("milk"), Value::Null), (Value::Null, json!({ "a": 1 })), (json!("tea"), json!({ "b": 2 }))]
    {
        let item = json!({ "memory_id": id, "text": text, "metadata": metadata });
        assert_eq!(
            host.ask("root", "PUT", "/v1/batch", json!({ "memories": [item] })).0,
            200,
            "{text} {metadata}"
        );
    }
    let (_, item) = host.ask("root", "GET", &format!("/v1/memories/{id}"), json!({}));
    assert_eq!((&item["memory"], &item["metadata"]), (&json!("tea"), &json!({ "a": 1, "b": 2 })));
}

#[test]
fn a_batch_looks_for_all_memories_of_an_owner_at_once() {
    let store = Rc::new(Slow::default());
    let host = over(&store);
    let ids = [add(&host, "ann", 30), add(&host, "bob", 20)].concat();
    let mine = json!({ "memories": ids[..30].iter().map(|id| json!({ "memory_id": id, "text": "milk" })).collect::<Vec<_>>() });
    let key = json!({ "org_id": "default", "project_id": "default", "user_id": "ann" });
    let ann = host.key(key);
    let lists = |token: &str, method: &str, body: Value| {
        let before = store.lists.get();
        let (status, told) = host.ask(token, method, "/v1/batch", body);
        assert_eq!(status, 200, "{told}");
        store.lists.get() - before
    };
    // Whose they are is asked once for each.
    assert_eq!(lists(&ann, "PUT", mine), 30 + 2);
    assert_eq!(lists("root", "DELETE", named(&ids)), 4);
}

#[test]
fn a_key_of_one_user_changes_its_own_in_batches() {
    let host = Host::new(&[]);
    let all = host.key(json!({ "org_id": "acme" }));
    let ann = host.key(json!({ "org_id": "acme", "user_id": "ann" }));
    let hers = host.remember(&all, "tea");
    let body = json!({ "messages": "milk", "user_id": "bob" });
    let his = host.ask(&all, "POST", "/v1/memories", body).1["results"][0]["id"].clone();
    assert_eq!(host.code(&ann, "DELETE", "/v1/batch", named(&[json!(hers), his])), "404 NOT_FOUND");
    for _ in 0..2 {
        assert_eq!(host.ask(&ann, "DELETE", "/v1/batch", named(&[json!(hers)])).0, 200);
    }
    assert_eq!(
        host.log("acme")[..3],
        ["DELETE /v1/batch 200 0", "DELETE /v1/batch 200 1", "DELETE /v1/batch 404 null"]
    );
}
