//! Invariants of the engine, on random histories: what is stored where never changes what is found.

use std::collections::BTreeSet;

use edgemem::engine::{Draft, Engine, Limits, Origin, Plan, Query, Sight, partition_name, search};
use edgemem::log::{Change, Operation, Said};
use edgemem::record::{Actor, MemoryId, Metadata, Role};
use edgemem::retrieve::weights::Weights;
use edgemem::scope::{Axis, Scope, View};
use edgemem::time::{Clock, Day, Timestamp};
use edgemem::vector::quantize;
use proptest::prelude::*;

const MODEL: &str = "test/3";

/// One thing that happens on one of two devices.
#[derive(Clone, Debug)]
enum Step {
    Remember {
        text: &'static str,
        /// Another statement of the same message.
        more: Option<&'static str>,
        run: Option<&'static str>,
        name: Option<&'static str>,
        embed: bool,
    },
    Revise {
        nth: usize,
        text: &'static str,
    },
    /// It was said at another minute.
    Date {
        nth: usize,
        minute: i64,
    },
    Retract {
        nth: usize,
    },
}

const TEXTS: [&str; 8] = [
    "I moved to Lisbon",
    "I moved to Porto last week",
    "My sister bakes bread",
    "the bread in Lisbon",
    "Ann likes jazz",
    "jazz, jazz and jazz",
    "学习中文",
    "nothing at all",
];

fn step() -> impl Strategy<Value = Step> {
    let text = prop::sample::select(TEXTS.to_vec());
    prop_oneof![
        4 => (text.clone(), prop::option::of(text.clone()), prop::sample::select(vec![None, Some("r1"), Some("r2")]), prop::sample::select(vec![None, Some("Ann")]), any::<bool>())
            .prop_map(|(text, more, run, name, embed)| Step::Remember { text, more, run, name, embed }),
        1 => (0usize..20, text).prop_map(|(nth, text)| Step::Revise { nth, text }),
        1 => (0usize..20, -9_000i64..9_000).prop_map(|(nth, minute)| Step::Date { nth, minute }),
        1 => (0usize..20).prop_map(|nth| Step::Retract { nth }),
    ]
}

fn name() -> String {
    partition_name(Axis::User, "u")
}

fn engine(limits: Limits) -> Engine {
    Engine::new(&name(), Some(MODEL.into())).with_limits(limits)
}

const NEVER_SEAL: Limits = Limits { documents: u32::MAX, bytes: usize::MAX, fan_out: 8, segment: usize::MAX };
const SEAL_OFTEN: Limits = Limits { documents: 3, bytes: usize::MAX, fan_out: 3, segment: usize::MAX };
/// What is sealed does not fit into one segment.
const SEAL_SMALL: Limits = Limits { documents: 8, bytes: usize::MAX, fan_out: 3, segment: 2_000 };

fn vector(text: &str) -> (String, Vec<i8>, f32) {
    let count = |letter| text.matches(letter).count() as f32 + 0.1;
    let vector = quantize(&[count('a'), count('i'), count('o')]).unwrap();
    (MODEL.into(), vector.codes().to_vec(), vector.scale())
}

