//! What callers ask for: messages, options, and their limits.

use crate::completion::Picture;
use crate::engine::{Origin, Shown, Sight};
use crate::error::{Error, ErrorKind, Result};
use crate::index::filter::Filter;
use crate::json;
use crate::knowledge::Kind;
use crate::record::{Actor, Metadata, Role};
use crate::retrieve::weights::Weights;
use crate::scope::{Axis, Scope, View};
use crate::time::{Day, Timestamp};

/// The longest text of a message, memory or query, in bytes.
pub const MAX_TEXT_BYTES: usize = 1_000_000;
/// The largest metadata of one memory, in bytes of JSON.
pub const MAX_METADATA_BYTES: usize = 100_000;
/// The deepest nesting of metadata: with what an answer and the messages between objects put around it, parsers of JSON
/// that stop at 128 levels still read it.
const MAX_METADATA_DEPTH: usize = 64;
/// How many results are returned if the caller does not say.
pub const DEFAULT_TOP_K: usize = 20;
/// The score below which results are left out if the caller does not say: of what was never said little or nothing
/// is found, and less than half a point of recall is lost. `docs/eval.md` has the measurements.
pub const DEFAULT_THRESHOLD: f32 = 0.22;
/// The same without a token table, where fewer words of a question are met.
pub const DEFAULT_KEYWORD_THRESHOLD: f32 = 0.2;

/// One message of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Who said it.
    pub actor: Actor,
    /// What was said.
    pub text: String,
    /// When it was said; as the options say if absent.
    pub timestamp: Option<Timestamp>,
    /// What is shown with it: told in words by the language model, if there is one, and never kept itself.
    pub pictures: Vec<Picture>,
}

impl Message {
    /// A message by the user.
    pub fn user(text: impl Into<String>) -> Message {
        Message { actor: Actor { role: Role::User, name: None }, text: text.into(), ..Message::default() }
    }

    /// A message by the assistant.
    pub fn assistant(text: impl Into<String>) -> Message {
        Message {
            actor: Actor { role: Role::Assistant, name: None },
            text: text.into(),
            ..Message::default()
        }
    }

    /// The same message, said by someone of this name.
    pub fn named(mut self, name: impl Into<String>) -> Message {
        self.actor.name = Some(name.into());
        self
    }
}

/// Options of [`Memory::add`](super::Memory::add).
#[derive(Clone, Debug, PartialEq)]
pub struct AddOptions {
    /// Whom the memories belong to; at least one id.
    pub scope: Scope,
    /// The conversation the messages are part of. Without it: the run, or an implied one by time.
    pub conversation: Option<String>,
    /// Kept with every memory of this call.
    pub metadata: Metadata,
    /// Whether messages are split into statements (the default) or kept verbatim.
    pub infer: bool,
    /// When it was said; now if absent.
    pub timestamp: Option<Timestamp>,
    /// The last day on which the memories are returned.
    pub expires: Option<Day>,
    /// Whether `add` returns as soon as the messages are kept, before a language model has read them.
    pub background: bool,
    /// Whether the messages are an agent's run, of which the model makes one record (mem0's `procedural_memory`).
    pub procedural: bool,
    /// What the model shall heed with these messages beside what is configured; empty as usual.
    pub instructions: String,
}

impl AddOptions {
    /// The defaults for this scope.
    pub fn new(scope: Scope) -> AddOptions {
        AddOptions {
            scope,
            conversation: None,
            metadata: Metadata::new(),
            infer: true,
            timestamp: None,
            expires: None,
            background: false,
            procedural: false,
            instructions: String::new(),
        }
    }

    /// What the memories of a call with these options have in common, with its checked metadata.
    pub(super) fn origin(&self, metadata: Metadata) -> Origin {
        Origin {
            scope: self.scope.clone(),
            conversation: self.conversation.clone(),
            metadata,
            expires: self.expires,
        }
    }

    /// For one user.
    pub fn user(id: impl Into<String>) -> AddOptions {
        AddOptions::new(Scope::user(id))
    }
}

/// What a read may see: composed scopes, mem0's filters, or both.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// The ids named by the request.
    pub scope: Scope,
    /// Whether all runs of the named owners are open (`runId: "*"`).
    pub any_run: bool,
    /// mem0's filters; without composed scopes they have to name an owner.
    pub filter: Option<Filter>,
    /// Whether expired memories are returned too.
    pub show_expired: bool,
    /// Whether memories that no longer hold are returned too.
    pub include_superseded: bool,
    /// Asks for what was so at this time, by all that is known now.
    pub valid_at: Option<Timestamp>,
    /// Asks by what was known at this time.
    pub known_at: Option<Timestamp>,
}

impl Reach {
    /// Everything that one user may see.
    pub fn user(id: impl Into<String>) -> Reach {
        Reach::of(Scope::user(id))
    }

    /// Everything that these ids may see together.
    pub fn of(scope: Scope) -> Reach {
        Reach { scope, ..Reach::default() }
    }

    /// The same with all runs of the named owners open.
    pub fn any_run(mut self) -> Reach {
        self.any_run = true;
        self
    }

    pub(super) fn sight(&self, now: Timestamp) -> Sight<'_> {
        // Then, as now: what has expired since was there.
        let now = self.valid_at.or(self.known_at).unwrap_or(now);
        let shown = match self.valid_at {
            _ if self.include_superseded => Shown::Everything,
            Some(then) => Shown::At(then),
            None => Shown::Current(now),
        };
        Sight {
            shown,
            view: (!self.scope.is_empty()).then(|| View { scope: self.scope.clone(), any_run: self.any_run }),
            filter: self.filter.as_ref(),
            today: (!self.show_expired).then(|| now.day()),
        }
    }
}

