//! Anthropic's Messages API.

use super::completion::{CHAT_TEXT, CompletionService};
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
    body: r#"{"model":"$model","system":"$system","messages":[{"role":"user","content":"$content"}]}"#,
    // Models from the generation 4.5 on take a schema; the older ones fill in a form that they are made to use.
    enforced: [
        r#"{"output_config":{"format":{"type":"json_schema","schema":"$schema"}}}"#,
        r#"{"tools":[{"name":"answer","description":"Gives the answer.","input_schema":"$schema"}],
            "tool_choice":{"type":"tool","name":"answer"}}"#,
    ],
    text: CHAT_TEXT,
    picture_url: r#"{"type":"image","source":{"type":"url","url":"$url"}}"#,
    picture: r#"{"type":"image","source":{"type":"base64","media_type":"$type","data":"$data"}}"#,
    options: "",
    limit: "max_tokens",
    old_limit: "max_tokens",
    answers: &[("/content", "")],
    finish: "/stop_reason",
    refusal: "/refusal",
};
