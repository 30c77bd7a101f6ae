//! What stays in memory is bounded, and which owners were dropped and loaded again makes no difference to any answer.

#[path = "support/devices.rs"]
mod devices;

use std::rc::Rc;

use edgemem::completion::Completion;
use edgemem::host::LocalFuture;
use edgemem::host::native::NativeHost;
use edgemem::log::Version;
use edgemem::model::Completer;
use edgemem::scope::Scope;
use edgemem::store::MemoryStore;
use edgemem::{Error, ErrorKind, Memory, Models, Result};
use futures_executor::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

use devices::{Device, Dice};

const TEXTS: [&str; 6] = [
    "I moved to Lisbon in March",
    "My sister Ann bakes bread",
    "The invoice of the dentist is paid",
    "We listen to jazz on Sundays",
    "The red bicycle has a flat tyre",
    "Ann moved to Porto",
];

/// One step, the same for every device: what it answers. With a number, statements are made different by it, and nothing
/// is erased.
fn step(device: &Device, dice: &mut Dice, number: Option<usize>, ids: &mut Vec<String>) -> Value {
    let user = format!("u{}", dice.below(5));
    let scope = json!({ "userId": user, "runId": dice.pick(&["r1", "r2"]) });
    device.wait(60_000);
    let known = ids.get(dice.below(ids.len().max(1))).cloned().unwrap_or_default();
    let text = dice.pick(&TEXTS).to_owned() + &number.map(|number| format!(", {number}")).unwrap_or_default();
    let answer = match dice.below(10) {
        0..=3 => {
            let options = json!({ "userId": user, "runId": scope["runId"], "infer": false });
            device.try_call("add", json!([[{ "role": "user", "content": text }, { "role": "user", "content": format!("It was so: {text}") }], options]))
        }
        4 => device.try_call("update", json!([known, { "text": format!("{text}, or so") }])),
        5 => device.try_call("delete", json!([known])),
        6 => device.try_call("history", json!([known])),
        7 => device.try_call("getAll", json!([{ "userId": user, "runId": "*", "limit": 100 }])),
        8 if number.is_none() => device.try_call("erase", json!([known])),
        _ => device.try_call("search", json!([text, { "userId": user, "runId": "*", "explain": true }])),
    };
    let answer = answer.unwrap_or_else(|error| json!({ "failed": error.code() }));
    for added in answer["results"].as_array().into_iter().flatten() {
        let id = added["id"].as_str().unwrap_or_default().to_owned();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    answer
}

/// What everybody sees, and finds.
fn seen(device: &Device, ids: &[String]) -> Value {
    let users = (0..5).map(|user| format!("u{user}"));
    let seen = users.map(|user| {
        let search =
            |text| device.call("search", json!([text, { "userId": user, "runId": "*", "explain": true }]));
        json!([device.state(&user, ids), TEXTS.map(search)])
    });
    seen.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_partition_that_was_dropped_and_loaded_again_answers_the_same(seed: u64, steps in 10usize..60, room in prop::sample::select(vec![0u64, 20_000, 40_000])) {
        let (roomy, tight) = (Device::new(seed, 0), Device::new(seed, 0));
        tight.memory.keep_loaded(room);
        let mut dices = [Dice(seed), Dice(seed)];
        let (mut known, mut others) = (Vec::new(), Vec::new());
        for at in 0..steps {
            let expected = step(&roomy, &mut dices[0], Some(at), &mut known);
            prop_assert!(step(&tight, &mut dices[1], Some(at), &mut others) == expected, "step {}", at);
        }
        prop_assert!(seen(&tight, &others) == seen(&roomy, &known));
        // To the byte, the chains of commits too.
        prop_assert!(tight.changes(Version::new()) == roomy.changes(Version::new()));
    }

    /// Where statements are said again and erased, conversations have numbers that only memory knows of, until it is
    /// opened anew.
    #[test]
    fn a_partition_that_was_dropped_is_what_is_stored(seed: u64, steps in 10usize..60, room in prop::sample::select(vec![0u64, 20_000, 40_000])) {
        let mut device = Device::new(seed, 0);
        device.memory.keep_loaded(room);
        let (mut dice, mut ids) = (Dice(seed), Vec::new());
        for _ in 0..steps {
            step(&device, &mut dice, None, &mut ids);
        }
        device.memory.keep_loaded(0);
        let found = block_on(device.memory.verify(&Scope::new(), &Version::new())).unwrap();
        prop_assert!(found.is_ok(), "{:?}", found);
        let expected = seen(&device, &ids);
        device.reopen();
        prop_assert!(seen(&device, &ids) == expected);
    }
}

#[test]
fn those_that_were_not_used_for_longest_are_dropped() {
    let device = Device::new(1, 0);
    let add = |n: usize, text: &str| {
        device.call("add", json!([text, { "userId": format!("u{n}"), "infer": false }]));
    };
    let loaded = || device.call("stats", json!([]))["loadedPartitions"].as_u64().unwrap();
    // More owners than stats loads for counting.
    for n in 0..400 {
        add(n, &TEXTS[n % 6].repeat(20));
    }
    assert_eq!(loaded(), 400);
    let all = device.memory.resident();
    // Beside what an engine counts there is what every owner takes.
    device.memory.keep_loaded((all + 400 * (8 << 10)) / 2);
    let (half, resident) = (loaded(), device.memory.resident());
    assert!((190..=210).contains(&half), "{half} of 400 are loaded");
    assert!(resident <= all * 11 / 20, "{resident} of {all} bytes");
    // The newest are still there: they are read without the store, which shows in that nobody else has to go.
    for n in 390..400 {
        device.call("search", json!(["Lisbon", { "userId": format!("u{n}") }]));
    }
    assert_eq!(loaded(), half);
    for n in 0..300 {
        add(n, "One more");
        assert!(loaded() <= half, "after adding to {n}");
    }
    // What is in use stays: a search over everybody has all in memory, and then no more.
    let found = device.call("getAll", json!([{ "filters": { "agent_id": "x" }, "limit": 1 }]));
    assert_eq!(found["results"], json!([]));
    add(1, "And another");
    assert!(loaded() <= half);
}

/// A model that is never there.
struct Absent;

impl Completer for Absent {
    fn name(&self) -> String {
        "absent".into()
    }

    fn complete<'a>(&'a self, _: &'a Completion) -> LocalFuture<'a, Result<String>> {
        Box::pin(async { Err(Error::new(ErrorKind::ModelFailed, "absent")) })
    }
}

#[test]
fn what_waits_for_a_language_model_stays_loaded() {
    let models = Models { completer: Some(Rc::new(Absent)), ..Models::default() };
    let memory = Memory::with_models(Rc::new(MemoryStore::new()), Rc::new(NativeHost::new()), models);
    memory.keep_loaded(0);
    let call = |method: &str, arguments: Value| {
        block_on(edgemem::wire::call(&memory, method, arguments.as_array().unwrap())).unwrap()
    };
    call("add", json!(["I moved to Lisbon", { "userId": "ann" }]));
    for n in 0..10 {
        call("add", json!(["I moved to Porto", { "userId": format!("u{n}"), "infer": false }]));
    }
    assert_eq!(call("pending", json!([]))["messages"], json!(1));
    // With the one that was used last.
    assert_eq!(call("stats", json!([]))["loadedPartitions"], json!(2));
}
