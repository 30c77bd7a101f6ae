//! From text to terms, keys and sizes: what every floor above asks of a string.
//!
//! - [`normalize`]: case and accent folding, so that "Café" and "cafe" are one word.
//! - [`language`]: which language a text is in.
//! - [`analyzer`]: the chain from text to the terms of the inverted index, the same for documents and queries.
//! - `dates`: the words of calendar dates.
//! - [`digest`]: content hashes and the canonical form behind exact deduplication.
//! - [`tokens`]: an estimate of how many tokens a language model would count.
//! - [`wording`]: whether a statement says all that another says.
//! - [`wordpiece`]: the pieces of words that the token table has vectors for.
//!
//! Everything here is a pure function of its argument. Nothing here knows about memories or scopes.

pub mod analyzer;
pub mod cues;
pub(crate) mod dates;
mod dense;
pub mod digest;
pub mod find;
pub mod language;
mod languages;
pub(crate) mod lexicon;
mod md5;
mod memo;
pub mod normalize;
pub(crate) mod script;
mod stem;
pub mod tokens;
mod unicode;
pub mod wording;
pub mod wordpiece;
mod words;

pub use analyzer::Analyzer;
pub use cues::Cues;
pub use digest::{Digest, md5_hex, statement_key, text_digest};
pub use language::language_of;
pub use languages::Language;
pub use normalize::fold;
pub use tokens::estimate_tokens;
pub use wording::Wording;
pub use wordpiece::Wordpiece;
