//! Reading what callers give: options in both spellings, ids, messages in all the forms that mem0 takes.

use serde_json::{Map, Value};

use super::super::*;
use crate::completion::Picture;
use crate::engine::{Consolidated, Merge, Promotion};
use crate::record::{Actor, Metadata, Role};
use crate::scope::{Axis, Scope};
use crate::time::{Day, Timestamp};

/// An object of options.
pub(in crate::memory) struct Options<'a>(Option<&'a Map<String, Value>>);

impl<'a> Options<'a> {
    pub(in crate::memory) fn of(value: &'a Value) -> Result<Options<'a>> {
        match value {
            Value::Null => Ok(Options(None)),
            Value::Object(map) => Ok(Options(Some(map))),
            _ => Err(wrong("options", "an object")),
        }
    }

    /// The first of these options that is there and not null, with the name it was found under.
    pub(in crate::memory) fn get(&self, names: &[&'a str]) -> Option<(&'a str, &'a Value)> {
        let map = self.0?;
        names.iter().find_map(|&name| Some((name, map.get(name).filter(|value| !value.is_null())?)))
    }

    /// The names of all options that are there.
    pub(in crate::memory) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// Refuses options that nobody knows, where a misspelt one would remove more than was meant.
    pub(in crate::memory) fn only(&self, known: &[&str]) -> Result<()> {
        for (name, _) in self.0.into_iter().flatten() {
            let is_scope = SPELLINGS.iter().any(|(_, names)| names.contains(&name.as_str()));
            if !is_scope && !known.contains(&name.as_str()) {
                let shown: String = name.chars().take(40).collect();
                let message = format!("there is no option \"{shown}\" here; nothing was changed");
                return Err(Error::new(ErrorKind::InvalidArgument, message).field(shown));
            }
        }
        Ok(())
    }

    pub(in crate::memory) fn has_null(&self, names: &[&str]) -> bool {
        names.iter().any(|&name| self.0.and_then(|map| map.get(name)).is_some_and(Value::is_null))
    }

    pub(in crate::memory) fn flag(&self, names: &[&'a str], default: bool) -> Result<bool> {
        match self.get(names) {
            None => Ok(default),
            Some((name, value)) => value.as_bool().ok_or_else(|| wrong(name, "true or false")),
        }
    }

    pub(in crate::memory) fn count(&self, names: &[&'a str], shown: &str) -> Result<Option<usize>> {
        let Some((name, value)) = self.get(names) else { return Ok(None) };
        let kind = match shown {
            "tokens" | "hops" | "limit" => ErrorKind::InvalidArgument,
            _ => ErrorKind::TopKInvalid,
        };
        let invalid = |message: String| Err(Error::new(kind, message).field(name));
        match value.as_f64() {
            Some(number) if number.fract() == 0.0 && number < 0.0 => {
                let given = crate::json::text(value);
                invalid(format!("Invalid {shown}: {given}. Must be a non-negative integer."))
            }
            Some(number) if number.fract() == 0.0 && number <= 9e15 => Ok(Some(number as usize)),
            _ => invalid(format!("{shown} must be a valid integer")),
        }
    }

    /// Which of these words the option is.
    pub(in crate::memory) fn choice(&self, name: &'a str, words: &[&str]) -> Result<Option<usize>> {
        let Some((_, value)) = self.get(&[name]) else { return Ok(None) };
        let at = words.iter().position(|&word| value.as_str() == Some(word));
        at.map(Some).ok_or_else(|| wrong(name, &format!("one of {}", words.join(", "))))
    }
}

pub(in crate::memory) fn wrong(field: &str, expected: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{field} must be {expected}")).field(field)
}

pub(in crate::memory) fn id(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| wrong("id", "a string"))
}

/// How `"*"` is read as a run id.
#[derive(PartialEq)]
pub(in crate::memory) enum Star {
    /// All runs of the named owners: for reads.
    AnyRun,
    /// Not at all: for writes and deletions.
    Literal,
}
pub(in crate::memory) use Star::{AnyRun, Literal};

pub(in crate::memory) const SPELLINGS: [(Axis, [&str; 2]); 5] = [
    (Axis::User, ["userId", "user_id"]),
    (Axis::Agent, ["agentId", "agent_id"]),
    (Axis::Run, ["runId", "run_id"]),
    (Axis::App, ["appId", "app_id"]),
    (Axis::Org, ["orgId", "org_id"]),
];

/// The ids among the options, and whether all runs are open. Numbers are read as their digits.
pub(in crate::memory) fn scope_of(options: &Options<'_>, star: Star) -> Result<(Scope, bool)> {
    let mut scope = Scope::new();
    let mut any_run = false;
    for (axis, names) in SPELLINGS {
        let Some((name, value)) = options.get(&names) else { continue };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(wrong(name, "a string")),
        };
        if text.trim() == "*" {
            if axis == Axis::Run && star == AnyRun {
                any_run = true;
                continue;
            }
            return Err(Error::new(
                ErrorKind::ScopeInvalid,
                format!("Invalid {name}: \"*\" never stands for other owners. Provide a valid identifier."),
            )
            .field(name));
        }
        scope.set(axis, &text, name)?;
    }
    Ok((scope, any_run))
}

pub(in crate::memory) fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value.as_str().ok_or_else(|| wrong(field, "a string"))
}

pub(in crate::memory) fn metadata(options: &Options<'_>) -> Result<Option<Metadata>> {
    match options.get(&["metadata"]) {
        None => Ok(None),
        Some((_, Value::Object(map))) => Ok(Some(map.clone())),
        Some(_) => {
            Err(Error::new(ErrorKind::MetadataInvalid, "metadata must be an object").field("metadata"))
        }
    }
}

pub(in crate::memory) const EXPIRES: [&str; 2] = ["expirationDate", "expiration_date"];

pub(in crate::memory) fn expires(options: &Options<'_>) -> Result<Option<Day>> {
    match options.get(&EXPIRES) {
        None => Ok(None),
        Some((_, value)) => Day::parse(value.as_str().unwrap_or_default()).map(Some),
    }
}

pub(in crate::memory) fn timestamp(options: &Options<'_>) -> Result<Option<Timestamp>> {
    match options.get(&["timestamp"]) {
        None => Ok(None),
        Some((_, value)) => instant(value).map(Some),
    }
}

fn instant(value: &Value) -> Result<Timestamp> {
    match value.as_str() {
        Some(text) => Timestamp::parse(text),
        None => Timestamp::from_number(value.as_f64().unwrap_or(f64::NAN)),
    }
}

/// A moment from which on something is meant; a day without a time is its beginning.
pub(in crate::memory) fn since(options: &Options<'_>, name: &'static str) -> Result<Option<Timestamp>> {
    let Some((name, value)) = options.get(&[name]) else { return Ok(None) };
    instant(value).map(Some).map_err(|error| error.field(name))
}

/// A name to look for.
pub(in crate::memory) fn name<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    let name = text(value, field)?;
    check_text(name, field)?;
    if is_blank(name) { Err(wrong(field, "a name")) } else { Ok(name) }
}

