//! Answers over HTTP: one completer for all services, which differ in a [`CompletionService`] each.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};

use super::reply::{excerpt, json_in};
use super::service::{Endpoint, Service, ServiceConfig, rejects};
use super::{Completer, Completion, Picture};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fetch::Fetch;
use crate::host::{Host, LocalFuture};

/// How one provider is asked for an answer.
pub struct CompletionService {
    /// Who it is.
    pub service: Service,
    /// The model that is used where none is named.
    pub model: &'static str,
    /// The path after the address, for a model.
    pub path: fn(&str) -> String,
    /// The body of a request, without its schema, its limit and its temperature.
    pub body: fn(&CompletionRequest<'_>) -> Value,
    /// Adds to a body what holds the answer to a schema; never called for [`Enforced::Asked`].
    pub enforce: fn(&mut Value, &Value, Enforced),
    /// A picture in the provider's form; nothing if it is given in a way that the provider does not take.
    pub picture: fn(&Picture) -> Option<Value>,
    /// The member of the body that holds limit and temperature; empty for the body itself.
    pub options: &'static str,
    /// What the limit of the answer is called.
    pub limit: &'static str,
    /// What the limit is called by older services of the same protocol.
    pub old_limit: &'static str,
    /// Where the message may stand in the answer and its text in the message, as JSON pointers; the first
    /// message that is there counts.
    pub answers: &'static [(&'static str, &'static str)],
    /// Where the answer says why it ended.
    pub finish: &'static str,
    /// Where the answer says that it is none.
    pub refusal: &'static str,
}

/// What one request asks.
pub struct CompletionRequest<'a> {
    /// The model.
    pub model: &'a str,
    /// The instructions.
    pub system: &'a str,
    /// The question.
    pub user: &'a str,
    /// The pictures, each as [`CompletionService::picture`] made it.
    pub pictures: Vec<Value>,
}

impl CompletionRequest<'_> {
    /// The question as most protocols have it: a text, or with pictures a list of parts.
    pub fn content(&self) -> Value {
        if self.pictures.is_empty() {
            return json!(self.user);
        }
        let mut parts = vec![json!({ "type": "text", "text": self.user })];
        parts.extend_from_slice(&self.pictures);
        Value::Array(parts)
    }

    /// Instructions and question as two messages.
    pub fn messages(&self) -> Value {
        json!([{ "role": "system", "content": self.system }, { "role": "user", "content": self.content() }])
    }
}

/// How far the service goes in holding the answer to a schema.
#[derive(Clone, Copy, PartialEq)]
pub enum Enforced {
    /// The schema itself.
    Schema,
    /// The next best that the provider has; the schema is among the instructions.
    Json,
    /// Nothing: the schema is among the instructions.
    Asked,
}

/// A language model behind a service.
///
/// Models and servers of one protocol differ in two options, so both are learnt from the first refusal and
/// remembered: how the schema is enforced, and what the limit of the answer is called.
pub struct HttpCompleter {
    service: &'static CompletionService,
    endpoint: Endpoint,
    temperature: Option<f64>,
    max_tokens: Option<u32>,
    enforced: Cell<Enforced>,
    new_limit: Cell<bool>,
}

impl HttpCompleter {
    /// A completer that is not yet connected to anything. `CONFIG_INVALID` if an option cannot work.
    pub fn new(
        service: &'static CompletionService,
        config: &ServiceConfig,
        fetch: Rc<dyn Fetch>,
        host: Rc<dyn Host>,
    ) -> Result<HttpCompleter> {
        let endpoint = Endpoint::new(&service.service, config, "llm", service.model, fetch, host)?;
        Ok(HttpCompleter {
            service,
            temperature: config.temperature,
            max_tokens: config.max_tokens,
            enforced: Cell::new(Enforced::Schema),
            new_limit: Cell::new(endpoint.own),
            endpoint,
        })
    }

