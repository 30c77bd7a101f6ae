//! The engine: one partition in memory. Synchronous, without IO, clock or randomness.
//!
//! Writing is two steps, so that nothing is visible before it is durable: a [`Plan`] works out the
//! operations of a change against the current state; the façade commits them to the store; then
//! [`Engine::apply`] takes them in. Replaying a log goes through the same `apply`.

mod checkpoint;
mod claims;
mod consolidate;
mod conversations;
mod erase;
mod exchange;
mod federated;
mod field;
mod fields;
mod fold;
mod graph;
mod indexing;
mod intake;
mod layout;
mod listing;
mod mounting;
mod moving;
mod neighbours;
mod newest;
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
mod owners;
mod plan;
mod provenance;
mod ranking;
mod related;
mod rounds;
mod search;
mod siblings;
mod sight;
mod stored;
mod strength;
mod timeline;
mod twins;
mod versions;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use foldhash::quality::FixedState;

pub use checkpoint::{Checkpoint, Limits};
pub use claims::{Claims, record_id};
pub use consolidate::{Consolidated, Merge, Promotion};
pub use conversations::shown as conversation_shown;
pub use exchange::Extract;
pub use federated::{Asker, HitAfter, levels, offers, survey};
pub use graph::{Graph, Held, Knowledge, MAX_EDGES, MAX_HOPS, MAX_NODES, Named, Seen};
pub use listing::{Listed, merge_lists, read_list, write_list};
pub use moving::{Home, Moving};
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
pub use owners::Owner;
pub use plan::{Draft, Origin, Outcome, Plan};
pub use provenance::{summary_place, sums_up};
pub use rounds::{
    Levels, Offers, Shared, Survey, Verdict, read_codes, read_question, write_codes, write_question,
};
pub use search::{Explanation, Hit, Query, TermScore, search};
pub use sight::{Shown, Sight};
pub use strength::strength;
pub use timeline::{Entry, Event};
pub use versions::{Conflict, Span, Standing};

use crate::bytes::hex;
use crate::error::Result;
use crate::index::columns::RETRACTED;
use crate::index::meanings::{Meanings, Vocabulary};
use crate::index::part::Part;
use crate::log::{Folded, Operation, fold, fold_record};
use crate::record::{MemoryId, Record};
use crate::scope::Axis;
use crate::sorted::sort;
use crate::text::{Analyzer, Digest, statement_key};
use crate::time::Stamp;

use conversations::Conversations;
use layout::Layout;
use stored::{decode_record, encode_record, no_beginning, stored_operations};
use versions::Versions;

/// The name of the partition of an owner: 32 hex digits that follow from axis and id.
pub fn partition_name(axis: Axis, id: &str) -> String {
    Digest::of(&[b"partition", axis.id_name().as_bytes(), id.as_bytes()]).to_hex()
}

/// Where a document is: part and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    part: u32,
    doc: u32,
}

/// Tallies for `stats()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Memories that are not deleted.
    pub memories: u64,
    /// Memories with a vector of the configured embedder.
    pub embedded: u64,
    /// Sealed segments.
    pub segments: u64,
    /// Entries in the log that are not sealed yet.
    pub entries: u64,
    /// Bytes held in memory.
    pub resident: u64,
}

/// One partition: its sealed segments, its head, and what is needed to plan the next change.
pub struct Engine {
    name: String,
    analyzer: Analyzer,
    /// Part 0 is the head; the others are sealed, oldest first.
    parts: Vec<Part>,
    /// The newest document of every memory that the head has touched.
    head_ids: HashMap<MemoryId, u32, FixedState>,
    /// Live memories whose text was changed, by the digest of what they say now.
    revised: HashMap<Digest, MemoryId, FixedState>,
    conversations: Conversations,
    /// Operations that came before the one that first says their memory.
    orphans: HashMap<MemoryId, Vec<Operation>, FixedState>,
    /// Keys of the log's entries that the head holds.
    entries: HashSet<String, FixedState>,
    newest: Stamp,
    /// Whether more than the receipt of an erased memory may still be stored.
    remains: bool,
    model: Option<String>,
    /// Another model, of which a vector came and was not kept.
    foreign: Option<String>,
    limits: Limits,
    /// The turns in order; unset after a change until a search needs it.
    layout: OnceCell<Layout>,
    /// Which memories hold; unset until a search needs it.
    versions: OnceCell<Versions>,
    /// Words of related meaning, if there is a token table.
    meanings: Option<Rc<Meanings>>,
    /// The terms of the partition that `meanings` knows, dead ones too; unset until a search needs it.
    vocabulary: OnceCell<Vocabulary>,
}

