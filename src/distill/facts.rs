//! What a statement says: where its clauses begin, which patterns they match, and the facts and kind that follow.

use super::dates::{self, Hit, at_place};
use super::letters;
use super::matcher::{Found, Matcher, Person};
use super::objects::Limits;
use super::rules::*;
use super::tokens::Tokens;
use super::{NOTHING, Speech, bounded};
use crate::knowledge::{Fact, Kind};
use crate::record::{Actor, Role};
use crate::text::{Language, fold, script};

/// More facts of one statement are not kept.
pub(super) const MOST_FACTS: usize = 8;

/// What a statement says.
#[derive(Default)]
pub(super) struct Reading {
    pub facts: Vec<Fact>,
    pub kind: Kind,
    pub whole: bool,
    pub dates: Vec<Hit>,
    /// What is right, and what was wrong if that is named.
    pub correction: Option<(String, Option<String>)>,
    /// Each clause with facts, from its beginning to its end.
    pub clauses: Vec<(usize, usize)>,
}

/// Reads a statement.
pub(super) fn read(tokens: &Tokens<'_>, speech: &Speech<'_>) -> Reading {
    let mut reading = Reading { dates: dates::find(tokens, speech.said.day()), ..Reading::default() };
    let hits = std::mem::take(&mut reading.dates);
    let count = tokens.list.len();
    let matcher = Matcher { tokens, dates: &hits };
    let mut begins = vec![false; count + 1];
    let mut covered = vec![false; count];
    let (mut unreal, mut at) = (false, 0);
    let mut candidates = Vec::new();
    for place in 0..count {
        let after_quote = place > 0 && tokens.list[place - 1].quoted;
        begins[place] |= place == 0 || tokens.broken(place) && !after_quote || tokens.is(place - 1, AND);
        let in_date = at_place(&hits, place);
        unreal |= tokens.is(place, UNREAL) && in_date.is_none();
        if !begins[place] || tokens.list[place].quoted {
            continue;
        }
        let is_no = matches!(tokens.word(place), "no" | "nein");
        if tokens.is(place, FILLER) && (!is_no || tokens.broken(place + 1)) {
            begins[place + 1] = true;
        }
        if let Some(hit) = in_date.filter(|hit| hit.lead == place) {
            begins[hit.to] = true;
        }
        if place < at {
            continue;
        }
        let verb = matcher.verb(place);
        tokens.table.candidates(tokens.word(place), verb.map(|verb| tokens.word(verb)), &mut candidates);
        for &index in &candidates {
            let rule = tokens.table.rules[usize::from(index)];
            let is_order = !letters::has(rule.outcome, b'|');
            if unreal && !is_order {
                continue;
            }
            let Some(found) = matcher.find(rule.pattern, place) else { continue };
            // "Google's Zurich office" is not Google.
            if found.end < count && tokens.word(found.end) == "'s" {
                continue;
            }
            let goes_on = (found.end..count).any(|at| tokens.broken(at));
            if tokens.asks && !goes_on {
                continue;
            }
            let mut clause = Clause { tokens, hits: &hits, speech, reading: &mut reading, end: found.end };
            if clause.take(&found, rule.outcome) {
                at = clause.end.max(place + 1);
                covered[place..at.min(count)].fill(true);
                break;
            }
        }
    }
    let beside = FILLER | TAIL | ADVERB | AND | BEFORE_DATE;
    reading.whole = !reading.facts.is_empty()
        && (0..count).all(|at| covered[at] || at_place(&hits, at).is_some() || tokens.is(at, beside));
    if reading.kind == Kind::Episodic && !reading.facts.is_empty() {
        reading.kind = Kind::Semantic;
    }
    // What holds beside something else takes no place.
    if (0..count).any(|at| letters::listed(BESIDE, b' ', tokens.word(at))) {
        for fact in reading.facts.iter_mut().filter(|fact| !fact.ended) {
            fact.slot = None;
        }
    }
    reading.facts.truncate(MOST_FACTS);
    reading.dates = hits;
    reading
}

/// Words that say that something holds as well, or only at times, so that nothing has to end for it.
const BESIDE: &str = "also too other another second sometimes weekends weekend part both partly mostly evenings \
                      auch ausserdem zudem manchmal andere anderer anderes zweite \
                      tambien ademas otro otra veces \u{4e5f} \u{8fd8} \u{53e6}\u{5916}";

/// One clause that a pattern has matched.
struct Clause<'r, 't, 'a> {
    tokens: &'t Tokens<'a>,
    hits: &'t [Hit],
    speech: &'r Speech<'r>,
    reading: &'r mut Reading,
    end: usize,
}

