//! The audit log: who wrote what kind of thing when, without contents.
//!
//! Writes of keys and everything that administrators do are noted; reads are not. Notes gather in the instance and are
//! stored together once the answer is out, so nobody waits for them; what an administrator does is stored before it is
//! answered. An instance that dies takes with it what it had not stored yet. Every organisation has a log of its own, in
//! two partitions that belong to no owner: entries for what is new, which are put together into blobs, the oldest of which
//! are removed. One is for what administrators do, so that whoever may write can wear down the other alone, and not what
//! tells who made its key. They are read as one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edgemem::Result;
use edgemem::host::Host;
use edgemem::store::{Blob, ByteStore, Commit, Entry, Image};
use edgemem::time::Timestamp;
use serde_json::{Value, json};

use crate::beside::{self, random_hex};

/// So many entries are put together into a blob.
const GATHERED: usize = 128;
/// So many blobs are kept.
const BLOBS: usize = 64;
/// So many notes are held in the instance, if the store fails.
const WAITING: usize = 1_000;
/// A writer that did not come back after so long, in ms, is taken for one that was given up.
const GIVEN_UP_MS: i64 = 30_000;
/// The most notes of a page.
pub const MAX_PAGE: usize = 1_000;
const VERSION: u64 = 1;

/// One note.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// When, in ms since 1970.
    pub at: i64,
    /// The request's id.
    pub request: String,
    /// Who: [`Caller::id`](crate::auth::Caller::id).
    pub caller: String,
    /// Whose log it belongs into.
    pub org: String,
    /// In which project.
    pub project: String,
    /// The method.
    pub method: String,
    /// The path's pattern, without ids.
    pub route: String,
    /// How it ended.
    pub status: u16,
    /// How many memories were written to, if that is known; or the key that was made or revoked.
    pub subject: Value,
    /// What tells it from every other note, given when it is noted. The request's id cannot: clients choose it.
    pub mark: String,
    /// Whether it is of an administrator's errand, which is kept apart from writes.
    pub administers: bool,
}

impl Note {
    fn kept(&self) -> Value {
        json!([
            self.at,
            self.request,
            self.caller,
            self.project,
            self.method,
            self.route,
            self.status,
            self.subject,
            self.mark
        ])
    }

    fn read(org: &str, administers: bool, kept: &Value) -> Note {
        let text = |at: usize| kept[at].as_str().unwrap_or_default().to_owned();
        Note {
            at: kept[0].as_i64().unwrap_or_default(),
            request: text(1),
            caller: text(2),
            org: org.to_owned(),
            project: text(3),
            method: text(4),
            route: text(5),
            status: kept[6].as_u64().and_then(|it| u16::try_from(it).ok()).unwrap_or_default(),
            subject: kept[7].clone(),
            // Earlier versions gave none.
            mark: kept[8].as_str().or(kept[1].as_str()).unwrap_or_default().to_owned(),
            administers,
        }
    }

    fn shown(&self) -> Value {
        json!({
            "at": Timestamp::clamped(self.at).to_string(), "request_id": self.request, "key": self.caller,
            "org_id": self.org, "project_id": self.project, "method": self.method, "route": self.route,
            "status": self.status, "subject": self.subject,
        })
    }

    /// What notes are ordered and paged by.
    fn cursor(&self) -> String {
        format!("{:012x}-{}", self.at.max(0), self.mark)
    }
}

/// The notes of one instance that are not stored yet.
pub struct Audit {
    host: Rc<dyn Host>,
    waiting: RefCell<Vec<Note>>,
    /// Since when somebody stores notes; 0 for nobody.
    storing: Cell<i64>,
    noted: Cell<u32>,
}

impl Audit {
    /// Nothing is noted yet.
    pub fn new(host: Rc<dyn Host>) -> Audit {
        Audit { host, waiting: RefCell::default(), storing: Cell::new(0), noted: Cell::new(0) }
    }

