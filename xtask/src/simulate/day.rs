//! One day of all owners, event by event.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use super::figures::{Assumptions, Figures, Measured, Point, at, bytes_at};

const DAY_MS: f64 = 86_400_000.0;
const SEED: u64 = 0x5eed_ed6e;

/// Where owners are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// An object for each owner, which holds the index as long as it has requests.
    DurableObject,
    /// One database; isolates of the Worker hold indexes.
    D1,
    /// Keys; isolates of the Worker hold indexes, which may be a minute old.
    Kv,
}

impl Store {
    pub const ALL: [Store; 3] = [Store::DurableObject, Store::D1, Store::Kv];

    pub fn name(self) -> &'static str {
        match self {
            Store::DurableObject => "durable-object",
            Store::D1 => "d1",
            Store::Kv => "kv",
        }
    }
}

/// What is simulated.
pub struct Day<'a> {
    pub assumed: &'a Assumptions,
    pub measured: &'a Measured,
    pub store: Store,
}

/// What came of the day.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub store: &'static str,
    pub requests: u64,
    /// Part of the requests that found nothing in memory.
    pub cold: f64,
    /// Milliseconds, for all and for cold requests: half, 99 of 100.
    pub p50: f64,
    pub p99: f64,
    pub cold_p50: f64,
    /// The most requests a second, over a minute.
    pub peak: f64,
    /// The most isolates that hold something at a time.
    pub isolates: u64,
    /// Rows or keys read and written on the day.
    pub reads: f64,
    pub writes: f64,
    pub stored: f64,
    pub memories: f64,
    /// Part of the day that the busiest thing that does one thing at a time was busy, at most in a minute.
    pub busiest: f64,
    /// Dollars an owner and month, and of what it consists.
    pub cost: f64,
    pub parts: Vec<(&'static str, f64)>,
    /// The histogram of latencies: requests by upper bound in ms.
    pub histogram: Vec<(f64, u64)>,
}

/// Something in memory: when it was last used, and where.
#[derive(Clone, Copy)]
struct Held {
    used: f64,
    isolate: u32,
}

/// A request at a time (microseconds), of an owner; how many turns the session still has.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    at: u64,
    owner: u32,
    left: u32,
}

impl Turn {
    /// One at this time in ms.
    fn new(at: f64, owner: u32, left: u32) -> Reverse<Turn> {
        Reverse(Turn { at: (at * 1000.0) as u64, owner, left })
    }
}

