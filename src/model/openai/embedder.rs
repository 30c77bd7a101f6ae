//! Vectors from `POST /embeddings`.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};

use super::{Endpoint, OpenAiConfig, rejects};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fetch::Fetch;
use crate::host::{Host, LocalFuture};
use crate::model::Embedder;
use crate::model::vectors::{Vectors, batches};

/// An embedder behind an OpenAI-compatible service.
///
/// Texts go out in batches of at most `batch_size` texts and 200,000 characters, one after the other. An
/// empty text is sent as one space, because OpenAI refuses a request that holds an empty one; no texts
/// mean no request. A text longer than the model reads is the provider's to refuse or to cut.
pub struct OpenAiEmbedder {
    endpoint: Endpoint,
    dimensions: Option<usize>,
    batch_size: usize,
    /// Cleared when the service refuses the option `dimensions`; the length is still checked.
    asks_dimensions: Cell<bool>,
}

impl OpenAiEmbedder {
    /// An embedder that is not yet connected to anything. `CONFIG_INVALID` if an option cannot work.
    pub fn new(config: &OpenAiConfig, fetch: Rc<dyn Fetch>, host: Rc<dyn Host>) -> Result<OpenAiEmbedder> {
        for (option, value) in [("dimensions", config.dimensions), ("batchSize", config.batch_size)] {
            if value == Some(0) {
                let message = format!("{option} must be a positive integer");
                let error = Error::new(ErrorKind::ConfigInvalid, message);
                return Err(error.field(format!("embedder.config.{option}")));
            }
        }
        Ok(OpenAiEmbedder {
            endpoint: Endpoint::new(config, "embedder", "text-embedding-3-small", fetch, host)?,
            dimensions: config.dimensions,
            batch_size: config.batch_size.unwrap_or(100),
            asks_dimensions: Cell::new(config.dimensions.is_some()),
        })
    }

    async fn request(&self, texts: &[String]) -> Result<Vec<u8>> {
        let input: Vec<&str> = texts.iter().map(|text| if text.is_empty() { " " } else { text }).collect();
        loop {
            let mut body =
                json!({ "model": self.endpoint.model, "input": input, "encoding_format": "float" });
            let dimensions = self.dimensions.filter(|_| self.asks_dimensions.get());
            if let Some(dimensions) = dimensions {
                body["dimensions"] = json!(dimensions);
            }
            match self.endpoint.post("embeddings", &body).await {
                Err(failure) if dimensions.is_some() && rejects(&failure, &["dimensions", "matryoshka"]) => {
                    self.asks_dimensions.set(false);
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    /// The vectors of one response, in the order of the texts.
    fn read(&self, body: &[u8], vectors: &mut Vectors, texts: usize) -> Result<()> {
        let reply = serde_json::from_slice::<Value>(body).unwrap_or(Value::Null);
        let Some(data) = reply["data"].as_array() else {
            return Err(self.endpoint.unexpected(body, "vectors"));
        };
        if data.len() != texts {
            let what = format!("{} vectors for {texts} texts", data.len());
            return Err(self.endpoint.invalid(&what));
        }
        let mut in_order: Vec<Option<Vec<Option<f64>>>> = vec![None; texts];
        for (place, item) in data.iter().enumerate() {
            let numbers = item["embedding"].as_array();
            let numbers = numbers.ok_or_else(|| self.endpoint.unexpected(body, "vectors"))?;
            if let Some(position) = numbers.iter().position(|number| !number.is_number() && !number.is_null())
            {
                let message = format!("vector {place} has no number at position {position}");
                return Err(Error::new(ErrorKind::VectorInvalid, message)
                    .field(format!("embedding[{place}][{position}]")));
            }
            let index = match &item["index"] {
                Value::Null => Some(place),
                index => index.as_u64().and_then(|index| usize::try_from(index).ok()),
            };
            match index.and_then(|index| in_order.get_mut(index)) {
                Some(slot @ None) => *slot = Some(numbers.iter().map(Value::as_f64).collect()),
                _ => return Err(self.endpoint.invalid("vectors whose index is twice the same or too large")),
            }
        }
        in_order.into_iter().flatten().try_for_each(|vector| vectors.push(vector.len(), vector.into_iter()))
    }
}

impl Embedder for OpenAiEmbedder {
    fn name(&self) -> String {
        match self.dimensions {
            Some(dimensions) => format!("{}@{dimensions}", self.endpoint.name()),
            None => format!("{}@auto", self.endpoint.name()),
        }
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> LocalFuture<'a, Result<Vec<Vec<f32>>>> {
        Box::pin(async move {
            let mut vectors = Vectors::new(self.dimensions);
            for batch in batches(texts, self.batch_size) {
                let body = self.request(batch).await?;
                self.read(&body, &mut vectors, batch.len())?;
            }
            Ok(vectors.finish())
        })
    }
}
