//! The stored form of a note: fields that each have a number and a length.
//!
//! A reader skips fields that it does not know, so later versions may add some, and what is not there takes no
//! space. `docs/format.md` has the numbers.

use crate::bytes::{Reader, Writer};
use crate::error::Result;
use crate::knowledge::{Dated, Entity, EntityKind, Fact, Kind, Note, Origin};
use crate::record::MemoryId;
use crate::time::{Day, Timestamp};

const KIND: u8 = 1;
const ORIGIN: u8 = 2;
const FACT: u8 = 3;
const WHOLE: u8 = 4;
const ENTITY: u8 = 5;
const DATED: u8 = 6;
const CUE: u8 = 7;
const CONFIDENCE: u8 = 8;
const SOURCE: u8 = 9;
const PENDING: u8 = 10;
const ATTEMPTS: u8 = 11;
const SUMMARY: u8 = 12;
const INSTRUCTIONS: u8 = 13;

const ENDED: u8 = 1;
const CORRECTS: u8 = 2;
const SLOT: u8 = 4;
const FROM: u8 = 8;
const UNTIL: u8 = 16;

/// Writes a note; nothing for an empty one.
pub(super) fn encode(note: &Note) -> Vec<u8> {
    let mut out = Writer::new();
    let mut small = |field: u8, value: u8| {
        if value != 0 {
            out.u8(field);
            out.bytes(&[value]);
        }
    };
    small(KIND, note.kind as u8);
    small(ORIGIN, note.origin as u8);
    small(WHOLE, u8::from(note.whole));
    small(CONFIDENCE, note.confidence);
    small(PENDING, u8::from(note.pending));
    small(ATTEMPTS, note.attempts);
    small(SUMMARY, u8::from(note.summary));
    let mut field = |field: u8, content: Writer| {
        out.u8(field);
        out.bytes(&content.finish());
    };
    for fact in &note.facts {
        field(FACT, encode_fact(fact));
    }
    for entity in &note.entities {
        let mut content = Writer::new();
        content.u8(entity.kind as u8);
        content.raw(entity.name.as_bytes());
        field(ENTITY, content);
    }
    for dated in &note.dates {
        let mut content = Writer::new();
        content.signed(i64::from(dated.first.number()));
        content.signed(i64::from(dated.last.number()));
        content.raw(dated.words.as_bytes());
        field(DATED, content);
    }
    for cue in &note.cues {
        let mut content = Writer::new();
        content.raw(cue.as_bytes());
        field(CUE, content);
    }
    if !note.instructions.is_empty() {
        let mut content = Writer::new();
        content.raw(note.instructions.as_bytes());
        field(INSTRUCTIONS, content);
    }
    for source in &note.sources {
        let mut content = Writer::new();
        content.u128(source.bits());
        field(SOURCE, content);
    }
    out.finish()
}

fn encode_fact(fact: &Fact) -> Writer {
    let mut out = Writer::new();
    let flag = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
    out.u8(flag(fact.ended, ENDED)
        | flag(fact.corrects, CORRECTS)
        | flag(fact.slot.is_some(), SLOT)
        | flag(fact.from.is_some(), FROM)
        | flag(fact.until.is_some(), UNTIL));
    out.text(&fact.subject);
    out.text(&fact.predicate);
    out.text(&fact.object);
    if let Some(slot) = &fact.slot {
        out.text(slot);
    }
    for time in [fact.from, fact.until].into_iter().flatten() {
        out.signed(time.millis());
    }
    out
}

