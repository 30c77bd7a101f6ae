//! Interprets a pattern at a place of a statement; the notation is described in [`super::rules`].

use super::dates::Hit;
use super::letters;
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
    pub count: Option<i64>,
    pub unit: u8,
    pub weekday: Option<i64>,
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
        let (element, rest) = letters::cut(pattern, b' ');
        let required = element.strip_suffix('?');
        let (element, optional) = (required.unwrap_or(element), required.is_some());
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
        match element.as_bytes() {
            b"$" => {
                let Some(next) = self.person(at, found) else { return false };
                self.run(rest, self.after_adverbs(next, self.dates), false, found)
            }
            b"%" if tokens.is(at, THE) => {
                for end in at + 2..=self.reach(at + 1, 3) {
                    found.subject = Person::Named(at + 1, end);
                    if self.run(rest, end, false, found) {
                        return true;
                    }
                }
                false
            }
            b"^" => {
                let Some(next) = self.owned(at, found) else { return false };
                self.run(rest, next, false, found)
            }
            b"@" => {
                for end in at + 1..=self.reach(at, 3) {
                    found.attribute = (at, end);
                    if !tokens.is(at, STOP) && self.run(rest, end, false, found) {
                        return true;
                    }
                }
                false
            }
            [b'*', class @ ..] => self.object(class.first().copied().unwrap_or(b'*'), rest, at, found),
            // "May 7, 1990": a comma may follow the day.
            element => self.word(element, at, found) && self.run(rest, at + 1, element == b"D", found),
        }
    }

    /// Matches an element that takes one word.
    fn word(&self, element: &'static [u8], at: usize, found: &mut Found) -> bool {
        let tokens = self.tokens;
        let word = tokens.word(at);
        let canonical = tokens.list[at].canonical;
        let number = letters::number(canonical);
        let date = &mut found.date;
        match element {
            b"!" => tokens.is(at, ORDER),
            b"N" => {
                date.count = letters::number(word).filter(|count| (0..=5_000).contains(count));
                if date.count.is_none() && tokens.is(at, NUMBER) {
                    date.count = number;
                }
                date.count.is_some()
            }
            b"U" => {
                date.unit = canonical.bytes().next().unwrap_or_default();
                tokens.is(at, UNIT)
            }
            b"w" => {
                // Chinese counts the days of the week; Sunday is none of the numbers.
                date.weekday = Some(number.map_or(6, |it| it - 1));
                tokens.is(at, WEEKDAY)
            }
            b"W" => {
                date.weekday = number;
                tokens.is(at, WEEKDAY) && number.is_some()
            }
            b"S" => {
                date.season = number;
                tokens.is(at, SEASON)
            }
            b"M" => {
                date.month = number;
                tokens.is(at, MONTH)
            }
            b"m" => {
                date.month = day_of_month(word).filter(|&month| month <= 12);
                date.month.is_some()
            }
            b"D" => {
                date.day = day_of_month(word);
                date.day.is_some()
            }
            b"Y" => {
                date.year = year_of(word);
                date.year.is_some()
            }
            b"I" => {
                date.iso = Some(at);
                word.len() == 10 && word.as_bytes()[4] == b'-'
            }
            [b'<', words @ .., b'>'] => is_one(words, word) && self.take(at, at + 1, found),
            words => is_one(words, word),
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
        for end in at + 1..=self.reach(at, 8) {
            *found = before;
            let (from, to) = limits.trimmed(at, end);
            if limits.allows(class, from, to, found)
                && self.take(from, to, found)
                && self.run(rest, end, false, found)
            {
                return true;
            }
        }
        false
    }

    /// Where the longest phrase of at most so many words ends that begins at a place; the place if there is no word.
    fn reach(&self, at: usize, most: usize) -> usize {
        let tokens = self.tokens;
        let mut end = (at + 1).min(tokens.list.len());
        while end < at + most && !tokens.broken(end) && !tokens.is(end, END & !IS) {
            end += 1;
        }
        end
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
        const BASE: &str = "live love like work use speak enjoy hate have am are prefer study need eat go";
        !letters::listed(BASE, b' ', self.tokens.word(at))
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

/// Whether a word is one of those that strokes separate.
fn is_one(words: &'static [u8], word: &str) -> bool {
    std::str::from_utf8(words).is_ok_and(|words| letters::listed(words, b'/', word))
}
