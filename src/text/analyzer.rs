//! The analyzer: from a text to the terms of the inverted index.
//!
//! Words, folded, without stop words and possessives, stemmed (Porter 2), irregular forms and everyday
//! synonyms mapped to one term. Chinese, Japanese and Korean become overlapping bigrams, as do Thai, Lao, Khmer
//! and Burmese until they get a dictionary. Numbers stay, without digit grouping and ordinal endings.
//! Emoji are terms too.
//!
//! Documents and queries go through the same chain, with one difference: a document also yields single
//! Chinese characters and the first syllable of a Korean word, so that a one-character query finds the word
//! it is part of, while a query yields them only when they stand alone. A query's terms are always a subset
//! of the terms of the same text as a document.

use std::cell::Cell;

use rust_stemmers::{Algorithm, Stemmer};

use super::lexicon;
use super::normalize::fold_into;
use super::script::{self, Dense};
use super::unicode;
use super::words::{Kind, Word, words};

/// No term is longer, in bytes: a hostile text cannot put kilobytes into the vocabulary.
pub const MAX_TERM_BYTES: usize = 64;

/// Turns texts into terms. English for now; `Analyzer::default()` is the one analyzer of every index.
///
/// Making one costs a fraction of a millisecond and using one allocates some 130 kB for a memo of frequent
/// words, so make one per engine and keep it. Stored indexes hold its terms: a change of its output needs a
/// new [`Analyzer::VERSION`].
pub struct Analyzer {
    stemmer: Stemmer,
    /// Stem to term, sorted by stem.
    canonical: Vec<(String, String)>,
    /// Taken while in use, so that an `emit` which calls the analyzer again gets a fresh one and nothing panics.
    scratch: Cell<Option<Box<Scratch>>>,
}

impl Analyzer {
    /// Names the rules in force. An index built under another version must be built anew.
    pub const VERSION: u32 = 1;

    /// Calls `emit` with every term of a document, in order of the text, repeated terms included. Terms are
    /// not empty and at most [`MAX_TERM_BYTES`] long.
    ///
    /// ```
    /// let mut terms = Vec::new();
    /// edgemem::text::Analyzer::default().terms("Mum's cats went to Café Uno", |term| terms.push(term.to_owned()));
    /// assert_eq!(terms, ["mom", "cat", "go", "cafe", "uno"]);
    /// ```
    pub fn terms(&self, text: &str, mut emit: impl FnMut(&str)) {
        self.analyze(text, false, &mut emit);
    }

    /// Calls `emit` with every term of a query, in order of the text, repeated terms included.
    pub fn query_terms(&self, text: &str, mut emit: impl FnMut(&str)) {
        self.analyze(text, true, &mut emit);
    }

    fn analyze(&self, text: &str, query: bool, emit: &mut dyn FnMut(&str)) {
        let mut scratch = self.scratch.take().unwrap_or_default();
        let mut previous = "";
        words(text, &mut |word| {
            match word.kind {
                Kind::Dense => dense_terms(word.text, query, emit),
                Kind::Emoji => self.emoji_term(word.text, &mut scratch, emit),
                Kind::Acronym => {
                    scratch.folded.clear();
                    fold_into(clip(word.text, MAX_RAW_BYTES), &mut scratch.folded);
                    scratch.folded.retain(char::is_alphanumeric);
                    // The points tell "U.S." from "us", so no stop word is looked for, except "a.m." and "e.g.".
                    let term = if scratch.folded == "us" { "usa" } else { &scratch.folded };
                    if !matches!(term, "am" | "eg" | "ie" | "") {
                        emit(self.canonical_of(clip(term, MAX_TERM_BYTES)));
                    }
                }
                Kind::Word if word.text == "US" => emit("usa"),
                Kind::Word if is_may(word.text) && self.is_month(text, word, previous) => emit("may"),
                Kind::Word => self.word_terms(word.text, &mut scratch, emit),
            }
            previous = word.text;
        });
        scratch.folded.shrink_to(4 * MAX_RAW_BYTES);
        self.scratch.set(Some(scratch));
    }

    /// "May" is the month when capitalised inside a sentence, beside a day or year, or after "in", "last" …
    fn is_month(&self, text: &str, word: Word<'_>, previous: &str) -> bool {
        let after = text[word.offset + word.text.len()..].trim_start_matches([' ', ',']);
        if after.starts_with(|c: char| c.is_ascii_digit()) {
            return true;
        }
        if word.first {
            return false;
        }
        let is_day = previous.starts_with(|c: char| c.is_ascii_digit()) && previous.len() <= 4;
        word.text == "May" || is_day || lexicon::BEFORE_MONTH.iter().any(|w| w.eq_ignore_ascii_case(previous))
    }