    async fn request(&self, request: &Completion) -> Result<Vec<u8>> {
        let service = self.service;
        let path = (service.path)(&self.endpoint.model);
        let mut renamed = service.limit == service.old_limit;
        loop {
            let (enforced, new_limit) = (self.enforced.get(), self.new_limit.get());
            let failure = match self.endpoint.post(&path, &self.body(request)?).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            if !renamed && rejects(&failure, &[service.limit, service.old_limit]) {
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

    fn body(&self, request: &Completion) -> Result<Value> {
        let service = self.service;
        let (enforced, mut system) = (self.enforced.get(), request.system.clone());
        if let Some(schema) = request.schema.as_ref().filter(|_| enforced != Enforced::Schema) {
            system.push_str("\n\nAnswer with JSON only, valid against this JSON schema:\n");
            system.push_str(&schema.to_string());
        }
        let pictures = request.pictures.iter().map(service.picture).collect::<Option<_>>();
        let pictures = pictures.ok_or_else(|| {
            let shown = service.service.shown;
            let message =
                format!("{shown} takes no address of a picture: pass the picture itself, in base64");
            Error::new(ErrorKind::Unsupported, message).field("image")
        })?;
        let (model, user) = (&self.endpoint.model, &request.user);
        let mut body = (service.body)(&CompletionRequest { model, system: &system, user, pictures });
        if let Some(schema) = request.schema.as_ref().filter(|_| enforced != Enforced::Asked) {
            (service.enforce)(&mut body, schema, enforced);
        }
        let options = if service.options.is_empty() { &mut body } else { &mut body[service.options] };
        let limit = if self.new_limit.get() { service.limit } else { service.old_limit };
        options[limit] = json!(self.max_tokens.unwrap_or(request.max_tokens));
        if let Some(temperature) = self.temperature {
            options["temperature"] = json!(temperature);
        }
        Ok(body)
    }

    fn read(&self, body: &[u8], partial: bool) -> Result<String> {
        let service = self.service;
        let reply = json_in(body).unwrap_or(Value::Null);
        let at = |pointer| reply.pointer(pointer).filter(|value| !value.is_null());
        let provider = &self.endpoint.client.provider;
        let said = |pointer| at(pointer).and_then(Value::as_str).unwrap_or_default();
        let refusal = said(service.refusal).trim();
        if !refusal.is_empty() {
            let message = format!("{provider}'s model refused to answer");
            return Err(Error::new(ErrorKind::ModelFailed, message).cause(excerpt(refusal)));
        }
        let message = service.answers.iter().find_map(|(holder, text)| Some((at(holder)?, text)));
        let Some((message, text)) = message else {
            return Err(self.endpoint.unexpected(body, "an answer"));
        };
        let finish = said(service.finish);
        if HELD_BACK.contains(&finish) {
            let message = format!("{provider}'s content filter held the answer back");
            return Err(Error::new(ErrorKind::ModelFailed, message));
        }
        let text = message.pointer(text).map(text_of).unwrap_or_default();
        let empty = text.trim().is_empty();
        if CUT_OFF.contains(&finish) && (empty || !partial) {
            let what = "an answer that was cut off at the limit of tokens; raise maxTokens";
            return Err(self.endpoint.invalid(what).field("maxTokens"));
        }
        if empty { Err(self.endpoint.invalid("an empty answer")) } else { Ok(text) }
    }
}

impl Completer for HttpCompleter {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    fn complete<'a>(&'a self, request: &'a Completion) -> LocalFuture<'a, Result<String>> {
        Box::pin(async move { self.read(&self.request(request).await?, request.partial) })
    }
}

/// The text of a message: a string, a list of parts of which some are text or the input of a tool, or the
/// answer itself as an object. Thoughts are left out.
fn text_of(content: &Value) -> String {
    let part = |part: &Value| match (&part["text"], &part["input"]) {
        (Value::String(text), _) if part["thought"] != true => text.clone(),
        (_, input @ Value::Object(_)) => input.to_string(),
        _ => String::new(),
    };
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(part).collect(),
        Value::Object(_) => content.to_string(),
        _ => String::new(),
    }
}

/// A picture as OpenAI and its relatives take it.
pub(super) fn image_url(url: &str) -> Option<Value> {
    Some(json!({ "type": "image_url", "image_url": { "url": url } }))
}

/// A picture as an address that holds it.
pub(super) fn data_url(media_type: &str, base64: &str) -> String {
    format!("data:{media_type};base64,{base64}")
}

/// What servers call the part of the request that asks for a schema, when they refuse it.
const FORMAT_WORDS: &[&str] = &[
    "response_format",
    "response format",
    "json_schema",
    "json_object",
    "json mode",
    "schema",
    "grammar",
    "output_config",
    "output format",
    "tool_choice",
    "mime",
];

/// Why answers end that are longer than the limit, in all protocols.
const CUT_OFF: &[&str] = &["length", "max_tokens", "MAX_TOKENS"];

/// Why answers end that the provider does not like.
const HELD_BACK: &[&str] =
    &["content_filter", "refusal", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"];
