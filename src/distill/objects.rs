//! What may be an object, and where it ends: the bare value without articles, adverbs and times.
//!
//! | letter | an object that |
//! | --- | --- |
//! | `N` `E` `P` | is a name: capitalised, if the writer uses capitals |
//! | `C` | is capitalised whatever else is |
//! | `T` `L` | is a tool or a language: as a name, but one word without capitals |
//! | `J` | ends with a job |
//! | `U` | ends with "University" or the like |
//! | `V` | is a value; what `^` names decides how plain it may be |
//! | `D` | names a day |
//! | `#` | is a number |
//! | `A` | can be liked |
//! | `S` `1` | is one word, or two |
//! | `O` | is one capitalised word |
//! | `B` `R` | is an activity; is how often: "every Monday" |
//! | `K` `Q` | is something to do in earnest; is any activity |

use super::dates::{Hit, at_place};
use super::letters;
use super::matcher::Found;
use super::rules::*;
use super::tokens::Tokens;
use crate::text::Language;

/// Where an object may end.
pub(super) struct Limits<'t, 'a> {
    pub tokens: &'t Tokens<'a>,
    pub dates: &'t [Hit],
}

impl Limits<'_, '_> {
    fn is_dense(&self) -> bool {
        self.tokens.table.language == Language::Chinese
    }

    /// The end of an object that begins at a place and goes on as long as its clause does.
    pub fn end(&self, at: usize, class: u8) -> Option<usize> {
        let tokens = self.tokens;
        if class == b'*' {
            return Some(tokens.list.len());
        }
        let most = if self.is_dense() { 14 } else { 8 };
        let mut end = at;
        let mut has_digit = false;
        while end < tokens.list.len() {
            let in_date = self.dates.iter().any(|hit| hit.from < end && end < hit.to && hit.from <= at);
            if end > at && !in_date {
                let is_name = !matches!(class, b'A' | b'Q' | b'K' | b'R');
                let goes_on =
                    class == b'V' && has_digit && tokens.list[end].capital && tokens.list[end].classes == 0;
                if tokens.broken(end) && !goes_on
                    || tokens.is(end, END)
                    || is_name && tokens.is(end, NAME_END)
                    || class != b'R' && self.dates.iter().any(|hit| hit.lead == end)
                {
                    break;
                }
            }
            has_digit |= letters::starts_with_digit(tokens.word(end));
            end += 1;
            if end - at > most {
                return (class == b'K' || class == b'Q').then_some(end);
            }
        }
        Some(end)
    }

    /// Without articles in front and adverbs behind.
    pub fn trimmed(&self, mut from: usize, mut to: usize) -> (usize, usize) {
        while from + 1 < to && self.tokens.is(from, ARTICLE) {
            from += 1;
        }
        while from + 1 < to && self.tokens.is(to - 1, TAIL) {
            to -= 1;
        }
        (from, to)
    }

