//! Forgetting: what was deleted stays away, what was erased is nowhere, rules remove what they name and nothing else.

use std::cell::Cell;
use std::rc::Rc;

use edgemem::engine::{Draft, Engine, Limits, Origin, Plan, Sight, partition_name};
use edgemem::host::LocalFuture;
use edgemem::host::native::NativeHost;
use edgemem::index::vectors::StoredVectors;
use edgemem::knowledge::{Feedback, Kind, Note};
use edgemem::log::{Change, Operation};
use edgemem::record::{Action, MemoryId, Metadata};
use edgemem::scope::{Axis, Scope};
use edgemem::store::{ByteStore, Capabilities, Commit, Image, MemoryStore};
use edgemem::time::{Clock, Day, Timestamp};
use edgemem::vector::quantize;
use edgemem::{AddOptions, Error, ErrorKind, ListOptions, Memory, Message, Reach, SearchOptions, wire};
use futures_executor::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

const MODEL: &str = "test/3";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A partition, its clock, and the blobs and entries that a store would hold of it.
struct Device {
    engine: Engine,
    clock: Clock,
    now: Timestamp,
    blobs: Vec<(String, Vec<u8>)>,
    log: Vec<Operation>,
}

impl Device {
    fn new(limits: Limits) -> Device {
        Device {
            engine: Engine::new(&partition_name(Axis::User, "u"), Some(MODEL.into())).with_limits(limits),
            clock: Clock::new(7),
            now: at("2026-01-01"),
            blobs: vec![],
            log: vec![],
        }
    }

