//! Search over places that only exchange messages finds what one search over all of them finds, to the last bit.

use std::rc::Rc;

use edgemem::bytes::{Reader, Writer};
use edgemem::engine::{
    Asker, Draft, Engine, Hit, Levels, Limits, Offers, Origin, Plan, Query, Shared, Shown, Sight, Survey,
    levels, offers, partition_name, read_list, read_question, search, survey, write_list, write_question,
};
use edgemem::index::filter::Filter;
use edgemem::index::meanings::Meanings;
use edgemem::log::{Change, Operation};
use edgemem::record::{Actor, Record, Role};
use edgemem::retrieve::question::Question;
use edgemem::retrieve::weights::Weights;
use edgemem::scope::{Axis, Scope, View};
use edgemem::text::Analyzer;
use edgemem::time::{Clock, Timestamp};
use edgemem::vector::{TokenTable, quantize};
use proptest::prelude::*;

const MODEL: &str = "test/3";
const START: i64 = 1_700_000_000_000;

const TEXTS: [&str; 12] = [
    "I moved to Lisbon",
    "I moved to Porto last week",
    "My sister bakes bread every Sunday",
    "the bread in Lisbon is good, isn't it?",
    "Ann likes jazz",
    "jazz, jazz and jazz",
    "We adopted a puppy and a kitten",
    "Where did you walk the dog?",
    "学习中文",
    "die Katzen schlafen gern",
    "You said that the flight leaves on May 3, 2023",
    "nothing at all",
];

const QUESTIONS: [&str; 8] = [
    "bread in Lisbon",
    "jazz",
    "中文",
    "what does Ann like",
    "which pets are there",
    "when did we fly? you told me in May 2023",
    "Katze",
    "zzz",
];

#[derive(Clone, Debug)]
struct Said {
    text: &'static str,
    more: Option<&'static str>,
    conversation: u8,
    name: Option<&'static str>,
    assistant: bool,
    run: bool,
    embed: bool,
    deleted: bool,
    minutes: i64,
}

fn said() -> impl Strategy<Value = Said> {
    let text = prop::sample::select(TEXTS.to_vec());
    let name = prop::sample::select(vec![None, None, Some("Ann"), Some("Bob Stone")]);
    let flags = (any::<bool>(), prop::bool::weighted(0.2), any::<bool>(), prop::bool::weighted(0.1));
    (text.clone(), prop::option::weighted(0.3, text), 0u8..6, name, flags, 0i64..9_000).prop_map(
        |(text, more, conversation, name, (assistant, run, embed, deleted), minutes)| Said {
            text,
            more,
            conversation,
            name,
            assistant,
            run,
            embed,
            deleted,
            minutes,
        },
    )
}

/// What a search is asked with.
#[derive(Clone, Debug)]
struct Ask {
    question: &'static str,
    vector: bool,
    limit: usize,
    threshold: f32,
    shown: u8,
    filtered: bool,
    any_run: bool,
    plain: bool,
}

fn ask() -> impl Strategy<Value = Ask> {
    let question = prop::sample::select(QUESTIONS.to_vec());
    let threshold = prop::sample::select(vec![0.0f32, 0.22, 0.6]);
    let flags = (any::<bool>(), prop::bool::weighted(0.3), any::<bool>(), prop::bool::weighted(0.2));
    (question, 0usize..12, threshold, 0u8..3, flags).prop_map(
        |(question, limit, threshold, shown, (vector, filtered, any_run, plain))| Ask {
            question,
            vector,
            limit,
            threshold,
            shown,
            filtered,
            any_run,
            plain,
        },
    )
}

thread_local! {
    static MEANINGS: Rc<Meanings> = {
        let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/tokens/edgemem-tokens.bin"));
        let table = TokenTable::decode(bytes.unwrap()).unwrap();
        Rc::new(Meanings::of(Rc::new(table), &Analyzer::default()))
    };
}

fn vector(text: &str) -> edgemem::vector::Quantized {
    let count = |letter| text.matches(letter).count() as f32 + 0.1;
    quantize(&[count('a'), count('i'), count('o')]).unwrap()
}

fn engine(table: bool, limits: Limits) -> Engine {
    let name = partition_name(Axis::Org, "acme");
    let mut engine = Engine::new(&name, Some(MODEL.into())).with_limits(limits);
    if table {
        MEANINGS.with(|meanings| engine.attach(Rc::clone(meanings), false)).unwrap();
    }
    engine
}