impl Engine {
    /// An empty partition of this name. `model` names the embedder whose vectors are searched.
    pub fn new(name: &str, model: Option<String>) -> Engine {
        Engine {
            name: name.to_owned(),
            analyzer: Analyzer::default(),
            parts: vec![Part::head()],
            head_ids: HashMap::default(),
            revised: HashMap::default(),
            conversations: Conversations::default(),
            orphans: HashMap::default(),
            entries: HashSet::default(),
            newest: Stamp::default(),
            remains: false,
            model,
            foreign: None,
            limits: Limits::default(),
            layout: OnceCell::new(),
            versions: OnceCell::new(),
            meanings: None,
            vocabulary: OnceCell::new(),
        }
    }

    /// The same with other limits of sealing and merging: for tests that want many small segments.
    pub fn with_limits(mut self, limits: Limits) -> Engine {
        self.limits = limits;
        self
    }

    /// Gives the partition a token table, for words of related meaning; and as its embedder, if `embeds`. Memories
    /// of the head that have no vector get theirs. One that has a table keeps it.
    pub fn attach(&mut self, meanings: Rc<Meanings>, embeds: bool) -> Result<()> {
        if self.meanings.is_some() {
            return Ok(());
        }
        if embeds {
            self.model = Some(meanings.table().name().to_owned());
        }
        self.meanings = Some(meanings);
        self.vocabulary.take();
        let bare = |doc: &u32| embeds && self.parts[0].is_alive(*doc);
        let bare: Vec<u32> = (0..self.parts[0].len()).filter(bare).collect();
        for doc in bare {
            let vector = self.own_vector(&self.read(Address { part: 0, doc })?);
            if let (Some((model, codes, scale)), Some(head)) = (vector, self.parts[0].as_head_mut()) {
                head.embed(doc, &model, &codes, scale)?;
            }
        }
        Ok(())
    }

    /// Whether vectors are those of the token table.
    pub fn embeds_itself(&self) -> bool {
        self.model.is_some() && self.model.as_deref() == self.meanings.as_ref().map(|it| it.table().name())
    }

    /// The partition's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The newest stamp seen, for the clock to move past.
    pub fn newest(&self) -> Stamp {
        self.newest
    }

    /// Whether the segment of this blob is mounted.
    pub fn has_segment(&self, name: &str) -> bool {
        self.parts.iter().any(|part| part.name() == Some(name))
    }

