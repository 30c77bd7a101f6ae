//! A memory over objects answers as one over a store does.

#[path = "support/objects.rs"]
mod support;

use std::rc::Rc;

use edgemem::memory::route::Routing;
use edgemem::memory::wire;
use edgemem::{ErrorKind, Memory, Models};
use futures_executor::block_on;
use serde_json::{Value, json};

use support::InProcess;

fn routed(config: Value) -> (Memory, Rc<InProcess>) {
    let objects = Rc::new(InProcess::default());
    let host = Rc::new(edgemem::host::native::NativeHost::new());
    let routing = Routing::read(&config).unwrap();
    (Memory::routed(Rc::clone(&objects) as _, host, Models::default(), routing), objects)
}

fn call(memory: &Memory, method: &str, arguments: Value) -> Result<Value, edgemem::Error> {
    block_on(wire::call(memory, method, arguments.as_array().unwrap()))
}

#[test]
fn an_owner_lives_in_its_object_and_an_id_leads_there() {
    let (memory, objects) = routed(json!(null));
    let added = call(&memory, "add", json!(["I moved to Lisbon", { "userId": "alice" }])).unwrap();
    call(&memory, "add", json!(["I moved to Porto", { "userId": "bob" }])).unwrap();
    assert_eq!(objects.names().len(), 2);
    let id = &added["results"][0]["id"];
    assert_eq!(call(&memory, "get", json!([id])).unwrap()["memory"], "I moved to Lisbon");
    call(&memory, "update", json!([id, "I moved to Faro"])).unwrap();
    assert_eq!(call(&memory, "history", json!([id])).unwrap().as_array().unwrap().len(), 2);
    assert_eq!(call(&memory, "stats", json!([])).unwrap()["memories"], 2);
    call(&memory, "deleteAll", json!([{ "userId": "alice" }])).unwrap();
    assert_eq!(call(&memory, "get", json!([id])).unwrap(), Value::Null);
    let unknown = call(&memory, "delete", json!([id])).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    call(&memory, "reset", json!([])).unwrap();
    assert_eq!(call(&memory, "stats", json!([])).unwrap()["memories"], 0);
    call(&memory, "close", json!([])).unwrap();
    assert_eq!(call(&memory, "stats", json!([])).unwrap_err().kind(), ErrorKind::Closed);
}
