//! OpenAI's HTTP interface, which Ollama, vLLM, LM Studio, OpenRouter, Groq and many others speak too.

use serde_json::json;

use super::completion::{CHAT_JSON, CHAT_PICTURE, CHAT_PICTURE_URL, CHAT_TEXT, CompletionService};
use super::embedding::EmbeddingService;
use super::service::{Key, Service};

/// OpenAI and whoever speaks its protocol.
pub const OPENAI: Service = Service {
    provider: "openai",
    shown: "OpenAI",
    url: "https://api.openai.com/v1",
    key: Key::Bearer,
    headers: &[],
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

/// `POST /chat/completions`. The limit has had its new name since models reason; others keep the old one.
pub static COMPLETIONS: CompletionService = CompletionService {
    service: OPENAI,
    model: "gpt-5-mini",
    path: |_| "chat/completions".to_owned(),
    body: r#"{"model":"$model",
        "messages":[{"role":"system","content":"$system"},{"role":"user","content":"$content"}]}"#,
    enforced: [
        r#"{"response_format":{"type":"json_schema",
            "json_schema":{"name":"answer","schema":"$schema","strict":true}}}"#,
        CHAT_JSON,
    ],
    text: CHAT_TEXT,
    picture_url: CHAT_PICTURE_URL,
    picture: CHAT_PICTURE,
    options: "",
    limit: "max_completion_tokens",
    old_limit: "max_tokens",
    answers: &[("/choices/0/message", "/content")],
    finish: "/choices/0/finish_reason",
    refusal: "/choices/0/message/refusal",
};
