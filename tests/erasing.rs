//! Erasing: what was erased is in no read and in no stored byte, whatever arrives in whatever order, and whenever the
//! power goes.

#[path = "support/device.rs"]
mod device;
#[path = "support/wrapped.rs"]
mod wrapped;

use std::cell::Cell;
use std::rc::Rc;

use edgemem::engine::Limits;
use edgemem::host::LocalFuture;
use edgemem::host::native::NativeHost;
use edgemem::knowledge::{Feedback, Note};
use edgemem::log::{Change, Operation, Said};
use edgemem::record::{Action, MemoryId};
use edgemem::store::{ByteStore, Commit, MemoryStore};
use edgemem::text::text_digest;
use edgemem::time::Timestamp;
use edgemem::{AddOptions, Error, ErrorKind, ListOptions, Memory, Message, Reach, Result};
use futures_executor::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

use device::{Device, at, call, commit, draft, holds};
use wrapped::{Ways, Wrapped};

#[derive(Clone, Debug)]
enum Step {
    Say(usize),
    Revise(usize),
    Retract(usize),
    Rate(usize),
    Erase(usize),
    Seal,
    Reopen,
    /// Whatever was ever written to a memory arrives again.
    Again(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = 0usize..6;
    let step = prop_oneof![
        5 => number.clone().prop_map(Step::Say),
        1 => number.clone().prop_map(Step::Revise),
        1 => number.clone().prop_map(Step::Retract),
        1 => number.clone().prop_map(Step::Rate),
        2 => number.clone().prop_map(Step::Erase),
        1 => Just(Step::Seal),
        1 => Just(Step::Reopen),
        1 => number.prop_map(Step::Again),
    ];
    prop::collection::vec((step, any::<bool>()), 1..30).prop_map(|steps| {
        steps
            .into_iter()
            .flat_map(|(step, crash)| if crash { vec![step] } else { vec![step, Step::Seal] })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever happens in whatever order, with crashes between an erasure and its checkpoint: an erased memory is in no
    /// read, in no stored byte after the next checkpoint, and old operations do not bring it back.
    #[test]
    fn what_was_erased_is_nowhere(steps in steps(), small: bool) {
        let limits = Limits { documents: if small { 2 } else { 1000 }, bytes: usize::MAX, fan_out: 3, segment: if small { 4_000 } else { usize::MAX } };
        let mut device = Device::new(limits);
        let mut ids: Vec<Option<MemoryId>> = vec![None; 6];
        let mut erased = [false; 6];
        let mut all: Vec<Operation> = Vec::new();
        for (minute, step) in steps.into_iter().enumerate() {
            device.now = Timestamp::clamped(1_700_000_000_000 + minute as i64 * 60_000);
            let now = device.now;
            let mut change = |device: &mut Device, n: usize, change: Change| {
                let Some(id) = ids[n] else { return };
                let ((), operations) = device.plan(|plan| {
                    if plan.folded(id).unwrap().is_some_and(|it| !it.record.erased) {
                        plan.push(id, change);
                    }
                });
                all.extend(operations.clone());
                device.take(&operations, true);
            };
            match step {
                Step::Say(n) => {
                    let (origin, draft) = draft(n, now);
                    // What was erased and is said again is a new memory, of which this test keeps no count.
                    if !erased[n] {
                        let (id, operations) = device.plan(|plan| plan.remember(&origin, draft).unwrap().id);
                        if ids[n].is_none_or(|known| known == id) {
                            ids[n] = Some(id);
                            all.extend(operations.clone());
                            device.take(&operations, true);
                        }
                    }
                }
                Step::Revise(n) => {
                    let (text, metadata) = (Some(format!("I said late{n:03}x")), None);
                    let note = Note { cues: vec![format!("cue{n:03}x")], ..Note::default() };
                    let reading = Some((text_digest(text.as_deref().unwrap_or_default()), note));
                    let said = Some(Box::new(Said { timestamp: now, reading }));
                    change(&mut device, n, Change::Revise { text, metadata, expires: None, said });
                }
                Step::Retract(n) => change(&mut device, n, Change::Retract),
                Step::Rate(n) => {
                    let reason = Some(format!("why{n:03}x"));
                    change(&mut device, n, Change::Rate { feedback: Feedback::Negative, reason });
                }
                Step::Erase(n) => {
                    change(&mut device, n, Change::Erase);
                    erased[n] |= ids[n].is_some();
                }
                Step::Seal => device.checkpoint(),
                Step::Reopen => device = device.reopened(limits),
                Step::Again(n) => {
                    let again: Vec<_> = all.iter().filter(|it| Some(it.id) == ids[n]).cloned().collect();
                    let before = device.texts();
                    device.take(&again, true);
                    prop_assert_eq!(device.texts(), before, "the same log again changes nothing");
                }
            }
            let texts = device.texts();
            for n in (0..6).filter(|&n| erased[n]) {
                let number = format!("{n:03}x");
                prop_assert!(texts.iter().all(|text| !text.contains(&number)), "{texts:?}");
                let folded = device.engine.get(ids[n].unwrap()).unwrap().unwrap();
                prop_assert_eq!(folded.revisions.iter().map(|it| it.action).collect::<Vec<_>>(), [Action::Erase]);
            }
        }
        device = device.reopened(limits);
        device.checkpoint();
        prop_assert!(!device.engine.has_remains());
        let stored = device.stored();
        for n in 0..6 {
            let (_, draft) = draft(n, device.now);
            for word in ["wort", "meta", "cue", "late", "why"] {
                let is_there = holds(&stored, format!("{word}{n:03}x").as_bytes());
                prop_assert!(!(erased[n] && is_there), "{word} of {n}");
                let alive = ids[n].is_some() && !erased[n];
                prop_assert!(word != "meta" || is_there == alive, "the scan finds what is there");
            }
            let codes: Vec<u8> = draft.vector.unwrap().1.iter().map(|&code| code as u8).collect();
            prop_assert!(!(erased[n] && holds(&stored, &codes)), "vector of {n}");
        }
        // And once more from the start: what is stored tells the same, and a checkpoint has nothing to do.
        let texts = device.texts();
        let again = device.reopened(limits);
        prop_assert_eq!(again.texts(), texts);
        prop_assert!(!again.engine.has_remains());
    }
}

/// Whether commits that scrub fail.
#[derive(Default)]
struct Crashing(Cell<bool>);

impl Ways for Crashing {
    fn is_shared(&self) -> bool {
        false
    }

    fn commit<'a>(&'a self, store: &'a MemoryStore, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        if self.0.get() && commit.scrub {
            return Box::pin(async { Err(Error::new(ErrorKind::StoreFailed, "the power went")) });
        }
        store.commit(commit)
    }
}

async fn stored(store: &dyn ByteStore) -> Vec<u8> {
    let mut all = Vec::new();
    for name in store.list("").await.unwrap() {
        let image = store.load(&name, None).await.unwrap().unwrap();
        image.entries.into_iter().for_each(|entry| all.extend(entry.bytes));
        let blobs = store.read(&name, &image.blobs).await.unwrap();
        blobs.into_iter().flatten().for_each(|bytes| all.extend(bytes));
    }
    all
}

async fn add(memory: &Memory, text: &str) -> String {
    let added = memory.add(&[Message::user(text)], &AddOptions::user("u")).await.unwrap();
    added[0].id.to_string()
}

async fn listed(memory: &Memory) -> Vec<String> {
    let list = ListOptions { limit: 1000, ..ListOptions::new(Reach::user("u")) };
    memory.get_all(&list).await.unwrap().into_iter().map(|it| it.record.text).collect()
}

#[test]
fn an_erasure_that_was_cut_short_is_finished_by_the_next_write() {
    block_on(async {
        for repeat in [false, true] {
            let store = Rc::new(Wrapped { ways: Crashing(Cell::new(true)), ..Wrapped::default() });
            let open = || Memory::new(store.clone(), Rc::new(NativeHost::new()));
            let memory = open();
            let id = add(&memory, "Mein Passwort ist Zwiebelkuchen").await;
            add(&memory, "It rains").await;
            let error = memory.erase(&id, false).await.unwrap_err();
            assert_eq!(error.code(), "STORE_FAILED");
            for memory in [memory, open()] {
                assert_eq!(listed(&memory).await, ["It rains"], "it counts at once");
                assert!(memory.get(&id).await.unwrap().is_none());
                assert_eq!(memory.history(&id).await.unwrap().len(), 1);
            }
            assert!(holds(&stored(&*store).await, "Zwiebelkuchen".as_bytes()));
            store.ways.0.set(false);
            let memory = open();
            if repeat {
                assert_eq!(memory.erase(&id, false).await.unwrap().memories.len(), 1);
            } else {
                add(&memory, "It snows").await;
            }
            let bytes = stored(&*store).await;
            assert!(!holds(&bytes, "Zwiebelkuchen".as_bytes()) && !holds(&bytes, b"zwiebelkuch"));
            assert!(holds(&bytes, b"rains"));
        }
    });
}

#[test]
fn erasing_while_others_add_loses_neither() {
    block_on(async {
        let store = Rc::new(MemoryStore::new());
        let memory = Memory::new(store.clone(), Rc::new(NativeHost::new()));
        let mut ids = Vec::new();
        for n in 0..20 {
            ids.push(add(&memory, &format!("old{n}x")).await);
        }
        let adds = together((0..20).map(|n| {
            let memory = memory.clone();
            async move { drop(add(&memory, &format!("new{n}x")).await) }
        }));
        let erasures = together(ids.into_iter().map(|id| {
            let memory = memory.clone();
            async move { drop(memory.erase(&id, false).await.unwrap()) }
        }));
        together([adds, erasures].into_iter()).await;
        assert_eq!(listed(&memory).await.len(), 20);
        let bytes = stored(&*store).await;
        for n in 0..20 {
            assert!(!holds(&bytes, format!("old{n}x").as_bytes()), "{n}");
            assert!(holds(&bytes, format!("new{n}x").as_bytes()), "{n}");
        }
    });
}

/// Runs futures side by side.
fn together<'a>(
    futures: impl Iterator<Item = impl Future<Output = ()> + 'a>,
) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>> {
    let mut running: Vec<_> =
        futures.map(|it| Box::pin(it) as std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>).collect();
    Box::pin(std::future::poll_fn(move |context| {
        running.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }))
}

