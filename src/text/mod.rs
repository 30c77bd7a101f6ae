//! From text to terms, keys and sizes: what every floor above asks of a string.
//!
//! - [`normalize`]: case and accent folding, so that "Café" and "cafe" are one word.
//! - [`language`]: which language a text is in.
//! - [`analyzer`]: the chain from text to the terms of the inverted index, the same for documents and queries.
//! - [`digest`]: content hashes and the canonical form behind exact deduplication.
//! - [`tokens`]: an estimate of how many tokens a language model would count.
//!
//! Everything here is a pure function of its argument. Nothing here knows about memories or scopes.

pub mod analyzer;
mod dense;
pub mod digest;
pub mod language;
mod languages;
mod lexicon;
mod memo;
pub mod normalize;
pub(crate) mod script;
mod stem;
pub mod tokens;
mod unicode;
mod words;

pub use analyzer::Analyzer;
pub use digest::{Digest, md5_hex, statement_key};
pub use language::language_of;
pub use languages::Language;
pub use normalize::fold;
pub use tokens::estimate_tokens;
