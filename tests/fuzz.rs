//! Whatever is read from a store or received from somebody else is hostile: decoders of it neither panic, nor run for
//! ever, nor take more memory than a small multiple of what they are given.
//!
//! Inputs are what edgemem itself wrote (`tests/fixtures`, and `tests/fuzz/<target>` for what was once refused wrongly),
//! damaged in some places. Checksums are mostly set right again, because otherwise only the checksum would be tested.
//! `FUZZ_MS=60000 cargo test --release --test fuzz -- --nocapture` looks longer than the usual second per target; an
//! input that fails is written to `tests/fuzz/<target>` and is tried first from then on.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arbtest::arbitrary::{self, Unstructured};
use arbtest::arbtest;
use edgemem::Memory;
use edgemem::bytes::crc32;
use edgemem::distill::{answer, prompt::Input};
use edgemem::engine::{Engine, Query, Sight, search};
use edgemem::index::filter::Filter;
use edgemem::index::vectors::StoredVectors;
use edgemem::log::{Operation, Version, fold};
use edgemem::memory::route;
use edgemem::retrieve::weights::Weights;
use edgemem::scope::Scope;
use edgemem::vector::TokenTable;
use futures_executor::block_on;

/// Counts what is allocated at a time. The test is one function, so nothing else runs beside it.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it is; only sizes are added up beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What reads hostile bytes.
struct Target {
    name: &'static str,
    read: fn(&[u8]),
    /// Files that hold something it accepts, below `tests/fixtures`.
    seeds: Vec<Vec<u8>>,
    /// Whether its last four bytes are a checksum of the others.
    checked: bool,
    /// What it may take, as a multiple of the input, beside [`SLACK`].
    factor: usize,
}

/// What a call may take whatever its input: an empty partition, an error's texts.
const SLACK: usize = 256 << 10;
/// A call that takes longer runs for ever, or nearly, also on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

fn targets() -> Vec<Target> {
    let operations = ["operations-1", "operations-2-said", "partition-1"];
    let operations = operations.iter().flat_map(|it| stored(it, ".op"));
    let segments = |prefix: &'static str| {
        ["partition-1", "partition-2", "operations-1"].iter().flat_map(move |it| stored(it, prefix)).collect()
    };
    let table = fs::read(root("assets/tokens/edgemem-tokens.bin")).unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    vec![
        Target { name: "operation", read: operation, seeds: operations.collect(), checked: true, factor: 64 },
        Target { name: "segment", read: segment, seeds: segments("s-"), checked: true, factor: 256 },
        Target { name: "vectors", read: vectors, seeds: segments("v-"), checked: true, factor: 16 },
        Target { name: "table", read: table_of, seeds: vec![table], checked: false, factor: 16 },
        Target {
            name: "changes",
            read: changes,
            seeds: vec![fs::read(root("tests/fixtures/changes-1.edgx")).unwrap()],
            checked: false,
            factor: 256,
        },
        Target { name: "version", read: version, seeds: versions(), checked: false, factor: 256 },
        Target { name: "request", read: request, seeds: requests(), checked: false, factor: 4096 },
        Target {
            name: "filter",
            read: filter,
            seeds: texts(&[
                r#"{"AND":[{"user_id":"u"},{"created_at":{"gte":"2024-01-01","lt":"2025-01-01"}}]}"#,
                r#"{"OR":[{"NOT":[{"agent_id":"*"}]},{"a.b":{"in":["x",1,null]}},{"t":{"icontains":"é"}}]}"#,
            ]),
            checked: false,
            factor: 64,
        },
        Target {
            name: "answer",
            read: model_answer,
            seeds: texts(&[
                "Here you are:\n```json\n{\"facts\":[{\"text\":\"Ana lives in Köln\",\"kind\":\"semantic\",\"source\":1,\"cues\":[\"home\"]}]}\n```",
                r#"{"facts":[{"text":"a","from":"2024-05-01","supersedes":["m1"]}],"noise":[2]} trailing ]}"#,
            ]),
            checked: false,
            factor: 64,
        },
    ]
}

fn operation(bytes: &[u8]) {
    if let Ok(operation) = Operation::decode(bytes) {
        // What is accepted is stored again, sealed, and folded.
        let again = Operation::decode(&operation.encode()).expect("what was encoded is decoded");
        assert_eq!(again, operation);
        let _ = fold(vec![again, operation]);
    }
}

fn segment(bytes: &[u8]) {
    let mut engine = Engine::new("0123456789abcdef0123456789abcdef", None);
    if engine.mount("s-1", bytes.to_vec(), None).is_err() {
        return;
    }
    let query = Query {
        text: "Who lives in Lisbon?".into(),
        vector: None,
        today: None,
        limit: 10,
        threshold: 0.0,
        weights: Weights::default(),
        explain: true,
    };
    let _ = search(&[&engine], &query, &Sight::default());
    if let Ok(all) = engine.list(&Sight::default()) {
        for (_, address) in all {
            let _ = engine.read(address);
        }
    }
}

fn vectors(bytes: &[u8]) {
    let _ = StoredVectors::decode("v-1".into(), bytes);
}

fn table_of(bytes: &[u8]) {
    if let Ok(table) = TokenTable::decode(bytes.to_vec()) {
        let _ = table.embed("Wo wohnt Ana? 我喜欢");
    }
}

fn changes(bytes: &[u8]) {
    let _ = block_on(Memory::in_process().merge(bytes, &Scope::new(), true));
}