    fn plan<T>(&mut self, make: impl FnOnce(&mut Plan<'_>) -> T) -> (T, Vec<Operation>) {
        let mut plan = Plan::new(&mut self.engine, &mut self.clock, self.now);
        let value = make(&mut plan);
        (value, plan.finish())
    }

    /// Stores operations; without the checkpoint that may be due then, as after a crash, if `crash`.
    fn take(&mut self, operations: &[Operation], crash: bool) {
        for operation in operations {
            self.engine.apply(&operation.key(), operation.clone()).unwrap();
            if !self.log.iter().any(|held| held.key() == operation.key()) {
                self.log.push(operation.clone());
            }
        }
        if !crash {
            self.checkpoint();
        }
    }

    fn checkpoint(&mut self) {
        let stamp = self.clock.tick(self.now);
        let Some(checkpoint) = self.engine.checkpoint(stamp, self.clock.replica()).unwrap() else { return };
        self.blobs.retain(|(name, _)| !checkpoint.remove.contains(name));
        self.blobs.extend(checkpoint.put.iter().cloned());
        self.log.retain(|operation| !checkpoint.drop.contains(&operation.key()));
        self.engine.adopt(checkpoint);
    }

    /// The same, opened anew from what is stored.
    fn reopened(self, limits: Limits) -> Device {
        let Device { blobs, log, clock, now, .. } = self;
        let mut device = Device { clock, now, ..Device::new(limits) };
        let stored =
            |name: &str| blobs.iter().find(|(held, _)| held[1..] == name[1..] && held.starts_with('v'));
        for (name, bytes) in blobs.iter().filter(|(name, _)| name.starts_with('s')) {
            let vectors =
                stored(name).map(|(name, bytes)| StoredVectors::decode(name.clone(), bytes).unwrap());
            device.engine.mount(name, bytes.clone(), vectors).unwrap();
        }
        for operation in &log {
            device.engine.apply(&operation.key(), operation.clone()).unwrap();
        }
        Device { blobs, log, ..device }
    }

    /// All bytes that are stored.
    fn stored(&self) -> Vec<u8> {
        let blobs = self.blobs.iter().flat_map(|(_, bytes)| bytes.clone());
        blobs.chain(self.log.iter().flat_map(Operation::encode)).collect()
    }

    fn texts(&self) -> Vec<String> {
        let found = self.engine.list(&Sight::default()).unwrap();
        let mut texts: Vec<_> =
            found.into_iter().map(|(_, address)| self.engine.read(address).unwrap().text).collect();
        texts.sort();
        texts
    }
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// What is said under a number: a word that occurs nowhere else, in text, metadata and note; and a vector of its own.
fn draft(number: usize, said: Timestamp) -> (Origin, Draft) {
    let word = format!("wort{number:03}x");
    let metadata = Metadata::from_iter([("m".to_owned(), format!("meta{number:03}x").into())]);
    let origin = Origin { scope: Scope::user("u"), metadata, ..Origin::default() };
    let vector = quantize(&[1.0, number as f32 + 2.0, 0.5, number as f32 * 0.31]).unwrap();
    let draft = Draft {
        text: format!("I said {word}"),
        timestamp: said,
        note: Note { cues: vec![format!("cue{number:03}x")], ..Note::default() },
        vector: Some((MODEL.into(), vector.codes().to_vec(), vector.scale())),
        ..Draft::default()
    };
    (origin, draft)
}

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
        let limits = Limits { documents: if small { 2 } else { 1000 }, bytes: usize::MAX, fan_out: 3 };
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
                    change(&mut device, n, Change::Revise { text, metadata, expires: None });
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

/// A device on which things are said: the outcome of the last, and what is shown then.
#[test]
fn what_was_said_before_a_deletion_stays_away() {
    let cases = [
        ("imported again", "2025-06-01", false, false),
        ("said in the moment of the deletion", "2026-01-01", true, true),
        ("said later", "2026-02-01", true, true),
    ];
    for erased in [false, true] {
        for (name, said, added, shown) in cases {
            let mut device = Device::new(Limits::default());
            let (origin, first) = draft(1, at("2025-06-01"));
            let (id, operations) = device.plan(|plan| plan.remember(&origin, first).unwrap().id);
            device.take(&operations, false);
            let change = if erased { Change::Erase } else { Change::Retract };
            let ((), operations) = device.plan(|plan| plan.push(id, change));
            device.take(&operations, false);
            device.now = at("2026-03-01");
            let (origin, again) = draft(1, at(said));
            let (outcome, operations) = device.plan(|plan| plan.remember(&origin, again).unwrap());
            device.take(&operations, false);
            assert_eq!((outcome.added, operations.is_empty()), (added, !added), "{name}");
            assert_eq!(outcome.id == id, !added, "{name}");
            assert_eq!(device.texts().len(), usize::from(shown), "{name}");
        }
    }
}

#[test]
fn a_clock_that_is_ahead_elsewhere_hides_nothing_that_is_said_now() {
    let mut device = Device::new(Limits::default());
    let (origin, first) = draft(1, at("2025-12-01"));
    let (id, operations) = device.plan(|plan| plan.remember(&origin, first).unwrap().id);
    device.take(&operations, false);
    device.now = at("2026-01-01T01:00:00Z");
    let ((), operations) = device.plan(|plan| plan.push(id, Change::Retract));
    device.take(&operations, false);
    device.now = at("2026-01-01");
    let (origin, again) = draft(1, device.now);
    let (outcome, operations) = device.plan(|plan| plan.remember(&origin, again).unwrap());
    device.take(&operations, false);
    assert!(outcome.added);
    assert_eq!(device.texts().len(), 1);
}

#[test]
fn what_has_expired_is_revived_when_it_is_said_again() {
    let day = |text: &str| Some(Day::parse(text).unwrap());
    // When it is said again, until when then, and until when it lasts.
    let cases = [
        ("2026-01-01", None, None),
        ("2026-01-01", day("2026-05-01"), day("2026-05-01")),
        ("2025-05-01", None, day("2025-06-30")),
        ("2025-05-01", day("2026-05-01"), day("2026-05-01")),
        ("2025-05-01", day("2025-07-01"), day("2025-06-30")),
    ];
    for (said, until, lasts) in cases {
        let mut device = Device::new(Limits::default());
        let (mut origin, first) = draft(1, at("2025-04-01"));
        origin.expires = day("2025-06-30");
        let (id, operations) = device.plan(|plan| plan.remember(&origin, first).unwrap().id);
        device.take(&operations, false);
        let (_, again) = draft(1, at(said));
        origin.expires = until;
        let (outcome, operations) = device.plan(|plan| plan.remember(&origin, again).unwrap());
        device.take(&operations, false);
        assert_eq!((outcome.id, outcome.added), (id, false));
        let record = device.engine.get(id).unwrap().unwrap().record;
        assert_eq!((record.expires, record.occurrences), (lasts, 2), "{said} {until:?}");
    }
}

/// A store in memory whose commits that scrub fail while it is told so.
struct Crashing {
    store: MemoryStore,
    fails: Cell<bool>,
}

impl ByteStore for Crashing {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }
    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, edgemem::Result<Vec<String>>> {
        self.store.list(prefix)
    }
    fn load<'a>(
        &'a self,
        name: &'a str,
        known: Option<u64>,
    ) -> LocalFuture<'a, edgemem::Result<Option<Image>>> {
        self.store.load(name, known)
    }
    fn read<'a>(
        &'a self,
        name: &'a str,
        blobs: &'a [String],
    ) -> LocalFuture<'a, edgemem::Result<Vec<Option<Vec<u8>>>>> {
        self.store.read(name, blobs)
    }
    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, edgemem::Result<u64>> {
        if self.fails.get() && commit.scrub {
            return Box::pin(async { Err(Error::new(ErrorKind::StoreFailed, "the power went")) });
        }
        self.store.commit(commit)
    }
    fn erase<'a>(&'a self, name: &'a str) -> LocalFuture<'a, edgemem::Result<()>> {
        self.store.erase(name)
    }
    fn close<'a>(&'a self) -> LocalFuture<'a, edgemem::Result<()>> {
        Box::pin(async { Ok(()) })
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
            let store = Rc::new(Crashing { store: MemoryStore::new(), fails: Cell::new(true) });
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
            store.fails.set(false);
            let memory = open();
            if repeat {
                assert_eq!(memory.erase(&id, false).await.unwrap().ids.len(), 1);
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
        let adds = futures_executor_join((0..20).map(|n| {
            let memory = memory.clone();
            async move { drop(add(&memory, &format!("new{n}x")).await) }
        }));
        let erasures = futures_executor_join(ids.into_iter().map(|id| {
            let memory = memory.clone();
            async move { drop(memory.erase(&id, false).await.unwrap()) }
        }));
        futures_executor_join([adds, erasures].into_iter()).await;
        assert_eq!(listed(&memory).await.len(), 20);
        let bytes = stored(&*store).await;
        for n in 0..20 {
            assert!(!holds(&bytes, format!("old{n}x").as_bytes()), "{n}");
            assert!(holds(&bytes, format!("new{n}x").as_bytes()), "{n}");
        }
    });
}