/// Everything that is said, as operations of one partition.
fn history(all: &[Said], table: bool) -> (Engine, Vec<Operation>) {
    let mut whole = engine(table, Limits::default());
    let mut clock = Clock::new(1);
    let mut log = Vec::new();
    for (at, said) in all.iter().enumerate() {
        let now = Timestamp::clamped(START + at as i64 * 1_000);
        let mut plan = Plan::new(&mut whole, &mut clock, now);
        let scope = Scope::new().with(Axis::Org, "acme");
        let scope = if said.run { scope.with(Axis::Run, "r1") } else { scope };
        let conversation = Some(format!("c{}", said.conversation));
        let origin = Origin { scope, conversation, ..Origin::default() };
        let role = if said.assistant { Role::Assistant } else { Role::User };
        for (text, continues) in [(Some(said.text), false), (said.more, true)] {
            let Some(text) = text else { continue };
            let embedded = vector(text);
            let draft = Draft {
                text: text.to_owned(),
                actor: Actor { role, name: said.name.map(str::to_owned) },
                timestamp: Timestamp::clamped(START + said.minutes * 60_000),
                continues,
                vector: said.embed.then(|| (MODEL.into(), embedded.codes().to_vec(), embedded.scale())),
                ..Draft::default()
            };
            let id = plan.remember(&origin, draft).unwrap().id;
            if said.deleted && plan.folded(id).unwrap().is_some_and(|it| !it.record.retracted) {
                plan.push(id, Change::Retract);
            }
        }
        for operation in plan.finish() {
            whole.apply(&operation.key(), operation.clone()).unwrap();
            log.push(operation);
        }
    }
    (whole, log)
}

/// The same operations, each memory in the part that its conversation belongs to.
fn spread(whole: &Engine, log: &[Operation], parts: usize, table: bool) -> Vec<Engine> {
    let limits = Limits { documents: 3, bytes: usize::MAX, fan_out: 3, segment: usize::MAX };
    let mut engines: Vec<Engine> = (0..parts).map(|_| engine(table, limits)).collect();
    let mut clock = Clock::new(2);
    for operation in log {
        let conversation = whole.get(operation.id).unwrap().unwrap().record.place.conversation;
        let engine = &mut engines[conversation.bytes().last().unwrap() as usize % parts];
        engine.apply(&operation.key(), operation.clone()).unwrap();
        if let Some(checkpoint) = engine.checkpoint(clock.tick(Timestamp::clamped(1)), 2).unwrap() {
            engine.adopt(checkpoint);
        }
    }
    engines
}

