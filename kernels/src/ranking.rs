//! The loops over postings and over all documents of a part.

use crate::turns::{Mark, TIMED, Turns, unit};

/// One document that holds a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The document's index in its part.
    pub doc: u32,
    /// How often the term occurs in it, at least 1.
    pub frequency: u32,
}

/// One term's BM25 weight for documents of one query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TermWeight {
    /// How rare the term is, at least 0.
    pub idf: f32,
    /// Saturation of the frequency.
    pub k1: f32,
    /// Strength of the length normalisation.
    pub b: f32,
    /// The average length of a document, above 0.
    pub average: f32,
}

impl TermWeight {
    /// The score of a term that occurs `frequency` times in a document of `length` terms.
    #[inline]
    pub fn score(&self, frequency: u32, length: u32) -> f32 {
        let frequency = frequency as f32;
        let norm = self.k1 * (1.0 - self.b + self.b * length as f32 / self.average);
        self.idf * frequency * (self.k1 + 1.0) / (frequency + norm)
    }
}

/// Moves postings from documents of a part to their positions, leaving out those that have none (`u32::MAX`).
pub fn place(postings: &mut Vec<Posting>, from: usize, positions: &[u32]) {
    let mut kept = from;
    for at in from..postings.len() {
        let posting = postings[at];
        let position = positions.get(posting.doc as usize).copied().unwrap_or(u32::MAX);
        if position != u32::MAX {
            postings[kept] = Posting { doc: position, ..posting };
            kept += 1;
        }
    }
    postings.truncate(kept);
}

/// The weight of a term in each turn that holds it, times `factor`. Turns that are not there are left out.
pub fn weigh(
    postings: &[Posting],
    weight: TermWeight,
    factor: f32,
    lengths: &[u16],
    out: &mut Vec<(u32, f32)>,
) {
    out.clear();
    out.extend(postings.iter().filter_map(|posting| {
        let length = *lengths.get(posting.doc as usize)?;
        Some((posting.doc, factor * weight.score(posting.frequency, u32::from(length))))
    }));
}

/// What is added up for every turn beside its keyword score.
#[derive(Clone, Copy, Debug)]
pub struct Blend<'a> {
    /// What a turn's keyword total is multiplied with.
    pub keyword: f32,
    /// What its semantic value is multiplied with.
    pub semantic: f32,
    /// Per conversation.
    pub session: &'a [f32],
    /// Per speaker.
    pub speaker: &'a [f32],
    /// Per number of informative words.
    pub content: &'a [f32; 256],
    /// Taken away from a turn of nothing but questions.
    pub questions: f32,
    /// Added to turns that name a time.
    pub timed: f32,
}

impl Blend<'_> {
    /// What a turn gets for what it is, apart from keywords and meaning. `conversation` and `speaker` are
    /// indexes into the tables; one that is not there adds nothing.
    #[inline(always)]
    pub fn standing(&self, conversation: u32, speaker: u16, mark: Mark) -> f32 {
        let mut sum =
            self.content[mark.informative as usize] - self.questions * unit(mark.questions) * unit(mark.gate);
        sum += self.session.get(conversation as usize).copied().unwrap_or(0.0);
        sum += self.speaker.get(speaker as usize).copied().unwrap_or(0.0);
        if mark.flags & TIMED != 0 { sum + self.timed } else { sum }
    }
}

/// Turns keyword totals into fused scores, in place, for every turn: with meaning, every turn can be an answer.
pub fn blend_all(
    totals: &mut [f32],
    semantic: &[f32],
    blend: &Blend<'_>,
    turns: &Turns<'_>,
    speakers: &[u16],
) {
    let rows = totals.iter_mut().zip(semantic).zip(turns.conversations).zip(speakers).zip(turns.marks);
    for ((((total, &semantic), &conversation), &speaker), &mark) in rows {
        *total =
            blend.keyword * *total + blend.semantic * semantic + blend.standing(conversation, speaker, mark);
    }
}

/// The same for the listed turns only, without meaning.
pub fn blend_some(
    totals: &mut [f32],
    listed: &[u32],
    blend: &Blend<'_>,
    turns: &Turns<'_>,
    speakers: &[u16],
) {
    for &turn in listed {
        let turn = turn as usize;
        totals[turn] = blend.keyword * totals[turn]
            + blend.standing(turns.conversations[turn], speakers[turn], turns.marks[turn]);
    }
}

/// The first document from `from` on whose score is at least `floor` and above 0.
pub fn next_at_least(scores: &[f32], from: usize, floor: f32) -> Option<usize> {
    let rest = scores.get(from..)?;
    rest.iter().position(|&score| score >= floor && score > 0.0).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_are_placed_and_weighed() {
        let weight = TermWeight { idf: 2.0, k1: 0.9, b: 0.4, average: 5.0 };
        let list = |docs: &[u32]| -> Vec<Posting> {
            docs.iter().map(|&doc| Posting { doc, frequency: 2 }).collect()
        };
        let mut postings = list(&[9, 0, 1, 2, 7]);
        place(&mut postings, 1, &[5, u32::MAX, 3]);
        assert_eq!(postings, list(&[9, 5, 3]));
        let mut out = vec![(1, 1.0)];
        weigh(&postings, weight, 0.5, &[5; 6], &mut out);
        assert_eq!(out, [(5, 0.5 * weight.score(2, 5)), (3, 0.5 * weight.score(2, 5))]);
    }

    #[test]
    fn blends_agree_for_all_and_for_some() {
        let marks = [(255, 0), (0, TIMED)].map(|(questions, flags)| Mark {
            gate: 255,
            informative: 3,
            questions,
            flags,
        });
        let turns = Turns { conversations: &[0, 7], sequences: &[0, 1], marks: &marks };
        let mut content = [0.0; 256];
        content[3] = 0.25;
        let blend = Blend {
            keyword: 2.0,
            semantic: 0.5,
            session: &[0.125],
            speaker: &[0.0, 0.5],
            content: &content,
            questions: 1.0,
            timed: 4.0,
        };
        let (mut all, mut some) = ([1.0, 3.0], [1.0, 3.0]);
        blend_all(&mut all, &[0.0, 1.0], &blend, &turns, &[0, 1]);
        blend_some(&mut some, &[0, 1], &blend, &turns, &[0, 1]);
        assert_eq!(all, [2.0 + 0.25 - 1.0 + 0.125, 6.0 + 0.5 + 0.25 + 0.5 + 4.0]);
        assert_eq!(some, [all[0], all[1] - 0.5]);
    }

    #[test]
    fn scores_are_found_in_order() {
        let scores = [0.0, 1.0, 0.125, 0.25];
        assert_eq!(next_at_least(&scores, 0, 0.2), Some(1));
        assert_eq!(next_at_least(&scores, 2, 0.2), Some(3));
        assert_eq!(next_at_least(&scores, 4, 0.0), None);
        assert_eq!(next_at_least(&scores, 0, f32::NAN), None);
    }
}
