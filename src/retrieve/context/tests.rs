use super::*;
use crate::record::{Actor, MemoryId, Metadata, Place, Role};
use crate::scope::Scope;
use crate::time::Timestamp;

/// A memory of Ann's, the `sequence`th of its day's conversation.
fn memory(day: i64, sequence: u32, text: &str) -> Record {
    let at = Timestamp::clamped(day * 86_400_000);
    Record {
        id: MemoryId::from_bits((day as u128) << 32 | u128::from(sequence)),
        scope: Scope::user("u"),
        text: text.into(),
        actor: Actor { role: Role::User, name: Some("Ann".into()) },
        place: Place { conversation: format!("c{day}"), sequence },
        timestamp: at,
        created: at,
        updated: at,
        metadata: Metadata::new(),
        expires: None,
        occurrences: 1,
        retracted: false,
        ..Record::default()
    }
}

fn candidate<'a>(memory: &'a Record, score: f32, before: Option<&'a Record>) -> Candidate<'a> {
    Candidate { memory, score: Some(score), before }
}

fn lines(packed: &Packed) -> Vec<&str> {
    let lines: Vec<&str> = packed.text.lines().collect();
    lines.get(1..lines.len() - 1).unwrap_or_default().to_vec()
}

const NOTHING: &dyn Fn(&str) -> u64 = &|_| 0;

#[test]
fn time_orders_and_days_are_named_once() {
    let (a, b, c) = (memory(2, 1, "third"), memory(1, 0, "first"), memory(2, 0, "second"));
    let packed =
        pack(&[candidate(&a, 1.0, None), candidate(&b, 0.9, None), candidate(&c, 0.8, None)], 100, NOTHING);
    assert_eq!(
        lines(&packed),
        ["[1970-01-02]", "Ann: \"first\"", "[1970-01-03]", "Ann: \"second\"", "Ann: \"third\""]
    );
    assert_eq!((packed.used, packed.dropped), (vec![0, 1, 2], vec![]));
}

#[test]
fn the_shorter_of_two_about_as_good_comes_first() {
    let long = memory(1, 0, &"we spoke about the boat and the weather ".repeat(8));
    let short = memory(2, 0, "The boat is called Ada");
    let pack = |long_score, score| {
        pack(
            &[candidate(&long, long_score, None), Candidate { score, ..candidate(&short, 0.0, None) }],
            105,
            NOTHING,
        )
        .used
    };
    assert_eq!(pack(1.0, Some(0.9)), [0, 1], "an excerpt of the long one fits beside it");
    let tight = |scores: [Option<f32>; 2]| {
        let candidates = [(&long, scores[0]), (&short, scores[1])].map(|(memory, score)| Candidate {
            memory,
            score,
            before: None,
        });
        super::pack(&candidates, 50, NOTHING).used
    };
    assert_eq!(tight([Some(1.0), Some(0.9)]), [1]);
    assert_eq!(tight([Some(1.0), None]), [1], "too long for what there is");
}

#[test]
fn a_long_memory_gives_way_to_others_by_an_excerpt() {
    let filler = "Then we spoke about the weather for a while. ".repeat(20);
    let long = memory(1, 0, &format!("{filler}The boat is called Ada. {filler}"));
    let short = memory(2, 0, "My boat lies in the harbour of Lisbon, where it is warm.");
    let found = |text: &str| u64::from(text.contains("boat"));
    let candidates = [candidate(&long, 1.0, None), candidate(&short, 0.3, None)];
    let packed = pack(&candidates, 200, &found);
    assert_eq!((&packed.used[..], &packed.excerpted[..]), (&[0, 1][..], &[0][..]));
    assert!(lines(&packed)[1].contains("The boat is called Ada."), "{}", packed.text);
    assert!(lines(&packed)[1].starts_with("Ann: \"… "), "{}", packed.text);
    let packed = pack(&candidates, 600, &found);
    assert_eq!(packed.excerpted, [] as [usize; 0], "whole, when the others are in and budget is left");
    assert!(packed.text.contains(filler.trim()));
}

#[test]
fn an_answer_comes_with_its_question() {
    let (question, answer) = (
        memory(1, 0, "When did you move here, Ann?"),
        memory(1, 1, "It was two years ago, before the war began."),
    );
    let other = memory(1, 2, "I painted the kitchen green with my sister on Sunday");
    let packed = pack(
        &[candidate(&answer, 1.0, Some(&question)), candidate(&other, 0.9, Some(&answer))],
        400,
        NOTHING,
    );
    assert_eq!((&packed.used[..], &packed.neighbours[..]), (&[0, 1][..], &[0][..]));
    assert_eq!(lines(&packed)[1], "Ann: \"When did you move here, Ann?\"");
    assert_eq!(lines(&packed).len(), 4, "no memory twice: {}", packed.text);

    let packed = pack(&[candidate(&answer, 1.0, Some(&question))], 199, NOTHING);
    assert_eq!(packed.neighbours, [0], "with what is left");
    let alone = pack(&[candidate(&answer, 1.0, Some(&question))], 45, NOTHING);
    assert_eq!((&alone.used[..], &alone.neighbours[..]), (&[0][..], &[][..]), "{}", alone.text);
}

#[test]
fn what_stands_for_itself_comes_alone() {
    let before = memory(1, 0, "I met Bob in the park with both of his dogs.");
    let question = memory(1, 0, "Who was there?");
    for (text, before, needed) in [
        ("My sister bakes bread every Sunday morning", &before, false),
        ("It barked at everyone who came along the river", &before, true),
        ("…and then everyone went home along the river", &before, true),
        ("Me too", &before, true),
        ("My sister bakes bread every Sunday morning", &question, true),
        ("Itineraries, bread and rivers: everyone went along", &before, false),
    ] {
        let memory = memory(1, 1, text);
        let packed = pack(&[candidate(&memory, 1.0, Some(before))], 400, NOTHING);
        assert_eq!(packed.neighbours.len(), usize::from(needed), "{text}");
    }
}

#[test]
fn a_long_question_is_shown_by_its_end() {
    let question =
        memory(1, 0, &format!("{}Did you go alone?", "We spoke about the weather for a while. ".repeat(20)));
    let answer = memory(1, 1, "Yes");
    let packed = pack(&[candidate(&answer, 1.0, Some(&question))], 1000, NOTHING);
    let shown = lines(&packed)[1];
    assert!(shown.starts_with("Ann: \"… ") && shown.ends_with("Did you go alone?\""), "{shown}");
    assert!(estimate_tokens(shown) <= NEIGHBOUR, "{shown}");
}

#[test]
fn a_question_that_is_a_hit_itself_is_one() {
    let (question, answer) = (memory(1, 0, "When did you move here?"), memory(1, 1, "Two years ago"));
    let packed =
        pack(&[candidate(&answer, 1.0, Some(&question)), candidate(&question, 0.1, None)], 400, NOTHING);
    assert_eq!((&packed.used[..], &packed.neighbours[..]), (&[0, 1][..], &[][..]));
    assert_eq!(lines(&packed).len(), 3);
}

#[test]
fn a_budget_too_small_gives_nothing() {
    let memory = memory(1, 0, "x");
    for budget in [0, 3, 20] {
        let packed = pack(&[candidate(&memory, 1.0, None)], budget, NOTHING);
        assert_eq!(packed, Packed { dropped: vec![0], ..Packed::default() });
    }
    assert_eq!(pack(&[], usize::MAX, NOTHING), Packed::default());
}
