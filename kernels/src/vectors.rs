//! Dot products of int8 codes: a WebAssembly SIMD kernel, and a portable one that compilers vectorise.
//!
//! Both are exact integer arithmetic, so they agree to the bit; only the last multiplication by the scales is
//! in floats, and both do the same operations in the same order.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use portable as fastest;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use simd as fastest;

/// The rows scored together.
const BLOCK: usize = 4;

/// The dot product of two rows of codes of equal length; the surplus of the longer one is ignored.
///
/// Exact for up to 65,536 codes.
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    fastest::dot(a, b)
}

/// Writes the cosine of the query with every row to `out`, each from -1 to 1 and never NaN.
///
/// `rows` is a matrix of `query.len()` codes per row; `scales` holds the rows' scales as little-endian f32, as
/// they lie in a stored block at any alignment. The shortest of the three decides how many rows are scored.
pub fn scan(query: &[i8], query_scale: f32, rows: &[i8], scales: &[[u8; 4]], out: &mut [f32]) {
    if query.is_empty() {
        return;
    }
    let count = (rows.len() / query.len()).min(scales.len()).min(out.len());
    let (rows, scales, out) = (&rows[..count * query.len()], &scales[..count], &mut out[..count]);
    let done = fastest::scan(query, query_scale, rows, scales, out);
    let rest = rows[done * query.len()..].chunks_exact(query.len());
    for ((row, scale), out) in rest.zip(&scales[done..]).zip(&mut out[done..]) {
        *out = cosine(dot_i8(query, row), query_scale, f32::from_le_bytes(*scale));
    }
}

/// Adds a row of codes times `scale` to a sum. The shorter of the two decides how many places are added to.
pub fn add_scaled(sum: &mut [f32], codes: &[i8], scale: f32) {
    for (sum, &code) in sum.iter_mut().zip(codes) {
        *sum += f32::from(code) * scale;
    }
}

/// The cosine that a dot product of codes stands for. Damaged scales (NaN, infinite) give a number too.
#[inline(always)]
pub fn cosine(dot: i32, query_scale: f32, scale: f32) -> f32 {
    // Comparisons, and not f32::clamp, max or min: NaN fails the first and becomes -1 instead of reaching the
    // ranking, and in WebAssembly max and min are calls to libm that cost as much as 64 dimensions.
    let score = dot as f32 * query_scale * scale;
    let score = if score > -1.0 { score } else { -1.0 };
    if score < 1.0 { score } else { 1.0 }
}

mod portable {
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    use super::BLOCK;

    #[inline(always)]
    pub fn dot(a: &[i8], b: &[i8]) -> i32 {
        // This plainest form is the fastest of those measured: compilers vectorise it, hand-blocked lanes they do not.
        a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
    }

