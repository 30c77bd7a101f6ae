//! A memo of frequent words.

/// Remembers the terms of frequent words: a direct-mapped table in which a newcomer takes the place of
/// whoever has its slot. Natural text repeats a few thousand words, and stemming one costs a microsecond.
/// The terms of a word are remembered for each reading of it.
#[derive(Default)]
pub(crate) struct Memo {
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    word: [u8; Memo::WORD],
    term: [u8; Memo::TERM],
    /// Length of the word, and the reading.
    key: u8,
    term_len: u8,
}

impl Memo {
    const SLOTS: usize = 4096;
    /// Longer words and terms are rare and are not remembered. Both lengths make an entry 32 bytes.
    const WORD: usize = 16;
    const TERM: usize = 14;

    pub(crate) fn get(&self, word: &str, reading: u8) -> Option<&str> {
        let entry = self.entries.get(slot(word, reading))?;
        // An empty slot has an empty word, and no word is empty.
        if word.is_empty()
            || entry.word.get(..word.len())? != word.as_bytes()
            || entry.key != key(word, reading)
        {
            return None;
        }
        std::str::from_utf8(&entry.term[..entry.term_len as usize]).ok()
    }

    pub(crate) fn put(&mut self, word: &str, reading: u8, term: &str) {
        if word.is_empty() || word.len() > Self::WORD || term.len() > Self::TERM {
            return;
        }
        if self.entries.is_empty() {
            self.entries = vec![Entry::default(); Self::SLOTS];
        }
        let entry = &mut self.entries[slot(word, reading)];
        entry.word[..word.len()].copy_from_slice(word.as_bytes());
        entry.term[..term.len()].copy_from_slice(term.as_bytes());
        (entry.key, entry.term_len) = (key(word, reading), term.len() as u8);
    }
}

/// A word of at most [`Memo::WORD`] bytes takes five bits, and there are at most eight readings.
fn key(word: &str, reading: u8) -> u8 {
    word.len() as u8 | reading << 5
}

/// FNV-1a, folded to the size of the table.
fn slot(word: &str, reading: u8) -> usize {
    let start = 0x811c_9dc5_u32 ^ u32::from(reading) << 16;
    let hash = word.bytes().fold(start, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ hash >> 15) as usize % Memo::SLOTS
}