    /// Gives a note its mark: those of one instance and one millisecond are in their order.
    fn mark(&self, mut note: Note) -> Note {
        if note.mark.is_empty() {
            let number = self.noted.get();
            self.noted.set(number.wrapping_add(1));
            note.mark = format!("{number:08x}{}", random_hex(&self.host, 16));
        }
        note
    }

    /// Notes something, to be stored by the next [`Audit::store`].
    pub fn note(&self, note: Note) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.push(self.mark(note));
        if waiting.len() > WAITING {
            // The organisation with the most notes gives way, so that none drowns what others did; its writes first.
            let of = |org: &str| waiting.iter().filter(|note| note.org == org).count();
            let mut orgs: Vec<&str> = waiting.iter().map(|note| note.org.as_str()).collect();
            orgs.sort_unstable();
            orgs.dedup();
            let loudest = orgs.into_iter().max_by_key(|org| of(org)).map(str::to_owned);
            let own = |note: &&Note| Some(&note.org) == loudest.as_ref();
            let of_writes = waiting.iter().position(|note| own(&note) && !note.administers);
            let first = of_writes.or_else(|| waiting.iter().position(|note| own(&note)));
            first.map(|at| waiting.remove(at));
        }
    }

    /// Stores what waits, unless somebody is doing so. Notes that cannot be stored go on waiting.
    pub async fn store(&self, store: &dyn ByteStore) -> Result<()> {
        let now = self.host.now();
        if self.waiting.borrow().is_empty()
            || (self.storing.get() > 0 && now - self.storing.get() < GIVEN_UP_MS)
        {
            return Ok(());
        }
        self.storing.set(now.max(1));
        let stored = self.store_waiting(store).await;
        self.storing.set(0);
        stored
    }

    /// Stores a note at once and by itself, whoever stores others. If it cannot be stored it waits with them.
    pub async fn store_now(&self, store: &dyn ByteStore, note: Note) -> Result<()> {
        let note = self.mark(note);
        let stored = self.append(store, &place(&note), std::slice::from_ref(&note)).await;
        if stored.is_err() {
            self.note(note);
        }
        stored
    }

    async fn store_waiting(&self, store: &dyn ByteStore) -> Result<()> {
        loop {
            let place = self.waiting.borrow().first().map(place);
            let Some(place) = place else { return Ok(()) };
            let (notes, others): (Vec<Note>, Vec<Note>) =
                self.waiting.take().into_iter().partition(|note| place == self::place(note));
            self.waiting.replace(others);
            if let Err(error) = self.append(store, &place, &notes).await {
                let newer = self.waiting.replace(notes);
                newer.into_iter().for_each(|note| self.note(note));
                return Err(error);
            }
        }
    }

    async fn append(&self, store: &dyn ByteStore, place: &str, notes: &[Note]) -> Result<()> {
        let random = random_hex(&self.host, 32);
        let at = self.host.now().max(0);
        let key = format!("{at:012x}{}", &random[..20]);
        let bytes = pack(notes.iter().map(Note::kept));
        beside::change(store, place, |image| {
            let mut commit = Commit {
                append: vec![Entry { key: key.clone(), bytes: bytes.clone() }],
                ..Commit::default()
            };
            if image.entries.len() >= GATHERED {
                let mut gathered = Vec::new();
                for entry in &image.entries {
                    gathered.extend(unpack(&entry.bytes)?);
                }
                let name = format!("a-{at:012x}-{}", &random[20..]);
                commit.put = vec![Blob { name, bytes: pack(gathered.into_iter()) }];
                commit.drop = image.entries.iter().map(|entry| entry.key.clone()).collect();
                // Their names begin with their time, so the first are the oldest.
                let over = (image.blobs.len() + 1).saturating_sub(BLOBS);
                commit.remove = image.blobs[..over].to_vec();
            }
            Ok::<_, edgemem::Error>(Some(commit))
        })
        .await?;
        Ok(())
    }

    /// A page of an organisation's log, newest first: notes before the cursor `before`, and the cursor of the next page.
    pub async fn page(
        &self,
        store: &dyn ByteStore,
        org: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Value> {
        let is_before = |note: &Note| before.is_none_or(|before| note.cursor().as_str() < before);
        let mut found: Vec<Note> = Vec::new();
        for administers in [false, true] {
            let partition = partition(org, administers);
            let image: Image = store.load(&partition, None).await?.unwrap_or_default();
            let others = found.len();
            let mut take = |bytes: &[u8]| -> Result<usize> {
                let notes = unpack(bytes)?;
                found.extend(notes.iter().map(|kept| Note::read(org, administers, kept)).filter(is_before));
                Ok(found.len() - others)
            };
            let mut count = 0;
            for entry in &image.entries {
                count = take(&entry.bytes)?;
            }
            for name in image.blobs.iter().rev() {
                // One blob more than needed: notes of two instances may overlap a little.
                let enough = count > limit;
                for bytes in store.read(&partition, std::slice::from_ref(name)).await?.into_iter().flatten() {
                    count = take(&bytes)?;
                }
                if enough {
                    break;
                }
            }
        }
        found.sort_by_key(|note| std::cmp::Reverse(note.cursor()));
        // Two instances that put entries together at the same time may both have kept them.
        found.dedup_by_key(|note| note.cursor());
        let next =
            (found.len() > limit).then(|| limit.checked_sub(1).map(|last| found[last].cursor())).flatten();
        let results: Vec<Value> = found.iter().take(limit).map(Note::shown).collect();
        Ok(json!({ "results": results, "next": next }))
    }
}