/// Runs futures side by side.
fn futures_executor_join<'a>(
    futures: impl Iterator<Item = impl Future<Output = ()> + 'a>,
) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>> {
    let mut running: Vec<_> =
        futures.map(|it| Box::pin(it) as std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>).collect();
    Box::pin(std::future::poll_fn(move |context| {
        running.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }))
}

async fn call(memory: &Memory, method: &str, arguments: Value) -> Result<Value, (String, String)> {
    let arguments = arguments.as_array().unwrap().clone();
    let result = wire::call(memory, method, &arguments).await;
    result.map_err(|error| (error.code().to_owned(), error.field_name().unwrap_or_default().to_owned()))
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
        let entry = |it: &Operation| edgemem::store::Entry { key: it.key(), bytes: it.encode() };
        let append = operations.iter().map(entry).collect();
        let partition = partition_name(Axis::User, "u");
        store.commit(&Commit { partition, append, ..Commit::default() }).await.unwrap();
        let memory = Memory::new(store.clone(), Rc::new(NativeHost::new()));
        let receipt = memory.erase(&ids[0].to_string(), true).await.unwrap();
        assert_eq!(receipt.ids, ids[..3]);
        assert_eq!(listed(&memory).await, ["I said wort003x"]);
    });
}

#[test]
fn feedback_counts_a_little_and_only_where_there_is_some() {
    block_on(async {
        let memory = Memory::in_process();
        let mut ids = Vec::new();
        for n in 0..4 {
            let options = AddOptions { conversation: Some(format!("c{n}")), ..AddOptions::user("u") };
            let text =
                ["The ferry was late", "A ferry was late", "That ferry was late", "We bought oranges"][n];
            ids.push(memory.add(&[Message::user(text)], &options).await.unwrap()[0].id.to_string());
        }
        let found = async || {
            let options =
                SearchOptions { threshold: Some(0.0), explain: true, ..SearchOptions::new(Reach::user("u")) };
            memory.search("was the ferry late?", &options).await.unwrap().hits
        };
        let order = async || found().await.iter().map(|hit| hit.record.id.to_string()).collect::<Vec<_>>();
        let before = order().await;
        assert_eq!(before.len(), 3);
        let rated =
            call(&memory, "feedback", json!([before[0], "VERY_NEGATIVE", "it was on time"])).await.unwrap();
        assert_eq!(
            (&rated["feedback"], &rated["reason"]),
            (&json!("very_negative"), &json!("it was on time"))
        );
        let liked = call(&memory, "feedback", json!([before[2], "positive"])).await.unwrap();
        assert!(liked["strength"].as_f64() > rated["strength"].as_f64() && liked["reason"].is_null());
        assert_eq!(order().await, [before[2].clone(), before[1].clone(), before[0].clone()]);
        for hit in found().await {
            let explanation = hit.explanation;
            let sum = explanation.signals.fuse(&Default::default());
            assert!((sum - explanation.fused).abs() < 1e-4, "the contributions add up");
        }
        let row = &call(&memory, "history", json!([before[0]])).await.unwrap()[0];
        assert_eq!(
            (&row["action"], &row["reason"]),
            (&json!("FEEDBACK"), &json!("very_negative: it was on time"))
        );
        let refused = |code: &str, field: &str| Err((code.to_owned(), field.to_owned()));
        for (feedback, reason, field) in [
            (json!("bad"), json!(null), "feedback"),
            (json!(null), json!(null), "feedback"),
            (json!("negative"), json!(1), "reason"),
        ] {
            let arguments = json!([ids[0], feedback, reason]);
            assert_eq!(call(&memory, "feedback", arguments).await, refused("INVALID_ARGUMENT", field));
        }
    });
}