    /// The names of the mounted segments.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(Part::name)
    }

    /// Whether the log entry of this key is applied and not sealed.
    pub fn has_entry(&self, key: &str) -> bool {
        self.entries.contains(key)
    }

    /// The keys of the log entries that are applied and not sealed.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(String::as_str)
    }

    /// Whether this blob, a segment or a segment's vectors, is mounted.
    pub fn has_blob(&self, name: &str) -> bool {
        self.parts.iter().any(|part| part.name() == Some(name) || part.vectors_name() == Some(name))
    }

    /// Whether vectors of this model are kept. Those of another one than the configured one would only
    /// displace what is searched; without an embedder, whatever is there is kept.
    fn is_searched(&self, model: &str) -> bool {
        self.model.as_deref().is_none_or(|wanted| wanted == model)
    }

    /// The turns in the order in which they were said.
    fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| Layout::of(&self.parts))
    }

    /// The partition's terms that are known to the token table.
    fn vocabulary(&self) -> Result<&Vocabulary> {
        if let Some(known) = self.vocabulary.get() {
            return Ok(known);
        }
        let mut vocabulary = Vocabulary::default();
        if let Some(meanings) = &self.meanings {
            for part in &self.parts {
                part.for_each_word(|term| meanings.note(term, &mut vocabulary));
            }
        }
        Ok(self.vocabulary.get_or_init(|| vocabulary))
    }

    /// Where the newest document of a memory is.
    pub fn locate(&self, id: MemoryId) -> Option<Address> {
        self.locate_except(id, usize::MAX)
    }

    fn locate_except(&self, id: MemoryId, except: usize) -> Option<Address> {
        if let Some(&doc) = self.head_ids.get(&id) {
            return Some(Address { part: 0, doc });
        }
        (1..self.parts.len()).rev().filter(|&part| part != except).find_map(|part| {
            let doc = self.parts[part].find_sealed(id)?;
            self.parts[part].is_alive(doc).then_some(Address { part: part as u32, doc })
        })
    }

    fn operations(&self, address: Address) -> Result<Vec<Operation>> {
        decode_record(self.parts[address.part as usize].record(address.doc))
    }

    /// Decodes a document.
    pub fn read(&self, address: Address) -> Result<Record> {
        fold_record(self.operations(address)?).ok_or_else(no_beginning)
    }

    fn folded(&self, address: Address) -> Result<Folded> {
        let operations = self.operations(address)?;
        fold(operations).ok_or_else(no_beginning)
    }

    /// A memory with its history, deleted ones included.
    pub fn get(&self, id: MemoryId) -> Result<Option<Folded>> {
        self.locate(id).map(|address| self.folded(address)).transpose()
    }

    /// All live documents that a request sees, in the order in which they were first said.
    pub fn list(&self, sight: &Sight<'_>) -> Result<Vec<(u64, Address)>> {
        let mut found = Vec::new();
        let outdated = self.outdated(sight, sight.shown)?;
        for (index, part) in self.parts.iter().enumerate() {
            let visible = sight.visible(part);
            for doc in (0..part.len()).filter(|&doc| visible.holds(doc)) {
                let columns = part.columns(doc);
                let address = Address { part: index as u32, doc };
                let holds = sight.was_said(part, doc) && outdated.binary_search(&address).is_err();
                if holds && columns.flags & RETRACTED == 0 && sight.accepts(|| self.read(address))? {
                    found.push((columns.born, address));
                }
            }
        }
        self.in_order(&mut found);
        Ok(found)
    }

    /// Sorts documents, each with the stamp of its first operation, as they were first said.
    fn in_order(&self, found: &mut [(u64, Address)]) {
        sort(found, |a, b| a.0.cmp(&b.0).then_with(|| self.id(a.1).cmp(&self.id(b.1))));
    }

    fn id(&self, address: Address) -> MemoryId {
        self.parts[address.part as usize].id(address.doc)
    }

    /// Live memories that have no vector of the configured model: up to `limit` of them, and how many in all.
    pub fn without_vector(&self, limit: usize) -> Result<(Vec<Record>, usize)> {
        let (mut found, mut total) = (Vec::new(), 0);
        for (index, part) in self.parts.iter().enumerate() {
            for doc in 0..part.len() {
                if part.is_remembered(doc) && !part.is_embedded(doc, self.model.as_deref()) {
                    total += 1;
                    if found.len() < limit {
                        found.push(self.read(Address { part: index as u32, doc })?);
                    }
                }
            }
        }
        Ok((found, total))
    }

    /// A model other than the configured one, whose vectors live memories have in place of those that are
    /// searched: the sign that `reindex` is needed.
    pub fn foreign_model(&self) -> Option<&str> {
        let sealed = self.parts[1..].iter().filter(|part| part.living() > 0).filter_map(Part::model);
        let head = &self.parts[0];
        let bare = |doc: &u32| head.is_alive(*doc) && head.row_of(*doc).is_none();
        let in_head = self.foreign.as_deref().filter(|_| (0..head.len()).any(|doc| bare(&doc)));
        sealed.chain(in_head).find(|model| !self.is_searched(model))
    }

    /// Tallies for `stats()`.
    pub fn size(&self) -> Size {
        let entries = self.entries.len() as u64;
        let mut size = Size { entries, resident: self.resident(), ..Size::default() };
        for (index, part) in self.parts.iter().enumerate() {
            size.segments += u64::from(index != 0);
            for doc in (0..part.len()).filter(|&doc| part.is_remembered(doc) && !part.is_internal(doc)) {
                size.memories += 1;
                size.embedded += u64::from(part.is_embedded(doc, self.model.as_deref()));
            }
        }
        size
    }

    /// About how many bytes this partition takes in memory.
    pub fn resident(&self) -> u64 {
        let layout = self.layout.get().map_or(0, |layout| layout.resident());
        self.parts.iter().fold(layout, |sum, part| sum + part.resident()) as u64
    }

    /// The first 40 bits of the partition's name, which its memories' ids begin with.
    fn prefix(&self) -> u64 {
        self.name.get(..10).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0)
    }
}

/// Finds a memory by what it says now, where its id no longer follows from that.
fn revision_digest(memory: &Record) -> Digest {
    plan::statement_digest(&memory.scope, &memory.actor, &statement_key(&memory.text), 0)
}

/// A blob name that no other replica and no later moment makes.
fn blob_name(kind: char, stamp: Stamp, replica: u64) -> String {
    format!("{kind}-{}{}", hex(&stamp.bits().to_be_bytes()), hex(&replica.to_be_bytes()))
}
