//! Stored formats are a promise: what any version wrote has to open for ever.
//!
//! `tests/fixtures/partition-N` was written when the format of segments was N. When it gains a version, a
//! fixture is added beside the others: give [`VERSIONS`] one more, run
//! `UPDATE_FIXTURES=1 cargo test --test stored_formats` once, which writes what is missing, and never rewrite an
//! old one. `tests/fixtures/operations-N` has every kind of operation of format N, in a segment and in the log after it
//! (`operations-2-said` has those that came to format 2 later, too),
//! and `changes-1.edgx` is a file of changes for other devices.

#[path = "support/devices.rs"]
mod devices;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use edgemem::engine::{Draft, Engine, Limits, Origin, Plan, Query, Sight, partition_name, search};
use edgemem::index::segment;
use edgemem::index::vectors::StoredVectors;
use edgemem::knowledge::{self, Closing, Dated, Entity, EntityKind, Fact, Feedback, Kind, Note};
use edgemem::log::{Chain, Change, Operation, Said, Version};
use edgemem::record::{Actor, MemoryId, Metadata, Role};
use edgemem::retrieve::weights::Weights;
use edgemem::scope::{Axis, Scope, View};
use edgemem::text::text_digest;
use edgemem::time::{Clock, Day, Timestamp};
use edgemem::vector::quantize;
use edgemem::wire;

use devices::Device;

const MODEL: &str = "fixture/2";

/// The formats of segments that there have been.
const VERSIONS: u32 = segment::FORMAT;

fn folder(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/partition-{version}"))
}

/// Every kind of operation, in a segment and in the log after it.
fn write(folder: &Path) {
    let name = partition_name(Axis::User, "ann");
    let limits = Limits { documents: 4, ..Limits::default() };
    let mut engine = Engine::new(&name, Some(MODEL.into())).with_limits(limits);
    let mut clock = Clock::new(0x0123_4567_89ab_cdef);
    let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
    let origin = Origin {
        scope: Scope::user("ann").with(Axis::Org, "acme"),
        conversation: Some("c1".into()),
        metadata: Metadata::from_iter([("tag".to_owned(), serde_json::json!(["a", {"b": null}]))]),
        expires: Some(Day::parse("2030-01-31").unwrap()),
    };
    let draft = |text: &str, name: Option<&str>| Draft {
        text: text.into(),
        actor: Actor { role: Role::Assistant, name: name.map(str::to_owned) },
        timestamp: Timestamp::parse("2023-05-08T13:56:00Z").unwrap(),
        vector: quantize(&[text.len() as f32, 3.0])
            .ok()
            .map(|it| (MODEL.into(), it.codes().to_vec(), it.scale())),
        ..Draft::default()
    };
    let texts =
        ["Ich wohne in Köln.", "我喜欢爵士乐 🎷", "The dog is called Rex", "We met in Lisbon", "Old news"];
    let mut plan = Plan::new(&mut engine, &mut clock, now);
    let ids: Vec<_> =
        texts.iter().map(|text| plan.remember(&origin, draft(text, Some("Bo"))).unwrap().id).collect();
    plan.push(ids[4], Change::Retract);
    let sealed = plan.finish();
    for operation in &sealed {
        engine.apply(&operation.key(), operation.clone()).unwrap();
    }
    let checkpoint = engine.checkpoint(clock.tick(now), clock.replica()).unwrap().unwrap();
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in &checkpoint.put {
        fs::write(folder.join(name), bytes).unwrap();
    }
    engine.adopt(checkpoint);
    let mut plan = Plan::new(&mut engine, &mut clock, now);
    plan.remember(&origin, draft(texts[0], Some("Bo"))).unwrap();
    plan.remember(&Origin { scope: Scope::user("ann"), ..Origin::default() }, draft("Said later", None))
        .unwrap();
    let metadata = Metadata::from_iter([("seen".to_owned(), true.into())]);
    plan.push(
        ids[2],
        Change::Revise {
            text: Some("The dog is called Max".into()),
            metadata: Some(metadata),
            expires: Some(None),
            said: None,
        },
    );
    for operation in plan.finish() {
        fs::write(folder.join(format!("{}.op", operation.key())), operation.encode()).unwrap();
        engine.apply(&operation.key(), operation).unwrap();
    }
    let expected = serde_json::to_string_pretty(&observe(&engine)).unwrap();
    fs::write(folder.join("expected.json"), expected).unwrap();
}

