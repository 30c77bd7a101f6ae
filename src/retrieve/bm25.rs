//! BM25 keyword scores, with statistics that can be shared between partitions.
//!
//! Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); the idf is
//! Lucene's, which is never negative.

use edgemem_kernels::ranking::TermWeight;

/// How BM25 treats frequency and length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Saturation of the term frequency.
    pub k1: f32,
    /// Strength of the length normalisation.
    pub b: f32,
}

/// For single turns: a word that is repeated says little more.
pub const TURN: Shape = Shape { k1: 0.6, b: 0.75 };
/// For conversations taken as one document.
pub const SESSION: Shape = Shape { k1: 1.2, b: 0.5 };

/// What BM25 knows of the documents that a request may see. Adds up over parts and partitions, so that
/// scores do not depend on how memories are spread over them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many documents.
    pub documents: u64,
    /// Terms in all of them.
    pub length: u64,
    /// Per query term, how many documents hold it.
    pub frequencies: Vec<u64>,
}

impl Statistics {
    /// Empty statistics for this many query terms.
    pub fn new(terms: usize) -> Statistics {
        Statistics { documents: 0, length: 0, frequencies: vec![0; terms] }
    }
}

/// The weights of one query.
#[derive(Clone, Debug)]
pub struct Bm25 {
    idf: Vec<f32>,
    documents: u64,
    average: f32,
    shape: Shape,
}

impl Bm25 {
    /// Weights from the statistics of everything that the request may see.
    pub fn new(statistics: &Statistics, shape: Shape) -> Bm25 {
        let documents = statistics.documents;
        Bm25 {
            shape,
            documents,
            idf: statistics.frequencies.iter().map(|&frequency| idf(documents, frequency)).collect(),
            average: if statistics.documents == 0 {
                1.0
            } else {
                (statistics.length as f32 / documents as f32).max(1.0)
            },
        }
    }

    /// The idf of a query term.
    pub fn idf(&self, term: usize) -> f32 {
        self.idf[term]
    }

    /// What scores a query term.
    pub fn weight(&self, term: usize) -> TermWeight {
        TermWeight { idf: self.idf[term], k1: self.shape.k1, b: self.shape.b, average: self.average }
    }

    /// What scores a word in place of a query term, being in so many documents; and the share that it counts: a
    /// word that is rarer than the term says no more than the term would.
    pub fn related(&self, term: usize, frequency: u64) -> (TermWeight, f32) {
        let idf = idf(self.documents, frequency);
        let share = if self.idf[term] < idf { self.idf[term] / idf } else { 1.0 };
        (TermWeight { idf, ..self.weight(term) }, share)
    }

    /// The score of a query term that occurs `frequency` times in a document of `length` terms.
    pub fn score(&self, term: usize, frequency: u32, length: u32) -> f32 {
        self.weight(term).score(frequency, length)
    }
}

/// How rare a term is that so many of the documents hold, above 0.
fn idf(documents: u64, frequency: u64) -> f32 {
    let (documents, frequency) = (documents as f32, frequency as f32);
    (1.0 + (documents - frequency + 0.5).max(0.5) / (frequency + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_terms_and_short_documents_count_more() {
        let bm25 = Bm25::new(&Statistics { documents: 100, length: 1000, frequencies: vec![1, 50, 0] }, TURN);
        assert!(bm25.idf(2) > bm25.idf(0) && bm25.idf(0) > bm25.idf(1));
        assert!(bm25.score(0, 1, 5) > bm25.score(0, 1, 50));
        assert!(bm25.score(0, 2, 10) > bm25.score(0, 1, 10));
        assert!((bm25.score(0, 1, 10) - bm25.idf(0)).abs() < 1e-5, "average length, once: exactly the idf");
    }

    #[test]
    fn nothing_known_is_not_nan() {
        let bm25 = Bm25::new(&Statistics::new(1), TURN);
        assert!(bm25.idf(0).is_finite() && bm25.score(0, 1, 1).is_finite());
    }
}
