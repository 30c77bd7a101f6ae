//! Models over fetch: [`Embedder`], [`Completer`] and their providers.
//!
//! A model is optional. Providers are written against [`Fetch`](crate::host::fetch::Fetch), so that their
//! wire format, retries and errors are tested natively; the host supplies the real `fetch`. Keys never
//! reach errors or logs.

#[cfg(feature = "js")]
pub mod config;
#[cfg(feature = "js")]
pub mod function;
pub mod openai;
mod reply;
pub mod retry;
pub mod secret;
mod vectors;

use crate::error::Result;
use crate::host::LocalFuture;

/// Turns texts into vectors.
pub trait Embedder {
    /// A stable name of provider, model and dimensions, stored beside every vector. Vectors of two
    /// embedders with different names are never compared.
    fn name(&self) -> String;

    /// One vector per text, in order. All have the same length and finite numbers; an empty text gives
    /// whatever the model gives, and no texts give no vectors without asking the model. Errors are the
    /// `MODEL_…` codes, `VECTOR_INVALID` and `ABORTED`.
    fn embed<'a>(&'a self, texts: &'a [String]) -> LocalFuture<'a, Result<Vec<Vec<f32>>>>;
}

/// A request to a language model.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The instructions.
    pub system: String,
    /// What is asked.
    pub user: String,
    /// A JSON schema that the answer must satisfy, for providers that can enforce one.
    pub schema: Option<serde_json::Value>,
    /// The longest answer wanted, in tokens.
    pub max_tokens: u32,
}

/// Answers a prompt with text.
pub trait Completer {
    /// A stable name of provider and model.
    fn name(&self) -> String;

    /// The answer's text, never empty. With a schema it should be JSON, but only some providers enforce
    /// that, so the caller checks. Errors are the `MODEL_…` codes and `ABORTED`.
    fn complete<'a>(&'a self, request: &'a Completion) -> LocalFuture<'a, Result<String>>;
}
