//! The store of Workers without a database: Cloudflare KV.
//!
//! KV has no transaction and no compare-and-set, and a write takes up to a minute to be seen elsewhere. So a
//! commit never changes a key: it writes packs of entries and blobs under keys that only it can write, and
//! readers fold all they find. Nothing that was acknowledged is lost, but another location may see it late,
//! and a version only says whether something changed. The layout is described in `docs/format.md`.
//!
//! One list call gives a partition's keys with their metadata, and small packs live in the metadata, so most
//! openings need no read of values at all.

mod client;
mod pack;
mod recent;
mod sys;
mod version;

use std::cell::Cell;

use wasm_bindgen::JsValue;

use self::client::{Client, Write};
use self::pack::Pack;
use self::recent::{Deed, Recent};
use self::version::Version;
use super::js_object::convert::{get, object};
use super::{ByteStore, Capabilities, Commit, Entry, Image};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::sorted::{SortedMap, sort_names};

/// Keeps partitions in a KV namespace.
pub struct KvStore {
    client: Client,
    recent: Recent,
    prefix: String,
    stale_after: i64,
    closed: Cell<bool>,
}

/// What a partition's listing says, with this instance's own recent writes laid over it.
#[derive(Default)]
struct Listing {
    version: Version,
    packs: SortedMap<Found>,
    blobs: SortedMap<()>,
}

/// A pack whose text is at hand, or has to be fetched and is this long.
enum Found {
    Text(String),
    Stored(usize),
}

impl KvStore {
    /// After how long, in ms, a loaded copy is looked at again unless told otherwise: KV itself shows the
    /// changes of others no sooner.
    pub const STALE_AFTER: i64 = 60_000;

    /// A store in this KV binding (`env.KV`, as JavaScript sees it). Asks nothing yet.
    pub fn new(binding: JsValue) -> Result<KvStore> {
        KvStore::with_options(binding, "", KvStore::STALE_AFTER)
    }

    /// The same with a prefix before every key, so that a namespace can be shared with other programs, and
    /// with the time in ms after which a loaded copy is looked at again.
    pub fn with_options(binding: JsValue, prefix: &str, stale_after: i64) -> Result<KvStore> {
        if prefix.len() > 128 {
            let message = "a prefix of KV keys is at most 128 bytes long";
            return Err(Error::new(ErrorKind::ConfigInvalid, message).field("store.prefix"));
        }
        Ok(KvStore {
            client: Client::new(binding)?,
            recent: Recent::default(),
            prefix: prefix.to_owned(),
            stale_after,
            closed: Cell::new(false),
        })
    }

    /// The key of a part of a partition.
    fn key(&self, partition: &str, part: &str) -> String {
        format!("{}{partition}/{part}", self.prefix)
    }

    /// The key that makes a partition known to [`ByteStore::list`].
    fn marker(&self, partition: &str) -> String {
        format!("{}p/{partition}", self.prefix)
    }

    async fn listing(&self, partition: &str) -> Result<Listing> {
        let prefix = self.key(partition, "");
        let mut listing = Listing::default();
        let recent: SortedMap<Deed> = self.recent.under(now(), &prefix).into_iter().collect();
        for found in self.client.list(&prefix).await? {
            if !recent.contains_key(&found.key) {
                listing.see(&found.key[prefix.len()..], &found.metadata);
            }
        }
        for (key, deed) in recent {
            listing.overlay(&key[prefix.len()..], deed);
        }
        Ok(listing)
    }

    /// The entries of all packs, pack by pack in the order of their commits. A pack that is listed but not
    /// there (deleted a moment ago, or not yet arrived) is left out, of the version too: so the next load
    /// does not take the image for complete.
    async fn entries(&self, partition: &str, listing: &mut Listing) -> Result<Vec<(String, Vec<Entry>)>> {
        let missing: Vec<(String, usize)> = listing
            .packs
            .iter()
            .filter_map(|(part, found)| match found {
                Found::Text(_) => None,
                Found::Stored(length) => Some((self.key(partition, part), *length)),
            })
            .collect();
        let mut fetched = self.client.texts(&missing).await?.into_iter();
        let mut packs = Vec::new();
        for (part, found) in std::mem::take(&mut listing.packs) {
            let text = match found {
                Found::Text(text) => Some(text),
                Found::Stored(_) => fetched.next().flatten(),
            };
            match text {
                Some(text) => packs.push((part, pack::decode(&text)?)),
                None => listing.version.take(&part),
            }
        }
        Ok(packs)
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.get() { Err(super::closed()) } else { Ok(()) }
    }

