//! From messages to knowledge: statements and what each of them says, by rules; or facts, by a language model, which
//! [`prompt`] asks and whose answer [`answer`] reads.
//!
//! By rules, a message is cut into statements ([`mod@statements`]); each is read as tokens by the patterns of its language,
//! which are data (`rules/`). Deterministic and without a model. A wrong fact may hide a true memory, so what is
//! doubtful is no fact: the words are kept either way.

mod abbreviations;
pub mod answer;
mod dates;
pub mod decisions;
mod entities;
mod facts;
pub mod lenient;
mod letters;
mod matcher;
mod objects;
pub mod prompt;
mod rules;
pub mod slots;
pub mod statements;
mod tokens;

use crate::knowledge::{Fact, Kind, Note, Origin};
use crate::record::Actor;
use crate::text::{Cues, statement_key};
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
pub fn united(mut statements: Vec<Statement>) -> Note {
    let Some((first, others)) = statements.split_first_mut() else { return Note::default() };
    let note = &mut first.note;
    for Statement { note: other, .. } in others {
        if note.kind == Kind::Episodic {
            note.kind = other.kind;
        }
        note.whole &= other.whole;
        note.facts.append(&mut other.facts);
        note.dates.append(&mut other.dates);
        note.entities.append(&mut other.entities);
    }
    std::mem::take(note)
}

/// A note that says nothing. Other than that of `default`, the parts that take the place of its own need not drop them.
const SILENT: Note = Note {
    kind: Kind::Episodic,
    origin: Origin::Rules,
    facts: Vec::new(),
    whole: false,
    entities: Vec::new(),
    dates: Vec::new(),
    cues: Vec::new(),
    confidence: 100,
    sources: Vec::new(),
    pending: false,
    attempts: 0,
    instructions: String::new(),
    summary: false,
};

/// Likewise a fact.
const NOTHING: Fact = Fact {
    subject: String::new(),
    predicate: String::new(),
    object: String::new(),
    slot: None,
    ended: false,
    corrects: false,
    from: None,
    until: None,
};

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
            return self.keep(text, SILENT);
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
        let key = statement_key(text);
        if self.found.len() > statements::MAX_STATEMENTS {
            return;
        }
        for known in &self.found[self.found.len().saturating_sub(100)..] {
            if statement_key(&known.text) == key {
                return;
            }
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
            whole: reading.whole,
            entities: entities::find(tokens, &reading.facts),
            dates: dates::dated(tokens, &reading.dates),
            facts: reading.facts,
            ..SILENT
        };
        self.keep(text, note);
    }

    /// Keeps a statement, or joins it with the one before if neither says anything.
    fn keep(&mut self, text: &str, mut note: Note) {
        let start = text.as_ptr() as usize - self.message.as_ptr() as usize;
        let end = start + text.len();
        let is_light = says_nothing(text, &note);
        if let (Some((from, to)), Some(last)) = (self.light, self.found.last_mut())
            && is_light
            && letters::all(&self.message[to..start], |c| c == ' ')
            && end - from <= statements::MAX_STATEMENT_CHARS
        {
            last.text = self.message[from..end].to_owned();
            last.note.entities.append(&mut note.entities);
            last.note.entities.truncate(16);
            last.note.dates.append(&mut note.dates);
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
        let fits = |fact: &Fact| {
            let is_plain = fact.slot.as_deref().is_some_and(|slot| !letters::has(slot, b':'));
            is_plain && !fact.ended && wrong.is_none_or(|wrong| fact.object.eq_ignore_ascii_case(wrong))
        };
        let mut latest: Option<Fact> = None;
        for statement in &self.found {
            for fact in &statement.note.facts {
                if fits(fact) {
                    latest = Some(fact.clone());
                }
            }
        }
        if let Some(before) = self.speech.before.filter(|_| latest.is_none()) {
            for text in statements(before).into_iter().take(20) {
                let Some((_, earlier)) = self.read(text) else { continue };
                for fact in earlier.facts {
                    if fits(&fact) {
                        latest = Some(fact);
                    }
                }
            }
        }
        let Some(mut fact) = latest else { return };
        (fact.object, fact.corrects, fact.from, fact.until) = (bounded(&right), true, None, None);
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
        let (mut cut, next) = (pair[0].1, pair[1].0);
        // What stands between them belongs to the first up to the mark or the "and".
        while cut < next && !tokens.broken(cut) && !tokens.is(cut, rules::AND) {
            cut += 1;
        }
        if cut <= begin {
            return None;
        }
        parts.push(tokens.slice(begin, cut));
        begin = cut;
        while begin < next && tokens.is(begin, rules::AND) {
            begin += 1;
        }
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
        || cues.informative() <= 1
            && note.dates.is_empty()
            && letters::find(text, |c| c.is_ascii_digit()) == text.len()
}

/// The beginning of a text that is kept beside a memory's words.
fn bounded(text: &str) -> String {
    letters::clip(text, LONGEST).to_owned()
}