/// Plays steps on a device and returns the operations it made. Checkpoints happen as the limits say.
fn play(engine: &mut Engine, clock: &mut Clock, steps: &[Step]) -> Vec<Operation> {
    let mut log = Vec::new();
    let mut ids: Vec<MemoryId> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let now = Timestamp::clamped(1_700_000_000_000 + at as i64 * 60_000);
        let mut plan = Plan::new(engine, clock, now);
        match step {
            Step::Remember { text, more, run, name, embed } => {
                let scope = run.iter().fold(Scope::user("u"), |scope, run| scope.with(Axis::Run, *run));
                let origin = Origin { scope, ..Origin::default() };
                for (text, continues) in [(Some(text), false), (more.as_ref(), true)] {
                    let Some(text) = text else { continue };
                    let draft = Draft {
                        text: (*text).to_owned(),
                        actor: Actor { role: Role::User, name: name.map(str::to_owned) },
                        timestamp: now,
                        continues,
                        vector: embed.then(|| vector(text)),
                        ..Draft::default()
                    };
                    ids.push(plan.remember(&origin, draft).unwrap().id);
                }
            }
            Step::Revise { nth, text } => {
                if let Some(&id) = ids.get(*nth) {
                    let metadata = Metadata::from_iter([("n".to_owned(), (*nth).into())]);
                    let change = Change::Revise {
                        text: Some((*text).to_owned()),
                        metadata: Some(metadata),
                        expires: None,
                        said: None,
                    };
                    if plan.folded(id).unwrap().is_some_and(|folded| !folded.record.retracted) {
                        plan.push(id, change);
                    }
                }
            }
            Step::Date { nth, minute } => {
                if let Some(&id) = ids.get(*nth) {
                    let timestamp = Timestamp::clamped(1_700_000_000_000 + minute * 60_000);
                    let said = Some(Box::new(Said { timestamp, reading: None }));
                    plan.push(id, Change::Revise { text: None, metadata: None, expires: None, said });
                }
            }
            Step::Retract { nth } => {
                if let Some(&id) = ids.get(*nth) {
                    plan.push(id, Change::Retract);
                }
            }
        }
        for operation in plan.finish() {
            engine.apply(&operation.key(), operation.clone()).unwrap();
            log.push(operation);
        }
        let stamp = clock.tick(now);
        if let Some(checkpoint) = engine.checkpoint(stamp, clock.replica()).unwrap() {
            engine.adopt(checkpoint);
        }
    }
    log
}

fn replay(operations: &[Operation], limits: Limits) -> Engine {
    let mut engine = engine(limits);
    let mut clock = Clock::new(99);
    for operation in operations {
        engine.apply(&operation.key(), Operation::decode(&operation.encode()).unwrap()).unwrap();
        let stamp = clock.tick(Timestamp::clamped(1));
        if let Some(checkpoint) = engine.checkpoint(stamp, 99).unwrap() {
            engine.adopt(checkpoint);
        }
    }
    engine
}

/// Everything that can be seen of an engine: all memories, and the results and scores of some questions.
fn observe(engine: &Engine) -> (Vec<String>, Vec<(String, f32)>) {
    observe_with(engine, &[false, true])
}

/// Without vectors: they are derived from texts, and in some orders of arrival one has to be computed again.
fn observe_texts(engine: &Engine) -> (Vec<String>, Vec<(String, f32)>) {
    observe_with(engine, &[false])
}

