//! Models over fetch: [`Embedder`], [`Completer`], [`Reranker`] and their providers.
//!
//! A model is optional. Providers are written against [`Fetch`](crate::host::fetch::Fetch), so that their
//! wire format, retries and errors are tested natively; the host supplies the real `fetch`. Keys never
//! reach errors or logs.

mod anthropic;
mod cohere;
pub mod completion;
#[cfg(feature = "js")]
pub mod config;
pub mod embedding;
#[cfg(feature = "js")]
pub mod function;
mod gemini;
mod jina;
mod ollama;
mod openai;
#[cfg(feature = "js")]
mod options;
pub mod prefixed;
mod reply;
pub mod reranking;
pub mod retry;
mod scores;
pub mod secret;
pub mod service;
mod tokens;
#[cfg(feature = "js")]
pub mod transformers;
mod vectors;
mod voyage;
pub mod workers_ai;

use crate::error::Result;
use crate::host::LocalFuture;
use completion::CompletionService;
use embedding::EmbeddingService;
use reranking::RerankingService;

pub use crate::completion::{Completion, Picture};
pub use tokens::TokenSource;
#[cfg(feature = "js")]
pub use tokens::tokens_from_js;

/// What a vector is for. Some models place a question nearer to its answers if they know which is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is stored and found.
    Document,
    /// It is searched with.
    Query,
}

/// Turns texts into vectors.
pub trait Embedder {
    /// A stable name of provider, model and dimensions, stored beside every vector. Vectors of two
    /// embedders with different names are never compared.
    fn name(&self) -> String;

    /// One vector per text, in order. All have the same length and finite numbers; an empty text gives
    /// whatever the model gives, and no texts give no vectors without asking the model. Errors are the
    /// `MODEL_…` codes, `VECTOR_INVALID` and `ABORTED`.
    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> LocalFuture<'a, Result<Vec<Vec<f32>>>>;
}

/// Answers a prompt with text.
pub trait Completer {
    /// A stable name of provider and model.
    fn name(&self) -> String;

    /// The answer's text, never empty. With a schema it should be JSON, but only some providers enforce
    /// that, so the caller checks. Errors are the `MODEL_…` codes, `ABORTED`, and `UNSUPPORTED` for a picture by
    /// its address where the provider does not fetch any.
    fn complete<'a>(&'a self, request: &'a Completion) -> LocalFuture<'a, Result<String>>;
}

/// Tells how relevant texts are to a query, by reading both together.
pub trait Reranker {
    /// A stable name of provider and model.
    fn name(&self) -> String;

    /// How many texts it is configured to read for one search, if it is.
    fn candidates(&self) -> Option<usize>;

    /// One finite score per text, in the order of the texts; higher is more relevant. Scores are comparable
    /// within one call only, as models differ in their range. No texts give no scores without asking the
    /// model. Errors are the `MODEL_…` codes and `ABORTED`.
    fn rerank<'a>(&'a self, query: &'a str, texts: &'a [&'a str]) -> LocalFuture<'a, Result<Vec<f32>>>;
}

/// The embedding services over HTTP, by the name that a configuration gives them.
pub fn embedding_service(provider: &str) -> Option<&'static EmbeddingService> {
    Some(match provider {
        "openai" => &openai::EMBEDDINGS,
        "ollama" => &ollama::EMBEDDINGS,
        // mem0 calls it by the company's name.
        "gemini" | "google" => &gemini::EMBEDDINGS,
        "cohere" => &cohere::EMBEDDINGS,
        "voyage" => &voyage::EMBEDDINGS,
        _ => return None,
    })
}

/// The language models over HTTP, likewise.
pub fn completion_service(provider: &str) -> Option<&'static CompletionService> {
    Some(match provider {
        "openai" => &openai::COMPLETIONS,
        "anthropic" => &anthropic::COMPLETIONS,
        "gemini" | "google" => &gemini::COMPLETIONS,
        "ollama" => &ollama::COMPLETIONS,
        _ => return None,
    })
}

/// The reranking services over HTTP, likewise.
pub fn reranking_service(provider: &str) -> Option<&'static RerankingService> {
    Some(match provider {
        "cohere" => &cohere::RERANKING,
        "voyage" => &voyage::RERANKING,
        "jina" => &jina::RERANKING,
        _ => return None,
    })
}

/// The part of a text that rerankers are given: 10,000 characters, more than their models read of one text.
fn text_start(text: &str) -> &str {
    text.char_indices().nth(10_000).map_or(text, |(end, _)| &text[..end])
}
