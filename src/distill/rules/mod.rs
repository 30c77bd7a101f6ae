//! The rules as data: for each language a table of patterns and of words, read once and interpreted by
//! [`super::matcher`].
//!
//! A line of patterns is `pattern => outcome; outcome`. A pattern is matched word by word from the beginning of a
//! clause. Its elements, separated by spaces:
//!
//! | element | matches |
//! | --- | --- |
//! | `live/lives` | one of these folded words; with `?` at the end, or none |
//! | `<vegan/vegetarian>` | one of these words, which is an object |
//! | `$` | a person: the speaker, the listener, a name, "my sister Eva"; and the adverbs after it |
//! | `%` | a thing: "the server" |
//! | `^` | something of someone: "my email", "Rex's vet", "the deadline for the thesis"; it is the slot |
//! | `@` | one to three words, which stand for `@` in the outcome |
//! | `~` | any number of adverbs |
//! | `,` | a mark may follow here |
//! | `!` | a verb that tells the assistant what to do |
//! | `*` | an object up to the end of the clause, or up to what the pattern names next; a letter restricts it, see [`super::objects`] |
//!
//! An outcome is `procedural`, `task`, `correct`, or `predicate|slot|flags`. In predicate and slot `*` is the folded object
//! and `+` the first object. Flags: `-` it has ended; `&` the object may be several, joined by "and"; `t` it happened when the clause says;
//! `=like` the object is this word instead. The second outcome has the second object, if there are two; `1` and `0` as
//! flags choose one.

mod chinese;
mod english;
mod german;
mod spanish;

use std::sync::OnceLock;

use crate::sorted;
use crate::text::{Language, find};

/// What a word may be; one word can be several of these.
pub(super) const I: u32 = 1;
pub(super) const YOU: u32 = 1 << 1;
pub(super) const MY: u32 = 1 << 2;
pub(super) const YOUR: u32 = 1 << 3;
/// "the", "our": before a thing.
pub(super) const THE: u32 = 1 << 4;
/// Sister, dog: someone of whom one may have several.
pub(super) const RELATION: u32 = 1 << 5;
/// Wife, boss: someone of whom one has one.
pub(super) const ONLY: u32 = 1 << 6;
pub(super) const ADVERB: u32 = 1 << 7;
/// May stand before a clause: "well", "and", "so".
pub(super) const FILLER: u32 = 1 << 8;
/// A clause may begin after it.
pub(super) const AND: u32 = 1 << 9;
/// What follows it is not said to be so: "if", "wish".
pub(super) const UNREAL: u32 = 1 << 10;
/// No object begins with it, nor is it one.
pub(super) const STOP: u32 = 1 << 11;
/// No object goes on after it.
pub(super) const END: u32 = 1 << 12;
/// The same, for names and values.
pub(super) const NAME_END: u32 = 1 << 13;
/// Dropped from the beginning of an object.
pub(super) const ARTICLE: u32 = 1 << 14;
/// Dropped from the end of an object.
pub(super) const TAIL: u32 = 1 << 15;
/// A job, when an object ends with it.
pub(super) const JOB: u32 = 1 << 16;
/// What things have that is a value: email, deadline.
pub(super) const VALUE: u32 = 1 << 17;
pub(super) const TITLE: u32 = 1 << 18;
/// Tells the assistant what to do.
pub(super) const ORDER: u32 = 1 << 19;
/// Nothing one must do in earnest: "say", "admit".
pub(super) const IDLE: u32 = 1 << 20;
pub(super) const MONTH: u32 = 1 << 21;
pub(super) const WEEKDAY: u32 = 1 << 22;
pub(super) const UNIT: u32 = 1 << 23;
pub(super) const NUMBER: u32 = 1 << 24;
pub(super) const SEASON: u32 = 1 << 25;
/// Before a date: "on", "by".
pub(super) const BEFORE_DATE: u32 = 1 << 26;
pub(super) const SINCE: u32 = 1 << 27;
pub(super) const UNTIL: u32 = 1 << 28;
/// Shows that a clause tells of the past.
pub(super) const PAST: u32 = 1 << 29;
/// Makes a question of what it ends.
pub(super) const ASKS: u32 = 1 << 30;
/// "is", "are".
pub(super) const IS: u32 = 1 << 31;

