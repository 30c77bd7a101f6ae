//! Test builds only: lets JavaScript call a configured model directly, without a memory around it.
//!
//! So the cases of `tests/cases/models.json` run through the real `fetch` and through functions of the
//! caller, exactly as they run natively.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Promise;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use super::config::{completer_from_js, embedder_from_js};
use super::{Completion, Embedder};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::host::js::Task;

/// One call to a model, stepped by JavaScript as every call is.
#[wasm_bindgen]
pub struct ModelProbe {
    task: Task,
    outcome: Rc<RefCell<String>>,
}

#[wasm_bindgen]
impl ModelProbe {
    /// Embeds texts with the embedder that `config` describes. The outcome holds its name and the vectors.
    pub fn embed(config: JsValue, texts: Vec<String>) -> ModelProbe {
        ModelProbe::run(Box::pin(async move {
            let Some(embedder) = embedder_from_js(&config)? else { return Ok(Value::Null) };
            let embedder: Rc<dyn Embedder> = embedder;
            let vectors = embedder.embed(&texts).await?;
            Ok(json!({ "name": embedder.name(), "vectors": vectors }))
        }))
    }

    /// Asks the language model that `config` describes. `request` is JSON: system, user, schema, maxTokens.
    pub fn complete(config: JsValue, request: String) -> ModelProbe {
        ModelProbe::run(Box::pin(async move {
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
            };
            let answer = completer.complete(&completion).await?;
            Ok(json!({ "name": completer.name(), "text": answer }))
        }))
    }

    fn run(future: LocalFuture<'static, Result<Value>>) -> ModelProbe {
        let outcome = Rc::new(RefCell::new(String::new()));
        let written = Rc::clone(&outcome);
        let task = Task::new(Box::pin(async move {
            let outcome = match future.await {
                Ok(value) => json!({ "ok": value }),
                Err(error) => json!({ "error": {
                    "code": error.code(), "message": error.message(),
                    "field": error.field_name(), "cause": error.cause_text(),
                } }),
            };
            *written.borrow_mut() = outcome.to_string();
        }));
        ModelProbe { task, outcome }
    }

    /// As `Call.step`.
    pub fn step(&self, fulfilled: bool, value: JsValue) -> Option<Promise> {
        self.task.step(Some(if fulfilled { Ok(value) } else { Err(value) }))
    }

    /// As `Call.outcome`.
    pub fn outcome(&self) -> String {
        self.outcome.take()
    }
}