    /// Whether these words may be an object of this class.
    pub fn allows(&self, class: u8, from: usize, to: usize, found: &Found) -> bool {
        let tokens = self.tokens;
        let length = to.saturating_sub(from);
        if length == 0 || tokens.list[from].quoted && class != b'V' {
            return false;
        }
        let capital = tokens.list[from].capital;
        let dense = self.is_dense();
        let stops = tokens.is(from, STOP) || tokens.any(from, to, I | YOU) && class != b'V';
        let word = tokens.word(from);
        let digit = letters::starts_with_digit(word);
        let is_time =
            !dense && tokens.is(from, MONTH | WEEKDAY | UNIT) || at_place(self.dates, from).is_some();
        let longest = tokens.table.source.longest_name;
        let is_name = !stops
            && !digit
            && !is_time
            && length <= longest
            && if dense {
                !tokens.any(from, to, STOP)
            } else if tokens.capitals {
                capital
            } else {
                length <= 2 && !tokens.any(from, to, STOP | ADVERB)
            };
        match class {
            b'N' | b'E' | b'P' => is_name,
            b'C' => capital && is_name,
            b'T' | b'L' => is_name && (tokens.capitals || dense || length == 1),
            b'O' => capital && length == 1 && !stops,
            b'J' => tokens.is(to - 1, JOB) && length <= if dense { 6 } else { 4 } && !stops,
            b'U' => matches!(tokens.word(to - 1), "university" | "college" | "school") && capital,
            b'D' => is_time,
            b'#' => length == 1 && word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit()),
            b'S' => length == 1 && !stops && !digit && !is_time,
            b'1' => length <= if dense { 6 } else { 2 } && !stops && !digit,
            b'A' => {
                let article =
                    from > 0 && tokens.is(from - 1, ARTICLE) && tokens.table.language == Language::English;
                let idle = from > 0 && tokens.word(from - 1) == "to" && tokens.is(from, IDLE);
                !stops
                    && !article
                    && !idle
                    && !is_time_only(self, from, to)
                    && length <= if dense { 8 } else { 4 }
                    && !tokens.any(from, to, MY | YOUR)
                    && !self.points(from, to)
            }
            b'B' => {
                let own = word != "go" && tokens.is(from, STOP | IDLE | PAST | ADVERB | IS | UNREAL | FILLER);
                length <= 4
                    && !own
                    && (!tokens.any(from, to, STOP)
                        || tokens.word(to - 1) != "it"
                            && !tokens.any(from, to, I | YOU)
                            && !self.one_of(from + 1, to, "it that them"))
            }
            b'R' => matches!(word, "every" | "each") && tokens.is(from + 1, UNIT | WEEKDAY) && length <= 4,
            b'K' => !tokens.is(from, IDLE | STOP),
            b'Q' => !tokens.is(from, STOP) && length <= 6 && !self.points(from, to),
            b'V' => self.is_value(from, to, stops, found),
            _ => true,
        }
    }

    /// Whether the words point to something outside ("holding them"), or break off ("escaping to").
    fn points(&self, from: usize, to: usize) -> bool {
        self.one_of(from, to, "it them this that these those him her me us")
            || self.tokens.is(to - 1, NAME_END)
    }

    /// Whether a list has one of the words.
    fn one_of(&self, from: usize, to: usize, list: &str) -> bool {
        (from..to).any(|at| letters::listed(list, b' ', self.tokens.word(at)))
    }

    /// Whether this is a value, as strange as what it is the value of asks for.
    fn is_value(&self, from: usize, to: usize, stops: bool, found: &Found) -> bool {
        let tokens = self.tokens;
        let first = tokens.list[from];
        let written = tokens.slice(from, to);
        if stops && !(first.capital && to - from > 1) || to - from > 8 || tokens.is(from, IS | AND) {
            return false;
        }
        let dense = self.is_dense();
        let marked = letters::find(written, |c| c.is_ascii_digit() || c == '@') < written.len()
            || self.dates.iter().any(|hit| hit.from <= from && from < hit.to);
        let (begin, end) = found.attribute;
        if begin == end {
            // A correction, or a pattern that says by itself what it is.
            return marked || to - from <= 4 && (dense || first.capital || !tokens.capitals);
        }
        if found.favourite || self.is_favourite(begin, end) {
            return to - from <= 5 && !tokens.word(from).ends_with("ing");
        }
        let plain = (begin..end).any(|at| {
            let classes = tokens.list[at].classes;
            classes & (IDLE | VALUE) == IDLE | VALUE
        });
        let known = tokens.is(end - 1, VALUE) || tokens.is(begin, VALUE);
        // "My laptop is a ThinkPad", but not "my sister is a Doctor".
        if matches!(tokens.word(from.wrapping_sub(1)), "a" | "an") && (found.kin || !first.capital) {
            return false;
        }
        if found.kin || tokens.list[begin].canonical == "name" {
            return !marked && (first.capital || !tokens.capitals && !found.kin || dense) && to - from <= 4;
        }
        if tokens.list[begin].canonical == "job" || tokens.word(begin) == "job" {
            return tokens.is(to - 1, JOB);
        }
        marked
            || plain && to - from <= 3
            || first.capital && tokens.capitals && to - from <= 5
            || known && dense
    }

    /// Whether what someone has is a favourite.
    pub fn is_favourite(&self, begin: usize, end: usize) -> bool {
        let favourite = |at: usize| {
            let word = self.tokens.word(at);
            self.tokens.table.source.favourite.iter().any(|it| word.starts_with(it))
        };
        end > begin && (favourite(begin) || favourite(end - 1))
    }
}

fn is_time_only(limits: &Limits<'_, '_>, from: usize, to: usize) -> bool {
    limits.dates.iter().any(|hit| hit.lead <= from && to <= hit.to)
        && limits.tokens.table.language == Language::English
}
