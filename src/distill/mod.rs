//! From messages to knowledge: statements and what each of them says, by rules; or facts, by a language model, which
//! [`prompt`] asks and whose answer [`answer`] reads.
//!
//! By rules, a message is cut into statements ([`statements`]); each is read as tokens by the patterns of its language,
//! which are data ([`rules`]). Deterministic and without a model. A wrong fact may hide a true memory, so what is
//! doubtful is no fact: the words are kept either way.

mod abbreviations;
pub mod answer;
mod dates;
pub mod decisions;
mod entities;
mod facts;
mod lenient;
mod matcher;
mod objects;
pub mod prompt;
mod rules;
pub mod slots;
pub mod statements;
mod tokens;

use crate::knowledge::{Fact, Kind, Note, Origin};
use crate::record::Actor;
use crate::text::{Cues, Digest, statement_key};
use crate::time::Timestamp;

use facts::Reading;
use tokens::Tokens;

pub use statements::statements;

/// A statement of a message, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// What it says, word for word.
    pub text: String,
    /// What that means.
    pub note: Note,
}

/// Who says something to whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Speech<'a> {
    /// Who says it: "I".
    pub speaker: &'a Actor,
    /// Who hears it: "you", if that is known.
    pub listener: Option<&'a Actor>,
    /// When it is said: what "yesterday" is counted from.
    pub said: Timestamp,
    /// What the speaker said right before, which "no, I meant …" corrects.
    pub before: Option<&'a str>,
}

/// What several statements of one message say together.
pub fn united(statements: Vec<Statement>) -> Note {
    let mut notes = statements.into_iter().map(|statement| statement.note);
    let Some(mut note) = notes.next() else { return Note::default() };
    for other in notes {
        if note.kind == Kind::Episodic {
            note.kind = other.kind;
        }
        note.whole &= other.whole;
        note.facts.extend(other.facts);
        note.dates.extend(other.dates);
        note.entities.extend(other.entities);
    }
    note
}

/// No name, value or phrase that is kept beside a memory's words is longer, in characters.
const LONGEST: usize = 300;

/// The statements of a message in order, each taken apart. Deterministic; none for a message that says nothing.
///
/// Sentences that only greet, ask or fill are one statement together. A sentence of several complete facts is one
/// statement for each, so that each can come to its own end.
pub fn distil(message: &str, speech: &Speech<'_>) -> Vec<Statement> {
    let mut distilled = Distilled { message, speech, found: Vec::new(), light: None };
    for text in statements(message) {
        distilled.statement(text);
    }
    distilled.found
}

struct Distilled<'a> {
    message: &'a str,
    speech: &'a Speech<'a>,
    found: Vec<Statement>,
    /// Where the last statement begins and ends in the message, if it says nothing and may be joined by the next one.
    light: Option<(usize, usize)>,
}

