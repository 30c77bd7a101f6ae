//! Exchange over objects: what a memory in one store and one in objects tell each other, and that both then hold, and
//! find in their logs, the same.

#[path = "support/objects.rs"]
mod support;

use std::rc::Rc;

use edgemem::host::native::NativeHost;
use edgemem::memory::route::{Objects, Routing};
use edgemem::memory::wire;
use edgemem::store::MemoryStore;
use edgemem::{Error, Memory, Models};
use futures_executor::block_on;
use serde_json::{Value, json};

use support::InProcess;

/// A memory in objects, and the objects.
struct Spread {
    memory: Memory,
    objects: Rc<InProcess>,
}

impl Spread {
    fn new() -> Spread {
        let objects = Rc::new(InProcess::new(Rc::new(NativeHost::new()), Models::default()));
        Spread { memory: routed(&objects, &json!(null)), objects }
    }

    /// The same objects under another configuration.
    fn under(&self, shards: Value) -> Spread {
        let memory = routed(&self.objects, &json!({ "shards": shards }));
        Spread { memory, objects: Rc::clone(&self.objects) }
    }
}

fn routed(objects: &Rc<InProcess>, config: &Value) -> Memory {
    let (beside, host) = (Rc::new(MemoryStore::new()), Rc::new(NativeHost::new()));
    let routing = Routing::read(config).unwrap();
    Memory::routed(Rc::clone(objects) as _, beside, host, Models::default(), routing)
}

fn call(memory: &Memory, method: &str, arguments: Value) -> Value {
    block_on(wire::call(memory, method, arguments.as_array().unwrap())).unwrap()
}

fn exchange(memory: &Memory, method: &str, options: Value, bytes: &[u8]) -> Result<(Value, Vec<u8>), Error> {
    block_on(wire::call_bytes(memory, method, &[options], bytes.to_vec()))
}

fn version(memory: &Memory) -> Vec<u8> {
    exchange(memory, "version", json!(null), &[]).unwrap().1
}

fn verify(memory: &Memory, held: &[u8]) -> Value {
    exchange(memory, "verify", json!({}), held).unwrap().0
}

/// The pages of what someone lacks who holds `since`, with an end each page.
fn pages(memory: &Memory, since: &[u8], owner: &Value, limit: usize) -> Vec<Vec<u8>> {
    let bound = exchange(memory, "version", json!({ "begun": true }), &[]).unwrap().1;
    let wanted = [&(since.len() as u32).to_le_bytes(), since, &bound[..]].concat();
    let (mut pages, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut options = owner.clone();
        options["limit"] = limit.into();
        options["after"] = after.clone();
        let (page, bytes) = exchange(memory, "changes", options, &wanted).unwrap();
        pages.push(bytes);
        if page["next"].is_null() {
            return pages;
        }
        assert_ne!(page["next"], after);
        after = page["next"].clone();
        assert!(pages.len() < 1_000);
    }
}

fn file(memory: &Memory, since: &[u8]) -> Vec<u8> {
    pages(memory, since, &json!({}), 300).concat()
}

fn merge(memory: &Memory, bytes: &[u8]) -> Result<Value, Error> {
    Ok(exchange(memory, "merge", json!({}), bytes)?.0)
}

const OWNERS: [(&str, &str); 5] =
    [("userId", "ann"), ("userId", "bob"), ("orgId", "acme"), ("agentId", "a"), ("runId", "r")];

/// Says something of every owner, and changes some of it.
fn fill(memory: &Memory, what: &str) {
    for (axis, id) in OWNERS {
        let messages: Vec<Value> = (0..6)
            .map(|n| json!({ "role": "user", "content": format!("{what} number {n} of {id}") }))
            .collect();
        let options = json!({ axis: id, "infer": false });
        let added = call(memory, "add", json!([messages, options]));
        let added = &added["results"];
        call(memory, "update", json!([added[0]["id"], format!("{what} again, of {id}")]));
        call(memory, "delete", json!([added[1]["id"]]));
        call(memory, "erase", json!([added[2]["id"]]));
    }
}

/// By ids: what two shards learnt in the same millisecond is in either order.
fn listed(memory: &Memory, all: &Value) -> Vec<Value> {
    let mut listed = call(memory, "getAll", all.clone())["results"].as_array().unwrap().clone();
    listed.sort_by_key(|it| it["id"].to_string());
    listed
}

