//! Contestants for "the ten nearest of so many vectors": the exact int8 scan, a graph (HNSW), a sketch of signs.
//!
//! The functions have plain C signatures, so that Node calls them in WebAssembly with no glue; `main.rs` calls the
//! same ones natively. One set of vectors is in memory at a time, in statics, as in a process that measures one case.

mod counting;
mod graph;
mod sketch;
mod vectors;

use std::cell::RefCell;

use edgemem::vector::{Quantized, TokenTable, Vectors};
use graph::Graph;
use sketch::Sketch;

/// The neighbours that are asked for.
pub const NEAREST: usize = 10;
/// How often every question is asked.
pub const ROUNDS: usize = 4;

/// What is measured: the vectors, the questions, and what the contestants made of them.
#[derive(Default)]
struct Case {
    vectors: Option<Vectors>,
    queries: Vec<Quantized>,
    /// The rows nearest to each question by the floats, before they became int8.
    truth: Vec<Vec<u32>>,
    scores: Vec<f32>,
    graph: Option<Graph>,
    sketch: Option<Sketch>,
    table: Option<TokenTable>,
    incoming: Vec<u8>,
}

thread_local! {
    static CASE: RefCell<Case> = RefCell::default();
}

fn with<T>(run: impl FnOnce(&mut Case) -> T) -> T {
    CASE.with_borrow_mut(run)
}

/// Room for the token table; Node writes into it.
#[unsafe(no_mangle)]
pub extern "C" fn room(length: usize) -> *mut u8 {
    with(|case| {
        case.incoming = vec![0; length];
        case.incoming.as_mut_ptr()
    })
}

/// Reads the token table from the room.
#[unsafe(no_mangle)]
pub extern "C" fn take_table() {
    with(|case| {
        case.table = Some(TokenTable::decode(std::mem::take(&mut case.incoming)).expect("the table is sound"))
    });
}

/// Makes vectors and questions: of sentences if there is a table, else a mixture of topics with `dims` dimensions.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(dims: usize, count: usize, queries: usize) {
    with(|case| {
        let made = match &case.table {
            Some(table) => vectors::sentences(table, count, queries),
            None => vectors::mixture(dims, count, queries),
        };
        case.scores = vec![0.0; count];
        (case.vectors, case.queries, case.truth) = (Some(made.vectors), made.queries, made.truth);
    });
}

/// How many of the nearest by floats a ranking found.
fn found(truth: &[u32], rows: impl IntoIterator<Item = u32>) -> u32 {
    rows.into_iter().take(NEAREST).filter(|row| truth.contains(row)).count() as u32
}

/// The cosine of every vector. This is all that the fused ranking needs.
#[unsafe(no_mangle)]
pub extern "C" fn scan(query: usize) {
    with(|case| {
        let vectors = case.vectors.as_ref().expect("prepared");
        vectors.scan(&case.queries[query], &mut case.scores).expect("one place per row");
    });
}

/// The same and the best ten; returns how many of them are right.
#[unsafe(no_mangle)]
pub extern "C" fn nearest_by_scan(query: usize) -> u32 {
    scan(query);
    with(|case| found(&case.truth[query], best(&case.scores)))
}

/// The places of the ten largest.
fn best(scores: &[f32]) -> Vec<u32> {
    let mut best: Vec<u32> = Vec::with_capacity(NEAREST + 1);
    let mut floor = f32::NEG_INFINITY;
    for (row, &score) in scores.iter().enumerate() {
        if score > floor {
            let at = best.partition_point(|&other| scores[other as usize] >= score);
            best.insert(at, row as u32);
            best.truncate(NEAREST);
            if best.len() == NEAREST {
                floor = scores[best[NEAREST - 1] as usize];
            }
        }
    }
    best
}

/// Copies the vectors for the graph.
#[unsafe(no_mangle)]
pub extern "C" fn share() {
    with(|case| Graph::share(case.vectors.as_ref().expect("prepared"), &case.queries));
}

/// Builds the graph of what was shared.
#[unsafe(no_mangle)]
pub extern "C" fn build_graph(ef_construction: usize) {
    with(|case| case.graph = Some(Graph::build(case.scores.len(), ef_construction)));
}

/// Stores the graph and loads it for a search of this breadth; returns the stored bytes.
#[unsafe(no_mangle)]
pub extern "C" fn reload_graph(ef_search: usize) -> usize {
    with(|case| case.graph.as_mut().expect("built").reload(ef_search))
}

/// Asks the graph for the ten nearest; returns how many of them are right.
#[unsafe(no_mangle)]
pub extern "C" fn nearest_by_graph(query: usize) -> u32 {
    with(|case| found(&case.truth[query], case.graph.as_mut().expect("built").nearest(query)))
}

/// Takes the signs of all vectors.
#[unsafe(no_mangle)]
pub extern "C" fn build_sketch() {
    with(|case| case.sketch = Some(Sketch::of(case.vectors.as_ref().expect("prepared"))));
}

/// Compares all signs, then the codes of the `candidates` best; returns how many of the best ten are right.
#[unsafe(no_mangle)]
pub extern "C" fn nearest_by_sketch(query: usize, candidates: usize) -> u32 {
    with(|case| {
        let (vectors, sketch) =
            (case.vectors.as_ref().expect("prepared"), case.sketch.as_mut().expect("built"));
        sketch.scan(vectors, &case.queries[query], candidates, &mut case.scores);
        found(&case.truth[query], best(&case.scores))
    })
}

/// Bytes allocated now.
#[unsafe(no_mangle)]
pub extern "C" fn resident() -> usize {
    counting::now()
}

/// The most bytes that were allocated at once since this was called last.
#[unsafe(no_mangle)]
pub extern "C" fn peak() -> usize {
    counting::take_peak()
}
