//! Points that end an abbreviation and not a sentence, judged by the words on both sides.
//!
//! The Unicode rules already keep a sentence together when a lower-case word follows. What is left is a point,
//! a space and a capital: "Dr. Smith", "U.S. Army", "J. K. Rowling", against "in the U.S. He left".

use super::letters;
use crate::text::normalize::lowercase;

/// Whether the point at the end of `before` belongs to an abbreviation that `after` continues.
/// `before` ends in a point; `after` starts with the next word.
pub(super) fn continues(before: &str, after: &str) -> bool {
    let (earlier, last) = last_word(before);
    let after = letters::trim_start(after, is_opening);
    let next = &after[..letters::find(after, |c| !c.is_alphanumeric())];
    let Some(word) = letters::trim_start(last, is_opening).strip_suffix('.') else { return false };
    let lower = lowercase(word);
    let is_in = |list| letters::listed(list, b' ', &lower);

    if is_in(INSIDE_SENTENCES) {
        return true;
    }
    if is_in(BEFORE_NUMBERS) {
        return letters::starts(next, char::is_numeric);
    }
    let (_, earlier) = last_word(earlier);
    if matches!(word.len(), 1 | 2) && letters::all(word, |c| c.is_ascii_digit()) {
        // A list number is all there is so far; or a German date.
        return earlier.is_empty() || letters::listed(GERMAN_MONTHS, b' ', next);
    }
    if is_letter(word) && is_letter(next) && after[next.len()..].starts_with('.') {
        // "z. B.", "J. R. R."
        return true;
    }
    if letters::listed(OPENERS, b' ', &next.to_ascii_lowercase()) {
        return false;
    }
    if is_in(BEFORE_NAMES) {
        return true;
    }
    let mut rest = word;
    loop {
        let (part, after) = letters::cut(rest, b'.');
        if !is_letter(part) {
            return is_in(MAY_END_SENTENCES);
        }
        if part.len() == rest.len() {
            break;
        }
        rest = after;
    }
    // "U.S." and "5 p.m." go on unless a new sentence plainly starts; a single capital does after a name.
    if !is_letter(word) {
        return true;
    }
    let name = letters::trim_start(earlier, is_opening);
    let after_name = earlier.is_empty()
        || letters::starts(name, char::is_uppercase)
        || name.strip_suffix('.').is_some_and(is_letter);
    word != "I" && letters::starts(word, char::is_uppercase) && after_name
}

/// Whether a word, without its final point, is known to end in a point inside sentences.
pub(super) fn is_known(word: &str) -> bool {
    let lower = lowercase(word);
    let lists = [BEFORE_NAMES, INSIDE_SENTENCES, BEFORE_NUMBERS, MAY_END_SENTENCES, "etc"];
    letters::has(&lower, b'.')
        || letters::first(&lower).is_none_or(|c| c.len_utf8() == lower.len())
        || lists.iter().any(|list| letters::listed(list, b' ', &lower))
}

/// The last word of a text, and what stands before it.
fn last_word(text: &str) -> (&str, &str) {
    let text = letters::trim_end(text, char::is_whitespace);
    text.split_at(letters::trim_end(text, |c| !c.is_whitespace()).len())
}

fn is_letter(word: &str) -> bool {
    letters::first(word).is_some_and(|c| c.is_alphabetic() && c.len_utf8() == word.len())
}

/// Quotation marks and brackets in front of a word.
fn is_opening(c: char) -> bool {
    matches!(c, '"' | '\'' | '(' | '[' | '“' | '‘' | '«' | '„')
}

/// Titles: a name follows.
const BEFORE_NAMES: &str =
    "mr mrs ms mx dr prof rev hon gen col sgt capt lt cmdr gov sen mme mlle sra srta mt";

/// Never the end of a sentence.
const INSIDE_SENTENCES: &str = "e.g i.e eg vs cf viz approx resp z.b d.h u.a bzw ca sog p.ex";

/// An end of a sentence unless a number follows: "No. 5" against "No."
const BEFORE_NUMBERS: &str =
    "no nr nos vol fig figs ch p pp art sec eq jan feb mar apr jun jul aug sep sept oct nov dec tel ext";

/// An abbreviation unless a new sentence plainly starts after it.
const MAY_END_SENTENCES: &str = "st ave blvd rd jr sr co corp inc ltd dept univ ft";

const GERMAN_MONTHS: &str =
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember Jahrhundert";

/// Words that, capitalised after a point, open a sentence rather than go on with a name.
const OPENERS: &str = "\
    i he she it we you they this that these those there the a an my our his her its their your and but \
    or so then because if when what where who why how which is are was were do does did can could will \
    would should in on at after before now today tomorrow yesterday also not no yes let for with as to";
