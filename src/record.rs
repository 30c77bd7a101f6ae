//! Records: what a memory is, who said it, where in a conversation.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::knowledge::{Closed, Note};
use crate::scope::Scope;
use crate::time::{Day, Stamp, Timestamp};

/// Metadata as the caller gave it: a JSON object, keys in their order.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// A memory's id, shown as a UUID of version 8.
///
/// It is derived from the owner, the scope, the speaker and the statement (see `docs/format.md`), so that
/// two devices which remember the same statement give it the same id and merging them keeps one. Its
/// first 40 bits are those of the partition's name, so that an id alone finds its partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemoryId(u128);

impl MemoryId {
    /// An id from the partition's 40 bits and a digest of everything else.
    pub fn new(partition: u64, digest: [u8; 16]) -> MemoryId {
        let bits = u128::from_be_bytes(digest) >> 40 | u128::from(partition & 0xff_ffff_ffff) << 88;
        // Version 8 ("custom") and the RFC 9562 variant.
        MemoryId(bits & !(0xf << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62)
    }

    /// The id of these stored bits.
    pub fn from_bits(bits: u128) -> MemoryId {
        MemoryId(bits)
    }

    /// The bits to store.
    pub fn bits(self) -> u128 {
        self.0
    }

    /// The first ten hex digits of the partition's name, for ids made by [`MemoryId::new`]; `None` for an
    /// id of another origin.
    pub fn partition_prefix(self) -> Option<String> {
        (self.0 >> 76 & 0xf == 8).then(|| format!("{:010x}", self.0 >> 88))
    }

    /// Reads the text form; `None` if it is not a UUID.
    pub fn parse(text: &str) -> Option<MemoryId> {
        let bytes = text.as_bytes();
        let dashes = [8, 13, 18, 23];
        if bytes.len() != 36 || dashes.iter().any(|&at| bytes[at] != b'-') {
            return None;
        }
        let digits: String = text.chars().filter(|&c| c != '-').collect();
        let all_hex = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        all_hex.then(|| u128::from_str_radix(&digits, 16).ok())?.map(MemoryId)
    }
}

impl fmt::Display for MemoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digit by digit: the standard library's formatting of a number this wide is several times as slow.
        let mut text = String::with_capacity(36);
        for (at, byte) in self.0.to_be_bytes().into_iter().enumerate() {
            if [4, 6, 8, 10].contains(&at) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        f.write_str(&text)
    }
}

/// The part a speaker plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The person.
    #[default]
    User,
    /// The agent.
    Assistant,
    /// The application's instructions.
    System,
    /// A tool's output.
    Tool,
}

impl Role {
    /// The role's name.
    pub fn name(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::System => "system",
            Role::Tool => "tool",
        }
    }

    /// The role of this name; `ROLE_UNKNOWN` otherwise.
    pub fn parse(name: &str) -> Result<Role> {
        match name {
            "user" | "human" => Ok(Role::User),
            "assistant" | "ai" | "model" => Ok(Role::Assistant),
            "system" | "developer" => Ok(Role::System),
            "tool" | "function" => Ok(Role::Tool),
            _ => Err(Error::new(
                ErrorKind::RoleUnknown,
                format!("unknown role \"{name}\": use \"user\", \"assistant\", \"system\" or \"tool\""),
            )
            .field("role")),
        }
    }
}

/// Who said something: a role and, where known, a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The part the speaker plays.
    pub role: Role,
    /// The speaker's name, as messages carry it.
    pub name: Option<String>,
}

/// Where in which conversation something was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The conversation: as given, or the run's, or an implied one's.
    pub conversation: String,
    /// The number of the message, counted from 0 within the conversation; neighbours differ by one. Statements of
    /// one message share it.
    pub sequence: u32,
}

/// A memory as it stands after folding its operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: MemoryId,
    /// Whom it belongs to.
    pub scope: Scope,
    /// What it says.
    pub text: String,
    /// Who said it.
    pub actor: Actor,
    /// Where it was said.
    pub place: Place,
    /// When it was said: as given, else when it was learnt.
    pub timestamp: Timestamp,
    /// When edgemem first learnt it.
    pub created: Timestamp,
    /// The stamp of the operation that began it, which tells the order of statements of one message.
    pub born: u64,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it was last said, changed or found good.
    pub touched: Timestamp,
    /// The caller's metadata.
    pub metadata: Metadata,
    /// The last day on which it is returned.
    pub expires: Option<Day>,
    /// How often it was said, in this scope and by this speaker.
    pub occurrences: u32,
    /// Whether it was deleted. Its history stays readable.
    pub retracted: bool,
    /// Whether it was erased: nothing is left but its id and when that was done.
    pub erased: bool,
    /// What it says, taken apart.
    pub note: Note,
    /// That it was closed, where that was decided and does not follow from its facts.
    pub closed: Option<Closed>,
    /// When it was last said again, and the stamp of that: it holds since then, if something else held in between.
    pub again: Option<(Timestamp, Stamp)>,
    /// The sum of what people thought of it; see [`Feedback::value`](crate::knowledge::Feedback::value).
    pub rating: i32,
}

impl Record {
    /// When it last changed, as shown: one that never changed shows when it was said.
    pub fn shown_update(&self) -> Timestamp {
        if self.updated == self.created { self.timestamp } else { self.updated }
    }

    /// Whether it is to be returned on this day.
    pub fn is_current(&self, today: Day) -> bool {
        !self.retracted && self.expires.is_none_or(|last| today <= last)
    }
}

/// What an entry of a memory's history did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was remembered.
    Add,
    /// Its text, metadata or expiry changed.
    Update,
    /// It was deleted.
    Delete,
    /// Another memory took its place.
    Supersede,
    /// It holds again.
    Reopen,
    /// Someone said what they think of it.
    Feedback,
    /// Everything but its id was removed.
    Erase,
}

impl Action {
    /// mem0's name for it, where mem0 has it.
    pub fn name(self) -> &'static str {
        match self {
            Action::Add => "ADD",
            Action::Update => "UPDATE",
            Action::Delete => "DELETE",
            Action::Supersede => "SUPERSEDE",
            Action::Reopen => "REOPEN",
            Action::Feedback => "FEEDBACK",
            Action::Erase => "ERASE",
        }
    }
}

/// One entry of a memory's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// What was done.
    pub action: Action,
    /// The text before; `None` for an addition.
    pub before: Option<String>,
    /// The text after; `None` for a deletion.
    pub after: Option<String>,
    /// When it was done.
    pub at: Timestamp,
    /// When the memory was created.
    pub created: Timestamp,
    /// The memory that took its place.
    pub by: Option<MemoryId>,
    /// Why, in the caller's words or as the kind of closing.
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_that_lead_to_their_partition() {
        let id = MemoryId::new(0x12_3456_789a, [0xff; 16]);
        let text = id.to_string();
        assert_eq!(MemoryId::parse(&text), Some(id));
        assert_eq!(&text[..18], "12345678-9aff-8fff");
        assert_eq!(id.partition_prefix().as_deref(), Some("123456789a"));
        for text in [
            "",
            "not-a-uuid",
            "a/b c",
            "12345678-9aff-8fff-bfff-fffffffffff",
            "zz345678-9aff-8fff-bfff-ffffffffffff",
        ] {
            assert_eq!(MemoryId::parse(text), None, "{text}");
        }
    }
}
