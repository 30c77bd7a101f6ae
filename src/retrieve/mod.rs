//! Ranking: what a query is, how documents are scored, which ones win, how they are packed for a model.

pub mod bm25;
pub mod context;
pub mod dates;
pub mod question;
pub mod top;
pub mod weights;
