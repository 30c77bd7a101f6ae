//! The words of a calendar date, for questions and messages alike: which word is a month, a day, a year, a count.

use crate::time::{Day, MONTHS};

/// The month of an English name or its usual short form, 1 to 12.
pub(crate) fn month_of(word: &str) -> Option<i64> {
    let is_short = (3..=4).contains(&word.len());
    let found = MONTHS.iter().position(|name| {
        let matches = name.len() >= word.len() && name[..word.len()].eq_ignore_ascii_case(word);
        matches && (word.len() == name.len() || is_short && word.is_ascii())
    })?;
    Some(found as i64 + 1)
}

/// 1 to 31, with or without an English ordinal ending.
pub(crate) fn day_of_month(word: &str) -> Option<i64> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    let short = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|day| short && (1..=31).contains(day))
}

/// A year that people talk about: 1900 to 2099.
pub(crate) fn year_of(word: &str) -> Option<i64> {
    let plausible = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    word.parse().ok().filter(|_| plausible)
}

/// The first and the last day of a month.
pub(crate) fn whole_month(year: i64, month: i64) -> (Day, Day) {
    let next = if month == 12 { Day::of_civil(year + 1, 1, 1) } else { Day::of_civil(year, month + 1, 1) };
    (Day::of_civil(year, month, 1), Day::from_number(next.number() - 1))
}
