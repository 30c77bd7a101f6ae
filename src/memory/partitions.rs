//! The open partitions of a store: loading, refreshing, and writing through one queue per partition.
//!
//! Readers of a loaded partition never wait. Writers queue; whoever is first commits for everyone who is
//! waiting (group commit), so many small writes cost one durable commit.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;

use super::Progress;
use super::meaning::Meaning;
use super::room::Room;
use crate::engine::{Checkpoint, Engine, Plan, partition_name};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Gate, Host, LocalFuture};
use crate::index::meanings::Meanings;
use crate::index::vectors::StoredVectors;
use crate::log::{Chain, Operation};
use crate::record::{MemoryId, Record};
use crate::scope::Axis;
use crate::sorted::{SortedMap, sort};
use crate::store::{Blob, ByteStore, Commit, Entry, RESERVED, RING_PARTITION, Row};
use crate::time::{Clock, Stamp, Timestamp};

/// How often a write is tried again after another writer was faster.
const CONFLICTS: usize = 8;

/// All partitions of one store.
pub struct Partitions {
    pub(super) store: Rc<dyn ByteStore>,
    pub(super) host: Rc<dyn Host>,
    /// The configured embedder's name; without one the token table embeds.
    model: Option<String>,
    /// Several memories may share one.
    meaning: Rc<Meaning>,
    /// Whether the open partitions have the token table.
    equipped: Cell<bool>,
    clock: RefCell<Option<Clock>>,
    pub(super) open: RefCell<SortedMap<Rc<Partition>>>,
    /// Several memories may share one, too.
    pub(super) room: Rc<Room>,
    /// Where the chains of this replica end in partitions that were dropped from memory.
    pub(super) chains: RefCell<SortedMap<Chain>>,
    /// When (ms) the store was last found not to be an encrypted one that was opened without its key.
    plain: Cell<Option<i64>>,
    /// The last failure of a checkpoint: it costs no acknowledged write, but someone should see it.
    pub(super) trouble: RefCell<Option<Error>>,
}

/// One partition and its queue of writers.
pub struct Partition {
    pub(super) name: String,
    /// Whether entries of the log have to be under their own keys. Nothing else depends on it.
    strict: bool,
    engine: RefCell<Engine>,
    writers: Rc<dyn Gate>,
    /// Messages that a language model is reading, each with when (ms) it is given up.
    pub(super) in_reading: RefCell<Vec<(MemoryId, i64)>>,
    loaders: Rc<dyn Gate>,
    /// The store's version that the engine holds; `None` before the first load.
    version: Cell<Option<u64>>,
    loaded_at: Cell<i64>,
    waiting: RefCell<VecDeque<Rc<Waiting>>>,
    /// Where the chain of this replica's commits ends here. Nothing has to be read for it: a replica is new with each
    /// opening of the store.
    pub(super) chain: Cell<Chain>,
    /// Whether it is not known if the last commit was stored.
    pub(super) unsettled: Cell<bool>,
    /// About how many bytes it takes, 0 before it is first used; and when it was last used, in uses of all.
    pub(super) takes: Cell<u64>,
    pub(super) used: Cell<u64>,
}

/// What makes a checkpoint of an engine, by the stamp and the replica that name its blobs.
type Sealing<'a> = &'a dyn Fn(&Engine, Stamp, u64) -> Result<Option<Checkpoint>>;

/// What a write plans. Called again after a conflict, so it keeps what it needs.
pub(super) type Intent = Box<dyn Fn(&mut Plan<'_>) -> Result<()>>;

/// A write that waits for its turn: an intent that can be planned again after a conflict.
struct Waiting {
    intent: Intent,
    outcome: RefCell<Option<Result<()>>>,
}

impl Partition {
    /// Reads the engine. Must not be held across an await.
    pub fn engine(&self) -> std::cell::Ref<'_, Engine> {
        self.engine.borrow()
    }

    /// The engine, to plan against; planning only reserves places in conversations.
    pub fn engine_mut(&self) -> std::cell::RefMut<'_, Engine> {
        self.engine.borrow_mut()
    }
}