/// Memories of several kinds and owners, and which of them rules remove.
#[test]
fn sweeping_removes_what_rules_name_and_nothing_else() {
    let now = "2026-06-01T00:00:00Z";
    // A letter each; who, how many days ago, kind, rating.
    let memories: [(&str, &str, i64, Kind, bool); 6] = [
        ("a", "u", 40, Kind::Episodic, false),
        ("b", "u", 10, Kind::Episodic, false),
        ("c", "u", 400, Kind::Semantic, false),
        ("d", "u", 400, Kind::Procedural, false),
        ("e", "u", 400, Kind::Task, false),
        ("f", "u", 40, Kind::Episodic, true),
    ];
    let cases = [
        ("no rule", json!([]), ""),
        ("every kind but instructions and tasks", json!([{ "days": 30 }]), "a c"),
        ("a kind", json!([{ "days": 30, "kind": "episodic" }]), "a"),
        ("a named kind that is otherwise spared", json!([{ "days": 30, "kind": "task" }]), "e"),
        ("what is liked too", json!([{ "days": 30, "kind": "episodic", "includePositive": true }]), "a f"),
        ("one of two rules", json!([{ "days": 300, "kind": "procedural" }, { "days": 300 }]), "c d"),
        ("another owner", json!([{ "days": 1, "userId": "bob" }]), ""),
        ("any owner", json!([{ "days": 30, "user_id": "*" }]), "a c"),
        ("any run, and none has one", json!([{ "days": 1, "runId": "*" }]), ""),
        ("since they were touched", json!([{ "days": 30, "basis": "touched" }]), "c"),
    ];
    block_on(async {
        for (name, rules, gone) in cases {
            for erase in [false, true] {
                let store = Rc::new(MemoryStore::new());
                let mut device = Device::new(Limits::default());
                device.now = at("2026-05-25");
                let ((), operations) = device.plan(|plan| {
                    for (text, user, days, kind, liked) in memories {
                        let origin = Origin { scope: Scope::user(user), ..Origin::default() };
                        let said = Timestamp::clamped(at(now).millis() - days * 86_400_000);
                        let note = Note { kind, ..Note::default() };
                        let draft = Draft { text: text.into(), timestamp: said, note, ..Draft::default() };
                        let id = plan.remember(&origin, draft).unwrap().id;
                        if liked {
                            plan.push(id, Change::Rate { feedback: Feedback::Positive, reason: None });
                        }
                        if text == "a" {
                            plan.push(id, Change::Revise { text: None, metadata: None, expires: None });
                        }
                    }
                });
                let entry = |it: &Operation| edgemem::store::Entry { key: it.key(), bytes: it.encode() };
                let append = operations.iter().map(entry).collect();
                let partition = partition_name(Axis::User, "u");
                store
                    .commit(&Commit { partition: partition.clone(), append, ..Commit::default() })
                    .await
                    .unwrap();
                let memory = Memory::new(store.clone(), Rc::new(NativeHost::new()));
                let options = |dry: bool| json!([{ "now": now, "dryRun": dry, "erase": erase }, rules]);
                let version = store.load(&partition, None).await.unwrap().unwrap().version;
                let dry = call(&memory, "sweep", options(true)).await.unwrap();
                assert_eq!(store.load(&partition, None).await.unwrap().unwrap().version, version, "{name}");
                let swept = call(&memory, "sweep", options(false)).await.unwrap();
                assert_eq!((&dry["removed"], &dry["kept"]), (&swept["removed"], &swept["kept"]), "{name}");
                let removed = swept["removed"].as_array().unwrap();
                let texts: Vec<&str> = removed.iter().map(|it| it["memory"].as_str().unwrap()).collect();
                assert_eq!(texts.join(" "), gone, "{name}");
                assert_eq!(swept["kept"], json!(6 - texts.len()), "{name}");
                for it in removed {
                    let rows = call(&memory, "history", json!([it["id"]])).await.unwrap();
                    assert_eq!(rows[0]["action"], if erase { "ERASE" } else { "DELETE" }, "{name}");
                }
                let again = call(&memory, "sweep", options(false)).await.unwrap();
                assert_eq!(again["removed"], json!([]), "{name}");
            }
        }
    });
}

