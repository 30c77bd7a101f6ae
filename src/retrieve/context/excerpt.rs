//! Excerpts: the sentences of a long memory that a question is about, where the whole would not fit.

use std::ops::Range;

use crate::sorted::order;
use crate::text::tokens::{TOKEN, cost};

/// What is left out leaves this behind.
pub(super) const GAP: char = '…';

/// A longer sentence is cut, in characters: at white space if there is any in its second half.
const LONGEST: usize = 240;

/// Of a longer text, in bytes, only the beginning is looked at; for its ending, only the end.
const READ: usize = 32_000;

/// The best part of a text that costs at most `limit` hundredths of a token, in its own order and words. `None` if not
/// even one sentence fits. `found` tells which of the question's terms a sentence holds, one bit each.
pub(super) fn excerpt(text: &str, limit: usize, found: &dyn Fn(&str) -> u64) -> Option<String> {
    let pieces = pieces(text);
    let terms: Vec<u64> = pieces.iter().map(|piece| found(&text[piece.clone()])).collect();
    let values = values(&terms);
    let by_value = order(pieces.len(), &|a, b| values[b].cmp(&values[a]).then(a.cmp(&b)));
    let best = *by_value.first()? as usize;
    let mut chosen = vec![false; pieces.len()];
    // A gap on each side, at most. What is chosen is measured again when it is quoted.
    let mut left = limit;
    for piece in by_value {
        let piece = piece as usize;
        if values[piece] == 0 && values[best] > 0 {
            // Nothing more is about the question, and other memories need the tokens more. Of a memory that was found
            // by other means the beginning is shown.
            break;
        }
        let price = cost(&text[pieces[piece].clone()]) + 2 * TOKEN;
        if price <= left {
            left -= price;
            chosen[piece] = true;
        }
    }
    // Without its best sentence an excerpt does not say why the memory was found.
    if !chosen[best] {
        return None;
    }
    Some(join(text, &pieces, &chosen))
}

/// The end of a text that costs at most `limit` hundredths of a token, by whole sentences.
pub(super) fn ending(text: &str, limit: usize) -> Option<String> {
    let start = (text.len().saturating_sub(READ)..text.len()).find(|&at| text.is_char_boundary(at))?;
    let text = &text[start..];
    let pieces = pieces(text);
    let mut left = limit;
    let mut chosen = vec![false; pieces.len()];
    for (piece, chosen) in pieces.iter().zip(&mut chosen).rev() {
        let price = cost(&text[piece.clone()]) + TOKEN;
        if price > left {
            break;
        }
        left -= price;
        *chosen = true;
    }
    chosen.last().is_some_and(|&last| last).then(|| join(text, &pieces, &chosen))
}

/// What each sentence is worth: the terms that it holds, rare ones more, and half as much for standing beside such a
/// sentence, which often goes on about it.
fn values(terms: &[u64]) -> Vec<u32> {
    let count = |bit: u32| terms.iter().filter(|&&terms| terms >> bit & 1 == 1).count() as u32;
    let weights: Vec<u32> = (0..u64::BITS).map(|bit| 1000u32.checked_div(count(bit)).unwrap_or(0)).collect();
    let own = |terms: &u64| {
        (0..u64::BITS).filter(|&bit| terms >> bit & 1 == 1).map(|bit| weights[bit as usize]).sum()
    };
    let own: Vec<u32> = terms.iter().map(own).collect();
    let at = |index: Option<usize>| index.and_then(|index| own.get(index)).copied().unwrap_or(0);
    (0..own.len())
        .map(|index| {
            let (before, after) = (at(index.checked_sub(1)), at(Some(index + 1)));
            2 * own[index] + if before > after { before } else { after }
        })
        .collect()
}

/// The chosen pieces, those side by side with whatever is between them, and gaps in the place of the others.
fn join(text: &str, pieces: &[Range<usize>], chosen: &[bool]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < pieces.len() {
        let run = chosen[at..].iter().take_while(|&&chosen| chosen).count();
        if run == 0 {
            at += 1;
            continue;
        }
        let (first, last) = (&pieces[at], &pieces[at + run - 1]);
        if out.is_empty() && at > 0 {
            out.push(GAP);
            out.push(' ');
        }
        out.push_str(&text[first.start..last.end]);
        if !text[last.end..].trim().is_empty() {
            out.push(' ');
            out.push(GAP);
            if chosen[at + run..].contains(&true) {
                out.push(' ');
            }
        }
        at += run;
    }
    out
}

