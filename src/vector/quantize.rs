//! From floats to a unit vector in int8: what every stored vector and every query goes through.
//!
//! The metric is cosine, so lengths carry no meaning and are divided out first; one scale for the whole vector
//! then uses the full range of a byte. Scalar quantisation is symmetric around zero: a code times the scale is
//! the component again, and the dot product of the codes times both scales is the cosine.

use crate::error::{Error, ErrorKind, Result};

/// The most dimensions a vector may have: an i32 holds every dot product of two such rows of codes.
pub const MAX_DIMS: usize = 65_536;

/// A unit vector as int8 codes and the scale that turns a code back into a component. A zero vector stays zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantized {
    codes: Box<[i8]>,
    scale: f32,
}

impl Quantized {
    /// The zero vector, whose cosine with everything is 0: it stands for a memory that has no embedding.
    pub fn zero(dims: usize) -> Quantized {
        Quantized { codes: vec![0; dims].into_boxed_slice(), scale: 0.0 }
    }

    /// The vector of these codes and this scale, as [`codes`](Self::codes) and [`scale`](Self::scale) told them.
    /// `VECTOR_INVALID` if they cannot be that.
    pub fn of(codes: Vec<i8>, scale: f32) -> Result<Quantized> {
        if codes.is_empty() || codes.len() > MAX_DIMS || !(0.0..=1.0).contains(&scale) {
            return Err(Error::new(ErrorKind::VectorInvalid, "These codes and this scale are no vector."));
        }
        Ok(Quantized { codes: codes.into_boxed_slice(), scale })
    }

    /// One code per dimension, from -127 to 127.
    pub fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// The largest absolute component of the unit vector divided by 127; 0 for a zero vector.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// The number of dimensions.
    pub fn dims(&self) -> usize {
        self.codes.len()
    }
}

/// Scales `vector` to length one and rounds it to int8.
///
/// `VECTOR_INVALID` if it is empty, longer than [`MAX_DIMS`], or holds NaN or an infinity; the message names
/// the position, counted from zero.
pub fn quantize(vector: &[f32]) -> Result<Quantized> {
    if vector.is_empty() {
        return Err(Error::new(
            ErrorKind::VectorInvalid,
            "The vector is empty: the embedder returned no numbers.",
        ));
    }
    if vector.len() > MAX_DIMS {
        let message =
            format!("The vector has {} dimensions; at most {MAX_DIMS} are supported.", vector.len());
        return Err(Error::new(ErrorKind::VectorInvalid, message));
    }
    if let Some(at) = vector.iter().position(|x| !x.is_finite()) {
        // Named here: the standard library's printing of floats would come into the wasm for this alone.
        let what = match vector[at] {
            number if number.is_nan() => "NaN",
            number if number > 0.0 => "inf",
            _ => "-inf",
        };
        let message =
            format!("The vector holds {what} at position {at}: every component must be a finite number.");
        return Err(Error::new(ErrorKind::VectorInvalid, message));
    }
    // The sum is taken in f64: the square of a large or tiny f32 does not fit an f32.
    let norm = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let largest = vector.iter().fold(0f32, |most, x| most.max(x.abs()));
    if largest == 0.0 {
        return Ok(Quantized::zero(vector.len()));
    }
    let per_code = 127.0 / f64::from(largest);
    let codes = vector.iter().map(|&x| (f64::from(x) * per_code).round() as i8).collect();
    Ok(Quantized { codes, scale: (f64::from(largest) / norm / 127.0) as f32 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_vectors_are_refused_with_their_position() {
        for (vector, part) in [
            (vec![], "empty"),
            (vec![0.5, f32::NAN, 1.0], "NaN at position 1"),
            (vec![f32::INFINITY], "inf at position 0"),
            (vec![1.0, 2.0, f32::NEG_INFINITY], "-inf at position 2"),
            (vec![1.0; MAX_DIMS + 1], "65537 dimensions"),
        ] {
            let error = quantize(&vector).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::VectorInvalid);
            assert!(error.message().contains(part), "{error}");
        }
    }

    #[test]
    fn a_zero_vector_stays_zero() {
        for vector in [vec![0.0; 5], vec![-0.0, 0.0]] {
            let zero = quantize(&vector).unwrap();
            assert_eq!(zero, Quantized::zero(vector.len()));
            assert_eq!(zero.scale(), 0.0);
        }
    }

    #[test]
    fn extreme_magnitudes_keep_their_direction() {
        for size in [1e-45f32, 1e-30, 1.0, 1e30, f32::MAX] {
            let quantized = quantize(&[size, -size]).unwrap();
            assert_eq!(quantized.codes(), [127, -127]);
            assert!((quantized.scale() * 127.0 - 0.5f32.sqrt()).abs() < 1e-6);
        }
    }

    proptest! {
        #[test]
        fn components_come_back_within_half_a_step(vector in prop::collection::vec(-1e3f32..1e3, 1..300)) {
            let norm = vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            let quantized = quantize(&vector).unwrap();
            for (&x, &code) in vector.iter().zip(quantized.codes()) {
                let unit = if norm == 0.0 { 0.0 } else { f64::from(x) / norm };
                let back = f64::from(code) * f64::from(quantized.scale());
                prop_assert!((unit - back).abs() <= f64::from(quantized.scale()) * 0.5001 + 1e-9);
            }
        }
    }
}
