//! Memory for AI agents that runs where the user is: in a browser tab, in Node, in a Cloudflare Worker.
//!
//! [`Memory`] is the entry: add messages, search, pack what was found for a prompt. It keeps memories in a
//! [`store::ByteStore`] and, if configured, asks a [`model::Embedder`]. Natively it is the same API over
//! [`store::MemoryStore`] or a store of yours; its futures stay on one thread.
//!
//! The modules are floors, and imports go downwards only; `ARCHITECTURE.md` in the repository is the map.
#![deny(rustdoc::broken_intra_doc_links)]

#[cfg(feature = "js")]
pub mod bindings;
pub mod bytes;
pub mod completion;
pub mod distill;
pub mod engine;
pub mod error;
pub mod host;
pub mod index;
pub mod json;
pub mod knowledge;
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
