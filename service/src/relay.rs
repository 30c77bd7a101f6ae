//! The relay: keeps encrypted batches of an account's devices and passes them on, without being able to read them.
//!
//! An account is one partition of the store that belongs to no owner. A batch is a blob; what is listed of it, its label,
//! is an entry of the log, so that listing costs one read. The store's comparing of versions decides who appends first.
//! The protocol is described in `docs/sync.md`.

use edgemem::store::{Blob, ByteStore, Commit, Entry};
use edgemem::text::Digest;
use edgemem::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

use crate::beside;

/// What is wanted of an account.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// The batches after `after`.
    List,
    /// The batch of this number.
    Read(String),
    /// One more batch behind `after`.
    Append,
    /// Removing the batches from `from` up to `through`.
    Drop,
}

/// The most that an account keeps, in bytes: 256 MB.
const MAX_ACCOUNT: u64 = 256 << 20;
/// … and in batches.
const MAX_BATCHES: usize = 4096;
/// The longest label, in bytes: the version of a memory that was opened and written to some 50,000 times.
const MAX_LABEL: usize = 1 << 20;
/// The most bytes of a request: a batch holds at least one record, however long it is. A Worker has 128 MB, and holds a
/// body several times while it takes it in.
pub const MAX_BODY: usize = 20 << 20;
/// A batch of fewer bytes is a small one.
const SMALL: u64 = 1 << 20;

/// A batch that is kept.
struct Kept {
    sequence: u64,
    size: u64,
    blob: String,
    label: String,
}

/// Does what is wanted and returns the answer's body. Options are the query's or the body's.
///
/// Errors: `INVALID_ARGUMENT`; `NOT_FOUND` for a batch that is not there; `STORE_CONFLICT` if another device was faster;
/// `RELAY_FULL`; `UNSUPPORTED` over a store that does not compare versions; the other `STORE_…` codes.
pub async fn serve(store: &dyn ByteStore, account: &str, wish: &Wish, options: &Value) -> Result<Value> {
    if !store.capabilities().compare_and_set {
        let message =
            "the relay needs a store that compares versions, such as d1; this service's store does not";
        return Err(Error::new(ErrorKind::Unsupported, message).field("store"));
    }
    if account.is_empty() || account.len() > 800 {
        return Err(wrong("account", "a name of 1 to 800 bytes"));
    }
    let empty = Map::new();
    let options = options.as_object().unwrap_or(&empty);
    let partition = beside::partition(&[b"relay", account.as_bytes()]);
    let image = store.load(&partition, None).await?.unwrap_or_default();
    let kept = kept(&image.entries, &image.blobs);
    let last = kept.last().map_or(0, |it| it.sequence);
    let used: u64 = kept.iter().map(|it| it.size + it.label.len() as u64).sum();
    let base = Commit { partition: partition.clone(), expect: image.version, ..Commit::default() };
    match wish {
        Wish::List => {
            let after = number(options, "after")?;
            let shown = |it: &Kept| json!({ "sequence": it.sequence, "size": it.size, "label": it.label });
            let batches: Vec<Value> = kept.iter().filter(|it| it.sequence > after).map(shown).collect();
            let few = kept.iter().filter(|it| it.size < SMALL).count();
            let mut answer = json!({ "epoch": epoch(&image.entries), "last": last, "few": few });
            answer["room"] = MAX_ACCOUNT.saturating_sub(used).into();
            answer["longest"] = MAX_LABEL.into();
            answer["batches"] = batches.into();
            Ok(answer)
        }
        Wish::Read(sequence) => {
            let found = kept.iter().find(|it| it.sequence.to_string() == *sequence);
            let names: Vec<String> = found.into_iter().map(|it| it.blob.clone()).collect();
            let bytes = store.read(&partition, &names).await?.pop().flatten();
            let data = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            let data =
                data.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no batch of this number"))?;
            Ok(json!({ "sequence": sequence, "data": data }))
        }
        Wish::Append => {
            let (label, data) = (text(options, "label")?, text(options, "data")?);
            if label.len() > MAX_LABEL {
                return Err(wrong("label", "at most 1 MB"));
            }
            if number(options, "after")? != last {
                return Err(overtaken());
            }
            if used + (label.len() + data.len()) as u64 > MAX_ACCOUNT || kept.len() >= MAX_BATCHES {
                let message = "the account is full: let all devices sync, so that batches are put together";
                return Err(Error::new(ErrorKind::RelayFull, message).field("account"));
            }
            let sequence = last + 1;
            let mut append = vec![Entry { key: key(sequence), bytes: label.as_bytes().to_vec() }];
            if image.version == 0 {
                // No two batches are the same, since each is encrypted with a random number of its own.
                let epoch = Digest::of(&[b"epoch", data.as_bytes()]).to_hex();
                append.push(Entry { key: key(0), bytes: epoch.into_bytes() });
            }
            let epoch = append.get(1).map_or(epoch(&image.entries), |it| text_of(&it.bytes));
            let name = format!("b-{sequence:016x}-{:08x}", data.len());
            let put = vec![Blob { name, bytes: data.as_bytes().to_vec() }];
            store.commit(&Commit { append, put, ..base }).await?;
            Ok(json!({ "sequence": sequence, "epoch": epoch }))
        }
        Wish::Drop => {
            let (from, through) = (number(options, "from")?, number(options, "through")?);
            if through >= last {
                return Err(wrong("through", "a number before the last batch"));
            }
            let gone: Vec<&Kept> = kept.iter().filter(|it| (from..=through).contains(&it.sequence)).collect();
            let drop = gone.iter().map(|it| key(it.sequence)).collect();
            let remove = gone.iter().map(|it| it.blob.clone()).collect();
            if !gone.is_empty() {
                store.commit(&Commit { drop, remove, ..base }).await?;
            }
            Ok(json!({ "dropped": gone.len() }))
        }
    }
}

