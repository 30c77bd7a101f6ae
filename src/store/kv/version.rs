//! A version for a place that counts nothing: made of what is there.
//!
//! It holds the highest commit number seen in any key, and below it a digest of the set of keys. A writer
//! that is alone sees it rise with each commit; of two writers who commit at once neither sees the other's
//! number, but the set differs, and so does the digest. The digest is a sum over the keys, so that the
//! version after a commit follows from the one before and the keys that came and went.

use crate::error::{Error, ErrorKind, Result};

const DIGEST_BITS: u32 = 26;
const DIGEST: u64 = (1 << DIGEST_BITS) - 1;
/// A version has to fit the 53 bits of a JavaScript number.
const LAST: u64 = (1 << (53 - DIGEST_BITS)) - 1;

/// The parts of a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    sequence: u64,
    digest: u64,
}

impl Version {
    pub(super) fn from_number(number: u64) -> Version {
        Version { sequence: number >> DIGEST_BITS, digest: number & DIGEST }
    }

    pub(super) fn number(self) -> u64 {
        self.sequence << DIGEST_BITS | self.digest
    }

    /// The number of the next commit.
    pub(super) fn next_sequence(self) -> Result<u64> {
        if self.sequence < LAST {
            return Ok(self.sequence + 1);
        }
        let message =
            "this partition has had more commits than KV versions can count; export it and begin anew";
        Err(Error::new(ErrorKind::StoreFailed, message).field("store"))
    }

    pub(super) fn raise(&mut self, sequence: u64) {
        self.sequence = self.sequence.max(sequence.min(LAST));
    }

    pub(super) fn add(&mut self, key: &str) {
        self.digest = (self.digest + digest(key)) & DIGEST;
    }

    pub(super) fn take(&mut self, key: &str) {
        self.digest = self.digest.wrapping_sub(digest(key)) & DIGEST;
    }
}

/// A well-mixed digest of a key. The checksum alone is linear: sums of it collide for related keys.
fn digest(key: &str) -> u64 {
    let mixed = (u64::from(crate::bytes::crc32(key.as_bytes())) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> (64 - DIGEST_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_follows_from_the_one_before() {
        let mut one = Version::default();
        one.raise(3);
        one.add("e/a");
        one.add("e/b");
        let mut other = Version::from_number(one.number());
        assert_eq!(other, one);
        other.take("e/a");
        other.add("b/c");
        other.raise(other.next_sequence().unwrap());
        let mut fresh = Version::default();
        fresh.add("b/c");
        fresh.raise(4);
        fresh.add("e/b");
        assert_eq!(other, fresh);
        assert!(other.number() > one.number());
        assert!(other.number() < 1 << 53);
    }

    #[test]
    fn keys_of_two_writers_are_told_apart() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..2000 {
            let mut version = Version::default();
            version.raise(6);
            version.add(&format!("e/00000006-{n:032x}-{n:08x}"));
            seen.insert(version.number());
        }
        assert_eq!(seen.len(), 2000);
    }

    #[test]
    fn the_last_commit_is_an_error_not_an_overflow() {
        let mut version = Version::default();
        version.raise(u64::MAX);
        assert!(version.number() < 1 << 53);
        assert_eq!(version.next_sequence().unwrap_err().code(), "STORE_FAILED");
    }
}
