//! What a language model answered, made into facts.
//!
//! A model is a guest: it may answer too much, too little, half, or with what nobody asked for. What can be used is kept,
//! what cannot is left out and named, and nothing in an answer reaches further than the memories that the model was
//! shown. Whatever a fact says, it stays a text.

use serde_json::Value;

use super::lenient;
use super::prompt::Input;
use super::slots::{known_slot, slot};
use crate::error::{Error, ErrorKind, Result};
use crate::knowledge::{Fact, Kind, Note, Origin};
use crate::record::{Actor, Role};
use crate::text::{fold, statement_key};
use crate::time::{Day, Timestamp};

/// More facts than this are left out.
pub const MAX_FACTS: usize = 200;

/// A longer fact is left out, in characters.
pub const MAX_FACT_CHARS: usize = 2_000;

/// A triple of which a part is longer is left out, in characters.
const MAX_PART_CHARS: usize = 300;

/// More cues, or longer ones, are left out.
const MAX_CUES: usize = 5;
const MAX_CUE_CHARS: usize = 120;

/// A longer summary is cut, in characters.
const MAX_SUMMARY_CHARS: usize = 4_000;

/// How sure a model is that does not say, in hundredths.
const UNSAID: u8 = 80;

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The facts, in order, each once.
    pub facts: Vec<Extracted>,
    /// Indexes of messages that hold nothing worth keeping.
    pub noise: Vec<usize>,
    /// A new summary, if there is one.
    pub summary: Option<String>,
    /// The answer ended in the middle; the facts are those before.
    pub cut: bool,
    /// What was left out, and why, for the log. Texts of people are not repeated in it.
    pub ignored: Vec<String>,
}

/// A fact that a model found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extracted {
    /// What it says.
    pub text: String,
    /// What that means. Entities and dates in its words are for the rules to find.
    pub note: Note,
    /// Indexes of known memories that it ends.
    pub supersedes: Vec<usize>,
    /// Indexes of known memories that say the same.
    pub duplicates: Vec<usize>,
    /// Indexes of the messages that say it; empty if the model did not tell.
    pub from: Vec<usize>,
}

/// Reads the answer to [`extraction`](super::prompt::extraction), or one in the form that mem0's prompts ask for: facts
/// as objects with a `text`, or as plain texts. `MODEL_RESPONSE_INVALID` if there are no facts to be found, not even an
/// empty list of them, so that an answer that says nothing is never taken for one that found nothing.
pub fn read(answer: &str, input: &Input<'_>) -> Result<Answer> {
    let nothing = || {
        let message = "the model's answer holds no list of facts in JSON";
        Error::new(ErrorKind::ModelResponseInvalid, message).field("facts")
    };
    let found = lenient::find(answer, holds_facts).ok_or_else(nothing)?;
    let (mut within, mut cut) = (None, found.cut);
    // A model that fills in a form sometimes writes the list as a text.
    if let Some(Value::String(text)) = list(&found.value) {
        let list = lenient::find(text, holds_facts).ok_or_else(nothing)?;
        cut |= list.cut;
        within = Some(list.value);
    }
    let items =
        list(within.as_ref().unwrap_or(&found.value)).and_then(Value::as_array).ok_or_else(nothing)?;
    let mut read = Reading { input, keys: Vec::new(), answer: Answer { cut, ..Answer::default() } };
    for (at, item) in items.iter().take(MAX_FACTS).enumerate() {
        read.fact(at, item);
    }
    if items.len() > MAX_FACTS {
        read.ignore(&format!("facts {} to {}", MAX_FACTS + 1, items.len()), "there are too many");
    }
    let noise = read.indexes(&found.value["noise"], "noise", input.messages.len(), "message");
    let mut answer = read.answer;
    // What says something is no noise.
    answer.noise = noise;
    answer.noise.retain(|message| !answer.facts.iter().any(|fact| fact.from.contains(message)));
    answer.summary = text_in(&found.value, "summary", MAX_SUMMARY_CHARS).filter(|_| input.summary.is_some());
    Ok(answer)
}

/// Whether this is an answer: an object with a list of facts, or such a list alone if nothing else came before.
fn holds_facts(value: &Value, first: bool) -> bool {
    let is_list = |value: &Value| {
        value.as_array().is_some_and(|items| items.iter().all(|item| item.is_object() || item.is_string()))
    };
    match list(value) {
        Some(Value::String(_)) => true,
        Some(items) if value.is_array() => first && is_list(items),
        Some(items) => items.is_array(),
        None => false,
    }
}

