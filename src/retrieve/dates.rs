//! Dates that a question names, and how well a day fits them.

use crate::text::dates::{self, day_of_month, month_of, year_of};
use crate::time::Day;

/// Days that a question names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// From the first to the last of these days, both included, as days since 1970.
    Days(i32, i32),
    /// A month of any year, 1 to 12.
    Month(i64),
}

/// People report an event up to so many days after it.
const REPORTED_WITHIN: i32 = 14;

impl Span {
    /// How well something that was said on this day fits, 0 to 1. On the named day 1, falling to a half two
    /// weeks after it, since people report afterwards; a little on the two days before. In a longer span
    /// 1, and a half in the two weeks after it.
    pub fn fit(self, day: i32) -> f32 {
        match self {
            Span::Days(first, last) if first == last => match day - first {
                after @ 0..=REPORTED_WITHIN => 1.0 - 0.5 * after as f32 / REPORTED_WITHIN as f32,
                -2..=-1 => 0.3,
                _ => 0.0,
            },
            Span::Days(first, last) if first <= day && day <= last => 1.0,
            Span::Days(_, last) if last < day && day <= last + REPORTED_WITHIN => 0.5,
            Span::Days(..) => 0.0,
            Span::Month(month) if Day::from_number(day).civil().1 == month => 1.0,
            Span::Month(month) if Day::from_number(day - REPORTED_WITHIN).civil().1 == month => 0.5,
            Span::Month(_) => 0.0,
        }
    }
}

/// The days that folded words name: "7 may 2023", "may 7th, 2023", "2023-05-07", "june 2022", "in august",
/// "2021"; and, if the day on which they are said is known, "yesterday", "last week", "two months ago".
pub fn named_spans(words: &[String], today: Option<Day>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (span, used) = span_at(words, at, today).unwrap_or((None, 1));
        spans.extend(span);
        at += used;
    }
    spans
}

/// The span that begins at a word, and how many words it takes.
fn span_at(words: &[String], at: usize, today: Option<Day>) -> Option<(Option<Span>, usize)> {
    let word = |offset: usize| words.get(at + offset).map(String::as_str);
    let first = word(0)?;
    if let Ok(day) = Day::parse(first) {
        return Some((Some(one(day)), 1));
    }
    if let Some(month) = month_of(first) {
        if let Some(day) = word(1).and_then(day_of_month) {
            return Some(match word(2).and_then(year_of) {
                Some(year) => (Some(one(Day::of_civil(year, month, day))), 3),
                None => (recent(month, day, today), 2),
            });
        }
        if let Some(year) = word(1).and_then(year_of) {
            return Some((Some(whole_month(year, month)), 2));
        }
        // "may" and "march" are also verbs: alone they count after "in", "during", "last" …
        let led = at > 0 && LEADS.contains(&words[at - 1].as_str());
        let is_name = led || !matches!(first, "may" | "march" | "mar");
        return is_name.then_some((Some(Span::Month(month)), 1));
    }
    if let (Some(day), Some(month)) = (day_of_month(first), word(1).and_then(month_of)) {
        return Some(match word(2).and_then(year_of) {
            Some(year) => (Some(one(Day::of_civil(year, month, day))), 3),
            None => (recent(month, day, today), 2),
        });
    }
    if let Some(year) = year_of(first) {
        let days = Span::Days(Day::of_civil(year, 1, 1).number(), Day::of_civil(year, 12, 31).number());
        return Some((Some(days), 1));
    }
    relative(words, at, today?.number())
}

fn one(day: Day) -> Span {
    Span::Days(day.number(), day.number())
}

fn whole_month(year: i64, month: i64) -> Span {
    let (first, last) = dates::whole_month(year, month);
    Span::Days(first.number(), last.number())
}

/// A day without its year: the last one before today, else nothing.
fn recent(month: i64, day: i64, today: Option<Day>) -> Option<Span> {
    let today = today?;
    let year = today.civil().0;
    let this = Day::of_civil(year, month, day);
    Some(one(if this <= today { this } else { Day::of_civil(year - 1, month, day) }))
}