fn observe_with(engine: &Engine, embedded: &[bool]) -> (Vec<String>, Vec<(String, f32)>) {
    let view = View { scope: Scope::user("u"), any_run: true };
    let sight = Sight { view: Some(view), today: Some(Day::from_number(20_000)), ..Sight::default() };
    let mut memories: Vec<String> = engine
        .list(&sight)
        .unwrap()
        .into_iter()
        .map(|(_, address)| {
            let record = engine.read(address).unwrap();
            format!("{record:?}")
        })
        .collect();
    memories.sort();
    let mut found = Vec::new();
    for text in ["bread in Lisbon", "jazz", "中文", "Ann moved"] {
        for &embedded in embedded {
            let (_, codes, scale) = vector(text);
            let floats: Vec<f32> = codes.iter().map(|&code| f32::from(code) * scale).collect();
            let vector = embedded.then(|| quantize(&floats).unwrap());
            let query = Query {
                text: text.into(),
                vector,
                today: None,
                limit: 50,
                threshold: 0.0,
                weights: Weights::default(),
                explain: true,
            };
            let hits = search(&[engine], &query, &sight).unwrap();
            found.extend(
                hits.into_iter().map(|hit| (format!("{} {}", hit.record.id, hit.record.text), hit.score)),
            );
        }
    }
    (memories, found)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Sealing and merging never change what is seen, and a stored log gives back the same state.
    #[test]
    fn segments_are_invisible(steps in prop::collection::vec(step(), 1..40)) {
        let mut whole = engine(NEVER_SEAL);
        let log = play(&mut whole, &mut Clock::new(1), &steps);
        prop_assert_eq!(observe(&whole), observe(&replay(&log, NEVER_SEAL)));
        prop_assert_eq!(observe(&whole), observe(&replay(&log, SEAL_OFTEN)));
        prop_assert_eq!(observe(&whole), observe(&replay(&log, SEAL_SMALL)));
    }

    /// Two devices that exchange their logs in any order, with repetitions, agree, also with a third that
    /// sealed some of it in between.
    #[test]
    fn merging_converges(
        (log, shuffled) in (prop::collection::vec(step(), 1..20), prop::collection::vec(step(), 1..20))
            .prop_map(|(one, two)| {
                let mut log = play(&mut engine(NEVER_SEAL), &mut Clock::new(1), &one);
                log.extend(play(&mut engine(NEVER_SEAL), &mut Clock::new(2), &two));
                log
            })
            .prop_flat_map(|log| {
                let twice = [log.clone(), log.clone()].concat();
                (Just(log), Just(twice).prop_shuffle())
            })
    ) {
        let expected = observe_texts(&replay(&log, NEVER_SEAL));
        prop_assert_eq!(&observe_texts(&replay(&shuffled, NEVER_SEAL)), &expected);
        prop_assert_eq!(&observe_texts(&replay(&shuffled, SEAL_OFTEN)), &expected);
        prop_assert_eq!(&observe_texts(&replay(&shuffled, SEAL_SMALL)), &expected);
    }

    /// Blobs mounted in any order, with part of the log beside them, give the same state.
    #[test]
    fn mounting_order_does_not_matter(steps in prop::collection::vec(step(), 8..40), reversed: bool) {
        let mut device = engine(SEAL_OFTEN);
        let mut clock = Clock::new(1);
        let mut blobs: Vec<(String, Vec<u8>)> = Vec::new();
        let mut log: Vec<Operation> = Vec::new();
        for (at, chunk) in steps.chunks(4).enumerate() {
            let made = play(&mut device.with_limits(NEVER_SEAL), &mut clock, chunk);
            log.extend(made);
            let limits = Limits { documents: 1, ..if reversed { SEAL_OFTEN } else { SEAL_SMALL } };
            device = replay(&log, NEVER_SEAL).with_limits(limits);
            if let Some(checkpoint) = device.checkpoint(clock.tick(Timestamp::clamped(at as i64)), 1).unwrap() {
                blobs.extend(checkpoint.put.iter().cloned());
            }
        }
        let expected = observe_texts(&replay(&log, NEVER_SEAL));
        if reversed {
            blobs.reverse();
        }
        let mut other = engine(NEVER_SEAL);
        let (vectors, segments): (Vec<_>, Vec<_>) = blobs.into_iter().partition(|(name, _)| name.starts_with("v-"));
        for (name, bytes) in segments {
            let stored = vectors.iter().find(|(vectors, _)| vectors[1..] == name[1..]);
            let stored = stored.map(|(name, bytes)| {
                edgemem::index::vectors::StoredVectors::decode(name.clone(), bytes).unwrap()
            });
            other.mount(&name, bytes, stored).unwrap();
        }
        for operation in &log {
            other.apply(&operation.key(), operation.clone()).unwrap();
        }
        prop_assert_eq!(observe_texts(&other), expected);
    }
}

proptest! {
    /// Operations that are taken in together leave what they leave one by one, however they are cut into commits.
    #[test]
    fn what_is_taken_in_together_is_what_is_taken_in_singly(steps in prop::collection::vec(step(), 1..40), size in 1usize..20) {
        let mut device = engine(NEVER_SEAL);
        let log = play(&mut device, &mut Clock::new(1), &steps);
        let mut together = engine(NEVER_SEAL);
        for commit in log.chunks(size) {
            together.apply_all(commit.iter().map(|it| (it.key(), it.clone())).collect()).unwrap();
        }
        // Once more, as a log that is read again: nothing happens twice.
        together.apply_all(log.iter().map(|it| (it.key(), it.clone())).collect()).unwrap();
        prop_assert_eq!(observe_texts(&together), observe_texts(&replay(&log, NEVER_SEAL)));
    }
}