#[test]
fn sweeping_removes_what_has_expired_in_the_scope() {
    block_on(async {
        let memory = Memory::in_process();
        for (user, text, until) in
            [("ann", "old", "2020-01-01"), ("ann", "new", "9000-01-01"), ("bob", "older", "2019-01-01")]
        {
            call(&memory, "add", json!([text, { "userId": user, "expirationDate": until }])).await.unwrap();
        }
        let swept = call(&memory, "sweep", json!([{ "userId": "ann" }])).await.unwrap();
        assert_eq!(
            (&swept["removed"][0]["memory"], &swept["removed"][0]["why"]),
            (&json!("old"), &json!("expired"))
        );
        assert_eq!(
            (swept["removed"].as_array().unwrap().len(), &swept["kept"], &swept["dryRun"]),
            (1, &json!(1), &json!(false))
        );
        let rest = call(&memory, "sweep", json!([null])).await.unwrap();
        assert_eq!(rest["removed"][0]["memory"], "older");
        for (rules, field) in [
            (json!([{}]), "retention[0].days"),
            (json!([{ "days": 1 }, { "days": -1 }]), "retention[1].days"),
            (json!([{ "days": 1, "kind": "vague" }]), "retention[0].kind"),
            (json!([{ "days": 1, "basis": "felt" }]), "retention[0].basis"),
            (json!([{ "days": 1, "userID": "ann" }]), "retention[0].userID"),
            (json!([{ "days": 1, "userId": null }]), "retention[0].userId"),
            (json!([{ "days": 1, "userId": "a b" }]), "retention[0].userId"),
            (json!([7]), "retention[0].options"),
        ] {
            let refused = call(&memory, "sweep", json!([{}, rules])).await.unwrap_err();
            assert_eq!(refused, ("CONFIG_INVALID".to_owned(), field.to_owned()), "{rules}");
        }
        let refused = call(&memory, "sweep", json!([{ "now": "soon" }])).await.unwrap_err();
        assert_eq!(refused, ("TIMESTAMP_INVALID".to_owned(), "now".to_owned()));
    });
}
