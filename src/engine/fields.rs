//! What filters see of a record.

use std::borrow::Cow;

use serde_json::Value;

use super::conversation_shown;
use crate::index::filter::{Fields, TextField, TimeField};
use crate::record::Record;
use crate::scope::Axis;
use crate::text::md5_hex;
use crate::time::Timestamp;

impl Fields for Record {
    fn scope(&self, axis: Axis) -> Option<&str> {
        self.scope.get(axis)
    }

    fn time(&self, field: TimeField) -> Option<Timestamp> {
        match field {
            TimeField::Created | TimeField::Said => Some(self.timestamp),
            TimeField::Updated => Some(self.shown_update()),
            TimeField::Expires => self.expires.map(|day| day.start()),
        }
    }

    fn text(&self, field: TextField) -> Option<Cow<'_, str>> {
        match field {
            TextField::Statement => Some(self.text.as_str().into()),
            TextField::Hash => Some(md5_hex(&self.text).into()),
            TextField::Actor => self.actor.name.as_deref().map(Cow::from),
            TextField::Role => Some(self.actor.role.name().into()),
            TextField::Id => Some(self.id.to_string().into()),
            TextField::Conversation => conversation_shown(&self.place.conversation).map(Cow::from),
        }
    }

    fn metadata(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }
}