impl Day<'_> {
    /// Runs the day.
    pub fn run(&self) -> Outcome {
        let figures = self.measured.of(self.store.name());
        let mut random = Random(SEED);
        let mut turns = self.sessions(&mut random);
        let mut place = Places::new(self);
        let mut out = Outcome { store: self.store.name(), ..Outcome::default() };
        let (mut waits, mut cold_waits) = (Vec::new(), Vec::new());
        let mut cpu = 0.0;
        // One database does one thing at a time; so does each object.
        let mut free_at: HashMap<u32, f64> = HashMap::new();
        let mut busy: BTreeMap<u64, f64> = BTreeMap::new();
        let mut by_minute: BTreeMap<u64, u64> = BTreeMap::new();
        let mut object_ms = 0.0;
        let mut awake: HashMap<u32, f64> = HashMap::new();
        let people = &self.assumed.people;
        while let Some(Reverse(turn)) = turns.pop() {
            let now = turn.at as f64 / 1000.0;
            let memories = self.size(turn.owner);
            for kind in 0..2 {
                let (points, per_turn) = match kind {
                    0 => (&figures.search, people.searches),
                    _ => (&figures.add, people.adds),
                };
                if random.next() >= per_turn {
                    continue;
                }
                let warm = place.find(turn.owner, memories, now, figures, &mut random);
                let request = at(points, memories);
                let opening = if warm { Point::default() } else { at(&figures.cold, memories) };
                let service = request.ms + opening.ms;
                let queue = match self.store {
                    Store::DurableObject => Some(turn.owner),
                    Store::D1 => Some(0),
                    Store::Kv => None,
                };
                let wait = queue.map_or(0.0, |queue| {
                    let free = free_at.entry(queue).or_insert(0.0);
                    let wait = (*free - now).max(0.0);
                    *free = free.max(now) + service;
                    wait
                });
                if self.store == Store::D1 {
                    *busy.entry((now / 60_000.0) as u64).or_default() += service;
                }
                let latency = self.assumed.host.edge_ms + self.assumed.host.inner_ms + wait + service;
                waits.push(latency as f32);
                if !warm {
                    cold_waits.push(latency as f32);
                }
                out.requests += 1;
                *by_minute.entry((now / 60_000.0) as u64).or_default() += 1;
                out.reads += request.reads + opening.reads;
                out.writes += request.writes;
                cpu += service;
                if self.store == Store::DurableObject {
                    // Billed while it works and until it is put to sleep.
                    let until = now + service + self.assumed.host.idle * 1000.0;
                    let from = awake.insert(turn.owner, until).unwrap_or(0.0).max(now);
                    object_ms += (until - from).max(0.0);
                }
            }
            if turn.left > 0 {
                let next = now + random.exponential(people.gap * 1000.0);
                turns.push(Turn::new(next, turn.owner, turn.left - 1));
            }
        }
        self.summarise(&mut out, waits, cold_waits, figures);
        out.cold = if out.requests == 0 { 0.0 } else { out.cold / out.requests as f64 };
        out.peak = by_minute.values().max().copied().unwrap_or(0) as f64 / 60.0;
        out.busiest = busy.values().fold(0.0, |most: f64, ms| most.max(ms / 60_000.0));
        out.isolates = place.most;
        self.price(&mut out, cpu, object_ms);
        out
    }

    /// All sessions of the day, each as its first turn.
    fn sessions(&self, random: &mut Random) -> BinaryHeap<Reverse<Turn>> {
        let people = &self.assumed.people;
        let mut turns = BinaryHeap::new();
        for owner in 0..people.owners {
            // More than one session is as likely as it has to be for the mean.
            let mut expected = people.active * people.sessions;
            while expected > 0.0 {
                if random.next() < expected.min(1.0) {
                    let at = self.hour(owner, random) * DAY_MS;
                    let left = (random.exponential(people.turns - 0.5)) as u32;
                    turns.push(Turn::new(at, owner, left));
                }
                expected -= 1.0;
            }
        }
        turns
    }

    /// When in the day (0 to 1) a session begins: by a sine around the mean, in the region's time.
    fn hour(&self, owner: u32, random: &mut Random) -> f64 {
        let shift = f64::from(owner % 3) / 3.0;
        loop {
            let at = random.next();
            let rate = 1.0 + self.assumed.people.swing * (std::f64::consts::TAU * (at + shift)).sin();
            if random.next() * 2.0 < rate {
                return at;
            }
        }
    }

    /// The memories of an owner; owners are numbered from the largest on.
    fn size(&self, owner: u32) -> f64 {
        let people = &self.assumed.people;
        (people.largest / f64::from(owner + 1).powf(people.zipf)).max(people.least)
    }

    fn summarise(&self, out: &mut Outcome, mut waits: Vec<f32>, mut cold: Vec<f32>, figures: &Figures) {
        out.cold = cold.len() as f64;
        let part = |sorted: &[f32], part: f64| match sorted.len() {
            0 => 0.0,
            len => f64::from(sorted[((len as f64 * part) as usize).min(len - 1)]),
        };
        waits.sort_by(f32::total_cmp);
        cold.sort_by(f32::total_cmp);
        (out.p50, out.p99, out.cold_p50) = (part(&waits, 0.5), part(&waits, 0.99), part(&cold, 0.5));
        let mut bound = 40.0;
        while bound < 100_000.0 {
            let until = waits.partition_point(|&wait| f64::from(wait) <= bound);
            out.histogram.push((bound, until as u64));
            bound *= 1.25;
        }
        for owner in 0..self.assumed.people.owners {
            let memories = self.size(owner);
            out.memories += memories;
            out.stored += bytes_at(&figures.size, memories).stored;
        }
    }

    /// Dollars a month of thirty such days, by owner.
    fn price(&self, out: &mut Outcome, cpu_ms: f64, object_ms: f64) {
        let prices = &self.assumed.prices;
        let gb = out.stored / 1e9;
        let requests = out.requests as f64;
        let (extra, storage) = match self.store {
            Store::DurableObject => {
                let duration = object_ms / 1000.0 * prices.object_gb * prices.object_gb_second;
                let rows = out.reads * prices.row_read + out.writes * prices.row_written;
                (
                    vec![
                        ("object requests", requests * prices.object_request),
                        ("object duration", duration),
                        ("rows", rows),
                    ],
                    gb * prices.object_gb_month,
                )
            }
            Store::D1 => (
                vec![("rows", out.reads * prices.row_read + out.writes * prices.row_written)],
                gb * prices.d1_gb_month,
            ),
            Store::Kv => (
                vec![("keys", out.reads * prices.kv_read + out.writes * prices.kv_write)],
                gb * prices.kv_gb_month,
            ),
        };
        // Time in an object is billed as its duration, not as the Worker's.
        let cpu = if self.store == Store::DurableObject { requests } else { cpu_ms };
        let mut daily = vec![("Worker", requests * prices.worker_request + cpu * prices.worker_cpu_ms)];
        daily.extend(extra);
        let owners = f64::from(self.assumed.people.owners);
        out.parts = daily.into_iter().map(|(name, dollars)| (name, dollars * 30.0 / owners)).collect();
        out.parts.push(("storage", storage / owners));
        out.cost = out.parts.iter().map(|(_, dollars)| dollars).sum();
    }
}

