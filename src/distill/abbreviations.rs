//! Points that end an abbreviation and not a sentence, judged by the words on both sides.
//!
//! The Unicode rules already keep a sentence together when a lower-case word follows. What is left is a point,
//! a space and a capital: "Dr. Smith", "U.S. Army", "J. K. Rowling", against "in the U.S. He left".

use crate::text::normalize::lowercase;

/// Whether the point at the end of `before` belongs to an abbreviation that `after` continues.
/// `before` ends in a point; `after` starts with the next word.
pub(super) fn continues(before: &str, after: &str) -> bool {
    let mut words = before.split_whitespace().rev();
    let last = words.next().unwrap_or_default().trim_start_matches(OPENING);
    let earlier = words.next();
    let next =
        after.trim_start_matches(OPENING).split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let Some(word) = last.strip_suffix('.') else { return false };
    let lower = lowercase(word);
    let number_follows = next.starts_with(|c: char| c.is_numeric());

    if INSIDE_SENTENCES.contains(&lower.as_str()) {
        return true;
    }
    if BEFORE_NUMBERS.contains(&lower.as_str()) {
        return number_follows;
    }
    if !word.is_empty() && word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit()) {
        // A list number is all there is so far; or a German date.
        return earlier.is_none() || GERMAN_MONTHS.contains(&next);
    }
    let is_letter = |word: &str| word.chars().count() == 1 && word.starts_with(char::is_alphabetic);
    if is_letter(word) && is_letter(next) && after.trim_start_matches(OPENING)[next.len()..].starts_with('.')
    {
        // "z. B.", "J. R. R."
        return true;
    }
    if opens_sentence(next) {
        return false;
    }
    if BEFORE_NAMES.contains(&lower.as_str()) {
        return true;
    }
    let mut letters =
        word.split('.').map(|part| (part.chars().count(), part.chars().all(char::is_alphabetic)));
    if !letters.all(|part| part == (1, true)) {
        return MAY_END_SENTENCES.contains(&lower.as_str());
    }
    // "U.S." and "5 p.m." go on unless a new sentence plainly starts; a single capital does after a name.
    let is_initial = is_letter(word);
    let after_name = earlier.map(|w| w.trim_start_matches(OPENING)).is_none_or(|earlier| {
        earlier.starts_with(char::is_uppercase) || earlier.strip_suffix('.').is_some_and(is_letter)
    });
    !is_initial || word != "I" && word.starts_with(char::is_uppercase) && after_name
}

/// Whether a word, without its final point, is known to end in a point inside sentences.
pub(super) fn is_known(word: &str) -> bool {
    let lower = lowercase(word);
    let lists = [BEFORE_NAMES, INSIDE_SENTENCES, BEFORE_NUMBERS, MAY_END_SENTENCES];
    lower == "etc"
        || lower.contains(['.'])
        || lower.chars().count() < 2
        || lists.iter().any(|l| l.contains(&lower.as_str()))
}

/// Quotation marks and brackets in front of a word.
const OPENING: &[char] = &['"', '\'', '(', '[', '“', '‘', '«', '„'];

/// Titles: a name follows.
const BEFORE_NAMES: &[&str] = &[
    "mr", "mrs", "ms", "mx", "dr", "prof", "rev", "hon", "gen", "col", "sgt", "capt", "lt", "cmdr", "gov",
    "sen", "mme", "mlle", "sra", "srta", "mt",
];

/// Never the end of a sentence.
const INSIDE_SENTENCES: &[&str] = &[
    "e.g", "i.e", "eg", "vs", "cf", "viz", "approx", "resp", "z.b", "d.h", "u.a", "bzw", "ca", "sog", "p.ex",
];

/// An end of a sentence unless a number follows: "No. 5" against "No."
const BEFORE_NUMBERS: &[&str] = &[
    "no", "nr", "nos", "vol", "fig", "figs", "ch", "p", "pp", "art", "sec", "eq", "jan", "feb", "mar", "apr",
    "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "tel", "ext",
];

/// An abbreviation unless a new sentence plainly starts after it.
const MAY_END_SENTENCES: &[&str] =
    &["st", "ave", "blvd", "rd", "jr", "sr", "co", "corp", "inc", "ltd", "dept", "univ", "ft"];

const GERMAN_MONTHS: &[&str] = &[
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
    "Jahrhundert",
];

/// Words that, capitalised after a point, open a sentence rather than go on with a name.
fn opens_sentence(word: &str) -> bool {
    const OPENERS: &[&str] = &[
        "i",
        "he",
        "she",
        "it",
        "we",
        "you",
        "they",
        "this",
        "that",
        "these",
        "those",
        "there",
        "the",
        "a",
        "an",
        "my",
        "our",
        "his",
        "her",
        "its",
        "their",
        "your",
        "and",
        "but",
        "or",
        "so",
        "then",
        "because",
        "if",
        "when",
        "what",
        "where",
        "who",
        "why",
        "how",
        "which",
        "is",
        "are",
        "was",
        "were",
        "do",
        "does",
        "did",
        "can",
        "could",
        "will",
        "would",
        "should",
        "in",
        "on",
        "at",
        "after",
        "before",
        "now",
        "today",
        "tomorrow",
        "yesterday",
        "also",
        "not",
        "no",
        "yes",
        "let",
        "for",
        "with",
        "as",
        "to",
    ];
    OPENERS.iter().any(|opener| opener.eq_ignore_ascii_case(word))
}
