//! What a question asks for, worked out by rules: its terms, whom it names, when, and what would be an answer.
//!
//! English for now: a question in another language has its terms and no cues.

use super::dates::{Span, named_spans};
use crate::record::Actor;
use crate::text::lexicon::{STOP_WORDS, WEAK_WORDS};
use crate::text::{Analyzer, find, fold};
use crate::time::Day;

/// An analysed question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// Its distinct terms, in their order.
    pub terms: Vec<String>,
    /// Per term, whether it is a word that says little in a question: "kind", "many", "likely".
    pub weak: Vec<bool>,
    /// Terms that stand side by side in it, as indexes into [`Question::terms`].
    pub pairs: Vec<(usize, usize)>,
    /// Whether it asks for a time.
    pub asks_when: bool,
    /// Whether it asks for what the assistant said.
    pub asks_assistant: bool,
    /// Days that it names.
    pub spans: Vec<Span>,
    /// Its words, folded, each with a space before and after it.
    padded: String,
}

impl Question {
    /// Analyses a question that is asked on the day `today`, if that is known.
    pub fn of(text: &str, analyzer: &Analyzer, today: Option<Day>) -> Question {
        let text = beginning(text);
        let words = words_of(text);
        let mut question = Question {
            padded: format!(" {} ", words.join(" ")),
            spans: named_spans(&words, today),
            ..Question::default()
        };
        let mut weak = Vec::new();
        analyzer.query_terms(WEAK_WORDS, |term| weak.push(term.to_owned()));
        let mut before = None;
        analyzer.query_terms(text, |term| {
            let known = question.terms.iter().position(|known| known == term);
            if known.is_none() && question.terms.len() == MOST_TERMS {
                return;
            }
            let at = known.unwrap_or_else(|| {
                question.terms.push(term.to_owned());
                question.weak.push(weak.iter().any(|weak| weak == term));
                question.terms.len() - 1
            });
            if let Some(before) = before.replace(at)
                && !question.pairs.contains(&(before, at))
            {
                question.pairs.push((before, at));
            }
        });
        // A question of weak words only has nothing better to be found by.
        if question.weak.iter().all(|&weak| weak) {
            question.weak.fill(false);
        }
        question.asks_when = question.says(WHEN);
        question.asks_assistant = question.says(ASSISTANT);
        question
    }

    /// Which of its telling terms a text holds, one bit each in their order; those beyond the 64th count for nothing.
    pub fn found_in(&self, text: &str, analyzer: &Analyzer) -> u64 {
        let mut found = 0;
        analyzer.terms(text, |term| {
            let at = self.terms.iter().position(|known| known == term);
            if let Some(at) = at.filter(|&at| at < 64 && !self.weak[at]) {
                found |= 1 << at;
            }
        });
        found
    }

    /// Whether it contains one of these phrases, word by word.
    fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has(phrase))
    }

    fn has(&self, phrase: &str) -> bool {
        let mut from = 0;
        while let Some(at) = find::find(&self.padded[from..], phrase).filter(|_| !phrase.is_empty()) {
            let (start, end) = (from + at, from + at + phrase.len());
            if self.padded[..start].ends_with(' ') && self.padded[end..].starts_with(' ') {
                return true;
            }
            from = end;
        }
        false
    }

    /// Which one of the speakers it names, if exactly one: by the full name or its first word.
    pub fn named<'a>(&self, actors: impl Iterator<Item = &'a Actor>) -> Option<String> {
        let mut named = self.all_named(actors);
        if named.len() == 1 { named.pop() } else { None }
    }

    /// The speakers that it names, until there are two.
    pub fn all_named<'a>(&self, actors: impl Iterator<Item = &'a Actor>) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for name in actors.filter_map(|actor| actor.name.as_deref()) {
            let words = words_of(name);
            // "Will" and "May" are names only where more of the name follows.
            let first =
                words.first().filter(|first| first.len() > 1 && !STOP_WORDS.contains(&first.as_str()));
            let whole = words.len() > 1 && self.has(&words.join(" "));
            let is_named = whole || first.is_some_and(|first| self.has(first));
            if is_named && found.iter().all(|known| known != name) {
                found.push(name.to_owned());
                if found.len() == 2 {
                    break;
                }
            }
        }
        found
    }
}

/// More distinct terms of a question are not looked at: it is a document then, and its beginning says what it is about.
const MOST_TERMS: usize = 256;
/// Nor is more of its text, in bytes: some five thousand words.
const MOST_BYTES: usize = 32_768;

/// As much of a question as is looked at for its words.
pub fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_BYTES)]
}

/// The words of a text, folded; dates keep their hyphens.
fn words_of(text: &str) -> Vec<String> {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

const WHEN: &[&str] = &[
    "when",
    "how long",
    "which month",
    "what month",
    "which year",
    "what year",
    "which day",
    "what day",
    "what date",
    "which date",
    "what time",
    "how recently",
    "which week",
    "how many days",
    "how many weeks",
    "how many months",
    "how many years",
    "how often",
];

const ASSISTANT: &[&str] = &[
    "you recommended",
    "you recommend",
    "you recommend me",
    "you suggested",
    "you suggest",
    "you mentioned",
    "you mention",
    "you told",
    "you said",
    "you gave",
    "you provided",
    "you provide",
    "you listed",
    "you explained",
    "you described",
    "you advised",
    "you wrote",
    "you created",
    "you came up with",
    "remind me",
    "our last chat",
    "our previous conversation",
    "our previous chat",
    "our last conversation",
    "our earlier conversation",
    "your answer",
    "your recommendation",
    "your suggestion",
    "did you",
];