/// A moment to look back to. A day without a time is meant whole, so it is its end.
pub(in crate::memory) fn moment(options: &Options<'_>, names: &[&'static str]) -> Result<Option<Timestamp>> {
    let Some((name, value)) = options.get(names) else { return Ok(None) };
    let time = match value.as_str().map(|text| Day::parse(text.trim())) {
        Some(Ok(day)) => Timestamp::from_millis(Day::from_number(day.number() + 1).start().millis() - 1),
        _ => instant(value),
    };
    time.map(Some).map_err(|error| error.field(name))
}

/// Messages in all the forms that mem0 takes: a text, a message, a list of messages.
pub(in crate::memory) fn read_messages(value: &Value) -> Result<Vec<Message>> {
    let blank = |message: &str| Err(Error::new(ErrorKind::MessagesEmpty, message).field("messages"));
    let messages = match value {
        Value::Null => {
            return Err(Error::new(
                ErrorKind::MessagesRequired,
                "messages is required and cannot be undefined or null. Provide a string or array of messages.",
            )
            .field("messages"));
        }
        Value::String(text) if is_blank(text) => {
            return blank("messages string cannot be empty. Provide non-empty content.");
        }
        Value::String(text) => vec![Message::user(text)],
        Value::Array(list) => {
            let messages = list.iter().enumerate().map(|(index, message)| read_message(message, index));
            messages.collect::<Result<Vec<_>>>()?
        }
        Value::Object(_) => vec![read_message(value, 0)?],
        _ => return Err(wrong("messages", "a string, a message or an array of messages")),
    };
    if messages.is_empty() {
        return blank("messages array cannot be empty. Provide at least one message with non-empty content.");
    }
    if messages.iter().all(|message| is_blank(&message.text) && message.pictures.is_empty()) {
        return blank(
            "messages array cannot contain only blank content. Provide at least one message with non-empty content.",
        );
    }
    Ok(messages)
}

