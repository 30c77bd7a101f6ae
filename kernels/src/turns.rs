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
    /// [`ENDS_ASKING`], [`TIMED`], [`IRREGULAR`], and how many turns stand next to it without a gap: bits 4 and
    /// 5 how many after it, bits 6 and 7 how many before it, both up to [`REACH`]. See [`join`].
    pub flags: u8,
}

impl Mark {
    /// What `like` says of the turn itself, with what this one says of the turns next to it.
    pub fn told(self, like: Mark) -> Mark {
        Mark { flags: self.flags & !(ENDS_ASKING | TIMED) | like.flags, ..like }
    }
}

/// The turn ends with a question.
pub const ENDS_ASKING: u8 = 1;
/// The turn names a time.
pub const TIMED: u8 = 2;
/// Within reach are turns whose numbers do not simply count on: the neighbours have to be looked at.
pub const IRREGULAR: u8 = 4;
const AFTER: u8 = 4;
const BEFORE: u8 = 6;

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

/// Notes in the marks how the last turn stands to those before it. To be called for every turn that is appended.
pub fn join(conversations: &[u32], sequences: &[u32], marks: &mut [Mark]) {
    let Some(last) = marks.len().checked_sub(1) else { return };
    for before in 1..=PATIENCE.min(last) {
        let other = last - before;
        let distance = sequences[last].wrapping_sub(sequences[other]) as usize;
        if conversations[other] != conversations[last] || distance > REACH {
            break;
        }
        if distance == before {
            marks[last].flags = marks[last].flags & !(3 << BEFORE) | (before as u8) << BEFORE;
            marks[other].flags = marks[other].flags & !(3 << AFTER) | (before as u8) << AFTER;
        } else {
            marks[last].flags |= IRREGULAR;
            marks[other].flags |= IRREGULAR;
        }
    }
}

