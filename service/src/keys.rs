//! Keys: made once, kept as digests, each for one tenant, with a right, and if wanted for one user or agent alone.
//!
//! A key reads `em_<id>_<secret>`: 12 hex digits to find it by and 192 random bits. What is kept of it is one entry of a
//! partition that belongs to no owner, with the SHA-256 of the whole key; revoking adds a second entry. Entries are only
//! added, so two instances that make and revoke keys at the same time lose nothing, also over a store that does not
//! compare versions. `docs/keys.md` has the format. Who finds, makes and revokes them is the [`registry`](crate::registry).

use edgemem::store::{Entry, Image};
use edgemem::time::Timestamp;
use edgemem::{ErrorKind, Result};
use serde_json::{Value, json};

use crate::beside;

/// What every key begins with.
pub const PREFIX: &str = "em_";
/// So many hex digits its id has.
pub const ID: usize = 12;
const VERSION: u64 = 1;

/// What a key may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Reading memories.
    Read,
    /// Writing, changing and deleting them.
    Write,
    /// Making and revoking keys of its organisation, and reading its audit log.
    Admin,
}

impl Right {
    const ALL: [(&str, Right); 3] = [("read", Right::Read), ("write", Right::Write), ("admin", Right::Admin)];

    /// As bodies and stores write it.
    pub fn name(self) -> &'static str {
        Right::ALL[self as usize].0
    }

    /// The right of this name.
    pub fn parse(text: &str) -> Option<Right> {
        Right::ALL.iter().find(|(name, _)| *name == text).map(|(_, right)| *right)
    }
}

/// What a key is for and what it may do, as whoever makes it wishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The organisation.
    pub org: String,
    /// The project, which with the organisation names the tenant.
    pub project: String,
    /// The one user whose memories it is for.
    pub user: Option<String>,
    /// The one agent whose memories it is for.
    pub agent: Option<String>,
    /// What it may do.
    pub right: Right,
    /// What people call it.
    pub label: String,
    /// Requests a minute, if it has a limit of its own.
    pub rate: Option<u32>,
    /// From when on it is no longer let in, in ms since 1970.
    pub expires: Option<i64>,
}

/// A key without its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// What it is found, listed and revoked by.
    pub id: String,
    /// What it is for.
    pub terms: Terms,
    /// When it was made, in ms since 1970.
    pub created: i64,
    /// When it was revoked.
    pub revoked: Option<i64>,
    /// The SHA-256 of the whole key.
    pub(crate) digest: [u8; 32],
}

impl Key {
    /// As it is listed: everything but the digest.
    pub fn shown(&self) -> Value {
        let time = |at: Option<i64>| at.map(|at| Timestamp::clamped(at).to_string());
        let it = &self.terms;
        json!({
            "id": self.id, "org_id": it.org, "project_id": it.project, "user_id": it.user, "agent_id": it.agent,
            "right": it.right.name(), "label": it.label, "rate_limit": it.rate, "created_at": time(Some(self.created)),
            "expires_at": time(it.expires), "revoked_at": time(self.revoked),
        })
    }

    /// What is kept of it.
    pub fn entry(&self) -> Entry {
        let sha256: String = self.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let it = &self.terms;
        let kept = json!({
            "v": VERSION, "sha256": sha256, "org": it.org, "project": it.project, "user": it.user, "agent": it.agent,
            "right": it.right.name(), "label": it.label, "rate": it.rate, "created": self.created, "expires": it.expires,
        });
        Entry { key: entry_key(&self.id, Kind::Made), bytes: edgemem::json::text(&kept).into_bytes() }
    }

    fn read(id: &str, kept: &Value) -> Option<Key> {
        let text = |name: &str| kept[name].as_str().map(str::to_owned);
        let terms = Terms {
            org: text("org")?,
            project: text("project")?,
            user: text("user"),
            agent: text("agent"),
            right: Right::parse(kept["right"].as_str()?)?,
            label: text("label")?,
            rate: kept["rate"].as_u64().and_then(|rate| u32::try_from(rate).ok()),
            expires: kept["expires"].as_i64(),
        };
        let (created, digest) = (kept["created"].as_i64()?, crate::auth::digest(kept["sha256"].as_str()?)?);
        Some(Key { id: id.to_owned(), terms, created, revoked: None, digest })
    }

    /// Whether it is no longer let in.
    pub fn is_over(&self, now: i64) -> bool {
        self.revoked.is_some() || self.terms.expires.is_some_and(|at| at <= now)
    }
}

/// What is kept of a revocation.
pub fn revocation(id: &str, at: i64) -> Entry {
    let bytes = edgemem::json::text(&json!({ "v": VERSION, "revoked": at })).into_bytes();
    Entry { key: entry_key(id, Kind::Revoked), bytes }
}

/// The names of all entries that there can be of a key.
pub fn entries_of(key: &Key) -> [String; 2] {
    [Kind::Made, Kind::Revoked].map(|kind| entry_key(&key.id, kind))
}

/// What an entry tells of a key.
#[derive(Clone, Copy)]
enum Kind {
    Made = 0,
    Revoked = 1,
}

fn entry_key(id: &str, kind: Kind) -> String {
    format!("{id}{:020x}", kind as u8)
}

/// The keys that the entries tell of. A revocation counts wherever it stands.
pub fn fold(image: &Image) -> Result<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    let parts = |entry: &'_ Entry| Some((entry.key.get(..ID)?.to_owned(), entry.key.ends_with('0')));
    for entry in &image.entries {
        let Some((id, true)) = parts(entry) else { continue };
        let kept = beside::json(&entry.bytes)?;
        let newer = || {
            edgemem::Error::new(ErrorKind::FormatUnsupported, "a key was made by a newer version of edgemem")
        };
        keys.push(Key::read(&id, &kept).filter(|_| kept["v"] == VERSION).ok_or_else(newer)?);
    }
    for entry in &image.entries {
        let Some((id, false)) = parts(entry) else { continue };
        let at = beside::json(&entry.bytes)?["revoked"].as_i64();
        if let Some(key) = keys.iter_mut().find(|key| key.id == id) {
            key.revoked = Some(at.unwrap_or(key.created));
        }
    }
    keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    Ok(keys)
}