fn list(value: &Value) -> Option<&Value> {
    match value {
        Value::Array(_) => Some(value),
        // The second is mem0's name, the third is what models call it that do not listen.
        _ => ["facts", "memory", "memories"].iter().find_map(|name| value.get(name)),
    }
}

/// An answer, as far as it is read.
struct Reading<'a> {
    input: &'a Input<'a>,
    /// The key of each fact's statement.
    keys: Vec<String>,
    answer: Answer,
}

impl Reading<'_> {
    fn ignore(&mut self, what: &str, why: &str) {
        self.answer.ignored.push([what, ": ", why].concat());
    }

    fn fact(&mut self, at: usize, item: &Value) {
        let what = format!("fact {}", at + 1);
        let said = item
            .as_str()
            .or_else(|| ["text", "memory", "fact", "content"].iter().find_map(|key| item[key].as_str()));
        let text = said.unwrap_or_default().trim();
        let why = match text {
            "" => "it says nothing",
            text if text.contains(['\0']) => "it holds a NUL",
            text if text.chars().count() > MAX_FACT_CHARS => "it is too long",
            _ => "",
        };
        if !why.is_empty() {
            return self.ignore(&what, why);
        }
        let (messages, memories) = (self.input.messages.len(), self.input.known.len());
        let mut from = self.indexes(&item["from"], &what, messages, "message");
        if from.is_empty() && messages == 1 {
            from.push(0);
        }
        if let Some(role) = item["attributed_to"].as_str().filter(|_| from.is_empty()) {
            // All that mem0's form tells.
            from.extend((0..messages).filter(|&at| self.input.messages[at].speaker.role.name() == role));
        }
        let duplicates = self.indexes(&item["duplicates"], &what, memories, "memory");
        let mut supersedes = self.indexes(&item["supersedes"], &what, memories, "memory");
        // What says the same does not end it.
        supersedes.retain(|memory| !duplicates.contains(memory));
        let mut new = Extracted {
            note: self.note(item, &what, &from),
            text: text.to_owned(),
            supersedes,
            duplicates,
            from,
        };

        let key = statement_key(text);
        if let Some(place) = self.keys.iter().position(|held| *held == key) {
            let first = &mut self.answer.facts[place];
            for (held, more) in [
                (&mut first.supersedes, &mut new.supersedes),
                (&mut first.duplicates, &mut new.duplicates),
                (&mut first.from, &mut new.from),
            ] {
                more.retain(|index| !held.contains(index));
                held.append(more);
            }
            first.supersedes.retain(|memory| !first.duplicates.contains(memory));
            return self.ignore(&what, "it is there already");
        }
        self.keys.push(key);
        self.answer.facts.push(new);
    }

    fn note(&mut self, item: &Value, what: &str, from: &[usize]) -> Note {
        let kind = item["kind"].as_str().and_then(|name| Kind::parse(name).ok()).unwrap_or(Kind::Semantic);
        let confidence = match item["confidence"].as_f64() {
            // As it was asked for, or in hundredths.
            Some(share @ 0.0..=1.0) => (share * 100.0 + 0.5) as u8,
            Some(hundredths @ 0.0..=100.0) => hundredths as u8,
            _ => UNSAID,
        };
        let mut cues: Vec<String> = Vec::new();
        for cue in item["cues"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let cue = cue.trim();
            let fits = !cue.is_empty() && !cue.contains(['\0']) && cue.chars().count() <= MAX_CUE_CHARS;
            if fits && cues.len() < MAX_CUES && !cues.iter().any(|held| held == cue) {
                cues.push(cue.to_owned());
            }
        }
        let facts: Vec<Fact> = self.triple(item, what, from).into_iter().collect();
        let whole = !facts.is_empty();
        Note { kind, origin: Origin::Model, facts, whole, cues, confidence, ..Note::default() }
    }

    fn triple(&mut self, item: &Value, what: &str, from: &[usize]) -> Option<Fact> {
        let part = |name: &str| text_in(item, name, usize::MAX).unwrap_or_default();
        let (subject, predicate, object) = (part("subject"), part("predicate"), part("object"));
        if subject.is_empty() || predicate.is_empty() {
            return None;
        }
        let fits = |part: &String| part.chars().count() <= MAX_PART_CHARS;
        if ![&subject, &predicate, &object].into_iter().all(fits) {
            self.ignore(what, "its triple is too long");
            return None;
        }
        let slot = match item["single"].as_bool() {
            Some(true) => Some(slot(&predicate)),
            Some(false) => None,
            None => known_slot(&predicate),
        };
        let mut date = |name: &str, last: bool| {
            let text = text_in(item, name, usize::MAX)?;
            let date = date_in(&text, last);
            if date.is_none() {
                self.ignore(what, &[name, " is no date"].concat());
            }
            date
        };
        let (since, mut until) = (date("valid_from", false), date("valid_to", true));
        if since.is_some() && until.is_some() && until <= since {
            self.ignore(what, "it ends before it begins");
            until = None;
        }
        let subject = self.subject(subject, from);
        let slot = slot.filter(|slot| !slot.is_empty());
        Some(Fact { subject, predicate, object, slot, from: since, until, ..Fact::default() })
    }

    /// A speaker by the name that the messages have for it; `user` and `assistant` for those without one.
    fn subject(&self, said: String, from: &[usize]) -> String {
        let speakers = || self.input.messages.iter().chain(&self.input.before).map(|said| said.speaker);
        let folded = fold(&said);
        let role = match folded.trim_start_matches("the ").trim() {
            "user" => Role::User,
            "i" | "me" => from.first().map_or(Role::User, |&at| self.input.messages[at].speaker.role),
            "assistant" | "ai" | "agent" => Role::Assistant,
            _ => {
                let names = speakers().filter_map(|speaker| speaker.name.as_ref());
                return names.into_iter().find(|name| fold(name) == folded).cloned().unwrap_or(said);
            }
        };
        // Of those who say it, or else of all, if they have one name.
        let told = from.iter().map(|&message| self.input.messages[message].speaker);
        let mut named: Vec<&Actor> = told.filter(|speaker| speaker.role == role).collect();
        if named.is_empty() {
            named = speakers().filter(|speaker| speaker.role == role).collect();
        }
        let first = named.first().and_then(|speaker| speaker.name.clone());
        let one = named.iter().all(|speaker| speaker.name == first);
        first.filter(|_| one).unwrap_or_else(|| role.name().to_owned())
    }

    /// The indexes that a list of handles or numbers means, each once. Those that mean nothing are left out.
    fn indexes(&mut self, value: &Value, what: &str, count: usize, of: &str) -> Vec<usize> {
        let (mut indexes, mut unknown) = (Vec::new(), 0);
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for item in items.iter().filter(|item| !item.is_null() && *item != "") {
            match index_in(item, count) {
                Some(index) if indexes.contains(&index) => {}
                Some(index) => indexes.push(index),
                None => unknown += 1,
            }
        }
        if unknown > 0 {
            self.ignore(what, &format!("it names {unknown} times a {of} that there is not"));
        }
        indexes
    }
}

