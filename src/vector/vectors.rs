//! The vectors of one embedder: growable in the mutable head, borrowed from a stored block in a segment.
//!
//! Both hold the same matrix of codes and the same scales, so a scan never knows which it reads. A stored block
//! is all codes, row after row, then all scales as little-endian f32; its row count follows from its length.

use super::kernels::{self, dot_i8};
use super::quantize::{MAX_DIMS, Quantized};
use crate::error::{Error, ErrorKind, Result};

/// Vectors that can be added to, all of the same number of dimensions. Rows are numbered from zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    dims: usize,
    codes: Vec<i8>,
    scales: Vec<[u8; 4]>,
}

impl Vectors {
    /// No vectors yet. `VECTOR_INVALID` unless `dims` is from 1 to [`MAX_DIMS`].
    pub fn new(dims: usize) -> Result<Vectors> {
        if dims == 0 || dims > MAX_DIMS {
            let message = format!("A vector must have from 1 to {MAX_DIMS} dimensions, not {dims}.");
            return Err(Error::new(ErrorKind::VectorInvalid, message));
        }
        Ok(Vectors { dims, codes: Vec::new(), scales: Vec::new() })
    }

    /// Copies a stored block, see [`VectorRows::decode`].
    pub fn decode(dims: usize, bytes: &[u8]) -> Result<Vectors> {
        let rows = VectorRows::decode(dims, bytes)?;
        Ok(Vectors { dims, codes: rows.codes.to_vec(), scales: rows.scales.to_vec() })
    }

    /// Appends a vector and returns its row. `VECTOR_INVALID` if it has another number of dimensions.
    pub fn push(&mut self, vector: &Quantized) -> Result<usize> {
        self.push_row(vector.codes(), vector.scale())
    }

    /// Appends all rows of `other`, for compaction. `VECTOR_INVALID` if its dimensions differ.
    pub fn extend(&mut self, other: VectorRows<'_>) -> Result<()> {
        check_dims(self.dims, other.dims)?;
        self.codes.extend_from_slice(other.codes);
        self.scales.extend_from_slice(other.scales);
        Ok(())
    }

    /// Appends a row as [`VectorRows::row`] returned it. `VECTOR_INVALID` if its dimensions differ.
    pub fn push_row(&mut self, codes: &[i8], scale: f32) -> Result<usize> {
        check_dims(self.dims, codes.len())?;
        self.codes.extend_from_slice(codes);
        self.scales.push(scale.to_le_bytes());
        Ok(self.scales.len() - 1)
    }

    /// The vectors as they are now, for reading.
    pub fn rows(&self) -> VectorRows<'_> {
        VectorRows { dims: self.dims, codes: &self.codes, scales: &self.scales }
    }

    /// The number of dimensions of every vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The number of vectors.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The vector of a row, see [`VectorRows::row`].
    pub fn row(&self, row: usize) -> Option<(&[i8], f32)> {
        self.rows().row(row)
    }

    /// The cosine of `query` with every row, see [`VectorRows::scan`].
    pub fn scan(&self, query: &Quantized, out: &mut [f32]) -> Result<()> {
        self.rows().scan(query, out)
    }

    /// The stored form, see [`VectorRows::bytes`].
    pub fn bytes(&self) -> Vec<u8> {
        self.rows().bytes()
    }

    /// The bytes of memory held, with the room kept for growth.
    pub fn resident(&self) -> usize {
        self.codes.capacity() + 4 * self.scales.capacity()
    }
}

/// Vectors in a block of bytes that somebody else owns, at any alignment. Copying this copies no vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VectorRows<'a> {
    dims: usize,
    codes: &'a [i8],
    scales: &'a [[u8; 4]],
}

