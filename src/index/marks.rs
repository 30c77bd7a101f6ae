//! Terms that are no words, under which the index keeps what is known of a memory.
//!
//! A memory is filed under its entities, under the slots of its facts and so on, in the same posting lists as under
//! its words. So they are sealed, merged and searched like words, and a new sort of mark is one more letter here.
//! Every mark begins with a control character, which no analysed word contains; marks count neither for a memory's
//! length nor for what stands side by side in it.

use crate::knowledge::Note;
use crate::record::MemoryId;
use crate::text::{Analyzer, Digest, fold};

/// Before the digest of a subject and slot: the memory says what is in it, or that it is empty now.
pub const SLOT: char = '\u{1}';
/// Before an entity's folded name.
pub const ENTITY: char = '\u{2}';
/// Before a word of a cue.
pub const CUE: char = '\u{3}';
/// Before the id of a memory that this one was made from.
pub const SOURCE: char = '\u{5}';
/// Memories that say facts.
pub const FACTS: &str = "\u{4}facts";
/// Memories that wait for a model.
pub const PENDING: &str = "\u{4}pending";
/// Memories that were closed by decision.
pub const CLOSED: &str = "\u{4}closed";
/// Summaries of conversations.
pub const SUMMARY: &str = "\u{4}summary";

/// Whether a term is a word and not a mark.
pub fn is_word(term: &str) -> bool {
    term.as_bytes().first().is_none_or(|&first| first >= b' ')
}

/// The mark of a subject and slot, however they are written.
pub fn slot(subject: &str, slot: &str) -> String {
    let digest = Digest::of(&[b"slot", fold(subject).as_bytes(), fold(slot).as_bytes()]);
    format!("{SLOT}{}", &digest.to_hex()[..16])
}

/// The mark of an entity of this name.
pub fn entity(name: &str) -> String {
    format!("{ENTITY}{}", fold(name))
}

/// The mark of a memory that others were made from.
pub fn source(id: MemoryId) -> String {
    format!("{SOURCE}{:032x}", id.bits())
}

/// The mark of a word of a cue.
pub fn cue(term: &str) -> String {
    format!("{CUE}{term}")
}

/// The marks under which a memory is filed for its note, each once.
pub fn of_note(note: &Note, is_closed: bool, analyzer: &Analyzer) -> Vec<Box<str>> {
    let mut marks: Vec<Box<str>> = Vec::new();
    let mut add = |mark: String| {
        let mark = mark.into_boxed_str();
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    };
    for fact in &note.facts {
        if let Some(name) = &fact.slot {
            add(slot(&fact.subject, name));
        }
    }
    for entity_named in &note.entities {
        add(entity(&entity_named.name));
    }
    // What a fact is about is often not said: "I moved to Lisbon" is about where someone lives.
    let about = note.facts.iter().flat_map(|fact| [Some(&fact.predicate), fact.slot.as_ref()]).flatten();
    for text in note.cues.iter().chain(about) {
        analyzer.terms(text, |term| add(cue(term)));
    }
    for &id in &note.sources {
        add(source(id));
    }
    for (mark, holds) in [
        (FACTS, !note.facts.is_empty()),
        (PENDING, note.pending),
        (CLOSED, is_closed),
        (SUMMARY, note.summary),
    ] {
        if holds {
            add(mark.to_owned());
        }
    }
    marks
}