/// What one plan makes of the same statements, said again and again between others, is what a plan for each makes.
#[test]
fn the_same_is_said_often_in_one_plan() {
    let said = |engine: &mut Engine, each: bool| {
        let mut clock = Clock::new(1);
        let texts: Vec<&str> = (0..60).map(|at| TEXTS[at * at % 5]).collect();
        for call in texts.chunks(if each { 1 } else { texts.len() }) {
            let mut plan = Plan::new(engine, &mut clock, Timestamp::clamped(1_700_000_000_000));
            for text in call {
                let draft = Draft { text: (*text).to_owned(), ..Draft::default() };
                plan.remember(&Origin { scope: Scope::user("u"), ..Origin::default() }, draft).unwrap();
            }
            let operations = plan.finish();
            engine.apply_all(operations.into_iter().map(|it| (it.key(), it)).collect()).unwrap();
        }
    };
    let [mut once, mut often] = [engine(NEVER_SEAL), engine(NEVER_SEAL)];
    said(&mut once, false);
    said(&mut often, true);
    assert_eq!(observe_texts(&once), observe_texts(&often));
    assert_eq!(once.size().memories, 3);
}

/// To open a partition is to index its head and to read its segments, so both stay few, however it was filled.
#[test]
fn what_has_to_be_opened_stays_little() {
    let limits = Limits { documents: 10, fan_out: 8, ..Limits::default() };
    for batch in [1, 7, 150] {
        let mut engine = engine(limits);
        let mut clock = Clock::new(1);
        for from in (0..1_500).step_by(batch) {
            let mut plan = Plan::new(&mut engine, &mut clock, Timestamp::clamped(1_700_000_000_000));
            for number in from..from + batch {
                let draft = Draft { text: format!("Statement {number} of many"), ..Draft::default() };
                plan.remember(&Origin { scope: Scope::user("u"), ..Origin::default() }, draft).unwrap();
            }
            let operations = plan.finish();
            operations.into_iter().for_each(|it| engine.apply(&it.key(), it).unwrap());
            let stamp = clock.tick(Timestamp::clamped(1));
            if let Some(checkpoint) = engine.checkpoint(stamp, 1).unwrap() {
                engine.adopt(checkpoint);
            }
            let size = engine.size();
            let sealed = size.memories - size.entries;
            // A thirty-second part of what is sealed, but no less than a head, and no more than eight of them.
            assert!(size.entries < (sealed / 32).clamp(10, 80), "{batch}: {size:?}");
            let most = if size.memories <= 80 { 1 } else { 12 };
            assert!(size.segments <= most, "{batch}: {size:?}");
        }
    }
}