/// Both hold the same commits and memories, and their logs are whole.
fn assert_alike(a: &Memory, b: &Memory) {
    assert_eq!(version(a), version(b));
    let held = version(a);
    let (found, other) = (verify(a, &held), verify(b, &held));
    assert_eq!(found["ok"], true, "{found}");
    assert_eq!(found, other);
    for (axis, id) in OWNERS {
        let all = json!([{ axis: id, "limit": 1000 }]);
        assert_eq!(listed(a, &all), listed(b, &all));
    }
}

fn plain() -> Memory {
    Memory::new(Rc::new(MemoryStore::new()), Rc::new(NativeHost::new()))
}

#[test]
fn a_store_and_objects_tell_each_other_everything() {
    let (store, spread) = (plain(), Spread::new());
    assert_eq!(version(&store), version(&spread.memory));
    assert_eq!(verify(&store, &[]), verify(&spread.memory, &[]));
    assert_eq!(file(&store, &[]), file(&spread.memory, &[]), "a file of nothing has its end");
    fill(&store, "Fact");
    let everything = file(&store, &[]);
    let merged = merge(&spread.memory, &everything).unwrap();
    assert_eq!(merged["applied"], merged["read"]["operations"]);
    assert_alike(&store, &spread.memory);
    assert_eq!(merge(&spread.memory, &everything).unwrap()["applied"], 0, "a repetition brings nothing");

    // Back, in pieces of every size: what each said since, and then all of it into a new store.
    fill(&spread.memory, "News");
    fill(&store, "Other news");
    let (of_store, of_spread) = (version(&store), version(&spread.memory));
    merge(&store, &file(&spread.memory, &of_store)).unwrap();
    merge(&spread.memory, &file(&store, &of_spread)).unwrap();
    assert_alike(&store, &spread.memory);
    for limit in [1, 500, 0] {
        let pages = pages(&spread.memory, &[], &json!({}), limit);
        assert!(limit != 1 || pages.len() > 50, "{}", pages.len());
        let fresh = plain();
        let merged = merge(&fresh, &pages.concat()).unwrap();
        assert_eq!(merged["read"], merged["ending"]);
        assert_alike(&fresh, &store);
    }

    // One owner alone.
    let ann = json!({ "userId": "ann" });
    let own = pages(&spread.memory, &[], &ann, 400).concat();
    assert_eq!(exchange(&plain(), "merge", ann.clone(), &own).unwrap().0["read"]["operations"], 27);
    let foreign = exchange(&spread.memory, "merge", json!({ "userId": "bob" }), &own).unwrap_err();
    assert_eq!(foreign.code(), "CHANGES_FOREIGN");
    assert_eq!(
        exchange(&store, "verify", ann.clone(), &[]).unwrap().0,
        exchange(&spread.memory, "verify", ann, &[]).unwrap().0
    );
}

#[test]
fn what_is_cut_off_goes_on() {
    let (store, spread) = (plain(), Spread::new());
    fill(&store, "Fact");
    let everything = file(&store, &[]);
    for (fails, late) in [(0, false), (1, true), (2, false), (3, true)] {
        spread.objects.fails_after.set(Some((fails, late)));
        assert_eq!(merge(&spread.memory, &everything).unwrap_err().code(), "OBJECT_FAILED");
        spread.objects.fails_after.set(None);
    }
    merge(&spread.memory, &file(&store, &version(&spread.memory))).unwrap();
    assert_alike(&store, &spread.memory);

    // An object that is emptied while its changes are read: the file goes on with the next one, whole.
    let bound = version(&spread.memory);
    let wanted = [&0u32.to_le_bytes()[..], &bound].concat();
    let options = json!({ "limit": 1 });
    let (page, first) = exchange(&spread.memory, "changes", options, &wanted).unwrap();
    let after = page["next"].as_str().unwrap();
    let (object, _) = after.split_once(':').unwrap();
    spread.objects.drop_object(object);
    let rest = exchange(&spread.memory, "changes", json!({ "after": after }), &wanted).unwrap().1;
    let fresh = plain();
    let merged = merge(&fresh, &[first, rest].concat()).unwrap();
    assert_eq!(merged["read"], merged["ending"]);
    assert_eq!(call(&fresh, "stats", json!([]))["partitions"], 5);
    // And that is missed.
    let found = verify(&spread.memory, &bound);
    assert_eq!((&found["ok"], &found["problems"][0]["what"]), (&json!(false), &json!("missing")), "{found}");

    let wrong = exchange(&spread.memory, "changes", json!({ "after": "nowhere" }), &wanted).unwrap_err();
    assert_eq!((wrong.code(), wrong.field_name()), ("CHANGES_INVALID", Some("after")));
    let mut damaged = everything;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let before = version(&spread.memory);
    assert_eq!(merge(&spread.memory, &damaged).unwrap_err().code(), "CHANGES_INVALID");
    assert_eq!(version(&spread.memory), before);
}

