//! Statements of one message: they share its place, are found by what it holds, and lend nothing once they are hidden.

use edgemem::engine::{Draft, Engine, Origin, Plan, Query, Sight, partition_name, search};
use edgemem::record::{Actor, MemoryId, Role};
use edgemem::retrieve::weights::Weights;
use edgemem::scope::{Axis, Scope};
use edgemem::time::{Clock, Day, Timestamp};
use edgemem::{AddOptions, Memory, Message, Reach, SearchOptions};
use futures_executor::block_on;
use proptest::prelude::*;

const TODAY: i32 = 19_000;

/// A statement, and whether it is of the same message as the one before it and whether it has expired.
type Said<'a> = (&'a str, bool, bool);

/// A partition in which this was said, as calls of their own or, from `joined` on, as one; and the memories.
fn engine(said: &[Said<'_>]) -> (Engine, Vec<MemoryId>) {
    let mut engine = Engine::new(&partition_name(Axis::User, "u"), None);
    let mut clock = Clock::new(1);
    let mut ids = Vec::new();
    for (at, &(text, continues, expired)) in said.iter().enumerate() {
        if continues {
            continue;
        }
        let timestamp = Timestamp::clamped((i64::from(TODAY) * 86_400_000) + at as i64 * 1_000);
        let mut plan = Plan::new(&mut engine, &mut clock, timestamp);
        let rest = said[at + 1..].iter().take_while(|&&(_, continues, _)| continues);
        let first = (text, false, expired);
        for &(text, continues, expired) in std::iter::once(&first).chain(rest) {
            let origin = Origin {
                scope: Scope::user("u"),
                conversation: Some("c".into()),
                expires: expired.then(|| Day::from_number(TODAY - 1)),
                ..Origin::default()
            };
            let actor = Actor { role: Role::User, name: None };
            let draft = Draft { text: text.into(), actor, timestamp, continues, ..Draft::default() };
            ids.push(plan.remember(&origin, draft).unwrap().id);
        }
        for operation in plan.finish() {
            engine.apply(&operation.key(), operation.clone()).unwrap();
        }
    }
    (engine, ids)
}

fn sight() -> Sight<'static> {
    Sight { today: Some(Day::from_number(TODAY)), ..Sight::default() }
}

fn ask(engine: &Engine, text: &str) -> Vec<(String, f32)> {
    let query = Query {
        text: text.into(),
        vector: None,
        today: None,
        limit: 50,
        threshold: 0.0,
        weights: Weights::default(),
        explain: false,
    };
    let hits = search(&[engine], &query, &sight()).unwrap();
    hits.into_iter().map(|hit| (hit.record.text, hit.score)).collect()
}

#[test]
fn words_of_a_message_count_together_and_the_statement_that_has_them_comes_first() {
    let said = [
        ("The ferry was late.", false, false),
        ("We had dinner in Porto.", false, false),
        ("The ferry left at noon.", false, false),
        ("My sister sang on deck.", true, false),
        ("Then it rained.", true, false),
    ];
    let (split, _) = engine(&said);
    let found = ask(&split, "which ferry did my sister sing on");
    assert_eq!(found[0].0, "My sister sang on deck.");
    let of =
        |found: &[(String, f32)], text: &str| found.iter().find(|it| it.0 == text).map(|it| it.1).unwrap();
    assert!(of(&found, "The ferry left at noon.") > of(&found, "Then it rained."), "it holds a word itself");
}

#[test]
fn neighbours_are_messages_however_many_statements_they_have() {
    let answer = "In the old town.";
    let alone = [("Where do you live, sister?", false, false), (answer, false, false)];
    let (short, _) = engine(&alone);
    let long = [
        ("Hello there.", false, false),
        ("Nice weather.", true, false),
        ("What a week.", true, false),
        ("I am tired.", true, false),
        ("Where do you live, sister?", true, false),
        ("Well.", false, false),
        ("Let me see.", true, false),
        ("Hm.", true, false),
        (answer, true, false),
    ];
    let (long, _) = engine(&long);
    for engine in [&short, &long] {
        let found = ask(engine, "where does the sister live");
        assert!(found.iter().any(|it| it.0 == answer), "it takes from the question before it: {found:?}");
    }
}

