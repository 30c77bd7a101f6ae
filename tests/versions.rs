//! Which memories hold, when, and what contradicts them: cases over one profile, and invariants on random histories.

use edgemem::engine::{Draft, Engine, Limits, Origin, Plan, Shown, Sight, partition_name};
use edgemem::knowledge::{self, Closing, Fact, Note};
use edgemem::log::{Change, Operation};
use edgemem::record::{Actor, MemoryId, Role};
use edgemem::scope::{Axis, Scope, View};
use edgemem::time::{Clock, Timestamp};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// What someone said: when, who, and the fact in it as `slot=object`, `slot-object` (no longer) or `slot~object`
/// (a correction).
fn draft(said: &str, speaker: &str, text: &str, fact: &str) -> Draft {
    let split = fact.find(['=', '-', '~']);
    let facts = split.map(|split| Fact {
        subject: "Ana".into(),
        predicate: "is".into(),
        slot: Some(fact[..split].into()),
        object: fact[split + 1..].into(),
        ended: &fact[split..split + 1] == "-",
        corrects: &fact[split..split + 1] == "~",
        ..Fact::default()
    });
    Draft {
        text: text.into(),
        actor: Actor { role: Role::User, name: Some(speaker.into()) },
        timestamp: at(said),
        note: Note {
            origin: knowledge::Origin::Rules,
            whole: true,
            facts: facts.into_iter().collect(),
            ..Note::default()
        },
        ..Draft::default()
    }
}

/// A device: an engine, its clock and its log.
struct Device {
    engine: Engine,
    clock: Clock,
    now: Timestamp,
}

impl Device {
    fn new(replica: u64, limits: Limits) -> Device {
        let engine = Engine::new(&partition_name(Axis::User, "u"), None).with_limits(limits);
        Device { engine, clock: Clock::new(replica), now: at("2026-01-01") }
    }