/// Contractions written without an apostrophe.
pub(super) const SHORTHANDS: &[(&str, &str, &str)] = &[
    ("im", "i", "am"),
    ("ive", "i", "have"),
    ("dont", "do", "not"),
    ("doesnt", "does", "not"),
    ("cant", "can", "not"),
    ("didnt", "did", "not"),
    ("youre", "you", "are"),
];

/// A pattern and what follows from it.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub pattern: &'static str,
    pub outcome: &'static str,
}

/// What is written down about a language.
pub(super) struct Source {
    pub language: Language,
    /// Lines of patterns and outcomes.
    pub rules: &'static str,
    /// Lines of patterns and shifts; see [`super::dates`].
    pub dates: &'static str,
    /// Classes and their words, each with its canonical name after `=` if that is another.
    pub words: &'static [(u32, &'static str)],
    /// The favourite: "favorite", "lieblings", "favorito".
    pub favourite: &'static [&'static str],
    /// "of" and "for" between a value and what has it.
    pub of: &'static [&'static str],
    /// The most words of a name.
    pub longest_name: usize,
}

/// A language's table, ready for use.
pub(super) struct Table {
    pub language: Language,
    pub source: &'static Source,
    pub rules: Vec<Rule>,
    pub dates: Vec<Rule>,
    words: Vec<Word>,
    /// Places in `words`, plus one, at the hash of the word or after it; zero where there is none.
    slots: Vec<u16>,
    /// Rules that begin with no certain word, as [`Word::begins`].
    others: Vec<u16>,
}

/// What is known of a word.
struct Word {
    word: &'static str,
    classes: u32,
    canonical: &'static str,
    /// The rules that may begin with it: their number, and [`PERSON`] or [`DATE`]. Of two hundred rules few are left to try.
    begins: Vec<u16>,
}

/// Added to the number of a rule that begins with a person and then the word.
const PERSON: u16 = 1 << 14;
/// Added to the number of a date's rule.
const DATE: u16 = 1 << 15;

const SOURCES: [&Source; 4] = [&english::SOURCE, &german::SOURCE, &spanish::SOURCE, &chinese::SOURCE];

/// The table of a language, if it has one.
pub(super) fn table(language: Language) -> Option<&'static Table> {
    static TABLES: OnceLock<Vec<Table>> = OnceLock::new();
    let tables = TABLES.get_or_init(|| SOURCES.iter().map(|source| Table::new(source)).collect());
    tables.iter().find(|table| table.language == language)
}