/// The batches that are there whole, in their order.
fn kept(entries: &[Entry], blobs: &[String]) -> Vec<Kept> {
    let read = |blob: &String| {
        let mut parts = blob.strip_prefix("b-")?.split('-');
        let mut next = || u64::from_str_radix(parts.next()?, 16).ok();
        let (sequence, size) = (next()?, next()?);
        let label = entries.iter().find(|entry| entry.key == key(sequence))?;
        Some(Kept { sequence, size, blob: blob.clone(), label: text_of(&label.bytes) })
    };
    let mut kept: Vec<Kept> = blobs.iter().filter_map(read).collect();
    kept.sort_by_key(|it| it.sequence);
    kept
}

/// A text that changes when an account loses everything and begins anew.
fn epoch(entries: &[Entry]) -> String {
    entries.iter().find(|entry| entry.key == key(0)).map_or(String::new(), |entry| text_of(&entry.bytes))
}

fn key(sequence: u64) -> String {
    format!("{sequence:032x}")
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A number of the query, where it is text, or of the body.
fn number(options: &Map<String, Value>, name: &str) -> Result<u64> {
    let value = options.get(name);
    let number = value.and_then(|it| it.as_u64().or_else(|| it.as_str()?.parse().ok()));
    number.ok_or_else(|| wrong(name, "a whole number from 0"))
}

/// A text of the alphabet that batches are written in.
fn text<'a>(options: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    let plain =
        |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let text = options.get(name).and_then(Value::as_str).filter(plain);
    text.ok_or_else(|| wrong(name, "bytes in base64url"))
}

fn wrong(field: &str, expected: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{field} must be {expected}")).field(field)
}

fn overtaken() -> Error {
    Error::new(ErrorKind::StoreConflict, "another device was faster: read its batches first").field("after")
}

#[cfg(test)]
mod tests {
    use edgemem::store::MemoryStore;
    use futures_executor::block_on;

    use super::*;

    fn ask(store: &MemoryStore, wish: Wish, options: Value) -> std::result::Result<Value, &'static str> {
        block_on(serve(store, "ann", &wish, &options)).map_err(|error| error.code())
    }

    fn append(store: &MemoryStore, after: u64, data: &str) -> std::result::Result<Value, &'static str> {
        ask(store, Wish::Append, json!({ "after": after, "label": "", "data": data }))
    }

    #[test]
    fn batches_are_appended_in_turn_and_read_in_order() {
        let store = MemoryStore::new();
        assert_eq!(ask(&store, Wish::List, json!({ "after": "0" })).unwrap()["last"], 0);
        let epoch = append(&store, 0, "abc").unwrap()["epoch"].clone();
        assert_eq!(append(&store, 0, "late"), Err("STORE_CONFLICT"));
        for after in 1..20 {
            let sent = append(&store, after, "de").unwrap();
            assert_eq!((&sent["sequence"], &sent["epoch"]), (&json!(after + 1), &epoch));
        }
        let listed = ask(&store, Wish::List, json!({ "after": "18" })).unwrap();
        let batches = [19, 20].map(|at| json!({ "sequence": at, "size": 2, "label": "" }));
        let room = MAX_ACCOUNT - 41;
        let expected = json!({ "epoch": epoch, "last": 20, "few": 20, "room": room, "longest": MAX_LABEL, "batches": batches });
        assert_eq!(listed, expected);
        assert_eq!(ask(&store, Wish::Read("1".into()), Value::Null).unwrap()["data"], "abc");
        assert_eq!(ask(&store, Wish::Read("21".into()), Value::Null), Err("NOT_FOUND"));

        for options in [json!({ "from": 1, "through": 20 }), json!({ "through": 18 })] {
            assert_eq!(ask(&store, Wish::Drop, options), Err("INVALID_ARGUMENT"));
        }
        assert_eq!(ask(&store, Wish::Drop, json!({ "from": "2", "through": "18" })).unwrap()["dropped"], 17);
        assert_eq!(ask(&store, Wish::Read("2".into()), Value::Null), Err("NOT_FOUND"));
        assert_eq!(ask(&store, Wish::Read("1".into()), Value::Null).unwrap()["data"], "abc");
        assert_eq!(append(&store, 20, "xyz").unwrap()["sequence"], 21);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let store = MemoryStore::new();
        for options in [
            json!({ "after": 0, "label": "" }),
            json!({ "after": -1, "label": "", "data": "a" }),
            json!({ "after": 0, "label": "é", "data": "a" }),
            json!({ "after": 0, "label": "a".repeat(MAX_LABEL + 1), "data": "a" }),
            json!({ "label": "", "data": "a" }),
        ] {
            assert_eq!(ask(&store, Wish::Append, options), Err("INVALID_ARGUMENT"));
        }
        let long = "a".repeat(64 << 20);
        for after in 0..4 {
            append(&store, after, &long[..if after == 3 { (64 << 20) - 9 } else { 64 << 20 }]).unwrap();
        }
        assert_eq!(ask(&store, Wish::List, json!({ "after": 4 })).unwrap()["room"], 9);
        assert_eq!(append(&store, 4, "0123456789"), Err("RELAY_FULL"));
        let labelled = json!({ "after": 4, "label": "abcdefgh", "data": "01" });
        assert_eq!(ask(&store, Wish::Append, labelled), Err("RELAY_FULL"));
        append(&store, 4, "012345678").unwrap();
    }
}