    fn write<T>(&mut self, plan: impl FnOnce(&mut Plan<'_>) -> T) -> (T, Vec<Operation>) {
        let mut planned = Plan::new(&mut self.engine, &mut self.clock, self.now);
        let value = plan(&mut planned);
        let operations = planned.finish();
        self.take(&operations);
        (value, operations)
    }

    fn take(&mut self, operations: &[Operation]) {
        for operation in operations {
            self.engine.apply(&operation.key(), operation.clone()).unwrap();
        }
        let stamp = self.clock.tick(self.now);
        if let Some(checkpoint) = self.engine.checkpoint(stamp, self.clock.replica()).unwrap() {
            self.engine.adopt(checkpoint);
        }
    }

    fn say(&mut self, scope: &Scope, draft: Draft) -> (MemoryId, Vec<Operation>) {
        let origin = Origin { scope: scope.clone(), ..Origin::default() };
        self.write(|plan| plan.remember(&origin, draft).unwrap().id)
    }
}

fn shown(engine: &Engine, shown: Shown, scope: Scope) -> Vec<String> {
    let sight = Sight { view: Some(View { scope, any_run: true }), shown, ..Sight::default() };
    let found = engine.list(&sight).unwrap();
    found.into_iter().map(|(_, address)| engine.read(address).unwrap().text).collect()
}

const NEVER_SEAL: Limits = Limits { documents: u32::MAX, bytes: usize::MAX, fan_out: 8, segment: usize::MAX };
const SEAL_OFTEN: Limits = Limits { documents: 2, bytes: usize::MAX, fan_out: 3, segment: usize::MAX };

/// Statements in the order in which they are learnt, and what is shown of them now and at times in the past.
#[test]
fn the_newest_of_a_slot_holds() {
    let now = "2026-01-01";
    type Said = (&'static str, &'static str, &'static str, &'static str);
    /// What it is about, what is said, and what is shown at which times.
    type Case<'a> = (&'a str, &'a [Said], &'a [(&'a str, &'a str)]);
    let cases: &[Case<'_>] = &[
        (
            "a chain",
            &[
                ("2020-01-01", "Ana", "a", "home=Berlin"),
                ("2021-01-01", "Ana", "b", "home=Lisbon"),
                ("2022-01-01", "Ana", "c", "home=Porto"),
            ],
            &[(now, "c"), ("2021-06-01", "b"), ("2020-06-01", "a"), ("2019-01-01", "")],
        ),
        (
            "learnt in another order",
            &[
                ("2022-01-01", "Ana", "c", "home=Porto"),
                ("2020-01-01", "Ana", "a", "home=Berlin"),
                ("2021-01-01", "Ana", "b", "home=Lisbon"),
            ],
            &[(now, "c"), ("2021-06-01", "b"), ("2020-06-01", "a")],
        ),
        (
            "said again: both hold, and what was in between does not",
            &[
                ("2020-01-01", "Ana", "a", "home=Berlin"),
                ("2021-01-01", "Ana", "b", "home=Lisbon"),
                ("2022-01-01", "Ana", "c", "home=berlin"),
                ("2023-01-01", "Ana", "d", "home=Berlin"),
            ],
            &[(now, "c d"), ("2021-06-01", "b")],
        ),
        (
            "no longer",
            &[
                ("2020-01-01", "Ana", "a", "employer=Acme"),
                ("2021-01-01", "Ana", "b", "employer-Acme"),
                ("2021-02-01", "Ana", "c", "pet=Rex"),
            ],
            &[(now, "b c"), ("2020-06-01", "a")],
        ),
        (
            "no longer something else",
            &[("2020-01-01", "Ana", "a", "employer=Acme"), ("2021-01-01", "Ana", "b", "employer-Initech")],
            &[(now, "a b")],
        ),
        (
            "a correction: it never was so",
            &[("2020-01-01", "Ana", "a", "home=Lisbon"), ("2020-01-02", "Ana", "b", "home~Porto")],
            &[(now, "b"), ("2020-01-01T12:00:00Z", "")],
        ),
        (
            "others know less of Ana than she does",
            &[("2020-01-01", "Ana", "a", "home=Lisbon"), ("2021-01-01", "Ben", "b", "home=Rome")],
            &[(now, "a b")],
        ),
        (
            "no slot, no end",
            &[("2020-01-01", "Ana", "a", ""), ("2021-01-01", "Ana", "b", "")],
            &[(now, "a b")],
        ),
    ];
    for limits in [NEVER_SEAL, SEAL_OFTEN] {
        for (name, said, expected) in cases {
            let mut device = Device::new(1, limits);
            for (time, speaker, text, fact) in *said {
                device.say(&Scope::user("u"), draft(time, speaker, text, fact));
            }
            for (time, texts) in *expected {
                let mode = if *time == now { Shown::Current(at(time)) } else { Shown::At(at(time)) };
                let mut found = shown(&device.engine, mode, Scope::user("u"));
                found.sort();
                assert_eq!(found.join(" "), *texts, "{name} at {time}");
            }
            assert_eq!(
                shown(&device.engine, Shown::Everything, Scope::user("u")).len(),
                said.len(),
                "{name}"
            );
        }
    }
}

#[test]
fn a_time_of_learning_shows_what_was_known_then() {
    let mut device = Device::new(1, SEAL_OFTEN);
    let user = Scope::user("u");
    device.now = at("2025-01-01");
    let (first, _) = device.say(&user, draft("2020-01-01", "Ana", "old", "home=Berlin"));
    device.now = at("2025-02-01");
    device.say(&user, draft("2021-01-01", "Ana", "new", "home=Lisbon"));
    device.now = at("2025-03-01");
    device.write(|plan| {
        let text = Some("revised".into());
        plan.push(first, Change::Revise { text, metadata: None, expires: None, said: None })
    });
    let known = |time: &str| {
        let past = device.engine.known_at(at(time)).unwrap();
        shown(&past, Shown::Current(at(time)), user.clone()).join(" ")
    };
    assert_eq!(known("2024-12-31"), "");
    assert_eq!(known("2025-01-15"), "old");
    assert_eq!(known("2025-02-15"), "new");
    let past = device.engine.known_at(at("2025-02-15")).unwrap();
    assert_eq!(shown(&past, Shown::Everything, user.clone()).join(" "), "old new");
    assert_eq!(shown(&device.engine, Shown::Everything, user).join(" "), "revised new");
}

