//! Memory for AI agents that runs where the user is.
#![deny(rustdoc::broken_intra_doc_links)]

#[cfg(feature = "web")]
pub mod bindings;
pub mod error;
pub mod host;
pub mod model;
pub mod store;
pub mod text;

pub use error::{Error, ErrorKind, Result};