impl<'a> VectorRows<'a> {
    /// Checks a stored block, once, when it is loaded: its length and every scale.
    ///
    /// `STORE_CORRUPT` if the length is not a whole number of rows or a scale is not a finite, positive number
    /// or zero; `VECTOR_INVALID` if `dims` is not from 1 to [`MAX_DIMS`].
    pub fn decode(dims: usize, bytes: &'a [u8]) -> Result<VectorRows<'a>> {
        let rows = VectorRows::over(dims, bytes)?;
        let sound = |scale: &[u8; 4]| (0.0..f32::INFINITY).contains(&f32::from_le_bytes(*scale));
        match rows.scales.iter().position(|scale| !sound(scale)) {
            None => Ok(rows),
            Some(row) => Err(corrupt(format!("the scale of row {row} is not a finite number"))),
        }
    }

    /// Views a block that [`VectorRows::decode`] accepted before, in constant time: only the length is checked.
    /// On unchecked bytes the scores would be meaningless, but still from -1 to 1.
    pub fn over(dims: usize, bytes: &'a [u8]) -> Result<VectorRows<'a>> {
        Vectors::new(dims)?;
        if !bytes.len().is_multiple_of(dims + 4) {
            let message = format!("{} bytes are no whole number of rows of {dims} dimensions", bytes.len());
            return Err(corrupt(message));
        }
        let (codes, scales) = bytes.split_at(bytes.len() / (dims + 4) * dims);
        Ok(VectorRows { dims, codes: signed(codes), scales: scales.as_chunks().0 })
    }

    /// The number of dimensions of every vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The number of vectors.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The codes and the scale of a row, or `None` past the end.
    pub fn row(&self, row: usize) -> Option<(&'a [i8], f32)> {
        let scale = f32::from_le_bytes(*self.scales.get(row)?);
        Some((&self.codes[row * self.dims..(row + 1) * self.dims], scale))
    }

    /// The cosine of `query` with one row, from -1 to 1: cheaper than a scan when few rows are candidates.
    /// 0 past the end or if the dimensions differ.
    pub fn cosine(&self, query: &Quantized, row: usize) -> f32 {
        match self.row(row) {
            Some((codes, scale)) if query.dims() == self.dims => {
                kernels::cosine(dot_i8(query.codes(), codes), query.scale(), scale)
            }
            _ => 0.0,
        }
    }

    /// Writes the cosine of `query` with every row to `out`, each from -1 to 1; a zero vector scores 0.
    ///
    /// `VECTOR_INVALID` if the query has another number of dimensions; `INVALID_ARGUMENT` if `out` has not
    /// exactly one place per row.
    pub fn scan(&self, query: &Quantized, out: &mut [f32]) -> Result<()> {
        check_dims(self.dims, query.dims())?;
        if out.len() != self.len() {
            let message = format!("A scan of {} rows needs as many places, not {}.", self.len(), out.len());
            return Err(Error::new(ErrorKind::InvalidArgument, message).field("out"));
        }
        kernels::scan(query.codes(), query.scale(), self.codes, self.scales, out);
        Ok(())
    }

    /// The stored form: all codes, then all scales; `len() * (dims() + 4)` bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.codes.len() + 4 * self.scales.len());
        bytes.extend_from_slice(unsigned(self.codes));
        bytes.extend_from_slice(self.scales.as_flattened());
        bytes
    }
}

fn check_dims(expected: usize, found: usize) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let message = format!(
        "The vector has {found} dimensions, the stored ones have {expected}: they come from another embedder."
    );
    Err(Error::new(ErrorKind::VectorInvalid, message))
}

fn corrupt(detail: String) -> Error {
    Error::new(ErrorKind::StoreCorrupt, format!("A stored block of vectors is damaged: {detail}."))
}