impl Clause<'_, '_, '_> {
    /// Takes over what a pattern's outcome says; not if the outcome does not fit after all.
    fn take(&mut self, found: &Found, outcome: &'static str) -> bool {
        let tokens = self.tokens;
        let start = found.start;
        let mut index = 0;
        let before = self.reading.facts.len();
        let mut outcomes = outcome;
        while !outcomes.is_empty() {
            let (part, others) = letters::cut(outcomes, b';');
            outcomes = others.trim_start();
            let (predicate, rest) = letters::cut(part, b'|');
            let (slot, flags) = letters::cut(rest, b'|');
            if predicate.len() == part.len() {
                match predicate {
                    "task" => self.reading.kind = Kind::Task,
                    "procedural" if self.speech.speaker.role != Role::Assistant => {
                        self.reading.kind = Kind::Procedural
                    }
                    "correct" => {
                        let text = |at: usize| {
                            let (from, to) = found.objects[at];
                            tokens.slice(from, to).to_owned()
                        };
                        self.reading.correction = Some((text(0), (found.count > 1).then(|| text(1))));
                    }
                    _ => return false,
                }
                continue;
            }
            let chosen = flags.bytes().find(u8::is_ascii_digit).map(|digit| usize::from(digit - b'0'));
            let object = chosen.unwrap_or(index).min(found.count.saturating_sub(1));
            index += 1;
            self.fact(found, object, predicate, slot, flags);
            if letters::has(flags, b'&') {
                self.more(found, object, predicate, slot, flags);
            }
        }
        if let Some(relation) = found.relation.filter(|_| self.reading.facts.len() > before)
            && let Person::Named(from, to) = found.subject
        {
            let owner = self.person(if relation.of_listener { Person::Listener } else { Person::Speaker });
            let slot = relation.only.then(|| relation.name.to_owned());
            let object = tokens.slice(from, to).to_owned();
            let fact = Fact { subject: owner, predicate: relation.name.to_owned(), object, slot, ..NOTHING };
            self.reading.facts.insert(before, fact);
        }
        if self.reading.facts.len() > before {
            self.reading.clauses.push((start, self.end));
        }
        true
    }

    /// Further objects after "and": "hiking, running and jazz".
    fn more(&mut self, found: &Found, object: usize, predicate: &str, slot: &str, flags: &str) {
        let tokens = self.tokens;
        let limits = Limits { tokens, dates: self.hits };
        let mut others = Vec::new();
        let mut at = self.end;
        let mut joined = false;
        while at < tokens.list.len() && others.len() < 6 {
            let is_and = letters::listed("and or und oder y o", b' ', tokens.word(at));
            if !(is_and || tokens.broken(at)) {
                break;
            }
            let from = at + usize::from(is_and);
            let Some(end) = limits.end(from, b'A').filter(|&end| end > from) else { break };
            let (from, to) = limits.trimmed(from, end);
            let is_verb = tokens.is(from, ORDER | IDLE | FILLER | PAST | IS);
            if to - from > 2 || is_verb || !limits.allows(b'A', from, to, found) {
                break;
            }
            others.push((from, to));
            (at, joined) = (end, joined | is_and);
        }
        if !joined {
            return;
        }
        self.end = at;
        for other in others {
            let mut again = *found;
            again.objects[object] = other;
            self.fact(&again, object, predicate, slot, flags);
        }
    }

    fn fact(&mut self, found: &Found, object: usize, predicate: &str, slot: &str, flags: &str) {
        let tokens = self.tokens;
        let (from, to) = found.objects[object];
        let key = |place: (usize, usize)| tokens.key(place.0, place.1);
        let (subject, attribute) = self.subject_and_attribute(found);
        let fill = |template: &str| {
            let place = letters::find(template, |c| matches!(c, '*' | '+' | '@'));
            let (before, after) = template.split_at(place);
            let filled = match after.as_bytes().first() {
                Some(b'*') => key((from, to)),
                Some(b'+') => key(found.objects[0]),
                Some(_) => attribute.clone(),
                None => return template.to_owned(),
            };
            [before, &filled, &after[1..]].concat()
        };
        let word = letters::trim_end(letters::cut(flags, b'=').1, |c| c == '&');
        let mut fact = Fact {
            subject,
            predicate: fill(predicate),
            object: if word.is_empty() { tokens.slice(from, to) } else { word }.to_owned(),
            ended: letters::has(flags, b'-'),
            ..NOTHING
        };
        fact.slot = match slot {
            "" => None,
            // Of several sisters none takes the other's place.
            "^" if found.kin => {
                fact.predicate = attribute.clone();
                tokens.is(found.attribute.0, ONLY).then_some(attribute)
            }
            "^" => Some(self.kind_of_value(attribute, from)),
            slot => Some(fill(slot)),
        };
        self.times(found, letters::has(flags, b't'), &mut fact);
        for text in [&mut fact.subject, &mut fact.predicate, &mut fact.object] {
            *text = bounded(text);
        }
        fact.slot = fact.slot.map(|slot| bounded(&slot));
        // "No, I work at BMW, not Audi."
        fact.corrects = tokens.broken(self.end)
            && letters::listed("no nein actually correction sorry", b' ', tokens.word(0))
            && letters::listed("not nicht no", b' ', tokens.word(self.end));
        if fact.corrects {
            self.end = tokens.list.len();
        }
        // "I moved to Windows 11."
        let is_place =
            fact.slot.as_deref() != Some("home") || !fact.object.bytes().any(|it| it.is_ascii_digit());
        if is_place {
            self.reading.facts.push(fact);
        }
    }

    /// Where something is and what sort of thing it is are other matters than what it is.
    fn kind_of_value(&self, attribute: String, object: usize) -> String {
        let before = if object > 0 { self.tokens.word(object - 1) } else { "" };
        match before {
            "in" | "a" | "an" => [&attribute, " (", before, ")"].concat(),
            _ => attribute,
        }
    }

    /// From when until when: the dates in front of the clause, in it and right after it.
    fn times(&self, found: &Found, happened: bool, fact: &mut Fact) {
        for hit in self.hits {
            let beside = hit.to == found.start || hit.lead >= found.start && hit.lead <= self.end + 1;
            let is_object = found.objects[..found.count].iter().any(|&(from, _)| from == hit.from);
            if !beside || is_object {
                continue;
            }
            let first = hit.first.start();
            if hit.until || fact.ended && !hit.since {
                fact.until = Some(first);
                fact.ended = fact.ended || hit.until;
            } else if hit.since || happened {
                fact.from = Some(first);
            }
        }
    }

    fn subject_and_attribute(&self, found: &Found) -> (String, String) {
        let tokens = self.tokens;
        let (from, to) = found.attribute;
        let mut attribute = String::new();
        if to > from {
            let first = tokens.list[from];
            let limits = Limits { tokens, dates: self.hits };
            attribute = if found.kin {
                let matcher = Matcher { tokens, dates: self.hits };
                matcher.kin_name(from).unwrap_or_default().to_owned()
            } else if limits.is_favourite(from, to) {
                self.favourite(from, to)
            } else if !first.canonical.is_empty()
                && (to == from + 1 || tokens.is(to - 1, VALUE) && to == from + 2)
            {
                first.canonical.to_owned()
            } else {
                tokens.key(from, to)
            };
            for adjective in ["current ", "new "] {
                if attribute.starts_with(adjective) {
                    attribute.drain(..adjective.len());
                }
            }
        }
        let subject = if found.unowned { attribute.clone() } else { self.person(found.subject) };
        (subject, attribute)
    }

    /// "favorite color", "Lieblingsfarbe", "color favorito": all are a favourite something.
    fn favourite(&self, from: usize, to: usize) -> String {
        let tokens = self.tokens;
        let names = tokens.table.source.favourite;
        let is_one = |at: usize| names.contains(&tokens.word(at));
        let what = if is_one(from) {
            tokens.key(from + 1, to)
        } else if is_one(to - 1) {
            tokens.key(from, to - 1)
        } else {
            let key = tokens.key(from, to);
            names.iter().find_map(|name| key.strip_prefix(name)).unwrap_or(&key).to_owned()
        };
        ["favourite ", &what].concat()
    }

    fn person(&self, person: Person) -> String {
        let speaker = self.speech.speaker;
        match person {
            Person::Speaker => named(speaker),
            Person::Listener => listener(self.speech),
            Person::Named(from, to) => {
                let tokens = self.tokens;
                let name = tokens.slice(from, to);
                // A thing has one name however it is written; a person's name is written as it is.
                if tokens.list[from].capital { name.to_owned() } else { fold(name) }
            }
            Person::Kin(name, of_listener) => {
                let owner = if of_listener { listener(self.speech) } else { named(speaker) };
                [&owner, "'s ", name].concat()
            }
        }
    }
}

