//! Context: recalled memories as one block of text for a prompt, within a token budget.
//!
//! Memories are taken by what they are worth for their length, long ones as excerpts where the whole would crowd out
//! others, and the best ones with what was said right before them where they cannot be read without it. What the block
//! promises its reader is in `docs/context.md`, with the measurements behind the numbers here.

mod block;
mod excerpt;
mod quote;

use std::cmp::Ordering;

use crate::record::Record;
use crate::sorted::order;
use crate::text::tokens::{TOKEN, cost};
use crate::text::{Cues, estimate_tokens};
use block::{Block, line};
use excerpt::{ending, excerpt};

/// The tokens of a context when the caller names no budget.
pub const DEFAULT_TOKENS: usize = 1000;

/// A single memory is shown whole at once if it takes at most this part of the budget; otherwise as an excerpt, and
/// whole only if budget is left in the end.
const SHARE: usize = 2;

/// A memory of so many tokens is no long one, whatever the budget; with half of that left, an excerpt is not tried.
const SHORT: usize = 80;

/// So many tokens of budget pay for one neighbour of one of the best hits. Others come with what is left in the end.
const PER_NEIGHBOUR: usize = 200;

/// The most that a neighbour may cost, in tokens. Of a longer one the end is shown, where a question stands.
const NEIGHBOUR: usize = 30;

/// A memory that may be packed.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The memory.
    pub memory: &'a Record,
    /// Its score, above 0; `None` where only the order is known, which then stands.
    pub score: Option<f32>,
    /// What was said right before it, if that may be shown too.
    pub before: Option<&'a Record>,
}

/// Memories packed for a prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packed {
    /// The block; empty if nothing fits or nothing was found.
    pub text: String,
    /// Its estimated tokens.
    pub tokens: usize,
    /// Indexes of the memories inside, best first as given.
    pub used: Vec<usize>,
    /// Those of `used` of which only an excerpt is inside, in no particular order; likewise the next.
    pub excerpted: Vec<usize>,
    /// Those of `used` that are preceded by what was said before them, which is not among the candidates.
    pub neighbours: Vec<usize>,
    /// Indexes of those that did not fit.
    pub dropped: Vec<usize>,
}

/// Packs memories, given best first, into at most `budget` tokens, and shows them in the order of time. `found` tells
/// which terms of the question a text holds, one bit each.
pub fn pack(candidates: &[Candidate<'_>], budget: usize, found: &dyn Fn(&str) -> u64) -> Packed {
    let mut packing = Packing {
        block: Block::new(budget),
        candidates,
        taken: vec![false; candidates.len()],
        packed: Packed::default(),
    };
    packing.pack(budget, found);
    let Packing { block, taken, mut packed, .. } = packing;
    for (index, &taken) in taken.iter().enumerate() {
        if taken { packed.used.push(index) } else { packed.dropped.push(index) }
    }
    packed.text = block.write();
    packed.tokens = estimate_tokens(&packed.text);
    packed
}

struct Packing<'a> {
    block: Block<'a>,
    candidates: &'a [Candidate<'a>],
    /// Per candidate, whether it is in the block.
    taken: Vec<bool>,
    packed: Packed,
}

