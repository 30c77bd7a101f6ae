//! The façade: [`Memory`], the same API for Rust and, through the bindings, for JavaScript.
//!
//! It checks what callers give, finds the partitions that a request concerns, asks the embedder, and lets
//! the engine plan, the store commit, and the engine apply.

mod context;
mod meaning;
mod options;
mod partitions;
mod rerank;
mod results;
pub mod wire;

use std::cell::Cell;
use std::rc::Rc;

pub use context::{CONTEXT_CANDIDATES, Context};
pub use options::*;
pub use results::*;

use crate::distill::{Speech, distil};
use crate::engine::{self, Draft, Hit, Origin, Outcome, Plan};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::knowledge::Note;
use crate::log::Change;
use crate::model::{Embedder, Purpose, Reranker, TokenSource};
use crate::record::{MemoryId, Record, Revision, Role};
use crate::scope::{Axis, Scope};
use crate::sorted::{sort, sort_names};
use crate::store::ByteStore;
use crate::vector::{Quantized, quantize};

use context::Preceding;
use partitions::{Partition, Partitions};

/// A memory: the entry to everything.
///
/// Cheap to clone; clones share one state. It stays on its thread, as every host of edgemem runs one
/// thread per instance. Calls may overlap.
///
/// ```
/// # futures_executor::block_on(async {
/// use edgemem::{AddOptions, Memory, Message, Reach, SearchOptions};
///
/// let memory = Memory::in_process();
/// memory.add(&[Message::user("I moved to Lisbon")], &AddOptions::user("alice")).await?;
/// let found = memory.search("moved to which city?", &SearchOptions::new(Reach::user("alice"))).await?;
/// assert_eq!(found.hits[0].record.text, "I moved to Lisbon");
/// # Ok::<(), edgemem::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Memory(Rc<Inner>);

struct Inner {
    partitions: Partitions,
    embedder: Option<Rc<dyn Embedder>>,
    reranker: Option<Rc<dyn Reranker>>,
    closed: Cell<bool>,
}

/// The models that a memory asks, all of them optional.
#[derive(Clone, Default)]
pub struct Models {
    /// For search by meaning.
    pub embedder: Option<Rc<dyn Embedder>>,
    /// For the order of what a search found.
    pub reranker: Option<Rc<dyn Reranker>>,
    /// The token table, for words of related meaning. Without an embedder it is the embedder too.
    pub tokens: Option<Rc<dyn TokenSource>>,
}

/// `stats` loads and counts all partitions up to this many; beyond, it counts those in memory.
const COUNTED: usize = 256;

/// How many memories one [`Memory::reindex_step`] embeds.
const REINDEX_STEP: usize = 256;

impl Memory {
    /// A memory over this store on this host, keyword search only.
    pub fn new(store: Rc<dyn ByteStore>, host: Rc<dyn Host>) -> Memory {
        Memory::with_embedder(store, host, None)
    }

    /// A memory over this store, with an embedder for semantic search.
    pub fn with_embedder(
        store: Rc<dyn ByteStore>,
        host: Rc<dyn Host>,
        embedder: Option<Rc<dyn Embedder>>,
    ) -> Memory {
        Memory::with_models(store, host, Models { embedder, ..Models::default() })
    }

    /// A memory over this store, with these models.
    pub fn with_models(store: Rc<dyn ByteStore>, host: Rc<dyn Host>, models: Models) -> Memory {
        let model = models.embedder.as_ref().map(|embedder| embedder.name());
        Memory(Rc::new(Inner {
            partitions: Partitions::new(store, host, model, models.tokens),
            embedder: models.embedder,
            reranker: models.reranker,
            closed: Cell::new(false),
        }))
    }

    /// A memory in this process only, for tests and throw-away use.
    pub fn in_process() -> Memory {
        Memory::new(
            Rc::new(crate::store::MemoryStore::new()),
            Rc::new(crate::host::native::NativeHost::new()),
        )
    }

    fn partitions(&self) -> Result<&Partitions> {
        if self.0.closed.get() {
            return Err(Error::new(ErrorKind::Closed, "this memory was closed; create a new one"));
        }
        Ok(&self.0.partitions)
    }

