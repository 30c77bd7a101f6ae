//! What a memory says, taken apart: its kind, facts, entities and dates, and where that was learnt from.
//!
//! Rules or a model work it out when the memory is made, and it is kept with the memory. So what is known does not
//! change with the version of the rules, and two devices that exchange memories exchange what they know.

use crate::error::{Error, ErrorKind, Result};
use crate::record::MemoryId;
use crate::time::{Day, Timestamp};

/// What a memory is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// What happened or was said.
    #[default]
    Episodic,
    /// What is known.
    Semantic,
    /// How to do things: instructions that hold until they are taken back.
    Procedural,
    /// What is to be done.
    Task,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::Episodic, Kind::Semantic, Kind::Procedural, Kind::Task];

    /// The kind's name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Episodic => "episodic",
            Kind::Semantic => "semantic",
            Kind::Procedural => "procedural",
            Kind::Task => "task",
        }
    }

    /// The kind of this name; `INVALID_ARGUMENT` otherwise.
    pub fn parse(name: &str) -> Result<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let message = format!(
                "unknown kind \"{name}\": use \"episodic\", \"semantic\", \"procedural\" or \"task\""
            );
            Error::new(ErrorKind::InvalidArgument, message).field("kind")
        })
    }
}

/// Subject, predicate and object, and for how long that held: an edge of the entity graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// Who or what it is about: a name, or `user` or `assistant` for a speaker without one.
    pub subject: String,
    /// What is said of the subject: `lives in`, `works at`, `likes` …
    pub predicate: String,
    /// The other end: a name, a thing, a value. May be empty where there is none.
    pub object: String,
    /// What the subject has only one of at a time, such as `home` or `favourite color`: the newer of two facts with
    /// the same subject and slot closes the older. `None` where several hold side by side.
    pub slot: Option<String>,
    /// It says that this is no longer so: it closes a fact of its slot with this object, or with any if it names none.
    pub ended: bool,
    /// It says that the fact before it in its slot never was so.
    pub corrects: bool,
    /// Since when it holds, if that is said; otherwise since it was said.
    pub from: Option<Timestamp>,
    /// Until when it held, exclusive, if that is said.
    pub until: Option<Timestamp>,
}

/// What sort of thing an entity is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    /// Something with a name.
    #[default]
    Other,
    /// A person.
    Person,
    /// A place.
    Place,
    /// A company, school, club …
    Organisation,
    /// A thing that is made or sold, a program, a work.
    Product,
    /// A number with its unit.
    Quantity,
}

impl EntityKind {
    /// All kinds, in the order in which they are stored.
    pub const ALL: [EntityKind; 6] = [
        EntityKind::Other,
        EntityKind::Person,
        EntityKind::Place,
        EntityKind::Organisation,
        EntityKind::Product,
        EntityKind::Quantity,
    ];

    /// The kind's name.
    pub fn name(self) -> &'static str {
        match self {
            EntityKind::Other => "other",
            EntityKind::Person => "person",
            EntityKind::Place => "place",
            EntityKind::Organisation => "organisation",
            EntityKind::Product => "product",
            EntityKind::Quantity => "quantity",
        }
    }

    /// The kind of this name; [`EntityKind::Other`] for one that is not known.
    pub fn parse(name: &str) -> EntityKind {
        EntityKind::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or_default()
    }
}

/// Something that a memory names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// As it was said.
    pub name: String,
    /// What it is.
    pub kind: EntityKind,
}

/// Words that name a time, and which days they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The words, as they were said: `last Friday`.
    pub words: String,
    /// The first day.
    pub first: Day,
    /// The last day, included.
    pub last: Day,
}

/// How a memory came to say what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Kept word for word, not taken apart.
    #[default]
    Verbatim,
    /// A statement, taken apart by rules.
    Rules,
    /// A model wrote it.
    Model,
}

/// Everything that is known of a memory beside its words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// What it is about.
    pub kind: Kind,
    /// How it came about.
    pub origin: Origin,
    /// What it says, as facts.
    pub facts: Vec<Fact>,
    /// Whether the facts are all that it says: it is then no longer true when they are not.
    pub whole: bool,
    /// What it names.
    pub entities: Vec<Entity>,
    /// The times it names.
    pub dates: Vec<Dated>,
    /// Short texts that someone might search it by. Indexed at low weight, never shown.
    pub cues: Vec<String>,
    /// How sure the model is, in hundredths; 100 for rules.
    pub confidence: u8,
    /// Memories that it was made from.
    pub sources: Vec<MemoryId>,
    /// It is kept as it was said until a model has read it.
    pub pending: bool,
    /// How often a model has failed to read it.
    pub attempts: u8,
    /// What the caller wants the model to heed that reads it; empty as usual.
    pub instructions: String,
    /// It sums up its conversation so far, for the model that reads on. No read shows it.
    pub summary: bool,
}

/// Why a memory was closed, where that was decided and does not follow from its facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Another memory says what is so now.
    Superseded,
    /// Another memory, made from it, says the same.
    Distilled,
    /// It was merged into another one.
    Merged,
}

impl Closing {
    /// All of them, in the order in which they are stored.
    pub const ALL: [Closing; 3] = [Closing::Superseded, Closing::Distilled, Closing::Merged];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Closing::Superseded => "superseded",
            Closing::Distilled => "distilled",
            Closing::Merged => "merged",
        }
    }
}

/// A memory's end that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Why.
    pub why: Closing,
    /// From when on it is no longer so.
    pub at: Timestamp,
    /// The memory that took its place.
    pub by: MemoryId,
    /// When edgemem learnt of it.
    pub learnt: Timestamp,
}

/// What someone thought of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// It helped.
    Positive,
    /// It did not.
    Negative,
    /// It did harm.
    VeryNegative,
}

impl Feedback {
    /// All of them, in the order in which they are stored.
    pub const ALL: [Feedback; 3] = [Feedback::Positive, Feedback::Negative, Feedback::VeryNegative];

    /// mem0's name for it, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Feedback::Positive => "positive",
            Feedback::Negative => "negative",
            Feedback::VeryNegative => "very_negative",
        }
    }

    /// The feedback of this name, in either case; `INVALID_ARGUMENT` otherwise.
    pub fn parse(name: &str) -> Result<Feedback> {
        Feedback::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            let message = "feedback must be \"positive\", \"negative\" or \"very_negative\"";
            Error::new(ErrorKind::InvalidArgument, message).field("feedback")
        })
    }

    /// What it adds to a memory's rating.
    pub fn value(self) -> i32 {
        match self {
            Feedback::Positive => 1,
            Feedback::Negative => -1,
            Feedback::VeryNegative => -3,
        }
    }
}
