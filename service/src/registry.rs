//! The keys of a deployment: found by what a request shows, made, listed and revoked.
//!
//! An instance goes on for some seconds with the keys that it read; what it makes or revokes itself it knows at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edgemem::Result;
use edgemem::host::Host;
use edgemem::store::{ByteStore, Commit};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::beside::{self, random_hex};
use crate::keys::{ID, Key, PREFIX, Terms, entries_of, fold, revocation};
use crate::problem::{Problem, Refusal};

/// How long an instance goes on with the keys that it knows, in ms: so long a revoked key may still be let in by another
/// instance than the one that revoked it. Over KV, Cloudflare's own delay of up to a minute comes on top.
pub const FRESH_MS: i64 = 5_000;
/// A key that is not known is looked up anew at most so often, in ms: one that was just made elsewhere is soon known.
const UNKNOWN_MS: i64 = 1_000;
/// The most keys that are kept.
pub const MOST: usize = 4_096;
/// The most keys that an organisation's own administrators can have: there is one room for all.
pub const MOST_OF_ORG: usize = 512;
/// So long a key that was revoked or has expired is still listed when its place is needed, in ms: 30 days.
const REMEMBERED_MS: i64 = 30 * 86_400_000;
const SECRET: usize = 48;

/// The keys of a store, as far as this instance knows them.
pub struct Registry {
    host: Rc<dyn Host>,
    partition: String,
    known: RefCell<Rc<Vec<Key>>>,
    version: Cell<Option<u64>>,
    read_at: Cell<i64>,
}

impl Registry {
    /// Nothing is known yet.
    pub fn new(host: Rc<dyn Host>) -> Registry {
        Registry {
            host,
            partition: beside::partition(&[b"keys"]),
            known: RefCell::default(),
            version: Cell::new(None),
            read_at: Cell::new(0),
        }
    }

    /// The key that this token is, if it is let in. `UNAUTHORIZED` says why not, and the `STORE_…` codes that it cannot
    /// be known.
    pub async fn find(&self, store: &dyn ByteStore, token: &str) -> std::result::Result<Key, Problem> {
        let unknown = || refused("this key is not known here");
        let (id, secret) =
            token.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or_else(unknown)?;
        let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if id.len() != ID || secret.len() != SECRET || !hex(id) || !hex(secret) {
            return Err(unknown());
        }
        self.refresh(store, FRESH_MS).await?;
        let find = || self.known.borrow().iter().find(|key| key.id == id).cloned();
        let found = match find() {
            Some(key) => Some(key),
            None => {
                self.refresh(store, UNKNOWN_MS).await?;
                find()
            }
        };
        let shown: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let key = found.filter(|key| shown.ct_eq(&key.digest).into()).ok_or_else(unknown)?;
        match key {
            key if key.revoked.is_some() => Err(refused("this key was revoked")),
            key if key.is_over(self.host.now()) => Err(refused("this key has expired")),
            key => Ok(key),
        }
    }

    /// Whether the store can be read, by the keys in it: those of the last seconds count.
    pub async fn ready(&self, store: &dyn ByteStore) -> Result<()> {
        self.refresh(store, FRESH_MS).await
    }

    /// All keys, or those of one organisation, in the order in which they were made.
    pub async fn list(&self, store: &dyn ByteStore, org: Option<&str>) -> Result<Vec<Key>> {
        self.refresh(store, 0).await?;
        let known = self.known.borrow().clone();
        Ok(known.iter().filter(|key| org.is_none_or(|org| key.terms.org == org)).cloned().collect())
    }

