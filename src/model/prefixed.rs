//! Texts with the words before them that a model was trained to expect, such as `search_query: `.

use std::rc::Rc;

use super::{Embedder, Purpose};
use crate::error::Result;
use crate::host::LocalFuture;

/// An embedder whose texts are told apart by what stands before them.
pub struct Prefixed {
    /// The embedder.
    pub embedder: Rc<dyn Embedder>,
    /// Put before texts that are stored.
    pub document: String,
    /// Put before texts that are searched with.
    pub query: String,
}

impl Embedder for Prefixed {
    /// The embedder's with the prefix of stored texts, because vectors with and without do not compare.
    fn name(&self) -> String {
        let (name, prefix) = (self.embedder.name(), self.document.trim());
        if prefix.is_empty() { name } else { format!("{name}+{prefix}") }
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> LocalFuture<'a, Result<Vec<Vec<f32>>>> {
        Box::pin(async move {
            let prefix = match purpose {
                Purpose::Document => &self.document,
                Purpose::Query => &self.query,
            };
            let texts: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
            self.embedder.embed(&texts, purpose).await
        })
    }
}
