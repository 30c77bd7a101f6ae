//! Terms of scripts without spaces, and of Korean: overlapping bigrams.
//!
//! A dictionary would find words, but the smallest for Thai takes 50 kB of compressed wasm (the neural model of
//! `icu_segmenter`; its word list takes 84), and Chinese and Japanese ones take hundreds. Bigrams need no
//! dictionary, never miss a word that is there, and sometimes find one that is not: "東京都" holds "京都".
//!
//! A question is mostly particles and endings ("どこですか"), whose bigrams would find every other question. So a
//! query is first cut at those. A document keeps them: whatever is cut from a query, the rest is in the document.

use super::languages::dense as known;
use super::script::{self, Dense};
use super::unicode;

/// Calls `emit` with the terms of a run of such characters. The run may be as long as a text; no more than a slice
/// of it is copied.
pub(crate) fn dense_terms(run: &str, query: bool, emit: &mut dyn FnMut(&str)) {
    if query && run.len() <= SLICE {
        return Query { chars: normalized(run) }.terms(emit);
    }
    let mut pairs = Pairs { query, previous: None, alone: true, opens_word: true };
    if run.chars().all(script::is_plain_dense) {
        run.chars().for_each(|c| pairs.push(c, emit));
    } else {
        let mut rest = run;
        while !rest.is_empty() {
            // A mark that is torn from its letter here costs one bigram in thousands.
            let (slice, after) = rest.split_at(rest.floor_char_boundary(SLICE));
            normalized(slice).into_iter().for_each(|c| pairs.push(c, emit));
            rest = after;
        }
    }
    pairs.finish(emit);
}

/// A longer run is not copied, and a longer query is not cut.
const SLICE: usize = 4096;

fn normalized(run: &str) -> Vec<char> {
    let mut chars = unicode::nfkd(run);
    unicode::compose(&mut chars);
    chars.retain(|&c| !script::is_ignorable(c) && !c.is_whitespace());
    chars
}

/// A run of a query.
struct Query {
    chars: Vec<char>,
}

impl Query {
    fn terms(&self, emit: &mut dyn FnMut(&str)) {
        if self.chars.iter().all(|&c| script::dense(c) == Some(Dense::Hangul)) {
            return self.korean(emit);
        }
        let kana = self.chars.iter().any(|&c| script::dense(c) == Some(Dense::Kana));
        let (mut at, mut start) = (0, 0);
        while at < self.chars.len() {
            let length =
                if kana { self.japanese(at, start) } else { self.word(at, &[known::CHINESE, known::THAI]) };
            if length == 0 {
                at += 1;
                continue;
            }
            self.piece(start, at, emit);
            at += length;
            start = at;
        }
        self.piece(start, at, emit);
    }

    /// The length of the longest listed word at `at`.
    fn word(&self, at: usize, lists: &[&str]) -> usize {
        let words = lists.iter().flat_map(|words| words.split_ascii_whitespace());
        let lengths = words.filter(|word| self.holds(at, word)).map(|word| word.chars().count());
        lengths.fold(0, |longest, length| if length > longest { length } else { longest })
    }

    fn holds(&self, at: usize, word: &str) -> bool {
        let mut chars = self.chars[at..].iter();
        word.chars().all(|c| chars.next() == Some(&c))
    }

    /// The length of what is cut at `at`, where the last cut ended at `start`.
    fn japanese(&self, at: usize, start: usize) -> usize {
        let hiragana = |at: usize| self.chars.get(at).is_some_and(|&c| is_hiragana(c));
        let longest = self.word(at, &[known::JAPANESE_HAN]);
        let ending = self.word(at, &[known::JAPANESE_ENDINGS]);
        if ending > longest && !hiragana(at + ending) {
            return ending;
        }
        if longest > 0 || at > start && hiragana(at - 1) {
            return longest;
        }
        let word = self.word(at, &[known::JAPANESE]);
        if word > 0 {
            return word;
        }
        // A particle may stand before a listed word, but not before just any Hiragana: は begins はな, a flower.
        let listed = |at: usize| self.word(at, &[known::JAPANESE, known::JAPANESE_ENDINGS]) > 0;
        let particle = self.word(at, &[known::JAPANESE_PARTICLES]);
        if particle > 0 && at > 0 && (!hiragana(at + 1) || listed(at + 1)) { particle } else { 0 }
    }

    fn korean(&self, emit: &mut dyn FnMut(&str)) {
        let length = self.chars.len();
        let is_listed = |end: usize| {
            known::KOREAN
                .split_ascii_whitespace()
                .any(|word| word.chars().eq(self.chars[..end].iter().copied()))
        };
        // How much of the word is left without its longest listed ending.
        let stem = |endings: &str, least: usize| {
            (least..length).find(|&end| {
                endings.split_ascii_whitespace().any(|it| it.chars().eq(self.chars[end..].iter().copied()))
            })
        };
        let end = stem(known::KOREAN_ENDINGS, 2).unwrap_or(length);
        let single = stem(known::KOREAN_PARTICLES, 1).filter(|&end| end == 1);
        if is_listed(length) || is_listed(end) || single.is_some_and(is_listed) {
            return;
        }
        if single.is_some() {
            // "물을" is water and its particle, "가을" is the autumn: both readings are asked for.
            self.piece(0, 1, emit);
        }
        self.piece(0, end, emit);
    }

    /// Emits the terms of a piece between two cuts. A single character is a term where documents have it as one.
    fn piece(&self, start: usize, end: usize, emit: &mut dyn FnMut(&str)) {
        let mut pairs = Pairs { query: true, previous: None, alone: true, opens_word: false };
        if let &[c] = &self.chars[start..end] {
            let kind = script::dense(c);
            let is_term = kind == Some(Dense::Han) || start == 0 && kind == Some(Dense::Hangul);
            if !is_term && self.chars.len() > 1 {
                return;
            }
        }
        self.chars[start..end].iter().for_each(|&c| pairs.push(c, emit));
        pairs.finish(emit);
    }
}

fn is_hiragana(c: char) -> bool {
    matches!(c as u32, 0x3041..=0x309f)
}

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
