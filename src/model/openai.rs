//! OpenAI's HTTP interface, which Ollama, vLLM, LM Studio, OpenRouter, Groq and many others speak too.

use serde_json::{Value, json};

use super::Picture;
use super::completion::{CompletionService, Enforced, data_url, image_url};
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
    body: |it| json!({ "model": it.model, "messages": it.messages() }),
    enforce: |body, schema, enforced| {
        body["response_format"] = match enforced {
            Enforced::Schema => {
                let format = json!({ "name": "answer", "schema": schema, "strict": true });
                json!({ "type": "json_schema", "json_schema": format })
            }
            _ => json!({ "type": "json_object" }),
        };
    },
    picture,
    options: "",
    limit: "max_completion_tokens",
    old_limit: "max_tokens",
    answers: &[("/choices/0/message", "/content")],
    finish: "/choices/0/finish_reason",
    refusal: "/choices/0/message/refusal",
};

fn picture(picture: &Picture) -> Option<Value> {
    match picture {
        Picture::Url(url) => image_url(url),
        Picture::Data { media_type, base64 } => image_url(&data_url(media_type, base64)),
    }
}
