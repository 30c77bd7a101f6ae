//! Operations: the smallest changes, and their stored form (described in `docs/format.md`).

use super::link::Link;
use super::note;
use crate::bytes::{Reader, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::json;
use crate::knowledge::{Closing, Feedback, Note};
use crate::record::{Actor, MemoryId, Metadata, Place, Role};
use crate::scope::{Axis, Scope};
use crate::text::Digest;
use crate::time::{Day, Stamp, Timestamp};

/// One change of one memory. Unique by stamp and replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// When it was made, on the logical clock of the replica that made it.
    pub stamp: Stamp,
    /// The replica that made it.
    pub replica: u64,
    /// The memory it changes.
    pub id: MemoryId,
    /// Its place in the log of its replica; `None` if it was written before there were links, and for vectors.
    pub link: Option<Link>,
    /// What it does.
    pub change: Change,
}

/// What is known of an operation without reading what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// When it was made.
    pub stamp: Stamp,
    /// The replica that made it.
    pub replica: u64,
    /// The memory it changes.
    pub id: MemoryId,
    /// Its place in the log of its replica.
    pub link: Option<Link>,
    kind: u8,
}

/// What an operation does.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The memory was first said.
    Remember(Box<Remember>),
    /// The same was said again: provenance, and a sign of life.
    Touch {
        /// Where it was said again.
        place: Place,
        /// When it was said again.
        timestamp: Timestamp,
    },
    /// Some of its parts changed; `None` leaves a part as it is.
    Revise {
        /// The new text.
        text: Option<String>,
        /// Metadata to merge in, key by key; a key set to null stays with the value null.
        metadata: Option<Metadata>,
        /// The new last day, or `Some(None)` to have none.
        expires: Option<Option<Day>>,
        /// When it was said, if that was not known or was wrong.
        said: Option<Box<Said>>,
    },
    /// It was deleted; its history stays.
    Retract,
    /// Its vector, as computed by an embedder. It counts only while the memory says what was embedded, so
    /// that a vector never stands for another text, whatever order operations arrive in.
    Embed {
        /// Digest of the text that was embedded.
        text: Digest,
        /// The embedder's name.
        model: String,
        /// The vector, quantised.
        codes: Vec<i8>,
        /// What one step of the codes is worth.
        scale: f32,
    },
    /// What it says was taken apart anew: replaces the note.
    Annotate(Box<Note>),
    /// Another memory took its place; it stays readable.
    Close {
        /// Why.
        why: Closing,
        /// From when on it is no longer so.
        at: Timestamp,
        /// The memory that took its place.
        by: MemoryId,
    },
    /// It holds again: takes back a closing.
    Reopen,
    /// Someone said what they think of it.
    Rate {
        /// What they think.
        feedback: Feedback,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// Everything about it is removed, but that this was done. Other operations of the memory count no more,
    /// whenever they arrive.
    Erase,
    /// Something was done to a memory that has been erased. What it was is gone; that it was there is what keeps the
    /// numbers of commits without gaps. Always has a link.
    Stub,
}

/// That a memory was said at another time than was thought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// When it was said.
    pub timestamp: Timestamp,
    /// What its words mean if they were said then, and the digest of these words: facts and dates alone. Like a vector
    /// it counts only while the memory says just that, because another device may give it another text.
    pub reading: Option<(Digest, Note)>,
}

/// Everything that is known when a memory is first said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remember {
    /// Whom it belongs to.
    pub scope: Scope,
    /// What it says.
    pub text: String,
    /// Who said it.
    pub actor: Actor,
    /// Where it was said.
    pub place: Place,
    /// When it was said.
    pub timestamp: Timestamp,
    /// The caller's metadata.
    pub metadata: Metadata,
    /// The last day on which it is returned.
    pub expires: Option<Day>,
    /// What it says, taken apart.
    pub note: Note,
}

/// The newest version of the stored form that this code reads, and writes where there is a link.
const FORMAT: u8 = 2;

/// The version without links, in which what has none is still written.
const UNLINKED: u8 = 1;

