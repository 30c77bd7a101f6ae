//! A statement as tokens: folded words with what the language's table knows of them, and the breaks between them.
//!
//! Other than the words of searching, tokens keep what values are made of ("anna@example.com", "$7,500", "9:30"),
//! and contractions are taken apart ("I'm" is "i", "am"), so that patterns need one spelling only.

use super::letters;
use super::rules::{self, Table};
use crate::text::Language;
use crate::text::normalize::fold_into;
use crate::text::script;

/// A longer statement's end is not read: what it says of someone stands at its beginning.
const MOST_TOKENS: usize = 400;

/// One word, as the patterns see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// Its bytes in the statement.
    pub start: usize,
    pub end: usize,
    /// Its bytes in the folded text.
    folded: (usize, usize),
    /// Whether it begins with a capital.
    pub capital: bool,
    /// Whether a mark stands between it and the word before.
    pub broken: bool,
    /// Whether it is inside quotation marks.
    pub quoted: bool,
    /// What the table knows of it.
    pub classes: u32,
    /// The table's one name for it and its like: "mother" for "mom", "3" for "three".
    pub canonical: &'static str,
}

/// A statement's tokens.
pub(super) struct Tokens<'a> {
    pub text: &'a str,
    pub list: Vec<Token>,
    pub table: &'static Table,
    /// Whether the writer uses capitals, so that a name without one is none.
    pub capitals: bool,
    /// Whether it ends as a question.
    pub asks: bool,
    folded: String,
}

