//! Words of a text, in order: Unicode word boundaries (UAX 29) made fit for searching.
//!
//! UAX 29 joins "home.Then", "snake_case" and "node.js" into one word each; here they are cut, because the
//! commonest cause in chat is a missing space and because a query names the parts. What stays whole: letters
//! around an apostrophe ("don't"), digits around a point, comma or apostrophe ("3.14", "1,000"), and acronyms
//! of single letters ("U.S."). Runs of scripts without spaces come out whole, for the caller to cut.
//!
//! White space always ends a word, so a text is taken piece by piece, and only pieces with a character outside
//! ASCII pay for the Unicode tables. A property test keeps both ways equal.

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::script::{self, is_apostrophe};

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
pub(crate) fn words<'a>(text: &'a str, visit: &mut impl FnMut(Word<'a>)) {
    scan(text, false, visit);
}

fn scan<'a>(text: &'a str, tables_only: bool, visit: &mut impl FnMut(Word<'a>)) {
    let bytes = text.as_bytes();
    let mut out = Visitor { text, first: true, visit };
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() || bytes[at] == 0x0b {
            out.first |= bytes[at] == b'\n';
            at += 1;
            continue;
        }
        let mut ascii = !tables_only;
        let start = at;
        while at < bytes.len() && !bytes[at].is_ascii_whitespace() && bytes[at] != 0x0b {
            ascii &= bytes[at].is_ascii();
            at += 1;
        }
        if ascii {
            out.ascii_piece(start, at);
        } else {
            out.unicode_piece(start, at);
        }
    }
}

struct Visitor<'a, 'v, V> {
    text: &'a str,
    first: bool,
    visit: &'v mut V,
}

impl<'a, V: FnMut(Word<'a>)> Visitor<'a, '_, V> {
    fn emit(&mut self, kind: Kind, start: usize, end: usize) {
        let first = std::mem::replace(&mut self.first, false);
        (self.visit)(Word { kind, text: &self.text[start..end], offset: start, first });
    }

    /// A piece without white space that is all ASCII.
    fn ascii_piece(&mut self, start: usize, end: usize) {
        let bytes = &self.text.as_bytes()[..end];
        let mut at = start;
        while at < end {
            if !bytes[at].is_ascii_alphanumeric() {
                self.first |= matches!(bytes[at], b'.' | b'!' | b'?');
                at += 1;
                continue;
            }
            let begin = at;
            let mut joined = false;
            loop {
                at += 1;
                if at == end {
                    break;
                }
                if bytes[at].is_ascii_alphanumeric() {
                    continue;
                }
                let inner = matches!(bytes[at], b'\'' | b'.' | b',');
                if !(inner && at + 1 < end && bytes[at + 1].is_ascii_alphanumeric()) {
                    break;
                }
                joined = true;
            }
            if joined {
                self.split(begin, at);
            } else {
                self.emit(Kind::Word, begin, at);
            }
        }
    }

    /// A piece without ASCII white space that needs the Unicode tables.
    fn unicode_piece(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            // Dense runs are taken out first: UAX 29 cuts them into single characters or not at all.
            let rest = &self.text[at..end];
            let spaced = rest.find(|c| script::dense(c).is_some()).unwrap_or(rest.len());
            for (offset, segment) in rest[..spaced].split_word_bound_indices() {
                self.segment(at + offset, segment);
            }
            at += spaced;
            let rest = &self.text[at..end];
            let dense =
                rest.find(|c| script::dense(c).is_none() && !script::is_ignorable(c)).unwrap_or(rest.len());
            if dense > 0 {
                self.emit(Kind::Dense, at, at + dense);
            }
            at += dense;
        }
    }

    /// What lies between two UAX 29 boundaries: a word, a pictograph, punctuation or space.
    fn segment(&mut self, start: usize, segment: &str) {
        let Some(head) = segment.chars().next() else { return };
        if segment.contains(char::is_alphanumeric) {
            self.split(start, start + segment.len());
        } else if script::is_pictograph(head) || is_flag(head) {
            self.emit(Kind::Emoji, start, start + segment.len());
        } else {
            self.first |= segment.contains(ends_sentence);
        }
    }

    /// Cuts a UAX 29 word at every character that joins nothing for our purposes.
    fn split(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        let mut begin = start;
        let mut before = ' ';
        let mut chars = word.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            if c.is_alphanumeric() || is_combining_mark(c) || script::is_ignorable(c) {
                // Invisible characters and marks belong to the letter before them.
                if c.is_alphanumeric() {
                    before = c;
                }
                continue;
            }
            let after = chars.peek().map_or(' ', |&(_, next)| next);
            if joins(before, c, after) {
                continue;
            }
            self.soft_word(begin, start + offset);
            self.first |= ends_sentence(c);
            begin = start + offset + c.len_utf8();
            before = ' ';
        }
        self.soft_word(begin, end);
    }

    /// A word that may still hold points between letters: an acronym, or words without a space between.
    fn soft_word(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        if !word.contains(char::is_alphanumeric) {
            return;
        }
        let singles = |part: &str| part.chars().filter(|c| c.is_alphanumeric()).count() == 1;
        if !word.contains('.') {
            return self.emit(Kind::Word, start, end);
        }
        if word.split('.').all(singles) && !word.contains(char::is_numeric) {
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

fn is_flag(c: char) -> bool {
    matches!(c as u32, 0x1f1e6..=0x1f1ff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn collect(text: &str, tables_only: bool) -> Vec<(Kind, &str, usize, bool)> {
        let mut found = Vec::new();
        scan(text, tables_only, &mut |word| found.push((word.kind, word.text, word.offset, word.first)));
        found
    }

    #[test]
    fn words_are_cut_for_searching() {
        let texts = |text| collect(text, false).into_iter().map(|(_, word, ..)| word).collect::<Vec<_>>();
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
        #[test]
        fn the_ascii_way_equals_the_tables(text in "[ -~\\n\\t\\x0b\\x0c]{0,60}") {
            prop_assert_eq!(collect(&text, false), collect(&text, true));
        }

        #[test]
        fn the_ascii_way_equals_the_tables_on_dense_punctuation(text in "[aB1.,'_:; !-]{0,24}") {
            prop_assert_eq!(collect(&text, false), collect(&text, true));
        }

        #[test]
        fn pieces_lie_where_they_say(text in "\\PC{0,60}") {
            for (_, word, offset, _) in collect(&text, false) {
                prop_assert_eq!(&text[offset..offset + word.len()], word);
                prop_assert!(!word.is_empty());
            }
        }
    }
}
