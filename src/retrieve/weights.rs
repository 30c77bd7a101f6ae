//! The weights of the ranking: all of them, in one place.
//!
//! A memory's rank is the sum of its signals, each between 0 and 1, times their weights. The additive signals
//! come first; the others change how the keyword signal is made. `docs/retrieval.md` tells what each is worth.

use crate::error::{Error, ErrorKind, Result};

/// How much each signal counts, at least 0. 0 switches a signal off.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights([f32; COUNT]);

/// A signal or setting of the ranking, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Signal {
    /// BM25 of the memory and of what was said around it, against the best of the question.
    Keyword,
    /// Cosine of the embeddings of question and memory, between the lowest and the highest of the question.
    Semantic,
    /// BM25 of the whole conversation, against the best.
    Session,
    /// BM25 of neighbouring words of the question that stand side by side in the memory, against the best.
    Pairs,
    /// The question names one of the speakers, and it is this memory's.
    Speaker,
    /// User turns, unless the question asks for what the assistant said; where both have spoken.
    Role,
    /// The question asks for a time and the memory names one.
    When,
    /// How well the day on which it was said fits a date that the question names.
    Date,
    /// How much the memory says: informative words, up to [`TELLING`].
    Content,
    /// The share of questions among its sentences. Counted against it: a question is no answer.
    Asking,
    /// What people think of it, between -1 and 1, times the sum of the other signals as far as that is below 1. 0 where
    /// nobody gave feedback.
    Strength,
    /// The share of their keyword weight that turns lend their neighbours, 1 for the documented shares.
    Context,
    /// The share of its weight that a word gets for being near a word of the question in meaning.
    Soft,
    /// Without a token table: the weight of question words that say little, such as "kind" and "many"; 1 for full
    /// weight.
    Weak,
    /// With a token table, which is in the order of frequency: the part of its weight that the commonest word of
    /// the language loses, and rarer ones less, however rare it is among these memories.
    Common,
    /// The share of its weight that a word has in a memory's cues: what a model filed it under, and what its facts are
    /// about, which nobody said.
    Cues,
}

/// How many weights there are.
const COUNT: usize = 16;
/// How many of them are added up.
pub const ADDED: usize = 11;

impl Signal {
    /// All signals, in order.
    pub const ALL: [Signal; COUNT] = [
        Signal::Keyword,
        Signal::Semantic,
        Signal::Session,
        Signal::Pairs,
        Signal::Speaker,
        Signal::Role,
        Signal::When,
        Signal::Date,
        Signal::Content,
        Signal::Asking,
        Signal::Strength,
        Signal::Context,
        Signal::Soft,
        Signal::Weak,
        Signal::Common,
        Signal::Cues,
    ];

    /// The signal's name, as options and explanations have it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Keyword => "keyword",
            Signal::Semantic => "semantic",
            Signal::Session => "session",
            Signal::Pairs => "pairs",
            Signal::Speaker => "speaker",
            Signal::Role => "role",
            Signal::When => "when",
            Signal::Date => "date",
            Signal::Content => "content",
            Signal::Asking => "asking",
            Signal::Strength => "strength",
            Signal::Context => "context",
            Signal::Soft => "soft",
            Signal::Weak => "weak",
            Signal::Common => "common",
            Signal::Cues => "cues",
        }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Weights([1.0, 0.8, 0.3, 0.15, 0.2, 0.7, 0.4, 0.3, 0.4, 0.15, 0.25, 1.0, 0.8, 0.5, 0.7, 0.6])
    }
}

/// The greatest weight that can be asked for.
const LARGEST: f32 = 100.0;

impl Weights {
    /// The weight of a signal.
    pub fn of(&self, signal: Signal) -> f32 {
        self.0[signal as usize]
    }

    /// The most that a signal can add to the sum: its weight, and nothing if it counts against a memory.
    pub fn most(&self, signal: Signal) -> f32 {
        if signal == Signal::Asking { 0.0 } else { self.of(signal) }
    }

    /// Sets the weight of the signal of this name. `INVALID_ARGUMENT` if there is none of this name, or if the weight is
    /// not between 0 and 100.
    pub fn set(&mut self, name: &str, weight: f32) -> Result<()> {
        // A hostile name is not repeated at any length.
        let shown: String = name.chars().take(40).collect();
        let field = || format!("weights.{shown}");
        let Some(signal) = Signal::ALL.iter().find(|signal| signal.name() == name) else {
            let names: Vec<&str> = Signal::ALL.iter().map(|signal| signal.name()).collect();
            let message = format!("there is no signal \"{shown}\"; there are {}", names.join(", "));
            return Err(Error::new(ErrorKind::InvalidArgument, message).field(field()));
        };
        if !(0.0..=LARGEST).contains(&weight) {
            let message = format!("the weight of \"{name}\" must be a number from 0 to {}", LARGEST as u32);
            return Err(Error::new(ErrorKind::InvalidArgument, message).field(field()));
        }
        self.0[*signal as usize] = weight;
        Ok(())
    }
}

/// So many informative words make a telling memory.
pub const TELLING: u32 = 30;

/// The values of a memory's additive signals, 0 to 1 each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signals([f32; ADDED]);

impl Signals {
    /// The value of a signal; 0 for the settings, which are not added.
    pub fn of(&self, signal: Signal) -> f32 {
        self.0.get(signal as usize).copied().unwrap_or(0.0)
    }

    /// Sets the value of a signal.
    pub fn set(&mut self, signal: Signal, value: f32) {
        if let Some(slot) = self.0.get_mut(signal as usize) {
            *slot = value;
        }
    }

    /// What a signal adds to the sum.
    pub fn contribution(&self, signal: Signal, weights: &Weights) -> f32 {
        let sign = if signal == Signal::Asking { -1.0 } else { 1.0 };
        sign * weights.of(signal) * self.of(signal)
    }

    /// The sum of all contributions.
    pub fn fuse(&self, weights: &Weights) -> f32 {
        Signal::ALL[..ADDED].iter().map(|&signal| self.contribution(signal, weights)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_has_a_name_and_a_place() {
        let mut weights = Weights::default();
        for (at, signal) in Signal::ALL.into_iter().enumerate() {
            assert_eq!(signal as usize, at);
            weights.set(signal.name(), at as f32).unwrap();
            assert_eq!(weights.of(signal), at as f32);
        }
        for (name, weight) in [("nothing", 1.0), ("keyword", -0.1), ("keyword", f32::NAN), ("keyword", 101.0)]
        {
            let error = weights.set(name, weight).unwrap_err();
            assert_eq!(error.code(), "INVALID_ARGUMENT", "{name} {weight}");
        }
    }

    #[test]
    fn contributions_add_up() {
        let mut signals = Signals::default();
        signals.set(Signal::Keyword, 0.5);
        signals.set(Signal::Asking, 1.0);
        signals.set(Signal::Weak, 9.0);
        let weights = Weights::default();
        let expected = 0.5 * weights.of(Signal::Keyword) - weights.of(Signal::Asking);
        assert!((signals.fuse(&weights) - expected).abs() < 1e-6);
    }
}