impl<'a> Tokens<'a> {
    /// The tokens of a statement, for a language's table.
    pub fn of(text: &'a str, table: &'static Table) -> Tokens<'a> {
        let trimmed = letters::trim_end(text, |c| !c.is_alphanumeric() && !matches!(c, '?' | '？'));
        let letter = letters::find(text, char::is_alphabetic);
        let mut tokens = Tokens {
            text,
            list: Vec::with_capacity(text.len() / 5 + 1),
            table,
            capitals: letters::starts(&text[letter..], char::is_uppercase),
            asks: letters::ends(trimmed, |c| matches!(c, '?' | '？')),
            folded: String::with_capacity(text.len() + 8),
        };
        tokens.read();
        if tokens.list.last().is_some_and(|last| last.classes & rules::ASKS != 0) {
            tokens.asks = true;
        }
        tokens
    }

    /// The folded word at a place; empty beyond the end.
    pub fn word(&self, at: usize) -> &str {
        self.list.get(at).map_or("", |token| &self.folded[token.folded.0..token.folded.1])
    }

    /// Whether the word at a place belongs to one of these classes.
    #[inline(never)]
    pub fn is(&self, at: usize, classes: u32) -> bool {
        self.list.get(at).is_some_and(|token| token.classes & classes != 0)
    }

    /// Whether one of the words from one place to another belongs to one of these classes.
    #[inline(never)]
    pub fn any(&self, from: usize, to: usize, classes: u32) -> bool {
        (from..to).any(|at| self.is(at, classes))
    }

    /// Whether a mark, or the end, stands before this place.
    #[inline(never)]
    pub fn broken(&self, at: usize) -> bool {
        self.list.get(at).is_none_or(|token| token.broken)
    }

    /// The statement's words from one token to another, as written.
    pub fn slice(&self, from: usize, to: usize) -> &'a str {
        if from >= to { "" } else { &self.text[self.list[from].start..self.list[to - 1].end] }
    }

    /// The folded words from one token to another, with spaces as written.
    pub fn key(&self, from: usize, to: usize) -> String {
        crate::text::fold(self.slice(from, to))
    }

    fn read(&mut self) {
        let text = self.text;
        let (mut broken, mut quoted) = (false, false);
        let mut at = 0;
        while let Some(c) = letters::first(&text[at..]) {
            if self.list.len() >= MOST_TOKENS {
                return;
            }
            if script::dense(c).is_some() {
                let end = at + self.table.dense_word(&text[at..]).unwrap_or(c.len_utf8());
                self.push(at, end, None, broken, quoted);
                (at, broken) = (end, false);
                continue;
            }
            if starts_token(c, &text[at + c.len_utf8()..]) {
                let end = at + token_length(&text[at..]);
                self.chunk(at, end, broken, quoted);
                (at, broken) = (end, false);
                continue;
            }
            let (before, after) = (letters::last(&text[..at]), letters::first(&text[at + c.len_utf8()..]));
            let is_dense = |c: Option<char>| c.is_some_and(|c| script::dense(c).is_some());
            // Between Chinese words a space is a comma.
            let is_mark = match c.is_whitespace() {
                true => is_dense(before) && is_dense(after),
                false => !script::is_ignorable(c),
            };
            match c {
                '"' => quoted = !quoted,
                '“' | '«' | '„' | '「' => quoted = true,
                '”' | '»' | '」' => quoted = false,
                '\'' | '‘' if before.is_none_or(|c| !c.is_alphanumeric() && c != '.') => quoted = true,
                '\'' | '’' => quoted = false,
                _ => {}
            }
            // "Dr. Braun", "3. Juni": a point that ends no sentence. Hyphens at the edge of words break nothing.
            let joined = c == '.'
                && self.list.last().is_some_and(|last| {
                    last.classes & rules::TITLE != 0
                        || last.end - last.start < 3 && text.as_bytes()[last.start].is_ascii_digit()
                });
            broken |= is_mark && !joined;
            at += c.len_utf8();
        }
    }

    /// A run of characters without a space: a word, with its contraction taken apart.
    fn chunk(&mut self, start: usize, end: usize, broken: bool, quoted: bool) {
        let text = &self.text[start..end];
        if self.table.language == Language::English && text.len() < 8 {
            let short = rules::SHORTHANDS.iter().find(|(written, ..)| written.eq_ignore_ascii_case(text));
            if let Some(&(_, first, second)) = short {
                self.push(start, end, Some(first), broken, quoted);
                return self.push(start, end, Some(second), false, quoted);
            }
        }
        let Some(apostrophe) = text.rfind(['\'', '’']) else {
            return self.push(start, end, None, broken, quoted);
        };
        let mark = if text.as_bytes()[apostrophe] == b'\'' { 1 } else { '’'.len_utf8() };
        let (head, tail) = (&text[..apostrophe], &text[apostrophe + mark..]);
        let cut = start + apostrophe;
        let is = |entry: &&(&str, &str)| entry.0.eq_ignore_ascii_case(tail);
        let Some(&(_, rest)) = rules::CONTRACTIONS.iter().find(is) else {
            return self.push(start, end, None, broken, quoted);
        };
        let (mut verb, mut verb_end) = (None, cut);
        if rest == "not" {
            if head.eq_ignore_ascii_case("can") {
                verb = Some("can");
            } else if head.eq_ignore_ascii_case("won") {
                verb = Some("will");
            } else if letters::ends(head, |c| matches!(c, 'n' | 'N')) {
                verb_end -= 1;
            } else {
                return self.push(start, end, None, broken, quoted);
            }
        }
        self.push(start, verb_end, verb, broken, quoted);
        self.push(cut, end, Some(rest), false, quoted);
    }

    fn push(&mut self, start: usize, end: usize, word: Option<&str>, broken: bool, quoted: bool) {
        let from = self.folded.len();
        let text = &self.text[start..end];
        match word {
            Some(word) => self.folded.push_str(word),
            None => fold_into(text, &mut self.folded),
        }
        let folded = (from, self.folded.len());
        let (classes, canonical) = self.table.known(&self.folded[from..]);
        let capital = letters::starts(text, char::is_uppercase);
        self.list.push(Token { start, end, folded, capital, broken, quoted, classes, canonical });
    }
}

fn starts_token(c: char, after: &str) -> bool {
    let sign = matches!(c, '$' | '€' | '£' | '+' | '#' | '@' | '-' | '/' | '.');
    c.is_alphanumeric() || sign && letters::starts(after, char::is_alphanumeric)
}

/// The length of the run of characters without a space, without the marks at its end.
fn token_length(text: &str) -> usize {
    let ends: letters::Test = |c| {
        c.is_whitespace()
            || script::dense(c).is_some()
            || script::is_pictograph(c)
            || matches!(
                c,
                '—' | '–'
                    | '…'
                    | '，'
                    | '。'
                    | '！'
                    | '？'
                    | '、'
                    | '：'
                    | '；'
                    | '（'
                    | '）'
                    | '"'
                    | '”'
                    | '»'
                    | '('
                    | ')'
            )
    };
    let run = &text[..letters::find(text, ends)];
    let kept = letters::trim_end(run, |c| {
        !(c.is_alphanumeric() || matches!(c, '+' | '#' | '%' | '€' | '$' | '£' | '°') || script::is_accent(c))
    });
    let mut length = if kept.is_empty() { run.len() } else { kept.len() };
    // Many commas and no space ("a,b,c") are a list, not a word.
    for at in 0..length {
        if run.as_bytes()[at] == b',' && !letters::starts_with_digit(&run[at + 1..]) {
            length = at;
            break;
        }
    }
    length.max(letters::first(text).map_or(1, char::len_utf8))
}
