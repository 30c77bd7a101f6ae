//! What devices that merge show, against a model that knows no device: the set of all operations, and a few plain rules of
//! what each kind does. Histories have what `histories.rs` leaves out: owners that are erased and begin anew, votes, last
//! days, changes of metadata alone, vectors made anew, backups of long ago that are opened as new devices; and of the
//! files that devices make for each other only some arrive, some twice, and in any order.

#[path = "support/devices.rs"]
mod devices;

use std::collections::{BTreeMap, BTreeSet};

use edgemem::log::{Change, Operation, Version};
use edgemem::scope::Scope;
use futures_executor::block_on;
use serde_json::{Map, Value, json};

use devices::{Device, Dice, YEAR};

const HISTORIES: u64 = 500;

const TEXTS: [&str; 8] = [
    "My flat in the old town has a view of the river",
    "My flat in the old town really has such a view of the river!",
    "I live in Lisbon",
    "I live in Porto",
    "i live in lisbon.",
    "I no longer work at Siemens",
    "My favourite colour is green",
    "nothing at all",
];

/// The operations in a file of changes, by the description of the format: blocks of a header of 10 bytes, the number of a
/// partition, operations each with its length, and a checksum.
fn operations(file: &[u8]) -> Vec<Operation> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let length = u32::from_le_bytes(file[at + 6..at + 10].try_into().unwrap()) as usize;
        let mut body = &file[at + 10..at + 10 + length];
        if file[at + 5] == 1 {
            body = &body[16..];
            while !body.is_empty() {
                let (mut length, mut shift) = (0usize, 0);
                loop {
                    let byte = body[0];
                    body = &body[1..];
                    length |= usize::from(byte & 0x7f) << shift;
                    shift += 7;
                    if byte < 0x80 {
                        break;
                    }
                }
                found.push(Operation::decode(&body[..length]).unwrap());
                body = &body[length..];
            }
        }
        at += 10 + length + 4;
    }
    found
}

/// What a set of operations amounts to, as the API shows it, by the id.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    text: String,
    metadata: Map<String, Value>,
    expires: Option<String>,
    said: String,
    occurrences: u64,
    events: Vec<&'static str>,
    live: bool,
    closed: bool,
}

/// One after the other, in the order of stamps; the rules are those of `docs/sync.md` and `docs/forgetting.md`.
fn expected(operations: &[Operation]) -> BTreeMap<String, Expected> {
    let mut by_memory: BTreeMap<String, BTreeMap<(u64, u64), &Operation>> = BTreeMap::new();
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for operation in operations {
        let id = operation.id.to_string();
        if matches!(operation.change, Change::Erase | Change::Stub) {
            gone.insert(id.clone());
        }
        let order = (operation.stamp.bits(), operation.replica);
        by_memory.entry(id).or_default().insert(order, operation);
    }
    let mut all = BTreeMap::new();
    for (id, operations) in by_memory {
        let mut memory: Option<Expected> = None;
        let mut deleted_at = 0;
        // What came before its memory was first said counts from then on.
        let first = operations.values().position(|it| matches!(it.change, Change::Remember(_)));
        let (before, after): (Vec<_>, Vec<_>) =
            operations.values().enumerate().partition(|(at, _)| first.is_none_or(|first| *at < first));
        if gone.contains(&id) || first.is_none() {
            let erased = Expected { events: vec!["ERASE"], ..Expected::default() };
            all.insert(id.clone(), if gone.contains(&id) { erased } else { Expected::default() });
            continue;
        }
        let (head, tail) = after.split_first().unwrap();
        for (_, operation) in [head].into_iter().chain(&before).chain(tail) {
            let now = operation.stamp.wall().millis();
            let said = match &operation.change {
                Change::Remember(said) => Some((said.timestamp.millis(), Some(said))),
                Change::Touch { timestamp, .. } => Some((timestamp.millis(), None)),
                _ => None,
            };
            if let (None, Some((_, Some(said)))) = (&memory, said) {
                memory = Some(Expected {
                    text: said.text.clone(),
                    metadata: said.metadata.clone(),
                    expires: said.expires.map(|day| day.to_string()),
                    said: said.timestamp.to_string(),
                    occurrences: 1,
                    events: vec!["ADD"],
                    live: true,
                    closed: false,
                });
                continue;
            }
            let it = memory.as_mut().unwrap();
            match (&operation.change, said) {
                (_, Some((at, _))) => {
                    it.occurrences += 1;
                    if !it.live && at >= deleted_at {
                        (it.live, deleted_at) = (true, now);
                        it.events.push("ADD");
                    }
                }
                (Change::Revise { text, metadata, expires, said }, _) => {
                    if let Some(said) = said {
                        it.said = said.timestamp.to_string();
                    }
                    it.text = text.clone().unwrap_or(it.text.clone());
                    it.metadata.extend(metadata.clone().unwrap_or_default());
                    if let Some(day) = expires {
                        it.expires = day.map(|day| day.to_string());
                    }
                    deleted_at = now;
                    it.events.push("UPDATE");
                }
                (Change::Retract, _) if it.live => {
                    (it.live, deleted_at) = (false, now);
                    it.events.push("DELETE");
                }
                (Change::Close { .. }, _) => {
                    it.closed = true;
                    it.events.push("SUPERSEDE");
                }
                (Change::Reopen, _) if it.closed => {
                    it.closed = false;
                    it.events.push("REOPEN");
                }
                (Change::Rate { .. }, _) => it.events.push("FEEDBACK"),
                _ => {}
            }
        }
        all.insert(id, memory.unwrap());
    }
    all
}