#[test]
fn what_came_in_part_goes_on_from_objects_too() {
    let (store, spread, device) = (plain(), Spread::new(), plain());
    fill(&store, "Fact");
    let pieces = pages(&store, &[], &json!({}), 1);
    for piece in &pieces[..pieces.len() / 2] {
        exchange(&spread.memory, "merge", json!({ "whole": false }), piece).unwrap();
    }
    let all =
        |memory: &Memory| OWNERS.map(|(axis, id)| listed(memory, &json!([{ axis: id, "limit": 1000 }])));
    assert!(all(&spread.memory).iter().any(|listed| !listed.is_empty()));
    merge(&device, &file(&spread.memory, &[])).unwrap();
    assert_eq!(all(&device), all(&spread.memory));
    assert_eq!(version(&device), version(&spread.memory));
    let again = merge(&device, &file(&spread.memory, &version(&device))).unwrap();
    assert_eq!(again["read"]["operations"], 0);
    // The rest completes the commits.
    merge(&spread.memory, &file(&store, &version(&spread.memory))).unwrap();
    merge(&device, &file(&spread.memory, &version(&device))).unwrap();
    assert_alike(&store, &spread.memory);
    assert_alike(&store, &device);
}

#[test]
fn that_an_owner_was_erased_is_told_without_the_name() {
    let (device, old, spread) = (plain(), plain(), Spread::new());
    spread.objects.delists.set(true);
    fill(&spread.memory, "Fact");
    let before = file(&spread.memory, &[]);
    merge(&device, &before).unwrap();
    merge(&old, &before).unwrap();
    call(&spread.memory, "erase", json!([{ "userId": "ann" }]));
    assert_eq!(call(&spread.memory, "stats", json!([]))["partitions"], 4, "no list has the owner");
    let ann = json!([{ "userId": "ann", "runId": "*" }]);
    merge(&device, &file(&spread.memory, &version(&device))).unwrap();
    assert!(listed(&device, &ann).is_empty());
    assert_eq!(version(&device), version(&spread.memory));
    let (of_device, of_spread) = (verify(&device, &[]), verify(&spread.memory, &version(&old)));
    assert_eq!((&of_device["digest"], &of_device["ok"]), (&of_spread["digest"], &of_spread["ok"]));
    // A store that is filled from the objects takes nothing back from an old device.
    let fresh = plain();
    merge(&fresh, &file(&spread.memory, &[])).unwrap();
    merge(&fresh, &file(&old, &[])).unwrap();
    assert!(listed(&fresh, &ann).is_empty());
    // A reset leaves nothing to tell.
    call(&spread.memory, "reset", json!([]));
    assert_eq!(version(&spread.memory), version(&plain()));
}

#[test]
fn an_object_is_not_closed_by_a_call() {
    let spread = Spread::new();
    fill(&spread.memory, "Fact");
    let object = spread.objects.names()[0].clone();
    for (request, code) in
        [(&b"\x01\x01{\"method\":\"close\",\"arguments\":[]}"[..], "UNSUPPORTED"), (&[1], "OBJECT_FAILED")]
    {
        let answer = block_on(spread.objects.ask(&object, request.to_vec())).unwrap();
        let error: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(error["error"]["code"], code, "{error}");
        assert!(!error["error"]["message"].as_str().unwrap().contains("version 1"), "{error}");
    }
    call(&spread.memory, "stats", json!([]));
}

