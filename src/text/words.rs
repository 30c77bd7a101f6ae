//! Words of a text, in order, cut for searching.
//!
//! A word is a run of letters, digits and the marks on them, as in the Unicode word boundaries (UAX 29), whose
//! tables would cost 13 kB of compressed wasm for nothing that searching needs. Different from UAX 29 on
//! purpose: "home.Then", "snake_case" and "node.js" are cut, because the commonest cause in chat is a missing space
//! and because a query names the parts. What stays whole: letters around an apostrophe ("don't"), digits around
//! a point, comma or apostrophe ("3.14", "1,000"), acronyms of single letters ("U.S."). Runs of scripts
//! without spaces come out whole, for the caller to cut.

use super::script::{self, is_apostrophe};
use super::unicode;

/// One piece of a text, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Byte offset of `text` in the whole.
    pub offset: usize,
    /// Whether a sentence begins here: the first word of the text, of a line, or after a full stop.
    pub first: bool,
}

/// What a piece is, which decides how it becomes terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters and digits, with the inner apostrophes and digit separators named above.
    Word,
    /// Single letters joined by points, without the last point: "U.S".
    Acronym,
    /// A run of characters of a script without spaces.
    Dense,
    /// A pictograph with its modifiers.
    Emoji,
}

/// Visits every word of the text in order.
pub(crate) fn words<'a>(text: &'a str, visit: &mut dyn FnMut(Word<'a>)) {
    let bytes = text.as_bytes();
    let mut out = Visitor { text, first: true, visit };
    let mut at = 0;
    while at < bytes.len() {
        // This loop sees every byte of every text; what is ASCII never becomes a `char`.
        if bytes[at].is_ascii_alphanumeric() {
            at = out.word(at);
        } else if bytes[at].is_ascii() {
            out.first |= matches!(bytes[at], b'.' | b'!' | b'?' | b'\n');
            at += 1;
        } else {
            at = out.unicode(at);
        }
    }
}

struct Visitor<'a, 'v> {
    text: &'a str,
    first: bool,
    visit: &'v mut dyn FnMut(Word<'a>),
}

impl<'a> Visitor<'a, '_> {
    fn emit(&mut self, kind: Kind, start: usize, end: usize) {
        let first = std::mem::replace(&mut self.first, false);
        (self.visit)(Word { kind, text: &self.text[start..end], offset: start, first });
    }

    /// The word that begins at `start`; returns where it ends.
    fn word(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut has_points = false;
        // The last letter or digit: marks belong to it.
        let mut before = ' ';
        while at < bytes.len() {
            if bytes[at].is_ascii_alphanumeric() {
                before = char::from(bytes[at]);
                at += 1;
                continue;
            }
            if bytes[at].is_ascii() && !matches!(bytes[at], b'\'' | b'.' | b',' | b'"') {
                break;
            }
            let mut rest = self.text[at..].chars();
            let Some(c) = rest.next() else { break };
            if c.is_alphanumeric() && script::dense(c).is_none() {
                before = c;
            } else if !(unicode::is_mark(c) || script::is_ignorable(c)) {
                let after = rest.next().filter(|&after| script::dense(after).is_none()).unwrap_or(' ');
                if !joins(before, c, after) {
                    break;
                }
                has_points |= c == '.';
            }
            at += c.len_utf8();
        }
        if has_points {
            self.pointed(start, at)
        } else {
            self.emit(Kind::Word, start, at)
        }
        at
    }

    /// What begins with the character outside ASCII at `start`; returns where to go on.
    fn unicode(&mut self, start: usize) -> usize {
        let rest = &self.text[start..];
        let Some(c) = rest.chars().next() else { return self.text.len() };
        let end_of = |ends: &dyn Fn(char) -> bool| start + rest.find(ends).unwrap_or(rest.len());
        if script::dense(c).is_some() {
            let end = end_of(&|c| script::dense(c).is_none() && !script::is_ignorable(c));
            self.emit(Kind::Dense, start, end);
            return end;
        }
        if c.is_alphanumeric() {
            return self.word(start);
        }
        if script::is_flag_letter(c) || script::is_pictograph(c) {
            let end = start + pictograph_length(rest);
            self.emit(Kind::Emoji, start, end);
            return end;
        }
        self.first |= ends_sentence(c);
        start + c.len_utf8()
    }

    /// A word with points between letters or digits: a number, an acronym, or words without a space between.
    fn pointed(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        let is_letter = |part: &str| {
            part.chars().filter(|c| c.is_alphanumeric()).count() == 1 && !part.contains(char::is_numeric)
        };
        if word.split('.').all(is_letter) {
            return self.emit(Kind::Acronym, start, end);
        }
        let mut begin = start;
        for (offset, _) in word.match_indices('.') {
            let point = start + offset;
            if self.text[point + 1..].starts_with(char::is_numeric) {
                continue;
            }
            self.emit(Kind::Word, begin, point);
            self.first = true;
            begin = point + 1;
        }
        self.emit(Kind::Word, begin, end);
    }
}

