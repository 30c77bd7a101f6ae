//! Posting lists: which documents hold a term, and how often.
//!
//! Stored as the number of postings, then per posting a varint of twice the gap to the previous document,
//! plus one if the frequency is above one and follows as a varint of its own. Most postings take one byte.

use edgemem_kernels::postings::{self as stored, Damage};
pub use edgemem_kernels::ranking::Posting;

use crate::bytes::{Reader, Writer};
use crate::error::Result;

/// Writes a list; documents rise strictly.
pub fn encode(postings: &[Posting], out: &mut Writer) {
    out.varint(postings.len() as u64);
    let mut next = 0;
    for posting in postings {
        let gap = u64::from(posting.doc - next);
        out.varint(gap << 1 | u64::from(posting.frequency > 1));
        if posting.frequency > 1 {
            out.varint(u64::from(posting.frequency));
        }
        next = posting.doc + 1;
    }
}

/// Reads a list of a part with `docs` documents, appending to `out`.
pub fn decode(bytes: &[u8], docs: u32, out: &mut Vec<Posting>) -> Result<()> {
    stored::decode(bytes, docs, out).map_err(|damage| {
        Reader::new(bytes, "segment").corrupt(match damage {
            Damage::Short => "a posting list ends in the middle",
            Damage::Long => "a posting list is too long",
            Damage::Stray => "a posting names a document that is not there",
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_survive(docs in prop::collection::btree_map(0u32..5000, 1u32..300, 0..200)) {
            let postings: Vec<_> =
                docs.into_iter().map(|(doc, frequency)| Posting { doc, frequency }).collect();
            let mut out = Writer::new();
            encode(&postings, &mut out);
            let mut read = Vec::new();
            decode(&out.finish(), 5000, &mut read).unwrap();
            prop_assert_eq!(read, postings);
        }

        #[test]
        fn hostile_lists_are_errors_or_in_range(bytes: Vec<u8>) {
            let mut read = Vec::new();
            if decode(&bytes, 50, &mut read).is_ok() {
                prop_assert!(read.iter().all(|posting| posting.doc < 50));
            }
        }
    }
}
