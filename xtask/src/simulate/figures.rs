//! What the simulation is fed with: guesses and prices, and what was measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Result;

/// `xtask/scale.toml`; each field is explained there.
#[derive(Clone, Debug, Deserialize)]
pub struct Assumptions {
    pub people: People,
    pub host: Host,
    pub prices: Prices,
}

#[derive(Clone, Debug, Deserialize)]
pub struct People {
    pub owners: u32,
    pub largest: f64,
    pub zipf: f64,
    pub least: f64,
    pub active: f64,
    pub sessions: f64,
    pub turns: f64,
    pub gap: f64,
    pub searches: f64,
    pub adds: f64,
    pub swing: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Host {
    pub edge_ms: f64,
    pub inner_ms: f64,
    pub idle: f64,
    pub worker_idle: f64,
    pub isolate_bytes: f64,
    pub overhead_bytes: f64,
    pub sites: u32,
    pub isolates_per_site: u32,
    pub d1_bytes: f64,
    pub object_bytes: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Prices {
    pub worker_request: f64,
    pub worker_cpu_ms: f64,
    pub object_request: f64,
    pub object_gb_second: f64,
    pub object_gb: f64,
    pub row_read: f64,
    pub row_written: f64,
    pub object_gb_month: f64,
    pub d1_gb_month: f64,
    pub kv_read: f64,
    pub kv_write: f64,
    pub kv_gb_month: f64,
}

/// A guess that is varied, by its name in the table.
pub type Change = (&'static str, fn(&mut Assumptions));

/// What is varied, one at a time.
pub const CHANGES: &[Change] = &[
    ("turns 20 s apart, not 40", |it| it.people.gap = 20.0),
    ("turns 120 s apart", |it| it.people.gap = 120.0),
    ("objects kept for 60 s, not 10", |it| it.host.idle = 60.0),
    ("twice as many active people", |it| it.people.active *= 2.0),
    ("owners twice as large", |it| {
        (it.people.largest, it.people.least) = (it.people.largest * 2.0, it.people.least * 2.0)
    }),
    ("no adds, only searches", |it| it.people.adds = 0.0),
    ("all in one region's rhythm (swing 1)", |it| it.people.swing = 1.0),
];

/// `bench/load.json`: per store and kind of request, what one costs at some sizes of the partition.
#[derive(Debug, Deserialize)]
pub struct Measured {
    /// The command that measured.
    pub command: String,
    /// Where: processor and runtime.
    pub machine: String,
    stores: BTreeMap<String, Figures>,
}

/// One store's figures, each at some sizes.
#[derive(Debug, Deserialize)]
pub struct Figures {
    pub cold: Vec<Point>,
    pub search: Vec<Point>,
    pub add: Vec<Point>,
    pub size: Vec<Bytes>,
}

/// One request at one size of its partition.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Point {
    pub memories: f64,
    pub ms: f64,
    /// Rows, or keys of KV, that it reads and writes.
    pub reads: f64,
    pub writes: f64,
}

/// Bytes in memory and in the store at one size.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Bytes {
    pub memories: f64,
    pub resident: f64,
    pub stored: f64,
}

impl Measured {
    pub fn read(path: &Path) -> Result<Measured> {
        let missing =
            |error| format!("{}: {error}; `npm run bench -- --only load --save` writes it", path.display());
        Ok(serde_json::from_str(&fs::read_to_string(path).map_err(missing)?)?)
    }

    pub fn of(&self, store: &str) -> &Figures {
        &self.stores[store]
    }
}

/// A request at any size: straight lines between what was measured, the first and the last one continued.
///
/// A figure that falls from the first size to the second, because the log is sealed in between, says nothing of smaller
/// sizes by its line: there a request takes as long as at the first size, and reads as many rows for a memory.
pub fn at(points: &[Point], memories: f64) -> Point {
    let line = |pick: fn(&Point) -> f64, rest: f64| {
        interpolate(points.iter().map(|point| (point.memories, pick(point))), memories, rest)
    };
    Point {
        memories,
        ms: line(|it| it.ms, 1.0),
        reads: line(|it| it.reads, 0.0),
        writes: line(|it| it.writes, 0.0),
    }
}

/// Bytes in memory and in the store at any size.
pub fn bytes_at(points: &[Bytes], memories: f64) -> Bytes {
    let line = |pick: fn(&Bytes) -> f64| {
        interpolate(points.iter().map(|point| (point.memories, pick(point))), memories, 1.0)
    };
    Bytes { memories, resident: line(|it| it.resident), stored: line(|it| it.stored) }
}

/// `rest` is the share of a falling figure that is left of its first value where there is nothing.
fn interpolate(points: impl Iterator<Item = (f64, f64)>, at: f64, rest: f64) -> f64 {
    let points: Vec<(f64, f64)> = points.collect();
    let Some(from) = points.len().checked_sub(2) else {
        return points.first().map_or(0.0, |&(_, value)| value);
    };
    let from = (0..from).find(|&index| at < points[index + 1].0).unwrap_or(from);
    let ((x0, y0), (x1, y1)) = (points[from], points[from + 1]);
    if at < x0 && y1 < y0 {
        return y0 * (rest + (1.0 - rest) * at / x0);
    }
    (y0 + (y1 - y0) * (at - x0) / (x1 - x0)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_measured_sizes_lines_are_straight() {
        let points = [(100.0, 1.0), (1000.0, 10.0), (10_000.0, 19.0)];
        for (at, expected) in [(100.0, 1.0), (550.0, 5.5), (5500.0, 14.5), (19_000.0, 28.0), (0.0, 0.0)] {
            assert!((interpolate(points.into_iter(), at, 0.0) - expected).abs() < 1e-9, "{at}");
        }
        assert_eq!(interpolate([(5.0, 7.0)].into_iter(), 100.0, 0.0), 7.0);
        let falls = [(100.0, 8.0), (1000.0, 6.0)];
        for (rest, at, expected) in [(0.0, 25.0, 2.0), (1.0, 25.0, 8.0), (0.0, 550.0, 7.0)] {
            assert_eq!(interpolate(falls.into_iter(), at, rest), expected, "{at}");
        }
    }
}
