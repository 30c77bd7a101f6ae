//! What a ranking must not depend on, through the façade: memories that the request may not see, what a filter leaves
//! out, how often something was said, and where memories lie.

use edgemem::index::filter::Filter;
use edgemem::record::Metadata;
use edgemem::scope::{Axis, Scope};
use edgemem::{AddOptions, Memory, Message, Reach, SearchOptions};
use futures_executor::block_on;
use serde_json::json;

fn alice() -> Scope {
    Scope::user("alice")
}

async fn add(memory: &Memory, message: Message, scope: Scope, conversation: Option<&str>, topic: &str) {
    let options = AddOptions {
        conversation: conversation.map(str::to_owned),
        infer: false,
        metadata: Metadata::from_iter([("topic".to_owned(), json!(topic))]),
        ..AddOptions::new(scope)
    };
    memory.add(&[message], &options).await.unwrap();
}

async fn search(memory: &Memory, question: &str, reach: Reach, explain: bool) -> Vec<edgemem::engine::Hit> {
    let options = SearchOptions { threshold: Some(0.0), explain, ..SearchOptions::new(reach) };
    memory.search(question, &options).await.unwrap().hits
}

/// Texts and scores.
fn shown(hits: &[edgemem::engine::Hit]) -> Vec<(String, f32)> {
    hits.iter().map(|hit| (hit.record.text.clone(), hit.score)).collect()
}

#[test]
fn hidden_turns_of_a_conversation_make_no_gaps() {
    block_on(async {
        let mut found = Vec::new();
        for hidden in [0, 1, 4] {
            let memory = Memory::in_process();
            add(&memory, Message::user("Who won the regatta?"), alice(), Some("c"), "").await;
            for n in 0..hidden {
                let other = alice().with(Axis::Run, "secret");
                add(&memory, Message::user(format!("hidden {n}")), other, Some("c"), "").await;
            }
            add(&memory, Message::user("Ben, by a length."), alice(), Some("c"), "").await;
            found.push(shown(&search(&memory, "regatta", Reach::user("alice"), false).await));
        }
        assert_eq!(found[0].len(), 2, "the answer inherits from its question");
        assert_eq!(found[1], found[0]);
        assert_eq!(found[2], found[0]);
    });
}

#[test]
fn a_filter_does_not_lend_one_memory_the_score_of_another() {
    block_on(async {
        let memory = Memory::in_process();
        for n in 0..20 {
            add(
                &memory,
                Message::user(format!("Note {n} on the garden")),
                alice(),
                Some(&format!("g{n}")),
                "garden",
            )
            .await;
        }
        add(&memory, Message::user("The striped zebra drank"), alice(), Some("z"), "zoo").await;
        add(&memory, Message::user("It drank like a camel"), alice(), Some("h"), "home").await;
        let filter = Filter::parse(&json!({ "topic": "home" })).unwrap();
        let reach = Reach { filter: Some(filter), ..Reach::user("alice") };
        let hits = search(&memory, "striped zebra drank", reach, false).await;
        let all = search(&memory, "striped zebra drank", Reach::user("alice"), false).await;
        let alone = all.iter().find(|hit| hit.record.text == hits[0].record.text).unwrap();
        assert_eq!(hits.len(), 1);
        assert!((hits[0].score - alone.score).abs() < 1e-6 && hits[0].score < 0.7, "{}", hits[0].score);
    });
}

#[test]
fn repetitions_do_not_crowd_out_the_rest() {
    block_on(async {
        let memory = Memory::in_process();
        for n in 0..40 {
            let run = alice().with(Axis::Run, format!("r{n}"));
            add(&memory, Message::user("I like coffee"), run, None, "").await;
        }
        let run = alice().with(Axis::Run, "other");
        add(&memory, Message::user("The coffee grinder is broken"), run, None, "").await;
        let hits = search(&memory, "coffee", Reach::user("alice").any_run(), false).await;
        assert_eq!(hits.len(), 2);
        let twins: usize = hits.iter().map(|hit| hit.twins.len()).sum();
        assert_eq!(twins, 39, "nothing is lost by folding");
    });
}

#[test]
fn the_named_speaker_is_one_over_all_partitions() {
    block_on(async {
        let memory = Memory::in_process();
        let org = Scope::new().with(Axis::Org, "acme");
        add(&memory, Message::user("The boat is blue").named("Ann O'Brien"), alice(), None, "").await;
        add(&memory, Message::user("The boat is old").named("Ben"), org.clone(), None, "").await;
        add(&memory, Message::user("The boat is quick").named("Will"), org, None, "").await;
        let reach = || Reach::of(alice().with(Axis::Org, "acme"));
        let speaker = async |question: &str| {
            let hits = search(&memory, question, reach(), true).await;
            let named = hits
                .iter()
                .filter(|hit| hit.explanation.signals.of(edgemem::retrieve::weights::Signal::Speaker) > 0.0);
            named.map(|hit| hit.record.actor.name.clone().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(speaker("what did Ann say of the boat?").await, ["Ann O'Brien"]);
        assert_eq!(speaker("when will Ann O'Brien sell the boat?").await, ["Ann O'Brien"]);
        assert_eq!(speaker("did Ann and Ben buy the boat?").await, Vec::<String>::new());
    });
}

#[test]
fn expired_memories_change_no_score() {
    block_on(async {
        let mut found = Vec::new();
        for expired in [0, 30] {
            let memory = Memory::in_process();
            for text in
                ["I love dogs and hiking", "Tea is nice", "I live in Leeds", "We hike up the mountain"]
            {
                add(&memory, Message::user(text), alice(), Some(text.split(' ').next_back().unwrap()), "")
                    .await;
            }
            for n in 0..expired {
                let options = AddOptions {
                    expires: Some(edgemem::time::Day::from_number(10_000)),
                    conversation: Some("old".into()),
                    ..AddOptions::new(alice())
                };
                memory.add(&[Message::user(format!("mountain tea trip {n}"))], &options).await.unwrap();
            }
            found.push(shown(
                &search(&memory, "hiking in the mountains of Zanzibar", Reach::user("alice"), false).await,
            ));
        }
        assert!(!found[0].is_empty());
        assert_eq!(found[0], found[1]);
    });
}

#[test]
fn a_score_is_its_own_threshold() {
    block_on(async {
        let memory = Memory::in_process();
        for n in 0..7 {
            add(&memory, Message::user(format!("hiking tour {n}")), alice(), None, "").await;
        }
        for hit in search(&memory, "hiking eee", Reach::user("alice"), false).await {
            let shown = f64::from(hit.score);
            let threshold = ((shown * 1e6).round() / 1e6) as f32;
            let options =
                SearchOptions { threshold: Some(threshold), ..SearchOptions::new(Reach::user("alice")) };
            let again = memory.search("hiking eee", &options).await.unwrap().hits;
            assert!(again.iter().any(|it| it.record.id == hit.record.id), "{shown}");
        }
    });
}

#[test]
fn a_question_as_long_as_a_book_is_answered() {
    block_on(async {
        let memory = Memory::in_process();
        add(&memory, Message::user("The boat is blue"), alice(), None, "").await;
        let question = (0..60_000).fold("which boat".to_owned(), |text, n| text + " w" + &n.to_string());
        let hits = search(&memory, &question, Reach::user("alice"), true).await;
        assert_eq!(hits[0].record.text, "The boat is blue");
        assert!(hits[0].explanation.terms.len() <= 256);
    });
}
