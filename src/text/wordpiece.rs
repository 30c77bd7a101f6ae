//! WordPiece: a text as pieces of the vocabulary that the token table has a vector for each of.
//!
//! Exactly as the table's teacher reads a text (the uncased tokenizer of BERT): control characters go, Chinese
//! characters and punctuation stand alone, letters are lower-cased and lose their accents, and each word is cut
//! into the longest pieces from left to right. A word of more than a hundred characters, or with a part that is
//! in no piece, is unknown as a whole.
//!
//! This is not the [analyzer](super::analyzer): terms are stemmed and fold more spellings together, but a vector
//! fits a text only if it is cut as in training. How characters outside ASCII are treated is a table asked of the
//! original (`tools/distil/wordpiece_data.py`), because its Unicode is older than ours.

use std::sync::OnceLock;

use super::unicode;
use edgemem_kernels::pieces::Pieces;

/// What stands for a word that is not in the vocabulary.
pub const UNKNOWN: u32 = u32::MAX;

/// A vocabulary, and how to read texts with it. Pieces are numbered from zero.
#[derive(Clone, Debug)]
pub struct Wordpiece {
    pieces: Pieces,
}

impl Wordpiece {
    /// A vocabulary from the lengths and letters of its pieces, see [`Pieces::new`], also for the errors.
    pub fn new(lengths: &[u8], letters: &str) -> Result<Wordpiece, &'static str> {
        Ok(Wordpiece { pieces: Pieces::new(lengths, letters)? })
    }

    /// The vocabulary.
    pub fn pieces(&self) -> &Pieces {
        &self.pieces
    }

    /// Appends the pieces of a text, with [`UNKNOWN`] for each word that is not in the vocabulary.
    pub fn tokenize(&self, text: &str, out: &mut Vec<u32>) {
        let mut words = Words { pieces: &self.pieces, word: String::new(), chars: 0, out };
        let mut decomposed = Vec::new();
        for c in text.chars() {
            if c.is_ascii() {
                words.take_ascii(c);
            } else {
                words.take_other(c, &mut decomposed);
            }
        }
        words.end();
    }
}

/// The word that is being read, and the pieces of those before it.
struct Words<'a> {
    pieces: &'a Pieces,
    word: String,
    chars: usize,
    out: &'a mut Vec<u32>,
}

impl Words<'_> {
    fn take_ascii(&mut self, c: char) {
        if c.is_ascii_alphanumeric() {
            self.push(c.to_ascii_lowercase());
        } else if c.is_ascii_punctuation() {
            self.end();
            self.push(c);
            self.end();
        } else if matches!(c, ' ' | '\t' | '\n' | '\r') {
            self.end();
        }
        // Every other control character, even the form feed, is removed: it does not part words.
    }

    fn take_other(&mut self, c: char, decomposed: &mut Vec<char>) {
        let tables = Tables::get();
        match tables.kind(c) {
            Some(Kind::Removed | Kind::Stripped) => {}
            None if c.is_whitespace() => self.end(),
            kind => {
                let alone = kind == Some(Kind::Alone);
                if alone {
                    self.end();
                }
                decomposed.clear();
                tables.decompose(c, decomposed);
                for &part in decomposed.iter() {
                    if tables.kind(part) != Some(Kind::Stripped) {
                        self.push(unicode::lower(part));
                    }
                }
                if alone {
                    self.end();
                }
            }
        }
    }

    fn push(&mut self, c: char) {
        self.chars += 1;
        // A longer word is unknown whatever it goes on with, so its rest need not be kept.
        if self.chars <= MAX_CHARS {
            self.word.push(c);
        }
    }

    fn end(&mut self) {
        if self.chars == 0 {
            return;
        }
        if self.chars > MAX_CHARS || !self.pieces.cut(&self.word, self.out) {
            self.out.push(UNKNOWN);
        }
        self.word.clear();
        self.chars = 0;
    }
}

/// The longest word that is cut, in characters.
const MAX_CHARS: usize = 100;

/// What is special about a character outside ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Removed,
    /// Punctuation and Chinese characters: each is a word.
    Alone,
    /// Accents.
    Stripped,
}

/// First character, count.
type Range = (u32, u32);

struct Tables {
    kinds: Vec<(Range, Kind)>,
    /// Characters whose decomposition is one of compatibility, which is not applied.
    compatible: Vec<Range>,
}