/// Where sentences and lines are, trimmed. Not exact, as a cut in the wrong place costs little here.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut end = if text.len() < READ { text.len() } else { READ };
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let mut pieces = Vec::new();
    let mut keep = |start: usize, end: usize| {
        let piece = &text[start..end];
        let start = end - piece.trim_start().len();
        if start < end {
            pieces.push(start..start + text[start..end].trim_end().len());
        }
    };
    let (mut start, mut length, mut gap) = (0, 0, None);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = at + c.len_utf8();
        let next = chars.peek().map(|&(_, next)| next);
        length += 1;
        // "7. Lisbon" and "e.g." go on.
        let ends = match c {
            '\n' | '。' | '！' | '？' => true,
            '.' | '!' | '?' => length > 3 && next.is_none_or(char::is_whitespace),
            _ => false,
        };
        if c.is_whitespace() && length > LONGEST / 2 {
            gap = Some(after);
        }
        let cut = if ends || next.is_none() {
            Some(after)
        } else if length >= LONGEST {
            Some(gap.unwrap_or(after))
        } else {
            None
        };
        if let Some(cut) = cut {
            keep(start, cut);
            length = text[cut..after].chars().count();
            (start, gap) = (cut, None);
        }
    }
    // The rest after a cut at white space.
    keep(start, text.len());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str =
        "I went out. My sister bakes bread in Lisbon. She sells it. Then I slept.\nIt rained on 7 May! Bye";

    /// Whether a piece holds "bread" or "rained".
    fn found(text: &str) -> u64 {
        u64::from(text.contains("bread")) | u64::from(text.contains("rained")) << 1
    }

    #[test]
    fn what_is_asked_for_comes_first() {
        let part = |tokens| excerpt(LONG, tokens * TOKEN, &found);
        assert_eq!(part(8), None, "the best sentence does not fit");
        assert_eq!(part(10).unwrap(), "… My sister bakes bread in Lisbon. …");
        assert_eq!(part(20).unwrap(), "… My sister bakes bread in Lisbon. … It rained on 7 May! …");
        assert_eq!(part(1000).unwrap(), LONG, "sentences beside those that are asked for");
        let apart = format!("{LONG} {LONG}").replace("Then", "Good. Then");
        assert_eq!(
            excerpt(&apart, 10_000, &found).unwrap().matches('…').count(),
            2,
            "the others cost others their place"
        );
        assert_eq!(excerpt("Hello there. Nice day.", 6 * TOKEN, &found).unwrap(), "Hello there. …");
        assert_eq!(excerpt("", 1000, &found), None);
    }

    #[test]
    fn an_ending_is_whole_sentences() {
        let end = |tokens| ending("It was good. Really good! Did you go alone?", tokens * TOKEN);
        assert_eq!(end(3), None);
        assert_eq!(end(6).unwrap(), "… Did you go alone?");
        assert_eq!(end(100).unwrap(), "It was good. Really good! Did you go alone?");
        assert_eq!(ending(&"word ".repeat(99_999), 100 * TOKEN).unwrap().chars().next(), Some(GAP));
    }

    #[test]
    fn pieces_are_short_and_leave_nothing_out() {
        for text in [
            LONG,
            &"a b ".repeat(500),
            &"x".repeat(1000),
            "你好。再见！\n",
            " \n . \n",
            &"é\u{301} ".repeat(300),
        ] {
            let (mut at, pieces) = (0, pieces(text));
            for piece in pieces {
                assert!(text[at..piece.start].trim().is_empty(), "{text}");
                let length = text[piece.clone()].chars().count();
                assert!(length > 0 && length <= LONGEST, "{length}: {text}");
                at = piece.end;
            }
            assert!(text[at..].trim().is_empty(), "{text}");
        }
        let list: Vec<&str> =
            pieces("7. Lisbon\n8. Porto").into_iter().map(|piece| &"7. Lisbon\n8. Porto"[piece]).collect();
        assert_eq!(list, ["7. Lisbon", "8. Porto"]);
    }
}