pub(super) fn signed(bytes: &[u8]) -> &[i8] {
    // SAFETY: u8 and i8 have the same size and alignment, and every bit pattern is valid in both.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

fn unsigned(codes: &[i8]) -> &[u8] {
    // SAFETY: as in `signed`.
    unsafe { std::slice::from_raw_parts(codes.as_ptr().cast(), codes.len()) }
}

#[cfg(test)]
mod tests {
    use super::super::quantize;
    use super::*;
    use proptest::prelude::*;

    fn exact(a: &[f32], b: &[f32]) -> f64 {
        let dot =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        let length = (dot(a, a) * dot(b, b)).sqrt();
        if length == 0.0 { 0.0 } else { dot(a, b) / length }
    }

    fn filled(rows: &[Vec<f32>], dims: usize) -> Vectors {
        let mut vectors = Vectors::new(dims).unwrap();
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(vectors.push(&quantize(row).unwrap()).unwrap(), at);
        }
        vectors
    }

    fn matrix() -> impl Strategy<Value = (usize, Vec<f32>, Vec<Vec<f32>>)> {
        (1usize..80).prop_flat_map(|dims| {
            let row = prop::collection::vec(-2f32..2.0, dims);
            (Just(dims), row.clone(), prop::collection::vec(row, 0..12))
        })
    }

    proptest! {
        #[test]
        fn scores_are_close_to_the_exact_cosine((dims, query, rows) in matrix()) {
            let vectors = filled(&rows, dims);
            let query_codes = quantize(&query).unwrap();
            let mut out = vec![f32::NAN; rows.len()];
            vectors.scan(&query_codes, &mut out).unwrap();
            for (at, row) in rows.iter().enumerate() {
                prop_assert!((f64::from(out[at]) - exact(&query, row)).abs() < 0.015);
                prop_assert_eq!(vectors.rows().cosine(&query_codes, at), out[at]);
            }
        }

        #[test]
        fn a_stored_block_reads_back_at_any_alignment((dims, query, rows) in matrix(), shift in 0usize..8) {
            let vectors = filled(&rows, dims);
            let mut block = vec![0xEE; shift];
            block.extend(vectors.bytes());
            let view = VectorRows::decode(dims, &block[shift..]).unwrap();
            prop_assert_eq!(block.len() - shift, rows.len() * (dims + 4));
            prop_assert_eq!(view, vectors.rows());
            prop_assert_eq!(&Vectors::decode(dims, &block[shift..]).unwrap(), &vectors);
            let (mut stored, mut grown) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
            view.scan(&quantize(&query).unwrap(), &mut stored).unwrap();
            vectors.scan(&quantize(&query).unwrap(), &mut grown).unwrap();
            prop_assert_eq!(stored, grown);
        }

        #[test]
        fn hostile_blocks_never_panic(dims in 0usize..40, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(view) = VectorRows::over(dims, &bytes) {
                let mut out = vec![0.0; view.len()];
                view.scan(&quantize(&vec![1.0; dims]).unwrap(), &mut out).unwrap();
                prop_assert!(out.iter().all(|score| (-1.0..=1.0).contains(score)));
            }
            let _ = VectorRows::decode(dims, &bytes);
        }
    }

    #[test]
    fn damaged_blocks_are_named() {
        let bytes = filled(&[vec![1.0, 2.0], vec![3.0, 4.0]], 2).bytes();
        assert_eq!(VectorRows::decode(2, &bytes[1..]).unwrap_err().kind(), ErrorKind::StoreCorrupt);
        for scale in [f32::NAN, f32::INFINITY, -0.5] {
            let mut bytes = bytes.clone();
            bytes[8..].copy_from_slice(&scale.to_le_bytes());
            let error = VectorRows::decode(2, &bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StoreCorrupt);
            assert!(error.message().contains("row 1"), "{error}");
        }
    }

    #[test]
    fn dimensions_are_checked() {
        let mut vectors = filled(&[vec![1.0, 2.0]], 2);
        let other = quantize(&[1.0]).unwrap();
        assert_eq!(vectors.push(&other).unwrap_err().kind(), ErrorKind::VectorInvalid);
        assert_eq!(vectors.scan(&other, &mut [0.0]).unwrap_err().kind(), ErrorKind::VectorInvalid);
        assert_eq!(
            vectors.scan(&Quantized::zero(2), &mut []).unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
        assert_eq!(Vectors::new(0).unwrap_err().kind(), ErrorKind::VectorInvalid);
        assert_eq!(vectors.row(1), None);
        assert_eq!(vectors.len(), 1);
    }

    #[test]
    fn the_same_vector_scores_one_and_a_missing_one_zero() {
        let mut vectors = filled(&[vec![3.0, 4.0, 0.0], vec![-3.0, -4.0, 0.0]], 3);
        vectors.push(&Quantized::zero(3)).unwrap();
        let mut out = [9.0; 3];
        vectors.scan(&quantize(&[3.0, 4.0, 0.0]).unwrap(), &mut out).unwrap();
        assert!(out[0] > 0.99 && out[1] < -0.99 && out[2] == 0.0, "{out:?}");
        let copy = vectors.clone();
        vectors.extend(copy.rows()).unwrap();
        assert_eq!(vectors.len(), 6);
        assert_eq!(vectors.row(5), copy.row(2));
    }
}