impl Partitions {
    /// The partitions of this store, none of them open yet.
    pub fn new(
        store: Rc<dyn ByteStore>,
        host: Rc<dyn Host>,
        model: Option<String>,
        meaning: Rc<Meaning>,
        room: Rc<Room>,
    ) -> Partitions {
        Partitions {
            store,
            model,
            equipped: Cell::new(meaning.loaded().is_some()),
            meaning,
            host,
            clock: RefCell::default(),
            open: RefCell::default(),
            room,
            chains: RefCell::default(),
            plain: Cell::new(None),
            trouble: RefCell::default(),
        }
    }

    /// The token table, if there is to be one: loaded, and given to all open partitions.
    pub async fn meanings(&self) -> Result<Option<Rc<Meanings>>> {
        let meanings = self.meaning.load().await?;
        // Another memory may have loaded it.
        if meanings.is_some() && !self.equipped.replace(true) {
            for (_, partition) in self.open.borrow().iter() {
                self.equip(&mut partition.engine.borrow_mut())?;
            }
        }
        Ok(meanings)
    }

    /// Where the token table comes from.
    pub fn meaning(&self) -> Rc<Meaning> {
        Rc::clone(&self.meaning)
    }

    /// The name of the token table, if it is loaded and is what embeds here.
    pub fn own_model(&self) -> Option<String> {
        let meanings = self.meaning.loaded().filter(|_| self.model.is_none())?;
        Some(meanings.table().name().to_owned())
    }

    fn engine(&self, name: &str) -> Result<Engine> {
        let mut engine = Engine::new(name, self.model.clone());
        self.equip(&mut engine)?;
        Ok(engine)
    }

    /// Gives an engine the token table, if it is loaded.
    fn equip(&self, engine: &mut Engine) -> Result<()> {
        match self.meaning.loaded() {
            Some(meanings) => engine.attach(meanings, self.model.is_none()),
            None => Ok(()),
        }
    }

    /// Now, by the host's clock.
    pub fn now(&self) -> Timestamp {
        Timestamp::clamped(self.host.now())
    }