/// Options of [`Memory::search`](super::Memory::search).
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// What may be seen.
    pub reach: Reach,
    /// The most results.
    pub top_k: usize,
    /// Results below this score, 0 to 1, are left out; [`DEFAULT_THRESHOLD`] or [`DEFAULT_KEYWORD_THRESHOLD`] if
    /// absent.
    pub threshold: Option<f32>,
    /// Whether hits tell which signals made their score.
    pub explain: bool,
    /// How much each signal counts.
    pub weights: Weights,
    /// Whether the configured reranker, if there is one, orders the hits.
    pub rerank: bool,
    /// How many of the best hits the reranker reads; as it is configured if absent.
    pub rerank_top: Option<usize>,
    /// The day on which the question is asked, from which "yesterday" is counted; today if absent.
    pub asked_on: Option<Day>,
}

impl SearchOptions {
    /// The defaults for this reach.
    pub fn new(reach: Reach) -> SearchOptions {
        SearchOptions {
            reach,
            top_k: DEFAULT_TOP_K,
            threshold: None,
            explain: false,
            weights: Weights::default(),
            rerank: true,
            rerank_top: None,
            asked_on: None,
        }
    }
}

/// Options of [`Memory::get_all`](super::Memory::get_all).
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// What may be seen.
    pub reach: Reach,
    /// The most results.
    pub limit: usize,
    /// How many to skip.
    pub offset: usize,
    /// Whether the newest come first; otherwise the order of insertion.
    pub newest_first: bool,
    /// Whether to tell how many there are in all.
    pub count: bool,
}

impl ListOptions {
    /// The defaults for this reach.
    pub fn new(reach: Reach) -> ListOptions {
        ListOptions { reach, limit: DEFAULT_TOP_K, offset: 0, newest_first: false, count: false }
    }
}

/// A change of one memory; absent parts stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// The new text.
    pub text: Option<String>,
    /// Metadata to merge in, key by key.
    pub metadata: Option<Metadata>,
    /// The new last day, or `Some(None)` to have none.
    pub expires: Option<Option<Day>>,
    /// When it was said.
    pub timestamp: Option<Timestamp>,
}

/// How long memories are kept: a rule of [`Memory::sweep`](super::Memory::sweep).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retention {
    /// Of which kind; all but procedural ones and tasks if absent.
    pub kind: Option<Kind>,
    /// Whose: the ids that they carry, `None` for any id of this axis.
    pub owners: Vec<(Axis, Option<String>)>,
    /// How many days.
    pub days: u32,
    /// Counted from when it was last said again, changed or found good; otherwise from when it was first said.
    pub touched: bool,
    /// Whether memories that somebody found good end, too.
    pub liked: bool,
}

/// Options of [`Memory::sweep`](super::Memory::sweep).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepOptions {
    /// Only memories that carry these ids; all if there are none.
    pub scope: Scope,
    /// The rules. What has expired goes without a rule.
    pub rules: Vec<Retention>,
    /// Only tells.
    pub dry_run: bool,
    /// Erases instead of deleting.
    pub erase: bool,
    /// The time by which memories have had theirs; now if absent.
    pub now: Option<Timestamp>,
}

/// Whether a text says nothing: white space and characters that are never seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    })
}

/// Checks a text from outside: no NUL, at most [`MAX_TEXT_BYTES`].
pub fn check_text(text: &str, field: &str) -> Result<()> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Error::new(
            ErrorKind::TextTooLong,
            format!(
                "{field} is {} bytes long, at most {MAX_TEXT_BYTES} are allowed: split it into several messages",
                text.len()
            ),
        )
        .field(field));
    }
    if text.contains(['\0']) {
        return Err(Error::new(
            ErrorKind::TextInvalid,
            format!("{field} contains a NUL character: remove it, or encode binary data as text"),
        )
        .field(field));
    }
    Ok(())
}

/// Whether lists and objects are in each other deeper than so many levels.
fn is_deeper(value: &serde_json::Value, levels: usize) -> bool {
    use serde_json::Value;
    match (value, levels) {
        (Value::Array(_) | Value::Object(_), 0) => true,
        (Value::Array(items), _) => items.iter().any(|item| is_deeper(item, levels - 1)),
        (Value::Object(members), _) => members.values().any(|item| is_deeper(item, levels - 1)),
        _ => false,
    }
}

/// Checks metadata from outside and drops the keys that name identities, as mem0 does: the scope is given
/// by the options alone.
pub fn check_metadata(mut metadata: Metadata) -> Result<Metadata> {
    for axis in Axis::ALL {
        metadata.shift_remove(axis.id_name());
        metadata.shift_remove(axis.option_name());
    }
    metadata.shift_remove("actor_id");
    if metadata.values().any(|value| is_deeper(value, MAX_METADATA_DEPTH)) {
        let message = format!("metadata is nested deeper than {MAX_METADATA_DEPTH} levels: flatten it");
        return Err(Error::new(ErrorKind::MetadataInvalid, message).field("metadata"));
    }
    let mut text = String::new();
    json::write_object(&metadata, &mut text);
    let size = text.len();
    if size > MAX_METADATA_BYTES {
        return Err(Error::new(
            ErrorKind::MetadataTooLarge,
            format!(
                "metadata takes {size} bytes as JSON, at most {MAX_METADATA_BYTES} are allowed: \
                 keep large values elsewhere and store a reference"
            ),
        )
        .field("metadata"));
    }
    Ok(metadata)
}
