//! Answers that several objects give together: a search in three rounds, lists, and what is known of entities.

use serde_json::Value;

use super::super::context::Preceding;
use super::super::{
    Context, DEFAULT_KEYWORD_THRESHOLD, DEFAULT_THRESHOLD, Found, Memory, Recalled, SearchOptions, embed,
    rerank, wire,
};
use super::reunion::verdict;
use super::round::{KNOWLEDGE, LEVELS, LIST, OFFERS, SURVEY, header, understood};
use super::router::Router;
use super::{VERSION, not_understood, read_answer, read_error};
use crate::bytes::{Reader, Writer};
use crate::engine::{self, Asker, Knowledge, Levels, Listed, Offers, Query, Seen, Survey};
use crate::error::Result;
use crate::model::Purpose;
use crate::time::Timestamp;
use wire::read::{Options, text};

impl Router {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(self.host.now())
    }

    /// Answers a method from what these objects hold together.
    pub(super) async fn together(
        &self,
        memory: &Memory,
        objects: Vec<String>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        let argument = |at: usize| arguments.get(at).unwrap_or(&Value::Null);
        match method {
            "search" => {
                let search = wire::search_options(&Options::of(argument(1))?)?;
                let (found, _) = self.find(memory, objects, method, arguments, &search).await?;
                Ok(wire::show_found(&search, &found, None))
            }
            "context" => {
                let (search, tokens) = wire::context_options(&Options::of(argument(1))?)?;
                let (found, preceding) = self.find(memory, objects, method, arguments, &search).await?;
                let query = text(argument(0), "query")?;
                Ok(wire::show_context(&Context::of(query, tokens, found, preceding)))
            }
            "getAll" => {
                let list = wire::list_options(&Options::of(argument(0))?)?;
                let (mut all, more) = self.list(&objects, LIST, method, arguments).await?;
                if list.newest_first {
                    all.reverse();
                }
                let total = all.len() + more;
                let page: Vec<Listed> = all.into_iter().skip(list.offset).take(list.limit).collect();
                let records: Vec<&[u8]> = page.iter().map(|it| it.record.as_slice()).collect();
                let now = self.now();
                let reunions = self.reunite(method, arguments, &records, &list.reach, now).await?;
                let mut shown = Vec::with_capacity(page.len());
                for Seen { record, standing, .. } in page.into_iter().map(|it| it.seen) {
                    match verdict(&reunions, &record, &list.reach.sight(now))? {
                        None => shown.push(Recalled { record, standing }),
                        Some(Some(standing)) => shown.push(Recalled { record, standing }),
                        Some(None) => {}
                    }
                }
                Ok(wire::show_all(&list, &shown, total, None))
            }
            _ => {
                let asked = wire::Asked::of(method, arguments)?;
                let now = self.now();
                let (all, _) = self.list(&objects, KNOWLEDGE, method, arguments).await?;
                let records: Vec<&[u8]> = all.iter().map(|it| it.record.as_slice()).collect();
                let reunions = self.reunite(method, arguments, &records, &asked.reach, now).await?;
                let mut seen: Vec<Seen> = all.into_iter().map(|it| it.seen).collect();
                for reunion in &reunions {
                    seen.retain(|it| !reunion.is_of(it.record.id));
                    seen.extend(reunion.seen(&asked.reach.sight(now), asked.time(now))?);
                }
                Ok(asked.show(&Knowledge::among(seen, &asked.reach.sight(now)), now))
            }
        }
    }

    /// The memories that these objects list, each once, in the order in which they were first said; and how many there are
    /// that they do not list.
    async fn list(
        &self,
        objects: &[String],
        round: u8,
        method: &str,
        arguments: &[Value],
    ) -> Result<(Vec<Listed>, usize)> {
        let request = header(round, method, arguments, self.now()).finish();
        let mut lists = Vec::new();
        let mut more = 0;
        self.round(objects, request, &mut |_, input| {
            lists.push(engine::read_list(input)?);
            // Objects of an earlier version do not say.
            more += if input.is_empty() { 0 } else { input.varint()? as usize };
            Ok(())
        })
        .await?;
        Ok((engine::merge_lists(lists), more))
    }

    /// Asks all objects in one round, and lets `read` read what each answers.
    pub(super) async fn round(
        &self,
        objects: &[String],
        request: Vec<u8>,
        read: &mut dyn FnMut(usize, &mut Reader<'_>) -> Result<()>,
    ) -> Result<()> {
        for (at, answer) in self.ask(objects, &request).await.into_iter().enumerate() {
            let answer = answer?;
            match answer.split_first() {
                Some((&VERSION, rest)) => understood(read(at, &mut Reader::new(rest, "message")))?,
                Some((b'{', _)) => drop(read_answer(&answer)?),
                _ => return Err(not_understood("an answer")),
            }
        }
        Ok(())
    }

    /// Searches in three rounds, as [`Memory::search`] does in one place; for a context also what was said right before
    /// the hits.
    async fn find(
        &self,
        memory: &Memory,
        mut objects: Vec<String>,
        method: &str,
        arguments: &[Value],
        options: &SearchOptions,
    ) -> Result<(Found, Preceding)> {
        let now = self.now();
        let text = text(arguments.first().unwrap_or(&Value::Null), "query")?;
        let vector = match &memory.0.embedder {
            Some(embedder) if options.top_k > 0 => {
                embed(&**embedder, &[text.to_owned()], Purpose::Query).await?.pop()
            }
            _ => None,
        };
        let reranker = memory.0.reranker.as_deref().filter(|_| options.rerank && options.top_k > 0);
        let candidates = reranker.map_or(0, |reranker| rerank::candidates(reranker, options));
        let mut asker = Asker::new(Query {
            text: text.to_owned(),
            vector: vector.clone(),
            limit: if candidates > options.top_k { candidates } else { options.top_k },
            threshold: 0.0,
            today: Some(now.day()),
            weights: options.weights.clone(),
            explain: options.explain,
        });
        let question = asker.question.clone();
        let begin = |round: u8| {
            let mut out = header(round, method, arguments, now);
            engine::write_question(&question, vector.as_ref(), &mut out);
            out
        };

        let mut found = Found::default();
        let mut surveys = Vec::new();
        self.round(&objects, begin(SURVEY).finish(), &mut |_, input| {
            let warnings: Value = serde_json::from_str(input.text()?).unwrap_or_default();
            for warning in warnings.as_array().into_iter().flatten().map(read_error) {
                if !found.warnings.contains(&warning) {
                    found.warnings.push(warning);
                }
            }
            surveys.push(Survey::decode(input, &question)?);
            Ok(())
        })
        .await?;
        let usual = match surveys.iter().any(|survey| survey.table) {
            true => DEFAULT_THRESHOLD,
            false => DEFAULT_KEYWORD_THRESHOLD,
        };
        found.threshold = options.threshold.unwrap_or(usual);
        let for_context = method == "context" && options.threshold.is_none();
        asker.query.threshold = if for_context { 0.0 } else { found.threshold };
        let asked = asker.surveyed(&surveys)?;
        if options.top_k == 0 {
            return Ok((found, vec![]));
        }
        // Who sees nothing has nothing to say further on.
        let mut holds = surveys.iter().map(|survey| !survey.is_empty());
        objects.retain(|_| holds.next().unwrap_or(false));

        let mut request = begin(LEVELS);
        asked.encode(&mut request);
        let mut levels = Vec::new();
        self.round(&objects, request.finish(), &mut |_, input| {
            levels.push(Levels::decode(input)?);
            Ok(())
        })
        .await?;

        let mut request = begin(OFFERS);
        asker.levelled(&levels).encode(&mut request);
        let hits = loop {
            let mut offers = Vec::new();
            self.round(&objects, Writer::finish(request), &mut |_, input| {
                offers.push(Offers::decode(input, &question)?);
                Ok(())
            })
            .await?;
            let records: Vec<&[u8]> = offers.iter().flat_map(Offers::records).collect();
            let reunions = self.reunite(method, arguments, &records, &options.reach, now).await?;
            if !reunions.is_empty() {
                for offered in &mut offers {
                    offered.settle(&|memory| verdict(&reunions, memory, &options.reach.sight(now)))?;
                }
            }
            match asker.offered(offers)? {
                Ok(hits) => break hits,
                Err(more) => {
                    request = begin(OFFERS);
                    more.encode(&mut request);
                }
            }
        };
        let mut preceding = Preceding::new();
        let answered = hits.first().is_some_and(|(best, _)| best.score >= found.threshold);
        if !for_context || answered {
            for (hit, before) in hits {
                preceding.extend(before.map(|before| (hit.record.id, before)));
                found.hits.push(hit);
            }
        }
        if let Some(reranker) = reranker {
            rerank::rerank(reranker, text, candidates, &mut found).await;
            found.hits.truncate(options.top_k);
        }
        Ok((found, preceding))
    }
}