impl Packing<'_> {
    fn pack(&mut self, budget: usize, found: &dyn Fn(&str) -> u64) {
        let candidates = self.candidates;
        let wholes: Vec<String> = candidates.iter().map(|it| line(it.memory, &it.memory.text)).collect();
        let prices: Vec<usize> = wholes.iter().map(|whole| cost(whole)).collect();
        let half = self.block.limit() / SHARE;
        let share = if half > SHORT * TOKEN { half } else { SHORT * TOKEN };
        // Where the excerpts are among the lines.
        let mut excerpts = Vec::new();
        for index in by_value(candidates, &prices, share) {
            let index = index as usize;
            if self.taken[index] {
                continue;
            }
            let memory = candidates[index].memory;
            let room = self.block.room(memory);
            if prices[index] <= room && prices[index] <= share {
                self.block.put(memory, wholes[index].clone());
            } else {
                let limit = if share < room { share } else { room };
                let frame = cost(&line(memory, ""));
                if limit < SHORT / 2 * TOKEN || limit < frame {
                    continue;
                }
                let Some(part) = excerpt(&memory.text, limit - frame, found) else { continue };
                let part = line(memory, &part);
                if cost(&part) > room {
                    continue;
                }
                excerpts.push((index, self.block.put(memory, part)));
            }
            self.taken[index] = true;
            if index < budget / PER_NEIGHBOUR {
                self.take_before(index);
            }
        }
        for (index, at) in excerpts {
            if !self.block.replace(at, &wholes[index], prices[index]) {
                self.packed.excerpted.push(index);
            }
        }
        for index in
            (budget / PER_NEIGHBOUR..candidates.len()).filter(|&index| candidates[index].before.is_some())
        {
            if self.taken[index] {
                self.take_before(index);
            }
        }
    }

    /// Takes what was said before a memory, if the memory needs it and it fits.
    fn take_before(&mut self, index: usize) {
        let Candidate { memory, before, .. } = self.candidates[index];
        let Some(before) = before.filter(|before| needs(memory, before)) else { return };
        let hit = self.candidates.iter().position(|it| it.memory.id == before.id);
        if hit.is_some_and(|hit| self.taken[hit]) {
            return;
        }
        let room = self.block.room(before);
        let limit = if room < NEIGHBOUR * TOKEN { room } else { NEIGHBOUR * TOKEN };
        let mut shown = line(before, &before.text);
        if cost(&shown) > limit {
            let frame = cost(&line(before, ""));
            // One that is a hit itself is shown whole or not yet.
            let end = if hit.is_none() { ending(&before.text, limit.saturating_sub(frame)) } else { None };
            let Some(end) = end else { return };
            shown = line(before, &end);
            if cost(&shown) > limit {
                return;
            }
        }
        self.block.put(before, shown);
        match hit {
            Some(hit) => self.taken[hit] = true,
            None => self.packed.neighbours.push(index),
        }
    }
}

/// The order in which memories are taken: by score, and the shorter one of two about as good. The eighth root of the
/// length against the square root of the score lets a memory of a tenth of the length come first if its score is at
/// least some six tenths of the other's.
fn by_value(candidates: &[Candidate<'_>], prices: &[usize], share: usize) -> Vec<u32> {
    let is_scored = candidates.iter().all(|it| it.score.is_some());
    let value = |at: usize| {
        // No memory takes more than its share at first.
        let price = if prices[at] < share { prices[at] } else { share };
        candidates[at].score.unwrap_or(0.0).sqrt() / (price as f32).sqrt().sqrt().sqrt()
    };
    let values: Vec<f32> = (0..candidates.len()).map(value).collect();
    order(values.len(), &|a, b| {
        let by_value = if is_scored { values[b].total_cmp(&values[a]) } else { Ordering::Equal };
        by_value.then(a.cmp(&b))
    })
}

/// So few content words say little without what was said before.
const FEW: u32 = 3;

/// Words that a sentence begins with if it goes on from another one. English; questions and short answers are
/// noticed in every language.
const GOING_ON: &[&str] = &[
    "because", "he", "it", "no", "nope", "she", "sure", "that", "them", "these", "they", "this", "those",
    "yeah", "yep", "yes",
];

/// Whether a memory can hardly be read without what was said right before it.
fn needs(memory: &Record, before: &Record) -> bool {
    let text = memory.text.trim_start();
    if text.starts_with(['…']) || text.starts_with("...") || Cues::of(text).content() <= FEW {
        return true;
    }
    let first = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    GOING_ON.iter().any(|word| word.eq_ignore_ascii_case(first)) || Cues::of(&before.text).ends_asking()
}

#[cfg(test)]
mod tests;
