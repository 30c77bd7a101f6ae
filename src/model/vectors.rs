//! What every embedder does alike: cut texts into batches, and check the vectors that come back.

use crate::error::{Error, ErrorKind, Result};

/// Cuts `texts` into runs of at most `size` texts and `most` characters; a longer text goes alone.
pub fn batches(texts: &[String], size: usize, most: usize) -> impl Iterator<Item = &[String]> {
    let mut rest = texts;
    std::iter::from_fn(move || {
        let mut characters = 0;
        let fits = |text: &&String| {
            characters += text.chars().count();
            characters <= most
        };
        let fitting = rest.iter().take(size.max(1)).take_while(fits).count().max(1);
        let batch;
        (batch, rest) = rest.split_at(fitting.min(rest.len()));
        (!batch.is_empty()).then_some(batch)
    })
}

/// Vectors under inspection: all of one length, which is the declared one if there is one, and finite.
pub struct Vectors {
    length: Option<usize>,
    declared: bool,
    checked: Vec<Vec<f32>>,
}

impl Vectors {
    /// None yet, of the declared length or else of the first one's.
    pub fn new(dimensions: Option<usize>) -> Vectors {
        Vectors { length: dimensions, declared: dimensions.is_some(), checked: Vec::new() }
    }

    /// Adds a vector of `length` numbers, of which `None` stands for one that is missing.
    /// `VECTOR_INVALID`, with the position as field, if it does not fit.
    pub fn push(&mut self, length: usize, numbers: &mut dyn Iterator<Item = Option<f64>>) -> Result<()> {
        let at = self.checked.len();
        let field = format!("embedding[{at}]");
        let expected = *self.length.get_or_insert(length);
        if length == 0 || length != expected {
            let reason = match (length, self.declared) {
                (0, _) => "is empty".to_owned(),
                (_, true) => format!(
                    "has {length} numbers where dimensions says {expected}; set dimensions to what the model gives"
                ),
                (_, false) => format!("has {length} numbers where the first has {expected}"),
            };
            return Err(Error::new(ErrorKind::VectorInvalid, format!("vector {at} {reason}")).field(field));
        }
        let mut vector = Vec::with_capacity(length);
        for (position, number) in numbers.enumerate() {
            // Conversion to 32 bits makes numbers beyond 3.4e38 infinite, so it comes before the check.
            match number.map(|number| number as f32) {
                Some(number) if number.is_finite() => vector.push(number),
                _ => {
                    let message = format!("vector {at} has no finite number at position {position}");
                    let error = Error::new(ErrorKind::VectorInvalid, message);
                    return Err(error.field(format!("{field}[{position}]")));
                }
            }
        }
        self.checked.push(vector);
        Ok(())
    }

    /// The vectors, in the order in which they were added.
    pub fn finish(self) -> Vec<Vec<f32>> {
        self.checked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_by_count_and_by_characters() {
        let sizes = |lengths: &[usize], size: usize| -> Vec<usize> {
            let texts: Vec<String> = lengths.iter().map(|n| "\u{e9}".repeat(*n)).collect();
            batches(&texts, size, 200_000).map(<[String]>::len).collect()
        };
        assert_eq!(sizes(&[], 100), [0; 0]);
        assert_eq!(sizes(&[1; 250], 100), [100, 100, 50]);
        assert_eq!(sizes(&[150_000, 50_000, 1, 0], 100), [2, 2]);
        assert_eq!(sizes(&[1, 500_000, 1], 100), [1, 1, 1]);
        assert_eq!(sizes(&[1, 1], 0), [1, 1]);
    }

    #[test]
    fn vectors_that_do_not_fit_are_named() {
        for (declared, lengths, message) in [
            (Some(2), &[2, 3][..], "vector 1 has 3 numbers where dimensions says 2"),
            (None, &[2, 3], "vector 1 has 3 numbers where the first has 2"),
            (None, &[0], "vector 0 is empty"),
        ] {
            let mut vectors = Vectors::new(declared);
            let error = lengths
                .iter()
                .find_map(|n| vectors.push(*n, &mut std::iter::repeat_n(Some(1.0), *n)).err())
                .expect("one of them does not fit");
            assert_eq!(error.code(), "VECTOR_INVALID");
            assert!(error.message().starts_with(message), "{error}");
        }
        for bad in [None, Some(f64::NAN), Some(f64::INFINITY), Some(1e39)] {
            let error = Vectors::new(None).push(2, &mut [Some(0.5), bad].into_iter()).unwrap_err();
            assert_eq!(error.field_name(), Some("embedding[0][1]"));
        }
    }
}
