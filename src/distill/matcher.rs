//! Interprets a pattern at a place of a statement; the notation is described in [`super::rules`].

use super::dates::Hit;
use super::objects::Limits;
use super::rules::*;
use super::tokens::Tokens;
use crate::text::dates::{day_of_month, year_of};

/// Whom a fact is about. Numbers are places of tokens: from the first up to the second, excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Person {
    #[default]
    Speaker,
    Listener,
    /// Someone or something by its words.
    Named(usize, usize),
    /// The speaker's mother; the listener's, if so.
    Kin(&'static str, bool),
}

/// A relation that is told in passing: "my sister Eva".
#[derive(Clone, Copy, Debug)]
pub(super) struct Relation {
    pub name: &'static str,
    pub only: bool,
    pub of_listener: bool,
}

/// The parts of a date, as numbers of the table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DateParts {
    pub count: Option<i32>,
    pub unit: u8,
    pub weekday: Option<i32>,
    pub season: Option<i64>,
    pub month: Option<i64>,
    pub day: Option<i64>,
    pub year: Option<i64>,
    pub iso: Option<usize>,
}

/// What a pattern has found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub subject: Person,
    pub relation: Option<Relation>,
    /// What `@` stands for, or what of someone `^` is.
    pub attribute: (usize, usize),
    /// The thing that `^` names belongs to nobody: it is its own subject.
    pub unowned: bool,
    /// What `^` names is a relation and not a value.
    pub kin: bool,
    pub favourite: bool,
    pub objects: [(usize, usize); 2],
    pub count: usize,
    pub date: DateParts,
}

pub(super) struct Matcher<'t, 'a> {
    pub tokens: &'t Tokens<'a>,
    pub dates: &'t [Hit],
}

impl Matcher<'_, '_> {
    /// What a pattern finds that begins at a place.
    pub fn find(&self, pattern: &'static str, start: usize) -> Option<Found> {
        let mut found = Found { start, ..Found::default() };
        self.run(pattern, start, true, &mut found).then_some(found)
    }

    /// Where the verb stands after the person at a place, if there is one.
    pub fn verb(&self, at: usize) -> Option<usize> {
        let next = self.person(at, &mut Found::default())?;
        Some(self.after_adverbs(next, self.dates))
    }

    /// Matches the rest of a pattern; `free`: a mark may stand before the next word.
    fn run(&self, pattern: &'static str, at: usize, free: bool, found: &mut Found) -> bool {
        let tokens = self.tokens;
        if pattern.is_empty() {
            found.end = at;
            return true;
        }
        let (element, rest) = pattern.split_once(' ').unwrap_or((pattern, ""));
        let (element, optional) = match element.strip_suffix('?') {
            Some(element) => (element, true),
            None => (element, false),
        };
        match element.as_bytes().first() {
            Some(b',') => return self.run(rest, at, true, found),
            Some(b'~') => return self.run(rest, self.after_adverbs(at, &[]), free, found),
            _ => {}
        }
        let before = *found;
        if at < tokens.list.len() && (free || !tokens.broken(at)) && self.element(element, rest, at, found) {
            return true;
        }
        *found = before;
        optional && self.run(rest, at, free, found)
    }

