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
mod layout;
mod listing;
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

use crate::bytes::{Reader, Writer, hex};
use crate::error::{Error, Result};
use crate::index::columns::{CLAIMS, CLOSED, Columns, RETRACTED, REVISED};
use crate::index::meanings::{Meanings, Vocabulary};
use crate::index::part::Part;
use crate::index::segment::{Segment, outdated_records};
use crate::index::vectors::StoredVectors;
use crate::log::{Change, Folded, Head, Operation, arrange, fold, fold_record};
use crate::record::{MemoryId, Record};
use crate::scope::Axis;
use crate::sorted::sort;
use crate::text::{Analyzer, Digest, statement_key};
use crate::time::Stamp;

use conversations::Conversations;
use layout::Layout;
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

    /// Mounts a sealed segment, and its vectors if there are any of the configured model. Memories that
    /// other parts hold too are merged.
    pub fn mount(&mut self, name: &str, bytes: Vec<u8>, vectors: Option<StoredVectors>) -> Result<()> {
        if self.has_segment(name) {
            return Ok(());
        }
        let bytes = match outdated_records(&bytes)? {
            Some(records) => self.index_again(&records)?,
            None => bytes,
        };
        let part = Part::sealed(name.to_owned(), Segment::mount(bytes)?, vectors);
        self.layout.take();
        self.vocabulary.take();
        self.versions.take();
        let first = self.parts.len() == 1 && self.parts[0].is_empty();
        self.parts.push(part);
        let index = self.parts.len() - 1;
        self.observe_places(index);
        let mut twice = Vec::new();
        for doc in 0..self.parts[index].len() {
            let columns = self.parts[index].columns(doc);
            self.newest = self.newest.max(Stamp::from_bits(columns.born));
            // Operations are in the order of stamps. What was done last may be dated long after the beginning, by a clock
            // that runs ahead, and what is done from now on has to come after it.
            for operation in stored_operations(self.parts[index].record(doc)) {
                self.newest = self.newest.max(operation?.0.stamp);
            }
            if columns.flags & (REVISED | RETRACTED) == REVISED {
                let memory = self.read(Address { part: index as u32, doc })?;
                self.revised.insert(revision_digest(&memory), memory.id);
            }
            if !first {
                let id = self.parts[index].id(doc);
                if self.locate_except(id, index).is_some() {
                    twice.push(id);
                }
            }
        }
        for id in twice {
            self.unite(id, index)?;
        }
        Ok(())
    }

    /// A memory is in a newly mounted part and elsewhere: keeps the one that holds all operations, or moves
    /// their union to the head.
    fn unite(&mut self, id: MemoryId, index: usize) -> Result<()> {
        let Some(elsewhere) = self.locate_except(id, index) else { return Ok(()) };
        let Some(doc) = self.parts[index].find_sealed(id) else { return Ok(()) };
        let mounted = Address { part: index as u32, doc };
        self.remains |= self.is_erased(elsewhere) || self.is_erased(mounted);
        let (mut old, new) = (self.operations(elsewhere)?, self.operations(mounted)?);
        // Of an operation and its stub, the stub is the one that knows more.
        let state = |op: &Operation| (op.order(), matches!(op.change, Change::Stub));
        let subset = |some: &[Operation], all: &[Operation]| {
            some.iter().all(|op| all.iter().any(|other| state(other) == state(op)))
        };
        if subset(&new, &old) {
            self.kill(mounted);
        } else if subset(&old, &new) && elsewhere.part != 0 {
            self.kill(elsewhere);
        } else {
            old.extend(new);
            self.kill(mounted);
            self.replace(id, old)?;
        }
        Ok(())
    }

    /// Takes in operations in their order, except that sayings of one memory are written to it together, where nothing
    /// else happens to it in between: each alone would write all before it once more.
    pub fn apply_all(&mut self, operations: Vec<(String, Operation)>) -> Result<()> {
        let mut rest: Vec<Option<(String, Operation)>> = operations.into_iter().map(Some).collect();
        for at in 0..rest.len() {
            let Some((key, operation)) = rest[at].take() else { continue };
            let id = operation.id;
            let is_saying = |operation: &Operation| matches!(operation.change, Change::Touch { .. });
            let located = self.locate(id).filter(|address| !self.is_erased(*address));
            let Some(address) = located.filter(|_| is_saying(&operation)) else {
                self.apply(&key, operation)?;
                continue;
            };
            let mut known = self.operations(address)?;
            let mut orders: Vec<(Stamp, u64)> = known.iter().map(Operation::order).collect();
            let mut is_new = false;
            let mut take = |engine: &mut Engine, (key, operation): (String, Operation)| {
                if engine.entries.insert(key) && !orders.contains(&operation.order()) {
                    engine.newest = engine.newest.max(operation.stamp);
                    orders.push(operation.order());
                    known.push(operation);
                    is_new = true;
                }
            };
            take(self, (key, operation));
            for slot in &mut rest[at + 1..] {
                match slot.as_ref().filter(|(_, other)| other.id == id) {
                    None => {}
                    Some((_, other)) if is_saying(other) => {
                        slot.take().into_iter().for_each(|it| take(self, it))
                    }
                    Some(_) => break,
                }
            }
            if is_new {
                self.replace(id, known)?;
            }
        }
        Ok(())
    }

    /// Takes in an operation, from a commit just made or from the log. One that is known already changes
    /// nothing. `key` is the entry's key in the log.
    pub fn apply(&mut self, key: &str, operation: Operation) -> Result<()> {
        if !self.entries.insert(key.to_owned()) {
            return Ok(());
        }
        self.newest = self.newest.max(operation.stamp);
        let id = operation.id;
        let ends = matches!(operation.change, Change::Erase | Change::Stub);
        let located = self.locate(id);
        let erased = located.is_some_and(|address| self.is_erased(address));
        // What comes after an erasure counts no more, but its entry holds what it says until the head is sealed.
        self.remains |= erased != ends;
        match located {
            Some(_) if erased && operation.link.is_none() && !ends => Ok(()),
            Some(address) => {
                if let Change::Embed { text, model, codes, scale } = &operation.change {
                    return self.embed(address, *text, model, codes, *scale);
                }
                let mut operations = self.operations(address)?;
                let is_known = |known: &Operation| {
                    known.order() == operation.order()
                        && (erased || !matches!(operation.change, Change::Stub))
                };
                if operations.iter().any(is_known) {
                    return Ok(());
                }
                operations.push(operation);
                self.replace(id, operations)
            }
            None => {
                let mut operations = self.orphans.remove(&id).unwrap_or_default();
                operations.push(operation);
                self.replace(id, operations)
            }
        }
    }

    /// Writes a memory's operations to the head as its newest document and marks the older one dead.
    fn replace(&mut self, id: MemoryId, mut operations: Vec<Operation>) -> Result<()> {
        arrange(&mut operations);
        let Some(folded) = fold(operations.clone()) else {
            self.orphans.insert(id, operations);
            return Ok(());
        };
        let entry = self.entry(&operations, folded);
        let memory = &entry.memory;
        if entry.columns.flags & (REVISED | RETRACTED) == REVISED {
            self.revised.insert(revision_digest(memory), id);
        }
        let old = self.locate(id);
        // The vector stays with a memory as long as its text does.
        let vector =
            old.filter(|_| !memory.retracted).and_then(|old| self.vector_if_unchanged(old, &memory.text));
        let at = entry.columns.timestamp;
        self.conversations.observe(
            &memory.place.conversation,
            &memory.scope,
            entry.columns.sequence,
            at..=at,
        );
        if let Some(old) = old {
            self.kill(old);
        }
        let vector = vector.or_else(|| self.own_vector(memory));
        let (claims, born) = (entry.columns.flags & (CLAIMS | CLOSED) != 0, entry.columns.born);
        let claims = claims.then(|| memory.clone());
        if let (Some(meanings), Some(vocabulary)) = (&self.meanings, self.vocabulary.get_mut()) {
            entry.terms.iter().for_each(|term| meanings.note(term, vocabulary));
        }
        if let Some(doc) = entry.push_to(&mut self.parts[0]) {
            self.head_ids.insert(id, doc);
            if let (Some(memory), Some(versions)) = (claims, self.versions.get_mut()) {
                versions.add(Address { part: 0, doc }, &memory, born);
            }
            if let (Some((model, codes, scale)), Some(head)) = (vector, self.parts[0].as_head_mut()) {
                head.embed(doc, &model, &codes, scale)?;
            }
            self.extend_layout(Address { part: 0, doc });
        }
        // Embeddings among the operations belong to the index, in their order.
        for operation in operations {
            if let (Change::Embed { text, model, codes, scale }, Some(address)) =
                (operation.change, self.locate(id))
            {
                self.embed(address, text, &model, &codes, scale)?;
            }
        }
        Ok(())
    }

    fn extend_layout(&mut self, address: Address) {
        let appended = self.layout.get_mut().is_none_or(|layout| layout.append(&self.parts[0], address));
        if !appended {
            self.layout.take();
        }
    }

    fn vector_if_unchanged(&self, old: Address, text: &str) -> Option<(String, Vec<i8>, f32)> {
        let part = &self.parts[old.part as usize];
        let model = part.model().filter(|&model| self.is_searched(model))?;
        let row = part.row_of(old.doc)?;
        let (codes, scale) = part.vectors(model)?.row(row as usize)?;
        let unchanged = self.read(old).is_ok_and(|memory| memory.text == text);
        unchanged.then(|| (model.to_owned(), codes.to_vec(), scale))
    }

    fn embed(&mut self, address: Address, text: Digest, model: &str, codes: &[i8], scale: f32) -> Result<()> {
        let record = self.read(address)?;
        if record.retracted || text_digest(&record.text) != text {
            return Ok(());
        }
        if !self.is_searched(model) {
            self.foreign = Some(model.to_owned());
            return Ok(());
        }
        let mut address = address;
        if address.part != 0 {
            // Sealed documents cannot change: the memory moves to the head and takes its vector there.
            let id = self.parts[address.part as usize].id(address.doc);
            let operations = self.operations(address)?;
            self.replace(id, operations)?;
            match self.locate(id) {
                Some(moved) => address = moved,
                None => return Ok(()),
            }
        }
        match self.parts[0].as_head_mut() {
            Some(head) => head.embed(address.doc, model, codes, scale),
            None => Ok(()),
        }
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

    fn kill(&mut self, address: Address) {
        self.layout.take();
        let part = &self.parts[address.part as usize];
        if part.is_remembered(address.doc) && part.flags(address.doc) & (CLAIMS | CLOSED) != 0 {
            let memory = self.read(address);
            match (memory, self.versions.get_mut()) {
                (Ok(memory), Some(versions)) => versions.remove(address, &memory),
                _ => drop(self.versions.take()),
            }
        }
        self.parts[address.part as usize].kill(address.doc);
    }

    /// Tells the conversations what a mounted part holds of each of them.
    fn observe_places(&mut self, part: usize) {
        let part = &self.parts[part];
        let tables = part.tables();
        let mut spans: HashMap<(u32, u32), (Columns, i64), FixedState> = HashMap::default();
        for doc in 0..part.len() {
            let columns = part.columns(doc);
            let place = (columns.conversation, columns.scope);
            let (span, last) = spans.entry(place).or_insert((columns, columns.timestamp));
            span.sequence = span.sequence.max(columns.sequence);
            span.timestamp = span.timestamp.min(columns.timestamp);
            *last = (*last).max(columns.timestamp);
        }
        for ((conversation, scope), (span, last)) in spans {
            let name = tables.conversations.get(conversation);
            if let (Some(name), Some(scope)) = (name, tables.scopes.get(scope)) {
                self.conversations.observe(name, scope, span.sequence, span.timestamp..=last);
            }
        }
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

fn no_beginning() -> Error {
    Reader::new(&[], "record").corrupt("it has no beginning")
}

/// The record of a memory: its operations, without embeddings, each with its length.
fn encode_record(operations: &[Operation]) -> Vec<u8> {
    let mut out = Writer::new();
    for operation in operations.iter().filter(|op| !matches!(op.change, Change::Embed { .. })) {
        out.bytes(&operation.encode());
    }
    out.finish()
}

/// The operations of a record as they are stored, each with what its head says.
fn stored_operations(record: &[u8]) -> impl Iterator<Item = Result<(Head, &[u8])>> {
    let mut input = Reader::new(record, "record");
    std::iter::from_fn(move || {
        let next = |bytes| Ok((Head::peek(bytes)?, bytes));
        (!input.is_empty()).then(|| input.bytes().and_then(next))
    })
}

fn decode_record(record: &[u8]) -> Result<Vec<Operation>> {
    let mut input = Reader::new(record, "record");
    let mut operations = Vec::with_capacity(1);
    while !input.is_empty() {
        operations.push(Operation::decode(input.bytes()?)?);
    }
    Ok(operations)
}

/// What an embedding was made of.
pub fn text_digest(text: &str) -> Digest {
    Digest::of(&[b"text", text.as_bytes()])
}

/// Finds a memory by what it says now, where its id no longer follows from that.
fn revision_digest(memory: &Record) -> Digest {
    plan::statement_digest(&memory.scope, &memory.actor, &statement_key(&memory.text), 0)
}

/// A blob name that no other replica and no later moment makes.
fn blob_name(kind: char, stamp: Stamp, replica: u64) -> String {
    format!("{kind}-{}{}", hex(&stamp.bits().to_be_bytes()), hex(&replica.to_be_bytes()))
}