const REMEMBER: u8 = 1;
const TOUCH: u8 = 2;
const REVISE: u8 = 3;
const RETRACT: u8 = 4;
const EMBED: u8 = 5;
/// As [`REMEMBER`], and a note.
const REMEMBER_NOTED: u8 = 6;
const ANNOTATE: u8 = 7;
const CLOSE: u8 = 8;
const REOPEN: u8 = 9;
const RATE: u8 = 10;
const ERASE: u8 = 11;
const STUB: u8 = 12;
/// As [`REVISE`], and when it was said.
const REVISE_SAID: u8 = 13;

impl Operation {
    /// The key under which a store keeps it: 32 hex digits that sort in time order.
    pub fn key(&self) -> String {
        format!("{:016x}{:016x}", self.stamp.bits(), self.replica)
    }

    /// Its place in the total order of operations.
    pub fn order(&self) -> (Stamp, u64) {
        (self.stamp, self.replica)
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_as(self.link.as_ref())
    }

    pub(super) fn encode_as(&self, link: Option<&Link>) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(if link.is_some() { FORMAT } else { UNLINKED });
        out.u8(match &self.change {
            Change::Remember(remember) if remember.note == Note::default() => REMEMBER,
            Change::Remember(_) => REMEMBER_NOTED,
            Change::Touch { .. } => TOUCH,
            Change::Revise { said: None, .. } => REVISE,
            Change::Revise { .. } => REVISE_SAID,
            Change::Retract => RETRACT,
            Change::Embed { .. } => EMBED,
            Change::Annotate(_) => ANNOTATE,
            Change::Close { .. } => CLOSE,
            Change::Reopen => REOPEN,
            Change::Rate { .. } => RATE,
            Change::Erase => ERASE,
            Change::Stub => STUB,
        });
        out.u64(self.stamp.bits());
        out.u64(self.replica);
        out.u128(self.id.bits());
        if let Some(link) = link {
            link.write(&mut out);
        }
        match &self.change {
            Change::Remember(remember) => {
                for axis in Axis::ALL {
                    out.optional(remember.scope.get(axis));
                }
                out.text(&remember.text);
                out.u8(remember.actor.role as u8);
                out.optional(remember.actor.name.as_deref());
                write_place(&mut out, &remember.place);
                out.signed(remember.timestamp.millis());
                write_metadata(&mut out, &remember.metadata);
                write_day(&mut out, remember.expires);
                if remember.note != Note::default() {
                    out.bytes(&note::encode(&remember.note));
                }
            }
            Change::Touch { place, timestamp } => {
                write_place(&mut out, place);
                out.signed(timestamp.millis());
            }
            Change::Revise { text, metadata, expires, said } => {
                out.optional(text.as_deref());
                out.u8(u8::from(metadata.is_some()));
                if let Some(metadata) = metadata {
                    write_metadata(&mut out, metadata);
                }
                out.u8(u8::from(expires.is_some()));
                if let Some(expires) = expires {
                    write_day(&mut out, *expires);
                }
                if let Some(said) = said {
                    out.signed(said.timestamp.millis());
                    out.u8(u8::from(said.reading.is_some()));
                    if let Some((text, note)) = &said.reading {
                        out.raw(&text.0);
                        out.bytes(&note::encode(note));
                    }
                }
            }
            Change::Retract | Change::Reopen | Change::Erase | Change::Stub => {}
            Change::Annotate(note) => out.bytes(&note::encode(note)),
            Change::Close { why, at, by } => {
                out.u8(*why as u8);
                out.signed(at.millis());
                out.u128(by.bits());
            }
            Change::Rate { feedback, reason } => {
                out.u8(*feedback as u8);
                out.optional(reason.as_deref());
            }
            Change::Embed { text, model, codes, scale } => {
                out.raw(&text.0);
                out.text(model);
                out.bytes(&codes.iter().map(|&code| code as u8).collect::<Vec<u8>>());
                out.u32(scale.to_bits());
            }
        }
        out.checksum();
        out.finish()
    }

    /// Reads the stored form. `STORE_CORRUPT` for damaged bytes, `FORMAT_UNSUPPORTED` for newer ones.
    pub fn decode(bytes: &[u8]) -> Result<Operation> {
        let mut input = Reader::checked(bytes, "operation")?;
        let Head { stamp, replica, id, link, kind } = Head::read(&mut input)?;
        let change = match kind {
            REMEMBER => Change::Remember(Box::new(read_remember(&mut input)?)),
            REMEMBER_NOTED => {
                let mut remember = read_remember(&mut input)?;
                remember.note = note::decode(input.bytes()?)?;
                Change::Remember(Box::new(remember))
            }
            TOUCH => Change::Touch {
                place: read_place(&mut input)?,
                timestamp: Timestamp::clamped(input.signed()?),
            },
            REVISE | REVISE_SAID => Change::Revise {
                text: input.optional()?.map(str::to_owned),
                metadata: if flag(&mut input)? { Some(read_metadata(&mut input)?) } else { None },
                expires: if flag(&mut input)? { Some(read_day(&mut input)?) } else { None },
                said: if kind == REVISE_SAID { Some(Box::new(read_said(&mut input)?)) } else { None },
            },
            RETRACT => Change::Retract,
            ANNOTATE => Change::Annotate(Box::new(note::decode(input.bytes()?)?)),
            CLOSE => Change::Close {
                why: one_of(&Closing::ALL, &mut input)?,
                at: Timestamp::clamped(input.signed()?),
                by: MemoryId::from_bits(input.u128()?),
            },
            REOPEN => Change::Reopen,
            RATE => Change::Rate {
                feedback: one_of(&Feedback::ALL, &mut input)?,
                reason: input.optional()?.map(str::to_owned),
            },
            ERASE => Change::Erase,
            STUB => Change::Stub,
            _ => Change::Embed {
                text: read_digest(&mut input)?,
                model: input.text()?.to_owned(),
                codes: input.bytes()?.iter().map(|&byte| byte as i8).collect(),
                scale: Some(f32::from_bits(input.u32()?))
                    .filter(|scale| scale.is_finite())
                    .ok_or_else(|| input.corrupt("a scale is no number"))?,
            },
        };
        if !input.is_empty() {
            return Err(input.corrupt("has bytes left over"));
        }
        Ok(Operation { stamp, replica, id, link, change })
    }
}

