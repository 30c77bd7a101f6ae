//! The native runner: the same measurements as `case.mjs`, with the same lines of JSON.

use std::time::Instant;

use edgemem_bench_ann as bench;

fn main() {
    let arguments: Vec<usize> =
        std::env::args().skip(1).take(3).map(|text| text.parse().expect("a number")).collect();
    let [dims, count, queries] = arguments[..] else {
        panic!("usage: DIMS COUNT QUERIES [EF,EF,…] [TABLE]")
    };
    let breadths: Vec<usize> = std::env::args()
        .nth(4)
        .map(|list| list.split(',').map(|text| text.parse().expect("a number")).collect())
        .unwrap_or_default();
    if let Some(path) = std::env::args().nth(5) {
        let bytes = std::fs::read(path).expect("the table is there");
        let room = bench::room(bytes.len());
        // SAFETY: the room is as long as the bytes, and nothing else looks at it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), room, bytes.len()) };
        bench::take_table();
    }
    bench::prepare(dims, count, queries);
    let ask = |name: &str, extra: &str, run: &dyn Fn(usize) -> u32| {
        (0..queries.min(20)).for_each(|query| _ = run(query));
        let mut times = Vec::new();
        let mut right = 0;
        let used = processor();
        for round in 0..bench::ROUNDS * queries {
            let begun = Instant::now();
            right += run(round % queries);
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let work = processor().zip(used).map(|(after, before)| (after - before) / times.len() as f64);
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() as f64 * share).ceil() as usize).max(1) - 1];
        let recall = f64::from(right) / (bench::ROUNDS * queries * bench::NEAREST) as f64;
        let work = work.unwrap_or_else(|| at(0.5));
        println!(
            r#"{{"kind":"{name}","work":{work},"p50":{},"p99":{},"recall":{recall}{extra}}}"#,
            at(0.5),
            at(0.99)
        );
    };
    let per_vector = |bytes: usize| bytes as f64 / count as f64;
    ask("scan", &format!(r#","bytes":{}"#, dims + 4), &|query| bench::nearest_by_scan(query));
    let before = bench::resident();
    let begun = Instant::now();
    bench::build_sketch();
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    let bytes = per_vector(bench::resident() - before);
    for candidates in [200, 1_000] {
        let extra = format!(r#","candidates":{candidates},"bytes":{bytes},"ms":{ms}"#);
        ask("sketch", &extra, &|query| bench::nearest_by_sketch(query, candidates));
    }
    if breadths.is_empty() {
        return;
    }
    bench::share();
    let begun = Instant::now();
    let used = processor();
    let before = bench::resident();
    bench::peak();
    bench::build_graph(100);
    let build = begun.elapsed().as_secs_f64() * 1e3;
    let cpu = processor().zip(used).map_or(build, |(after, before)| after - before);
    let bytes = per_vector(bench::resident() - before);
    let peak = per_vector(bench::peak() - before);
    println!(r#"{{"kind":"build","ms":{build},"cpu":{cpu},"bytes":{bytes},"peak":{peak}}}"#);
    for breadth in breadths {
        let stored = per_vector(bench::reload_graph(breadth));
        let extra = format!(r#","breadth":{breadth},"stored":{stored}"#);
        ask("graph", &extra, &|query| bench::nearest_by_graph(query));
    }
}

/// Milliseconds that the processor worked for this process, where the system says so: on a shared machine the clock
/// on the wall tells of the others.
fn processor() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/self/stat").ok()?;
    // What follows the name begins with field 3; fields 14 and 15 are user and system time in hundredths.
    let fields: Vec<&str> = told.rsplit(')').next()?.split_whitespace().collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) * 10.0)
}