/// Where a note is kept.
fn place(note: &Note) -> String {
    partition(&note.org, note.administers)
}

fn partition(org: &str, administers: bool) -> String {
    // The first name is as old as the log; what earlier versions noted of administrators stays under it.
    beside::partition(&[
        if administers { b"audit of administrators" } else { b"audit" as &[u8] },
        org.as_bytes(),
    ])
}

fn pack(notes: impl Iterator<Item = Value>) -> Vec<u8> {
    edgemem::json::text(&json!({ "v": VERSION, "notes": notes.collect::<Vec<_>>() })).into_bytes()
}

fn unpack(bytes: &[u8]) -> Result<Vec<Value>> {
    Ok(beside::json(bytes)?["notes"].as_array().cloned().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use edgemem::store::MemoryStore;
    use futures_executor::block_on;

    use super::*;
    use crate::testing::Clock;

    fn note(clock: &Clock, org: &str, at: usize) -> Note {
        Note {
            at: clock.now(),
            request: format!("r{at:06}"),
            caller: "0123456789ab".into(),
            org: org.into(),
            project: "p".into(),
            method: "POST".into(),
            route: "/v1/memories".into(),
            status: 200,
            subject: json!(1),
            mark: String::new(),
            administers: false,
        }
    }

    fn requests(page: &Value) -> Vec<&str> {
        page["results"].as_array().unwrap().iter().map(|note| note["request_id"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_log_is_paged_newest_first_and_is_bounded() {
        let (clock, store) = (Clock::new(), MemoryStore::new());
        let audit = Audit::new(clock.clone());
        let most = GATHERED * (BLOBS + 3);
        for at in 0..most {
            audit.note(note(&clock, "acme", at));
            if at % 1_000 == 0 {
                audit.note(note(&clock, "other", at));
            }
            block_on(audit.store(&store)).unwrap();
            clock.pass(if at % 3 == 0 { 1 } else { 0 });
        }
        let image = block_on(store.load(&partition("acme", false), None)).unwrap().unwrap();
        assert!(image.entries.len() <= GATHERED && image.blobs.len() <= BLOBS);

        let mut seen: Vec<String> = vec![];
        let mut before: Option<String> = None;
        loop {
            let page = block_on(audit.page(&store, "acme", before.as_deref(), 700)).unwrap();
            seen.extend(requests(&page).iter().map(|it| (*it).to_owned()));
            before = page["next"].as_str().map(str::to_owned);
            if before.is_none() {
                break;
            }
        }
        let expected: Vec<String> = (most - seen.len()..most).rev().map(|at| format!("r{at:06}")).collect();
        assert_eq!(seen, expected);
        assert!(seen.len() >= GATHERED * (BLOBS - 1), "{}", seen.len());
        let other = block_on(audit.page(&store, "other", None, 2)).unwrap();
        assert_eq!(requests(&other), ["r008000", "r007000"]);
        assert_eq!(other["results"][0]["org_id"], "other");
        assert_eq!(
            block_on(audit.page(&store, "nobody", None, 2)).unwrap(),
            json!({ "results": [], "next": null })
        );
    }

    #[test]
    fn writes_push_out_nothing_that_administrators_did() {
        let (clock, store) = (Clock::new(), MemoryStore::new());
        let audit = Audit::new(clock.clone());
        let errand = |at: usize| Note { administers: true, ..note(&clock, "acme", at) };
        let (errands, writes) = (GATHERED + 5, GATHERED * (BLOBS + 3));
        for at in 0..errands {
            block_on(audit.store_now(&store, errand(at))).unwrap();
            clock.pass(1);
        }
        for at in errands..errands + writes {
            audit.note(note(&clock, "acme", at));
            block_on(audit.store(&store)).unwrap();
            clock.pass(1);
        }
        let last = errands + writes;
        block_on(audit.store_now(&store, errand(last))).unwrap();

        let (mut seen, mut before): (Vec<String>, Option<String>) = (vec![], None);
        loop {
            let page = block_on(audit.page(&store, "acme", before.as_deref(), MAX_PAGE)).unwrap();
            seen.extend(requests(&page).iter().map(|it| (*it).to_owned()));
            before = page["next"].as_str().map(str::to_owned);
            if before.is_none() {
                break;
            }
        }
        // One list, in which only writes are missing, the oldest.
        let kept = seen.len() - errands - 1;
        assert!(kept >= GATHERED * (BLOBS - 1) && kept < writes, "{kept}");
        let expected = (0..errands).chain(last - kept..=last).rev().map(|at| format!("r{at:06}"));
        assert_eq!(seen, expected.collect::<Vec<_>>());
        // Nor do they what waits for a store that fails.
        audit.note(errand(last + 1));
        (0..WAITING + 5).for_each(|at| audit.note(note(&clock, "acme", at)));
        assert_eq!(audit.waiting.borrow()[0].request, format!("r{:06}", last + 1));
    }

    #[test]
    fn requests_that_take_one_id_are_all_noted() {
        let (clock, store) = (Clock::new(), MemoryStore::new());
        let audit = Audit::new(clock.clone());
        for status in 200..240 {
            audit.note(Note { status, ..note(&clock, "acme", 7) });
            if status % 6 == 0 {
                block_on(audit.store(&store)).unwrap();
            }
        }
        block_on(audit.store(&store)).unwrap();
        let (mut seen, mut before) = (vec![], None::<String>);
        loop {
            let page = block_on(audit.page(&store, "acme", before.as_deref(), 7)).unwrap();
            seen.extend(
                page["results"].as_array().unwrap().iter().map(|note| note["status"].as_u64().unwrap()),
            );
            before = page["next"].as_str().map(str::to_owned);
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, (200..240).rev().collect::<Vec<u64>>());
    }

    #[test]
    fn what_cannot_be_stored_waits() {
        let clock = Clock::new();
        let audit = Audit::new(clock.clone());
        for at in 0..WAITING + 5 {
            audit.note(note(&clock, "acme", at));
        }
        // Somebody stores, and is given up after a while.
        audit.storing.set(clock.now());
        let store = MemoryStore::new();
        block_on(audit.store(&store)).unwrap();
        assert_eq!(audit.waiting.borrow().len(), WAITING);
        clock.pass(GIVEN_UP_MS);
        block_on(audit.store(&store)).unwrap();
        assert!(audit.waiting.borrow().is_empty());
        let page = block_on(audit.page(&store, "acme", None, MAX_PAGE)).unwrap();
        assert_eq!((requests(&page).len(), requests(&page)[0]), (WAITING, "r001004"));
    }
}
