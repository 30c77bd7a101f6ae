//! OpenAI's HTTP interface, which Ollama, vLLM, LM Studio, OpenRouter, Groq and many others speak too.
//!
//! This file knows the address, the key and the options common to both uses; [`OpenAiEmbedder`] and
//! [`OpenAiCompleter`] know the two message formats.

mod completer;
mod embedder;

use std::fmt;
use std::rc::Rc;

use serde_json::Value;

pub use completer::OpenAiCompleter;
pub use embedder::OpenAiEmbedder;

use super::reply::{excerpt, message_in, said_by_provider};
use super::retry::{Client, Failure, Policy};
use super::secret::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::host::fetch::Fetch;

/// OpenAI's own address, used where none is given.
pub const OPENAI_URL: &str = "https://api.openai.com/v1";

/// Where and how to reach an OpenAI-compatible service.
#[derive(Clone, Default)]
pub struct OpenAiConfig {
    /// The address that ends in `/v1` or its like; [`OPENAI_URL`] if absent. A query is kept.
    pub base_url: Option<String>,
    /// Sent as a bearer token. Required by OpenAI itself, optional elsewhere.
    pub api_key: Option<String>,
    /// Sent as the `OpenAI-Organization` header.
    pub organization: Option<String>,
    /// The model; each use has a default.
    pub model: Option<String>,
    /// Attempts, time-outs and pauses.
    pub policy: Policy,
    /// Embedder: the length of the vectors, asked for and checked. The model's own if absent.
    pub dimensions: Option<usize>,
    /// Embedder: how many texts go into one request at most; 100 if absent.
    pub batch_size: Option<usize>,
    /// Completer: sent as it is; absent means the model's own, which some models insist on.
    pub temperature: Option<f64>,
}

impl fmt::Debug for OpenAiConfig {
    /// Without the key and without the address, whose query may hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiConfig")
            .field("model", &self.model)
            .field("dimensions", &self.dimensions)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A checked address with its key, model and client.
struct Endpoint {
    client: Client,
    base: String,
    query: String,
    /// Host and port, for names and messages.
    authority: String,
    headers: Vec<(&'static str, String)>,
    model: String,
}

impl Endpoint {
    /// `CONFIG_INVALID`, with the field under `part` (`embedder` or `llm`), if an option cannot work.
    fn new(
        config: &OpenAiConfig,
        part: &str,
        model: &str,
        fetch: Rc<dyn Fetch>,
        host: Rc<dyn Host>,
    ) -> Result<Endpoint> {
        let invalid = |option: &str, message: String| {
            Error::new(ErrorKind::ConfigInvalid, message).field(format!("{part}.config.{option}"))
        };
        let url = config.base_url.as_deref().unwrap_or(OPENAI_URL).trim();
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let authority = authority(address).ok_or_else(|| {
            invalid(
                "baseUrl",
                "baseUrl must be an http or https address without user name and fragment".to_owned(),
            )
        })?;
        let is_openai = authority == "api.openai.com";
        let mut secrets = Vec::new();
        let mut headers = vec![("content-type", "application/json".to_owned())];
        match config.api_key.as_deref().filter(|key| !key.trim().is_empty()) {
            Some(key) => {
                let key = Secret::new(key, &format!("{part}.config.apiKey"))?;
                headers.push(("authorization", format!("Bearer {}", key.reveal())));
                secrets.push(key);
            }
            None if is_openai => {
                let message = "OpenAI needs a key: set apiKey, or set baseUrl to a service that needs none";
                return Err(invalid("apiKey", message.to_owned()));
            }
            None => {}
        }
        if let Some(organization) = &config.organization {
            let checked = Secret::new(organization, &format!("{part}.config.organization"))?;
            headers.push(("openai-organization", checked.reveal().to_owned()));
        }
        let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        secrets.extend(values.filter(|value| value.len() >= SHORTEST_KEY).map(Secret::part));
        let model = config.model.as_deref().unwrap_or(model).trim();
        if model.is_empty() {
            return Err(invalid("model", "model must be a model's name".to_owned()));
        }
        Ok(Endpoint {
            client: Client {
                fetch,
                host,
                policy: config.policy.clone(),
                provider: if is_openai {
                    "OpenAI".to_owned()
                } else {
                    format!("the model service at {authority}")
                },
                secrets,
            },
            base: address.trim_end_matches('/').to_owned(),
            query: if query.is_empty() { String::new() } else { format!("?{query}") },
            authority,
            headers,
            model: model.to_owned(),
        })
    }

