//! Merging what says the same and promoting what is said again and again, through the API as JavaScript sees it.

#[path = "support/noted.rs"]
mod noted;

use edgemem::knowledge::Kind::{Episodic, Procedural, Semantic, Task};
use edgemem::scope::{Axis, Scope};
use edgemem::{AddOptions, Memory, Message, Reach};
use futures_executor::block_on;
use noted::{Said, call, organisation, remembered};
use proptest::prelude::*;
use serde_json::{Value, json};

fn listed(memory: &Memory, mut options: Value) -> Vec<String> {
    options["limit"] = 10_000.into();
    let found = call(memory, "getAll", &[options]).unwrap();
    let text = |it: &Value| format!("{} {}", it["id"].as_str().unwrap(), it["memory"].as_str().unwrap());
    found["results"].as_array().unwrap().iter().map(text).collect()
}

fn run(memory: &Memory) -> Value {
    call(memory, "consolidate", &[json!({ "userId": "u" })]).unwrap()
}

fn is_nothing(report: &Value) -> bool {
    report["merged"] == json!([]) && report["promoted"] == json!([])
}

const SHORT: &str = "My flat in the old town has a view of the river";
const LONG: &str = "My flat in the old town really has such a view of the river!";

fn ids(ids: &[edgemem::record::MemoryId], places: &[usize]) -> Value {
    places.iter().map(|&at| ids[at].to_string()).collect::<Vec<_>>().into()
}

#[test]
fn what_says_no_more_is_merged_and_can_be_taken_back() {
    let said = [
        Said::of("u", "2025-01-01T10:00:00Z", LONG),
        Said::of("u", "2025-01-01T11:00:00Z", SHORT),
        Said::of("u", "2025-01-01T12:00:00Z", "My flat in the old town has no view of the river"),
    ];
    let (memory, names) = remembered(&said);
    let before = listed(&memory, json!({ "userId": "u" }));

    let dry = call(&memory, "consolidate", &[json!({ "userId": "u", "dryRun": true })]).unwrap();
    assert_eq!(dry["dryRun"], true);
    assert_eq!(listed(&memory, json!({ "userId": "u" })), before);
    let report = run(&memory);
    assert_eq!(report["merged"], json!([{ "into": names[0].to_string(), "from": ids(&names, &[1]) }]));
    assert_eq!((&report["promoted"], &report["dryRun"]), (&json!([]), &json!(false)));
    assert_eq!(dry["merged"], report["merged"]);
    assert!(report["id"].as_str() > dry["id"].as_str());

    let after = listed(&memory, json!({ "userId": "u" }));
    assert_eq!(after, [before[0].clone(), before[2].clone()]);
    assert_eq!(listed(&memory, json!({ "userId": "u", "includeSuperseded": true })), before);
    let closed = call(&memory, "get", &[json!(names[1].to_string())]).unwrap();
    assert_eq!((&closed["memory"], &closed["supersededBy"]), (&json!(SHORT), &json!(names[0].to_string())));
    let history = call(&memory, "history", &[json!(names[1].to_string())]).unwrap();
    assert_eq!(history[0]["reason"], "merged");
    assert!(is_nothing(&run(&memory)), "a second run changes nothing");

    let undone = call(&memory, "undoConsolidation", std::slice::from_ref(&report)).unwrap();
    assert_eq!(undone, json!({ "reopened": 1, "deleted": 0 }));
    assert_eq!(listed(&memory, json!({ "userId": "u" })), before);
    let again = call(&memory, "undoConsolidation", &[report]).unwrap();
    assert_eq!(again, json!({ "reopened": 0, "deleted": 0 }));
    assert!(is_nothing(&run(&memory)), "what was taken back is not done again");
}

