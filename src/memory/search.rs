//! Reading: [`Memory::search`] and [`Memory::get_all`].

use super::context::{self, Preceding};
use super::reach::lend;
use super::{
    DEFAULT_KEYWORD_THRESHOLD, DEFAULT_THRESHOLD, Found, ListOptions, Memory, Recalled, SearchOptions,
    check_text, embed, embedder_changed, is_blank, rerank,
};
use crate::engine;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Purpose;
use crate::sorted::sort;

impl Memory {
    /// The memories that a request sees, page by page, in a stable order.
    pub async fn get_all(&self, options: &ListOptions) -> Result<Vec<Recalled>> {
        Ok(self.list(options).await?.0)
    }

    /// The same, and how many there are in all.
    pub(super) async fn list(&self, options: &ListOptions) -> Result<(Vec<Recalled>, usize)> {
        let partitions = self.partitions()?;
        let reached = self.reached(partitions, &options.reach).await?;
        let sight = options.reach.sight(partitions.now());
        let (records, total) = {
            let engines = lend(&reached, &options.reach)?;
            let mut all = Vec::new();
            for (index, engine) in engines.iter().enumerate() {
                all.extend(engine.list(&sight)?.into_iter().map(|(born, address)| (born, index, address)));
            }
            // Each engine's list is in order already; a stable sort merges them.
            sort(&mut all, |a, b| (a.0, a.1).cmp(&(b.0, b.1)));
            if options.newest_first {
                all.reverse();
            }
            let total = all.len();
            let page = all.into_iter().skip(options.offset).take(options.limit);
            let records = page
                .map(|(_, index, address)| {
                    let record = engines[index].read(address)?;
                    Ok(Recalled { standing: engines[index].standing(&record, &sight)?, record })
                })
                .collect::<Result<Vec<_>>>()?;
            (records, total)
        };
        self.release(reached);
        Ok((records, total))
    }

    /// The memories that answer a question best.
    ///
    /// A configured reranker has the last word on their order; if it fails, that is a warning.
    ///
    /// Errors: `QUERY_EMPTY`, `TEXT_TOO_LONG`, `SCOPE_REQUIRED`, the `MODEL_…` and `STORE_…` codes.
    pub fn search(&self, query: &str, options: &SearchOptions) -> impl Future<Output = Result<Found>> {
        // Not an async function of its own, whose code would only be a wrapper around that of `find`.
        self.find(query, options, None)
    }

    /// Searches, and notes what was said right before the hits if that is asked for: of the same state, before
    /// anything else can happen.
    pub(super) async fn find(
        &self,
        query: &str,
        options: &SearchOptions,
        preceding: Option<&mut Preceding>,
    ) -> Result<Found> {
        let partitions = self.partitions()?;
        if is_blank(query) {
            return Err(Error::new(
                ErrorKind::QueryEmpty,
                "Invalid query: cannot be empty or whitespace-only.",
            )
            .field("query"));
        }
        check_text(query, "query")?;
        let reached = self.reached(partitions, &options.reach).await?;
        let mut found = Found::default();
        let meanings = partitions.meanings().await.unwrap_or_else(|error| {
            found.warnings.push(error);
            None
        });
        if let Some(configured) = self.embedder_name() {
            let foreign = reached.iter().find_map(|it| it.engine().foreign_model().map(str::to_owned));
            found.warnings.extend(foreign.map(|stored| embedder_changed(&stored, &configured)));
        }
        // How far down the ranking a context goes is decided by its budget; the usual threshold only says whether
        // the question has an answer at all.
        let for_context = preceding.is_some() && options.threshold.is_none();
        let usual = if meanings.is_some() { DEFAULT_THRESHOLD } else { DEFAULT_KEYWORD_THRESHOLD };
        found.threshold = options.threshold.unwrap_or(usual);
        let vector = match (&self.0.embedder, meanings) {
            _ if options.top_k == 0 => None,
            (Some(embedder), _) => embed(&**embedder, &[query.to_owned()], Purpose::Query).await?.pop(),
            (None, Some(meanings)) => Some(meanings.table().embed(query)),
            (None, None) => None,
        };
        let reranker = self.0.reranker.as_deref().filter(|_| options.rerank && options.top_k > 0);
        let candidates = reranker.map_or(0, |reranker| rerank::candidates(reranker, options));
        let query = engine::Query {
            text: query.to_owned(),
            vector,
            limit: if candidates > options.top_k { candidates } else { options.top_k },
            threshold: if for_context { 0.0 } else { found.threshold },
            today: options.asked_on.or_else(|| Some(partitions.now().day())),
            weights: options.weights.clone(),
            explain: options.explain,
        };
        found.hits = {
            let engines = lend(&reached, &options.reach)?;
            let engines: Vec<&engine::Engine> = engines.iter().map(|engine| &**engine).collect();
            let sight = options.reach.sight(partitions.now());
            let mut hits = engine::search(&engines, &query, &sight)?;
            if for_context && hits.first().is_none_or(|best| best.score < found.threshold) {
                hits.clear();
            }
            if let Some(preceding) = preceding {
                *preceding = context::preceding(&engines, &hits, &sight)?;
            }
            hits
        };
        self.release(reached);
        if let Some(reranker) = reranker {
            rerank::rerank(reranker, &query.text, candidates, &mut found).await;
            found.hits.truncate(options.top_k);
        }
        Ok(found)
    }
}