pub(in crate::memory) fn read_message(value: &Value, index: usize) -> Result<Message> {
    let at = |part: &str| format!("messages[{index}]{part}");
    if let Value::String(text) = value {
        return Ok(Message::user(text));
    }
    let Value::Object(message) = value else { return Err(wrong(&at(""), "an object with role and content")) };
    let role = match message.get("role") {
        None | Some(Value::Null) => Role::User,
        Some(role) => Role::parse(role.as_str().unwrap_or("(not a string)"))
            .map_err(|error| error.field(at(".role")))?,
    };
    let name = match message.get("name") {
        None | Some(Value::Null) => None,
        Some(name) => {
            let name = name.as_str().ok_or_else(|| wrong(&at(".name"), "a string"))?.trim();
            check_text(name, &at(".name"))?;
            (!name.is_empty()).then(|| name.to_owned())
        }
    };
    let content = message.get("content").unwrap_or(&Value::Null);
    let (mut texts, mut pictures) = (Vec::new(), Vec::new());
    match content {
        Value::String(text) => texts.push(text.clone()),
        Value::Null => {}
        Value::Array(parts) => {
            for part in parts {
                read_part(part, &at(".content"), &mut texts, &mut pictures)?;
            }
        }
        part => read_part(part, &at(".content"), &mut texts, &mut pictures)?,
    }
    let text = texts.join("\n");
    let timestamp = timestamp(&Options(Some(message))).map_err(|error| error.field(at(".timestamp")))?;
    Ok(Message { actor: Actor { role, name }, text, timestamp, pictures })
}

/// Adds one part of a multi-part message: text, or a picture in the form of OpenAI or of Anthropic.
fn read_part(part: &Value, field: &str, texts: &mut Vec<String>, pictures: &mut Vec<Picture>) -> Result<()> {
    let kind = part.get("type").and_then(Value::as_str);
    match (kind, part.get("text").and_then(Value::as_str)) {
        (Some("text" | "input_text" | "output_text") | None, Some(text)) => texts.push(text.to_owned()),
        (Some("image_url" | "input_image" | "image"), _) => pictures.push(read_picture(part, field)?),
        (Some(kind), _) => {
            let message = format!(
                "{field} has a part of type \"{kind}\": only texts and pictures can be remembered, describe it in words"
            );
            return Err(Error::new(ErrorKind::Unsupported, message).field(field));
        }
        _ => return Err(wrong(field, "a string or a list of text parts")),
    }
    Ok(())
}

/// `{ image_url: { url } }`, `{ image_url: url }`, or `{ source: { url } }` and `{ source: { media_type, data } }`.
fn read_picture(part: &Value, field: &str) -> Result<Picture> {
    let (image, source) = (&part["image_url"], &part["source"]);
    if let (Some(media_type), Some(base64)) = (source["media_type"].as_str(), source["data"].as_str()) {
        return picture_of(media_type, base64, field);
    }
    let url = image["url"].as_str().or(image.as_str()).or(source["url"].as_str());
    let Some(url) = url.map(str::trim).filter(|url| !url.is_empty()) else {
        let message = "image_url content part is missing image_url.url";
        return Err(Error::new(ErrorKind::InvalidArgument, message).field(field));
    };
    match url.strip_prefix("data:") {
        None => Ok(Picture::Url(url.to_owned())),
        Some(data) => match data.split_once(";base64,") {
            Some((media_type, base64)) => picture_of(media_type, base64, field),
            None => Err(wrong(field, "an address or base64 data")),
        },
    }
}

/// A picture's data is not kept, so it may be longer than a text.
const MAX_PICTURE_BYTES: usize = 20_000_000;

fn picture_of(media_type: &str, base64: &str, field: &str) -> Result<Picture> {
    if base64.len() > MAX_PICTURE_BYTES {
        let message =
            format!("{field} has a picture of more than {MAX_PICTURE_BYTES} bytes: make it smaller");
        return Err(Error::new(ErrorKind::TextTooLong, message).field(field));
    }
    Ok(Picture::Data { media_type: media_type.to_owned(), base64: base64.to_owned() })
}

/// A consolidation as it was reported.
pub(in crate::memory) fn consolidated(report: &Value) -> Result<Consolidated> {
    let invalid = || wrong("report", "what consolidate() returned");
    let id = |value: &Value| value.as_str().and_then(MemoryId::parse).ok_or_else(invalid);
    let pairs = |list: &str, one: &str, many: &str| -> Result<Vec<(MemoryId, Vec<MemoryId>)>> {
        let items = report[list].as_array().ok_or_else(invalid)?;
        let pair = |item: &Value| {
            let ids = item[many].as_array().ok_or_else(invalid)?;
            Ok((id(&item[one])?, ids.iter().map(id).collect::<Result<_>>()?))
        };
        items.iter().map(pair).collect()
    };
    let merged = pairs("merged", "into", "from")?.into_iter().map(|(into, from)| Merge { into, from });
    let promoted = pairs("promoted", "id", "sources")?.into_iter();
    let promoted = promoted.map(|(id, sources)| Promotion { id, sources });
    Ok(Consolidated { merged: merged.collect(), promoted: promoted.collect() })
}
