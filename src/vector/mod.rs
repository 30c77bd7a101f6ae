//! Embedding vectors: int8 codes with one scale per vector, compared by an exact SIMD scan.
//!
//! The ranking needs the cosine of every memory, which an approximate index does not give, and for the vectors of
//! the token table a scan of a hundred thousand costs less than a graph's two hundred candidates; `docs/ann.md` has
//! the measurements. A vector takes `dims + 4` bytes, a quarter of its floats; the error of a cosine stays below a
//! few thousandths.

pub use edgemem_kernels::vectors as kernels;
mod quantize;
mod tokens;
mod vectors;

pub use quantize::{MAX_DIMS, Quantized, quantize};
pub use tokens::TokenTable;
pub use vectors::{VectorRows, Vectors};