/// Reads a note. `STORE_CORRUPT` for bytes that are none.
pub(super) fn decode(bytes: &[u8]) -> Result<Note> {
    let mut input = Reader::new(bytes, "operation");
    let mut note = Note::default();
    while !input.is_empty() {
        let field = input.u8()?;
        let content = input.bytes()?;
        let mut inner = Reader::new(content, "operation");
        let rest = |inner: &Reader<'_>| {
            let text = std::str::from_utf8(inner.rest()).map_err(|_| inner.corrupt("a text is not UTF-8"))?;
            Ok::<String, crate::error::Error>(text.to_owned())
        };
        match field {
            KIND => note.kind = pick(&Kind::ALL, inner.u8()?),
            ORIGIN => {
                note.origin = pick(&[Origin::Verbatim, Origin::Rules, Origin::Model], inner.u8()?);
            }
            WHOLE => note.whole = inner.u8()? != 0,
            CONFIDENCE => note.confidence = inner.u8()?,
            PENDING => note.pending = inner.u8()? != 0,
            ATTEMPTS => note.attempts = inner.u8()?,
            INSTRUCTIONS => note.instructions = rest(&inner)?,
            SUMMARY => note.summary = inner.u8()? != 0,
            FACT => note.facts.push(decode_fact(&mut inner)?),
            ENTITY => {
                let kind = pick(&EntityKind::ALL, inner.u8()?);
                note.entities.push(Entity { kind, name: rest(&inner)? });
            }
            DATED => {
                let (first, last) = (day(&mut inner)?, day(&mut inner)?);
                note.dates.push(Dated { first, last, words: rest(&inner)? });
            }
            CUE => note.cues.push(rest(&inner)?),
            SOURCE => note.sources.push(MemoryId::from_bits(inner.u128()?)),
            _ => {}
        }
    }
    Ok(note)
}

/// The value of this number; the default for one that a later version has added.
fn pick<T: Copy + Default>(all: &[T], number: u8) -> T {
    all.get(usize::from(number)).copied().unwrap_or_default()
}

fn day(input: &mut Reader<'_>) -> Result<Day> {
    let number = i32::try_from(input.signed()?).map_err(|_| input.corrupt("a day is out of range"))?;
    Ok(Day::from_number(number))
}

fn decode_fact(input: &mut Reader<'_>) -> Result<Fact> {
    let flags = input.u8()?;
    let has = |bit: u8| flags & bit != 0;
    Ok(Fact {
        ended: has(ENDED),
        corrects: has(CORRECTS),
        subject: input.text()?.to_owned(),
        predicate: input.text()?.to_owned(),
        object: input.text()?.to_owned(),
        slot: if has(SLOT) { Some(input.text()?.to_owned()) } else { None },
        from: if has(FROM) { Some(Timestamp::clamped(input.signed()?)) } else { None },
        until: if has(UNTIL) { Some(Timestamp::clamped(input.signed()?)) } else { None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_survive_and_unknown_fields_are_skipped() {
        let fact = Fact {
            subject: "Ana".into(),
            predicate: "lives in".into(),
            object: "Köln".into(),
            slot: Some("home".into()),
            ended: true,
            corrects: false,
            from: Some(Timestamp::clamped(-7)),
            until: None,
        };
        let note = Note {
            kind: Kind::Task,
            origin: Origin::Model,
            facts: vec![fact, Fact::default()],
            whole: true,
            entities: vec![Entity { name: "Köln".into(), kind: EntityKind::Place }],
            dates: vec![Dated {
                words: "last Friday".into(),
                first: Day::from_number(-1),
                last: Day::from_number(3),
            }],
            cues: vec!["where does she live".into()],
            confidence: 90,
            sources: vec![MemoryId::from_bits(7)],
            pending: true,
            attempts: 2,
            instructions: "only food".into(),
            summary: true,
        };
        let mut bytes = encode(&note);
        assert_eq!(decode(&bytes).unwrap(), note);
        let mut unknown = Writer::new();
        unknown.u8(200);
        unknown.bytes(b"later");
        bytes.splice(0..0, unknown.finish());
        assert_eq!(decode(&bytes).unwrap(), note);
        assert!(encode(&Note::default()).is_empty());
        bytes.pop();
        assert_eq!(decode(&bytes).unwrap_err().code(), "STORE_CORRUPT");
    }
}