#[test]
fn erasing_by_id_and_by_scope() {
    block_on(async {
        let memory = Memory::in_process();
        for (text, scope) in [
            ("Ann and the run", json!({ "userId": "ann", "runId": "r" })),
            ("Ann alone", json!({ "userId": "ann" })),
            ("Bob and the run", json!({ "userId": "bob", "runId": "r" })),
        ] {
            call(&memory, "add", json!([text, scope])).await.unwrap();
        }
        let texts = async |user: &str| {
            let found = call(&memory, "getAll", json!([{ "userId": user, "runId": "*" }])).await.unwrap();
            found["results"].as_array().unwrap().len()
        };
        let refused = |code: &str, field: &str| Err((code.to_owned(), field.to_owned()));
        let unknown = "00000000-0000-8000-8000-000000000000";
        assert_eq!(call(&memory, "erase", json!([unknown])).await, refused("NOT_FOUND", "id"));
        assert_eq!(call(&memory, "erase", json!(["no id"])).await, refused("NOT_FOUND", "id"));
        assert_eq!(call(&memory, "erase", json!([{}])).await, refused("SCOPE_REQUIRED", "userId"));
        assert_eq!(call(&memory, "erase", json!([null])).await, refused("SCOPE_REQUIRED", "userId"));
        assert_eq!(
            call(&memory, "erase", json!([{ "runId": "*" }])).await,
            refused("SCOPE_INVALID", "runId")
        );
        assert_eq!(call(&memory, "erase", json!([7])).await, refused("INVALID_ARGUMENT", "options"));
        assert_eq!(
            call(&memory, "erase", json!([unknown, { "linked": 1 }])).await,
            refused("INVALID_ARGUMENT", "linked")
        );
        let none = call(&memory, "erase", json!([{ "userId": "nobody" }])).await.unwrap();
        assert_eq!((&none["erased"], &none["partitions"]), (&json!([]), &json!(0)));
        let receipt = call(&memory, "erase", json!([{ "runId": "r" }])).await.unwrap();
        assert_eq!((receipt["erased"].as_array().unwrap().len(), &receipt["partitions"]), (2, &json!(2)));
        assert_eq!((texts("ann").await, texts("bob").await), (1, 0));
        let id = receipt["erased"][0].as_str().unwrap();
        let history = call(&memory, "history", json!([id])).await.unwrap();
        assert_eq!(history.as_array().unwrap().len(), 1);
        let row = &history[0];
        assert_eq!((&row["action"], &row["is_deleted"]), (&json!("ERASE"), &json!(1)));
        assert_eq!((&row["previous_value"], &row["new_value"]), (&Value::Null, &Value::Null));
        // Deleted ones still have a history, which goes too; erasing again returns the receipt.
        call(&memory, "deleteAll", json!([{ "userId": "ann" }])).await.unwrap();
        let receipt = call(&memory, "erase", json!([{ "userId": "ann" }])).await.unwrap();
        let id = &receipt["erased"][0];
        assert_eq!(call(&memory, "history", json!([id])).await.unwrap().as_array().unwrap().len(), 1);
        let again = call(&memory, "erase", json!([id])).await.unwrap();
        assert_eq!((&again["erased"], &again["at"]), (&json!([id]), &receipt["at"]));
        assert_eq!(call(&memory, "delete", json!([id])).await, refused("NOT_FOUND", "id"));
        assert_eq!(call(&memory, "update", json!([id, "x"])).await, refused("NOT_FOUND", "id"));
        assert_eq!(call(&memory, "feedback", json!([id, "positive"])).await, refused("NOT_FOUND", "id"));
    });
}

#[test]
fn linked_memories_go_with_their_source() {
    let mut device = Device::new(Limits::default());
    let store = Rc::new(MemoryStore::new());
    let made_from = |source: Option<MemoryId>, number: usize| {
        let (origin, mut draft) = draft(number, at("2025-01-01"));
        draft.note.sources = source.into_iter().collect();
        draft.vector = None;
        (origin, draft)
    };
    let (ids, operations) = device.plan(|plan| {
        let mut ids: Vec<MemoryId> = Vec::new();
        for (source, number) in [(None, 0), (Some(0), 1), (Some(1), 2), (None, 3)] {
            let (origin, draft) = made_from(source.map(|at: usize| ids[at]), number);
            ids.push(plan.remember(&origin, draft).unwrap().id);
        }
        ids
    });
    block_on(async {
        store.commit(&commit(&operations)).await.unwrap();
        let memory = Memory::new(store.clone(), Rc::new(NativeHost::new()));
        let receipt = memory.erase(&ids[0].to_string(), true).await.unwrap();
        let gone: Vec<_> = receipt.memories.iter().map(|it| it.id).collect();
        assert_eq!(gone, ids[..3]);
        assert_eq!(listed(&memory).await, ["I said wort003x"]);
    });
}
