//! Stored formats are a promise: what any version wrote has to open for ever.
//!
//! `tests/fixtures/partition-N` was written when the format of segments was N. When it gains a version, a
//! fixture is added beside the others: give [`VERSIONS`] one more, run
//! `UPDATE_FIXTURES=1 cargo test --test stored_formats` once, which writes what is missing, and never rewrite an
//! old one.

use std::fs;
use std::path::{Path, PathBuf};

use edgemem::engine::{Draft, Engine, Limits, Origin, Plan, Query, Sight, partition_name, search};
use edgemem::index::segment;
use edgemem::index::vectors::StoredVectors;
use edgemem::log::{Change, Operation};
use edgemem::record::{Actor, Metadata, Role};
use edgemem::retrieve::weights::Weights;
use edgemem::scope::{Axis, Scope, View};
use edgemem::time::{Clock, Day, Timestamp};
use edgemem::vector::quantize;
use edgemem::wire;

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
        },
    );
    for operation in plan.finish() {
        fs::write(folder.join(format!("{}.op", operation.key())), operation.encode()).unwrap();
        engine.apply(&operation.key(), operation).unwrap();
    }
    let expected = serde_json::to_string_pretty(&observe(&engine)).unwrap();
    fs::write(folder.join("expected.json"), expected).unwrap();
}

fn open(folder: &Path) -> Engine {
    let mut engine = Engine::new(&partition_name(Axis::User, "ann"), Some(MODEL.into()));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    for path in files.iter().filter(|path| name(path).starts_with("s-")) {
        let vectors = folder.join(format!("v{}", &name(path)[1..]));
        let stored = StoredVectors::decode(name(&vectors), &fs::read(&vectors).unwrap()).unwrap();
        engine.mount(&name(path), fs::read(path).unwrap(), Some(stored)).unwrap();
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
