//! The days that a statement names, counted from the day on which it is said.
//!
//! The patterns are data of each language ([`super::rules`]); what follows from them is one of these shifts:
//! `-1d` so many days; `-1`, `0`, `+1` the calendar unit that `U` names; `-N`, `+N` so many of them; `<`, `=`, `>` the last,
//! the nearest, the next weekday, season or month; `abs` a date of the calendar, with `!` only after a word like "in".

use super::letters;
use super::matcher::{DateParts, Matcher};
use super::rules::*;
use super::tokens::Tokens;
use crate::knowledge::Dated;
use crate::text::dates::whole_month;
use crate::time::Day;

/// Days that words name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// Where "since" or "on" before it begins.
    pub lead: usize,
    pub from: usize,
    pub to: usize,
    pub first: Day,
    pub last: Day,
    pub since: bool,
    pub until: bool,
}

/// The first and the last day of which edgemem keeps account, as numbers: the years 1 to 9999.
const RANGE: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

/// Before a weekday or a month: it is no particular one.
const EVERY: &str = "every each jeden jede jedes cada 每";

/// The days whose words, or those before them, stand at a place.
#[inline(never)]
pub(super) fn at_place(hits: &[Hit], at: usize) -> Option<&Hit> {
    hits.iter().find(|hit| hit.lead <= at && at < hit.to)
}

/// Finds all days in order.
pub(super) fn find(tokens: &Tokens<'_>, today: Day) -> Vec<Hit> {
    let matcher = Matcher { tokens, dates: &[] };
    let count = tokens.list.len();
    let is_past = (0..count).any(|at| {
        tokens.is(at, PAST)
            || tokens.table.language == crate::text::Language::English
                && tokens.word(at).len() > 4
                && tokens.word(at).ends_with("ed")
    });
    let mut hits: Vec<Hit> = Vec::new();
    let mut candidates = Vec::new();
    let mut at = 0;
    while at < count {
        let mut best: Option<Hit> = None;
        if at > 0 && letters::listed(EVERY, b' ', tokens.word(at - 1)) {
            at += 1;
            continue;
        }
        let word = tokens.word(at);
        let special =
            tokens.is(at, NUMBER | UNIT | WEEKDAY | MONTH | SEASON) || letters::starts_with_digit(word);
        tokens.table.date_candidates(word, special, &mut candidates);
        for &index in &candidates {
            let rule = tokens.table.dates[usize::from(index)];
            let Some(found) = matcher.find(rule.pattern, at) else { continue };
            if found.end <= best.map_or(at, |hit| hit.to) {
                continue;
            }
            let mut lead = at;
            while lead > 0 && at - lead < 3 && !tokens.broken(lead) && tokens.is(lead - 1, BEFORE_DATE) {
                lead -= 1;
            }
            let outcome = rule.outcome;
            if outcome.starts_with('!') && lead == at {
                continue;
            }
            let Some((first, last)) = days(outcome, &found.date, tokens, today, is_past) else { continue };
            if RANGE.contains(&first) && RANGE.contains(&last) {
                let (first, last) = (Day::from_number(first as i32), Day::from_number(last as i32));
                best = Some(Hit {
                    lead,
                    from: at,
                    to: found.end,
                    first,
                    last,
                    since: tokens.any(lead, at, SINCE),
                    until: tokens.any(lead, at, UNTIL),
                });
            }
        }
        at = best.map_or(at + 1, |hit| hit.to);
        hits.extend(best);
    }
    hits
}

/// The hits as they are kept with a memory.
pub(super) fn dated(tokens: &Tokens<'_>, hits: &[Hit]) -> Vec<Dated> {
    let words = |hit: &Hit| super::bounded(tokens.slice(hit.from, hit.to));
    hits.iter().take(16).map(|hit| Dated { words: words(hit), first: hit.first, last: hit.last }).collect()
}