    async fn store(&self, commit: &Commit) -> Result<u64> {
        let partition = commit.partition.as_str();
        let mut version = Version::from_number(commit.expect);
        let sequence = version.next_sequence()?;
        let mut packs = pack::encode(&commit.append, sequence)?;
        // Some key must carry the new number, or the version would not rise.
        let mark = packs.is_empty() && commit.put.is_empty();
        let (rests, deletes) = self.replaced(commit).await?;
        packs.extend(rests);
        if commit.expect == 0 {
            // First of all the marker: a partition that is not listed could never be erased.
            let key = self.marker(partition);
            self.client.write(&[mark_write(key.clone(), 0)]).await?;
            self.recent.note(now(), key, Deed::Mark(0));
        }
        let puts = packs.iter().map(|pack| pack_write(self.key(partition, &pack.key), &pack.text));
        let blobs = commit.put.iter().map(|blob| Write::PutBytes {
            key: self.key(partition, &format!("b/{}", blob.name)),
            bytes: blob.bytes.clone(),
            metadata: number_metadata(sequence),
        });
        let marks = mark.then(|| mark_write(self.key(partition, "v"), sequence));
        self.client.write(&puts.chain(blobs).chain(marks).collect::<Vec<_>>()).await?;
        let deleted: Vec<String> = deletes.iter().map(|part| self.key(partition, part)).collect();
        let note = |part: &str, deed| self.recent.note(now(), self.key(partition, part), deed);
        for Pack { key, text } in &packs {
            note(key, Deed::Pack(text.as_str().into()));
            version.add(key);
        }
        for blob in &commit.put {
            let part = format!("b/{}", blob.name);
            note(&part, Deed::Blob(Some(blob.bytes.as_slice().into()), sequence));
            version.add(&part);
        }
        if mark {
            note("v", Deed::Mark(sequence));
        }
        let writes: Vec<Write> = deleted.into_iter().map(|key| Write::Delete { key }).collect();
        self.client.write(&writes).await?;
        for part in &deletes {
            note(part, Deed::Deleted);
            version.take(part);
        }
        version.raise(sequence);
        Ok(version.number())
    }

    /// What a commit takes away: the keys to delete, and new packs with what is left of old ones.
    async fn replaced(&self, commit: &Commit) -> Result<(Vec<Pack>, Vec<String>)> {
        let (mut rests, mut deletes) = (Vec::new(), Vec::new());
        if commit.drop.is_empty() && commit.remove.is_empty() {
            return Ok((rests, deletes));
        }
        let mut listing = self.listing(&commit.partition).await?;
        let mut removed = commit.remove.clone();
        sort_names(&mut removed);
        deletes.extend(
            removed
                .into_iter()
                .filter(|name| listing.blobs.contains_key(name))
                .map(|name| format!("b/{name}")),
        );
        if commit.drop.is_empty() {
            return Ok((rests, deletes));
        }
        let dropped: SortedMap<()> = commit.drop.iter().map(|key| (key.clone(), ())).collect();
        for (part, mut entries) in self.entries(&commit.partition, &mut listing).await? {
            let before = entries.len();
            entries.retain(|entry| !dropped.contains_key(&entry.key));
            if entries.len() < before {
                // The rest keeps its place in the order, in which the first to bring a key wins.
                rests.extend(pack::encode(&entries, pack::sequence(&part).unwrap_or(0))?);
                deletes.push(part);
            }
        }
        Ok((rests, deletes))
    }
}

/// A pack goes into the key's metadata if it is small enough, else into the value.
fn pack_write(key: String, text: &str) -> Write {
    if text.len() <= pack::INLINE {
        let metadata = object(&[("p", JsValue::from_str(text))]);
        return Write::PutText { key, value: String::new(), metadata };
    }
    let metadata = object(&[("n", JsValue::from_f64(text.len() as f64))]);
    Write::PutText { key, value: text.to_owned(), metadata }
}

/// A key without content, for its existence and a commit's number.
fn mark_write(key: String, sequence: u64) -> Write {
    Write::PutText { key, value: String::new(), metadata: number_metadata(sequence) }
}

fn number_metadata(sequence: u64) -> JsValue {
    object(&[("s", JsValue::from_f64(sequence as f64))])
}

impl Listing {
    /// Takes in a key of KV's listing.
    fn see(&mut self, part: &str, metadata: &JsValue) {
        let number =
            |name: &str| get(metadata, name).as_f64().filter(|number| *number >= 0.0).map(|n| n as u64);
        if let Some(name) = part.strip_prefix("b/") {
            self.blob(name, part, number("s").unwrap_or(0));
        } else if let Some(sequence) = pack::sequence(part) {
            let found = match get(metadata, "p").as_string() {
                Some(text) => Found::Text(text),
                None => Found::Stored(number("n").unwrap_or(0) as usize),
            };
            self.pack(part, sequence, found);
        } else if part == "v" {
            self.version.raise(number("s").unwrap_or(0));
        }
    }