    /// Matches one element that takes words, and the rest of the pattern after it.
    fn element(&self, element: &'static str, rest: &'static str, at: usize, found: &mut Found) -> bool {
        let tokens = self.tokens;
        let known = tokens.list[at].canonical;
        let number = || known.parse::<i64>().ok();
        match element.as_bytes() {
            b"$" => {
                let Some(next) = self.person(at, found) else { return false };
                self.run(rest, self.after_adverbs(next, self.dates), false, found)
            }
            b"%" => {
                tokens.is(at, THE)
                    && self.lengths(at + 1, 3).any(|end| {
                        found.subject = Person::Named(at + 1, end);
                        self.run(rest, end, false, found)
                    })
            }
            b"^" => self.owned(at, found).is_some_and(|next| self.run(rest, next, false, found)),
            b"@" => self.lengths(at, 3).any(|end| {
                found.attribute = (at, end);
                !tokens.is(at, STOP) && self.run(rest, end, false, found)
            }),
            b"!" => tokens.is(at, ORDER) && self.run(rest, at + 1, false, found),
            b"N" => {
                let digits = tokens.word(at).parse().ok().filter(|count| (0..=5_000).contains(count));
                found.date.count =
                    digits.or_else(|| number().filter(|_| tokens.is(at, NUMBER)).map(|it| it as i32));
                found.date.count.is_some() && self.run(rest, at + 1, false, found)
            }
            b"U" => {
                found.date.unit = known.bytes().next().unwrap_or_default();
                tokens.is(at, UNIT) && self.run(rest, at + 1, false, found)
            }
            b"w" => {
                // Chinese counts the days of the week; Sunday is none of the numbers.
                found.date.weekday = Some(number().map_or(6, |it| it as i32 - 1));
                tokens.is(at, WEEKDAY) && self.run(rest, at + 1, false, found)
            }
            b"W" => {
                found.date.weekday = number().map(|it| it as i32);
                tokens.is(at, WEEKDAY) && found.date.weekday.is_some() && self.run(rest, at + 1, false, found)
            }
            b"S" => {
                found.date.season = number();
                tokens.is(at, SEASON) && self.run(rest, at + 1, false, found)
            }
            b"M" => {
                found.date.month = number();
                tokens.is(at, MONTH) && self.run(rest, at + 1, false, found)
            }
            b"m" => {
                found.date.month = day_of_month(tokens.word(at)).filter(|&month| month <= 12);
                found.date.month.is_some() && self.run(rest, at + 1, false, found)
            }
            b"D" => {
                found.date.day = day_of_month(tokens.word(at));
                // "May 7, 1990": a comma may follow.
                found.date.day.is_some() && self.run(rest, at + 1, true, found)
            }
            b"Y" => {
                found.date.year = year_of(tokens.word(at));
                found.date.year.is_some() && self.run(rest, at + 1, false, found)
            }
            b"I" => {
                found.date.iso = Some(at);
                tokens.word(at).len() == 10
                    && tokens.word(at).as_bytes()[4] == b'-'
                    && self.run(rest, at + 1, false, found)
            }
            [b'*', class @ ..] => self.object(class.first().copied().unwrap_or(b'*'), rest, at, found),
            [b'<', words @ .., b'>'] => {
                let is_one = std::str::from_utf8(words)
                    .is_ok_and(|words| words.split('/').any(|it| it == tokens.word(at)));
                is_one && self.take(at, at + 1, found) && self.run(rest, at + 1, false, found)
            }
            _ => {
                let word = tokens.word(at);
                element.split('/').any(|it| it == word) && self.run(rest, at + 1, false, found)
            }
        }
    }

    fn take(&self, from: usize, to: usize, found: &mut Found) -> bool {
        if found.count == 2 {
            return false;
        }
        found.objects[found.count] = (from, to);
        found.count += 1;
        true
    }

    /// An object: as short as the rest of the pattern allows, or else as long as the clause.
    fn object(&self, class: u8, rest: &'static str, at: usize, found: &mut Found) -> bool {
        let limits = Limits { tokens: self.tokens, dates: self.dates };
        if rest.is_empty() {
            let Some(end) = limits.end(at, class) else { return false };
            let (from, to) = limits.trimmed(at, end);
            found.end = end;
            return limits.allows(class, from, to, found) && self.take(from, to, found);
        }
        let before = *found;
        self.lengths(at, 8).any(|end| {
            *found = before;
            let (from, to) = limits.trimmed(at, end);
            limits.allows(class, from, to, found)
                && self.take(from, to, found)
                && self.run(rest, end, false, found)
        })
    }

    /// Where a phrase of one to `most` words may end that begins at a place.
    fn lengths(&self, at: usize, most: usize) -> impl Iterator<Item = usize> {
        let last = (at + most).min(self.tokens.list.len());
        let tokens = self.tokens;
        (at + 1..=last).take_while(move |&end| {
            end == at + 1 || !tokens.broken(end - 1) && !tokens.is(end - 1, END & !IS)
        })
    }

    /// What follows adverbs and times: "now", "last month".
    fn after_adverbs(&self, mut at: usize, dates: &[Hit]) -> usize {
        while !self.tokens.broken(at) {
            match dates.iter().find(|hit| hit.lead == at) {
                Some(hit) => at = hit.to,
                None if self.tokens.is(at, ADVERB) => at += 1,
                None => break,
            }
        }
        at
    }

    /// A person at a place; returns where the words after it begin.
    fn person(&self, at: usize, found: &mut Found) -> Option<usize> {
        let tokens = self.tokens;
        if tokens.is(at, MY | YOUR) || tokens.is(at, I | YOU) && tokens.is(at + 1, RELATION | ONLY) {
            // "my sister", "my older sister"; Chinese needs no "my".
            let is_kin = |at: usize| !tokens.broken(at) && tokens.is(at, RELATION | ONLY);
            let kin = [at + 1, at + 2].into_iter().find(|&at| is_kin(at))?;
            let of_listener = tokens.is(at, YOUR | YOU);
            let name = self.kin_name(kin)?;
            let end = self.name_end(kin + 1).filter(|_| !tokens.broken(kin + 1));
            found.subject = Person::Kin(name, of_listener);
            if let Some(end) = end {
                found.subject = Person::Named(kin + 1, end);
                found.relation = Some(Relation { name, only: tokens.is(kin, ONLY), of_listener });
            }
            let next = end.unwrap_or(kin + 1);
            return self.agrees(next).then_some(next);
        }
        if tokens.is(at, I) {
            return Some(at + 1);
        }
        if tokens.is(at, YOU) {
            found.subject = Person::Listener;
            return Some(at + 1);
        }
        let end = self.name_end(at)?;
        found.subject = Person::Named(at, end);
        self.agrees(end).then_some(end)
    }