/// Times relative to today.
fn relative(words: &[String], at: usize, today: i32) -> Option<(Option<Span>, usize)> {
    let word = |offset: usize| words.get(at + offset).map(String::as_str);
    match (word(0)?, word(1)) {
        ("today", _) => Some((Some(Span::Days(today, today)), 1)),
        ("yesterday", _) => Some((Some(Span::Days(today - 1, today - 1)), 1)),
        ("last" | "past" | "previous", Some(unit)) => {
            let days = unit_days(unit)?;
            Some((Some(Span::Days(today - 2 * days, today - days / 2)), 2))
        }
        (count, Some(unit)) if word(2) == Some("ago") => {
            let count = COUNTS
                .iter()
                .position(|name| *name == count)
                .map(|count| count as i32)
                .or_else(|| count.parse().ok().filter(|count| (0..=5_000).contains(count)))?
                .max(1);
            let days = unit_days(unit)?;
            let center = today - count * days;
            Some((Some(Span::Days(center - days / 2, center + days / 2)), 3))
        }
        _ => None,
    }
}

fn unit_days(unit: &str) -> Option<i32> {
    Some(match unit.strip_suffix('s').unwrap_or(unit) {
        "day" => 1,
        "week" | "weekend" => 7,
        "month" => 30,
        "year" => 365,
        _ => return None,
    })
}

const COUNTS: [&str; 13] =
    ["a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Words before a month that make "may" and "march" names.
const LEADS: [&str; 9] = ["in", "of", "last", "during", "since", "until", "early", "late", "mid"];

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(text: &str) -> Vec<Span> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        named_spans(&words, Day::parse("2023-07-20").ok())
    }

    fn days(from: &str, to: &str) -> Vec<Span> {
        vec![Span::Days(Day::parse(from).unwrap().number(), Day::parse(to).unwrap().number())]
    }

    #[test]
    fn dates_are_read() {
        for (text, from, to) in [
            ("on 7 may 2023", "2023-05-07", "2023-05-07"),
            ("on may 7th 2023", "2023-05-07", "2023-05-07"),
            ("2023-05-07", "2023-05-07", "2023-05-07"),
            ("in february 2024", "2024-02-01", "2024-02-29"),
            ("dec 2022", "2022-12-01", "2022-12-31"),
            ("in 2021", "2021-01-01", "2021-12-31"),
            ("on august 3", "2022-08-03", "2022-08-03"),
            ("yesterday", "2023-07-19", "2023-07-19"),
            ("two weeks ago", "2023-07-03", "2023-07-09"),
            ("last week", "2023-07-06", "2023-07-17"),
        ] {
            assert_eq!(spans(text), days(from, to), "{text}");
        }
        assert_eq!(spans("in august"), [Span::Month(8)]);
        assert_eq!(spans("last may"), [Span::Month(5)]);
        for text in
            ["may i ask", "what did he march for", "room 2345", "31", "", "99999999999999999999 days ago"]
        {
            assert_eq!(spans(text), [], "{text}");
        }
    }

    #[test]
    fn fit_falls_after_the_day() {
        let day = Span::Days(100, 100);
        let fits: Vec<f32> = [97, 98, 100, 107, 114, 115].iter().map(|&at| day.fit(at)).collect();
        assert_eq!(fits, [0.0, 0.3, 1.0, 0.75, 0.5, 0.0]);
        let span = Span::Days(100, 110);
        let fits: Vec<f32> = [99, 100, 110, 111, 124, 125].iter().map(|&at| span.fit(at)).collect();
        assert_eq!(fits, [0.0, 1.0, 1.0, 0.5, 0.5, 0.0]);
        let at = |text: &str| Span::Month(6).fit(Day::parse(text).unwrap().number());
        assert_eq!([at("2020-06-30"), at("2021-07-10"), at("2021-07-20")], [1.0, 0.5, 0.0]);
    }
}