/// What is in memory where.
struct Places<'a> {
    day: &'a Day<'a>,
    /// Objects by owner; or, per owner and isolate of the Worker, its index there.
    held: HashMap<(u32, u32), Held>,
    /// What each isolate holds, in bytes, and the order in which it was used.
    bytes: HashMap<u32, f64>,
    used: HashMap<u32, BTreeMap<u64, u32>>,
    /// When what is held falls asleep: times of use, in order.
    asleep: BinaryHeap<Reverse<(u64, u32, u32)>>,
    /// Per site, the isolates that objects are packed into.
    filling: HashMap<u32, Vec<u32>>,
    most: u64,
    isolates: u32,
}

impl<'a> Places<'a> {
    fn new(day: &'a Day<'a>) -> Places<'a> {
        Places {
            day,
            held: HashMap::new(),
            bytes: HashMap::new(),
            used: HashMap::new(),
            asleep: BinaryHeap::new(),
            filling: HashMap::new(),
            most: 0,
            isolates: 0,
        }
    }

    /// Whether the owner's index is in memory where the request arrives; afterwards it is.
    fn find(&mut self, owner: u32, memories: f64, now: f64, figures: &Figures, random: &mut Random) -> bool {
        let host = &self.day.assumed.host;
        let objects = self.day.store == Store::DurableObject;
        let idle = 1000.0 * if objects { host.idle } else { host.worker_idle };
        while let Some(&Reverse((used, owner, place))) = self.asleep.peek() {
            if used as f64 + idle > now {
                break;
            }
            self.asleep.pop();
            if self.held.get(&(owner, place)).is_some_and(|held| held.used as u64 == used) {
                self.drop(owner, place, figures);
            }
        }
        // An object has one place; a Worker's request comes to any isolate of the site that its owner is near to.
        let place = if objects {
            0
        } else {
            let site = owner % (3 * host.sites);
            site * host.isolates_per_site + (random.next() * f64::from(host.isolates_per_site)) as u32
        };
        let key = (owner, place);
        let warm = self.held.contains_key(&key);
        let size = bytes_at(&figures.size, memories).resident;
        let isolate = match self.held.get(&key) {
            Some(held) => held.isolate,
            None if objects => self.room(owner % (3 * host.sites), size),
            None => place,
        };
        if let Some(held) = self.held.insert(key, Held { used: now, isolate }) {
            self.used.entry(isolate).or_default().remove(&(held.used as u64));
        } else {
            *self.bytes.entry(isolate).or_default() += size;
        }
        self.used.entry(isolate).or_default().insert(now as u64, owner);
        self.asleep.push(Reverse((now as u64, owner, place)));
        if !objects {
            self.make_room(isolate, owner, figures);
        }
        self.most = self.most.max(self.bytes.len() as u64);
        warm
    }

    fn budget(&self) -> f64 {
        self.day.assumed.host.isolate_bytes - self.day.assumed.host.overhead_bytes
    }

    /// An isolate of the site in which an object of this size has room: the host packs them.
    fn room(&mut self, site: u32, size: f64) -> u32 {
        let budget = self.budget();
        let filling = self.filling.entry(site).or_default();
        filling.retain(|isolate| self.bytes.contains_key(isolate));
        let fits = |isolate: &&u32| self.bytes.get(isolate).is_some_and(|held| held + size <= budget);
        if let Some(&isolate) = filling.iter().rev().take(8).find(fits) {
            return isolate;
        }
        // An isolate that was given up is used again before a new one is made.
        let free = (0..self.isolates).find(|isolate| !self.bytes.contains_key(isolate));
        let isolate = free.unwrap_or(self.isolates);
        self.isolates = self.isolates.max(isolate + 1);
        filling.push(isolate);
        isolate
    }

    /// Drops what was used longest ago until the isolate keeps its budget.
    fn make_room(&mut self, isolate: u32, keep: u32, figures: &Figures) {
        while self.bytes.get(&isolate).copied().unwrap_or(0.0) > self.budget() {
            let Some((_, &owner)) = self.used.get(&isolate).and_then(|used| used.first_key_value()) else {
                return;
            };
            if owner == keep {
                return;
            }
            self.drop(owner, isolate, figures);
        }
    }

    fn drop(&mut self, owner: u32, place: u32, figures: &Figures) {
        let Some(held) = self.held.remove(&(owner, place)) else { return };
        if let Some(used) = self.used.get_mut(&held.isolate) {
            used.remove(&(held.used as u64));
        }
        let size = bytes_at(&figures.size, self.day.size(owner)).resident;
        if let Some(bytes) = self.bytes.get_mut(&held.isolate) {
            *bytes -= size;
            if *bytes < 1.0 {
                self.bytes.remove(&held.isolate);
                self.used.remove(&held.isolate);
            }
        }
    }
}

/// Numbers that follow from the seed (SplitMix64).
struct Random(u64);

impl Random {
    /// From 0 to below 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.next()).ln()
    }
}
