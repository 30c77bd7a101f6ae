//! Answers over HTTP: one completer for all services, which differ in a [`CompletionService`] each.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};

use super::reply::{excerpt, json_in, pointed};
use super::service::{Endpoint, Service, ServiceConfig, rejects};
use super::{Completer, Completion, Picture};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fetch::Fetch;
use crate::host::{Host, LocalFuture};
use crate::text::find;

/// How one provider is asked for an answer.
pub struct CompletionService {
    /// Who it is.
    pub service: Service,
    /// The model that is used where none is named.
    pub model: &'static str,
    /// The path after the address, for a model.
    pub path: fn(&str) -> String,
    /// The body of a request as JSON, in which a text that is one of these stands for something else: `$model`,
    /// `$system`, `$user` the question, `$parts` question and pictures, `$content` the question or, with pictures,
    /// both, `$pictures`.
    pub body: &'static str,
    /// What is added to a body that shall be held to a schema, `$schema`: to the schema itself, and the next best.
    pub enforced: [&'static str; 2],
    /// The question among `$parts`.
    pub text: &'static str,
    /// A picture by its address, `$url`; empty if the provider does not fetch any.
    pub picture_url: &'static str,
    /// A picture by what it is, `$type`, and its bytes, `$data`, which may also be parts of a text.
    pub picture: &'static str,
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

/// A language model behind a service.
///
/// Models and servers of one protocol differ in two options, so both are learnt from the first refusal and
/// remembered: how the schema is enforced, and what the limit of the answer is called.
pub struct HttpCompleter {
    service: &'static CompletionService,
    endpoint: Endpoint,
    temperature: Option<f64>,
    max_tokens: Option<u32>,
    /// Which of [`CompletionService::enforced`] it takes; none if it is past their end.
    enforced: Cell<usize>,
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
            enforced: Cell::new(0),
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
                && enforced < service.enforced.len()
                && rejects(&failure, FORMAT_WORDS)
            {
                self.enforced.set(enforced + 1);
            } else {
                return Err(failure.into());
            }
        }
    }

    fn body(&self, request: &Completion) -> Result<Value> {
        let service = self.service;
        let (enforced, mut system) = (self.enforced.get(), request.system.clone());
        if let Some(schema) = request.schema.as_ref().filter(|_| enforced > 0) {
            system.push_str("\n\nAnswer with JSON only, valid against this JSON schema:\n");
            system.push_str(&crate::json::text(schema));
        }
        let user = json!(request.user);
        let mut parts = vec![filled(service.text, &[("$user", &user)])];
        for picture in &request.pictures {
            parts.push(match picture {
                Picture::Url(_) if service.picture_url.is_empty() => {
                    let shown = service.service.shown;
                    let message =
                        format!("{shown} takes no address of a picture: pass the picture itself, in base64");
                    return Err(Error::new(ErrorKind::Unsupported, message).field("image"));
                }
                Picture::Url(url) => filled(service.picture_url, &[("$url", &json!(url))]),
                Picture::Data { media_type, base64 } => {
                    filled(service.picture, &[("$type", &json!(media_type)), ("$data", &json!(base64))])
                }
            });
        }
        let pictures = Value::Array(parts[1..].to_vec());
        let parts = Value::Array(parts);
        let mut body = filled(
            service.body,
            &[
                ("$model", &json!(self.endpoint.model)),
                ("$system", &json!(system)),
                ("$content", if request.pictures.is_empty() { &user } else { &parts }),
                ("$user", &user),
                ("$parts", &parts),
                ("$pictures", &pictures),
            ],
        );
        if let (Some(schema), Some(held)) = (&request.schema, service.enforced.get(enforced)) {
            merge(&mut body, filled(held, &[("$schema", schema)]));
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
        let at = |pointer| pointed(&reply, pointer).filter(|value| !value.is_null());
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
        let text = pointed(message, text).map(text_of).unwrap_or_default();
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
        (_, input @ Value::Object(_)) => crate::json::text(input),
        _ => String::new(),
    };
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(part).collect(),
        Value::Object(_) => crate::json::text(content),
        _ => String::new(),
    }
}

/// A document with values in the place of their names. Values are taken as they are, whatever they hold.
fn filled(template: &str, values: &[(&str, &Value)]) -> Value {
    let mut document = serde_json::from_str(template).unwrap_or_default();
    fill(&mut document, values);
    document
}

fn fill(place: &mut Value, values: &[(&str, &Value)]) {
    match place {
        Value::String(text) => match values.iter().find(|(name, _)| name == text) {
            Some((_, value)) => *place = (*value).clone(),
            None => {
                for (name, value) in values {
                    if let Some(value) = value.as_str().filter(|_| find::contains(text, name)) {
                        *text = find::replace(text, name, value);
                    }
                }
            }
        },
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, values)),
        _ => {}
    }
}

/// Adds the members of an object to another one, and those of their objects to theirs.
fn merge(body: &mut Value, more: Value) {
    match (body, more) {
        (Value::Object(body), Value::Object(more)) => {
            for (name, value) in more {
                merge(body.entry(name).or_insert(Value::Null), value);
            }
        }
        (body, more) => *body = more,
    }
}

/// The question beside pictures, as OpenAI and its relatives take it.
pub(super) const CHAT_TEXT: &str = r#"{"type":"text","text":"$user"}"#;

/// A picture as they take it.
pub(super) const CHAT_PICTURE_URL: &str = r#"{"type":"image_url","image_url":{"url":"$url"}}"#;

/// The same with the bytes in the address.
pub(super) const CHAT_PICTURE: &str = r#"{"type":"image_url","image_url":{"url":"data:$type;base64,$data"}}"#;

/// What asks them for JSON of any kind.
pub(super) const CHAT_JSON: &str = r#"{"response_format":{"type":"json_object"}}"#;

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