impl Tables {
    fn get() -> &'static Tables {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(|| Tables::read(include_bytes!("wordpiece.bin")))
    }

    /// The format is written by `tools/distil/wordpiece_data.py`.
    fn read(bytes: &[u8]) -> Tables {
        let mut file = unicode::Reader { bytes };
        let mut tables = Tables { kinds: Vec::new(), compatible: Vec::new() };
        let mut column = file.column();
        let mut code = 0;
        while !column.bytes.is_empty() {
            let (first, shape) = (code + column.number(), column.number());
            let kind = match shape & 3 {
                0 => Kind::Removed,
                1 => Kind::Alone,
                _ => Kind::Stripped,
            };
            tables.kinds.push(((first, shape >> 2), kind));
            code = first + (shape >> 2);
        }
        let mut column = file.column();
        let mut code = 0;
        while !column.bytes.is_empty() {
            let (first, count) = (code + column.number(), column.number());
            tables.compatible.push((first, count));
            code = first + count;
        }
        tables
    }

    fn kind(&self, c: char) -> Option<Kind> {
        let code = c as u32;
        let after = self.kinds.partition_point(|&((first, _), _)| first <= code);
        let ((first, count), kind) = *self.kinds.get(after.checked_sub(1)?)?;
        (code < first + count).then_some(kind)
    }

    /// Canonical decomposition. Of the characters in `SPACED` the table of `unicode` knows only the compatible
    /// one, which begins with a space or another letter; here their accents would be stripped anyway.
    fn decompose(&self, c: char, out: &mut Vec<char>) {
        let code = c as u32;
        if let Some(&(_, base)) = SPACED.iter().find(|(accented, _)| accented.contains(&code)) {
            return out.push(base);
        }
        let after = self.compatible.partition_point(|&(first, _)| first <= code);
        let range = after.checked_sub(1).and_then(|at| self.compatible.get(at));
        match range {
            Some(&(first, count)) if code < first + count => out.push(c),
            _ => unicode::decompose(c, out),
        }
    }
}

/// Characters whose canonical decomposition is followed by one of compatibility, and what is left of them
/// without accents.
const SPACED: &[(std::ops::RangeInclusive<u32>, char)] = &[
    (0x0385..=0x0385, '\u{a8}'),
    (0x03d3..=0x03d4, '\u{3d2}'),
    (0x1e9b..=0x1e9b, '\u{17f}'),
    (0x1fc1..=0x1fc1, '\u{a8}'),
    (0x1fcd..=0x1fcf, '\u{1fbf}'),
    (0x1fdd..=0x1fdf, '\u{1ffe}'),
    (0x1fed..=0x1fee, '\u{a8}'),
    (0x1ffd..=0x1ffd, '\u{b4}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let letters = ["un", "aff", "able", "!", "e", "東", "!", "x"];
        let lengths = [2, 3 | 128, 4 | 128, 1, 1, 3, 1 | 128, 1];
        let vocabulary = Wordpiece::new(&lengths, &letters.concat()).unwrap();
        let mut out = Vec::new();
        vocabulary.tokenize(text, &mut out);
        let piece = |&piece: &u32| match vocabulary.pieces().get(piece) {
            Some((letters, false)) => letters.to_owned(),
            Some((letters, true)) => format!("##{letters}"),
            None => "?".to_owned(),
        };
        out.iter().map(piece).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn texts_are_read_as_the_teacher_reads_them() {
        for (text, pieces) in [
            ("", ""),
            (" \t\u{3000}", ""),
            ("Unaffable!", "un ##aff ##able !"),
            ("un\u{0}affable un\u{200d}able", "un ##aff ##able un ##able"),
            ("unaffablely un", "? un"),
            ("É e\u{301} È", "e e e"),
            ("un東un", "un 東 un"),
            ("\u{301}", ""),
            ("un\u{85}able un\u{c}able un\u{a0}un", "un ##able un ##able un un"),
        ] {
            assert_eq!(shown(text), pieces, "{text:?}");
        }
        assert_eq!(shown(&"un".repeat(60)), "?");
        assert_eq!(shown(&format!("un{} un", "able".repeat(24))), format!("un{} un", " ##able".repeat(24)));
    }
}
