//! Google's Gemini API.

use serde_json::{Value, json};

use super::Purpose;
use super::completion::CompletionService;
use super::embedding::{EmbeddingRequest, EmbeddingService};
use super::service::{Key, Service};

const GEMINI: Service = Service {
    provider: "gemini",
    shown: "Gemini",
    url: "https://generativelanguage.googleapis.com/v1beta",
    key: Key::Header("x-goog-api-key"),
    headers: &[],
    shared: false,
};

/// `POST /models/{model}:batchEmbedContents`. The key is never in the address, where Google takes it too.
pub static EMBEDDINGS: EmbeddingService = EmbeddingService {
    service: GEMINI,
    model: "gemini-embedding-001",
    batch: 100,
    batch_limit: 100,
    characters: 200_000,
    path: |model| format!("models/{}:batchEmbedContents", bare(model)),
    body,
    dimensions: None,
    list: "/embeddings",
    numbers: "/values",
};

/// `POST /models/{model}:generateContent`. Addresses of pictures are those of Google's own stores only.
pub static COMPLETIONS: CompletionService = CompletionService {
    service: GEMINI,
    model: "gemini-2.5-flash",
    path: |model| format!("models/{}:generateContent", bare(model)),
    body: r#"{"systemInstruction":{"parts":[{"text":"$system"}]},"contents":[{"role":"user","parts":"$parts"}]}"#,
    enforced: [
        r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":"$schema"}}"#,
        r#"{"generationConfig":{"responseMimeType":"application/json"}}"#,
    ],
    text: r#"{"text":"$user"}"#,
    picture_url: "",
    picture: r#"{"inlineData":{"mimeType":"$type","data":"$data"}}"#,
    options: "generationConfig",
    limit: "maxOutputTokens",
    old_limit: "maxOutputTokens",
    answers: &[("/candidates/0", "/content/parts")],
    finish: "/candidates/0/finishReason",
    refusal: "/promptFeedback/blockReason",
};

fn body(request: &EmbeddingRequest<'_>) -> Value {
    let model = bare(request.model);
    // The second generation reads what a text is for in the text itself and refuses the option.
    let told_in_text = model.starts_with("gemini-embedding-2");
    let part = |text: &&str| {
        let text = match request.purpose {
            Purpose::Query if told_in_text => format!("task: search result | query: {text}"),
            Purpose::Document if told_in_text => format!("title: none | text: {text}"),
            _ => (*text).to_owned(),
        };
        let mut part =
            json!({ "model": format!("models/{model}"), "content": { "parts": [{ "text": text }] } });
        if !told_in_text {
            part["taskType"] = json!(match request.purpose {
                Purpose::Document => "RETRIEVAL_DOCUMENT",
                Purpose::Query => "RETRIEVAL_QUERY",
            });
        }
        if let Some(dimensions) = request.dimensions {
            part["outputDimensionality"] = json!(dimensions);
        }
        part
    };
    json!({ "requests": request.texts.iter().map(part).collect::<Vec<_>>() })
}

/// The model's name without the folder that Google's own lists put before it.
fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}
