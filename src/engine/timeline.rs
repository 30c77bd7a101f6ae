//! What happened when: statements at the days that they speak of, and facts as they begin and end.

use super::{Held, Knowledge};
use crate::record::Record;
use crate::sorted::sort;
use crate::time::Timestamp;

/// What an entry of a timeline tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A fact ended.
    Ended,
    /// A memory, at the day that it speaks of, else when it was said.
    Said,
    /// A fact began, at another time than the memory's own.
    Began,
}

impl Event {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Event::Ended => "ended",
            Event::Said => "said",
            Event::Began => "began",
        }
    }
}

/// An entry of a timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// The memory that tells it, as a place in [`Knowledge::memories`].
    pub memory: u32,
    /// The fact that began or ended, as a place in [`Knowledge::facts`].
    pub fact: Option<u32>,
}

/// The time that a memory speaks of: the one day that it names, else when it was said.
fn spoken_of(memory: &Record) -> Timestamp {
    let days = memory.note.dates.iter().filter(|dated| dated.first == dated.last).map(|dated| dated.first);
    let mut days: Vec<_> = days.collect();
    days.dedup();
    match days[..] {
        // A message of that day was said at its own time, which tells more.
        [day] if day != memory.timestamp.day() => day.start(),
        _ => memory.timestamp,
    }
}

impl Knowledge {
    /// What happened between two times, both included, oldest first and at most `limit` entries; about the entity of
    /// this name, or about everything. Nothing for an unknown name.
    pub fn timeline(
        &self,
        about: Option<&str>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Vec<Entry> {
        let entity = about.map(|name| self.find(name));
        let mut entries: Vec<Entry> = Vec::new();
        let mut add = |at: Timestamp, event, memory, fact| {
            if from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to) {
                entries.push(Entry { at, event, memory, fact });
            }
        };
        let named = entity.map(|entity| entity.map(|at| &self.entities[at as usize].memories));
        for (at, memory) in self.memories.iter().map(|seen| &seen.record).enumerate() {
            let at = at as u32;
            if named.is_none_or(|named| named.is_some_and(|named| named.binary_search(&at).is_ok())) {
                add(spoken_of(memory), Event::Said, at, None);
            }
        }
        for (at, Held { fact, span, memory, subject, object }) in self.facts.iter().enumerate() {
            let concerns =
                |entity: Option<u32>| entity.is_some_and(|it| it == *subject || Some(it) == *object);
            if !entity.is_none_or(concerns) {
                continue;
            }
            let told = spoken_of(&self.memories[*memory as usize].record);
            if let Some(began) = fact.from.filter(|&began| began != told && !fact.ended) {
                add(began, Event::Began, *memory, Some(at as u32));
            }
            if let Some(ended) = span.until.filter(|&ended| ended != told) {
                add(ended, Event::Ended, *memory, Some(at as u32));
            }
        }
        sort(&mut entries, |a, b| (a.at, a.event, a.memory).cmp(&(b.at, b.event, b.memory)));
        entries.truncate(limit);
        entries
    }
}
