//! What turns of a conversation lend each other: the loops of context propagation.
//!
//! A turn is a position in arrays that are sorted by conversation and sequence number, so its neighbours are
//! the positions around it. A turn takes from a neighbour the greatest share of a weight that is offered, never
//! a sum: that rewards turns which cover a question together with what was said around them.

/// The turns of a partition, in parallel arrays. All have the same length.
#[derive(Clone, Copy, Debug)]
pub struct Turns<'a> {
    /// The conversation of each turn; turns of one conversation stand together.
    pub conversations: &'a [u32],
    /// The number of each turn in its conversation, rising.
    pub sequences: &'a [u32],
    /// What each turn is like.
    pub marks: &'a [Mark],
}

/// What a turn is like, in four bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// What part of its neighbours' weights it lets in, in 255ths.
    pub gate: u8,
    /// Its informative words, at most 255.
    pub informative: u8,
    /// The share of questions among its sentences, in 255ths.
    pub questions: u8,
    /// [`ENDS_ASKING`], [`TIMED`].
    pub flags: u8,
}

/// The turn ends with a question.
pub const ENDS_ASKING: u8 = 1;
/// The turn names a time.
pub const TIMED: u8 = 2;

/// The shares of its weight that a turn lends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// To the turns 1, 2 and 3 after it.
    pub onwards: [f32; REACH],
    /// To the turns 1, 2 and 3 before it.
    pub backwards: [f32; REACH],
    /// To the turn after it if it ends with a question, which that turn answers.
    pub answer: f32,
}

/// How many turns away a weight is lent.
pub const REACH: usize = 3;

/// Turns of one number in one conversation, which two devices can make, are looked past at most so often.
const PATIENCE: usize = 8;

impl Turns<'_> {
    /// Calls `visit` with every turn that takes from this one, and the share that it takes.
    #[inline(always)]
    pub fn lend(&self, from: usize, shares: &Shares, mut visit: impl FnMut(usize, f32)) {
        let (conversation, sequence) = (self.conversations[from], self.sequences[from]);
        let end = self.conversations.len().min(from + 1 + PATIENCE);
        for to in from + 1..end {
            let distance = self.sequences[to].wrapping_sub(sequence) as usize;
            if self.conversations[to] != conversation || distance > REACH {
                break;
            }
            if distance > 0 {
                let answers = distance == 1 && self.marks[from].flags & ENDS_ASKING != 0;
                let share = if answers { shares.answer } else { shares.onwards[distance - 1] };
                visit(to, share * self.gate(to));
            }
        }
        for to in (from.saturating_sub(PATIENCE)..from).rev() {
            let distance = sequence.wrapping_sub(self.sequences[to]) as usize;
            if self.conversations[to] != conversation || distance > REACH {
                break;
            }
            if distance > 0 {
                visit(to, shares.backwards[distance - 1] * self.gate(to));
            }
        }
    }

    #[inline(always)]
    fn gate(&self, turn: usize) -> f32 {
        unit(self.marks[turn].gate)
    }
}

/// 255ths as a number from 0 to 1.
#[inline(always)]
pub fn unit(part: u8) -> f32 {
    f32::from(part) * (1.0 / 255.0)
}

/// One term's weights over all turns, while they are gathered.
#[derive(Clone, Debug, Default)]
pub struct Column {
    weights: Vec<f32>,
    touched: Vec<u32>,
}

impl Column {
    /// A column of zeros for so many turns.
    pub fn new(turns: usize) -> Column {
        Column { weights: vec![0.0; turns], touched: vec![] }
    }

    /// Offers weights to turns and, through them, to their neighbours. Each turn keeps the greatest offer.
    pub fn offer(&mut self, own: &[(u32, f32)], turns: &Turns<'_>, shares: &Shares) {
        for &(turn, weight) in own {
            self.raise(turn as usize, weight);
            turns.lend(turn as usize, shares, |to, share| self.raise(to, weight * share));
        }
    }

    /// The same without neighbours.
    pub fn offer_alone(&mut self, own: &[(u32, f32)]) {
        for &(turn, weight) in own {
            self.raise(turn as usize, weight);
        }
    }

    #[inline(always)]
    fn raise(&mut self, turn: usize, weight: f32) {
        let held = &mut self.weights[turn];
        if weight > *held {
            if *held == 0.0 {
                self.touched.push(turn as u32);
            }
            *held = weight;
        }
    }

    /// Adds the column to the totals, lists the turns that had none before, and empties it.
    pub fn drain_into(&mut self, totals: &mut [f32], listed: &mut Vec<u32>) {
        for &turn in &self.touched {
            let weight = std::mem::take(&mut self.weights[turn as usize]);
            let total = &mut totals[turn as usize];
            if *total == 0.0 {
                listed.push(turn);
            }
            *total += weight;
        }
        self.touched.clear();
    }
}

/// Lets every turn take the greatest share of its own value and its neighbours'. All values are at least 0.
pub fn propagate(own: &[f32], turns: &Turns<'_>, shares: &Shares) -> Vec<f32> {
    let mut out = own.to_vec();
    for (turn, &value) in own.iter().enumerate() {
        turns.lend(turn, shares, |to, share| {
            let lent = value * share;
            if lent > out[to] {
                out[to] = lent;
            }
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: Shares = Shares { onwards: [0.6, 0.4, 0.2], backwards: [0.5, 0.3, 0.1], answer: 1.0 };

    fn lent(turns: &Turns<'_>, from: usize) -> Vec<(usize, f32)> {
        let mut found = Vec::new();
        turns.lend(from, &SHARES, |to, share| found.push((to, share)));
        found
    }

    #[test]
    fn weights_stay_in_the_conversation_and_within_reach() {
        let turns = Turns {
            conversations: &[0, 0, 0, 1, 1, 1],
            sequences: &[0, 1, 5, 0, 0, 1],
            marks: &[0, 0, 0, ENDS_ASKING, 0, 0].map(|flags| Mark { gate: 255, flags, ..Mark::default() }),
        };
        assert_eq!(lent(&turns, 0), [(1, 0.6)]);
        assert_eq!(lent(&turns, 1), [(0, 0.5)], "number 5 is too far");
        assert_eq!(lent(&turns, 2), []);
        assert_eq!(lent(&turns, 3), [(5, 1.0)], "an answer, past a turn of the same number");
        assert_eq!(lent(&turns, 5), [(4, 0.5), (3, 0.5)]);
    }

    #[test]
    fn the_greatest_offer_counts_once_a_column() {
        let turns = Turns {
            conversations: &[0, 0, 0],
            sequences: &[0, 1, 2],
            marks: &[255, 255, 0].map(|gate| Mark { gate, ..Mark::default() }),
        };
        let (mut column, mut totals, mut listed) = (Column::new(3), vec![0.0; 3], vec![]);
        column.offer(&[(0, 1.0), (1, 0.1)], &turns, &SHARES);
        column.drain_into(&mut totals, &mut listed);
        assert_eq!(totals, [1.0, 0.6, 0.0]);
        column.offer_alone(&[(2, 2.0)]);
        column.drain_into(&mut totals, &mut listed);
        assert_eq!((totals, listed), (vec![1.0, 0.6, 2.0], vec![0, 1, 2]));
        assert_eq!(propagate(&[1.0, 0.1, 0.0], &turns, &SHARES), [1.0, 0.6, 0.0]);
    }
}