/// What the speaker is called in facts.
pub(super) fn named(actor: &Actor) -> String {
    actor.name.clone().unwrap_or_else(|| actor.role.name().to_owned())
}

fn listener(speech: &Speech<'_>) -> String {
    match speech.listener {
        Some(actor) => named(actor),
        None if speech.speaker.role == Role::Assistant => Role::User.name().to_owned(),
        None => Role::Assistant.name().to_owned(),
    }
}

/// The tables that may read a text, likeliest first: that of its language, and for a short text in Latin letters,
/// whose language is a guess, the others.
pub(super) fn tables(text: &str) -> Vec<&'static Table> {
    let mut language = crate::text::language_of(text);
    let is_han = |c| script::dense(c) == Some(script::Dense::Han);
    if language == Language::English && letters::find(text, is_han) < text.len() {
        language = Language::Chinese;
    }
    let mut tables = Vec::new();
    if let Some(table) = table(language) {
        tables.push(table);
    }
    if language as u8 <= Language::Italian as u8 && text.len() <= SHORT {
        for other in [Language::English, Language::German, Language::Spanish] {
            if other != language
                && let Some(table) = table(other)
            {
                tables.push(table);
            }
        }
    }
    tables
}

/// Whether a text has a word that tells its language beyond doubt: "I", "the", "is".
pub(super) fn is_certain(tokens: &Tokens<'_>) -> bool {
    (0..tokens.list.len()).any(|at| tokens.is(at, I | YOU | MY | YOUR | THE | IS))
}

/// The language of a longer text is known well enough, in bytes.
const SHORT: usize = 60;
