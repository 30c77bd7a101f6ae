//! Test builds only: lets JavaScript call a configured model directly, without a memory around it.
//!
//! So the cases of `tests/cases/models.json` run through the real `fetch` and through functions of the
//! caller, exactly as they run natively.

use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use super::Call;
use crate::error::{Error, ErrorKind};
use crate::model::config::{completer_from_js, embedder_from_js, reranker_from_js};
use crate::model::{Completion, Picture, Purpose};

/// Calls to models.
#[wasm_bindgen]
pub struct ModelProbe;

#[wasm_bindgen]
impl ModelProbe {
    /// Embeds texts with the embedder that `config` describes, as queries or as documents. The outcome holds
    /// its name and the vectors.
    pub fn embed(config: JsValue, texts: Vec<String>, query: bool) -> Call {
        Call::of(Box::pin(async move {
            let Some(embedder) = embedder_from_js(&config)? else { return Ok(Value::Null) };
            let purpose = if query { Purpose::Query } else { Purpose::Document };
            let vectors = embedder.embed(&texts, purpose).await?;
            Ok(json!({ "name": embedder.name(), "vectors": vectors }))
        }))
    }

    /// Ranks texts with the reranker that `config` describes. The outcome holds its name and the scores.
    pub fn rerank(config: JsValue, query: String, texts: Vec<String>) -> Call {
        Call::of(Box::pin(async move {
            let Some(reranker) = reranker_from_js(&config)? else { return Ok(Value::Null) };
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let scores = reranker.rerank(&query, &texts).await?;
            Ok(json!({ "name": reranker.name(), "scores": scores }))
        }))
    }

    /// Asks the language model that `config` describes. `request` is JSON: system, user, schema, maxTokens,
    /// partial, and images as a function of the caller gets them.
    pub fn complete(config: JsValue, request: String) -> Call {
        Call::of(Box::pin(async move {
            let Some(completer) = completer_from_js(&config)? else { return Ok(Value::Null) };
            let request: Value = serde_json::from_str(&request).map_err(|error| {
                Error::new(ErrorKind::InvalidArgument, "request is not JSON").cause(error)
            })?;
            let text = |key: &str| request[key].as_str().unwrap_or_default().to_owned();
            let completion = Completion {
                system: text("system"),
                user: text("user"),
                schema: request.get("schema").cloned(),
                max_tokens: request["maxTokens"].as_u64().unwrap_or(500) as u32,
                partial: request["partial"] == true,
                pictures: request["images"].as_array().into_iter().flatten().map(picture).collect(),
            };
            let answer = completer.complete(&completion).await?;
            Ok(json!({ "name": completer.name(), "text": answer }))
        }))
    }
}

fn picture(image: &Value) -> Picture {
    let text = |key: &str| image[key].as_str().unwrap_or_default().to_owned();
    match image["url"].as_str() {
        Some(url) => Picture::Url(url.to_owned()),
        None => Picture::Data { media_type: text("mediaType"), base64: text("data") },
    }
}