impl Table {
    fn new(source: &'static Source) -> Table {
        let (rules, dates) = (lines(source.rules), lines(source.dates));
        let mut words: Vec<Word> = Vec::new();
        for &(classes, list) in source.words {
            for entry in list.split_ascii_whitespace() {
                let (word, canonical) = entry.split_once('=').unwrap_or((entry, ""));
                words.push(Word { word, classes, canonical, begins: Vec::new() });
            }
        }
        let mut others = Vec::new();
        for (rules, mark) in [(&rules, 0), (&dates, DATE)] {
            for (index, rule) in rules.iter().enumerate() {
                let number = index as u16 | mark;
                let (number, rest) = match rule.pattern.strip_prefix("$ ") {
                    Some(rest) => (number | PERSON, rest),
                    None => (number, rule.pattern),
                };
                let mut is_open = true;
                for element in rest.split(' ') {
                    let required = element.strip_suffix('?');
                    let alternatives = required.unwrap_or(element);
                    let special = alternatives.starts_with(['$', '%', '^', '@', '!', '*', '<']);
                    is_open = special
                        || alternatives.starts_with(|c: char| c.is_ascii_uppercase())
                        || alternatives == "m";
                    if is_open {
                        break;
                    }
                    let is_word = !matches!(alternatives, "~" | ",");
                    for word in alternatives.split('/').filter(|_| is_word) {
                        words.push(Word { word, classes: 0, canonical: "", begins: vec![number] });
                    }
                    if is_word && required.is_none() {
                        break;
                    }
                }
                if is_open {
                    others.push(number);
                }
            }
        }
        sorted::sort(&mut words, |a, b| a.word.cmp(b.word));
        words.dedup_by(|next, kept| {
            let same = next.word == kept.word;
            if same {
                kept.classes |= next.classes;
                kept.canonical = if next.canonical.is_empty() { kept.canonical } else { next.canonical };
                kept.begins.append(&mut next.begins);
            }
            same
        });
        let mut slots = vec![0; SLOTS];
        for (at, entry) in words.iter().enumerate() {
            let mut slot = hash(entry.word);
            while slots[slot % SLOTS] != 0 {
                slot += 1;
            }
            slots[slot % SLOTS] = at as u16 + 1;
        }
        Table { language: source.language, source, rules, dates, words, slots, others }
    }

    fn find(&self, word: &str) -> Option<&Word> {
        let mut slot = hash(word);
        loop {
            let entry = &self.words[usize::from(self.slots[slot % SLOTS].checked_sub(1)?)];
            if entry.word == word {
                return Some(entry);
            }
            slot += 1;
        }
    }

    /// The classes of a folded word and its canonical name.
    pub fn known(&self, word: &str) -> (u32, &'static str) {
        self.find(word).map_or((0, ""), |word| (word.classes, word.canonical))
    }

    /// The table's copy of a word that it holds.
    pub fn own_word(&self, word: &str) -> Option<&'static str> {
        self.find(word).map(|word| word.word)
    }

    /// The rules that may match where this word stands, in their order; `verb`: the word after the person who stands there.
    pub fn candidates(&self, word: &str, verb: Option<&str>, found: &mut Vec<u16>) {
        found.clear();
        take(&self.others, 0, found);
        take(self.begins(word), 0, found);
        if let Some(verb) = verb {
            take(&self.others, PERSON, found);
            take(self.begins(verb), PERSON, found);
        }
    }

    /// The dates' rules that may match where this word stands, in their order.
    pub fn date_candidates(&self, word: &str, is_special: bool, found: &mut Vec<u16>) {
        found.clear();
        take(self.begins(word), DATE, found);
        if is_special {
            take(&self.others, DATE, found);
        }
    }

    fn begins(&self, word: &str) -> &[u16] {
        self.find(word).map_or(&[], |word| &word.begins)
    }

    /// The length in bytes of the longest word of the table, of several characters, that a text without spaces begins with.
    pub fn dense_word(&self, text: &str) -> Option<usize> {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).skip(1).take(5);
        ends.filter(|&end| self.find(&text[..end]).is_some()).last()
    }
}

/// Puts the rules with this mark where they belong in order, without the mark.
fn take(begins: &[u16], mark: u16, found: &mut Vec<u16>) {
    for &rule in begins.iter().filter(|&&rule| rule & (PERSON | DATE) == mark) {
        let rule = rule & !mark;
        let at = found.partition_point(|&other| other < rule);
        found.insert(at, rule);
    }
}

/// Several times the words of the largest table, so that most words that it does not hold are known by one look.
const SLOTS: usize = 1 << 13;

fn hash(word: &str) -> usize {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = word.bytes().fold(0x811c_9dc5, mix);
    (hash ^ hash >> 15) as usize
}

fn lines(text: &'static str) -> Vec<Rule> {
    let rule = |line: &'static str| {
        let (pattern, outcome) = find::split_once(line, " => ")?;
        Some(Rule { pattern, outcome })
    };
    text.lines().filter_map(rule).collect()
}
