//! Anthropic's Messages API.

use serde_json::{Value, json};

use super::Picture;
use super::completion::{CompletionService, Enforced};
use super::service::{Key, Service};

/// `POST /messages`.
pub static COMPLETIONS: CompletionService = CompletionService {
    service: Service {
        provider: "anthropic",
        shown: "Anthropic",
        url: "https://api.anthropic.com/v1",
        key: Key::Header("x-api-key"),
        // Without the second one, pages get no answer.
        headers: &[
            ("anthropic-version", "2023-06-01"),
            ("anthropic-dangerous-direct-browser-access", "true"),
        ],
        shared: false,
    },
    model: "claude-haiku-4-5",
    path: |_| "messages".to_owned(),
    body: |it| {
        let messages = json!([{ "role": "user", "content": it.content() }]);
        json!({ "model": it.model, "system": it.system, "messages": messages })
    },
    enforce,
    picture: |picture| {
        let source = match picture {
            Picture::Url(url) => json!({ "type": "url", "url": url }),
            Picture::Data { media_type, base64 } => {
                json!({ "type": "base64", "media_type": media_type, "data": base64 })
            }
        };
        Some(json!({ "type": "image", "source": source }))
    },
    options: "",
    limit: "max_tokens",
    old_limit: "max_tokens",
    answers: &[("/content", "")],
    finish: "/stop_reason",
    refusal: "/refusal",
};

/// Models from the generation 4.5 on take a schema; the older ones fill in a form that they are made to use.
fn enforce(body: &mut Value, schema: &Value, enforced: Enforced) {
    if enforced == Enforced::Schema {
        body["output_config"] = json!({ "format": { "type": "json_schema", "schema": schema } });
        return;
    }
    body["tools"] = json!([{ "name": "answer", "description": "Gives the answer.", "input_schema": schema }]);
    body["tool_choice"] = json!({ "type": "tool", "name": "answer" });
}
