//! The analyzer: from a text to the terms of the inverted index.
//!
//! Words, folded, without stop words and possessives, stemmed; in English also irregular forms and everyday synonyms
//! mapped to one term. Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese become overlapping bigrams
//! (`dense.rs`). Numbers stay, without digit grouping and ordinal endings. Emoji are terms too.
//!
//! Documents and queries go through the same chain, with one difference: a document also yields single
//! Chinese characters and the first syllable of a Korean word, so that a one-character query finds the word
//! it is part of, while a query yields them only when they stand alone, and is cut at particles and question
//! words. A query's terms are always a subset of the terms of the same text as a document.
//!
//! **Languages.** Every text is judged by itself ([`super::language`]); a word in Cyrillic letters is Russian in any
//! text. A question is often too short to judge ("Wohnungen"), and then it is English. So a document in another
//! language has a second reading: after its own terms come those that its words would have in English, where they
//! differ. A word that is asked for as it is written is therefore found whatever the question is taken for, and
//! a name in an English question finds the German memory. The second reading comes last, so that neighbours in a text
//! stay neighbours among its terms. It makes documents in the five languages up to twice as long in terms.
//!
//! The other way round there is no such safety in the terms alone: a question that is plainly German does not find
//! a memory that was taken for English where the two stems differ, nor does a lone inflected word find another
//! form of it. [`Analyzer::query_alternatives`] says what else to look for then.
//!
//! What it cannot do: compounds are not split, irregular verbs are known in English only ("ging" does not find
//! "gehen"), languages do not find each other's words, and those not listed get no stems.

use std::cell::Cell;

use rust_stemmers::{Algorithm, Stemmer};

use super::dense::dense_terms;
use super::language::latin_language;
use super::languages::{Language, Lexicon};
use super::lexicon;
use super::memo::Memo;
use super::normalize::fold_into;
use super::script;
use super::unicode;
use super::words::{Kind, Word, words};

/// No term is longer, in bytes: a hostile text cannot put kilobytes into the vocabulary.
pub const MAX_TERM_BYTES: usize = 64;