/// Two memories, and whether one is merged into the other.
#[test]
fn only_what_is_one_thing_is_merged() {
    let long = || Said::of("u", "2025-01-01", LONG);
    let short = || Said::of("u", "2025-01-01", SHORT);
    let on = |mut said: Said, day: &'static str| {
        said.at = day;
        said
    };
    let by = |mut said: Said, speaker: &'static str| {
        said.speaker = speaker;
        said
    };
    let of = |mut said: Said, scope: Scope| {
        said.scope = scope;
        said
    };
    let cases = [
        ("one day", long(), short(), true),
        ("the longer one later", on(long(), "2025-01-01T20:00:00Z"), short(), true),
        ("episodes of two days", on(long(), "2025-01-02"), short(), false),
        ("knowledge of two days", on(long(), "2025-01-02").kind(Semantic), short().kind(Semantic), true),
        (
            "instructions of two days",
            on(long(), "2025-01-02").kind(Procedural),
            short().kind(Procedural),
            true,
        ),
        ("tasks of two days", on(long(), "2025-01-02").kind(Task), short().kind(Task), false),
        ("two kinds", long().kind(Semantic), short().kind(Episodic), false),
        ("two speakers", by(long(), "Ana"), by(short(), "Ben"), false),
        ("two scopes", long(), of(short(), Scope::user("u").with(Axis::App, "a")), false),
        ("the same fact", long().fact("user|has|flat"), short().fact("user|has|flat"), true),
        ("more facts", long().fact("user|has|flat"), short(), true),
        ("another fact", long(), short().fact("user|has|flat"), false),
        (
            "contradicting facts",
            long().fact("user|home|Rome|home"),
            short().fact("user|home|Porto|home"),
            false,
        ),
    ];
    for (case, longer, shorter, merges) in cases {
        let (memory, names) = remembered(&[longer, shorter]);
        let report = call(&memory, "consolidate", &[json!({ "userId": "u", "appId": "a" })]).unwrap();
        let expected = json!([{ "into": names[0].to_string(), "from": [names[1].to_string()] }]);
        assert_eq!(report["merged"], if merges { expected } else { json!([]) }, "{case}");
    }
}

#[test]
fn what_is_told_on_three_days_is_knowledge() {
    let said = [
        Said::of("u", "2025-01-03", "I went running in the park with Eva"),
        Said::of("u", "2025-01-01", "I really went running in the park with Eva"),
        Said::of("u", "2025-01-02", "I then went running in the park with Eva"),
        Said::of("u", "2025-01-01", "I had soup for lunch in town"),
        Said::of("u", "2025-01-02", "I had the soup for lunch in town"),
    ];
    let (memory, names) = remembered(&said);
    let before = listed(&memory, json!({ "userId": "u" }));
    let report = run(&memory);
    assert_eq!(report["merged"], json!([]));
    assert_eq!(report["promoted"].as_array().unwrap().len(), 1);
    assert_eq!(report["promoted"][0]["sources"], ids(&names, &[1, 2, 0]), "oldest first");
    let made = call(&memory, "get", &[report["promoted"][0]["id"].clone()]).unwrap();
    assert_eq!((&made["kind"], &made["memory"]), (&json!("semantic"), &json!(said[2].text)), "the fullest");
    assert_eq!(made["sources"], report["promoted"][0]["sources"]);
    assert_eq!(made["createdAt"], "2025-01-03T00:00:00.000Z");
    let after = listed(&memory, json!({ "userId": "u" }));
    assert!(before.iter().all(|it| after.contains(it)) && after.len() == before.len() + 1, "{after:?}");
    assert!(is_nothing(&run(&memory)));

    let undone = call(&memory, "undoConsolidation", &[report]).unwrap();
    assert_eq!(undone, json!({ "reopened": 0, "deleted": 1 }));
    assert_eq!(listed(&memory, json!({ "userId": "u" })), before);
    assert!(is_nothing(&run(&memory)), "what was taken back is not done again");
}

#[test]
fn a_fact_of_three_days_is_knowledge() {
    let told = |day: &'static str, text: &str| Said::of("u", day, text).fact("user|drinks|tea");
    let episodes = [
        told("2025-01-01", "I drank tea."),
        told("2025-01-02", "Tea at work"),
        told("2025-01-03", "tea, at night"),
    ];
    let (memory, names) = remembered(&episodes);
    let report = run(&memory);
    assert_eq!(report["promoted"][0]["sources"], ids(&names, &[0, 1, 2]));
    let entity = call(&memory, "entity", &[json!("tea"), json!({ "userId": "u" })]).unwrap();
    assert_eq!(entity["total"], 4);
    assert!(is_nothing(&run(&memory)));

    let mut known = episodes.to_vec();
    known.push(told("2024-01-01", "I am a tea drinker").kind(Semantic));
    assert!(is_nothing(&run(&remembered(&known).0)), "it is known already");
    assert!(is_nothing(&run(&remembered(&episodes[..2]).0)), "two days");
}

/// The same words on several days are one memory; its days count all the same.
#[test]
fn repetitions_count_as_days() {
    let told = |day: &'static str| Said::of("u", day, "I went swimming in the lake");
    let (memory, names) = remembered(&[told("2025-01-01"), told("2025-01-02"), told("2025-01-03")]);
    let report = run(&memory);
    assert_eq!(report["promoted"][0]["sources"], ids(&names, &[0]));
    assert!(is_nothing(&run(&memory)));
}

