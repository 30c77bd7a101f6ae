//! How many tokens a language model would count, without its two-megabyte vocabulary.
//!
//! The text is cut as the tokenizer of OpenAI's o200k family cuts it before merging (a word with the space
//! before it, digits in threes, runs of punctuation, line breaks) and each piece is given the average it cost
//! on dialogue and on assistants' answers. On a chat of some sentences the estimate is within a few per cent
//! in English and usually within a quarter in other languages; a single short line can be off by a token or
//! two. Other tokenizers of the day differ from this one by more than the estimate does.

use super::{script, unicode};

/// The estimated number of o200k tokens of a text: 0 for the empty text, at least 1 for any other.
pub fn estimate_tokens(text: &str) -> usize {
    let tokens = whole_tokens(cost(text));
    if tokens == 0 && !text.is_empty() { 1 } else { tokens }
}

/// The tokens that costs add up to.
pub(crate) fn whole_tokens(cost: usize) -> usize {
    (cost + TOKEN / 2) / TOKEN
}

/// What a line break costs after punctuation, where it is part of the punctuation's token.
pub(crate) const ABSORBED_BREAK: usize = 5;

/// What a text costs, in hundredths of a token. Costs of lines that end in punctuation and begin with anything but
/// white space add up exactly, with [`ABSORBED_BREAK`] between them.
pub(crate) fn cost(text: &str) -> usize {
    let mut cost = 0;
    let mut before = Piece::Start;
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let piece = Piece::of(c);
        let mut end = start + c.len_utf8();
        let mut last = c;
        while let Some(&(at, next)) = chars.peek()
            && piece.takes(last, next)
        {
            end = at + next.len_utf8();
            last = next;
            chars.next();
        }
        let run = &text[start..end];
        let after = text[end..].chars().next().map_or(Piece::Start, Piece::of);
        cost += match piece {
            Piece::Letters if is_label(&text[..start], run, &text[end..]) => word_cost(run) + LABEL,
            Piece::Letters => contraction_cost(&text[..start], run).unwrap_or_else(|| word_cost(run)),
            Piece::Digits => TOKEN * run.chars().count().div_ceil(3),
            Piece::Space => space_cost(run, before, after),
            Piece::Other => other_cost(run, before, after),
            Piece::Start => 0,
        };
        before = piece;
    }
    cost
}

/// Costs are hundredths of a token.
pub(crate) const TOKEN: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Before the first and after the last character.
    Start,
    Letters,
    Digits,
    Space,
    /// Punctuation, symbols, emoji.
    Other,
}

impl Piece {
    fn of(c: char) -> Piece {
        if c.is_alphabetic() || unicode::is_mark(c) && !script::is_accent(c) {
            Piece::Letters
        } else if c.is_numeric() {
            Piece::Digits
        } else if c.is_whitespace() {
            Piece::Space
        } else {
            Piece::Other
        }
    }

    fn takes(self, last: char, next: char) -> bool {
        // "camelCase" is two words to the tokenizer.
        self == Piece::of(next) && !(last.is_ascii_lowercase() && next.is_ascii_uppercase())
    }
}

/// What a name costs more at the beginning of a line than after a space, where the vocabulary knows it.
const LABEL: usize = 50;

/// Whether a word is the name of a speaker before what was said.
fn is_label(before: &str, word: &str, after: &str) -> bool {
    (before.is_empty() || before.ends_with('\n'))
        && after.starts_with(':')
        && word.len() > 3
        && word.as_bytes()[0].is_ascii_uppercase()
}

fn word_cost(word: &str) -> usize {
    let length = word.len();
    if word.is_ascii() {
        let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
        let cost = match capitals {
            0 => TOKEN + 2 * length.saturating_sub(6),
            1 => TOKEN + 7 * length.saturating_sub(4),
            _ => TOKEN + 30 * length.saturating_sub(2),
        };
        // Nothing this long is a word: a key, an address, a hash.
        return cost + 30 * length.saturating_sub(16);
    }
    let cost = word.chars().map(letter_cost).sum::<usize>();
    cost.max(TOKEN)
}

