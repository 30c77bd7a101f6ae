//! Answers from `POST /chat/completions`.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};

use super::openai::OPENAI;
use super::reply::{excerpt, json_in};
use super::service::{Endpoint, ServiceConfig, rejects};
use super::{Completer, Completion};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fetch::Fetch;
use crate::host::{Host, LocalFuture};

/// A language model behind an OpenAI-compatible service.
///
/// Services differ in two options, so both are learnt from the first refusal and remembered: how the
/// schema is enforced (`json_schema`, else `json_object`, else by instruction only), and what the limit
/// of the answer is called (`max_completion_tokens` at OpenAI, mostly `max_tokens` elsewhere).
pub struct OpenAiCompleter {
    endpoint: Endpoint,
    temperature: Option<f64>,
    enforced: Cell<Enforced>,
    new_limit: Cell<bool>,
}

/// How far the service goes in holding the answer to a schema.
#[derive(Clone, Copy, PartialEq)]
enum Enforced {
    Schema,
    Json,
    Asked,
}

impl OpenAiCompleter {
    /// A completer that is not yet connected to anything. `CONFIG_INVALID` if an option cannot work.
    pub fn new(config: &ServiceConfig, fetch: Rc<dyn Fetch>, host: Rc<dyn Host>) -> Result<OpenAiCompleter> {
        let endpoint = Endpoint::new(&OPENAI, config, "llm", "gpt-5-mini", fetch, host)?;
        let new_limit = Cell::new(endpoint.own);
        let enforced = Cell::new(Enforced::Schema);
        Ok(OpenAiCompleter { endpoint, temperature: config.temperature, enforced, new_limit })
    }

    async fn request(&self, request: &Completion) -> Result<Vec<u8>> {
        let mut renamed = false;
        loop {
            let (enforced, new_limit) = (self.enforced.get(), self.new_limit.get());
            let failure = match self.endpoint.post("chat/completions", &self.body(request)).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            if !renamed && rejects(&failure, &["max_tokens", "max_completion_tokens"]) {
                self.new_limit.set(!new_limit);
                renamed = true;
            } else if request.schema.is_some()
                && enforced != Enforced::Asked
                && rejects(&failure, FORMAT_WORDS)
            {
                let next = if enforced == Enforced::Schema { Enforced::Json } else { Enforced::Asked };
                self.enforced.set(next);
            } else {
                return Err(failure.into());
            }
        }
    }

    fn body(&self, request: &Completion) -> Value {
        let mut system = request.system.clone();
        let mut body = json!({ "model": self.endpoint.model });
        if let Some(schema) = &request.schema {
            match self.enforced.get() {
                Enforced::Schema => {
                    let format = json!({ "name": "answer", "schema": schema, "strict": true });
                    body["response_format"] = json!({ "type": "json_schema", "json_schema": format });
                }
                enforced => {
                    system.push_str("\n\nAnswer with JSON only, valid against this JSON schema:\n");
                    system.push_str(&schema.to_string());
                    if enforced == Enforced::Json {
                        body["response_format"] = json!({ "type": "json_object" });
                    }
                }
            }
        }
        body["messages"] =
            json!([{ "role": "system", "content": system }, { "role": "user", "content": request.user }]);
        let limit = if self.new_limit.get() { "max_completion_tokens" } else { "max_tokens" };
        body[limit] = json!(request.max_tokens);
        if let Some(temperature) = self.temperature {
            body["temperature"] = json!(temperature);
        }
        body
    }

    fn read(&self, body: &[u8]) -> Result<String> {
        let reply = json_in(body).unwrap_or(Value::Null);
        let choice = &reply["choices"][0];
        let message = &choice["message"];
        if !message.is_object() {
            return Err(self.endpoint.unexpected(body, "an answer"));
        }
        let provider = &self.endpoint.client.provider;
        if let Some(refusal) = message["refusal"].as_str().filter(|text| !text.trim().is_empty()) {
            let message = format!("{provider}'s model refused to answer");
            return Err(Error::new(ErrorKind::ModelFailed, message).cause(excerpt(refusal)));
        }
        match choice["finish_reason"].as_str() {
            Some("content_filter") => {
                let message = format!("{provider}'s content filter held the answer back");
                return Err(Error::new(ErrorKind::ModelFailed, message));
            }
            Some("length") => {
                let what = "an answer that was cut off at the limit of tokens; raise maxTokens";
                return Err(self.endpoint.invalid(what).field("maxTokens"));
            }
            _ => {}
        }
        let text = text_of(&message["content"]);
        if text.trim().is_empty() { Err(self.endpoint.invalid("an empty answer")) } else { Ok(text) }
    }
}

impl Completer for OpenAiCompleter {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    fn complete<'a>(&'a self, request: &'a Completion) -> LocalFuture<'a, Result<String>> {
        Box::pin(async move { self.read(&self.request(request).await?) })
    }
}

/// The text of a message's content: a string, or the text parts of a list.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// What servers call the part of the request that asks for a schema, when they refuse it.
const FORMAT_WORDS: &[&str] =
    &["response_format", "response format", "json_schema", "json_object", "schema", "grammar"];