/// The index that a handle such as `m3`, or a number from 1, means among `count`.
pub(super) fn index_in(value: &Value, count: usize) -> Option<usize> {
    let number = match value {
        Value::String(text) => text.trim().trim_start_matches(['m', 'M', '#']).parse().ok(),
        value => value.as_u64(),
    };
    let index = usize::try_from(number?).ok()?.checked_sub(1)?;
    (index < count).then_some(index)
}

/// A member that is a text that can be stored and is not blank, trimmed, and cut after so many characters.
pub(super) fn text_in(value: &Value, name: &str, most: usize) -> Option<String> {
    let text = value.get(name)?.as_str()?.trim();
    let end = text.char_indices().nth(most).map_or(text.len(), |(end, _)| end);
    (!text.is_empty() && !text.contains(['\0'])).then(|| text[..end].to_owned())
}

/// A day, month or year, or an instant: its beginning, or as the last one on which something holds its end.
fn date_in(text: &str, last: bool) -> Option<Timestamp> {
    let Some(first) = ["", "-01", "-01-01"].iter().find_map(|rest| Day::parse(&[text, rest].concat()).ok())
    else {
        return Timestamp::parse(text).ok();
    };
    let (year, month, day) = first.civil();
    let after = match text.len() {
        4 => Day::of_civil(year + 1, 1, 1),
        7 if month == 12 => Day::of_civil(year + 1, 1, 1),
        7 => Day::of_civil(year, month + 1, 1),
        _ => Day::of_civil(year, month, day + 1),
    };
    Timestamp::from_millis(if last { after } else { first }.start().millis()).ok()
}
