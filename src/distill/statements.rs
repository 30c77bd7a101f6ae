//! Splitting a message into self-contained statements, word for word.
//!
//! A message is cut at line breaks and at full stops, much as the Unicode sentence boundaries (UAX 29) do, but not
//! at abbreviations, inside addresses or after a short ellipsis. Fenced code stays whole, list markers are
//! stripped, size and number are bounded. Nothing is reworded: every statement is a slice of the message.
//! (UAX 29 itself would need all these repairs anyway, 18 kB of compressed tables, and quadratic time on hostile text.)

use super::abbreviations;
use crate::text::{Digest, find, script, statement_key};

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
    let mut found = Statements { kept: Vec::new(), seen: Vec::new() };
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
    /// Keys of what was kept, sorted.
    seen: Vec<Digest>,
}

impl<'a> Statements<'a> {
    /// Splits a line, or a few that are one wrapped paragraph, into sentences.
    fn prose(&mut self, text: &'a str) {
        let mut start = 0;
        let mut at = 0;
        while let Some(stop) = text[at..].find(may_end_sentence) {
            let stop = at + stop;
            let end = stop + marks_length(&text[stop..]);
            at = end;
            if self.kept.len() >= MAX_STATEMENTS {
                break;
            }
            let (before, rest) = (&text[start..end], &text[end..]);
            let after = &rest[after_gap(rest)..];
            if !after.is_empty() && is_sentence(before, &rest[..rest.len() - after.len()], after) {
                at = text.len() - after.len();
                self.keep(&text[start..at], MAX_STATEMENT_CHARS);
                start = at;
            }
        }
        self.keep(&text[start..], MAX_STATEMENT_CHARS);
    }

    fn keep(&mut self, text: &'a str, limit: usize) {
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (statement, after) = cut(rest, limit);
            let has_content = |c: char| c.is_alphanumeric() || script::is_pictograph(c);
            if statement.contains(has_content) {
                let key = Digest::of(&[statement_key(statement).as_bytes()]);
                if let Err(place) = self.seen.binary_search(&key) {
                    self.seen.insert(place, key);
                    self.kept.push(statement);
                }
            }
            rest = after;
        }
    }
}

/// Whether a sentence ends with `before`, which ends in a full stop or the like, when `gap` of white space and
/// pictographs and then `after` follow.
fn is_sentence(before: &str, gap: &str, after: &str) -> bool {
    let Some(next) = after.chars().next() else { return true };
    let marks = before.trim_end_matches(is_closing);
    let closed = marks.len() < before.len();
    let Some(stop) = marks.chars().next_back() else { return false };
    if is_line_break(stop) {
        return true;
    }
    if !stop.is_ascii() {
        // No space follows "。", but a particle may follow quoted speech.
        return !(closed && ('\u{3041}'..='\u{309f}').contains(&next));
    }
    if gap.is_empty() {
        // "example.com/?q=1", "3.14", "home.Then"; but Chinese has no space after a full stop.
        return script::dense(next).is_some() && stop != '.';
    }
    if matches!(next, ',' | ';' | ':' | '-' | '–' | '—' | '.' | '!' | '?') {
        return false;
    }
    let goes_on_small = after.trim_start_matches(is_opening).starts_with(char::is_lowercase);
    if closed && goes_on_small {
        // "Are you sure?" she asked.
        return false;
    }
    if stop != '.' {
        return true;
    }
    if marks.ends_with("..") {
        return !goes_on_small && before.split_whitespace().nth(3).is_some();
    }
    if goes_on_small {
        // People who never use capitals do end their sentences.
        let word = marks[..marks.len() - 1].rsplit(char::is_whitespace).next().unwrap_or_default();
        return before.trim_start().starts_with(char::is_lowercase)
            && word.ends_with(char::is_alphabetic)
            && !abbreviations::is_known(word);
    }
    closed || !abbreviations::continues(before, after)
}

/// The marks that end a sentence in the scripts of the world, and line breaks other than the usual one.
fn may_end_sentence(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | '?'
            | '。'
            | '！'
            | '？'
            | '｡'
            | '．'
            | '।'
            | '॥'
            | '؟'
            | '۔'
            | '։'
            | '።'
            | '፧'
            | '။'
            | '។'
            | '៕'
            | '‼'
            | '⁇'
            | '⁈'
            | '⁉'
    ) || is_line_break(c)
}

/// Line breaks that `str::lines` does not know. A carriage return before a line feed is just white space.
fn is_line_break(c: char) -> bool {
    matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The length of the marks at the start that end one sentence together: "?!", "...", and closing quotes after them.
fn marks_length(text: &str) -> usize {
    let stops = text.find(|c| !may_end_sentence(c)).unwrap_or(text.len());
    let closing = text[stops..].find(|c| !is_closing(c));
    closing.map_or(text.len(), |closing| stops + closing)
}

/// The length of white space at the start and of pictographs in it, which belong to the sentence before.
fn after_gap(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_whitespace() || script::is_pictograph(c)) {
        return 0;
    }
    let belongs = |c: char| {
        c.is_whitespace() || script::is_pictograph(c) || script::is_skin_tone(c) || script::is_ignorable(c)
    };
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn is_closing(c: char) -> bool {
    matches!(
        c,
        ')' | ']' | '}' | '"' | '\'' | '”' | '’' | '»' | '›' | '」' | '』' | '）' | '】' | '》' | '〉'
    )
}

fn is_opening(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '"' | '\'' | '“' | '‘' | '«' | '‹' | '„' | '¿' | '¡')
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
    if opening.len() > marker.len() && find::contains(&opening[marker.len()..], marker) {
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
