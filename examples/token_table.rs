//! How fast the token table is: `cargo run --release --example token_table`.
//!
//! Natively the times are those of an upper bound; WebAssembly takes two to three times as long.

use std::hint::black_box;
use std::time::{Duration, Instant};

use edgemem::vector::TokenTable;

fn main() -> edgemem::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/tokens/edgemem-tokens.bin");
    let bytes = std::fs::read(path).expect("the table comes with the repository");
    let size = bytes.len();
    let decode = best(|| TokenTable::decode(black_box(bytes.clone())));
    let table = TokenTable::decode(bytes)?;
    println!("{}: {size} bytes, {} resident, decoded in {decode:?}", table.name(), table.resident());

    let texts = texts(&table);
    for (what, texts) in
        [("short texts", &texts), ("with accents", &texts.iter().map(|text| accented(text)).collect())]
    {
        let time = best(|| texts.iter().for_each(|text| drop(black_box(table.embed(text)))));
        println!("{what}: {:.0} embedded per second", texts.len() as f64 / time.as_secs_f64());
    }
    let mut out = vec![0.0; table.len()];
    let scan = best(|| table.similarities(2_000, black_box(&mut out)));
    println!("one word compared with all: {scan:?}");
    Ok(())
}

/// The fastest of some runs: the others were disturbed.
fn best<T>(mut run: impl FnMut() -> T) -> Duration {
    let times = (0..7).map(|_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// Ten thousand texts of fifteen words, frequent ones more often, the last of which is in several pieces.
fn texts(table: &TokenTable) -> Vec<String> {
    let words: Vec<&str> = table.words().map(|(_, word)| word).filter(|word| word.len() > 1).collect();
    let mut state = 1u64;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (state >> 33) as f64 / f64::from(1u32 << 31);
        words[(share.powi(3) * words.len() as f64) as usize]
    };
    let text = |_| {
        let parts: Vec<&str> = (0..14).map(|_| word()).collect();
        format!("{}, {}{}.", parts.join(" "), word(), word())
    };
    (0..10_000).map(text).collect()
}

fn accented(text: &str) -> String {
    text.replace('e', "é")
}
