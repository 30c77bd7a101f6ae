//! Vectors over HTTP: one embedder for all services, which differ in an [`EmbeddingService`] each.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};

use super::reply::{json_in, pointed};
use super::service::{Endpoint, Service, ServiceConfig, rejects};
use super::vectors::{Vectors, batches};
use super::{Embedder, Purpose};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fetch::Fetch;
use crate::host::{Host, LocalFuture};

/// How one provider is asked for vectors.
pub struct EmbeddingService {
    /// Who it is.
    pub service: Service,
    /// The model that is used where none is named.
    pub model: &'static str,
    /// How many texts go into one request where `batchSize` does not say.
    pub batch: usize,
    /// The most texts that it takes in one request.
    pub batch_limit: usize,
    /// The most characters in one request, so that its limit of tokens holds: no common script needs more
    /// than one and a half tokens per character.
    pub characters: usize,
    /// The path after the address, for a model.
    pub path: fn(&str) -> String,
    /// The body of a request.
    pub body: fn(&EmbeddingRequest<'_>) -> Value,
    /// The body's member that asks for a length of the vectors, where there is one at the top.
    pub dimensions: Option<&'static str>,
    /// Where the list of vectors stands in the answer, as a JSON pointer.
    pub list: &'static str,
    /// Where the numbers stand in an item of the list. An item's `index`, if it has one, is its text's.
    pub numbers: &'static str,
}

/// What one request asks.
pub struct EmbeddingRequest<'a> {
    /// The model.
    pub model: &'a str,
    /// The texts, none of them empty.
    pub texts: Vec<&'a str>,
    /// What the vectors are for.
    pub purpose: Purpose,
    /// The length that is wanted, if any.
    pub dimensions: Option<usize>,
}

/// An embedder behind a service.
///
/// Texts go out in batches, one after the other. An empty text is sent as one space, because services refuse
/// a request that holds an empty one; no texts mean no request. A text longer than the model reads is the
/// provider's to refuse or to cut.
pub struct HttpEmbedder {
    service: &'static EmbeddingService,
    endpoint: Endpoint,
    dimensions: Option<usize>,
    batch_size: usize,
    /// Cleared when a service of others than the protocol's owner refuses the option for the length of
    /// vectors, which is still checked.
    asks_dimensions: Cell<bool>,
}

impl HttpEmbedder {
    /// An embedder that is not yet connected to anything. `CONFIG_INVALID` if an option cannot work.
    pub fn new(
        service: &'static EmbeddingService,
        config: &ServiceConfig,
        fetch: Rc<dyn Fetch>,
        host: Rc<dyn Host>,
    ) -> Result<HttpEmbedder> {
        let invalid = |option: &str, message: String| {
            Err(Error::new(ErrorKind::ConfigInvalid, message).field(format!("embedder.config.{option}")))
        };
        if config.dimensions == Some(0) {
            return invalid("dimensions", "dimensions must be a positive integer".to_owned());
        }
        let batch_size = config.batch_size.unwrap_or(service.batch);
        if batch_size == 0 || batch_size > service.batch_limit {
            let (shown, limit) = (service.service.shown, service.batch_limit);
            return invalid("batchSize", format!("batchSize must be from 1 to {limit} for {shown}"));
        }
        Ok(HttpEmbedder {
            service,
            endpoint: Endpoint::new(&service.service, config, "embedder", service.model, fetch, host)?,
            dimensions: config.dimensions,
            batch_size,
            asks_dimensions: Cell::new(true),
        })
    }

    async fn request(&self, texts: &[String], purpose: Purpose) -> Result<Vec<u8>> {
        let service = self.service;
        let path = (service.path)(&self.endpoint.model);
        loop {
            let dimensions = self.dimensions.filter(|_| self.asks_dimensions.get());
            let request = EmbeddingRequest {
                model: &self.endpoint.model,
                texts: texts.iter().map(|text| if text.is_empty() { " " } else { text }).collect(),
                purpose,
                dimensions,
            };
            let mut body = (service.body)(&request);
            if let (Some(name), Some(dimensions)) = (service.dimensions, dimensions) {
                body[name] = json!(dimensions);
            }
            match self.endpoint.post(&path, &body).await {
                Err(failure)
                    if service.service.shared
                        && dimensions.is_some()
                        && rejects(&failure, &["dimensions", "matryoshka"]) =>
                {
                    self.asks_dimensions.set(false);
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    /// The vectors of one response, in the order of the texts.
    fn read(&self, body: &[u8], vectors: &mut Vectors, texts: usize) -> Result<()> {
        let reply = json_in(body).unwrap_or(Value::Null);
        let Some(list) = pointed(&reply, self.service.list).and_then(Value::as_array) else {
            return Err(self.endpoint.unexpected(body, "vectors"));
        };
        if list.len() != texts {
            let what = format!("{} vectors for {texts} texts", list.len());
            return Err(self.endpoint.invalid(&what));
        }
        let mut in_order: Vec<Option<Vec<Option<f64>>>> = vec![None; texts];
        for (place, item) in list.iter().enumerate() {
            let numbers = pointed(item, self.service.numbers).and_then(Value::as_array);
            let numbers = numbers.ok_or_else(|| self.endpoint.unexpected(body, "vectors"))?;
            if let Some(position) = numbers.iter().position(|number| !number.is_number() && !number.is_null())
            {
                let message = format!("vector {place} has no number at position {position}");
                return Err(Error::new(ErrorKind::VectorInvalid, message)
                    .field(format!("embedding[{place}][{position}]")));
            }
            match place_of(item, place).and_then(|index| in_order.get_mut(index)) {
                Some(slot @ None) => *slot = Some(numbers.iter().map(Value::as_f64).collect()),
                _ => return Err(self.endpoint.invalid("vectors whose index is twice the same or too large")),
            }
        }
        in_order
            .into_iter()
            .flatten()
            .try_for_each(|vector| vectors.push(vector.len(), &mut vector.into_iter()))
    }
}

/// Which text an item of an answer belongs to: as its `index` says, else as it stands.
pub(super) fn place_of(item: &Value, place: usize) -> Option<usize> {
    match item.get("index") {
        None | Some(Value::Null) => Some(place),
        Some(index) => index.as_u64().and_then(|index| usize::try_from(index).ok()),
    }
}

impl Embedder for HttpEmbedder {
    fn name(&self) -> String {
        match self.dimensions {
            Some(dimensions) => format!("{}@{dimensions}", self.endpoint.name()),
            None => format!("{}@auto", self.endpoint.name()),
        }
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> LocalFuture<'a, Result<Vec<Vec<f32>>>> {
        Box::pin(async move {
            let mut vectors = Vectors::new(self.dimensions);
            for batch in batches(texts, self.batch_size, self.service.characters) {
                let body = self.request(batch, purpose).await?;
                self.read(&body, &mut vectors, batch.len())?;
            }
            Ok(vectors.finish())
        })
    }
}
