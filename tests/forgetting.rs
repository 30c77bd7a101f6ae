//! Forgetting: what was deleted stays away, feedback counts a little, rules remove what they name and nothing else.

#[path = "support/device.rs"]
mod device;

use std::rc::Rc;

use edgemem::engine::{Draft, Limits, Origin};
use edgemem::host::native::NativeHost;
use edgemem::knowledge::{Feedback, Kind, Note};
use edgemem::log::Change;
use edgemem::scope::Scope;
use edgemem::store::{ByteStore, MemoryStore};
use edgemem::time::{Day, Timestamp};
use edgemem::{AddOptions, Memory, Message, Reach, SearchOptions};
use futures_executor::block_on;
use serde_json::json;

use device::{Device, at, call, commit, draft};

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
                            plan.push(
                                id,
                                Change::Revise { text: None, metadata: None, expires: None, said: None },
                            );
                        }
                    }
                });
                let commit = commit(&operations);
                let partition = &commit.partition;
                store.commit(&commit).await.unwrap();
                let memory = Memory::new(store.clone(), Rc::new(NativeHost::new()));
                let options = |dry: bool| json!([{ "now": now, "dryRun": dry, "erase": erase }, rules]);
                let version = store.load(partition, None).await.unwrap().unwrap().version;
                let dry = call(&memory, "sweep", options(true)).await.unwrap();
                assert_eq!(store.load(partition, None).await.unwrap().unwrap().version, version, "{name}");
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
