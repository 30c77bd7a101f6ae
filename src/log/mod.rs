//! The log: operations, and how they fold into memories.

mod fold;
mod link;
mod note;
mod operation;
mod version;

pub use fold::{Folded, arrange, fold, fold_record};
pub use link::{Chain, First, Link, Sum};
pub use operation::{Change, Head, Operation, Remember, Said};
pub use version::{Span, Tally, Version};