/// The length in bytes of the pictograph at the start, with what modifies it and what is joined to it; or of a flag.
fn pictograph_length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    let mut joined = true;
    let mut letters = 0;
    while let Some(&(at, c)) = chars.peek() {
        if script::is_flag_letter(c) && letters < 2 && at == letters * c.len_utf8() {
            letters += 1;
        } else if script::is_ignorable(c) || script::is_skin_tone(c) || c == '\u{20e3}' {
            joined = c == '\u{200d}';
        } else if joined && letters == 0 && script::is_pictograph(c) {
            joined = false;
        } else {
            return at;
        }
        chars.next();
    }
    text.len()
}

/// Whether `c` holds the characters around it together.
fn joins(before: char, c: char, after: char) -> bool {
    let letters = before.is_alphabetic() && after.is_alphabetic();
    let digits = before.is_numeric() && after.is_numeric();
    match c {
        '.' => letters || digits,
        ',' => digits,
        // Hebrew abbreviations: a quotation mark before the last letter.
        '"' | '\u{05f3}' | '\u{05f4}' => letters,
        c if is_apostrophe(c) => letters || digits,
        _ => false,
    }
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' | '؟' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    fn texts(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        words(text, &mut |word| found.push(word.text));
        found
    }

    #[test]
    fn words_are_cut_for_searching() {
        assert_eq!(texts("Hi! I don't, he said."), ["Hi", "I", "don't", "he", "said"]);
        assert_eq!(texts("went home.Then slept"), ["went", "home", "Then", "slept"]);
        assert_eq!(
            texts("U.S. and node.js 3.14 1,000 v2.0 10:30"),
            ["U.S", "and", "node", "js", "3.14", "1,000", "v2.0", "10", "30"]
        );
        assert_eq!(texts("snake_case a@b.com it’s"), ["snake", "case", "a", "b", "com", "it’s"]);
        assert_eq!(texts("東京2020へ行く"), ["東京", "2020", "へ行く"]);
        assert_eq!(texts("צה\"ל"), ["צה\"ל"]);
        assert_eq!(texts("ok 👨‍👩‍👧 🇵🇹"), ["ok", "👨‍👩‍👧", "🇵🇹"]);
    }

    proptest! {
        /// Where neither side has special rules, words are those of UAX 29. (A vowel sign without a letter to hang
        /// on to is left out: the standard joins it to white space.)
        #[test]
        fn words_are_those_of_the_unicode_standard(
            parts in proptest::collection::vec("[ \\n\\t!?()&/+«»—…¿]?[a-zA-Z0-9éßÅÆłıİжЖёΣςאבשابتहनकদ][िी\u{301}\u{308}\u{94d}]?", 0..20),
        ) {
            let text = parts.concat();
            prop_assert_eq!(texts(&text), text.unicode_words().collect::<Vec<_>>());
        }

        #[test]
        fn apostrophes_join_as_in_the_unicode_standard(text in "[a-c1-3 ’'-]{0,24}") {
            let plain = text.replace('’', "'");
            prop_assert_eq!(texts(&text).len(), texts(&plain).len());
            prop_assert_eq!(texts(&plain), plain.unicode_words().collect::<Vec<_>>());
        }

        #[test]
        fn pieces_lie_where_they_say_and_hold_every_letter(text in "\\PC{0,60}") {
            let mut end = 0;
            words(&text, &mut |word| {
                assert_eq!(&text[word.offset..word.offset + word.text.len()], word.text);
                assert!(!text[end..word.offset].contains(char::is_alphanumeric), "{text:?}");
                end = word.offset + word.text.len();
            });
            prop_assert!(!text[end..].contains(char::is_alphanumeric));
        }
    }
}
