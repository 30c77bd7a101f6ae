//! What someone asks in each language and what must be found, through a real search of a real engine.

use edgemem::engine::{Draft, Engine, Origin, Plan, Query, Sight, partition_name, search};
use edgemem::record::{Actor, Role};
use edgemem::retrieve::weights::Weights;
use edgemem::scope::{Axis, Scope, View};
use edgemem::text::{Analyzer, Language, language_of};
use edgemem::time::{Clock, Timestamp};
use serde_json::Value;

/// Everything that a language's speaker remembered, and what is asked.
struct Case {
    language: String,
    documents: Vec<String>,
    /// Name, question, index of the document that must come first; none if nothing may be found.
    questions: Vec<(String, String, Option<usize>)>,
}

fn cases() -> Vec<Case> {
    let path = format!("{}/tests/cases/languages.json", env!("CARGO_MANIFEST_DIR"));
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let question = |case: &Value| {
        let expected = case["expected"].as_u64().map(|index| index as usize);
        (text(&case["name"]), text(&case["query"]), expected)
    };
    let case = |case: &Value| Case {
        language: text(&case["language"]),
        documents: case["documents"].as_array().unwrap().iter().map(text).collect(),
        questions: case["cases"].as_array().unwrap().iter().map(question).collect(),
    };
    json.as_array().unwrap().iter().map(case).collect()
}

fn engine<'a>(documents: impl Iterator<Item = &'a String>) -> Engine {
    let mut engine = Engine::new(&partition_name(Axis::User, "u"), None);
    let mut clock = Clock::new(1);
    let now = Timestamp::clamped(1_700_000_000_000);
    let mut plan = Plan::new(&mut engine, &mut clock, now);
    for text in documents {
        let origin = Origin { scope: Scope::user("u"), ..Origin::default() };
        let actor = Actor { role: Role::User, name: None };
        plan.remember(&origin, Draft { text: text.clone(), actor, timestamp: now, ..Draft::default() })
            .unwrap();
    }
    for operation in plan.finish() {
        engine.apply(&operation.key(), operation).unwrap();
    }
    engine
}

/// Texts, best first.
fn found(engine: &Engine, question: &str) -> Vec<String> {
    let view = View { scope: Scope::user("u"), any_run: true };
    let query = Query {
        text: question.into(),
        vector: None,
        limit: 10,
        today: None,
        threshold: 0.0,
        weights: Weights::default(),
        explain: false,
    };
    let sight = Sight { view: Some(view), ..Sight::default() };
    search(&[engine], &query, &sight).unwrap().into_iter().map(|hit| hit.record.text).collect()
}

/// In a partition of one language, and in one that holds memories of all of them.
#[test]
fn what_is_asked_is_found() {
    let cases = cases();
    let everything = engine(cases.iter().flat_map(|case| &case.documents));
    let mut wrong = Vec::new();
    for case in &cases {
        assert!(case.questions.len() >= 8, "{}", case.language);
        let alone = engine(case.documents.iter());
        for (name, question, expected) in &case.questions {
            let expected = expected.map(|index| &case.documents[index]);
            // Spanish "comió" and Portuguese "comer" share a stem: among all, another language may come first.
            for (engine, place, best) in [(&alone, "alone", 1), (&everything, "among all", 3)] {
                let found = found(engine, question);
                let is_right = match expected {
                    Some(text) => found.iter().take(best).any(|found| found == text),
                    None => found.is_empty(),
                };
                if !is_right {
                    wrong.push(format!("{} {place}, {name}: {question:?} found {found:?}", case.language));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Whole sentences; questions may be too short to tell.
#[test]
fn the_language_of_a_memory_is_recognised() {
    for case in cases() {
        let wrong: Vec<(&String, Language)> = case
            .documents
            .iter()
            .map(|text| (text, language_of(text)))
            .filter(|(_, language)| format!("{language:?}") != case.language)
            .collect();
        // A sentence of content words shows nothing: "She works" without "she".
        assert!(wrong.len() * 8 <= case.documents.len(), "{}: {wrong:?}", case.language);
    }
}

/// Whatever a text's language is taken for, the words as written find it again.
#[test]
fn every_word_of_a_memory_finds_it() {
    let analyzer = Analyzer::default();
    for case in cases() {
        for text in &case.documents {
            let mut document = Vec::new();
            analyzer.terms(text, |term| document.push(term.to_owned()));
            for word in text.split(' ') {
                let mut missing = None;
                analyzer.query_terms(word, |term| {
                    if !document.iter().any(|known| known == term) {
                        missing = Some(term.to_owned());
                    }
                });
                let stop = |term: &str| term.chars().count() <= 4;
                assert!(
                    missing.as_deref().is_none_or(stop),
                    "{text:?}: {missing:?} of {word:?} not in {document:?}"
                );
            }
        }
    }
}