    /// Remembers messages. Each statement becomes one memory; one that is known in the same scope from the
    /// same speaker is not stored twice. Durable when it returns.
    ///
    /// Errors: `MESSAGES_REQUIRED`, `MESSAGES_EMPTY`, `TEXT_TOO_LONG`, `TEXT_INVALID`, `SCOPE_REQUIRED`,
    /// `METADATA_TOO_LARGE`, the `MODEL_…` and the `STORE_…` codes. Nothing is stored if one is returned.
    pub async fn add(&self, messages: &[Message], options: &AddOptions) -> Result<Vec<Added>> {
        let partitions = self.partitions()?;
        if messages.is_empty() {
            return Err(Error::new(
                ErrorKind::MessagesEmpty,
                "messages array cannot be empty. Provide at least one message with non-empty content.",
            )
            .field("messages"));
        }
        for (index, message) in messages.iter().enumerate() {
            check_text(&message.text, &format!("messages[{index}].content"))?;
        }
        let metadata = check_metadata(options.metadata.clone())?;
        let Some((axis, owner)) = options.scope.owner() else {
            return Err(Error::new(
                ErrorKind::ScopeRequired,
                "One of the filters: userId, agentId or runId is required!",
            )
            .field("userId"));
        };
        let timestamp = options.timestamp.unwrap_or_else(|| partitions.now());
        let mut drafts: Vec<Draft> = Vec::new();
        // As in mem0, system messages are the application's and not remembered.
        let spoken: Vec<&Message> =
            messages.iter().filter(|message| message.actor.role != Role::System).collect();
        for (index, message) in spoken.iter().enumerate() {
            let said = message.timestamp.unwrap_or(timestamp);
            let draft = |text: String, note: Note| Draft {
                text,
                actor: message.actor.clone(),
                timestamp: said,
                note,
                ..Draft::default()
            };
            if options.infer {
                let before = spoken[..index].iter().rev().find(|it| it.actor == message.actor);
                let speech = Speech {
                    speaker: &message.actor,
                    listener: spoken.iter().map(|it| &it.actor).find(|&actor| *actor != message.actor),
                    said,
                    before: before.map(|it| it.text.as_str()),
                };
                let first = drafts.len();
                drafts.extend(distil(&message.text, &speech).into_iter().map(|it| draft(it.text, it.note)));
                drafts.iter_mut().skip(first + 1).for_each(|draft| draft.continues = true);
            } else if !is_blank(&message.text) {
                drafts.push(draft(message.text.clone(), Note::default()));
            }
        }
        if drafts.is_empty() {
            return Ok(vec![]);
        }
        // Without the table the memories are kept all the same, and embedded by `reindex`.
        let _ = partitions.meanings().await;
        let partition = partitions.owner(axis, owner).await?;
        self.embed_drafts(partitions, &partition, &options.scope, &mut drafts).await?;
        let origin = Origin {
            scope: options.scope.clone(),
            conversation: options.conversation.clone(),
            metadata,
            expires: options.expires,
        };
        let texts: Vec<String> = drafts.iter().map(|draft| draft.text.clone()).collect();
        let outcomes = partitions
            .write(&partition, move |plan: &mut Plan<'_>| {
                drafts
                    .iter()
                    .map(|draft| plan.remember(&origin, draft.clone()))
                    .collect::<Result<Vec<Outcome>>>()
            })
            .await?;
        let added = outcomes.into_iter().zip(texts);
        Ok(added.map(|(outcome, text)| Added { id: outcome.id, text, added: outcome.added }).collect())
    }

    /// Embeds the drafts that are not known yet.
    async fn embed_drafts(
        &self,
        partitions: &Partitions,
        partition: &Partition,
        scope: &Scope,
        drafts: &mut [Draft],
    ) -> Result<()> {
        let Some(embedder) = &self.0.embedder else { return Ok(()) };
        let mut fresh = Vec::new();
        {
            let mut engine = partition.engine_mut();
            partitions.with_clock(|clock| {
                let plan = Plan::new(&mut engine, clock, partitions.now());
                for (index, draft) in drafts.iter().enumerate() {
                    if !plan.is_known(scope, &draft.actor, &draft.text)? {
                        fresh.push(index);
                    }
                }
                Ok::<_, Error>(())
            })?;
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = fresh.iter().map(|&index| drafts[index].text.clone()).collect();
        let vectors = embed(&**embedder, &texts, Purpose::Document).await?;
        for (index, vector) in fresh.into_iter().zip(vectors) {
            drafts[index].vector = Some((embedder.name(), vector.codes().to_vec(), vector.scale()));
        }
        Ok(())
    }

    /// The memory of this id, expired ones included; `None` if there is none or it was deleted.
    pub async fn get(&self, id: &str) -> Result<Option<Record>> {
        let partitions = self.partitions()?;
        let Some(id) = MemoryId::parse(id) else { return Ok(None) };
        let Some(partition) = partitions.find(id).await? else { return Ok(None) };
        let folded = partition.engine().get(id)?;
        Ok(folded.map(|folded| folded.record).filter(|record| !record.retracted))
    }

    /// The partitions that a read concerns.
    async fn reached(&self, partitions: &Partitions, reach: &Reach) -> Result<Vec<Rc<Partition>>> {
        let mut names: Vec<String> = Vec::new();
        if !reach.scope.is_empty() {
            names.extend(reach.scope.ids().map(|(axis, id)| engine::partition_name(axis, id)));
        } else {
            let owners = reach.filter.as_ref().ok_or_else(scope_required)?.owners();
            owners.require()?;
            let users = owners.alternatives().iter().map(|owner| owner.ids(Axis::User));
            match users.collect::<Option<Vec<_>>>() {
                // Every memory that carries a user id lives in that user's partition.
                Some(users) => {
                    names.extend(users.concat().iter().map(|id| engine::partition_name(Axis::User, id)))
                }
                // Memories of an agent, a run … may be in the partition of any user.
                None => names = partitions.names("").await?,
            }
        }
        sort_names(&mut names);
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            found.push(partitions.get(&name).await?);
        }
        Ok(found)
    }

    fn release(&self, reached: Vec<Rc<Partition>>) {
        for partition in reached {
            self.0.partitions.release(partition);
        }
    }

    /// The memories that a request sees, page by page, in a stable order.
    pub async fn get_all(&self, options: &ListOptions) -> Result<Vec<Record>> {
        let partitions = self.partitions()?;
        let reached = self.reached(partitions, &options.reach).await?;
        let sight = options.reach.sight(partitions.now().day());
        let records = {
            let engines: Vec<_> = reached.iter().map(|partition| partition.engine()).collect();
            let mut all = Vec::new();
            for (index, engine) in engines.iter().enumerate() {
                all.extend(engine.list(&sight)?.into_iter().map(|(born, address)| (born, index, address)));
            }
            // Each engine's list is in order already; a stable sort merges them.
            sort(&mut all, |a, b| (a.0, a.1).cmp(&(b.0, b.1)));
            if options.newest_first {
                all.reverse();
            }
            let page = all.into_iter().skip(options.offset).take(options.limit);
            page.map(|(_, index, address)| engines[index].read(address)).collect::<Result<Vec<_>>>()?
        };
        self.release(reached);
        Ok(records)
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
    async fn find(
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
            today: Some(partitions.now().day()),
            weights: options.weights.clone(),
            explain: options.explain,
        };
        found.hits = {
            let engines: Vec<_> = reached.iter().map(|partition| partition.engine()).collect();
            let engines: Vec<&engine::Engine> = engines.iter().map(|engine| &**engine).collect();
            let sight = options.reach.sight(partitions.now().day());
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

    /// The name of whatever embeds here, as far as it is known: the token table has one when it is loaded.
    fn embedder_name(&self) -> Option<String> {
        match &self.0.embedder {
            Some(embedder) => Some(embedder.name()),
            None => self.0.partitions.own_model(),
        }
    }

    /// Changes a memory. `NOT_FOUND` if there is none of this id, `UPDATE_EMPTY` if nothing is to change.
    pub async fn update(&self, id: &str, update: &Update) -> Result<()> {
        let partitions = self.partitions()?;
        if *update == Update::default() {
            return Err(Error::new(
                ErrorKind::UpdateEmpty,
                "At least one of text, metadata, or expirationDate must be provided.",
            ));
        }
        if let Some(text) = &update.text {
            check_text(text, "text")?;
            if is_blank(text) {
                return Err(Error::new(
                    ErrorKind::MessagesEmpty,
                    "text cannot be empty or whitespace-only. Provide the memory's new text, or delete it.",
                )
                .field("text"));
            }
        }
        let metadata = update.metadata.clone().map(check_metadata).transpose()?;
        let _ = partitions.meanings().await;
        let (id, partition) = self.existing(partitions, id).await?;
        let before = partition.engine().get(id)?.map(|folded| folded.record.text);
        let vector = match (&self.0.embedder, &update.text) {
            (Some(embedder), Some(text)) if before.as_ref() != Some(text) => {
                let vector = embed(&**embedder, std::slice::from_ref(text), Purpose::Document).await?.pop();
                vector.map(|vector| (embedder.name(), vector.codes().to_vec(), vector.scale()))
            }
            _ => None,
        };
        let update = update.clone();
        partitions
            .write(&partition, move |plan: &mut Plan<'_>| {
                require(plan, id)?;
                let change = Change::Revise {
                    text: update.text.clone(),
                    metadata: metadata.clone(),
                    expires: update.expires,
                };
                plan.push(id, change);
                if let (Some((model, codes, scale)), Some(text)) = (vector.clone(), &update.text) {
                    let text = engine::text_digest(text);
                    plan.push(id, Change::Embed { text, model, codes, scale });
                }
                Ok(())
            })
            .await
    }

    /// Deletes a memory; its history stays readable. `NOT_FOUND` if there is none of this id.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let partitions = self.partitions()?;
        let (id, partition) = self.existing(partitions, id).await?;
        partitions
            .write(&partition, move |plan: &mut Plan<'_>| {
                require(plan, id)?;
                plan.push(id, Change::Retract);
                Ok(())
            })
            .await
    }

    async fn existing(&self, partitions: &Partitions, text: &str) -> Result<(MemoryId, Rc<Partition>)> {
        if let Some(id) = MemoryId::parse(text)
            && let Some(partition) = partitions.find(id).await?
        {
            return Ok((id, partition));
        }
        Err(not_found(text))
    }

    /// Deletes all memories that carry all of these ids, whatever other ids they carry.
    pub async fn delete_all(&self, scope: &Scope) -> Result<()> {
        let partitions = self.partitions()?;
        if scope.is_empty() {
            return Err(Error::new(
                ErrorKind::ScopeRequired,
                "At least one filter is required to delete all memories. If you want to delete all memories, \
                 use the `reset()` method.",
            )
            .field("userId"));
        }
        let names = match scope.get(Axis::User) {
            Some(user) => vec![engine::partition_name(Axis::User, user)],
            None => partitions.names("").await?,
        };
        for name in names {
            let partition = partitions.get(&name).await?;
            let wanted = scope.clone();
            let carries =
                move |record: &Record| wanted.ids().all(|(axis, id)| record.scope.get(axis) == Some(id));
            partitions
                .write(&partition, move |plan: &mut Plan<'_>| {
                    for id in plan.live(&carries)? {
                        plan.push(id, Change::Retract);
                    }
                    Ok(())
                })
                .await?;
            partitions.release(partition);
        }
        Ok(())
    }

    /// What happened to a memory, newest first; empty for an unknown id.
    pub async fn history(&self, id: &str) -> Result<Vec<Revision>> {
        let partitions = self.partitions()?;
        let Some(id) = MemoryId::parse(id) else { return Ok(vec![]) };
        let Some(partition) = partitions.find(id).await? else { return Ok(vec![]) };
        let folded = partition.engine().get(id)?;
        Ok(folded.map(|folded| folded.revisions.into_iter().rev().collect()).unwrap_or_default())
    }

    /// Removes everything from the store. The memory stays usable.
    pub async fn reset(&self) -> Result<()> {
        let partitions = self.partitions()?;
        for name in partitions.names("").await? {
            partitions.erase(&name).await?;
        }
        partitions.forget();
        Ok(())
    }

    /// Counts what is stored.
    pub async fn stats(&self) -> Result<Stats> {
        let partitions = self.partitions()?;
        let _ = partitions.meanings().await;
        let names = partitions.names("").await?;
        if names.len() <= COUNTED {
            for name in &names {
                partitions.get(name).await?;
            }
        }
        let mut stats = Stats {
            partitions: names.len(),
            embedder: self.embedder_name(),
            trouble: partitions.trouble.borrow().clone(),
            ..Stats::default()
        };
        for partition in partitions.loaded() {
            let engine = partition.engine();
            let size = engine.size();
            stats.loaded += 1;
            stats.size.memories += size.memories;
            stats.size.embedded += size.embedded;
            stats.size.segments += size.segments;
            stats.size.entries += size.entries;
            stats.size.resident += size.resident;
            if stats.foreign_embedder.is_none() {
                stats.foreign_embedder = engine.foreign_model().map(str::to_owned);
            }
        }
        Ok(stats)
    }

    /// Embeds some memories that have no vector of the configured embedder. Call it until nothing is left;
    /// reads and writes may go on in between. `UNSUPPORTED` without an embedder.
    pub async fn reindex_step(&self) -> Result<Progress> {
        let partitions = self.partitions()?;
        let Some(embedder) = &self.0.embedder else {
            if partitions.meanings().await?.is_some() {
                return partitions.embed_sealed().await;
            }
            return Err(Error::new(
                ErrorKind::Unsupported,
                "reindex needs an embedder: configure one with `embedder: { provider, config }`",
            )
            .field("embedder"));
        };
        let mut progress = Progress { done: 0, left: 0 };
        for name in partitions.names("").await? {
            let partition = partitions.get(&name).await?;
            let (batch, total) = partition.engine().without_vector(REINDEX_STEP - progress.done)?;
            progress.left += total - batch.len();
            if batch.is_empty() {
                continue;
            }
            let texts: Vec<String> = batch.iter().map(|record| record.text.clone()).collect();
            let vectors = embed(&**embedder, &texts, Purpose::Document).await?;
            progress.done += vectors.len();
            let model = embedder.name();
            partitions
                .write(&partition, move |plan: &mut Plan<'_>| {
                    for (record, vector) in batch.iter().zip(&vectors) {
                        // Unless it changed while the embedder was asked.
                        let now = plan.folded(record.id)?;
                        if now.is_some_and(|now| !now.record.retracted && now.record.text == record.text) {
                            let (codes, scale) = (vector.codes().to_vec(), vector.scale());
                            let text = engine::text_digest(&record.text);
                            plan.push(record.id, Change::Embed { text, model: model.clone(), codes, scale });
                        }
                    }
                    Ok(())
                })
                .await?;
        }
        Ok(progress)
    }

    /// Releases the store. Everything acknowledged is durable already; later calls fail with `CLOSED`.
    pub async fn close(&self) -> Result<()> {
        if self.0.closed.replace(true) {
            return Ok(());
        }
        self.0.partitions.forget();
        self.0.partitions.store.close().await
    }
}

