//! What a context shows around what was found: only what the request may see, whatever order things were loaded in.

use edgemem::engine::{Draft, Engine, Origin, Plan, Query, Sight, partition_name, search};
use edgemem::index::filter::Filter;
use edgemem::record::{Actor, Role};
use edgemem::retrieve::context::{Candidate, pack};
use edgemem::retrieve::weights::Weights;
use edgemem::scope::{Axis, Scope};
use edgemem::time::{Clock, Day, Timestamp};
use edgemem::{AddOptions, Memory, Message, Reach, SearchOptions};
use futures_executor::block_on;
use proptest::prelude::*;
use serde_json::json;

const QUESTION: &str = "When did you move to Lisbon?";
const ANSWER: &str = "Two years ago, before the war.";

fn at(day: i64) -> Option<Timestamp> {
    Some(Timestamp::clamped((19_000 + day) * 86_400_000))
}

async fn add(memory: &Memory, text: &str, scope: Scope, change: impl FnOnce(&mut AddOptions)) -> String {
    let mut options = AddOptions {
        conversation: Some("c".into()),
        timestamp: at(0),
        infer: false,
        ..AddOptions::new(scope)
    };
    change(&mut options);
    memory.add(&[Message::user(text)], &options).await.unwrap()[0].id.to_string()
}

/// The neighbours in the context of "war", of which only the best hit is packed: the answer.
async fn neighbours(memory: &Memory, reach: Reach) -> Vec<String> {
    let context = memory
        .context("the war", &SearchOptions { top_k: 1, ..SearchOptions::new(reach) }, 1000)
        .await
        .unwrap();
    assert!(context.packed.text.contains(ANSWER), "{}", context.packed.text);
    for (hit, before) in &context.neighbours {
        assert!(context.hits.iter().any(|it| it.record.id == *hit));
        assert!(context.packed.text.contains(&before.text));
    }
    assert_eq!(
        context.packed.text.contains(QUESTION),
        context.neighbours.iter().any(|(_, it)| it.text == QUESTION)
    );
    context.neighbours.into_iter().map(|(_, before)| before.text).collect()
}

#[test]
fn a_neighbour_is_what_the_request_may_see() {
    block_on(async {
        let user = Scope::user("u");
        let in_run = user.clone().with(Axis::Run, "r");
        let reach = || Reach::user("u");
        let by_filter = |filter| Reach { filter: Some(Filter::parse(&filter).unwrap()), ..Reach::user("u") };

        let memory = Memory::in_process();
        let question = add(&memory, QUESTION, user.clone(), |it| {
            drop(it.metadata.insert("topic".into(), json!("move")))
        })
        .await;
        add(&memory, ANSWER, user.clone(), |it| drop(it.metadata.insert("topic".into(), json!("war")))).await;
        assert_eq!(neighbours(&memory, reach()).await, [QUESTION]);
        assert_eq!(
            neighbours(&memory, by_filter(json!({ "topic": { "in": ["move", "war"] } }))).await,
            [QUESTION]
        );
        assert!(
            neighbours(&memory, by_filter(json!({ "topic": "war" }))).await.is_empty(),
            "the filter hides it"
        );
        memory.delete(&question).await.unwrap();
        assert!(neighbours(&memory, reach()).await.is_empty(), "deleted");

        let memory = Memory::in_process();
        add(&memory, QUESTION, in_run, |_| ()).await;
        add(&memory, ANSWER, user.clone(), |_| ()).await;
        assert!(neighbours(&memory, reach()).await.is_empty(), "it belongs to a run");
        assert!(neighbours(&memory, reach().any_run()).await.is_empty(), "turns are counted by scope");

        let memory = Memory::in_process();
        add(&memory, QUESTION, user.clone(), |it| it.expires = Some(Day::from_number(19_001))).await;
        add(&memory, ANSWER, user.clone(), |_| ()).await;
        assert!(neighbours(&memory, reach()).await.is_empty(), "expired");
        assert_eq!(neighbours(&memory, Reach { show_expired: true, ..reach() }).await, [QUESTION]);

        let memory = Memory::in_process();
        add(&memory, QUESTION, user.clone(), |_| ()).await;
        let between = add(&memory, "Let me think.", user.clone(), |_| ()).await;
        add(&memory, ANSWER, user.clone(), |_| ()).await;
        memory.delete(&between).await.unwrap();
        assert!(neighbours(&memory, reach()).await.is_empty(), "it does not answer what was said earlier");

        let memory = Memory::in_process();
        add(&memory, QUESTION, user.clone(), |_| ()).await;
        add(&memory, ANSWER, user, |it| it.conversation = Some("d".into())).await;
        assert!(neighbours(&memory, reach()).await.is_empty(), "another conversation");
    });
}

const SAID: [&str; 6] = [
    "Where is the boat?",
    "In the harbour",
    "It is called Ada, after my sister.",
    "The harbour of Lisbon is wide",
    "Yes!",
    "Is your sister in Lisbon?",
];

/// Partitions in which these statements were made, as (partition, statement, day).
fn engines(said: &[(usize, usize, i64)]) -> Vec<Engine> {
    let mut engines: Vec<Engine> =
        ["a", "b"].map(|user| Engine::new(&partition_name(Axis::User, user), None)).into();
    let mut clock = Clock::new(7);
    for &(partition, statement, day) in said {
        let engine = &mut engines[partition];
        let timestamp = at(day).unwrap();
        let mut plan = Plan::new(engine, &mut clock, timestamp);
        let scope = Scope::user(["a", "b"][partition]);
        let origin = Origin { scope, conversation: Some("c".into()), ..Origin::default() };
        let actor = Actor { role: Role::User, name: None };
        plan.remember(&origin, Draft { text: SAID[statement].into(), actor, timestamp, ..Draft::default() })
            .unwrap();
        for operation in plan.finish() {
            engine.apply(&operation.key(), operation.clone()).unwrap();
        }
    }
    engines
}

fn block(engines: &[&Engine], budget: usize) -> String {
    let sight = Sight::default();
    let query = Query {
        text: "where is the sister's boat in the harbour of Lisbon".into(),
        vector: None,
        today: None,
        limit: 50,
        threshold: 0.0,
        weights: Weights::default(),
        explain: false,
    };
    let hits = search(engines, &query, &sight).unwrap();
    let before: Vec<_> = hits
        .iter()
        .map(|hit| {
            engines.iter().find_map(|engine| {
                let found = engine.preceding(&[hit.record.id], &sight).unwrap();
                found.into_iter().next().map(|(_, before)| before)
            })
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = hits
        .iter()
        .zip(&before)
        .map(|(hit, before)| Candidate {
            memory: &hit.record,
            score: Some(hit.score),
            before: before.as_ref(),
        })
        .collect();
    pack(&candidates, budget, &|_| 0).text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_partitions_changes_nothing(
        said in prop::collection::vec((0usize..2, 0..SAID.len(), 0i64..3), 1..12),
        budget in 30usize..400,
    ) {
        let engines = engines(&said);
        prop_assert_eq!(block(&[&engines[0], &engines[1]], budget), block(&[&engines[1], &engines[0]], budget));
    }
}