    /// Makes a key and returns it with the only copy of its text. `KEYS_FULL` if there are too many, or `by_org` and too many
    /// of its organisation.
    pub async fn create(
        &self,
        store: &dyn ByteStore,
        terms: &Terms,
        by_org: bool,
    ) -> std::result::Result<(Key, String), Problem> {
        let id = random_hex(&self.host, ID);
        let token = format!("{PREFIX}{id}_{}", random_hex(&self.host, SECRET));
        let now = self.host.now();
        let digest = Sha256::digest(token.as_bytes()).into();
        let key = Key { id, terms: terms.clone(), created: now, revoked: None, digest };
        beside::change(store, &self.partition, |image| {
            let kept = fold(image)?;
            let mut commit = Commit { append: vec![key.entry()], ..Commit::default() };
            let is_full = |keys: &[&Key]| {
                let own = || keys.iter().filter(|key| key.terms.org == terms.org).count();
                keys.len() >= MOST || (by_org && own() >= MOST_OF_ORG)
            };
            if is_full(&kept.iter().collect::<Vec<_>>()) {
                // Only what is long over makes room: the list is also what tells people what there was.
                let old = |key: &&Key| {
                    key.is_over(now - REMEMBERED_MS) && key.revoked.is_none_or(|at| at <= now - REMEMBERED_MS)
                };
                let (gone, left): (Vec<&Key>, Vec<&Key>) = kept.iter().partition(old);
                if is_full(&left) {
                    let message = format!(
                        "there are {MOST} keys already, or {MOST_OF_ORG} of this organisation: none can be made before some \
                         are long over"
                    );
                    return Err(Problem::new(Refusal::KeysFull, message));
                }
                commit.drop = gone.into_iter().flat_map(entries_of).collect();
            }
            Ok(Some(commit))
        })
        .await?;
        self.read_at.set(0);
        Ok((key, token))
    }

    /// Revokes a key, at once in this instance, and returns it as it is then; one that was revoked before stays as it was.
    /// `None` if there is none, or it belongs to another organisation.
    pub async fn revoke(&self, store: &dyn ByteStore, id: &str, org: Option<&str>) -> Result<Option<Key>> {
        let now = self.host.now();
        let find = |keys: Vec<Key>| {
            keys.into_iter().find(|key| key.id == id && org.is_none_or(|org| key.terms.org == org))
        };
        beside::change(store, &self.partition, |image| {
            let found = find(fold(image)?).filter(|key| key.revoked.is_none());
            let revoked = |_| Commit { append: vec![revocation(id, now)], ..Commit::default() };
            Ok::<_, edgemem::Error>(found.map(revoked))
        })
        .await?;
        Ok(find(self.list(store, None).await?))
    }

    /// Reads the keys again if they were read longer than `age` ms ago.
    async fn refresh(&self, store: &dyn ByteStore, age: i64) -> Result<()> {
        let now = self.host.now();
        // A clock that was set back must not keep old keys alive.
        if self.version.get().is_some() && (0..age).contains(&(now - self.read_at.get())) {
            return Ok(());
        }
        let asked = self.version.get();
        let loaded = store.load(&self.partition, asked).await?;
        // Another request may have read them meanwhile, and what was asked for before a revocation must not undo it.
        let known = self.version.get();
        if let Some(image) = loaded.filter(|image| known == asked || Some(image.version) > known) {
            *self.known.borrow_mut() = Rc::new(fold(&image)?);
            self.version.set(Some(image.version));
        } else if known != asked {
            return Ok(());
        }
        self.read_at.set(now);
        Ok(())
    }
}

fn refused(message: &str) -> Problem {
    let problem = Problem::new(Refusal::Unauthorized, message).field("authorization");
    problem.header("www-authenticate", "Bearer error=\"invalid_token\"")
}

#[cfg(test)]
mod tests {
    use edgemem::store::MemoryStore;
    use futures_executor::block_on;

    use serde_json::json;

    use super::*;
    use crate::keys::Right;
    use crate::testing::{Clock, Slow, started};

    fn terms(org: &str) -> Terms {
        Terms {
            org: org.into(),
            project: "p".into(),
            user: None,
            agent: None,
            right: Right::Write,
            label: "for tests".into(),
            rate: None,
            expires: None,
        }
    }

