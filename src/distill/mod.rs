//! From messages to knowledge: statements and what each of them says, by rules; or facts, by a language model, which
//! [`prompt`] asks and whose answer [`answer`] reads.

mod abbreviations;
pub mod answer;
pub mod decisions;
mod lenient;
pub mod prompt;
pub mod slots;
pub mod statements;

use crate::knowledge::{Kind, Note, Origin};
use crate::record::Actor;
use crate::time::Timestamp;

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

/// The statements of a message in order, each taken apart. Deterministic; none for a message that says nothing.
pub fn distil(message: &str, _speech: &Speech<'_>) -> Vec<Statement> {
    let note = Note { origin: Origin::Rules, confidence: 100, ..Note::default() };
    let statement = |text: &str| Statement { text: text.to_owned(), note: note.clone() };
    statements(message).into_iter().map(statement).collect()
}