impl Head {
    /// Reads the beginning of a stored form that was checked when it was loaded.
    pub fn peek(bytes: &[u8]) -> Result<Head> {
        Head::read(&mut Reader::new(bytes, "operation"))
    }

    fn read(input: &mut Reader<'_>) -> Result<Head> {
        let format = input.u8()?;
        let kind = input.u8()?;
        if format > FORMAT || !(REMEMBER..=REVISE_SAID).contains(&kind) {
            return Err(newer(format, kind));
        }
        let stamp = Stamp::from_bits(input.u64()?);
        let replica = input.u64()?;
        let id = MemoryId::from_bits(input.u128()?);
        let link = if format > UNLINKED { Some(Link::read(input)?) } else { None };
        if kind == STUB && link.is_none() {
            return Err(input.corrupt("a stub has no link"));
        }
        Ok(Head { stamp, replica, id, link, kind })
    }

    /// Its place in the total order of operations.
    pub fn order(&self) -> (Stamp, u64) {
        (self.stamp, self.replica)
    }

    /// Whether its content was erased.
    pub fn is_stub(&self) -> bool {
        self.kind == STUB
    }

    /// Whether it is a vector, which every device makes for itself.
    pub fn is_vector(&self) -> bool {
        self.kind == EMBED
    }
}

fn newer(format: u8, kind: u8) -> Error {
    Error::new(
        ErrorKind::FormatUnsupported,
        format!(
            "the store holds an operation of format {format}, kind {kind}, which this version of edgemem \
             does not know; update edgemem"
        ),
    )
    .field("operation")
}