    #[test]
    fn a_key_is_let_in_until_it_is_revoked_or_over() {
        let (clock, store) = (Clock::new(), MemoryStore::new());
        let start = clock.0.get();
        let here = Registry::new(clock.clone());
        let elsewhere = Registry::new(clock.clone());
        let find = |registry: &Registry, token: &str| {
            block_on(registry.find(&store, token))
                .map(|key| key.id)
                .map_err(|problem| problem.answer().body.unwrap()["error"].clone())
        };
        let unknown = || Err(json!("this key is not known here"));
        let (key, token) = block_on(here.create(&store, &terms("acme"), false)).unwrap();
        assert_eq!(find(&here, &token), Ok(key.id.clone()));
        assert_eq!(find(&elsewhere, &token), Ok(key.id.clone()));
        assert_ne!(token, block_on(here.create(&store, &terms("acme"), false)).unwrap().1);

        for bad in
            ["", "em_", "em__", &token[..token.len() - 1], &format!("{token}0"), &token.replace("em_", "em-")]
        {
            assert_eq!(find(&here, bad), unknown(), "{bad}");
        }
        let last = if token.ends_with('0') { "1" } else { "0" };
        assert_eq!(find(&here, &format!("{}{last}", &token[..token.len() - 1])), unknown());
        assert_eq!(find(&here, &token.to_uppercase().replace("EM_", "em_")), unknown());

        // Of another organisation, then of its own.
        assert_eq!(block_on(here.revoke(&store, &key.id, Some("other"))).unwrap(), None);
        assert_eq!(find(&here, &token), Ok(key.id.clone()));
        let revoked = block_on(here.revoke(&store, &key.id, Some("acme"))).unwrap().unwrap();
        assert_eq!(revoked.revoked, Some(start));
        assert_eq!(find(&here, &token), Err(json!("this key was revoked")));
        assert!(find(&elsewhere, &token).is_ok(), "for some seconds elsewhere");
        clock.0.set(start + FRESH_MS);
        assert_eq!(find(&elsewhere, &token), Err(json!("this key was revoked")));
        // Revoking again leaves the time as it was.
        assert_eq!(block_on(here.revoke(&store, &key.id, None)).unwrap().unwrap(), revoked);

        let (_, short) =
            block_on(here.create(&store, &Terms { expires: Some(start + 10_000), ..terms("acme") }, false))
                .unwrap();
        assert!(find(&here, &short).is_ok());
        clock.0.set(start + 10_000);
        assert_eq!(find(&here, &short), Err(json!("this key has expired")));
    }

    #[test]
    fn keys_that_were_asked_for_before_a_revocation_do_not_undo_it() {
        let (clock, store) = (Clock::new(), Slow::default());
        let registry = Registry::new(clock.clone());
        let (key, token) = block_on(registry.create(&store, &terms("acme"), false)).unwrap();
        assert!(block_on(registry.find(&store, &token)).is_ok());
        block_on(registry.create(&store, &terms("acme"), false)).unwrap();
        store.holds.set(true);
        let reading = started(registry.list(&store, None));
        store.holds.set(false);
        block_on(registry.revoke(&store, &key.id, None)).unwrap();
        block_on(reading).unwrap();
        assert!(block_on(registry.find(&store, &token)).is_err());
        assert!(block_on(registry.list(&store, None)).unwrap().iter().any(|it| it.revoked.is_some()));
    }

    #[test]
    fn a_key_made_elsewhere_is_known_after_a_second() {
        let (clock, store) = (Clock::new(), MemoryStore::new());
        let (here, elsewhere) = (Registry::new(clock.clone()), Registry::new(clock.clone()));
        assert!(block_on(here.list(&store, None)).unwrap().is_empty());
        let (_, token) = block_on(elsewhere.create(&store, &terms("acme"), false)).unwrap();
        assert!(block_on(here.find(&store, &token)).is_err());
        clock.pass(UNKNOWN_MS);
        assert!(block_on(here.find(&store, &token)).is_ok());
    }

