//! Splitting a message into self-contained statements, word for word.
//!
//! Unicode sentence boundaries (UAX 29) and line breaks are where a message may be cut; this module takes back
//! the cuts that split an abbreviation, an address or an ellipsis, keeps fenced code whole, strips list markers, and
//! bounds size and number. Nothing is reworded: every statement is a slice of the message.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation;

use super::abbreviations;
use crate::text::{Digest, statement_key};

/// A longer statement is cut, in characters: at white space if there is any in its second half.
pub const MAX_STATEMENT_CHARS: usize = 2_000;

/// A longer fenced code block is cut, in characters, at line ends if possible.
pub const MAX_CODE_CHARS: usize = 16_000;

/// After this many statements the rest of a message is no longer split by sentence, only by size: nothing is
/// lost, and a hostile message cannot make a memory of every letter.
pub const MAX_STATEMENTS: usize = 2_000;

/// The statements of a message in order, each a trimmed slice of it.
///
/// Statements without a letter, a digit or a pictograph are dropped, and so are repetitions, judged by
/// [`statement_key`]. A message of white space and punctuation has none.
///
/// ```
/// let found = edgemem::distill::statements("I met Dr. Smith today! 😀 He lives in the U.S.\n- buy milk\n- buy milk.");
/// assert_eq!(found, ["I met Dr. Smith today! 😀", "He lives in the U.S.", "buy milk"]);
/// ```
pub fn statements(message: &str) -> Vec<&str> {
    let mut found = Statements { kept: Vec::new(), seen: BTreeSet::new() };
    let is_list = message.lines().filter(|line| list_number(line.trim_start()).is_some()).nth(1).is_some();
    let mut at = 0;
    while at < message.len() {
        let rest = &message[at..];
        if found.kept.len() >= MAX_STATEMENTS {
            found.keep(rest, MAX_STATEMENT_CHARS);
            break;
        }
        let line_end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let (block_end, is_code) = match fence(&rest[..line_end]) {
            Some(marker) => (code_end(rest, line_end, marker), true),
            None => (wrapped_end(rest, line_end), false),
        };
        if is_code {
            found.keep(&rest[..block_end], MAX_CODE_CHARS);
        } else {
            found.prose(without_marker(&rest[..block_end], is_list));
        }
        at += block_end;
    }
    found.kept
}

struct Statements<'a> {
    kept: Vec<&'a str>,
    seen: BTreeSet<Digest>,
}

impl<'a> Statements<'a> {
    /// Splits a line, or a few that are one wrapped paragraph, into sentences.
    fn prose(&mut self, text: &'a str) {
        let mut start = 0;
        let mut end = 0;
        for stretch in stretches(text) {
            for sentence in stretch.split_sentence_bounds() {
                if self.kept.len() >= MAX_STATEMENTS {
                    return self.keep(&text[start..], MAX_STATEMENT_CHARS);
                }
                // What belongs to the sentence before: emoji and the like after its full stop.
                let tail = if end == 0 { 0 } else { tail_of_previous(sentence) };
                if end + tail > start && tail < sentence.len() {
                    let (before, after) = (&text[start..end + tail], &text[end + tail..]);
                    if !is_one_sentence(before, after) {
                        self.sentence(before);
                        start = end + tail;
                    }
                }
                end += sentence.len();
            }
        }
        self.sentence(&text[start..end]);
    }

    /// People who never use capitals do end their sentences: in a sentence that begins with a small letter, a
    /// point before a small letter is a full stop, unless it belongs to an abbreviation.
    fn sentence(&mut self, text: &'a str) {
        let mut start = 0;
        if text.trim_start().starts_with(char::is_lowercase) {
            for (at, _) in text.match_indices(". ") {
                let word = text[start..at].rsplit(char::is_whitespace).next().unwrap_or_default();
                let goes_on = text[at + 2..].starts_with(char::is_lowercase);
                if self.kept.len() < MAX_STATEMENTS
                    && goes_on
                    && !abbreviations::is_known(word)
                    && word.ends_with(char::is_alphabetic)
                {
                    self.keep(&text[start..=at], MAX_STATEMENT_CHARS);
                    start = at + 2;
                }
            }
        }
        self.keep(&text[start..], MAX_STATEMENT_CHARS);
    }

    fn keep(&mut self, text: &'a str, limit: usize) {
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (statement, after) = cut(rest, limit);
            let has_content = |c: char| c.is_alphanumeric() || is_pictograph(c);
            let key = || Digest::of(&[statement_key(statement).as_bytes()]);
            if statement.contains(has_content) && self.seen.insert(key()) {
                self.kept.push(statement);
            }
            rest = after;
        }
    }
}