impl Distilled<'_> {
    fn statement(&mut self, text: &str) {
        let Some((tokens, reading)) = self.read(text) else {
            return self.keep(text, Note { origin: Origin::Rules, confidence: 100, ..Note::default() });
        };
        if let Some(parts) = parts(&tokens, &reading) {
            for part in parts {
                self.part(part);
            }
            return;
        }
        self.noted(text, &tokens, reading);
    }

    /// A part of a sentence, unless the message has said it already.
    fn part(&mut self, text: &str) {
        let key = Digest::of(&[statement_key(text).as_bytes()]);
        let is_known = |known: &Statement| Digest::of(&[statement_key(&known.text).as_bytes()]) == key;
        if self.found.len() > statements::MAX_STATEMENTS || self.found.iter().rev().take(100).any(is_known) {
            return;
        }
        if let Some((tokens, reading)) = self.read(text) {
            self.noted(text, &tokens, reading);
        }
    }

    fn noted(&mut self, text: &str, tokens: &Tokens<'_>, mut reading: Reading) {
        if let Some((right, wrong)) = reading.correction.take() {
            self.correct(&mut reading, right, wrong.as_deref());
        }
        let note = Note {
            kind: reading.kind,
            origin: Origin::Rules,
            whole: reading.whole,
            entities: entities::find(tokens, &reading.facts),
            dates: dates::dated(tokens, &reading.dates),
            facts: reading.facts,
            confidence: 100,
            ..Note::default()
        };
        self.keep(text, note);
    }

    /// Keeps a statement, or joins it with the one before if neither says anything.
    fn keep(&mut self, text: &str, note: Note) {
        let start = text.as_ptr() as usize - self.message.as_ptr() as usize;
        let end = start + text.len();
        let is_light = says_nothing(text, &note);
        if let (Some((from, to)), Some(last)) = (self.light, self.found.last_mut())
            && is_light
            && self.message[to..start].chars().all(|c| c == ' ')
            && end - from <= statements::MAX_STATEMENT_CHARS
        {
            last.text = self.message[from..end].to_owned();
            last.note.entities.extend(note.entities);
            last.note.entities.truncate(16);
            last.note.dates.extend(note.dates);
            last.note.dates.truncate(16);
            self.light = Some((from, end));
            return;
        }
        self.light = is_light.then_some((start, end));
        self.found.push(Statement { text: text.to_owned(), note });
    }

    /// A statement as tokens, and what they say; with the table that finds most, if several may read it.
    fn read<'t>(&self, text: &'t str) -> Option<(Tokens<'t>, Reading)> {
        let mut best: Option<(Tokens<'t>, Reading)> = None;
        for table in facts::tables(text) {
            let tokens = Tokens::of(text, table);
            let reading = facts::read(&tokens, self.speech);
            let found = |reading: &Reading| {
                reading.facts.len()
                    + reading.dates.len()
                    + usize::from(reading.kind != Kind::Episodic || reading.correction.is_some())
            };
            if best.as_ref().is_none_or(|(_, kept)| found(&reading) > found(kept)) {
                best = Some((tokens, reading));
            }
            if best.as_ref().is_some_and(|(tokens, reading)| found(reading) > 0 || facts::is_certain(tokens))
            {
                break;
            }
        }
        best
    }

    /// The fact that "no, I meant Porto" is about: of this message or of the one before.
    fn correct(&self, reading: &mut Reading, right: String, wrong: Option<&str>) {
        let mut earlier: Vec<Fact> = Vec::new();
        if let Some(before) = self.speech.before {
            for text in statements(before).into_iter().take(20) {
                earlier.extend(self.read(text).into_iter().flat_map(|(_, reading)| reading.facts));
            }
        }
        earlier.extend(self.found.iter().flat_map(|it| it.note.facts.iter().cloned()));
        let fits = |fact: &&Fact| {
            let is_plain = fact.slot.as_deref().is_some_and(|slot| !slot.contains([':'])) && !fact.ended;
            is_plain && wrong.is_none_or(|wrong| fact.object.eq_ignore_ascii_case(wrong))
        };
        let Some(fact) = earlier.iter().rev().find(fits) else { return };
        let fact = Fact { object: bounded(&right), corrects: true, from: None, until: None, ..fact.clone() };
        reading.facts.truncate(facts::MOST_FACTS - 1);
        reading.facts.push(fact);
        reading.whole = true;
        reading.kind = Kind::Semantic;
    }
}

/// The parts of a sentence whose clauses are complete facts each: "I moved to Lisbon", "I'm vegetarian".
fn parts<'a>(tokens: &Tokens<'a>, reading: &Reading) -> Option<Vec<&'a str>> {
    if !reading.whole || reading.clauses.len() < 2 || reading.kind != Kind::Semantic {
        return None;
    }
    let mut parts = Vec::new();
    let mut begin = 0;
    for pair in reading.clauses.windows(2) {
        let (end, next) = (pair[0].1, pair[1].0);
        // What stands between them belongs to the first up to the mark or the "and".
        let cut = (end..next).find(|&at| tokens.broken(at) || tokens.is(at, rules::AND)).unwrap_or(next);
        let cut = if cut == next { next } else { cut };
        if cut <= begin {
            return None;
        }
        parts.push(tokens.slice(begin, cut));
        begin = (cut..next).find(|&at| !tokens.is(at, rules::AND)).unwrap_or(next);
    }
    let start = tokens.list.get(begin)?.start;
    parts.push(tokens.text[start..].trim());
    Some(parts)
}

/// Whether a statement only greets, asks or fills.
fn says_nothing(text: &str, note: &Note) -> bool {
    if note.kind != Kind::Episodic || !note.facts.is_empty() {
        return false;
    }
    let cues = Cues::of(text);
    cues.asking() >= 1.0
        || cues.informative() <= 1 && note.dates.is_empty() && !text.contains(|c: char| c.is_ascii_digit())
}

/// The beginning of a text that is kept beside a memory's words.
fn bounded(text: &str) -> String {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end]).to_owned()
}