#[test]
fn before_a_statement_is_its_sibling_or_the_end_of_the_message_before() {
    let said = [
        ("How was the trip?", false, false),
        ("Where did you stay?", true, false),
        ("Wonderful.", false, false),
        ("In a hut.", true, false),
        ("It was cold.", true, true),
        ("But we had a stove.", true, false),
    ];
    let (engine, ids) = engine(&said);
    let before: Vec<Option<String>> =
        ids.iter().map(|&id| engine.preceding(&[id], &sight()).unwrap().pop().map(|it| it.1.text)).collect();
    let texts = before.iter().map(Option::as_deref).collect::<Vec<_>>();
    assert_eq!(texts[..2], [None, Some("How was the trip?")]);
    assert_eq!(texts[2..4], [Some("Where did you stay?"), Some("Wonderful.")]);
    assert_eq!(texts[5], None, "what was said before has expired");
}

#[test]
fn statements_of_a_message_share_its_number() {
    block_on(async {
        let memory = Memory::in_process();
        let options = AddOptions { conversation: Some("c".into()), ..AddOptions::user("u") };
        let said = [
            Message::user(
                "I moved to Lisbon last spring. My sister stayed in Porto. I moved to Lisbon last spring.",
            ),
            Message::assistant("Congratulations on moving to Lisbon. What does your sister do in Porto?"),
        ];
        memory.add(&said, &options).await.unwrap();
        let again = "My sister stayed in Porto. She teaches physics at a school there.";
        memory.add(&[Message::user(again)], &options).await.unwrap();
        memory.add(&[Message::user("I teach music at a school in Lisbon.")], &options).await.unwrap();
        let found = memory
            .search(
                "Lisbon Porto sister school",
                &SearchOptions { threshold: Some(0.0), ..SearchOptions::new(Reach::user("u")) },
            )
            .await
            .unwrap();
        let number = |start: &str| {
            let hit = found.hits.iter().find(|hit| hit.record.text.contains(start));
            hit.unwrap_or_else(|| panic!("{start}")).record.place.sequence
        };
        assert_eq!([number("moved to"), number("stayed in Porto")], [0, 0], "the first message");
        assert_eq!([number("Congratulations"), number("What does your sister")], [1, 1], "the answer");
        assert_eq!(number("She teaches"), 2, "beside a statement that was known");
        assert_eq!(number("I teach music"), 3, "a call of its own");
    });
}

const TEXTS: [&str; 7] = [
    "Is the boat in the harbour?",
    "The boat is called Ada.",
    "My sister was in Lisbon two years ago.",
    "Thanks!",
    "[shares a photo of the harbour]",
    "Lisbon has a wide harbour and many boats.",
    "Where does your sister live?",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Statements that have expired weigh as if they had never been said.
    #[test]
    fn hidden_siblings_leave_no_trace(said in prop::collection::vec((0..TEXTS.len(), any::<bool>(), any::<bool>()), 1..9)) {
        let texts: Vec<String> = said.iter().enumerate().map(|(at, &(text, ..))| format!("{} {at}", TEXTS[text])).collect();
        // Every message begins with something that is seen, so that the messages are the same ones without the rest.
        let mut all: Vec<Said<'_>> = Vec::new();
        for (text, &(_, continues, expired)) in texts.iter().zip(&said) {
            let continues = continues && !all.is_empty();
            all.push((text, continues, expired && continues));
        }
        let seen: Vec<Said<'_>> = all.iter().copied().filter(|&(.., expired)| !expired).collect();
        let question = "was my sister in the boat in Lisbon harbour";
        let (all, seen) = (ask(&engine(&all).0, question), ask(&engine(&seen).0, question));
        let texts = |found: &[(String, f32)]| found.iter().map(|it| (it.0.clone(), it.1.to_bits())).collect::<Vec<_>>();
        let (mut all, mut seen) = (texts(&all), texts(&seen));
        all.sort();
        seen.sort();
        prop_assert_eq!(all, seen);
    }
}
