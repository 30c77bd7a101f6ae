//! The loops over postings and over all documents of a part.

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

/// Adds a term's scores to those of its documents, and lists the documents that had none before. Postings of
/// documents that are not there are left out.
pub fn accumulate(
    postings: &[Posting],
    weight: TermWeight,
    lengths: &[u16],
    scores: &mut [f32],
    touched: &mut Vec<u32>,
) {
    for posting in postings {
        let doc = posting.doc as usize;
        let (Some(score), Some(&length)) = (scores.get_mut(doc), lengths.get(doc)) else { continue };
        if *score == 0.0 {
            touched.push(posting.doc);
        }
        *score += weight.score(posting.frequency, u32::from(length));
    }
}

/// Turns keyword scores into fused ones, in place: `keyword × score + semantic × cosine`, negative cosines as 0.
/// `cosine` gives the cosine of a document, in the order of the documents.
pub fn fuse(scores: &mut [f32], keyword: f32, semantic: f32, cosines: impl Iterator<Item = f32>) {
    for (score, cosine) in scores.iter_mut().zip(cosines) {
        let positive = if cosine > 0.0 { cosine } else { 0.0 };
        *score = keyword * *score + semantic * positive;
    }
}

/// As [`fuse`], with the cosine of document `n` in row `n`.
pub fn fuse_rows(scores: &mut [f32], keyword: f32, semantic: f32, cosines: &[f32]) {
    fuse(scores, keyword, semantic, cosines.iter().copied());
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
    fn only_documents_that_are_there_are_scored() {
        let weight = TermWeight { idf: 2.0, k1: 0.9, b: 0.4, average: 5.0 };
        let (mut scores, mut touched) = (vec![0.0; 2], vec![]);
        let postings = [Posting { doc: 1, frequency: 2 }, Posting { doc: 7, frequency: 1 }];
        accumulate(&postings, weight, &[5, 5], &mut scores, &mut touched);
        accumulate(&postings, weight, &[5, 5], &mut scores, &mut touched);
        assert_eq!(touched, [1]);
        assert_eq!(scores, [0.0, 2.0 * weight.score(2, 5)]);
    }

    #[test]
    fn fused_scores_are_found_in_order() {
        let mut scores = vec![0.0, 1.0, 0.0, 0.5];
        fuse_rows(&mut scores, 0.5, 0.5, &[-1.0, 1.0, 0.25, 0.0]);
        assert_eq!(scores, [0.0, 1.0, 0.125, 0.25]);
        assert_eq!(next_at_least(&scores, 0, 0.2), Some(1));
        assert_eq!(next_at_least(&scores, 2, 0.2), Some(3));
        assert_eq!(next_at_least(&scores, 4, 0.0), None);
        assert_eq!(next_at_least(&scores, 0, f32::NAN), None);
    }
}
