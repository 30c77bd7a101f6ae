//! Ollama's own HTTP interface. The one that it shares with OpenAI is the provider `openai` with a `baseUrl`.

use serde_json::json;

use super::embedding::EmbeddingService;
use super::service::{Key, Service};

/// `POST /api/embed`. Smaller batches than elsewhere: it often runs without a GPU, and a time-out counts for
/// a whole batch.
pub static EMBEDDINGS: EmbeddingService = EmbeddingService {
    service: Service {
        provider: "ollama",
        shown: "Ollama",
        url: "http://localhost:11434",
        key: Key::Optional,
        shared: false,
    },
    model: "nomic-embed-text",
    batch: 32,
    batch_limit: 2048,
    characters: 200_000,
    path: |_| "api/embed".to_owned(),
    body: |it| json!({ "model": it.model, "input": it.texts }),
    dimensions: Some("dimensions"),
    list: "/embeddings",
    numbers: "",
};
