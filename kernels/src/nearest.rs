//! The rows of a matrix that are nearest to one of them, of those that are candidates.

use crate::vectors::dot_i8;

/// Unit vectors as rows of int8 codes, with what makes each row a unit vector as little-endian f32.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// All rows, one after the other.
    pub codes: &'a [i8],
    /// One per row.
    pub scales: &'a [[u8; 4]],
    /// Codes per row, above 0.
    pub dims: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn row(&self, row: u32) -> Option<(&'a [i8], f32)> {
        let start = row as usize * self.dims;
        let scale = f32::from_le_bytes(*self.scales.get(row as usize)?);
        Some((self.codes.get(start..start + self.dims)?, scale))
    }

    /// The `keep` candidates with the greatest cosine above `floor`, greatest first; of equals the one with the
    /// smaller row number. The row itself is left out, and so are candidates that are no rows.
    pub fn nearest(&self, row: u32, candidates: &[u32], floor: f32, keep: usize) -> Vec<(u32, f32)> {
        let mut best: Vec<(u32, f32)> = Vec::with_capacity(keep + 1);
        let Some((query, query_scale)) = self.row(row) else { return best };
        let mut least = floor;
        for &other in candidates.iter().filter(|&&other| other != row) {
            let Some((codes, scale)) = self.row(other) else { continue };
            let cosine = dot_i8(query, codes) as f32 * query_scale * scale;
            if cosine < least || cosine <= floor {
                continue;
            }
            let before = |&(held, least): &(u32, f32)| least > cosine || least == cosine && held < other;
            let at = best.partition_point(before);
            best.insert(at, (other, cosine));
            if best.len() > keep {
                best.pop();
            }
            if best.len() == keep {
                least = best.last().map_or(floor, |&(_, least)| least);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_candidates_come_in_order() {
        let codes = [10, 0, 8, 6, 6, 8, 0, 10, 6, 8];
        let scales = [0.1f32.to_le_bytes(); 5];
        let rows = Rows { codes: &codes, scales: &scales, dims: 2 };
        let found = rows.nearest(0, &[4, 3, 2, 1, 0, 9], 0.0, 10);
        let order: Vec<u32> = found.iter().map(|&(row, _)| row).collect();
        assert_eq!(order, [1, 2, 4], "equals by number, the perpendicular one left out");
        assert!((found[0].1 - 0.8).abs() < 1e-6);
        assert_eq!(rows.nearest(0, &[4, 3, 2, 1], 0.0, 2).iter().map(|it| it.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(rows.nearest(0, &[1, 2], 0.7, 2).len(), 1);
        assert_eq!(rows.nearest(7, &[1], 0.0, 2), []);
        assert_eq!(rows.nearest(0, &[1], 0.0, 0), []);
    }
}
