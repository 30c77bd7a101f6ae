//! Content hashes, and the canonical form under which two statements count as the same.
//!
//! **Stored data depends on every line here.** Logs and snapshots hold these digests; if one of them ever came
//! out differently, duplicates would no longer be recognised. The golden cases in the tests below pin the
//! output; they are never to be edited. A better canonical form needs a new format version and a new function.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::md5::md5;
use super::unicode;

/// MD5 of the exact text in lower-case hex: the `hash` field that clients of mem0 compare. Not for security.
pub fn md5_hex(text: &str) -> String {
    hex(&md5(text.as_bytes()))
}

/// The first 16 bytes of a SHA-256: names content by its bytes. Displayed as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// The digest of a list of byte strings. Each part enters with its length (64 bits, little endian)
    /// before it, so that no two different lists run together into the same bytes.
    pub fn of(parts: &[&[u8]]) -> Digest {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let full: [u8; 32] = hasher.finalize().into();
        let mut first = [0; 16];
        first.copy_from_slice(&full[..16]);
        Digest(first)
    }

    /// 32 lower-case hex digits.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// What stands for a memory's exact text, in what follows from it.
pub fn text_digest(text: &str) -> Digest {
    Digest::of(&[b"text", text.as_bytes()])
}

/// The canonical form for exact deduplication: compatibility-normalised (NFKC), lower case, white space
/// trimmed and collapsed to single spaces, and without full stops, exclamation marks and ellipses at the end.
/// A final question mark stays, since asking is not stating. Accents and inner punctuation stay. A text of
/// nothing but such marks is its own key, so that no key of a non-blank text is empty. Idempotent.
///
/// ```
/// use edgemem::text::statement_key;
/// assert_eq!(statement_key("  I like   TEA! "), statement_key("I like tea."));
/// assert_ne!(statement_key("I like tea?"), statement_key("I like tea"));
/// ```
pub fn statement_key(text: &str) -> String {
    let spaced = if text.is_ascii() {
        single_spaced(&text.to_ascii_lowercase())
    } else {
        let mut folded: String = unicode::nfkc(text).chars().map(unicode::lower).collect();
        // One small sigma, whichever place in the word it has.
        folded = folded.replace('ς', "σ");
        // Lower-casing can leave a sequence that normalises further.
        single_spaced(&unicode::nfkc(&folded))
    };
    let stated = spaced.trim_end_matches(['.', '!', '。', '…', ' ']);
    if stated.is_empty() { spaced } else { stated.to_owned() }
}

fn single_spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(word);
    }
    spaced
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 15)]);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]).collect()
}
