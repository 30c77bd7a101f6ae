//! The fields a filter can name, and how a memory gives their values.

use std::borrow::Cow;

use serde_json::Value;

use crate::scope::Axis;
use crate::time::Timestamp;

/// The values of a memory's fields, as cheap as they are at hand: a filter reads them per memory.
pub trait Fields {
    /// The scope id on an axis.
    fn scope(&self, axis: Axis) -> Option<&str>;
    /// A time; an expiration date is given as the start of its day.
    fn time(&self, field: TimeField) -> Option<Timestamp>;
    /// A text that belongs to the memory itself.
    fn text(&self, field: TextField) -> Option<Cow<'_, str>>;
    /// The value under a key of the caller's metadata.
    fn metadata(&self, key: &str) -> Option<&Value>;
}

/// The times of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeField {
    /// `created_at`, which results show for when it was said.
    Created,
    /// `updated_at`, as results show it.
    Updated,
    /// `timestamp`: when it was said.
    Said,
    /// `expiration_date`.
    Expires,
}

/// The texts of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextField {
    /// `memory`: what it says.
    Statement,
    /// `hash`: the MD5 of what it says, in hexadecimal digits.
    Hash,
    /// `actor_id`: the speaker's name.
    Actor,
    /// `role`: the speaker's role.
    Role,
    /// `conversation_id`.
    Conversation,
    /// `memory_ids`: its id.
    Id,
}

/// What a key of a filter addresses.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Scope(Axis),
    Time(TimeField),
    Text(TextField),
    Metadata(String),
}

impl Field {
    /// The field of a key outside `metadata`. mem0 keeps metadata beside the memory's own fields, so every name
    /// that is not one of those addresses the metadata.
    pub fn named(key: &str) -> Field {
        match key {
            "user_id" | "userId" => Field::Scope(Axis::User),
            "agent_id" | "agentId" => Field::Scope(Axis::Agent),
            "run_id" | "runId" | "session_id" | "sessionId" => Field::Scope(Axis::Run),
            "app_id" | "appId" => Field::Scope(Axis::App),
            "org_id" | "orgId" => Field::Scope(Axis::Org),
            "created_at" | "createdAt" => Field::Time(TimeField::Created),
            "updated_at" | "updatedAt" => Field::Time(TimeField::Updated),
            "timestamp" => Field::Time(TimeField::Said),
            "expiration_date" | "expirationDate" => Field::Time(TimeField::Expires),
            "memory" | "data" | "text" => Field::Text(TextField::Statement),
            "hash" => Field::Text(TextField::Hash),
            "actor_id" | "actorId" => Field::Text(TextField::Actor),
            "role" | "attributedTo" | "attributed_to" => Field::Text(TextField::Role),
            "memory_ids" => Field::Text(TextField::Id),
            "conversation_id" | "conversationId" => Field::Text(TextField::Conversation),
            _ => Field::in_metadata(key.strip_prefix("metadata.").unwrap_or(key)),
        }
    }

    /// The field of a key inside `metadata`, where results of the JavaScript API also show the expiration date.
    pub fn in_metadata(key: &str) -> Field {
        match key {
            "expiration_date" => Field::Time(TimeField::Expires),
            _ => Field::Metadata(key.to_owned()),
        }
    }
}