/// Every kind of operation and every field of a note, in a segment and in the log after it.
fn write_operations(folder: &Path) {
    let mut engine = Engine::new(&partition_name(Axis::User, "ann"), Some(MODEL.into()))
        .with_limits(Limits { documents: 1, ..Limits::default() });
    let mut clock = Clock::new(0x0123_4567_89ab_cdef);
    let now = Timestamp::parse("2026-11-25T12:00:00Z").unwrap();
    let day = |text: &str| Day::parse(text).unwrap();
    let fact = Fact {
        subject: "Ana".into(),
        predicate: "lives in".into(),
        object: "Köln".into(),
        slot: Some("home".into()),
        from: Some(Timestamp::parse("2020-01-01").unwrap()),
        until: Some(Timestamp::parse("2030-01-01").unwrap()),
        ..Fact::default()
    };
    let note = |kind: Kind| Note {
        kind,
        origin: knowledge::Origin::Model,
        facts: vec![fact.clone(), Fact { ended: true, corrects: true, ..Fact::default() }],
        whole: true,
        entities: EntityKind::ALL.map(|kind| Entity { name: kind.name().to_owned(), kind }).to_vec(),
        dates: vec![Dated { words: "last May".into(), first: day("2023-05-01"), last: day("2023-05-31") }],
        cues: vec!["where does she live".into()],
        confidence: 90,
        sources: vec![MemoryId::from_bits(7)],
        pending: true,
        attempts: 2,
        ..Note::default()
    };
    let mut expected = BTreeMap::new();
    let mut chain = Chain::new(clock.replica());
    for sealed in [true, false] {
        let mut plan = Plan::new(&mut engine, &mut clock, now);
        let mut say = |text: &str, note: Note| {
            let text = format!("{text} {}", if sealed { "sealed" } else { "in the log" });
            let timestamp = Timestamp::parse("2023-06-01T10:00:00Z").unwrap();
            let origin = Origin { scope: Scope::user("ann"), ..Origin::default() };
            let draft = Draft { text, timestamp, note, ..Draft::default() };
            plan.remember(&origin, draft).unwrap().id
        };
        let mut ids = Kind::ALL.map(|kind| say(kind.name(), note(kind))).to_vec();
        ids.extend(
            ["annotated", "reopened", "rated", "erased", "deleted", "dated", "read again"]
                .map(|it| say(it, Note::default())),
        );
        for (at, why) in [(0, Closing::Superseded), (1, Closing::Distilled), (2, Closing::Merged)] {
            plan.push(ids[at], Change::Close { why, at: now, by: ids[3] });
        }
        plan.push(ids[4], Change::Annotate(Box::new(note(Kind::Semantic))));
        plan.push(ids[5], Change::Close { why: Closing::Merged, at: now, by: ids[3] });
        plan.push(ids[5], Change::Reopen);
        for (feedback, reason) in Feedback::ALL.into_iter().zip([None, Some("wrong"), Some("harmful")]) {
            plan.push(ids[6], Change::Rate { feedback, reason: reason.map(str::to_owned) });
        }
        plan.push(ids[7], Change::Erase);
        plan.push(ids[8], Change::Retract);
        let timestamp = Timestamp::parse("2021-02-03T04:05:06Z").unwrap();
        let text = "read once more".to_owned();
        let reading = Some((text_digest(&text), note(Kind::Semantic)));
        for (id, text, reading) in [(ids[9], None, None), (ids[10], Some(text), reading)] {
            let said = Some(Box::new(Said { timestamp, reading }));
            plan.push(id, Change::Revise { text, metadata: None, expires: None, said });
        }
        let mut operations = plan.finish();
        chain = chain.extend(engine.name(), &mut operations, 7);
        for operation in &operations {
            engine.apply(&operation.key(), operation.clone()).unwrap();
        }
        if sealed {
            let checkpoint = engine.checkpoint(clock.tick(now), clock.replica()).unwrap().unwrap();
            fs::create_dir_all(folder).unwrap();
            for (name, bytes) in &checkpoint.put {
                fs::write(folder.join(name), bytes).unwrap();
            }
            engine.adopt(checkpoint);
        } else {
            for operation in operations {
                fs::write(folder.join(format!("{}.op", operation.key())), operation.encode()).unwrap();
            }
        }
        for id in ids {
            expected.insert(id.to_string(), observe_memory(&engine, id));
        }
    }
    fs::write(folder.join("expected.json"), serde_json::to_string_pretty(&expected).unwrap()).unwrap();
}

/// All that is known of a memory, with its history.
fn observe_memory(engine: &Engine, id: MemoryId) -> serde_json::Value {
    let folded = engine.get(id).unwrap().unwrap();
    let record = &folded.record;
    let happened = folded.revisions.iter().map(|it| (it.action.name(), it.at.to_string(), it.reason.clone()));
    serde_json::json!({
        "item": wire::item(record),
        "closed": record.closed.map(|it| (it.why.name(), it.at.to_string(), it.by.to_string())),
        "rating": record.rating,
        "erased": record.erased,
        "deleted": record.retracted,
        "cues": record.note.cues,
        "attempts": record.note.attempts,
        "whole": record.note.whole,
        "history": happened.collect::<Vec<_>>(),
    })
}

/// Whether all that is expected is there: what is shown of a memory may grow.
fn tells(found: &serde_json::Value, expected: &serde_json::Value) -> bool {
    match (found, expected) {
        (serde_json::Value::Object(found), serde_json::Value::Object(expected)) => {
            expected.iter().all(|(key, expected)| found.get(key).is_some_and(|found| tells(found, expected)))
        }
        (serde_json::Value::Array(found), serde_json::Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| tells(a, b))
        }
        _ => found == expected,
    }
}

