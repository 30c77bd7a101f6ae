//! Ollama's own HTTP interface. The one that it shares with OpenAI is the provider `openai` with a `baseUrl`.

use serde_json::json;

use super::completion::CompletionService;
use super::embedding::EmbeddingService;
use super::service::{Key, Service};

const OLLAMA: Service = Service {
    provider: "ollama",
    shown: "Ollama",
    url: "http://localhost:11434",
    key: Key::Optional,
    headers: &[],
    shared: false,
};

/// `POST /api/embed`. Smaller batches than elsewhere: it often runs without a GPU, and a time-out counts for
/// a whole batch.
pub static EMBEDDINGS: EmbeddingService = EmbeddingService {
    service: OLLAMA,
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

/// `POST /api/chat`. Its own context is so short that it would drop the beginning of a longer conversation without
/// a word.
pub static COMPLETIONS: CompletionService = CompletionService {
    service: OLLAMA,
    model: "llama3.1:8b",
    path: |_| "api/chat".to_owned(),
    body: r#"{"model":"$model","stream":false,"options":{"num_ctx":16384},"messages":[
        {"role":"system","content":"$system"},{"role":"user","content":"$user","images":"$pictures"}]}"#,
    enforced: [r#"{"format":"$schema"}"#, r#"{"format":"json"}"#],
    text: "null",
    picture_url: "",
    picture: r#""$data""#,
    options: "options",
    limit: "num_predict",
    old_limit: "num_predict",
    answers: &[("/message", "/content")],
    finish: "/done_reason",
    refusal: "/refusal",
};
