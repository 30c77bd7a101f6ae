//! A model service behind HTTP: its address, its key, its model, and errors in its name.
//!
//! Every provider is a [`Service`], which is data, and a message format or two, which are its own file. What
//! they share is here and in [`retry`](super::retry): addresses are checked, keys stay out of every message.

use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use super::reply::{excerpt, json_in, message_in, said_by_provider};
use super::retry::{Client, Failure, Policy};
use super::secret::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::host::fetch::Fetch;
use crate::text::find;

/// What is fixed about a provider.
pub struct Service {
    /// How names of its models begin, such as `openai`.
    pub provider: &'static str,
    /// What it is called in messages, such as `OpenAI`.
    pub shown: &'static str,
    /// Its own address, used where none is given.
    pub url: &'static str,
    /// How the key travels.
    pub key: Key,
    /// Headers that every request carries.
    pub headers: &'static [(&'static str, &'static str)],
    /// Whether the name of a model says what it is only together with the address, because many services
    /// share the protocol.
    pub shared: bool,
}

/// How a key travels. Never in the address, which hosts and proxies write down.
#[derive(Clone, Copy, PartialEq)]
pub enum Key {
    /// `Authorization: Bearer`, required at the provider's own address.
    Bearer,
    /// `Authorization: Bearer` if there is one.
    Optional,
    /// A header of this name, required at the provider's own address.
    Header(&'static str),
}

/// Where and how to reach a model service, and which model.
#[derive(Clone, Default)]
pub struct ServiceConfig {
    /// The address that paths are appended to; the provider's own if absent. A query is kept.
    pub base_url: Option<String>,
    /// The key. Required by most providers themselves, optional elsewhere.
    pub api_key: Option<String>,
    /// OpenAI: sent as the `OpenAI-Organization` header.
    pub organization: Option<String>,
    /// The model; each use has a default.
    pub model: Option<String>,
    /// Attempts, time-outs and pauses.
    pub policy: Policy,
    /// Embedder: the length of the vectors, asked for where that is possible, and checked. The model's own
    /// if absent.
    pub dimensions: Option<usize>,
    /// Embedder: how many texts go into one request at most; each provider has a default and a limit.
    pub batch_size: Option<usize>,
    /// Completer: sent as it is; absent means the model's own, which some models insist on.
    pub temperature: Option<f64>,
    /// Completer: the longest answer in tokens, in place of what a request asks for.
    pub max_tokens: Option<u32>,
    /// Reranker: how many of the best memories it reads; three times as many as are returned if absent.
    pub candidates: Option<usize>,
}

impl fmt::Debug for ServiceConfig {
    /// Without the key and without the address, whose query may hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceConfig")
            .field("model", &self.model)
            .field("dimensions", &self.dimensions)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A checked address with its key, model and client.
pub(super) struct Endpoint {
    pub client: Client,
    /// The model's name.
    pub model: String,
    /// Whether this is the provider itself and not somebody who speaks its protocol.
    pub own: bool,
    service: &'static Service,
    base: String,
    query: String,
    /// Host and port, for names and messages.
    authority: String,
    headers: Vec<(&'static str, String)>,
}

impl Endpoint {
    /// `CONFIG_INVALID`, with the field under `part` (`embedder`, `llm` or `reranker`), if an option cannot
    /// work.
    pub fn new(
        service: &'static Service,
        config: &ServiceConfig,
        part: &str,
        model: &str,
        fetch: Rc<dyn Fetch>,
        host: Rc<dyn Host>,
    ) -> Result<Endpoint> {
        let invalid = |option: &str, message: String| {
            Error::new(ErrorKind::ConfigInvalid, message).field(format!("{part}.config.{option}"))
        };
        let url = config.base_url.as_deref().unwrap_or(service.url).trim();
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let host_of = |address| {
            authority(address).ok_or_else(|| {
                invalid(
                    "baseUrl",
                    "baseUrl must be an http or https address without user name and fragment".to_owned(),
                )
            })
        };
        let authority = host_of(address)?;
        let own = authority == host_of(service.url)?;
        let shown = service.shown;
        let mut secrets = Vec::new();
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(service.headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        match config.api_key.as_deref().filter(|key| !key.trim().is_empty()) {
            Some(key) => {
                let key = Secret::new(key, &format!("{part}.config.apiKey"))?;
                headers.push(match service.key {
                    Key::Header(name) => (name, key.reveal().to_owned()),
                    _ => ("authorization", format!("Bearer {}", key.reveal())),
                });
                secrets.push(key);
            }
            None if own && service.key != Key::Optional => {
                let message =
                    format!("{shown} needs a key: set apiKey, or set baseUrl to a service that needs none");
                return Err(invalid("apiKey", message));
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
                provider: if own { shown.to_owned() } else { format!("the model service at {authority}") },
                secrets,
            },
            model: model.to_owned(),
            own,
            service,
            base: address.trim_end_matches('/').to_owned(),
            query: if query.is_empty() { String::new() } else { format!("?{query}") },
            authority,
            headers,
        })
    }

    /// `cohere/<model>`; with the host in between where models of one name differ from host to host:
    /// `openai/localhost:11434/<model>`.
    pub fn name(&self) -> String {
        let (provider, model) = (self.service.provider, &self.model);
        if self.own || !self.service.shared {
            format!("{provider}/{model}")
        } else {
            format!("{provider}/{}/{model}", self.authority)
        }
    }

    pub async fn post(&self, path: &str, body: &Value) -> std::result::Result<Vec<u8>, Failure> {
        let url = format!("{}/{path}{}", self.base, self.query);
        self.client.post(&url, &self.headers, crate::json::text(body).into_bytes()).await
    }

    /// The error for a 2xx body that is not what the protocol promises: an error object after all
    /// (`MODEL_FAILED`), or something else (`MODEL_RESPONSE_INVALID`).
    pub fn unexpected(&self, body: &[u8], expected: &str) -> Error {
        let provider = &self.client.provider;
        match json_in(body) {
            Some(value) => match value.get("error").and_then(message_in) {
                Some(message) => Error::new(
                    ErrorKind::ModelFailed,
                    format!("{provider} answered with an error instead of {expected}"),
                )
                .cause(self.client.hide(&excerpt(&message))),
                None => self.invalid(&format!("JSON without {expected}")),
            },
            None => {
                let said = self.client.hide(&said_by_provider(body));
                let error = self.invalid("something that is not JSON; check baseUrl");
                if said.starts_with("an HTML page") { error.cause(said) } else { error }
            }
        }
    }

    pub fn invalid(&self, what: &str) -> Error {
        let message = format!("{} answered with {what}", self.client.provider);
        Error::new(ErrorKind::ModelResponseInvalid, message)
    }
}

/// A shorter value in an address's query is an ordinary word and not taken out of messages.
const SHORTEST_KEY: usize = 8;

/// The host and port of an http address, in lower case. Nothing if it has none, or holds a user name
/// (hosts refuse such an address and quote it), a fragment or a blank.
fn authority(address: &str) -> Option<String> {
    let scheme_end = find::find(address, "://")?;
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
pub(super) fn rejects(failure: &Failure, words: &[&str]) -> bool {
    let said = failure.said.to_ascii_lowercase();
    matches!(failure.status, Some(400 | 422)) && words.iter().any(|word| find::contains(&said, word))
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