    /// The clock of this replica, which gets its number with the first call. Must not be held across an await.
    pub fn clock(&self) -> RefMut<'_, Clock> {
        RefMut::map(self.clock.borrow_mut(), |clock| {
            clock.get_or_insert_with(|| Clock::new(self.host.random()))
        })
    }

    /// Goes on as another replica. The numbers of commits must name one commit each for ever, so a replica of which it is
    /// not known what it has stored, or whose commits were removed, makes no more.
    pub(super) fn renew(&self) {
        let replica = self.host.random();
        self.clock().renew(replica);
        self.chains.borrow_mut().clear();
    }

    /// Gives the operations that were planned here their place in the chain; returns where it ends then.
    fn link(&self, partition: &Partition, operations: &mut [Operation]) -> Chain {
        let replica = self.clock().replica();
        let chain = partition.chain.get();
        let chain = if chain.replica == replica { chain } else { Chain::new(replica) };
        let seed = u128::from(self.host.random()) << 64 | u128::from(self.host.random());
        chain.extend(&partition.name, operations, seed)
    }

    /// The partition of an owner, loaded and fresh.
    pub async fn owner(&self, axis: Axis, id: &str) -> Result<Rc<Partition>> {
        self.get(&partition_name(axis, id)).await
    }

    /// The partition of this name, loaded and fresh.
    pub async fn get(&self, name: &str) -> Result<Rc<Partition>> {
        let partition = self.slot(name)?;
        let asked_at = self.host.now();
        let is_fresh = || {
            let loaded = partition.version.get().is_some();
            loaded && !self.store.is_stale(name, partition.loaded_at.get(), self.host.now())
        };
        if !is_fresh() {
            let before = partition.loaded_at.get();
            let _turn = partition.loaders.enter().await;
            // Someone else may have loaded it while this call waited: for a store that is shared, after it began to wait.
            let loaded =
                partition.version.get().is_some() && partition.loaded_at.get() > before.max(asked_at);
            if !loaded && !is_fresh() {
                self.refresh(&partition).await?;
            }
        }
        self.touch(&partition);
        Ok(partition)
    }

    fn slot(&self, name: &str) -> Result<Rc<Partition>> {
        if let Some(open) = self.open.borrow().get(name) {
            return Ok(Rc::clone(open));
        }
        let fresh = Rc::new(self.vacant(name, false)?);
        if let Some(chain) = self.chains.borrow_mut().remove(name) {
            fresh.chain.set(chain);
        }
        self.open.borrow_mut().insert(name.to_owned(), Rc::clone(&fresh));
        Ok(fresh)
    }

    fn vacant(&self, name: &str, strict: bool) -> Result<Partition> {
        Ok(Partition {
            name: name.to_owned(),
            strict,
            engine: RefCell::new(self.engine(name)?),
            writers: self.host.gate(),
            in_reading: RefCell::default(),
            loaders: self.host.gate(),
            version: Cell::new(None),
            loaded_at: Cell::new(i64::MIN),
            waiting: RefCell::default(),
            chain: Cell::new(Chain::new(0)),
            unsettled: Cell::new(false),
            takes: Cell::new(0),
            used: Cell::new(0),
        })
    }

    /// Forgets a partition that was only looked at and does not exist, so that asking for unknown owners
    /// does not fill the memory.
    pub fn release(&self, partition: Rc<Partition>) {
        let vacant = partition.version.get() == Some(0) && partition.waiting.borrow().is_empty();
        if vacant && Rc::strong_count(&partition) == 2 {
            self.drop_loaded(&partition.name);
        }
    }

    /// The names of all stored partitions that begin with `prefix`.
    pub async fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let mut names = self.store.list(prefix).await?;
        if names.is_empty() || names.iter().any(|name| name == RING_PARTITION) {
            self.check_plain(false).await?;
        }
        names.retain(|name| !name.starts_with(RESERVED));
        Ok(names)
    }

    /// Goes through these partitions, or all from this name on, until `visit` returns false. With `anew` they are read
    /// from the store whatever is in memory, checked more strictly, and nobody else sees them; one that is damaged is
    /// told as an error.
    pub fn visit<'a>(
        &'a self,
        names: Option<Vec<String>>,
        from: &'a str,
        anew: bool,
        visit: &'a mut dyn FnMut(&str, Result<&Engine>) -> Result<bool>,
    ) -> LocalFuture<'a, Result<()>> {
        Box::pin(async move {
            let names = match names {
                Some(names) => names,
                None => self.names("").await?,
            };
            for name in names.iter().filter(|name| name.as_str() >= from) {
                let partition = if anew { Rc::new(self.vacant(name, true)?) } else { self.slot(name)? };
                let read =
                    if anew { self.refresh(&partition).await } else { self.get(name).await.map(|_| ()) };
                let goes_on = match read {
                    Err(error) if is_damage(&error, anew) => visit(name, Err(error))?,
                    read => read.and_then(|()| visit(name, Ok(&partition.engine.borrow())))?,
                };
                if !goes_on {
                    break;
                }
                self.release(partition);
            }
            Ok(())
        })
    }

    /// Refuses an encrypted store that was opened without its key, where every owner seems to have nothing: a store that
    /// encrypts shows no ring. Asked where nothing is found, and once. Without a ring in it the ring's partition is the
    /// claim of someone who was about to encrypt: who `writes` takes that away, and of the two one gives way.
    pub async fn check_plain(&self, writes: bool) -> Result<()> {
        if self.plain.get().is_none() {
            let now = self.host.now();
            if let Some(ring) = self.store.load(RING_PARTITION, Some(0)).await? {
                if !ring.entries.is_empty() || !ring.blobs.is_empty() {
                    let message = "the store is encrypted; configure `encryption` with its passphrase or key";
                    return Err(Error::new(ErrorKind::KeyRequired, message).field("encryption"));
                }
                if writes && ring.version > 0 {
                    self.store.erase(RING_PARTITION).await?;
                }
            }
            self.plain.set(Some(now));
        }
        Ok(())
    }

    /// Looks again before something is written: another may have begun to encrypt what was empty. What is written in plain
    /// between this look and the commit is not noticed, so a store that can looks by itself, in the commit.
    async fn check_still_plain(&self) -> Result<()> {
        if !self.store.capabilities().shared || self.store.minds_ring() {
            return Ok(());
        }
        let looked = self.plain.get();
        if looked.is_none_or(|at| self.store.is_stale(RING_PARTITION, at, self.host.now())) {
            self.plain.set(None);
        }
        self.check_plain(true).await
    }

    /// All partitions that are in memory.
    pub fn loaded(&self) -> Vec<Rc<Partition>> {
        let open = self.open.borrow();
        let open = open.iter().map(|(_, partition)| partition);
        open.filter(|partition| partition.version.get().is_some()).cloned().collect()
    }

    /// Forgets everything in memory.
    pub fn forget(&self) {
        let names: Vec<String> = self.open.borrow().names().cloned().collect();
        names.iter().rev().for_each(|name| self.drop_loaded(name));
    }

    /// The partition that holds a memory, by the id alone.
    pub async fn find(&self, id: MemoryId) -> Result<Option<Rc<Partition>>> {
        // An id of another origin does not lead to its partition: all have to be asked.
        let prefix = id.partition_prefix().unwrap_or_default();
        for name in self.names(&prefix).await? {
            let partition = self.get(&name).await?;
            if partition.engine().locate(id).is_some() {
                return Ok(Some(partition));
            }
            self.release(partition);
        }
        Ok(None)
    }

    /// Brings a partition up to what the store holds now.
    async fn refresh(&self, partition: &Partition) -> Result<()> {
        for _ in 0..CONFLICTS {
            let asked_at = self.host.now();
            let Some(image) = self.store.load(&partition.name, partition.version.get()).await? else {
                partition.loaded_at.set(asked_at);
                return Ok(());
            };
            if image.version == 0 {
                self.check_plain(false).await?;
            }
            // Another writer's checkpoint replaced what this engine holds: start from what is there now.
            let replaced = {
                let engine = partition.engine.borrow();
                let mut entries: Vec<&str> = image.entries.iter().map(|entry| entry.key.as_str()).collect();
                sort(&mut entries, |a, b| a.cmp(b));
                engine.segments().any(|name| !image.blobs.iter().any(|blob| blob == name))
                    || engine.entries().any(|key| entries.binary_search(&key).is_err())
            };
            let mut fresh = replaced.then(|| self.engine(&partition.name)).transpose()?;
            let wanted: Vec<String> = {
                let current = partition.engine.borrow();
                let engine = fresh.as_ref().unwrap_or(&current);
                image.blobs.iter().filter(|name| !engine.has_blob(name)).cloned().collect()
            };
            let blobs = self.store.read(&partition.name, &wanted).await?;
            if blobs.iter().any(Option::is_none) && self.store.capabilities().shared {
                // Merged away between the two reads.
                continue;
            }
            let mut current = partition.engine.borrow_mut();
            let engine = fresh.as_mut().unwrap_or(&mut current);
            mount(engine, wanted.into_iter().zip(blobs).collect())?;
            let mut operations = Vec::new();
            for entry in image.entries {
                if !engine.has_entry(&entry.key) {
                    let operation = Operation::decode(&entry.bytes)?;
                    if partition.strict && operation.key() != entry.key {
                        let message = "an entry of the log is under the key of another one";
                        return Err(Error::new(ErrorKind::StoreCorrupt, message).field(entry.key));
                    }
                    operations.push((entry.key, operation));
                }
            }
            engine.apply_all(operations)?;
            self.clock().observe(engine.newest());
            // The table may have come while the store was read.
            self.equip(engine)?;
            if let Some(fresh) = fresh {
                *current = fresh;
            }
            // A commit of this process may have been acknowledged while this call was reading.
            let newest = partition.version.get().filter(|_| !replaced).unwrap_or(0).max(image.version);
            // One that is gone now was erased: to hold on to its version would make every write a conflict.
            let is_gone = image.version == 0;
            partition.version.set(Some(if self.store.capabilities().compare_and_set && !is_gone {
                newest
            } else {
                image.version
            }));
            partition.loaded_at.set(asked_at);
            return Ok(());
        }
        Err(crowded())
    }

    /// Writes: queues an intent, and commits it together with whatever else is waiting. The intent may be
    /// called more than once; what the last call left behind counts.
    pub async fn write<T: 'static>(
        &self,
        partition: &Rc<Partition>,
        intent: impl Fn(&mut Plan<'_>) -> Result<T> + 'static,
    ) -> Result<T> {
        let result = Rc::new(RefCell::new(None));
        let kept = Rc::clone(&result);
        let intent: Intent = Box::new(move |plan| {
            *kept.borrow_mut() = Some(intent(plan)?);
            Ok(())
        });
        self.queue(partition, intent).await?;
        let value = result.borrow_mut().take();
        value.ok_or_else(interrupted)
    }

    /// The part of a write that does not depend on what is written: generic, every sort of write would have its copy.
    pub(super) async fn queue(&self, partition: &Rc<Partition>, intent: Intent) -> Result<()> {
        let waiting = Rc::new(Waiting { intent, outcome: RefCell::default() });
        partition.waiting.borrow_mut().push_back(Rc::clone(&waiting));
        let _turn = partition.writers.enter().await;
        if waiting.outcome.borrow().is_none() {
            let batch = Batch(partition.waiting.borrow_mut().drain(..).collect());
            let committed = self.commit(partition, &batch).await;
            batch.settle(&committed);
            if committed.is_ok() {
                self.checkpoint(partition).await;
            }
            self.touch(partition);
        }
        let outcome = waiting.outcome.borrow_mut().take();
        outcome.unwrap_or_else(|| Err(interrupted()))
    }

    async fn commit(&self, partition: &Partition, batch: &Batch) -> Result<()> {
        let mut tried: Option<Operation> = None;
        for _ in 0..CONFLICTS {
            if let Some(tried) = &tried {
                // The conflict may be with whoever began to encrypt the store.
                self.plain.set(None);
                self.check_plain(true).await?;
                self.refresh(partition).await?;
                // A store that repeats a request may have been told of a conflict with that very request.
                partition.unsettled.set(partition.engine.borrow().knows(tried)?);
            }
            if partition.unsettled.take() {
                self.renew();
            }
            self.check_still_plain().await?;
            let now = self.now();
            let (mut operations, rows) = {
                let mut engine = partition.engine.borrow_mut();
                let mut clock = self.clock();
                let mut plan = Plan::new(&mut engine, &mut clock, now);
                for waiting in &batch.0 {
                    let before = plan.len();
                    let planned = (waiting.intent)(&mut plan);
                    if planned.is_err() {
                        plan.truncate(before);
                    }
                    *waiting.outcome.borrow_mut() = planned.err().map(Err);
                }
                let rows = if self.store.capabilities().rows { rows(&plan)? } else { vec![] };
                (plan.finish(), rows)
            };
            if operations.is_empty() {
                return Ok(());
            }
            let chain = self.link(partition, &mut operations);
            let append = operations
                .iter()
                .map(|operation| Entry { key: operation.key(), bytes: operation.encode() })
                .collect();
            let expect = partition.version.get().unwrap_or(0);
            let commit =
                Commit { partition: partition.name.clone(), expect, append, rows, ..Commit::default() };
            partition.unsettled.set(true);
            match self.store.commit(&commit).await {
                Ok(version) => {
                    partition.unsettled.set(false);
                    partition.chain.set(chain);
                    let mut engine = partition.engine.borrow_mut();
                    let keys = commit.append.into_iter().map(|entry| entry.key);
                    engine.apply_all(keys.zip(operations).collect())?;
                    partition.version.set(Some(version));
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::StoreConflict => {
                    tried = operations.into_iter().next()
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(
            ErrorKind::StoreConflict,
            format!(
                "other writers committed first, {CONFLICTS} times in a row; nothing was stored, try again"
            ),
        ))
    }

    /// Seals one segment anew with the token table's vectors, in the first partition in which some lack them.
    /// Tells how many memories got theirs and how many wait.
    pub async fn embed_sealed(&self) -> Result<Progress> {
        let mut progress = Progress { done: 0, left: 0 };
        for name in self.names("").await? {
            let partition = self.get(&name).await?;
            let _turn = partition.writers.enter().await;
            let waiting = |partition: &Partition| {
                let size = partition.engine.borrow().size();
                (size.memories - size.embedded) as usize
            };
            let before = waiting(&partition);
            if before > 0 && progress.done == 0 {
                self.seal(&partition, &Engine::embed_sealed).await?;
                progress.done = before.saturating_sub(waiting(&partition));
            }
            progress.left += waiting(&partition);
        }
        Ok(progress)
    }

    /// Seals the heads of all partitions, so that the next process opens segments and need not index the log again.
    /// Tells how many it sealed.
    pub async fn compact(&self) -> Result<usize> {
        let mut sealed = 0;
        for name in self.names("").await? {
            let partition = self.get(&name).await?;
            let _turn = partition.writers.enter().await;
            sealed += usize::from(self.seal(&partition, &Engine::compact).await?);
        }
        Ok(sealed)
    }

    /// Seals away what is still stored of erased memories. The checkpoint after the write that erased them mostly has
    /// done so already; this one tells why it could not.
    pub async fn purge(&self, partition: &Partition) -> Result<()> {
        let _turn = partition.writers.enter().await;
        for _ in 0..CONFLICTS {
            if !partition.engine.borrow().has_remains() {
                return Ok(());
            }
            match self.seal(partition, &Engine::checkpoint).await {
                Err(error) if error.kind() == ErrorKind::StoreConflict => self.refresh(partition).await?,
                sealed => drop(sealed.map_err(unpurged)?),
            }
        }
        Err(crowded())
    }

    /// Takes memories out of a partition as if they had never been there, those to which nothing has happened since they
    /// had these digests.
    #[cfg(any(feature = "objects", not(target_family = "wasm")))]
    pub async fn take_out(
        &self,
        partition: &Partition,
        gone: &[(MemoryId, crate::text::Digest)],
    ) -> Result<()> {
        let _turn = partition.writers.enter().await;
        for _ in 0..CONFLICTS {
            let without = |engine: &Engine, stamp, replica| engine.without(gone, stamp, replica);
            match self.seal(partition, &without).await {
                Err(error) if error.kind() == ErrorKind::StoreConflict => self.refresh(partition).await?,
                sealed => return sealed.map(drop),
            }
        }
        Err(crowded())
    }

    /// Seals and merges if it is due. A failure is kept for `stats()`: nothing acknowledged depends on it.
    async fn checkpoint(&self, partition: &Partition) {
        match self.seal(partition, &Engine::checkpoint).await {
            Ok(false) => {}
            Ok(true) => *self.trouble.borrow_mut() = None,
            // Another process sealed first: the next load takes in what it made.
            Err(error) if error.kind() == ErrorKind::StoreConflict => {}
            Err(error) => *self.trouble.borrow_mut() = Some(error),
        }
    }

    /// Commits and adopts the checkpoint that `plan` makes, if it makes one.
    async fn seal(&self, partition: &Partition, plan: Sealing<'_>) -> Result<bool> {
        let planned = {
            let mut clock = self.clock();
            let stamp = clock.tick(self.now());
            plan(&partition.engine.borrow(), stamp, clock.replica())?
        };
        match planned {
            None => Ok(false),
            Some(checkpoint) => {
                self.check_still_plain().await?;
                let commit = Commit {
                    partition: partition.name.clone(),
                    expect: partition.version.get().unwrap_or(0),
                    put: checkpoint
                        .put
                        .iter()
                        .map(|(name, bytes)| Blob { name: name.clone(), bytes: bytes.clone() })
                        .collect(),
                    drop: checkpoint.drop.clone(),
                    remove: checkpoint.remove.clone(),
                    scrub: checkpoint.scrub,
                    ..Commit::default()
                };
                let version = self.store.commit(&commit).await?;
                partition.engine.borrow_mut().adopt(checkpoint);
                partition.version.set(Some(version));
                Ok(true)
            }
        }
    }

    /// Removes a partition from the store and from memory.
    pub async fn erase(&self, name: &str) -> Result<()> {
        let partition = self.slot(name)?;
        let _turn = partition.writers.enter().await;
        self.store.erase(name).await?;
        self.renew();
        *partition.engine.borrow_mut() = self.engine(name)?;
        partition.version.set(None);
        Ok(())
    }
}

/// The writes that one commit carries. A leader that is dropped in the middle leaves an answer to the others.
struct Batch(Vec<Rc<Waiting>>);

impl Batch {
    /// Those whose intent failed keep their own error.
    fn settle(&self, committed: &Result<()>) {
        for waiting in &self.0 {
            waiting.outcome.borrow_mut().get_or_insert_with(|| committed.clone());
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.settle(&Err(interrupted()));
    }
}

/// Whether a partition is at fault, and not the store. What is tampered with is told partition by partition only to whoever
/// reads all of it anew.
fn is_damage(error: &Error, anew: bool) -> bool {
    error.kind() == ErrorKind::StoreCorrupt || (anew && error.kind() == ErrorKind::Tampered)
}

/// A full store refused to seal what was erased away, when no read finds it any more.
fn unpurged(error: Error) -> Error {
    if error.kind() != ErrorKind::StoreFull {
        return error;
    }
    let message = "what was erased is found no more, but its bytes are still in the store, which is full; free some \
                   space and erase it again";
    Error::new(ErrorKind::StoreFull, message).cause(error.cause_text().unwrap_or(error.message()))
}

fn crowded() -> Error {
    Error::new(ErrorKind::StoreConflict, "the partition changes faster than it can be read; try again")
}

fn interrupted() -> Error {
    Error::new(
        ErrorKind::WriteInterrupted,
        "the write was cut short before its outcome was known; repeat it, repeating is harmless",
    )
}

fn mount(engine: &mut Engine, blobs: Vec<(String, Option<Vec<u8>>)>) -> Result<()> {
    let mut vectors: SortedMap<StoredVectors> = SortedMap::default();
    let mut segments = Vec::new();
    for (name, bytes) in blobs {
        let Some(bytes) = bytes else {
            return Err(Error::new(
                ErrorKind::StoreCorrupt,
                format!("the stored block {name} is missing; restore it from a backup"),
            )
            .field(name));
        };
        let named = |error: Error| match error.kind() {
            ErrorKind::StoreCorrupt => {
                Error::new(error.kind(), format!("{} [{name}]", error.message())).field(&name)
            }
            _ => error,
        };
        match name.strip_prefix("v-") {
            Some(rest) => {
                let stored = StoredVectors::decode(name.clone(), &bytes).map_err(named)?;
                vectors.insert(format!("s-{rest}"), stored);
            }
            None => segments.push((name, bytes)),
        }
    }
    for (name, bytes) in segments {
        let vectors = vectors.remove(&name);
        engine.mount(&name, bytes, vectors).map_err(|error| match error.kind() {
            ErrorKind::StoreCorrupt => {
                Error::new(error.kind(), format!("{} [{name}]", error.message())).field(&name)
            }
            _ => error,
        })?;
    }
    Ok(())
}

/// The lines of the readable table that a plan changes.
fn rows(plan: &Plan<'_>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for id in plan.memories() {
        let Some(folded) = plan.folded(id)? else { continue };
        let shown = !folded.record.retracted && !folded.record.note.summary;
        let columns = shown.then(|| columns(&folded.record));
        rows.push(Row { id: id.to_string(), columns });
    }
    Ok(rows)
}

fn columns(record: &Record) -> String {
    let mut columns = serde_json::Map::new();
    columns.insert("memory".into(), record.text.as_str().into());
    for axis in Axis::ALL {
        columns.insert(axis.id_name().into(), record.scope.get(axis).into());
    }
    columns.insert("metadata".into(), record.metadata.clone().into());
    columns.insert("created_at".into(), record.timestamp.to_string().into());
    columns.insert("updated_at".into(), record.shown_update().to_string().into());
    serde_json::Value::Object(columns).to_string()
}