    fn word_terms(&self, word: &str, scratch: &mut Scratch, emit: &mut dyn FnMut(&str)) {
        let Scratch { memo, folded } = scratch;
        folded.clear();
        fold_into(clip(word, MAX_RAW_BYTES), folded);
        match memo.get(folded) {
            Some("") => {}
            Some(term) => emit(term),
            None => {
                let term = self.term_of(folded);
                memo.put(folded, &term);
                if !term.is_empty() {
                    emit(&term);
                }
            }
        }
    }

    /// The term of a folded word, empty for a stop word.
    fn term_of(&self, folded: &str) -> String {
        let mut word = folded.replace(script::is_apostrophe, "'");
        word.retain(|c| {
            c.is_alphanumeric() || matches!(c, '\'' | '.' | FRACTION_SLASH) || unicode::is_mark(c)
        });
        let word = self.without_contraction(&word);
        if self.is_stop_word(word) {
            return String::new();
        }
        if word.contains(|c: char| c.is_ascii_digit()) {
            return clip(plain_number(word), MAX_TERM_BYTES).to_owned();
        }
        let word: String = word.chars().filter(|&c| c != '\'').collect();
        let word = clip(&word, MAX_TERM_BYTES);
        if !word.is_ascii() {
            return word.to_owned();
        }
        self.canonical_of(&self.stemmer.stem(word)).to_owned()
    }

    /// Reduces "she'll", "mum's", "don't", "l'amour" to the word that counts; empty for "can't".
    fn without_contraction<'w>(&self, word: &'w str) -> &'w str {
        let Some((head, tail)) = word.rsplit_once('\'') else { return word };
        match tail {
            "s" | "m" | "re" | "ve" | "ll" | "d" => return head,
            "t" if head.ends_with('n') => {
                let base = &head[..head.len() - 1];
                let is_empty = lexicon::NEGATED_BASES.contains(&base);
                return if is_empty { "" } else { base };
            }
            _ => {}
        }
        match word.split_once('\'') {
            Some(("l" | "d" | "j" | "c" | "n" | "m" | "t" | "qu", rest)) if rest.len() > 2 => rest,
            _ => word,
        }
    }

    fn is_stop_word(&self, word: &str) -> bool {
        word.is_empty() || lexicon::STOP_WORDS.contains(&word)
    }

    fn canonical_of<'t>(&'t self, stem: &'t str) -> &'t str {
        match self.canonical.binary_search_by(|(known, _)| known.as_str().cmp(stem)) {
            Ok(found) => &self.canonical[found].1,
            Err(_) => stem,
        }
    }

    fn emoji_term(&self, emoji: &str, scratch: &mut Scratch, emit: &mut dyn FnMut(&str)) {
        scratch.folded.clear();
        let shown = emoji.chars().filter(|&c| !script::is_ignorable(c) && !script::is_skin_tone(c));
        scratch.folded.extend(shown.take(MAX_TERM_BYTES / 4));
        if !scratch.folded.is_empty() {
            emit(&scratch.folded);
        }
    }
}

impl Default for Analyzer {
    fn default() -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut canonical: Vec<(String, String)> = Vec::new();
        for group in lexicon::GROUPS {
            let mut words = group.split(' ').map(|word| stemmer.stem(word).into_owned());
            let Some(term) = words.next() else { continue };
            for stem in words.filter(|stem| *stem != term) {
                let at = canonical.partition_point(|(known, _)| *known < stem);
                canonical.insert(at, (stem, term.clone()));
            }
        }
        Analyzer { stemmer, canonical, scratch: Cell::new(None) }
    }
}

/// More of a word is not even folded. Folding may shrink a word, so this is more than a term's limit.
const MAX_RAW_BYTES: usize = 256;

/// What "½" folds to has this between its digits; without it, it would read 12.
const FRACTION_SLASH: char = '\u{2044}';

/// The longest prefix of at most `limit` bytes.
fn clip(text: &str, limit: usize) -> &str {
    if text.len() <= limit { text } else { &text[..text.floor_char_boundary(limit)] }
}