    /// The one name of a relation's word; the word itself in English.
    pub fn kin_name(&self, at: usize) -> Option<&'static str> {
        let token = self.tokens.list.get(at)?;
        if !token.canonical.is_empty() {
            return Some(token.canonical);
        }
        self.tokens.table.own_word(self.tokens.word(at))
    }

    /// Whether a verb after "he" may stand here: "People love coffee" tells of no one with the name People.
    fn agrees(&self, at: usize) -> bool {
        const BASE: &[&str] = &[
            "live", "love", "like", "work", "use", "speak", "enjoy", "hate", "have", "am", "are", "prefer",
            "study", "need", "eat", "go",
        ];
        !BASE.contains(&self.tokens.word(at))
    }

    /// Where a name of capitalised words ends that begins at a place.
    pub fn name_end(&self, at: usize) -> Option<usize> {
        let tokens = self.tokens;
        let is_name = |at: usize| {
            tokens.list.get(at).is_some_and(|it| it.capital && it.classes & !(TITLE | VALUE) == 0)
        };
        let mut end = at;
        while end < at + 3 && is_name(end) && (end == at || !tokens.broken(end)) {
            end += 1;
        }
        let is_title_only = end == at + 1 && tokens.is(at, TITLE);
        (end > at && !is_title_only).then_some(end)
    }

    /// Something that someone has, up to the "is" after it.
    fn owned(&self, at: usize, found: &mut Found) -> Option<usize> {
        let tokens = self.tokens;
        let mut noun = at + 1;
        found.unowned = false;
        if tokens.is(at, YOUR) {
            found.subject = Person::Listener;
        } else if tokens.word(at + 1) == "的" {
            found.subject = if tokens.is(at, I) { Person::Speaker } else { Person::Named(at, at + 1) };
            noun = at + 2;
        } else if let Some(end) = self.name_end(at).filter(|&end| tokens.word(end) == "'s") {
            found.subject = Person::Named(at, end);
            noun = end + 1;
        } else if tokens.is(at, THE) {
            found.unowned = true;
            if let Some(mark) =
                (at + 2..at + 5).find(|&mark| tokens.word(mark) == "'s" && !tokens.is(mark + 1, STOP))
            {
                found.subject = Person::Named(at + 1, mark);
                found.unowned = false;
                noun = mark + 1;
            }
        } else if tokens.is(at, VALUE) {
            found.unowned = true;
            noun = at;
        } else if let Some(of) = (at + 1..at + 5).find(|&of| tokens.word(of) == "的") {
            found.subject = Person::Named(at, of);
            noun = of + 1;
        } else if !tokens.is(at, MY) {
            return None;
        }
        if matches!(tokens.word(noun), "new" | "current" | "neue" | "nuevo" | "nueva") {
            noun += 1;
        }
        let mut is = noun + 1;
        // "my wife's name is": the name of the one is the one.
        let kin = tokens.is(noun, RELATION | ONLY) && !tokens.is(noun, VALUE);
        let named = kin && tokens.word(noun + 1) == "'s" && tokens.word(noun + 2) == "name";
        if named {
            is = noun + 3;
        }
        let limit = noun + 7;
        while !tokens.is(is, IS) {
            if is >= limit || tokens.broken(is) || tokens.is(is, I | YOU) {
                return None;
            }
            is += 1;
        }
        if tokens.broken(is) || tokens.is(noun, STOP) {
            return None;
        }
        found.attribute = (noun, is);
        found.kin = kin && (named || is == noun + 1);
        if found.kin {
            found.attribute = (noun, noun + 1);
            return Some(is);
        }
        let of = (noun + 1..is).find(|&of| tokens.table.source.of.contains(&tokens.word(of)));
        if let Some(of) = of.filter(|&of| of + 1 < is) {
            let from = if tokens.is(of + 1, ARTICLE | MY) && of + 2 < is { of + 2 } else { of + 1 };
            found.subject = Person::Named(from, is);
            found.unowned = false;
            found.attribute = (noun, of);
        }
        let (from, to) = found.attribute;
        (to - from <= 4).then_some(is)
    }
}