#[test]
fn pleasantries_and_questions_are_no_knowledge() {
    for text in ["Hello and good morning to you", "Where did I put the red car keys?"] {
        let told = |day: &'static str| Said::of("u", day, text);
        let (memory, _) = remembered(&[told("2025-01-01"), told("2025-01-02"), told("2025-01-03")]);
        assert!(is_nothing(&run(&memory)), "{text}");
    }
}

#[test]
fn adding_meanwhile_loses_nothing() {
    let (memory, _) = remembered(&[Said::of("u", "2025-01-01", LONG), Said::of("u", "2025-01-01", SHORT)]);
    let (reach, options) = (Reach::user("u"), AddOptions::user("u"));
    let added: Vec<Message> = (0..20).map(|at| Message::user(format!("Number {at} is new here"))).collect();
    let (first, second, third) = block_on(futures_util::future::join3(
        memory.consolidate(reach.clone(), false),
        memory.add(&added, &options),
        memory.consolidate(reach.clone(), false),
    ));
    second.unwrap();
    let merged = first.unwrap().merged.len() + third.unwrap().merged.len();
    assert_eq!(merged, 1, "once");
    assert_eq!(listed(&memory, json!({ "userId": "u" })).len(), 21);
}

#[test]
fn bad_input_names_its_field() {
    let (memory, _) = remembered(&[Said::of("u", "2025-01-01", SHORT)]);
    assert_eq!(call(&memory, "consolidate", &[json!({})]).unwrap_err().code(), "SCOPE_REQUIRED");
    let error = call(&memory, "consolidate", &[json!({ "userId": "u", "dryRun": "yes" })]).unwrap_err();
    assert_eq!((error.code(), error.field_name()), ("INVALID_ARGUMENT", Some("dryRun")));
    let reports = [
        Value::Null,
        json!({}),
        json!({ "merged": [], "promoted": 1 }),
        json!({ "merged": [{ "into": "x", "from": [] }], "promoted": [] }),
        json!({ "merged": [{ "into": 7, "from": "x" }], "promoted": [] }),
    ];
    for report in reports {
        let error = call(&memory, "undoConsolidation", std::slice::from_ref(&report)).unwrap_err();
        assert_eq!((error.code(), error.field_name()), ("INVALID_ARGUMENT", Some("report")), "{report}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A run changes nothing that the request does not see, a second run changes nothing, and taking it back
    /// restores the listing.
    #[test]
    fn runs_are_bounded_and_reversible(said in prop::collection::vec((0usize..9, 0usize..4, 0usize..4, 0usize..4), 0..24)) {
        const TEXTS: [&str; 9] = [
            "I went running in the park with Eva", "I really went running in the park with Eva",
            "I then went running in the park with Eva", "I went running in the park with Ana",
            "I never went running in the park with Eva", "I went running in the very big green park with Eva",
            "tea", "I like tea at night", "I like the tea at night",
        ];
        const DAYS: [&str; 4] = ["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-01T18:00:00Z"];
        let said: Vec<Said> = said.into_iter().map(|(text, day, whose, what)| {
            let mut said = Said::of("u", DAYS[day], TEXTS[text]);
            said.scope = [Scope::user("u"), Scope::user("v"), Scope::user("u").with(Axis::Run, "r"), organisation("o")][whose].clone();
            match what {
                0 => said.fact("user|likes|tea"),
                1 => said.kind(Semantic),
                2 => said.fact("user|runs in|park").kind(Semantic),
                _ => said,
            }
        }).collect();
        let (memory, _) = remembered(&said);
        let others = [json!({ "userId": "v" }), json!({ "userId": "u", "runId": "r", "filters": { "run_id": "r" } }), json!({ "orgId": "o" })];
        let seen = || -> Vec<Vec<String>> { others.iter().map(|it| listed(&memory, it.clone())).collect() };
        let (own, theirs) = (listed(&memory, json!({ "userId": "u" })), seen());
        let report = run(&memory);
        prop_assert_eq!(seen(), theirs.clone());
        prop_assert!(is_nothing(&run(&memory)));
        call(&memory, "undoConsolidation", &[report]).unwrap();
        prop_assert_eq!(listed(&memory, json!({ "userId": "u" })), own);
        prop_assert_eq!(seen(), theirs);
    }
}