/// The first and the last day that a shift leads to.
fn days(
    shift: &str,
    parts: &DateParts,
    tokens: &Tokens<'_>,
    today: Day,
    is_past: bool,
) -> Option<(i64, i64)> {
    let now = i64::from(today.number());
    let (year, ..) = today.civil();
    if let Some(at) = parts.iso {
        let day = i64::from(Day::parse(tokens.word(at)).ok()?.number());
        return Some((day, day));
    }
    if let Some(count) = shift.strip_suffix('d') {
        let day = now + letters::number(count)?;
        return Some((day, day));
    }
    if let Some(count) = shift.strip_suffix('y') {
        return unit_days(b'y', letters::number(count)?, today);
    }
    if shift.ends_with("abs") {
        let Some(month_named) = parts.month else {
            return year_days(parts.year?);
        };
        let of_year = |year: i64| -> Option<(i64, i64)> {
            match parts.day {
                Some(day) => {
                    let date = Day::of_civil(year, month_named, day);
                    // A day that the month does not have is none.
                    (date.civil().1 == month_named)
                        .then_some((i64::from(date.number()), i64::from(date.number())))
                }
                None => Some(month_days(year, month_named)),
            }
        };
        if let Some(year) = parts.year {
            return of_year(year);
        }
        let past = shift.starts_with('<') || is_past && !shift.starts_with('>');
        let this = of_year(year);
        return match this {
            Some((first, _)) if past && first > now => of_year(year - 1),
            Some((_, last)) if !past && last < now => of_year(year + 1),
            Some((first, last)) if shift.starts_with('<') && first <= now && now <= last => of_year(year - 1),
            // 29 February.
            None => of_year(if past { year - 1 } else { year + 1 }),
            this => this,
        };
    }
    if let Some(weekday) = parts.weekday {
        let ahead = (weekday - (now + 3)).rem_euclid(7);
        let day = match shift {
            "<" => now - (7 - ahead),
            ">" if ahead == 0 => now + 7,
            "=" if is_past && ahead > 0 => now - (7 - ahead),
            _ => now + ahead,
        };
        return Some((day, day));
    }
    if let Some(begin) = parts.season {
        let span = |year: i64| {
            let (first, _) = whole_month(year, begin);
            let (_, last) = if begin == 12 { whole_month(year + 1, 2) } else { whole_month(year, begin + 2) };
            (i64::from(first.number()), i64::from(last.number()))
        };
        let past = shift == "<" || shift == "=" && is_past;
        let years = if past { [year, year - 1, year - 2] } else { [year - 1, year, year + 1] };
        let spans = years.map(span);
        return spans.into_iter().find(|&(first, last)| match shift {
            "<" => last < now,
            ">" => first > now,
            _ if past => first <= now,
            _ => last >= now,
        });
    }
    let unit = parts.unit;
    if let Some(sign) = shift.strip_suffix('N') {
        let count = parts.count? * if sign == "-" { -1 } else { 1 };
        return match unit {
            b'd' => Some((now + count, now + count)),
            b'w' => Some((now + 7 * count - 3, now + 7 * count + 3)),
            _ => unit_days(unit, count, today),
        };
    }
    unit_days(unit, letters::number(shift)?, today)
}

/// The calendar week, month, year or weekend that is so many after this one.
fn unit_days(unit: u8, count: i64, today: Day) -> Option<(i64, i64)> {
    let (year, month, _) = today.civil();
    let now = i64::from(today.number());
    let monday = now - (now + 3).rem_euclid(7) + 7 * count;
    Some(match unit {
        b'd' => (now + count, now + count),
        b'w' => (monday, monday + 6),
        b'e' => (monday + 5, monday + 6),
        b'm' => {
            let months = year * 12 + month - 1 + count;
            month_days(months.div_euclid(12), months.rem_euclid(12) + 1)
        }
        b'y' => year_days(year + count)?,
        _ => return None,
    })
}

fn month_days(year: i64, month: i64) -> (i64, i64) {
    let (first, last) = whole_month(year, month);
    (i64::from(first.number()), i64::from(last.number()))
}

fn year_days(year: i64) -> Option<(i64, i64)> {
    let day = |month, day| i64::from(Day::of_civil(year, month, day).number());
    (1..=9999).contains(&year).then(|| (day(1, 1), day(12, 31)))
}
