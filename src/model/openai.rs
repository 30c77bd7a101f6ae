//! OpenAI's HTTP interface, which Ollama, vLLM, LM Studio, OpenRouter, Groq and many others speak too.
//!
//! Its language models are asked by [`OpenAiCompleter`](super::completion::OpenAiCompleter).

use serde_json::json;

use super::embedding::EmbeddingService;
use super::service::{Key, Service};

/// OpenAI and whoever speaks its protocol.
pub const OPENAI: Service = Service {
    provider: "openai",
    shown: "OpenAI",
    url: "https://api.openai.com/v1",
    key: Key::Bearer,
    shared: true,
};

/// `POST /embeddings`, up to 300,000 tokens.
pub static EMBEDDINGS: EmbeddingService = EmbeddingService {
    service: OPENAI,
    model: "text-embedding-3-small",
    batch: 100,
    batch_limit: 2048,
    characters: 200_000,
    path: |_| "embeddings".to_owned(),
    body: |it| json!({ "model": it.model, "input": it.texts, "encoding_format": "float" }),
    dimensions: Some("dimensions"),
    list: "/data",
    numbers: "/embedding",
};