impl Turns<'_> {
    /// Calls `visit` with every turn that takes from this one, and the share that it takes.
    #[inline(always)]
    pub fn lend(&self, from: usize, shares: &Shares, mut visit: impl FnMut(usize, f32)) {
        let flags = self.marks[from].flags;
        if flags & IRREGULAR != 0 {
            return self.lend_with_care(from, shares, visit);
        }
        let (after, before) = ((flags >> AFTER & 3) as usize, (flags >> BEFORE) as usize);
        for step in 0..after {
            let to = from + 1 + step;
            let answers = step == 0 && flags & ENDS_ASKING != 0;
            visit(to, if answers { shares.answer } else { shares.onwards[step] } * self.gate(to));
        }
        for step in 0..before {
            let to = from - 1 - step;
            visit(to, shares.backwards[step] * self.gate(to));
        }
    }

    /// The same where numbers have gaps or repeat.
    fn lend_with_care(&self, from: usize, shares: &Shares, mut visit: impl FnMut(usize, f32)) {
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

    /// With neighbours, if there are shares for them.
    pub fn offer_as(&mut self, own: &[(u32, f32)], turns: &Turns<'_>, shares: Option<&Shares>) {
        match shares {
            Some(shares) => self.offer(own, turns, shares),
            None => self.offer_alone(own),
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

/// The least and the greatest of the values above -1, which stands for none; `None` if all are none.
pub fn bounds(values: &[f32]) -> Option<(f32, f32)> {
    let (mut low, mut high) = (f32::INFINITY, -1.0);
    for &value in values {
        let held = if value > -1.0 { value } else { f32::INFINITY };
        low = if held < low { held } else { low };
        high = if value > high { value } else { high };
    }
    (high > -1.0).then_some((low, high))
}

/// Puts the value of each row at its position; rows without one (`u32::MAX`) are left out.
pub fn scatter(rows: &[f32], positions: &[u32], out: &mut [f32]) {
    for (&value, &position) in rows.iter().zip(positions) {
        if let Some(slot) = out.get_mut(position as usize) {
            *slot = value;
        }
    }
}

/// The shares of a semantic value that a turn lends to the ones next to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextShares {
    /// To the turn after it.
    pub onwards: f32,
    /// To the turn before it.
    pub backwards: f32,
    /// To the turn after it if it ends with a question.
    pub answer: f32,
}

/// Values between `low` and `high` as 0 to 1, smaller ones as 0; each turn then has the greatest of its own and of
/// what the turns next to it lend. One pass: half of a search over many turns is spent here.
pub fn level(values: &[f32], low: f32, high: f32, turns: &Turns<'_>, shares: &NextShares) -> Vec<f32> {
    let range = if high > low { 1.0 / (high - low) } else { 0.0 };
    let own = |value: f32| if value > low { (value - low) * range } else { 0.0 };
    let count = values.len().min(turns.conversations.len()).min(turns.sequences.len()).min(turns.marks.len());
    let mut out: Vec<f32> = values.iter().map(|&value| own(value)).collect();
    let (mut before, mut here) = (0.0, out.first().copied().unwrap_or(0.0));
    for turn in 0..count {
        let after = if turn + 1 < count { out[turn + 1] } else { 0.0 };
        let gate = turns.gate(turn);
        let mut best = here;
        let next_to = |a: usize, b: usize| {
            turns.conversations[a] == turns.conversations[b]
                && turns.sequences[b].wrapping_sub(turns.sequences[a]) == 1
        };
        if turn > 0 && next_to(turn - 1, turn) {
            let asked = turns.marks[turn - 1].flags & ENDS_ASKING != 0;
            let lent = before * gate * if asked { shares.answer } else { shares.onwards };
            best = if lent > best { lent } else { best };
        }
        if turn + 1 < count && next_to(turn, turn + 1) {
            let lent = after * gate * shares.backwards;
            best = if lent > best { lent } else { best };
        }
        out[turn] = best;
        (before, here) = (here, after);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: Shares = Shares { onwards: [0.6, 0.4, 0.2], backwards: [0.5, 0.3, 0.1], answer: 1.0 };

    fn joined<const N: usize>(
        conversations: [u32; N],
        sequences: [u32; N],
        flags: [u8; N],
        gates: [u8; N],
    ) -> [Mark; N] {
        let mut marks: Vec<Mark> = Vec::new();
        for at in 0..N {
            marks.push(Mark { gate: gates[at], flags: flags[at], ..Mark::default() });
            join(&conversations[..=at], &sequences[..=at], &mut marks);
        }
        marks.try_into().unwrap()
    }

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
            marks: &joined([0, 0, 0, 1, 1, 1], [0, 1, 5, 0, 0, 1], [0, 0, 0, ENDS_ASKING, 0, 0], [255; 6]),
        };
        assert_eq!(lent(&turns, 0), [(1, 0.6)]);
        assert_eq!(lent(&turns, 1), [(0, 0.5)], "number 5 is too far");
        assert_eq!(lent(&turns, 2), []);
        assert_eq!(lent(&turns, 3), [(5, 1.0)], "an answer, past a turn of the same number");
        assert_eq!(lent(&turns, 5), [(4, 0.5), (3, 0.5)]);
    }

    #[test]
    fn a_turn_that_grows_keeps_its_neighbours() {
        let mut marks = joined([0, 0], [0, 1], [0, TIMED], [255, 255]);
        let like = Mark { gate: 9, informative: 8, questions: 7, flags: ENDS_ASKING };
        marks[1] = marks[1].told(like);
        assert_eq!(Mark { flags: ENDS_ASKING, ..marks[1] }, like);
        let turns = Turns { conversations: &[0, 0], sequences: &[0, 1], marks: &marks };
        assert_eq!(lent(&turns, 1), [(0, 0.5)]);
        assert_eq!(lent(&turns, 0), [(1, 0.6 * unit(9))]);
    }

    #[test]
    fn the_short_way_and_the_careful_one_agree() {
        for seed in 0..200u32 {
            let mut state = seed;
            let mut next = |limit: u32| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) % limit
            };
            let (mut conversations, mut sequences) = (vec![0u32], vec![0u32]);
            for at in 0..20 {
                let same = next(8) > 0;
                conversations.push(conversations[at] + u32::from(!same));
                let step = if next(3) > 0 { 1 } else { next(5) };
                sequences.push(if same { sequences[at] + step } else { next(3) });
            }
            let mut marks = Vec::new();
            for at in 0..conversations.len() {
                marks.push(Mark { gate: next(256) as u8, flags: next(2) as u8, ..Mark::default() });
                join(&conversations[..=at], &sequences[..=at], &mut marks);
            }
            let turns = Turns { conversations: &conversations, sequences: &sequences, marks: &marks };
            for from in 0..marks.len() {
                let mut careful = Vec::new();
                turns.lend_with_care(from, &SHARES, |to, share| careful.push((to, share)));
                assert_eq!(lent(&turns, from), careful, "{conversations:?} {sequences:?} {from}");
            }
        }
    }

    #[test]
    fn the_greatest_offer_counts_once_a_column() {
        let turns = Turns {
            conversations: &[0, 0, 0],
            sequences: &[0, 1, 2],
            marks: &joined([0, 0, 0], [0, 1, 2], [0; 3], [255, 255, 0]),
        };
        let (mut column, mut totals, mut listed) = (Column::new(3), vec![0.0; 3], vec![]);
        column.offer(&[(0, 1.0), (1, 0.1)], &turns, &SHARES);
        column.drain_into(&mut totals, &mut listed);
        assert_eq!(totals, [1.0, 0.6, 0.0]);
        column.offer_alone(&[(2, 2.0)]);
        column.drain_into(&mut totals, &mut listed);
        assert_eq!((totals, listed), (vec![1.0, 0.6, 2.0], vec![0, 1, 2]));
    }

    #[test]
    fn values_are_levelled_and_lent_to_the_next() {
        let marks = [0, ENDS_ASKING, 0, 0].map(|flags| Mark { gate: 255, flags, ..Mark::default() });
        let turns = Turns { conversations: &[0, 0, 0, 1], sequences: &[0, 1, 2, 3], marks: &marks };
        let shares = NextShares { onwards: 0.5, backwards: 0.25, answer: 1.0 };
        let values = [-1.0, 0.6, 0.2, 0.2];
        assert_eq!(bounds(&values), Some((0.2, 0.6)));
        assert_eq!(level(&values, 0.2, 0.6, &turns, &shares), [0.25, 1.0, 1.0, 0.0]);
        assert_eq!(level(&values, 0.6, 0.6, &turns, &shares), [0.0; 4]);
        assert_eq!(bounds(&[-1.0]), None);
        assert_eq!(level(&[], 0.0, 1.0, &turns, &shares), []);
        let mut out = [9.0; 2];
        scatter(&[1.0, 2.0, 3.0], &[1, u32::MAX, 0], &mut out);
        assert_eq!(out, [3.0, 1.0]);
    }
}