/// The cost of "t" in "don't" or "s" in "Caroline's", `None` when the word is no such ending. The vocabulary
/// holds the everyday ones whole.
fn contraction_cost(before: &str, word: &str) -> Option<usize> {
    let stem = before.strip_suffix(['\'', '’'])?;
    let letters = stem.bytes().rev().take(5).take_while(u8::is_ascii_alphabetic).count();
    let is_ending = letters > 0 && matches!(word, "s" | "t" | "m" | "d" | "re" | "ve" | "ll");
    is_ending.then_some(if letters < 5 { 4 } else { 60 })
}

/// Cost of one letter of a word that is not plain ASCII. Scripts differ in how well the vocabulary knows them.
fn letter_cost(c: char) -> usize {
    match c as u32 {
        0x00..=0x24f | 0x1e00..=0x1eff => 29,
        0x370..=0x3ff | 0x1f00..=0x1fff => 40,
        0x400..=0x52f => 31,
        0x590..=0x5ff => 46,
        0x600..=0x6ff => 40,
        0x900..=0x97f => 35,
        0xe00..=0xe7f => 44,
        0x3040..=0x30ff => 72,
        0x3400..=0x9fff => 82,
        0xac00..=0xd7a3 => 78,
        0..0x800 => 50,
        0x800..0x10000 => 75,
        _ => 2 * TOKEN,
    }
}

fn space_cost(run: &str, before: Piece, after: Piece) -> usize {
    if run.contains(['\n', '\r']) {
        // Line breaks right after punctuation are part of its token.
        let absorbed = before == Piece::Other && run.starts_with(['\n', '\r']);
        return if absorbed { ABSORBED_BREAK } else { TOKEN };
    }
    // One space belongs to the word or sign after it; before a digit it stands alone.
    let single = run.len() == 1 && matches!(after, Piece::Letters | Piece::Other);
    if single { 0 } else { TOKEN }
}

fn other_cost(run: &str, before: Piece, after: Piece) -> usize {
    if matches!(run, "'" | "’") && before == Piece::Letters && after == Piece::Letters {
        return 0;
    }
    let mut signs = 0;
    let mut pictures = 0;
    for c in run.chars() {
        if script::is_ignorable(c) || script::is_skin_tone(c) {
            pictures += 80;
        } else if c as u32 >= 0x1f000 {
            pictures += 150;
        } else {
            signs += 1;
        }
    }
    // A single sign between two words goes with the second.
    let merged = signs == 1
        && pictures == 0
        && matches!(before, Piece::Letters | Piece::Digits)
        && after == Piece::Letters;
    let same = run.bytes().all(|byte| byte == run.as_bytes()[0]);
    let signs = match signs {
        0 => 0,
        1 if merged => 15,
        1 | 2 => TOKEN,
        n if same => TOKEN + 2 * n,
        n => 55 * n,
    };
    signs + pictures
}

#[cfg(test)]
mod tests {
    use super::*;

    /// True counts are those of the o200k vocabulary.
    #[test]
    fn estimates_are_close() {
        for (text, tokens, percent) in [
            ("I moved to Lisbon last spring and I'm vegetarian now.", 11, 10),
            (
                "Hey Mel! Good to see you again, how have you been? I'm swamped with the kids and work.",
                23,
                10,
            ),
            (
                "Caroline's sister won't be at the party on 7 May 2023 - she's flying to Toronto at 10:30.",
                27,
                10,
            ),
            (
                "Sure! Here are three ideas:\n\n1. **Roast vegetables** with rosemary.\n2. A lentil soup.\n",
                24,
                10,
            ),
            (
                "They didn't tell me; I've heard it from Andrew's neighbour, who doesn't gossip usually...",
                18,
                12,
            ),
            ("Wow, congratulations!!! 🎉 That's awesome, I can't wait to hear more about your job.", 19, 10),
            (
                "我昨天去了北京的一家咖啡馆，和朋友聊了很久。我们讨论了明年的旅行计划，可能会去日本看樱花。",
                35,
                10,
            ),
            ("Вчера я ходил с другом в кафе в Москве, и мы долго обсуждали планы.", 19, 25),
            ("어제 친구와 서울에 있는 카페에 가서 내년 여행 계획에 대해 오래 이야기했어요.", 23, 25),
        ] {
            let estimate = estimate_tokens(text);
            assert!(estimate.abs_diff(tokens) * 100 <= tokens * percent, "{estimate} for {tokens}: {text}");
        }
        assert_eq!((estimate_tokens(""), estimate_tokens(" "), estimate_tokens("\u{301}")), (0, 1, 1));
    }
}