fn read_remember(input: &mut Reader<'_>) -> Result<Remember> {
    let mut scope = Scope::new();
    for axis in Axis::ALL {
        if let Some(id) = input.optional()? {
            scope = scope.with(axis, id);
        }
    }
    Ok(Remember {
        scope,
        text: input.text()?.to_owned(),
        actor: Actor { role: read_role(input)?, name: input.optional()?.map(str::to_owned) },
        place: read_place(input)?,
        timestamp: Timestamp::clamped(input.signed()?),
        metadata: read_metadata(input)?,
        expires: read_day(input)?,
        note: Note::default(),
    })
}

fn read_said(input: &mut Reader<'_>) -> Result<Said> {
    let timestamp = Timestamp::clamped(input.signed()?);
    let mut reading = None;
    if flag(input)? {
        reading = Some((read_digest(input)?, note::decode(input.bytes()?)?));
    }
    Ok(Said { timestamp, reading })
}

fn read_digest(input: &mut Reader<'_>) -> Result<Digest> {
    Ok(Digest(input.u128()?.to_le_bytes()))
}

/// The value of the number that comes next.
fn one_of<T: Copy>(all: &[T], input: &mut Reader<'_>) -> Result<T> {
    let number = input.u8()?;
    all.get(usize::from(number)).copied().ok_or_else(|| input.corrupt("a number stands for nothing"))
}

fn read_role(input: &mut Reader<'_>) -> Result<Role> {
    let number = input.u8()?;
    [Role::User, Role::Assistant, Role::System, Role::Tool]
        .into_iter()
        .find(|&role| role as u8 == number)
        .ok_or_else(|| input.corrupt("unknown role"))
}

fn flag(input: &mut Reader<'_>) -> Result<bool> {
    match input.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(input.corrupt("a flag is neither 0 nor 1")),
    }
}

fn write_place(out: &mut Writer, place: &Place) {
    out.text(&place.conversation);
    out.varint(u64::from(place.sequence));
}

fn read_place(input: &mut Reader<'_>) -> Result<Place> {
    Ok(Place { conversation: input.text()?.to_owned(), sequence: input.small()? })
}

fn write_day(out: &mut Writer, day: Option<Day>) {
    out.u8(u8::from(day.is_some()));
    if let Some(day) = day {
        out.signed(i64::from(day.number()));
    }
}

fn read_day(input: &mut Reader<'_>) -> Result<Option<Day>> {
    if !flag(input)? {
        return Ok(None);
    }
    let number = input.signed()?;
    let number = i32::try_from(number).map_err(|_| input.corrupt("a day is out of range"))?;
    Ok(Some(Day::from_number(number)))
}

fn write_metadata(out: &mut Writer, metadata: &Metadata) {
    if metadata.is_empty() {
        out.text("");
    } else {
        let mut text = String::new();
        json::write_object(metadata, &mut text);
        out.text(&text);
    }
}

