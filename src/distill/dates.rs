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
    let mut dated = Vec::new();
    for hit in hits {
        if dated.len() < 16 {
            let words = super::bounded(tokens.slice(hit.from, hit.to));
            dated.push(Dated { words, first: hit.first, last: hit.last });
        }
    }
    dated
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
    let sign = shift.as_bytes()[0];
    let (count, kind) = shift.split_at(shift.len() - 1);
    if kind == "d" {
        return unit_days(b'd', letters::number(count)?, today);
    }
    if kind == "y" {
        return unit_days(b'y', letters::number(count)?, today);
    }
    if kind == "s" {
        let Some(month) = parts.month else { return year_days(parts.year?) };
        let of_year = |year: i64| {
            let Some(day) = parts.day else { return Some(month_days(year * 12 + month - 1)) };
            let date = Day::of_civil(year, month, day);
            let number = i64::from(date.number());
            // A day that the month does not have is none.
            (date.civil().1 == month).then_some((number, number))
        };
        if let Some(year) = parts.year {
            return of_year(year);
        }
        let past = sign == b'<' || is_past && sign != b'>';
        let this = of_year(year);
        // The nearest: of this year, of the one before or of the one after.
        let step = match this {
            Some((first, last)) if past => -i64::from(first > now || sign == b'<' && now <= last),
            Some((_, last)) => i64::from(last < now),
            // 29 February.
            None if past => -1,
            None => 1,
        };
        return if step == 0 { this } else { of_year(year + step) };
    }
    if let Some(weekday) = parts.weekday {
        let ahead = (weekday - (now + 3)).rem_euclid(7);
        let day = match sign {
            b'<' => now + ahead - 7,
            b'>' if ahead == 0 => now + 7,
            b'=' if is_past && ahead > 0 => now + ahead - 7,
            _ => now + ahead,
        };
        return Some((day, day));
    }
    if let Some(begin) = parts.season {
        let past = sign == b'<' || sign == b'=' && is_past;
        for step in 0..3 {
            let month = (if past { year - step } else { year - 1 + step }) * 12 + begin - 1;
            let (first, last) = (month_days(month).0, month_days(month + 2).1);
            let fits = match sign {
                b'<' => last < now,
                b'>' => first > now,
                _ if past => first <= now,
                _ => last >= now,
            };
            if fits {
                return Some((first, last));
            }
        }
        return None;
    }
    if kind != "N" {
        return unit_days(parts.unit, letters::number(shift)?, today);
    }
    let count = parts.count? * if sign == b'-' { -1 } else { 1 };
    let (from, to) = unit_days(parts.unit, count, today)?;
    // "Two weeks ago" is a week around that day, and no week of the calendar.
    let day = now + 7 * count;
    Some(if parts.unit == b'w' { (day - 3, day + 3) } else { (from, to) })
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
        b'm' => month_days(year * 12 + month - 1 + count),
        b'y' => year_days(year + count)?,
        _ => return None,
    })
}

/// The first and the last day of a month, counted from the first one of the year 0.
fn month_days(month: i64) -> (i64, i64) {
    let (first, last) = whole_month(month.div_euclid(12), month.rem_euclid(12) + 1);
    (i64::from(first.number()), i64::from(last.number()))
}

fn year_days(year: i64) -> Option<(i64, i64)> {
    let day = |month, day| i64::from(Day::of_civil(year, month, day).number());
    (1..=9999).contains(&year).then(|| (day(1, 1), day(12, 31)))
}
