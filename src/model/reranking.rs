//! Relevance over HTTP: one reranker for all services, which differ in a [`RerankingService`] each.
//!
//! The protocol is Cohere's, which the others took over: a query and documents go out, and a list of indexes
//! and scores comes back.

use std::rc::Rc;

use serde_json::{Value, json};

use super::embedding::place_of;
use super::reply::json_in;
use super::scores::Scores;
use super::service::{Endpoint, Service, ServiceConfig};
use super::{Reranker, text_start};
use crate::error::Result;
use crate::host::fetch::Fetch;
use crate::host::{Host, LocalFuture};

/// How one provider is asked for relevance.
pub struct RerankingService {
    /// Who it is.
    pub service: Service,
    /// The model that is used where none is named.
    pub model: &'static str,
    /// The member of the answer that holds the list.
    pub list: &'static str,
    /// Whether the documents come back unless the request says no.
    pub echoes: bool,
}

/// A reranker behind a service. All texts go out in one request, each cut to its first 10,000 characters,
/// of which models read less.
pub struct HttpReranker {
    service: &'static RerankingService,
    endpoint: Endpoint,
    candidates: Option<usize>,
}

impl HttpReranker {
    /// A reranker that is not yet connected to anything. `CONFIG_INVALID` if an option cannot work.
    pub fn new(
        service: &'static RerankingService,
        config: &ServiceConfig,
        fetch: Rc<dyn Fetch>,
        host: Rc<dyn Host>,
    ) -> Result<HttpReranker> {
        let endpoint = Endpoint::new(&service.service, config, "reranker", service.model, fetch, host)?;
        Ok(HttpReranker { service, endpoint, candidates: config.candidates })
    }

    fn read(&self, body: &[u8], texts: usize) -> Result<Vec<f32>> {
        let reply = json_in(body).unwrap_or(Value::Null);
        let Some(list) = reply[self.service.list].as_array() else {
            return Err(self.endpoint.unexpected(body, "scores"));
        };
        let mut scores = Scores::new(texts);
        for (place, item) in list.iter().enumerate() {
            scores
                .set(place_of(item, place), item["relevance_score"].as_f64())
                .map_err(|what| self.endpoint.invalid(&what))?;
        }
        scores.finish().map_err(|what| self.endpoint.invalid(&what))
    }
}

impl Reranker for HttpReranker {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    fn candidates(&self) -> Option<usize> {
        self.candidates
    }

    fn rerank<'a>(&'a self, query: &'a str, texts: &'a [&'a str]) -> LocalFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            if texts.is_empty() {
                return Ok(Vec::new());
            }
            let documents: Vec<&str> = texts.iter().map(|text| text_start(text)).collect();
            let mut body = json!({ "model": self.endpoint.model, "query": query, "documents": documents });
            if self.service.echoes {
                body["return_documents"] = json!(false);
            }
            let answer = self.endpoint.post("rerank", &body).await?;
            self.read(&answer, texts.len())
        })
    }
}
