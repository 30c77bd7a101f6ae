//! Vectors with structure, the same for every run: random points would be equally far from everything.

use edgemem::vector::{Quantized, TokenTable, Vectors, quantize};

use super::NEAREST;

pub struct Made {
    pub vectors: Vectors,
    pub queries: Vec<Quantized>,
    /// Per query, the rows nearest to it by the exact cosine.
    pub truth: Vec<Vec<u32>>,
}

/// A mixture of topics, as the vectors of sentence models look: a direction common to all, one of the topic, and a part
/// of their own whose dimensions matter less and less.
pub fn mixture(dims: usize, count: usize, queries: usize) -> Made {
    let mut random = Random(9);
    let spread: Vec<f32> = (0..dims).map(|at| (1.0 + at as f32 / 16.0).powf(-0.5)).collect();
    let mut direction = |size: f32| -> Vec<f32> {
        let point: Vec<f32> = spread.iter().map(|spread| spread * random.normal()).collect();
        let length = point.iter().map(|x| x * x).sum::<f32>().sqrt();
        point.iter().map(|x| x / length * size).collect()
    };
    let common = direction(0.4);
    let topics: Vec<Vec<f32>> = (0..TOPICS).map(|_| direction(0.7)).collect();
    let mut which = Random(10);
    collect(dims, count, queries, |_| {
        let (topic, other) = (&topics[which.below(TOPICS)], &topics[which.below(TOPICS)]);
        let own = direction(0.6);
        (0..dims).map(|at| common[at] + topic[at] + 0.4 * other[at] + own[at]).collect()
    })
}

/// Sentences of words of the table, most of them near to the sentence's topic, embedded by the table.
pub fn sentences(table: &TokenTable, count: usize, queries: usize) -> Made {
    let words: Vec<(u32, &str)> = table.words().collect();
    let mut random = Random(11);
    let mut near = vec![0.0; table.len()];
    let topics: Vec<Vec<&str>> = (0..TOPICS)
        .map(|_| {
            let (row, _) = words[random.below(words.len())];
            table.similarities(row, &mut near).expect("a row of the table");
            let mut sorted: Vec<&(u32, &str)> = words.iter().collect();
            sorted.sort_by(|a, b| near[b.0 as usize].total_cmp(&near[a.0 as usize]));
            sorted[..80].iter().map(|(_, word)| *word).collect()
        })
        .collect();
    collect(table.dims(), count, queries, |_| {
        let topic = &topics[random.below(TOPICS)];
        let length = 6 + random.below(14);
        let sentence: Vec<&str> = (0..length)
            .map(|_| match random.below(2) {
                0 => topic[random.below(topic.len())],
                // Frequent words come first: a power of the place makes them frequent here, too.
                _ => words[(words.len() as f32).powf(random.unit()) as usize % words.len()].1,
            })
            .collect();
        let vector = table.embed(&sentence.join(" "));
        vector.codes().iter().map(|&code| f32::from(code) * vector.scale()).collect()
    })
}

const TOPICS: usize = 500;

/// Quantises vector after vector and keeps only what the contestants need: the floats of a hundred thousand would fill
/// the memory.
fn collect(dims: usize, count: usize, queries: usize, mut make: impl FnMut(usize) -> Vec<f32>) -> Made {
    let unit = |vector: Vec<f32>| -> Vec<f32> {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| if length > 0.0 { x / length } else { 0.0 }).collect()
    };
    let asked: Vec<Vec<f32>> = (0..queries).map(|at| unit(make(at))).collect();
    let mut vectors = Vectors::new(dims).expect("a dimension at least");
    let mut nearest: Vec<Vec<(f32, u32)>> = vec![vec![]; queries];
    for row in 0..count {
        let vector = unit(make(queries + row));
        vectors.push(&quantize(&vector).expect("finite numbers")).expect("of these dimensions");
        for (query, nearest) in asked.iter().zip(&mut nearest) {
            let cosine = dot(query, &vector);
            if nearest.len() < NEAREST || cosine > nearest[NEAREST - 1].0 {
                let at = nearest.partition_point(|&(other, _)| other >= cosine);
                nearest.insert(at, (cosine, row as u32));
                nearest.truncate(NEAREST);
            }
        }
    }
    Made {
        vectors,
        queries: asked.iter().map(|query| quantize(query).expect("finite numbers")).collect(),
        truth: nearest.into_iter().map(|rows| rows.into_iter().map(|(_, row)| row).collect()).collect(),
    }
}

/// In eight sums, which a compiler can keep in registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        (0..8).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// xorshift64*: variety is wanted, and the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    /// From 0 up to, not including, 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }

    /// Roughly normal with variance 1.
    fn normal(&mut self) -> f32 {
        ((0..6).map(|_| self.unit()).sum::<f32>() - 3.0) * std::f32::consts::SQRT_2
    }
}
