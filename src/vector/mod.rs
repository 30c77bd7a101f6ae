//! Embedding vectors: int8 codes with one scale per vector, compared by an exact SIMD scan.
//!
//! A scan over int8 codes is faster than every approximate index measured up to a hundred thousand vectors,
//! costs nothing to build and misses nothing, so there is no graph here. A vector takes `dims + 4` bytes, a
//! quarter of its floats; the error of a cosine stays below a few thousandths.

pub use edgemem_kernels::vectors as kernels;
mod quantize;
mod tokens;
mod vectors;

pub use quantize::{MAX_DIMS, Quantized, quantize};
pub use tokens::TokenTable;
pub use vectors::{VectorRows, Vectors};