    #[test]
    fn nothing_that_is_kept_or_listed_opens_anything() {
        let (clock, store) = (Clock::new(), MemoryStore::new());
        let registry = Registry::new(clock);
        let full = Terms {
            user: Some("ann".into()),
            agent: Some("bot".into()),
            rate: Some(7),
            expires: Some(1_800_000_000_000),
            ..terms("acme")
        };
        let (key, token) = block_on(registry.create(&store, &full, false)).unwrap();
        let secret = token.rsplit('_').next().unwrap();
        let image = block_on(store.load(&registry.partition, None)).unwrap().unwrap();
        let kept = String::from_utf8(image.entries[0].bytes.clone()).unwrap();
        let shown = key.shown().to_string();
        assert!(
            !kept.contains(secret) && !shown.contains(secret) && !shown.contains("sha256"),
            "{kept} {shown}"
        );
        assert_eq!(secret.len() * 4, 192);
        // What is read is what was written.
        assert_eq!(block_on(Registry::new(registry.host.clone()).list(&store, Some("acme"))).unwrap(), [key]);
        assert!(block_on(registry.list(&store, Some("other"))).unwrap().is_empty());
    }

    #[test]
    fn what_is_long_over_makes_room() {
        let (clock, store) = (Clock::new(), MemoryStore::new());
        let registry = Registry::new(clock.clone());
        let (first, _) = block_on(registry.create(&store, &terms("acme"), false)).unwrap();
        let made = block_on(store.load(&registry.partition, None)).unwrap().unwrap();
        let more = |at: usize| Key { id: format!("{at:012x}"), ..first.clone() }.entry();
        let fill = Commit {
            partition: registry.partition.clone(),
            expect: made.version,
            append: (1..MOST).map(more).collect(),
            ..Commit::default()
        };
        block_on(store.commit(&fill)).unwrap();
        let code = |made: std::result::Result<_, Problem>| {
            made.map(|_: (Key, String)| ()).map_err(|problem| problem.code())
        };
        assert_eq!(code(block_on(registry.create(&store, &terms("acme"), false))), Err("KEYS_FULL"));
        block_on(registry.revoke(&store, &first.id, None)).unwrap();
        assert_eq!(code(block_on(registry.create(&store, &terms("acme"), false))), Err("KEYS_FULL"));
        clock.pass(REMEMBERED_MS);
        assert_eq!(code(block_on(registry.create(&store, &terms("acme"), false))), Ok(()));
        let left = block_on(registry.list(&store, None)).unwrap();
        assert_eq!((left.len(), left.iter().any(|key| key.id == first.id)), (MOST, false));
    }

    #[test]
    fn one_organisation_does_not_take_the_room_of_all() {
        let (clock, store) = (Clock::new(), MemoryStore::new());
        let registry = Registry::new(clock.clone());
        let (first, _) = block_on(registry.create(&store, &terms("acme"), true)).unwrap();
        let made = block_on(store.load(&registry.partition, None)).unwrap().unwrap();
        let more = |at: usize| Key { id: format!("{at:012x}"), ..first.clone() }.entry();
        let append = (1..MOST_OF_ORG).map(more).collect();
        let fill = Commit {
            partition: registry.partition.clone(),
            expect: made.version,
            append,
            ..Commit::default()
        };
        block_on(store.commit(&fill)).unwrap();
        let make = |org: &str, by_org| {
            block_on(registry.create(&store, &terms(org), by_org)).map(drop).map_err(|problem| problem.code())
        };
        assert_eq!(make("acme", true), Err("KEYS_FULL"));
        assert_eq!((make("other", true), make("acme", false)), (Ok(()), Ok(())));
        // Making and revoking on and on is no way round.
        block_on(registry.revoke(&store, &first.id, None)).unwrap();
        assert_eq!(make("acme", true), Err("KEYS_FULL"));
    }
}
