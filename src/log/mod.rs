//! The log: operations, and how they fold into memories.

mod fold;
mod note;
mod operation;

pub use fold::{Folded, arrange, fold, fold_record};
pub use operation::{Change, Operation, Remember};
