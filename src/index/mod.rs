//! The index of a partition: documents, postings, vectors, and the filters over them.
//!
//! A mutable [`Head`](head::Head) takes new documents; it is sealed into immutable
//! [`Segment`](segment::Segment)s, which are merged from time to time. Dead documents stay marked until then.

pub mod build;
pub mod columns;
pub mod filter;
pub mod head;
pub mod marks;
pub mod meanings;
pub mod part;
pub mod postings;
pub mod segment;
pub mod shape;
pub mod tables;
pub mod vectors;