/// Whether the cut that UAX 29 makes between the two is one too many.
fn is_one_sentence(before: &str, after: &str) -> bool {
    let spaced = before.trim_end();
    let gap = &before[spaced.len()..];
    let (Some(last), Some(next)) = (spaced.chars().next_back(), after.chars().next()) else { return false };
    if gap.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        // Only paragraphs recognised as hard-wrapped reach this with a line break inside.
        return !spaced.ends_with(['.', '!', '?', ':', '。', '！', '？']) && gap.matches('\n').count() == 1;
    }
    if matches!(last, '」' | '』') && matches!(next, '\u{3041}'..='\u{309f}') {
        // A particle goes on after quoted speech.
        return true;
    }
    if gap.is_empty() {
        // "example.com/?q=1". Chinese and Japanese have no space after a full stop.
        return last.is_ascii() && next.is_ascii();
    }
    if next.is_lowercase() && matches!(last, '"' | '”' | '’' | '\'' | '»' | ')' | ']') {
        // "Are you sure?" she asked.
        return true;
    }
    if spaced.ends_with("..") || last == '…' {
        return next.is_lowercase() || spaced.split_whitespace().nth(3).is_none();
    }
    last == '.' && abbreviations::continues(spaced, after)
}

/// The length of what a sentence begins with but the one before it owns: pictographs, closing marks, smileys.
/// All of it, if there is nothing else on the line.
fn tail_of_previous(sentence: &str) -> usize {
    if !sentence.contains(char::is_alphanumeric) {
        return sentence.len();
    }
    let mut end = 0;
    for (at, c) in sentence.char_indices() {
        let modifies = matches!(c as u32, 0x200d | 0xfe0f | 0x20e3 | 0x1f3fb..=0x1f3ff);
        if is_pictograph(c) || modifies && end > 0 || c.is_whitespace() {
            end = at + c.len_utf8();
        } else {
            break;
        }
    }
    end
}

fn is_pictograph(c: char) -> bool {
    matches!(c as u32, 0x2600..=0x27bf | 0x2b00..=0x2bff | 0x1f000..=0x1faff)
}

/// Cuts a line at long stretches of anything but letters and digits, so that the sentence rules, which look
/// ahead from every bracket and space after a full stop, stay linear on hostile text.
fn stretches(text: &str) -> impl Iterator<Item = &str> {
    const LONG: usize = 64;
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut run = 0;
        let end = rest.char_indices().find_map(|(at, c)| {
            let is_letter = c.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(c);
            run = if is_letter || is_pictograph(c) { 0 } else { run + 1 };
            (run > LONG).then_some(at)
        });
        let (stretch, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(stretch)
    })
}

/// The first statement of at most `limit` characters, and what comes after it; both trimmed.
fn cut(text: &str, limit: usize) -> (&str, &str) {
    // As many bytes as characters are allowed is never too long, and most statements are that short.
    if text.len() <= limit {
        return (text, "");
    }
    let Some((end, _)) = text.char_indices().nth(limit) else { return (text, "") };
    let head = &text[..end];
    let at = head.rfind('\n').filter(|&at| at >= end / 2);
    let at = at.or_else(|| head.rfind(char::is_whitespace).filter(|&at| at >= end / 2));
    let (statement, after) = text.split_at(at.unwrap_or(end));
    (statement.trim_end(), after.trim_start())
}

/// The marker of a line that opens or closes a code block.
fn fence(line: &str) -> Option<&'static str> {
    let line = line.trim_start();
    ["```", "~~~"].into_iter().find(|marker| line.starts_with(marker))
}

/// Where the code block that opens on the first line ends: after its closing fence, or with the message.
fn code_end(text: &str, first_line: usize, marker: &str) -> usize {
    // "```code```" on one line closes itself.
    let opening = text[..first_line].trim();
    if opening.len() > marker.len() && opening[marker.len()..].contains(marker) {
        return first_line;
    }
    let mut end = first_line;
    for line in text[first_line..].split_inclusive('\n') {
        end += line.len();
        if line.trim() == marker {
            break;
        }
    }
    end
}

/// Where the paragraph that begins with the first line ends. Lines are taken together only when they look
/// wrapped by a mail program: long, without an end of sentence, going on in lower case. In chat a line break is a
/// full stop.
fn wrapped_end(text: &str, first_line: usize) -> usize {
    const WRAPPED: usize = 60;
    let mut start = 0;
    let mut end = first_line;
    loop {
        let line = text[start..end].trim_end();
        let goes_on = text[end..].starts_with(char::is_lowercase) && fence(&text[end..]).is_none();
        let is_wrapped = line.len() >= WRAPPED && line.ends_with(|c: char| c.is_alphanumeric() || c == ',');
        if !(goes_on && is_wrapped && end - start < 4 * WRAPPED) {
            return end;
        }
        start = end;
        end += text[end..].find('\n').map_or(text.len() - end, |at| at + 1);
    }
}

/// The line without its bullet, heading marks or, in a list of several, its number.
fn without_marker(line: &str, is_list: bool) -> &str {
    let line = line.trim_start();
    let rest = line.strip_prefix(['-', '*', '+', '•', '◦', '▪', '‣', '·', '–']).or_else(|| {
        let heading = line.trim_start_matches('#');
        if heading.len() < line.len() { Some(heading) } else { list_number(line).filter(|_| is_list) }
    });
    match rest {
        Some(rest) if rest.starts_with([' ', '\t', '\u{3000}']) => rest.trim_start(),
        _ => line,
    }
}

/// What follows "1." or "1)" at the beginning of a line.
fn list_number(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - rest.len();
    let rest = rest.strip_prefix(['.', ')'])?;
    ((1..=3).contains(&digits) && rest.starts_with([' ', '\t'])).then_some(rest)
}