/// The formats of operations that there have been, and kinds that came later; with the number of memories.
const OPERATIONS: [(&str, usize); 3] = [("1", 18), ("2", 18), ("2-said", 22)];

#[test]
fn every_operation_opens() {
    for (version, memories) in OPERATIONS {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/operations-{version}"));
        if std::env::var_os("UPDATE_FIXTURES").is_some() && !folder.exists() {
            write_operations(&folder);
        }
        let engine = open(&folder);
        let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
        let expected: BTreeMap<String, serde_json::Value> = serde_json::from_str(&expected).unwrap();
        for (id, expected) in &expected {
            let found = observe_memory(&engine, MemoryId::parse(id).unwrap());
            assert!(tells(&found, expected), "{found:#} is not {expected:#}");
        }
        assert_eq!(expected.len(), memories);
        let mut held = Version::new();
        engine.tally().unwrap().add_to(engine.number(), &mut held, None);
        let spans: Vec<_> = held.spans().iter().map(|span| (span.from, span.to)).collect();
        assert_eq!(spans, if version == "1" { vec![] } else { vec![(1, 2)] });
    }
}

#[test]
fn changes_for_other_devices_open() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/changes-1.edgx");
    if std::env::var_os("UPDATE_FIXTURES").is_some() && !path.exists() {
        let device = Device::new(7, 0);
        device.call("add", serde_json::json!(["I live in Köln 🏙️", { "userId": "ann" }]));
        device.call("add", serde_json::json!(["Bob likes tea", { "userId": "bob" }]));
        let gone = device.call("add", serde_json::json!(["It is a secret", { "userId": "bob" }]));
        device.call("erase", serde_json::json!([gone["results"][0]["id"]]));
        fs::write(&path, device.changes(Version::new())).unwrap();
    }
    let device = Device::new(8, 0);
    assert_eq!(device.merge(&fs::read(&path).unwrap()), 4);
    let text = |user: &str| {
        let found = device.call("getAll", serde_json::json!([{ "userId": user }]));
        found["results"].as_array().unwrap().iter().map(|it| it["memory"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((text("ann"), text("bob")), (vec!["I live in Köln 🏙️".into()], vec!["Bob likes tea".into()]));
}

fn open(folder: &Path) -> Engine {
    let mut engine = Engine::new(&partition_name(Axis::User, "ann"), Some(MODEL.into()));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    for path in files.iter().filter(|path| name(path).starts_with("s-")) {
        let vectors = folder.join(format!("v{}", &name(path)[1..]));
        let stored = vectors
            .exists()
            .then(|| StoredVectors::decode(name(&vectors), &fs::read(&vectors).unwrap()).unwrap());
        engine.mount(&name(path), fs::read(path).unwrap(), stored).unwrap();
    }
    for path in files.iter().filter(|path| path.extension().is_some_and(|it| it == "op")) {
        let operation = Operation::decode(&fs::read(path).unwrap()).unwrap();
        engine.apply(&operation.key(), operation).unwrap();
    }
    engine
}

fn observe(engine: &Engine) -> serde_json::Value {
    let view = View::of(Scope::user("ann").with(Axis::Org, "acme"));
    let sight = Sight { view: Some(view), ..Sight::default() };
    let listed = engine.list(&sight).unwrap();
    let records: Vec<_> = listed.iter().map(|&(_, at)| wire::item(&engine.read(at).unwrap())).collect();
    let query = Query {
        text: "jazz 爵士乐 dog Max in Köln".into(),
        vector: quantize(&[20.0, 3.0]).ok(),
        today: None,
        limit: 10,
        threshold: 0.0,
        weights: Weights::default(),
        explain: true,
    };
    let hits = search(&[engine], &query, &sight).unwrap();
    // Which memories, not in which order: ranking may improve, stored bytes may not change.
    let found: std::collections::BTreeSet<_> = hits.iter().map(|hit| hit.record.text.clone()).collect();
    serde_json::json!({ "records": records, "found": found })
}

#[test]
fn every_format_opens() {
    for version in 1..=VERSIONS {
        let folder = folder(version);
        if std::env::var_os("UPDATE_FIXTURES").is_some() && !folder.exists() {
            write(&folder);
        }
        let engine = open(&folder);
        let stored = fs::read(folder.join(engine.segments().next().unwrap())).unwrap();
        assert_eq!(stored[4..8], version.to_le_bytes(), "the fixture is of another version than it says");

        let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(observe(&engine), expected, "version {version}");
        // Vectors stay with their memories, also where the segment is indexed again. One text was changed.
        let size = engine.size();
        assert_eq!((size.memories, size.embedded), (5, 4), "version {version}");
    }
}

#[test]
fn all_versions_tell_the_same() {
    let seen: Vec<_> = (1..=VERSIONS).map(|version| observe(&open(&folder(version)))).collect();
    assert!(
        seen.windows(2).all(|pair| pair[0] == pair[1]),
        "what a segment is indexed as depends on its age"
    );
}
