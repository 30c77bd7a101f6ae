//! What a partition is searched by: the structures derived from its memories.

pub mod filter;