/// No segment becomes larger than its limit: not where much is said at once, not by merging, not by what many removals leave
/// to be written anew.
#[test]
fn segments_stay_small() {
    let limits = Limits { documents: 20, bytes: usize::MAX, fan_out: 3, segment: 30_000 };
    let mut engine = engine(limits);
    let mut clock = Clock::new(1);
    let mut largest = 0;
    let mut seal = |engine: &mut Engine, clock: &mut Clock| {
        let stamp = clock.tick(Timestamp::clamped(1));
        if let Some(checkpoint) = engine.checkpoint(stamp, 1).unwrap() {
            largest = checkpoint.put.iter().fold(largest, |most, (_, bytes)| most.max(bytes.len()));
            let mut names: Vec<&String> = checkpoint.put.iter().map(|(name, _)| name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), checkpoint.put.len());
            engine.adopt(checkpoint);
        }
    };
    let mut ids = Vec::new();
    for batch in [2_000].into_iter().chain([10; 200]) {
        let mut plan = Plan::new(&mut engine, &mut clock, Timestamp::clamped(1_700_000_000_000));
        for _ in 0..batch {
            let text = format!("Statement {} of many, with a few words more", ids.len());
            let draft = Draft { vector: Some(vector(&text)), text, ..Draft::default() };
            ids.push(
                plan.remember(&Origin { scope: Scope::user("u"), ..Origin::default() }, draft).unwrap().id,
            );
        }
        let operations = plan.finish();
        operations.into_iter().for_each(|it| engine.apply(&it.key(), it).unwrap());
        seal(&mut engine, &mut clock);
    }
    let count = engine.size().segments;
    assert!(count > 10, "{count}");
    for chunk in ids.chunks(100) {
        let mut plan = Plan::new(&mut engine, &mut clock, Timestamp::clamped(1_700_000_001_000));
        for id in chunk.iter().skip(30) {
            plan.push(*id, Change::Retract);
        }
        let operations = plan.finish();
        operations.into_iter().for_each(|it| engine.apply(&it.key(), it).unwrap());
        seal(&mut engine, &mut clock);
    }
    assert_eq!(engine.size().memories, 40 * 30);
    assert!(largest < 40_000, "{largest}");
    assert!(largest > 15_000, "{largest}");
}

/// A memory of a random scope.
fn scope() -> impl Strategy<Value = Scope> {
    let id = |names: [&'static str; 2]| prop::option::of(prop::sample::select(names.to_vec()));
    (id(["u1", "u2"]), id(["a1", "a2"]), id(["r1", "r2"]), id(["p1", "p2"]), id(["o1", "o2"])).prop_map(
        |(user, agent, run, app, org)| {
            let ids = [
                (Axis::User, user),
                (Axis::Agent, agent),
                (Axis::Run, run),
                (Axis::App, app),
                (Axis::Org, org),
            ];
            ids.into_iter().fold(Scope::new(), |scope, (axis, id)| match id {
                Some(id) => scope.with(axis, id),
                None => scope,
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Through the whole façade: a read returns exactly the memories whose every id is named by the request,
    /// whichever partitions they live in.
    #[test]
    fn no_result_comes_from_outside_the_scope(
        writes in prop::collection::vec(scope(), 1..14),
        request in scope(),
        any_run: bool,
    ) {
        use edgemem::{AddOptions, ListOptions, Memory, Message, Reach, SearchOptions};
        prop_assume!(!request.is_empty());
        futures_executor::block_on(async {
            let memory = Memory::in_process();
            let mut expected = BTreeSet::new();
            for (number, scope) in writes.iter().enumerate() {
                let text = format!("secret number {number}");
                let added = memory.add(&[Message::user(&text)], &AddOptions::new(scope.clone())).await;
                prop_assert_eq!(added.is_ok(), !scope.is_empty());
                let open_run = any_run && scope.ids().any(|(axis, _)| axis != Axis::Run);
                let named = scope.ids().all(|(axis, id)| {
                    request.get(axis) == Some(id) || axis == Axis::Run && open_run
                });
                if !scope.is_empty() && named {
                    expected.insert(text);
                }
            }
            let reach = Reach { scope: request.clone(), any_run, ..Reach::default() };
            let list = ListOptions { limit: 100, ..ListOptions::new(reach.clone()) };
            let listed: BTreeSet<String> =
                memory.get_all(&list).await.unwrap().into_iter().map(|memory| memory.record.text).collect();
            prop_assert_eq!(&listed, &expected);
            let search = SearchOptions { top_k: 100, threshold: Some(0.0), ..SearchOptions::new(reach) };
            let found = memory.search("secret number", &search).await.unwrap();
            let found: BTreeSet<String> = found.hits.into_iter().map(|hit| hit.record.text).collect();
            prop_assert_eq!(&found, &expected);
            Ok(())
        })?;
    }
}
