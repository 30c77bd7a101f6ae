//! The sketch: one bit for the sign of every dimension, compared by counting the bits that differ.

use edgemem::vector::{Quantized, Vectors};

/// 128 dimensions: a register.
type Block = u128;

pub struct Sketch {
    /// Blocks per row.
    width: usize,
    signs: Vec<Block>,
    differing: Vec<u16>,
    tally: Vec<u32>,
}

impl Sketch {
    pub fn of(vectors: &Vectors) -> Sketch {
        let width = vectors.dims().div_ceil(128);
        let mut signs = Vec::with_capacity(vectors.len() * width);
        for row in 0..vectors.len() {
            signs.extend(sketch(vectors.row(row).expect("below the length").0));
        }
        Sketch { width, signs, differing: vec![0; vectors.len()], tally: vec![] }
    }

    /// Writes the estimated cosine of every row, and the exact one of those that look best.
    pub fn scan(&mut self, vectors: &Vectors, query: &Quantized, candidates: usize, out: &mut [f32]) {
        let asked: Vec<Block> = sketch(query.codes()).collect();
        self.count_differing(&asked);
        let dims = vectors.dims();
        self.tally.clear();
        self.tally.resize(dims + 1, 0);
        self.differing.iter().for_each(|&bits| self.tally[bits as usize] += 1);
        let mut taken = 0;
        let limit = self.tally.iter().position(|&rows| {
            taken += rows as usize;
            taken >= candidates
        });
        let limit = limit.unwrap_or(dims) as u16;
        // The share of differing signs is the angle between two vectors, in half turns (Goemans and Williamson).
        let cosines: Vec<f32> =
            (0..=dims).map(|bits| (std::f32::consts::PI * bits as f32 / dims as f32).cos()).collect();
        for (row, (&bits, out)) in self.differing.iter().zip(out).enumerate() {
            *out = if bits <= limit { vectors.rows().cosine(query, row) } else { cosines[bits as usize] };
        }
    }

    #[cfg(target_arch = "wasm32")]
    fn count_differing(&mut self, asked: &[Block]) {
        use core::arch::wasm32::*;
        let rows = self.signs.chunks_exact(self.width);
        for (row, differing) in rows.zip(&mut self.differing) {
            let mut total = i16x8_splat(0);
            for (a, b) in row.iter().zip(asked) {
                // SAFETY: both are blocks of sixteen bytes; the loads need no alignment.
                let (a, b) =
                    unsafe { (v128_load((a as *const Block).cast()), v128_load((b as *const Block).cast())) };
                total = i16x8_add(total, i16x8_extadd_pairwise_u8x16(u8x16_popcnt(v128_xor(a, b))));
            }
            let pairs = i32x4_extadd_pairwise_i16x8(total);
            let sum = i32x4_extract_lane::<0>(pairs)
                + i32x4_extract_lane::<1>(pairs)
                + i32x4_extract_lane::<2>(pairs)
                + i32x4_extract_lane::<3>(pairs);
            *differing = sum as u16;
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn count_differing(&mut self, asked: &[Block]) {
        let rows = self.signs.chunks_exact(self.width);
        for (row, differing) in rows.zip(&mut self.differing) {
            *differing = row.iter().zip(asked).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>() as u16;
        }
    }
}

fn sketch(codes: &[i8]) -> impl Iterator<Item = Block> {
    codes.chunks(128).map(|codes| {
        codes.iter().enumerate().fold(0, |bits, (at, &code)| bits | (Block::from(code < 0) << at))
    })
}