#[test]
fn a_spread_owner_is_one_log() {
    let (store, spread) = (plain(), Spread::new());
    fill(&store, "Fact");
    merge(&spread.memory, &file(&store, &[])).unwrap();
    // The commits of six memories come apart.
    let moving = spread.under(json!({ "org:acme": { "from": 1, "to": 4 } }));
    for n in 0..8 {
        let options = json!({ "orgId": "acme", "conversationId": format!("c{n}"), "infer": false });
        call(&spread.memory, "add", json!([format!("Said in c{n}"), options]));
    }
    let messages: Vec<Value> = (0..9)
        .map(|n| json!({ "role": "user", "content": format!("Day {n}"), "timestamp": n * 86_400_000u64 }))
        .collect();
    call(&spread.memory, "add", json!([messages, { "orgId": "acme", "infer": false }]));
    merge(&store, &file(&spread.memory, &version(&store))).unwrap();
    assert_alike(&store, &spread.memory);
    // A step that is cut short leaves memories in two shards.
    moving.objects.fails_after.set(Some((3, true)));
    block_on(wire::call(&moving.memory, "reshardStep", &["org:acme".into()])).unwrap_err();
    moving.objects.fails_after.set(None);
    assert_alike(&store, &moving.memory);
    while call(&moving.memory, "reshardStep", json!(["org:acme"]))["finished"] != true {}
    let after = spread.under(json!({ "org:acme": 4 }));
    assert!(after.objects.names().len() > 6, "{:?}", after.objects.names());
    assert_alike(&store, &after.memory);

    // What is said then is of several logs, and goes to others too.
    for n in 0..8 {
        let options = json!({ "orgId": "acme", "conversationId": format!("c{n}"), "infer": false });
        call(&after.memory, "add", json!([format!("Said in c{n} later"), options]));
    }
    merge(&store, &file(&after.memory, &version(&store))).unwrap();
    assert_alike(&store, &after.memory);
    let fresh = plain();
    merge(&fresh, &file(&after.memory, &[])).unwrap();
    assert_alike(&fresh, &after.memory);

    let refused = merge(&after.memory, &file(&store, &[])).unwrap_err();
    assert_eq!(refused.code(), "UNSUPPORTED");
    // A shard that has lost everything is missed.
    let held = version(&after.memory);
    let shard = after.objects.names().into_iter().find(|name| name.ends_with("-2")).unwrap();
    after.objects.drop_object(&shard);
    assert_eq!(verify(&after.memory, &held)["ok"], false);
}

#[test]
fn a_spread_owner_sends_once_what_is_not_whole() {
    let (store, spread, device) = (plain(), Spread::new(), plain());
    let said = |n: usize| {
        let messages: Vec<Value> = (0..8)
            .map(|day| json!({ "role": "user", "content": format!("{n}, day {day}"), "timestamp": day * 86_400_000u64 }))
            .collect();
        json!([messages, { "orgId": "acme", "infer": false }])
    };
    (0..5).for_each(|n| drop(call(&store, "add", said(n))));
    // A transfer that ends early: of most commits something is there, of few everything.
    let pieces = pages(&store, &[], &json!({}), 1);
    for piece in &pieces[..pieces.len() * 3 / 4] {
        exchange(&spread.memory, "merge", json!({ "whole": false }), piece).unwrap();
    }
    let moving = spread.under(json!({ "org:acme": { "from": 1, "to": 4 } }));
    while call(&moving.memory, "reshardStep", json!(["org:acme"]))["finished"] != true {}
    let after = spread.under(json!({ "org:acme": 4 }));
    assert!(after.objects.names().len() > 2, "{:?}", after.objects.names());

    let came = merge(&device, &file(&after.memory, &[])).unwrap();
    assert_eq!(came["applied"], pieces.len() * 3 / 4);
    assert_eq!(version(&device), version(&after.memory));
    let operations =
        |since: &[u8]| merge(&plain(), &file(&after.memory, since)).unwrap()["read"]["operations"].clone();
    assert_eq!(operations(&version(&device)), 0);
    // A commit more brings no other ones along.
    call(&after.memory, "add", json!(["Said later", { "orgId": "acme", "infer": false }]));
    assert_eq!(operations(&version(&device)), 1);
    assert_eq!(operations(&version(&store)), 1);
}