#[test]
fn decisions_close_as_long_as_what_took_the_place_is_there() {
    let mut device = Device::new(1, NEVER_SEAL);
    let user = Scope::user("u");
    let (old, _) = device.say(&user, draft("2020-01-01", "Ana", "old", ""));
    let (new, _) = device.say(&user, draft("2021-01-01", "Ana", "new", ""));
    let close = Change::Close { why: Closing::Superseded, at: at("2021-01-01"), by: new };
    device.write(|plan| plan.push(old, close));
    let now = Shown::Current(at("2026-01-01"));
    assert_eq!(shown(&device.engine, now, user.clone()), ["new"]);
    assert_eq!(shown(&device.engine, Shown::At(at("2020-06-01")), user.clone()), ["old"]);
    let record = device.engine.get(old).unwrap().unwrap().record;
    let standing = device.engine.standing(&record, &Sight::default()).unwrap();
    assert_eq!((standing.superseded_by, standing.until), (Some(new), Some(at("2021-01-01"))));
    device.write(|plan| plan.push(new, Change::Retract));
    assert_eq!(shown(&device.engine, now, user.clone()), ["old"]);
    device.write(|plan| plan.push(old, Change::Reopen));
    assert_eq!(device.engine.get(old).unwrap().unwrap().record.closed, None);
}

#[test]
fn contradictions_that_nothing_decides_are_told() {
    let mut device = Device::new(1, NEVER_SEAL);
    let user = Scope::user("u");
    device.say(&user, draft("2020-01-01", "Ana", "a", "home=Lisbon"));
    device.say(&user, draft("2021-01-01", "Ben", "b", "home=Rome"));
    device.say(&user, draft("2021-01-01", "Ana", "c", "diet=vegan"));
    let found = device.engine.conflicts(&Sight::default()).unwrap();
    let told: Vec<_> =
        found.iter().map(|it| (it.subject.as_str(), it.slot.as_str(), it.memories.len())).collect();
    assert_eq!(told, [("Ana", "home", 2)]);
}

#[test]
fn what_a_request_may_not_see_closes_nothing() {
    let mut device = Device::new(1, NEVER_SEAL);
    let user = Scope::user("u");
    device.say(&user, draft("2020-01-01", "Ana", "mine", "home=Lisbon"));
    device.say(&user.clone().with(Axis::Run, "r"), draft("2021-01-01", "Ana", "hidden", "home=Rome"));
    let sight = Sight {
        view: Some(View { scope: user, any_run: false }),
        shown: Shown::Current(at("2026-01-01")),
        ..Sight::default()
    };
    let found = device.engine.list(&sight).unwrap();
    assert_eq!(found.len(), 1);
    let record = device.engine.read(found[0].1).unwrap();
    assert_eq!(record.text, "mine");
    assert_eq!(device.engine.standing(&record, &sight).unwrap().superseded_by, None);
}

fn facts() -> impl Strategy<Value = (usize, &'static str, &'static str, bool)> {
    let fact = prop::sample::select(vec!["home=A", "home=B", "home=C", "home-A", "home~C", "job=A", ""]);
    let speaker = prop::sample::select(vec!["Ana", "Ben"]);
    (0usize..6, speaker, fact, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What holds follows from the memories that are there, not from the order in which they came, nor from where
    /// they are stored.
    #[test]
    fn order_and_place_do_not_matter(said in prop::collection::vec(facts(), 1..10), shuffle in any::<u64>()) {
        let mut first = Device::new(1, NEVER_SEAL);
        let mut log = Vec::new();
        for (number, (year, speaker, fact, delete)) in said.iter().enumerate() {
            let time = format!("20{:02}-01-01", year + 10);
            let (id, operations) =
                first.say(&Scope::user("u"), draft(&time, speaker, &format!("m{number}"), fact));
            log.extend(operations);
            if *delete && number % 3 == 0 {
                log.extend(first.write(|plan| plan.push(id, Change::Retract)).1);
            }
        }
        let mut shuffled = log.clone();
        let mut state = shuffle;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        let mut second = Device::new(2, SEAL_OFTEN);
        for operation in &shuffled {
            second.take(std::slice::from_ref(operation));
        }
        for mode in [Shown::Everything, Shown::Current(at("2026-01-01")), Shown::At(at("2012-06-01"))] {
            prop_assert_eq!(
                shown(&first.engine, mode, Scope::user("u")),
                shown(&second.engine, mode, Scope::user("u"))
            );
        }
        prop_assert_eq!(
            first.engine.conflicts(&Sight::default()).unwrap(),
            second.engine.conflicts(&Sight::default()).unwrap()
        );
    }
}