/// A message and back, with what a later version might write behind it.
fn sent<T>(write: impl Fn(&mut Writer), read: impl Fn(&mut Reader<'_>) -> edgemem::Result<T>) -> T {
    let mut out = Writer::new();
    write(&mut out);
    out.text("a later version has more to say");
    read(&mut Reader::new(&out.finish(), "message")).unwrap()
}

/// Asks places of one engine each, by messages alone.
fn federated(
    places: &[&[&Engine]],
    query: &Query,
    sight: &Sight<'_>,
    context: bool,
) -> Vec<(Hit, Option<Record>)> {
    let mut asker = Asker::new(query.clone());
    let told = |asker: &Asker| {
        let mut question = Question::of(&query.text, &Analyzer::default(), query.today);
        let write = |out: &mut Writer| write_question(&asker.question, query.vector.as_ref(), out);
        let mut out = Writer::new();
        write(&mut out);
        let vector = read_question(&mut question, &mut Reader::new(&out.finish(), "question")).unwrap();
        assert_eq!(vector, query.vector);
        assert_eq!(question, asker.question);
        question
    };
    let question = told(&asker);
    let surveys: Vec<Survey> = places
        .iter()
        .map(|engines| {
            let survey = survey(engines, query, &question, sight).unwrap();
            sent(|out| survey.encode(out), |input| Survey::decode(input, &question))
        })
        .collect();
    let shared = |shared: &Shared| sent(|out| shared.encode(out), |input| Shared::decode(input, &question));
    let asked = shared(asker.surveyed(&surveys).unwrap());
    let best: Vec<Levels> = places
        .iter()
        .map(|engines| {
            let levels = levels(engines, query, &question, sight, &asked).unwrap();
            sent(|out| levels.encode(out), Levels::decode)
        })
        .collect();
    let mut asked = shared(asker.levelled(&best));
    loop {
        let offered: Vec<Offers> = places
            .iter()
            .map(|engines| {
                let offers = offers(engines, query, &question, sight, &asked, context).unwrap();
                sent(|out| offers.encode(out), |input| Offers::decode(input, &question))
            })
            .collect();
        match asker.offered(offered).unwrap() {
            Ok(hits) => return hits,
            Err(again) => asked = shared(again),
        }
    }
}

/// A hit with the bits of its numbers.
fn shown(hit: &Hit) -> String {
    format!("{} {:?} {:?} {:?}", hit.score.to_bits(), hit, hit.explanation, hit.twins)
}

/// What was asked when the messages of a version were recorded.
fn recorded_query() -> Query {
    Query {
        text: "which pets like jazz in Lisbon?".to_owned(),
        vector: Some(vector("which pets like jazz in Lisbon?")),
        today: Some(Timestamp::clamped(START).day()),
        limit: 3,
        threshold: 0.1,
        weights: Weights::default(),
        explain: true,
    }
}

/// Messages as the first version of the protocol wrote them are understood by every later one.
#[test]
fn messages_of_version_1_are_understood() {
    let file = include_str!("fixtures/rounds-1.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let bytes = |name: &str| -> Vec<u8> {
        let digits = file[name].as_str().unwrap();
        (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
    };
    let mut asker = Asker::new(recorded_query());
    let message = bytes("question");
    let asked = read_question(&mut asker.question, &mut Reader::new(&message, "question")).unwrap();
    assert_eq!(asked, recorded_query().vector);
    let question = asker.question.clone();
    let survey = Survey::decode(&mut Reader::new(&bytes("survey"), "survey"), &question).unwrap();
    assert!(survey.table && survey.understands && survey.named.is_empty());
    let sums = Shared::decode(&mut Reader::new(&bytes("sums"), "sums"), &question).unwrap();
    let levels = Levels::decode(&mut Reader::new(&bytes("levels"), "levels")).unwrap();
    let offers = Offers::decode(&mut Reader::new(&bytes("offers"), "offers"), &question).unwrap();
    assert_eq!(sums.threshold(), 0.1);
    asker.surveyed(&[survey]).unwrap();
    asker.levelled(&[levels]);
    let hits = asker.offered(vec![offers]).unwrap().unwrap();
    let shown: Vec<&str> = hits.iter().map(|(hit, _)| hit.record.text.as_str()).collect();
    let expected: Vec<&str> =
        file["hits"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(shown, expected);
    assert!(hits.iter().any(|(_, before)| before.is_some()));
    let listed = read_list(&mut Reader::new(&bytes("list"), "list")).unwrap();
    let texts: Vec<&str> = listed.iter().map(|it| it.seen.record.text.as_str()).collect();
    assert_eq!(
        texts,
        file["listed"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>()
    );
}

#[test]
#[ignore = "prints what this version writes, to be kept when the protocol gets a new version"]
fn record_messages() {
    let said = |text, conversation, minutes| Said {
        text,
        more: None,
        conversation,
        name: None,
        assistant: conversation == 1,
        run: false,
        embed: true,
        deleted: false,
        minutes,
    };
    let all: Vec<Said> =
        TEXTS.iter().enumerate().map(|(at, text)| said(text, at as u8 % 2, at as i64)).collect();
    let (whole, _) = history(&all, true);
    let query = recorded_query();
    let scope = Scope::new().with(Axis::Org, "acme");
    let sight = Sight { view: Some(View { scope, any_run: false }), ..Sight::default() };
    let mut asker = Asker::new(query.clone());
    let question = asker.question.clone();
    let hex = |write: &dyn Fn(&mut Writer)| {
        let mut out = Writer::new();
        write(&mut out);
        serde_json::Value::from(edgemem::bytes::hex(&out.finish()))
    };
    let mut file = serde_json::Map::new();
    file.insert("question".into(), hex(&|out| write_question(&question, query.vector.as_ref(), out)));
    let survey = survey(&[&whole], &query, &question, &sight).unwrap();
    file.insert("survey".into(), hex(&|out| survey.encode(out)));
    let shared = asker.surveyed(&[survey]).unwrap().clone();
    let best = levels(&[&whole], &query, &question, &sight, &shared).unwrap();
    file.insert("levels".into(), hex(&|out| best.encode(out)));
    let shared = asker.levelled(&[best]).clone();
    file.insert("sums".into(), hex(&|out| shared.encode(out)));
    let offers = offers(&[&whole], &query, &question, &sight, &shared, true).unwrap();
    file.insert("offers".into(), hex(&|out| offers.encode(out)));
    let hits = asker.offered(vec![offers]).unwrap().unwrap();
    let hits = hits.iter().map(|(hit, _)| serde_json::Value::from(hit.record.text.as_str()));
    file.insert("hits".into(), hits.collect());
    let now = Timestamp::clamped(START);
    let list = hex(&|out| {
        write_list(&[&whole], &sight, now, 2, true, out).unwrap();
    });
    file.insert("list".into(), list);
    let listed = whole.list(&sight).unwrap();
    let texts = listed[listed.len() - 2..].iter().map(|&(_, at)| whole.read(at).unwrap().text);
    file.insert("listed".into(), texts.map(serde_json::Value::from).collect());
    println!("RECORDED{}", serde_json::Value::from(file));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// However memories are spread, and whether they lie in one process or are asked by messages, the answer is that
    /// of one partition with all of them.
    #[test]
    fn messages_find_what_one_partition_finds(
        all in prop::collection::vec(said(), 0..40),
        asks in prop::collection::vec(ask(), 1..5),
        parts in 1usize..5,
        table: bool,
    ) {
        let (whole, log) = history(&all, table);
        let engines = spread(&whole, &log, parts, table);
        let filter = Filter::parse(&serde_json::json!({ "role": "user" }));
        let filter = filter.or_else(|_| Filter::parse(&serde_json::json!({ "org_id": "acme" }))).unwrap();
        for ask in asks {
            let scope = Scope::new().with(Axis::Org, "acme");
            let weights = Weights::default();
            let mut weights = weights;
            if ask.plain {
                weights.set("soft", 0.0).unwrap();
                weights.set("context", 0.3).unwrap();
            }
            let now = Timestamp::clamped(START + 4_000 * 60_000);
            let query = Query {
                text: ask.question.to_owned(),
                vector: ask.vector.then(|| vector(ask.question)),
                today: Some(now.day()),
                limit: ask.limit,
                threshold: ask.threshold,
                weights,
                explain: true,
            };
            let sight = Sight {
                view: Some(View { scope, any_run: ask.any_run }),
                filter: ask.filtered.then_some(&filter),
                today: Some(now.day()),
                shown: [Shown::Current(now), Shown::At(now), Shown::Everything][ask.shown as usize],
            };
            let expected: Vec<String> =
                search(&[&whole], &query, &sight).unwrap().iter().map(shown).collect();
            let refs: Vec<&Engine> = engines.iter().collect();
            let here: Vec<String> = search(&refs, &query, &sight).unwrap().iter().map(shown).collect();
            prop_assert_eq!(&here, &expected);
            let places: Vec<&[&Engine]> = refs.chunks(1).collect();
            let found = federated(&places, &query, &sight, true);
            let told: Vec<String> = found.iter().map(|(hit, _)| shown(hit)).collect();
            prop_assert_eq!(&told, &expected);
            for (hit, before) in &found {
                let known = whole.preceding(&[hit.record.id], &sight).unwrap().pop();
                prop_assert_eq!(before.as_ref(), known.as_ref().map(|(_, before)| before));
            }
            if refs.len() > 2 {
                // Two partitions in one place, the others in another.
                let (one, two) = refs.split_at(2);
                let found = federated(&[one, two], &query, &sight, false);
                let told: Vec<String> = found.iter().map(|(hit, _)| shown(hit)).collect();
                prop_assert_eq!(&told, &expected);
            }
        }
    }

    /// What is no message is an error, whatever it is.
    #[test]
    fn hostile_messages_are_errors(bytes: Vec<u8>) {
        let mut question = Question::of("bread in Lisbon", &Analyzer::default(), None);
        let reader = || Reader::new(&bytes, "message");
        let _ = Survey::decode(&mut reader(), &question);
        let _ = Shared::decode(&mut reader(), &question);
        let _ = Levels::decode(&mut reader());
        let _ = Offers::decode(&mut reader(), &question);
        let _ = read_question(&mut question, &mut reader());
    }
}
