//! Log entries of one commit, packed into one value, and the names of the keys that hold them.
//!
//! Nobody else ever writes a key that a commit writes: a pack's key holds the stamp of its first entry,
//! which is unique, and a checksum of the content. So writers that know nothing of each other lose nothing,
//! and a commit that is repeated after a failure writes the same keys again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bytes::{Reader, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Entry;

const FORMAT: u8 = 1;
/// How many bytes of entries one pack holds, unless a single entry is longer.
const PACK: usize = 1 << 20;
/// The longest text that fits into the 1,024 bytes of a key's metadata, with its wrapping.
pub(super) const INLINE: usize = 1_000;

/// A pack that is ready to be written: its key within the partition, and its text.
pub(super) struct Pack {
    pub key: String,
    pub text: String,
}

/// Packs entries for the commit number `sequence`.
pub(super) fn encode(entries: &[Entry], sequence: u64) -> Result<Vec<Pack>> {
    let mut packs = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut size = 0;
        let fits = rest.iter().take_while(|entry| {
            size += entry.bytes.len();
            size <= PACK
        });
        let (now, later) = rest.split_at(fits.count().max(1));
        let mut writer = Writer::new();
        writer.u8(FORMAT);
        for entry in now {
            writer.u128(parse(&entry.key)?);
            writer.bytes(&entry.bytes);
        }
        let content = writer.finish();
        // Of the content alone: the checksum of something that ends in its own checksum is a constant.
        let key = format!("e/{sequence:08x}-{}-{:08x}", now[0].key, crate::bytes::crc32(&content));
        let mut writer = Writer::new();
        writer.raw(&content);
        writer.checksum();
        let bytes = writer.finish();
        packs.push(Pack { key, text: STANDARD.encode(bytes) });
        rest = later;
    }
    Ok(packs)
}

/// The entries of a pack.
pub(super) fn decode(text: &str) -> Result<Vec<Entry>> {
    let damaged = |_| Reader::new(&[], "KV pack").corrupt("not base64");
    let bytes = STANDARD.decode(text).map_err(damaged)?;
    let mut reader = Reader::checked(&bytes, "KV pack")?;
    let format = reader.u8()?;
    if format != FORMAT {
        let message = format!(
            "a KV pack has format {format}, this version of edgemem knows {FORMAT}; deploy the newer version"
        );
        return Err(Error::new(ErrorKind::FormatUnsupported, message).field("store"));
    }
    let mut entries = Vec::new();
    while !reader.is_empty() {
        let key = format!("{:032x}", reader.u128()?);
        entries.push(Entry { key, bytes: reader.bytes()?.to_vec() });
    }
    Ok(entries)
}

/// The commit number in a pack's key.
pub(super) fn sequence(key: &str) -> Option<u64> {
    u64::from_str_radix(key.strip_prefix("e/")?.get(..8)?, 16).ok()
}

fn parse(key: &str) -> Result<u128> {
    u128::from_str_radix(key, 16).ok().filter(|number| format!("{number:032x}") == key).ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, "an entry's key is not 32 lower-case hex digits")
            .field("append")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(key: u128, bytes: Vec<u8>) -> Entry {
        Entry { key: format!("{key:032x}"), bytes }
    }

    proptest! {
        #[test]
        fn entries_survive_and_hostile_text_is_an_error(
            entries in prop::collection::vec((any::<u128>(), prop::collection::vec(any::<u8>(), 0..200)), 0..20),
            garbage: String,
        ) {
            let entries: Vec<Entry> = entries.into_iter().map(|(key, bytes)| entry(key, bytes)).collect();
            let mut back = Vec::new();
            for pack in encode(&entries, 7).unwrap() {
                prop_assert_eq!(sequence(&pack.key), Some(7));
                back.extend(decode(&pack.text).unwrap());
                let mut cut = pack.text.clone();
                cut.truncate(cut.len() / 2);
                prop_assert!(decode(&cut).is_err());
            }
            prop_assert_eq!(back, entries);
            prop_assert!(decode(&garbage).is_err());
        }
    }

    #[test]
    fn long_lists_are_split_and_a_long_entry_stands_alone() {
        let entries = [
            entry(1, vec![1; 10]),
            entry(2, vec![2; 3 * PACK]),
            entry(3, vec![3; PACK]),
            entry(4, vec![4; 1]),
        ];
        let packs = encode(&entries, 1).unwrap();
        assert_eq!(packs.len(), 4);
        assert!(packs.iter().all(|pack| pack.key.len() < 100));
        assert_eq!(packs.iter().flat_map(|pack| decode(&pack.text).unwrap()).collect::<Vec<_>>(), entries);
    }

    #[test]
    fn packs_of_different_content_have_different_keys() {
        let packs = [vec![1], vec![2], vec![]].map(|bytes| encode(&[entry(1, bytes)], 1).unwrap());
        let keys: std::collections::BTreeSet<&str> =
            packs.iter().map(|packs| packs[0].key.as_str()).collect();
        assert_eq!(keys.len(), 3);
    }

    #[test]
    fn only_hex_keys_are_packed() {
        for key in ["", "+1", "xyz", &"A".repeat(32), &"0".repeat(31)] {
            let entries = [Entry { key: key.to_owned(), bytes: Vec::new() }];
            assert_eq!(
                encode(&entries, 1).err().map(|error| error.code()),
                Some("INVALID_ARGUMENT"),
                "{key}"
            );
        }
    }
}