struct World {
    dice: Dice,
    devices: Vec<Device>,
    files: Vec<Vec<u8>>,
    /// Every operation that any device ever told of.
    known: Vec<Operation>,
    ids: Vec<String>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut dice = Dice(seed ^ 0x5eed);
        let count = 2 + dice.below(4);
        let devices = (0..count).map(|_| {
            let ahead = dice.pick(&[0, 0, 1, 3_600_000, -86_400_000, 7 * YEAR, -20 * YEAR]);
            Device::new(dice.next(), ahead)
        });
        let devices = devices.collect();
        World { dice, devices, files: vec![], known: vec![], ids: vec![] }
    }

    fn step(&mut self) {
        let (at, other) = (self.dice.below(self.devices.len()), self.dice.below(self.devices.len()));
        let text = self.dice.pick(&TEXTS);
        let id = (!self.ids.is_empty()).then(|| self.ids[self.dice.below(self.ids.len())].clone());
        let user = self.dice.pick(&["u", "u", "v"]);
        let pause = self.dice.pick(&[0, 0, 1, 60_000, 40 * 86_400_000, -3_600_000]);
        let what = self.dice.below(32);
        let vote = self.dice.pick(&["POSITIVE", "NEGATIVE", "VERY_NEGATIVE"]);
        let day = self.dice.pick(&[Some("2026-02-01"), Some("2050-12-31"), None]);
        let said = self.dice.pick(&[None, Some("2019-03-01"), Some("2031-01-01T10:00:00Z")]);
        let device = &mut self.devices[at];
        device.wait(pause);
        match (what, id) {
            (0..9, _) => {
                let mut options = json!({ "userId": user, "infer": what < 4, "metadata": { "n": what } });
                if what == 5 {
                    options["expirationDate"] = day.into();
                }
                let added = device.call("add", json!([text, options]));
                for result in added["results"].as_array().unwrap() {
                    let id = result["id"].as_str().unwrap().to_owned();
                    if !self.ids.contains(&id) {
                        self.ids.push(id);
                    }
                }
            }
            (9, Some(id)) => drop(device.try_call("update", json!([id, text]))),
            (10 | 11, Some(id)) => {
                let metadata = json!({ "from": at, "n": Value::Null, "deep": { "what": what } });
                drop(device.try_call("update", json!([id, { "metadata": metadata, "timestamp": said }])))
            }
            (12, Some(id)) => drop(device.try_call("update", json!([id, { "expirationDate": day }]))),
            (13 | 14, Some(id)) => drop(device.try_call("feedback", json!([id, vote, text]))),
            (15, Some(id)) => drop(device.try_call("delete", json!([id]))),
            (16, Some(id)) => drop(device.try_call("erase", json!([id, { "linked": at == 0 }]))),
            // An owner is erased, or all of what is there forgotten, and goes on as if it were new.
            (17, _) => drop(device.call("erase", json!([{ "userId": user }]))),
            (18, _) => drop(device.call("deleteAll", json!([{ "userId": user }]))),
            (19, _) => {
                for text in TEXTS.iter().take(at % 3) {
                    device.call("add", json!([text, { "userId": user, "infer": false }]));
                }
                device.call("consolidate", json!([{ "userId": user }]));
            }
            (20, _) => drop(device.call("sweep", json!([{ "userId": user, "erase": at == 0 }]))),
            (21, _) => drop(device.try_call("reindexStep", json!([]))),
            (22, _) => drop(device.call("compact", json!([]))),
            (23, _) => device.reopen(),
            // The device is lost, and set up again from a backup of some time ago.
            (24, _) if !self.files.is_empty() && self.devices.len() > 2 => {
                // What it had not told anybody is lost with it.
                let fresh = Device::new(self.dice.next(), self.dice.pick(&[0, -YEAR]));
                fresh.merge(&self.files[self.dice.below(self.files.len())]);
                self.devices[at] = fresh;
            }
            (25..29, _) => {
                let since = if what == 25 { Version::new() } else { self.devices[other].version() };
                let file = self.devices[at].changes(since);
                self.known.extend(operations(&file));
                self.files.push(file);
            }
            (29.., _) if !self.files.is_empty() => {
                let file = self.dice.below(self.files.len());
                self.devices[other].merge(&self.files[file]);
            }
            _ => {}
        }
    }

    fn check(&mut self, seed: u64) {
        // Each gets everything that anybody has, in an order of its own and some of it twice.
        let mut all: Vec<Vec<u8>> = self.devices.iter().map(|it| it.changes(Version::new())).collect();
        all.extend(self.files.iter().cloned());
        all.iter().for_each(|file| self.known.extend(operations(file)));
        for device in &self.devices {
            let mut left: Vec<usize> = (0..all.len()).chain([self.dice.below(all.len())]).collect();
            while !left.is_empty() {
                let file = left.swap_remove(self.dice.below(left.len()));
                device.merge(&all[file]);
            }
        }
        let expected = expected(&self.known);
        let version = self.devices[0].version();
        for (at, device) in self.devices.iter_mut().enumerate() {
            for again in [false, true] {
                if again {
                    device.reopen();
                }
                let log = block_on(device.memory.verify(&Scope::new(), &version)).unwrap();
                assert!(log.is_ok(), "seed {seed}, device {at}: {log:?}");
                compare(device, &expected, &format!("seed {seed}, device {at}, opened again: {again}"));
            }
            assert_eq!(device.version(), version, "seed {seed}, device {at}");
        }
    }
}

