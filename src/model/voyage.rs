//! Voyage AI's HTTP interface.

use serde_json::json;

use super::Purpose;
use super::embedding::EmbeddingService;
use super::reranking::RerankingService;
use super::service::{Key, Service};

const VOYAGE: Service = Service {
    provider: "voyage",
    shown: "Voyage",
    url: "https://api.voyageai.com/v1",
    key: Key::Bearer,
    headers: &[],
    shared: false,
};

/// `POST /embeddings`, up to 1,000 texts; the largest models take 120,000 tokens in one request.
pub static EMBEDDINGS: EmbeddingService = EmbeddingService {
    service: VOYAGE,
    model: "voyage-3.5",
    batch: 100,
    batch_limit: 1000,
    characters: 80_000,
    path: |_| "embeddings".to_owned(),
    body: |it| {
        let input_type = match it.purpose {
            Purpose::Document => "document",
            Purpose::Query => "query",
        };
        json!({ "model": it.model, "input": it.texts, "input_type": input_type })
    },
    dimensions: Some("output_dimension"),
    list: "/data",
    numbers: "/embedding",
};

/// `POST /rerank`.
pub static RERANKING: RerankingService =
    RerankingService { service: VOYAGE, model: "rerank-2.5", list: "data", echoes: true };