/// Vectors of texts, checked and quantised.
async fn embed(embedder: &dyn Embedder, texts: &[String], purpose: Purpose) -> Result<Vec<Quantized>> {
    let vectors = embedder.embed(texts, purpose).await?;
    if vectors.len() != texts.len() {
        return Err(Error::new(
            ErrorKind::ModelResponseInvalid,
            format!("the embedder returned {} vectors for {} texts", vectors.len(), texts.len()),
        )
        .field("embedder"));
    }
    vectors.iter().map(|vector| quantize(vector)).collect()
}

/// Checks that a memory exists at this point of a plan.
fn require(plan: &Plan<'_>, id: MemoryId) -> Result<()> {
    match plan.folded(id)? {
        Some(folded) if !folded.record.retracted => Ok(()),
        _ => Err(not_found(&id.to_string())),
    }
}

fn not_found(id: &str) -> Error {
    let id: String = id.chars().take(100).collect();
    Error::new(ErrorKind::NotFound, format!("Memory with ID {id} not found")).field("id")
}

fn scope_required() -> Error {
    Error::new(
        ErrorKind::ScopeRequired,
        "filters must contain at least one of: user_id, agent_id, run_id. Example: filters: { user_id: 'u1' }",
    )
    .field("filters")
}

fn embedder_changed(stored: &str, configured: &str) -> Error {
    Error::new(
        ErrorKind::EmbedderChanged,
        format!(
            "vectors of the embedder {stored} are stored but {configured} is configured: memories without its \
             vectors are found by keyword only until reindex() has run"
        ),
    )
    .field("embedder")
}
