//! Cohere's HTTP interface, version 2.

use serde_json::json;

use super::Purpose;
use super::embedding::EmbeddingService;
use super::reranking::RerankingService;
use super::service::{Key, Service};

const COHERE: Service = Service {
    provider: "cohere",
    shown: "Cohere",
    url: "https://api.cohere.com/v2",
    key: Key::Bearer,
    headers: &[],
    shared: false,
};

/// `POST /embed`, up to 96 texts.
pub static EMBEDDINGS: EmbeddingService = EmbeddingService {
    service: COHERE,
    model: "embed-v4.0",
    batch: 96,
    batch_limit: 96,
    characters: 200_000,
    path: |_| "embed".to_owned(),
    body: |it| {
        let input_type = match it.purpose {
            Purpose::Document => "search_document",
            Purpose::Query => "search_query",
        };
        json!({ "model": it.model, "texts": it.texts, "input_type": input_type, "embedding_types": ["float"] })
    },
    dimensions: Some("output_dimension"),
    list: "/embeddings/float",
    numbers: "",
};

/// `POST /rerank`.
pub static RERANKING: RerankingService =
    RerankingService { service: COHERE, model: "rerank-v3.5", list: "results", echoes: false };
