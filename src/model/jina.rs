//! Jina AI's HTTP interface.

use super::reranking::RerankingService;
use super::service::{Key, Service};

/// `POST /rerank`.
pub static RERANKING: RerankingService = RerankingService {
    service: Service {
        provider: "jina",
        shown: "Jina",
        url: "https://api.jina.ai/v1",
        key: Key::Bearer,
        headers: &[],
        shared: false,
    },
    model: "jina-reranker-v2-base-multilingual",
    list: "results",
    echoes: true,
};