fn version(bytes: &[u8]) {
    let mut version = Version::new();
    let _ = version.read(bytes);
}

/// What a Worker sends to an object.
fn request(bytes: &[u8]) {
    let answer = block_on(route::answer(&Memory::in_process(), bytes));
    assert!(!answer.is_empty(), "every request is answered");
}

/// Versions as two devices tell them.
fn versions() -> Vec<Vec<u8>> {
    let memory = Memory::in_process();
    let changes = fs::read(root("tests/fixtures/changes-1.edgx")).unwrap();
    block_on(memory.merge(&changes, &Scope::new(), true)).unwrap();
    vec![block_on(memory.version(&Scope::new())).unwrap().encode(), Version::new().encode()]
}

/// A call, and the first round of a search as version 1 recorded it.
fn requests() -> Vec<Vec<u8>> {
    let call = route::call_request("search", &["dinner".into(), serde_json::json!({ "userId": "ann" })]);
    let recorded: serde_json::Value = serde_json::from_str(include_str!("fixtures/rounds-1.json")).unwrap();
    let digits = recorded["question"].as_str().unwrap();
    let question =
        (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap());
    let header = br#"{"method":"search","arguments":["dinner",{"userId":"ann"}],"now":1750000000000}"#;
    let mut round = vec![route::VERSION, route::ROUND, 1, header.len() as u8];
    round.extend_from_slice(header);
    round.extend(question);
    vec![call, round]
}

fn filter(bytes: &[u8]) {
    if let Some(filter) = serde_json::from_slice(bytes).ok().and_then(|value| Filter::parse(&value).ok()) {
        let _ = filter.owners().require();
    }
}

fn model_answer(bytes: &[u8]) {
    let _ = answer::read(&String::from_utf8_lossy(bytes), &Input::default());
}

#[test]
fn no_bytes_harm_a_decoder() {
    let time = std::env::var("FUZZ_MS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    for target in targets() {
        let corpus = root(&format!("tests/fuzz/{}", target.name));
        let mut inputs = 0usize;
        for file in fs::read_dir(&corpus).into_iter().flatten() {
            attempt(&target, &fs::read(file.unwrap().path()).unwrap(), &corpus);
            inputs += 1;
        }
        target.seeds.iter().for_each(|seed| attempt(&target, seed, &corpus));
        // How many inputs fit into the time depends on the machine: a slow one gets more of it.
        for _ in 0..100 {
            arbtest(|source| {
                let input = damaged(source, &target)?;
                attempt(&target, &input, &corpus);
                inputs += 1;
                Ok(())
            })
            .size_min(64)
            .budget_ms(time);
            if inputs > 20 {
                break;
            }
        }
        println!("{}: {inputs} inputs from {} seeds", target.name, target.seeds.len());
        assert!(inputs > 20, "{}: hardly anything was tried", target.name);
    }
}

/// Reads one input, and keeps it if it does harm.
fn attempt(target: &Target, input: &[u8], corpus: &Path) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let begun = Instant::now();
    let survived = catch_unwind(AssertUnwindSafe(|| (target.read)(input))).is_ok();
    let (taken, time) = (PEAK.load(Ordering::Relaxed) - before, begun.elapsed());
    let allowed = target.factor * input.len() + SLACK;
    if survived && taken <= allowed && time < PATIENCE {
        return;
    }
    fs::create_dir_all(corpus).unwrap();
    let file = corpus.join(format!("{:08x}", crc32(input)));
    fs::write(&file, input).unwrap();
    panic!(
        "{}: {} bytes took {taken} bytes of {allowed} and {time:?}, survived: {survived}; kept as {}",
        target.name,
        input.len(),
        file.display()
    );
}

/// A seed with some places changed, and mostly the right checksum.
fn damaged(source: &mut Unstructured<'_>, target: &Target) -> arbitrary::Result<Vec<u8>> {
    let mut bytes = source.choose(&target.seeds)?.clone();
    for _ in 0..source.int_in_range(1..=6)? {
        let Some(last) = bytes.len().checked_sub(1) else { break };
        let at = source.int_in_range(0..=last)?;
        let to = if last - at < 64 { last } else { at + source.int_in_range(0..=64)? };
        match source.int_in_range(0..=6)? {
            0 => bytes[at] ^= 1 << source.int_in_range(0..=7)?,
            1 => bytes[at] = *source.choose(&[0, 1, 0x7f, 0x80, 0xff, b'{', b'[', b'"'])?,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..=to)),
            // A length of almost anything.
            4 => drop(bytes.splice(at..at, [0xff, 0xff, 0xff, 0xff, source.arbitrary()?, 0x7f])),
            5 => {
                let piece = bytes[at..=to].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = source.choose(&target.seeds)?;
                let from = source.int_in_range(0..=other.len() - 1)?;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    if target.checked && bytes.len() > 4 && source.ratio(9, 10)? {
        let rest = bytes.len() - 4;
        let sum = crc32(&bytes[..rest]);
        bytes[rest..].copy_from_slice(&sum.to_le_bytes());
    }
    Ok(bytes)
}

/// The files of a fixture whose names hold this.
fn stored(folder: &str, part: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(root(&format!("tests/fixtures/{folder}"))).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let fits = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().contains(part);
    paths.iter().filter(fits).map(|path| fs::read(path).unwrap()).collect()
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
