//! The open partitions of a store, and reaching them by owner, name or id.
//!
//! Readers of a loaded partition never wait. Writers queue; whoever is first commits for everyone who is
//! waiting (group commit), so many small writes cost one durable commit.

mod commit;
mod refresh;
mod sealing;

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;

use super::meaning::Meaning;
use super::room::Room;
use crate::engine::{Engine, Plan, partition_name};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Gate, Host, LocalFuture};
use crate::index::meanings::Meanings;
use crate::log::Chain;
use crate::record::MemoryId;
use crate::scope::Axis;
use crate::sorted::SortedMap;
use crate::store::{ByteStore, RESERVED, RING_PARTITION};
use crate::time::{Clock, Timestamp};

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
    /// The highest version that the store told of, as far as this process knows.
    highest: Cell<u64>,
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
            highest: Cell::new(0),
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
        self.look_again(false);
        self.check_plain(true).await
    }

    /// Has the next check read the store, if the last look at it is out of date or one is wanted anyway.
    pub fn look_again(&self, anyway: bool) {
        let is_old = |at| self.store.is_stale(RING_PARTITION, at, self.host.now());
        if anyway || (!self.store.minds_ring() && self.plain.get().is_none_or(is_old)) {
            self.plain.set(None);
        }
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

    /// Removes a partition from the store and from memory.
    pub async fn erase(&self, name: &str) -> Result<()> {
        let partition = self.slot(name)?;
        let _turn = partition.writers.enter().await;
        self.store.erase(name).await?;
        self.renew();
        // Stores that one process has to itself may count from the beginning again.
        partition.highest.set(0);
        *partition.engine.borrow_mut() = self.engine(name)?;
        partition.version.set(None);
        Ok(())
    }
}

/// Whether a partition is at fault, and not the store. What is tampered with is told partition by partition only to whoever
/// reads all of it anew.
fn is_damage(error: &Error, anew: bool) -> bool {
    error.kind() == ErrorKind::StoreCorrupt || (anew && error.kind() == ErrorKind::Tampered)
}

fn crowded() -> Error {
    Error::new(ErrorKind::StoreConflict, "the partition changes faster than it can be read; try again")
}
