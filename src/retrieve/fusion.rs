//! Fusion: one score from the signals of a document.
//!
//! Each signal is brought to a range of 0 to 1 that means the same for every question, and their weighted
//! mean is the score that users see and that `threshold` cuts.

/// How much each signal counts. Weights of signals that are absent from a query are left out of the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Keyword score: BM25 over the sum of the query terms' idf.
    pub keyword: f32,
    /// Semantic score: the cosine of the two embeddings.
    pub semantic: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Weights { keyword: 0.5, semantic: 0.5 }
    }
}

impl Weights {
    /// The weights of keyword and meaning as shares of one.
    pub fn shares(&self) -> (f32, f32) {
        let total = self.keyword + self.semantic;
        let total = if total > 0.0 { total } else { 1.0 };
        (self.keyword / total, self.semantic / total)
    }
}

/// The signals of one document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signals {
    /// BM25, unbounded.
    pub bm25: f32,
    /// BM25 over its full score; above 1 for repeated terms.
    pub keyword: f32,
    /// Cosine, negative ones as 0; `None` if the query has no vector.
    pub semantic: Option<f32>,
}

impl Signals {
    /// The fused score before it is cut to 0 to 1. Ranks by this, so that scores above 1 do not tie.
    pub fn fuse(&self, weights: &Weights) -> f32 {
        match self.semantic {
            None => self.keyword,
            Some(semantic) => {
                let (keyword_share, semantic_share) = weights.shares();
                keyword_share * self.keyword + semantic_share * semantic
            }
        }
    }
}

/// The score as shown: 0 to 1, always finite.
pub fn shown(score: f32) -> f32 {
    // Comparisons, not clamp: that is a library call in WebAssembly. NaN falls through to 0.
    if score >= 1.0 && score.is_finite() {
        1.0
    } else if score > 0.0 && score.is_finite() {
        score
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_query_is_not_diluted_by_missing_vectors() {
        let signals = Signals { bm25: 3.0, keyword: 0.8, semantic: None };
        assert_eq!(signals.fuse(&Weights::default()), 0.8);
        let hybrid = Signals { semantic: Some(0.2), ..signals };
        assert!((hybrid.fuse(&Weights::default()) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn shown_scores_are_finite_and_bounded() {
        for (score, expected) in [(1.7, 1.0), (-0.1, 0.0), (f32::NAN, 0.0), (f32::INFINITY, 0.0), (0.3, 0.3)]
        {
            assert_eq!(shown(score), expected);
        }
    }
}