fn read_metadata(input: &mut Reader<'_>) -> Result<Metadata> {
    match input.text()? {
        "" => Ok(Metadata::new()),
        text => match serde_json::from_str(text) {
            Ok(serde_json::Value::Object(metadata)) => Ok(metadata),
            _ => Err(input.corrupt("metadata is not a JSON object")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::link::{Chain, First, Sum};
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Operation {
        let metadata = serde_json::json!({"tag": ["a", 1, null], "ключ": {"b": 2.5}});
        let serde_json::Value::Object(metadata) = metadata else { unreachable!() };
        Operation {
            stamp: Stamp::from_bits(77 << 16 | 3),
            replica: 9,
            id: MemoryId::new(5, [7; 16]),
            link: None,
            change: Change::Remember(Box::new(Remember {
                scope: Scope::user("u1").with(Axis::Run, "r1"),
                text: "Ich wohne in Köln 🏙️".into(),
                actor: Actor { role: Role::Assistant, name: Some("Bo".into()) },
                place: Place { conversation: "c".into(), sequence: 300 },
                timestamp: Timestamp::clamped(-5),
                metadata,
                expires: Some(Day::from_number(-3)),
                note: Note::default(),
            })),
        }
    }

    #[test]
    fn every_kind_survives_encoding() {
        let changes = [
            sample().change,
            Change::Touch { place: Place::default(), timestamp: Timestamp::clamped(1) },
            Change::Revise { text: None, metadata: None, expires: Some(None), said: None },
            Change::Revise {
                text: Some("x".into()),
                metadata: Some(Metadata::new()),
                expires: None,
                said: Some(Box::new(Said { timestamp: Timestamp::clamped(-7), reading: None })),
            },
            Change::Revise {
                text: None,
                metadata: None,
                expires: None,
                said: Some(Box::new(Said {
                    timestamp: Timestamp::clamped(7),
                    reading: Some((Digest([4; 16]), Note { attempts: 1, ..Note::default() })),
                })),
            },
            Change::Retract,
            Change::Embed {
                text: Digest([3; 16]),
                model: "m".into(),
                codes: vec![-128, 0, 127],
                scale: 0.25,
            },
            Change::Remember(Box::new(Remember {
                note: Note { pending: true, ..Note::default() },
                ..Remember::default()
            })),
            Change::Annotate(Box::new(Note { confidence: 3, ..Note::default() })),
            Change::Close { why: Closing::Merged, at: Timestamp::clamped(-9), by: MemoryId::new(1, [2; 16]) },
            Change::Reopen,
            Change::Rate { feedback: Feedback::VeryNegative, reason: Some("wrong".into()) },
            Change::Erase,
        ];
        let first = First { count: 300, before: Digest([5; 16]) };
        let link = Link { number: 1 << 40, seal: [8; 16], first: Some(first) };
        for change in changes {
            for link in [None, Some(link), Some(Link { first: None, ..link })] {
                let operation = Operation { change: change.clone(), link, ..sample() };
                let bytes = operation.encode();
                assert_eq!(Operation::decode(&bytes).unwrap(), operation);
                let head = Head::peek(&bytes).unwrap();
                assert_eq!((head.order(), head.id, head.link), (operation.order(), operation.id, link));
            }
        }
        let stub = Operation { change: Change::Stub, link: Some(link), ..sample() };
        assert_eq!(Operation::decode(&stub.encode()).unwrap(), stub);
        let unlinked = Operation { link: None, ..stub }.encode();
        assert_eq!(Operation::decode(&unlinked).unwrap_err().code(), "STORE_CORRUPT");
    }

    #[test]
    fn what_is_erased_keeps_its_digest_and_nothing_else() {
        let mut operations = [sample(), Operation { stamp: Stamp::from_bits(78 << 16), ..sample() }];
        let chain = Chain::new(9).extend("p", &mut operations, 7);
        assert_ne!(operations[0].link.unwrap().seal, operations[1].link.unwrap().seal);
        let (before, digest) = (operations[0].clone(), operations[0].digest());
        operations[0].wither();
        assert_eq!(operations[0].digest(), digest);
        let bytes = operations[0].encode();
        for part in [&before.link.unwrap().seal[..], "Köln".as_bytes(), b"u1"] {
            assert!(!bytes.windows(part.len()).any(|window| window == part));
        }
        let mut sum = Sum::new("p", 9, 1, Digest([0; 16]));
        operations.iter().for_each(|op| sum.add(op.stamp, op.id, op.digest()));
        assert_eq!(chain, Chain { replica: 9, number: 1, digest: sum.finish() });
    }

    #[test]
    fn a_newer_format_says_so() {
        let mut bytes = sample().encode();
        bytes.truncate(bytes.len() - 4);
        bytes[0] = FORMAT + 1;
        let sum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        assert_eq!(Operation::decode(&bytes).unwrap_err().code(), "FORMAT_UNSUPPORTED");
    }

    proptest! {
        #[test]
        fn damage_is_noticed(at in 0usize..1000, bit in 0u8..8) {
            let mut bytes = sample().encode();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(Operation::decode(&bytes).unwrap_err().code(), "STORE_CORRUPT");
        }

        #[test]
        fn hostile_bytes_are_errors(mut bytes: Vec<u8>) {
            bytes.splice(0..0, [FORMAT, REMEMBER]);
            let sum = crc32fast::hash(&bytes);
            bytes.extend_from_slice(&sum.to_le_bytes());
            prop_assert!(Operation::decode(&bytes).is_err());
        }
    }
}
