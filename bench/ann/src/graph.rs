//! The graph: `instant-distance` over the same int8 rows as the scan, with the same dot product.

use std::sync::OnceLock;

use edgemem::vector::{Quantized, Vectors, kernels};
use instant_distance::{Builder, Hnsw, Point, PointId, Search};
use serde::{Deserialize, Serialize};

/// A graph whose points are row numbers: it keeps no copy of the vectors.
pub struct Graph {
    graph: Hnsw<Row>,
    search: Search,
    /// The number of stored rows; questions are the rows behind them.
    count: usize,
}

/// A row of the one matrix of this process.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Row(u32);

/// The rows, and the questions behind them, because a point has only itself to find its numbers by.
static ROWS: OnceLock<Vectors> = OnceLock::new();

impl Point for Row {
    fn distance(&self, other: &Row) -> f32 {
        let rows = ROWS.get().expect("filled before the graph is built");
        match (rows.row(self.0 as usize), rows.row(other.0 as usize)) {
            (Some((a, a_scale)), Some((b, b_scale))) => {
                1.0 - kernels::cosine(kernels::dot_i8(a, b), a_scale, b_scale)
            }
            _ => 2.0,
        }
    }
}

// Never asked in earnest: the seed is given, but the builder draws one before it can be.
#[cfg(target_arch = "wasm32")]
getrandom::register_custom_getrandom!(no_randomness);

#[cfg(target_arch = "wasm32")]
fn no_randomness(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    bytes.fill(7);
    Ok(())
}

impl Graph {
    /// Copies the rows to where points find them. A product would not: these bytes are none of the graph's.
    pub fn share(vectors: &Vectors, queries: &[Quantized]) {
        ROWS.get_or_init(|| {
            let mut rows = vectors.clone();
            queries.iter().for_each(|query| _ = rows.push(query).expect("of the same dimensions"));
            rows
        });
    }

    /// The graph of the first `count` shared rows.
    pub fn build(count: usize, ef_construction: usize) -> Graph {
        let points = (0..count as u32).map(Row).collect();
        let builder = Builder::default().seed(7).ef_construction(ef_construction).ef_search(ef_construction);
        Graph { graph: builder.build_hnsw(points).0, search: Search::default(), count }
    }

    /// Through the stored form and back, in which the breadth of the search is the first number.
    pub fn reload(&mut self, ef_search: usize) -> usize {
        let mut stored = bincode::serialize(&self.graph).expect("plain numbers");
        stored[..8].copy_from_slice(&(ef_search as u64).to_le_bytes());
        self.graph = bincode::deserialize(&stored).expect("just written");
        stored.len()
    }

    pub fn nearest(&mut self, query: usize) -> Vec<u32> {
        let asked = Row((self.count + query) as u32);
        let points: Vec<PointId> =
            self.graph.search(&asked, &mut self.search).take(super::NEAREST).map(|item| item.pid).collect();
        points.into_iter().map(|point| self.graph[point].0).collect()
    }
}