    /// Takes in what this instance did to a key.
    fn overlay(&mut self, part: &str, deed: Deed) {
        match deed {
            Deed::Pack(text) => {
                self.pack(part, pack::sequence(part).unwrap_or(0), Found::Text(text.as_ref().to_owned()));
            }
            Deed::Length(length) => {
                self.pack(part, pack::sequence(part).unwrap_or(0), Found::Stored(length));
            }
            Deed::Blob(_, sequence) => self.blob(part.strip_prefix("b/").unwrap_or(part), part, sequence),
            Deed::Mark(sequence) => self.version.raise(sequence),
            Deed::Deleted => {}
        }
    }

    fn blob(&mut self, name: &str, part: &str, sequence: u64) {
        self.version.raise(sequence);
        self.version.add(part);
        self.blobs.insert(name.to_owned(), ());
    }

    fn pack(&mut self, part: &str, sequence: u64, found: Found) {
        self.version.raise(sequence);
        self.version.add(part);
        self.packs.insert(part.to_owned(), found);
    }
}

impl ByteStore for KvStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { atomic: false, compare_and_set: false, shared: true, rows: false }
    }

    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            self.check_open()?;
            let prefix = self.marker(prefix);
            let start = self.marker("").len();
            let listed = self.client.list(&prefix).await?;
            let mut names: SortedMap<()> = listed.into_iter().map(|found| (found.key, ())).collect();
            for (key, deed) in self.recent.under(now(), &prefix) {
                match deed {
                    Deed::Deleted => {
                        names.remove(&key);
                    }
                    _ => names.insert(key, ()),
                }
            }
            Ok(names.names().map(|key| key[start..].to_owned()).collect())
        })
    }

    fn load<'a>(&'a self, partition: &'a str, known: Option<u64>) -> LocalFuture<'a, Result<Option<Image>>> {
        Box::pin(async move {
            self.check_open()?;
            let mut listing = self.listing(partition).await?;
            if known == Some(listing.version.number()) {
                return Ok(None);
            }
            let mut entries: SortedMap<Vec<u8>> = SortedMap::default();
            for (_, pack) in self.entries(partition, &mut listing).await? {
                for entry in pack {
                    // The first to bring a key wins, as everywhere.
                    entries.get_or_insert_with(&entry.key, || entry.bytes);
                }
            }
            let version = listing.version.number();
            let entries = entries.into_iter().map(|(key, bytes)| Entry { key, bytes }).collect();
            let image = Image { version, entries, blobs: listing.blobs.names().cloned().collect() };
            Ok((known != Some(version)).then_some(image))
        })
    }

    fn read<'a>(
        &'a self,
        partition: &'a str,
        names: &'a [String],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>>> {
        Box::pin(async move {
            self.check_open()?;
            let mut blobs = vec![None; names.len()];
            let mut missing = Vec::new();
            for (i, name) in names.iter().enumerate() {
                let key = self.key(partition, &format!("b/{name}"));
                match self.recent.of(&key) {
                    Some(Deed::Blob(Some(bytes), _)) => blobs[i] = Some(bytes.to_vec()),
                    Some(Deed::Deleted) => {}
                    _ => missing.push((i, key)),
                }
            }
            let (places, keys): (Vec<usize>, Vec<String>) = missing.into_iter().unzip();
            for (place, bytes) in places.into_iter().zip(self.client.bytes(&keys).await?) {
                blobs[place] = bytes;
            }
            Ok(blobs)
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        Box::pin(async move {
            self.check_open()?;
            self.store(commit).await
        })
    }

    fn erase<'a>(&'a self, partition: &'a str) -> LocalFuture<'a, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            let prefix = self.key(partition, "");
            let listed = self.client.list(&prefix).await?;
            let recent = self.recent.under(now(), &prefix).into_iter();
            let mut keys: Vec<String> = listed.into_iter().map(|found| found.key).collect();
            keys.extend(recent.filter(|(_, deed)| !matches!(deed, Deed::Deleted)).map(|(key, _)| key));
            sort_names(&mut keys);
            // The marker goes last: until then the partition is listed and can be erased again.
            for keys in [keys, vec![self.marker(partition)]] {
                let writes: Vec<Write> = keys.iter().map(|key| Write::Delete { key: key.clone() }).collect();
                self.client.write(&writes).await?;
                for key in keys {
                    self.recent.note(now(), key, Deed::Deleted);
                }
            }
            Ok(())
        })
    }

    fn close<'a>(&'a self) -> LocalFuture<'a, Result<()>> {
        self.closed.set(true);
        self.recent.clear();
        Box::pin(async { Ok(()) })
    }

    fn is_stale(&self, _partition: &str, loaded_at: i64, now: i64) -> bool {
        !(0..self.stale_after).contains(&(now - loaded_at))
    }
}

fn now() -> i64 {
    js_sys::Date::now() as i64
}
