//! From messages to what is worth remembering. Here: splitting a message into statements, the first step of
//! the write path that needs no language model.

mod abbreviations;
pub mod statements;

pub use statements::statements;