/// What a device shows is what the model says.
fn compare(device: &Device, expected: &BTreeMap<String, Expected>, place: &str) {
    let mut shown: BTreeMap<String, Value> = BTreeMap::new();
    for user in ["u", "v"] {
        let all = json!({ "userId": user, "runId": "*", "limit": 1000, "showExpired": true, "includeSuperseded": true });
        for item in device.call("getAll", json!([all]))["results"].as_array().unwrap() {
            shown.insert(item["id"].as_str().unwrap().to_owned(), item.clone());
        }
    }
    for (id, memory) in expected {
        let history = device.call("history", json!([id]));
        let rows = history.as_array().unwrap().iter().rev();
        let events: Vec<&str> = rows.map(|it| it["action"].as_str().unwrap()).collect();
        // What takes the place of what is worked out by each read, too; here it is only what is stored.
        let stored = |all: &[&'static str]| {
            all.iter().filter(|it| !matches!(**it, "SUPERSEDE" | "REOPEN")).copied().collect::<Vec<_>>()
        };
        let events: Vec<&str> =
            events.into_iter().filter(|it| !matches!(*it, "SUPERSEDE" | "REOPEN")).collect();
        assert_eq!(events, stored(&memory.events), "{place}: {id}");
        let Some(item) = shown.remove(id) else {
            assert!(!memory.live, "{place}: {id} is missing");
            continue;
        };
        assert!(memory.live, "{place}: {id} is shown");
        assert!(!memory.closed || item["supersededBy"].is_string(), "{place}: {id}: {item}");
        assert_eq!(item["memory"], memory.text.as_str(), "{place}: {id}");
        let metadata = item["metadata"].as_object().cloned().unwrap_or_default();
        assert_eq!(metadata, memory.metadata, "{place}: {id}");
        assert_eq!(item["expirationDate"].as_str(), memory.expires.as_deref(), "{place}: {id}");
        assert_eq!(item["createdAt"], memory.said.as_str(), "{place}: {id}");
        assert_eq!(item["occurrences"].as_u64().unwrap_or(1), memory.occurrences, "{place}: {id}: {item}");
    }
    assert!(shown.is_empty(), "{place}: nobody made {shown:?}");
}

#[test]
fn devices_show_what_all_operations_amount_to() {
    let only: Option<u64> = std::env::var("HISTORY").ok().and_then(|seed| seed.parse().ok());
    let (mut steps, mut memories, mut events) = (0, 0, BTreeMap::<&str, u64>::new());
    for seed in only.map_or(0..HISTORIES, |seed| seed..seed + 1) {
        let mut world = World::new(seed);
        let count = 8 + world.dice.below(24);
        (0..count).for_each(|_| world.step());
        world.check(seed);
        steps += count;
        for memory in expected(&world.known).values() {
            memories += 1;
            memory.events.iter().for_each(|event| *events.entry(event).or_default() += 1);
        }
    }
    println!("{steps} steps, {memories} memories, {events:?}");
    let all = ["ADD", "UPDATE", "DELETE", "ERASE", "SUPERSEDE", "FEEDBACK"];
    assert!(
        only.is_some() || all.iter().all(|event| events.get(event).is_some_and(|&count| count > 30)),
        "{events:?}"
    );
}