    /// Scores whole blocks of rows; returns how many rows these are. All slices hold the same number of rows.
    #[inline(always)]
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    pub fn scan(query: &[i8], scale: f32, rows: &[i8], scales: &[[u8; 4]], out: &mut [f32]) -> usize {
        let dims = query.len();
        let (scales, out) = (scales.as_chunks::<BLOCK>().0, out.as_chunks_mut::<BLOCK>().0);
        for ((rows, scales), out) in rows.chunks_exact(BLOCK * dims).zip(scales).zip(&mut *out) {
            // All products before the first cosine: that way one row's sum need not be done before the next begins.
            let dots: [i32; BLOCK] =
                std::array::from_fn(|lane| dot(query, &rows[lane * dims..(lane + 1) * dims]));
            for lane in 0..BLOCK {
                out[lane] = super::cosine(dots[lane], scale, f32::from_le_bytes(scales[lane]));
            }
        }
        out.len() * BLOCK
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd {
    use super::{BLOCK, portable};
    use core::arch::wasm32::*;

    /// Codes of a register, widened to i16.
    const STEP: usize = 8;

    #[inline(always)]
    fn widen(codes: &[i8; STEP]) -> v128 {
        // SAFETY: the array holds the eight bytes that are read; the load needs no alignment.
        unsafe { i16x8_load_extend_i8x8(codes.as_ptr()) }
    }

    #[inline(always)]
    pub fn dot(a: &[i8], b: &[i8]) -> i32 {
        let length = a.len().min(b.len());
        let ((a, a_rest), (b, b_rest)) = (a[..length].as_chunks(), b[..length].as_chunks());
        let mut total = i32x4_splat(0);
        for (a, b) in a.iter().zip(b) {
            total = i32x4_add(total, i32x4_dot_i16x8(widen(a), widen(b)));
        }
        let total = i32x4_extract_lane::<0>(total)
            + i32x4_extract_lane::<1>(total)
            + i32x4_extract_lane::<2>(total)
            + i32x4_extract_lane::<3>(total);
        total + portable::dot(a_rest, b_rest)
    }

    /// Scores whole blocks of rows; returns how many rows these are. All slices hold the same number of rows.
    pub fn scan(query: &[i8], scale: f32, rows: &[i8], scales: &[[u8; 4]], out: &mut [f32]) -> usize {
        let dims = query.len();
        // The query is widened once, with zeros up to a whole number of steps: what they meet is the beginning of
        // the next row, so the last rows, which have none, are left to the caller. Two registers a step, because
        // the sum of two products costs less than another round of the loop.
        let padded = dims.next_multiple_of(2 * STEP);
        let mut codes = query.to_vec();
        codes.resize(padded, 0);
        let steps = codes.as_chunks().0.chunks_exact(2);
        let pieces: Vec<[v128; 2]> = steps.map(|step| [widen(&step[0]), widen(&step[1])]).collect();
        let blocks = rows.len().saturating_sub(padded - dims) / (BLOCK * dims);
        let outputs = scales.as_chunks().0.iter().zip(out.as_chunks_mut().0);
        for (block, (scales, out)) in outputs.take(blocks).enumerate() {
            let rows = &rows[block * BLOCK * dims..][..(BLOCK - 1) * dims + padded];
            let mut totals = [i32x4_splat(0); BLOCK];
            for (at, &[first, second]) in pieces.iter().enumerate() {
                for (lane, total) in totals.iter_mut().enumerate() {
                    // SAFETY: `at` counts the steps of a padded row, and the slice ends with the last row's padding.
                    let codes =
                        unsafe { &*rows.as_ptr().add(lane * dims + at * 2 * STEP).cast::<[[i8; STEP]; 2]>() };
                    let first = i32x4_dot_i16x8(first, widen(&codes[0]));
                    let second = i32x4_dot_i16x8(second, widen(&codes[1]));
                    *total = i32x4_add(*total, i32x4_add(first, second));
                }
            }
            cosines(sums(totals), scale, scales, out);
        }
        blocks * BLOCK
    }

    /// The sum of each of [`BLOCK`] registers, all in one: four sums by shuffles are cheaper than sixteen lanes taken out.
    #[inline(always)]
    fn sums([a, b, c, d]: [v128; BLOCK]) -> v128 {
        let ab = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let cd = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        i32x4_add(i32x4_shuffle::<0, 1, 4, 5>(ab, cd), i32x4_shuffle::<2, 3, 6, 7>(ab, cd))
    }

    /// Writes what [`super::cosine`] is for one: the same operations in the same order.
    #[inline(always)]
    fn cosines(dots: v128, query_scale: f32, scales: &[[u8; 4]; BLOCK], out: &mut [f32; BLOCK]) {
        // SAFETY: the array holds the sixteen bytes that are read; the load needs no alignment.
        let scales = unsafe { v128_load(scales.as_ptr().cast()) };
        let score = f32x4_mul(f32x4_mul(f32x4_convert_i32x4(dots), f32x4_splat(query_scale)), scales);
        let (low, high) = (f32x4_splat(-1.0), f32x4_splat(1.0));
        let score = v128_bitselect(score, low, f32x4_gt(score, low));
        let score = v128_bitselect(score, high, f32x4_lt(score, high));
        // SAFETY: the array has room for the sixteen bytes that are written; the store needs no alignment.
        unsafe { v128_store(out.as_mut_ptr().cast(), score) }
    }
}

/// Whether this build's kernels and the portable one agree to the bit on matrices made from `seed`, with every
/// number of dimensions up to 70 and with extreme codes. Tests call it in every build, so also in WebAssembly.
#[cfg(any(test, feature = "trap"))]
pub fn agree(seed: u64) -> bool {
    let mut state = seed | 1;
    let mut next = move || {
        // xorshift64: the test needs variety, not quality, and no randomness of the host.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (1..=70usize).chain([255, 256, 384, 1537]).all(|dims| {
        let count = (next() % 11) as usize;
        let mut codes = |length: usize| -> Vec<i8> {
            let extreme = next() % 4 == 0;
            (0..length)
                .map(|_| if extreme { [-128, 127][(next() >> 60) as usize % 2] } else { next() as i8 })
                .collect()
        };
        let (query, rows) = (codes(dims), codes(dims * count));
        // Some are no numbers at all, as damage could make them.
        let damaged = dims % 5 == 0;
        let scale = |at: usize| if damaged && at % 2 == 1 { f32::NAN } else { at as f32 * 1e-6 };
        let scales: Vec<[u8; 4]> = (0..count).map(|at| scale(at).to_le_bytes()).collect();
        let mut fast = vec![9f32; count];
        scan(&query, 0.001, &rows, &scales, &mut fast);
        let plain = rows
            .chunks_exact(dims)
            .zip(&scales)
            .map(|(row, scale)| cosine(portable::dot(&query, row), 0.001, f32::from_le_bytes(*scale)));
        let exact =
            |row: &[i8]| query.iter().zip(row).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum::<i64>();
        fast.iter().zip(plain).all(|(a, b)| a.to_bits() == b.to_bits())
            && rows.chunks_exact(dims).all(|row| i64::from(dot_i8(&query, row)) == exact(row))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn kernels_agree(seed: u64) {
            prop_assert!(agree(seed));
        }

        #[test]
        fn damaged_scales_never_give_a_score_out_of_range(scale in any::<u32>(), dot in any::<i32>(), query in any::<u32>()) {
            let score = cosine(dot, f32::from_bits(query), f32::from_bits(scale));
            prop_assert!((-1.0..=1.0).contains(&score));
        }
    }

    #[test]
    fn the_largest_vectors_do_not_overflow() {
        let row = vec![-128i8; 1 << 16];
        assert_eq!(dot_i8(&row, &row), 128 * 128 * 65_536);
    }

    #[test]
    fn short_or_empty_inputs_score_what_is_there() {
        let mut out = [9.0; 3];
        scan(&[], 1.0, &[], &[], &mut out);
        scan(&[1], 1.0, &[1, 1], &[1f32.to_le_bytes()], &mut out);
        assert_eq!(out, [1.0, 9.0, 9.0]);
        assert_eq!(dot_i8(&[1, 2, 3], &[1, 1]), 3);
    }
}