/// Turns texts into terms. `Analyzer::default()` is the one analyzer of every index, whatever its languages.
///
/// Making one costs a fraction of a millisecond and using one allocates some 170 kB for a table of words and a
/// memo of frequent words, so make one per engine and keep it. Stored indexes hold its terms: a change of its output needs a
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
    pub const VERSION: u32 = 2;

    /// Calls `emit` with every term of a document, in order of the text, repeated terms included, and then with the
    /// terms of its second reading, if it has one. Terms are not empty and at most [`MAX_TERM_BYTES`] long.
    ///
    /// ```
    /// let mut terms = Vec::new();
    /// edgemem::text::Analyzer::default().terms("Mum's cats went to Café Uno", |term| terms.push(term.to_owned()));
    /// assert_eq!(terms, ["mom", "cat", "go", "cafe", "uno"]);
    /// ```
    pub fn terms(&self, text: &str, mut emit: impl FnMut(&str)) {
        let (language, _) = latin_language(text);
        self.analyze(text, language, false, &mut emit);
        if language != Language::English {
            self.second_readings(text, language, &[Language::English], &mut |_, term| emit(term));
        }
    }

    /// Calls `emit` with every term of a query, in order of the text, repeated terms included.
    pub fn query_terms(&self, text: &str, mut emit: impl FnMut(&str)) {
        self.analyze(text, latin_language(text).0, true, &mut emit);
    }

    /// Calls `emit` with a term of the query and another term under which a document may hold the same word: one whose
    /// language was judged differently. Nothing for a query that is plainly English. Best used for a term that no
    /// document holds: for an English document, the endings of five other languages are mostly noise.
    ///
    /// ```
    /// let mut found = Vec::new();
    /// let analyzer = edgemem::text::Analyzer::default();
    /// analyzer.query_alternatives("Wohnungen", |term, other| found.push((term.to_owned(), other.to_owned())));
    /// assert!(found.contains(&("wohnungen".to_owned(), "wohnung".to_owned())));
    /// ```
    pub fn query_alternatives(&self, text: &str, mut emit: impl FnMut(&str, &str)) {
        match latin_language(text) {
            (Language::English, true) => {}
            (Language::English, false) => {
                self.second_readings(text, Language::English, &Language::LATIN[1..], &mut emit)
            }
            (language, _) => self.second_readings(text, language, &[Language::English], &mut emit),
        }
    }

    /// Calls `emit` with the term of each word and every other term that it has in `others`.
    fn second_readings(
        &self,
        text: &str,
        language: Language,
        others: &[Language],
        emit: &mut dyn FnMut(&str, &str),
    ) {
        let mut scratch = self.scratch.take().unwrap_or_default();
        words(text, &mut |word| {
            if word.kind != Kind::Word {
                return;
            }
            let mut known: Vec<String> = Vec::new();
            for &reading in [language].iter().chain(others) {
                self.word_terms(word.text, reading, &mut scratch, &mut |term| {
                    if !known.iter().any(|known| known == term) {
                        if let Some(first) = known.first() {
                            emit(first, term);
                        }
                        known.push(term.to_owned());
                    }
                });
                if known.is_empty() {
                    // A stop word where it was written.
                    return;
                }
            }
        });
        self.scratch.set(Some(scratch));
    }

    fn analyze(&self, text: &str, language: Language, query: bool, emit: &mut dyn FnMut(&str)) {
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
                Kind::Word => self.word_terms(word.text, language, &mut scratch, emit),
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

    #[inline]
    fn word_terms(&self, word: &str, language: Language, scratch: &mut Scratch, emit: &mut dyn FnMut(&str)) {
        let Scratch { memo, folded } = scratch;
        folded.clear();
        fold_into(clip(word, MAX_RAW_BYTES), folded);
        match memo.get(folded, language as u8) {
            Some("") => {}
            Some(term) => emit(term),
            None => {
                let term = self.term_of(folded, language);
                memo.put(folded, language as u8, &term);
                if !term.is_empty() {
                    emit(&term);
                }
            }
        }
    }

    /// The term of a folded word, empty for a stop word.
    fn term_of(&self, folded: &str, language: Language) -> String {
        let mut word = folded.replace(script::is_apostrophe, "'");
        word.retain(|c| {
            c.is_alphanumeric() || matches!(c, '\'' | '.' | FRACTION_SLASH) || unicode::is_mark(c)
        });
        let lexicon =
            if word.starts_with(script::is_cyrillic) { Language::Russian } else { language }.lexicon();
        let word = match lexicon {
            Some(lexicon) => without_elision(&word, lexicon),
            None => self.without_contraction(&word),
        };
        if lexicon.map_or_else(|| self.is_stop_word(word), |lexicon| lexicon.is_stop_word(word)) {
            return String::new();
        }
        if word.contains(|c: char| c.is_ascii_digit()) {
            return clip(plain_number(word), MAX_TERM_BYTES).to_owned();
        }
        let word: String = word.chars().filter(|&c| c != '\'').collect();
        let word = clip(&word, MAX_TERM_BYTES);
        match lexicon {
            Some(lexicon) if word.is_ascii() || word.chars().all(script::is_cyrillic) => {
                lexicon.stemmer.stem(word)
            }
            None if word.is_ascii() => self.canonical_of(&self.stemmer.stem(word)).to_owned(),
            _ => word.to_owned(),
        }
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

/// Reduces "l'amico", "jusqu'ici" and "Anna's" to the word that counts.
fn without_elision<'w>(word: &'w str, lexicon: &Lexicon) -> &'w str {
    match word.rsplit_once('\'') {
        Some((head, "s" | "")) if !head.is_empty() => head,
        Some((head, rest)) if !rest.is_empty() && (lexicon.is_stop_word(head) || head.ends_with("qu")) => {
            rest
        }
        _ => word,
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

/// Buffers that are used again from text to text.
#[derive(Default)]
struct Scratch {
    memo: Memo,
    folded: String,
}
