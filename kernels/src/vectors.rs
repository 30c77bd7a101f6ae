//! Dot products of int8 codes: a WebAssembly SIMD kernel, and a portable one that compilers vectorise.
//!
//! Both are exact integer arithmetic, so they agree to the bit; only the last multiplication by the scales is
//! in floats, and it is the same code for both.

/// The rows scored together, so that each piece of the query is loaded once for all of them.
const BLOCK: usize = 4;

/// The dot product of two rows of codes of equal length; the surplus of the longer one is ignored.
///
/// Exact for up to 65,536 codes.
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return simd::dot(a, b);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    return portable::dot(a, b);
}

/// Writes the cosine of the query with every row to `out`, each from -1 to 1 and never NaN.
///
/// `rows` is a matrix of `query.len()` codes per row; `scales` holds the rows' scales as little-endian f32, as
/// they lie in a stored block at any alignment. The shortest of the three decides how many rows are scored.
pub fn scan(query: &[i8], query_scale: f32, rows: &[i8], scales: &[[u8; 4]], out: &mut [f32]) {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    scan_with(simd::dots, simd::dot, query, query_scale, rows, scales, out);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    scan_with(portable::dots, portable::dot, query, query_scale, rows, scales, out);
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

#[inline(always)]
fn scan_with(
    dots: impl Fn(&[i8], &[i8]) -> [i32; BLOCK],
    dot: impl Fn(&[i8], &[i8]) -> i32,
    query: &[i8],
    query_scale: f32,
    rows: &[i8],
    scales: &[[u8; 4]],
    out: &mut [f32],
) {
    if query.is_empty() {
        return;
    }
    let count = (rows.len() / query.len()).min(scales.len()).min(out.len());
    let (row_blocks, row_rest) = rows[..count * query.len()].split_at((count - count % BLOCK) * query.len());
    let (scale_blocks, scale_rest) = scales[..count].as_chunks::<BLOCK>();
    let (out_blocks, out_rest) = out[..count].as_chunks_mut::<BLOCK>();
    let row_blocks = row_blocks.chunks_exact(BLOCK * query.len());
    for ((rows, scales), out) in row_blocks.zip(scale_blocks).zip(out_blocks) {
        let dots = dots(query, rows);
        for lane in 0..BLOCK {
            out[lane] = cosine(dots[lane], query_scale, f32::from_le_bytes(scales[lane]));
        }
    }
    for ((row, scale), out) in row_rest.chunks_exact(query.len()).zip(scale_rest).zip(out_rest) {
        *out = cosine(dot(query, row), query_scale, f32::from_le_bytes(*scale));
    }
}

mod portable {
    #[cfg(any(feature = "trap", not(all(target_arch = "wasm32", target_feature = "simd128"))))]
    use super::BLOCK;

    #[inline(always)]
    pub fn dot(a: &[i8], b: &[i8]) -> i32 {
        // This plainest form is the fastest of those measured: compilers vectorise it, hand-blocked lanes they do not.
        a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
    }

    /// The dot products with the `BLOCK` rows that lie one after the other in `rows`.
    #[inline(always)]
    #[cfg(any(feature = "trap", not(all(target_arch = "wasm32", target_feature = "simd128"))))]
    pub fn dots(query: &[i8], rows: &[i8]) -> [i32; BLOCK] {
        let dims = query.len();
        std::array::from_fn(|lane| dot(query, &rows[lane * dims..(lane + 1) * dims]))
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd {
    use super::{BLOCK, portable};
    use core::arch::wasm32::*;

    /// Codes per step: a register, widened to i16.
    const STEP: usize = 8;

    #[inline(always)]
    fn widen(codes: &[i8; STEP]) -> v128 {
        // SAFETY: the array holds the eight bytes that are read; the load needs no alignment.
        unsafe { i16x8_load_extend_i8x8(codes.as_ptr()) }
    }

    #[inline(always)]
    fn sum(lanes: v128) -> i32 {
        i32x4_extract_lane::<0>(lanes)
            + i32x4_extract_lane::<1>(lanes)
            + i32x4_extract_lane::<2>(lanes)
            + i32x4_extract_lane::<3>(lanes)
    }

    #[inline(always)]
    pub fn dot(a: &[i8], b: &[i8]) -> i32 {
        let length = a.len().min(b.len());
        let ((a, a_rest), (b, b_rest)) = (a[..length].as_chunks(), b[..length].as_chunks());
        let mut total = i32x4_splat(0);
        for (a, b) in a.iter().zip(b) {
            total = i32x4_add(total, i32x4_dot_i16x8(widen(a), widen(b)));
        }
        sum(total) + portable::dot(a_rest, b_rest)
    }

    /// The dot products with the `BLOCK` rows that lie one after the other in `rows`.
    #[inline(always)]
    pub fn dots(query: &[i8], rows: &[i8]) -> [i32; BLOCK] {
        let dims = query.len();
        let (query, query_rest) = query.as_chunks();
        let rows: [(&[[i8; STEP]], &[i8]); BLOCK] = std::array::from_fn(|lane| {
            let (row, rest) = rows[lane * dims..(lane + 1) * dims].as_chunks();
            // Says to the compiler that the row is as long as the query, which removes the checks in the loop.
            (&row[..query.len()], rest)
        });
        let mut totals = [i32x4_splat(0); BLOCK];
        for (at, piece) in query.iter().enumerate() {
            let piece = widen(piece);
            for lane in 0..BLOCK {
                totals[lane] = i32x4_add(totals[lane], i32x4_dot_i16x8(piece, widen(&rows[lane].0[at])));
            }
        }
        std::array::from_fn(|lane| sum(totals[lane]) + portable::dot(query_rest, rows[lane].1))
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
        let scales: Vec<[u8; 4]> = (0..count).map(|at| (at as f32 * 1e-6).to_le_bytes()).collect();
        let (mut fast, mut plain) = (vec![0f32; count], vec![1f32; count]);
        scan(&query, 0.001, &rows, &scales, &mut fast);
        scan_with(portable::dots, portable::dot, &query, 0.001, &rows, &scales, &mut plain);
        let exact =
            |row: &[i8]| query.iter().zip(row).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum::<i64>();
        fast.iter().zip(&plain).all(|(a, b)| a.to_bits() == b.to_bits())
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
