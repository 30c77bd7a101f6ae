//! Devices that merge, on random histories: whatever is done where, with clocks that are years wrong, and in whatever order
//! and how often the changes come, all end in the same state.

#[path = "support/devices.rs"]
mod devices;

use edgemem::log::Version;
use edgemem::scope::Scope;
use futures_executor::block_on;
use serde_json::{Value, json};

use devices::{Device, Dice, YEAR};

const HISTORIES: u64 = 10_000;

const TEXTS: [&str; 10] = [
    "I live in Lisbon",
    "I live in Porto",
    "i live in lisbon.",
    "My name is Ann",
    "I work at Siemens",
    "I no longer work at Siemens",
    "Ann likes jazz",
    "My favourite colour is green",
    "My favourite colour is blue",
    "nothing at all",
];

/// A history: what devices did, and every file of changes that was ever made.
struct World {
    dice: Dice,
    devices: Vec<Device>,
    files: Vec<Vec<u8>>,
    ids: Vec<String>,
    steps: u64,
    /// Who was sent a part of something last.
    partial: Option<usize>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut dice = Dice(seed);
        let count = 2 + dice.below(4);
        let devices = (0..count).map(|_| {
            let ahead = dice.pick(&[0, 0, 1, 3_600_000, -86_400_000, 7 * YEAR, -20 * YEAR]);
            Device::new(dice.next(), ahead)
        });
        let devices = devices.collect();
        World { dice, devices, files: vec![], ids: vec![], steps: 0, partial: None }
    }

    fn step(&mut self) {
        self.steps += 1;
        let (at, other) = (self.dice.below(self.devices.len()), self.dice.below(self.devices.len()));
        let text = self.dice.pick(&TEXTS);
        let id = (!self.ids.is_empty()).then(|| self.ids[self.dice.below(self.ids.len())].clone());
        let pause = self.dice.pick(&[0, 0, 1, 60_000, 40 * 86_400_000, -3_600_000]);
        let what = self.dice.below(25);
        let run = self.dice.pick(&[None, None, Some("r1")]);
        let device = &mut self.devices[at];
        device.wait(pause);
        match (what, id) {
            (0..8, _) => {
                let options =
                    json!({ "userId": "u", "runId": run, "infer": what != 0, "metadata": { "n": what } });
                let added = device.call("add", json!([[{ "role": "user", "content": text }], options]));
                for result in added["results"].as_array().unwrap() {
                    let id = result["id"].as_str().unwrap().to_owned();
                    if !self.ids.contains(&id) {
                        self.ids.push(id);
                    }
                }
            }
            (8, Some(id)) => drop(device.try_call("update", json!([id, text]))),
            (9, Some(id)) => {
                let said = json!({ "metadata": { "from": at }, "timestamp": 1_600_000_000 + pause / 1000 });
                drop(device.try_call("update", json!([id, said])))
            }
            (10, Some(id)) => {
                drop(device.try_call("update", json!([id, { "expirationDate": "2026-02-01" }])))
            }
            (11 | 12, Some(id)) => drop(device.try_call("delete", json!([id]))),
            (13, Some(id)) => drop(device.try_call("erase", json!([id, { "linked": what == 13 }]))),
            (14, Some(id)) => drop(device.try_call("feedback", json!([id, "NEGATIVE", "no"]))),
            (15, _) => drop(device.call("consolidate", json!([{ "userId": "u" }]))),
            (16, _) => drop(device.call("sweep", json!([{ "userId": "u", "erase": at == 0 }]))),
            (17, _) => device.reopen(),
            // A file is made for someone, and one of all files that were ever made comes in somewhere.
            (18..21, _) => {
                let since = if what == 18 { Version::new() } else { self.devices[other].version() };
                self.files.push(self.devices[at].changes(since));
            }
            // A transfer that ends early, and brings a part of each commit.
            (24, _) => {
                let limit = 100 + self.dice.below(2000);
                let piece = self.devices[at].piece(self.devices[other].version(), limit);
                self.devices[other].merge_piece(&piece);
                self.partial = Some(other);
            }
            (21.., _) if !self.files.is_empty() => {
                let file = self.dice.below(self.files.len());
                self.devices[other].merge(&self.files[file]);
            }
            _ => {}
        }
    }

    /// Everyone gets what they lack, from one after the other.
    fn exchange(&self) {
        let hub = &self.devices[0];
        // What a device has of commits that are not whole there goes on like all else.
        if let Some(at) = self.partial {
            let (device, fresh) = (&self.devices[at], Device::new(1, 0));
            fresh.merge(&device.changes(Version::new()));
            same(&fresh.state("u", &[]), &device.state("u", &[]), self.steps, at);
            assert_eq!(fresh.version(), device.version());
        }
        for device in &self.devices[1..] {
            hub.merge(&device.changes(hub.version()));
        }
        for device in &self.devices[1..] {
            device.merge(&hub.changes(device.version()));
        }
    }

    fn check(&mut self, seed: u64) {
        self.exchange();
        let (version, state) = (self.devices[0].version(), self.devices[0].state("u", &self.ids));
        let log = block_on(self.devices[0].memory.verify(&Scope::new(), &version)).unwrap();
        assert!(log.is_ok(), "seed {seed}: {log:?}");
        for (at, device) in self.devices.iter_mut().enumerate().skip(1) {
            assert_eq!(device.version(), version, "seed {seed}, device {at}");
            same(&device.state("u", &self.ids), &state, seed, at);
            // What was in memory is what is stored.
            device.reopen();
            same(&device.state("u", &self.ids), &state, seed, at);
            let other = block_on(device.memory.verify(&Scope::new(), &version)).unwrap();
            assert!(other.is_ok(), "seed {seed}, device {at}: {other:?}");
            assert_eq!(
                (other.commits, &other.digest),
                (log.commits, &log.digest),
                "seed {seed}, device {at}"
            );
        }
        // Whatever comes again, from however long ago, changes nothing.
        for file in &self.files {
            assert_eq!(self.devices[0].merge(file), 0, "seed {seed}");
        }
        same(&self.devices[0].state("u", &self.ids), &state, seed, 0);
    }
}

#[track_caller]
fn same(state: &Value, expected: &Value, seed: u64, device: usize) {
    assert!(state == expected, "seed {seed}, device {device}:\n{state:#}\nis not\n{expected:#}");
}

#[test]
fn all_devices_end_in_the_same_state() {
    let only: Option<u64> = std::env::var("HISTORY").ok().and_then(|seed| seed.parse().ok());
    let seeds: Vec<u64> = only.map_or_else(|| (0..HISTORIES).collect(), |seed| vec![seed]);
    let part = |seeds: &[u64]| {
        let mut sums = [0; 4];
        for &seed in seeds {
            let mut world = World::new(seed);
            for _ in 0..8 + world.dice.below(20) {
                world.step();
            }
            world.check(seed);
            let counts = [1, world.steps, world.devices.len() as u64, world.files.len() as u64];
            sums = std::array::from_fn(|at| sums[at] + counts[at]);
        }
        sums
    };
    // On two threads: it is the longest of all tests.
    let (some, others) = seeds.split_at(seeds.len() / 2);
    let [histories, steps, devices, files] = std::thread::scope(|scope| {
        let some = scope.spawn(|| part(some));
        let others = part(others);
        let some = some.join().unwrap();
        std::array::from_fn::<u64, 4, _>(|at| some[at] + others[at])
    });
    println!(
        "{histories} histories: {steps} steps on {devices} devices, {files} files exchanged, all converged"
    );
}