fn is_may(word: &str) -> bool {
    word.len() == 3 && word.eq_ignore_ascii_case("may")
}

/// "7th" as "7", so that it meets "7 May"; anything else as it is.
fn plain_number(word: &str) -> &str {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_ordinal = digits.bytes().all(|b| b.is_ascii_digit());
    if is_ordinal && matches!(&word[digits.len()..], "st" | "nd" | "rd" | "th") { digits } else { word }
}

/// Cuts a run without spaces into terms, holding no more than a slice of it: it may be as long as the text.
fn dense_terms(run: &str, query: bool, emit: &mut dyn FnMut(&str)) {
    let mut pairs = Pairs { query, previous: None, alone: true, opens_word: true };
    if run.chars().all(script::is_plain_dense) {
        run.chars().for_each(|c| pairs.push(c, emit));
    } else {
        let mut rest = run;
        while !rest.is_empty() {
            // A mark that is torn from its letter here costs one bigram in thousands.
            let (slice, after) = rest.split_at(rest.floor_char_boundary(DENSE_SLICE));
            let mut chars = unicode::nfkd(slice);
            unicode::compose(&mut chars);
            chars
                .into_iter()
                .filter(|&c| !script::is_ignorable(c) && !c.is_whitespace())
                .for_each(|c| pairs.push(c, emit));
            rest = after;
        }
    }
    pairs.finish(emit);
}

const DENSE_SLICE: usize = 4096;

/// Turns a run of characters into bigrams and the single characters described at the top.
struct Pairs {
    query: bool,
    previous: Option<char>,
    alone: bool,
    opens_word: bool,
}

impl Pairs {
    fn push(&mut self, c: char, emit: &mut dyn FnMut(&str)) {
        let Some(before) = self.previous.replace(c) else { return };
        let mut pair = [0u8; 8];
        let kind = script::dense(before);
        if !self.query && (kind == Some(Dense::Han) || self.opens_word && kind == Some(Dense::Hangul)) {
            emit(before.encode_utf8(&mut pair));
        }
        let length = before.encode_utf8(&mut pair).len();
        let length = length + c.encode_utf8(&mut pair[length..]).len();
        if let Ok(bigram) = std::str::from_utf8(&pair[..length]) {
            emit(bigram);
        }
        (self.alone, self.opens_word) = (false, false);
    }

    fn finish(self, emit: &mut dyn FnMut(&str)) {
        let Some(last) = self.previous else { return };
        if self.alone || !self.query && script::dense(last) == Some(Dense::Han) {
            emit(last.encode_utf8(&mut [0; 4]));
        }
    }
}

/// Buffers that are used again from text to text.
#[derive(Default)]
struct Scratch {
    memo: Memo,
    folded: String,
}

/// Remembers the terms of frequent words: a direct-mapped table in which a newcomer takes the place of
/// whoever has its slot. Natural text repeats a few thousand words, and stemming one costs a microsecond.
#[derive(Default)]
struct Memo {
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    word: [u8; Memo::WORD],
    term: [u8; Memo::TERM],
    word_len: u8,
    term_len: u8,
}

impl Memo {
    const SLOTS: usize = 4096;
    /// Longer words and terms are rare and are not remembered. Both lengths make an entry 32 bytes.
    const WORD: usize = 16;
    const TERM: usize = 14;

    fn get(&self, word: &str) -> Option<&str> {
        let entry = self.entries.get(slot(word))?;
        // An empty slot has an empty word, and no word is empty.
        if word.is_empty()
            || entry.word.get(..word.len())? != word.as_bytes()
            || entry.word_len as usize != word.len()
        {
            return None;
        }
        std::str::from_utf8(&entry.term[..entry.term_len as usize]).ok()
    }

    fn put(&mut self, word: &str, term: &str) {
        if word.is_empty() || word.len() > Self::WORD || term.len() > Self::TERM {
            return;
        }
        if self.entries.is_empty() {
            self.entries = vec![Entry::default(); Self::SLOTS];
        }
        let entry = &mut self.entries[slot(word)];
        entry.word[..word.len()].copy_from_slice(word.as_bytes());
        entry.term[..term.len()].copy_from_slice(term.as_bytes());
        (entry.word_len, entry.term_len) = (word.len() as u8, term.len() as u8);
    }
}

/// FNV-1a, folded to the size of the table.
fn slot(word: &str) -> usize {
    let hash =
        word.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ hash >> 15) as usize % Memo::SLOTS
}
