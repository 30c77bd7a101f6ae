//! Memory for AI agents that runs where the user is.
#![deny(rustdoc::broken_intra_doc_links)]

#[cfg(feature = "js")]
pub mod bindings;
pub mod bytes;
pub mod distill;
pub mod engine;
pub mod error;
pub mod host;
pub mod index;
pub mod log;
pub mod memory;
pub mod model;
pub mod record;
pub mod retrieve;
pub mod scope;
pub mod sorted;
pub mod store;
pub mod text;
pub mod time;
pub mod vector;

pub use error::{Error, ErrorKind, Result};
pub use memory::*;
