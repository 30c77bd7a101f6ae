//! The inner loops of edgemem.
//!
//! The core is compiled for size; these few functions, in which a search spends its time, are compiled for
//! speed. Cargo sets that per crate, which is the only reason why they are one.

pub mod nearest;
pub mod pieces;
pub mod postings;
pub mod ranking;
pub mod turns;
pub mod vectors;