    /// `openai/<model>`, with the host in between if it is not OpenAI's: `openai/localhost:11434/<model>`.
    fn name(&self) -> String {
        if self.authority == "api.openai.com" {
            format!("openai/{}", self.model)
        } else {
            format!("openai/{}/{}", self.authority, self.model)
        }
    }

    async fn post(&self, path: &str, body: &Value) -> std::result::Result<Vec<u8>, Failure> {
        let url = format!("{}/{path}{}", self.base, self.query);
        self.client.post(&url, &self.headers, body.to_string().into_bytes()).await
    }

    /// The error for a 2xx body that is not what the interface promises: an error object after all
    /// (`MODEL_FAILED`), or something else (`MODEL_RESPONSE_INVALID`).
    fn unexpected(&self, body: &[u8], expected: &str) -> Error {
        let provider = &self.client.provider;
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => match value.get("error").and_then(message_in) {
                Some(message) => Error::new(
                    ErrorKind::ModelFailed,
                    format!("{provider} answered with an error instead of {expected}"),
                )
                .cause(self.client.hide(&excerpt(&message))),
                None => self.invalid(&format!("JSON without {expected}")),
            },
            Err(_) => {
                let said = self.client.hide(&said_by_provider(body));
                let error = self.invalid("something that is not JSON; check baseUrl");
                if said.starts_with("an HTML page") { error.cause(said) } else { error }
            }
        }
    }

    fn invalid(&self, what: &str) -> Error {
        let message = format!("{} answered with {what}", self.client.provider);
        Error::new(ErrorKind::ModelResponseInvalid, message)
    }
}

/// A shorter value in an address's query is an ordinary word and not taken out of messages.
const SHORTEST_KEY: usize = 8;

/// The host and port of an http address, in lower case. Nothing if it has none, or holds a user name
/// (hosts refuse such an address and quote it), a fragment or a blank.
fn authority(address: &str) -> Option<String> {
    let scheme_end = address.find("://")?;
    if !["http", "https"].iter().any(|scheme| address[..scheme_end].eq_ignore_ascii_case(scheme)) {
        return None;
    }
    let rest = &address[scheme_end + 3..];
    let authority = rest.split('/').next()?;
    let plain = !authority.is_empty() && !address.contains(['@', '#', '\\', '"', '<', '>']);
    let printable = address.chars().all(|c| !c.is_whitespace() && !c.is_control());
    (plain && printable).then(|| authority.to_ascii_lowercase())
}

/// Whether the provider refused a request because of one of these words in it.
fn rejects(failure: &Failure, words: &[&str]) -> bool {
    let said = failure.said.to_ascii_lowercase();
    matches!(failure.status, Some(400 | 422)) && words.iter().any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_before_anything_is_sent() {
        for (address, expected) in [
            ("https://api.openai.com/v1", Some("api.openai.com")),
            ("HTTP://LocalHost:11434/v1/", Some("localhost:11434")),
            ("http://[::1]:8080/v1", Some("[::1]:8080")),
            ("https://user:pass@host/v1", None),
            ("https://host/v1#x", None),
            ("https:///v1", None),
            ("https://ho st/v1", None),
            ("ftp://host/v1", None),
            ("localhost:11434/v1", None),
            ("", None),
        ] {
            assert_eq!(authority(address).as_deref(), expected, "{address}");
        }
    }
}
