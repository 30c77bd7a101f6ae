//! Words of related meaning: the token table seen through the analyzer's terms.
//!
//! The index holds terms, not words, and the table holds words. Every whole word of the table is analysed once;
//! its term then stands for the row of the most frequent word that becomes this term. Two terms are as near as
//! their rows.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::sorted::order;
use crate::text::Analyzer;
use crate::vector::TokenTable;

/// The terms that the table has a row for.
pub struct Meanings {
    table: Rc<TokenTable>,
    /// All terms, sorted by their bytes, one after the other.
    letters: String,
    /// Where each term ends.
    ends: Vec<u32>,
    /// Each term's row.
    rows: Vec<u32>,
    /// The row of the commonest word: letters and signs come before it.
    first: u32,
    /// Each row's term; past the end for a row that stands for none.
    terms: Vec<TermId>,
}

/// Terms, the nearest first, each with its nearness.
pub type Nearest = Rc<[(TermId, f32)]>;

/// A term, by its place among the terms of [`Meanings`].
pub type TermId = u32;

/// So many related terms are kept of one: more than there are in a usual vocabulary, since words of turns that the
/// request may not see take no place among those that it may.
const KEPT: usize = 1024;
/// Words below this cosine are not related.
const RELATED: f32 = 0.25;

impl Meanings {
    /// Analyses the words of a table. Takes some ten milliseconds.
    pub fn of(table: Rc<TokenTable>, analyzer: &Analyzer) -> Meanings {
        let (mut letters, mut ends, mut rows) = (String::new(), Vec::new(), Vec::new());
        for (row, word) in table.words() {
            let (mut count, from) = (0, letters.len());
            analyzer.query_terms(word, |term| {
                count += 1;
                letters.push_str(term);
            });
            // A word that is cut into several terms stands for none of them.
            if count == 1 {
                ends.push(letters.len() as u32);
                rows.push(row);
            } else {
                letters.truncate(from);
            }
        }
        let term = |at: usize| {
            let from = if at == 0 { 0 } else { ends[at - 1] as usize };
            &letters[from..ends[at] as usize]
        };
        // Stable, so that of the words of one term the most frequent comes first.
        let by_term = order(rows.len(), &|a, b| term(a).cmp(term(b)).then(a.cmp(&b)));
        let mut sorted = Meanings {
            table: Rc::clone(&table),
            letters: String::new(),
            ends: vec![],
            rows: vec![],
            first: table.words().find(|(_, word)| word.len() > 1).map_or(0, |(row, _)| row),
            terms: vec![u32::MAX; table.len()],
        };
        for at in by_term {
            let (term, row) = (term(at as usize), rows[at as usize]);
            if sorted.is_empty() || sorted.term(sorted.len() as u32 - 1) != term {
                sorted.letters.push_str(term);
                sorted.ends.push(sorted.letters.len() as u32);
                sorted.terms[row as usize] = sorted.rows.len() as u32;
                sorted.rows.push(row);
            }
        }
        sorted.letters.shrink_to_fit();
        sorted
    }

    /// The table.
    pub fn table(&self) -> &TokenTable {
        &self.table
    }

    /// How many terms there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How rare a term is in the language, from 0 for the commonest word of the table to 1 for the rarest: the
    /// table's rows are in the order of their frequency, and frequency falls as the logarithm of the rank.
    pub fn rarity(&self, id: TermId) -> f32 {
        // Single letters stand before the words and are as common.
        let rank = |row: u32| (row.saturating_sub(self.first) as f32 + 1.0).ln();
        rank(self.rows[id as usize]) / rank(self.table.len() as u32)
    }

    /// A term's letters.
    pub fn term(&self, id: TermId) -> &str {
        let from = if id == 0 { 0 } else { self.ends[id as usize - 1] as usize };
        &self.letters[from..self.ends[id as usize] as usize]
    }

    /// A term's row in the table.
    pub fn row(&self, id: TermId) -> u32 {
        self.rows[id as usize]
    }

    /// The term of these letters, if the table has a row for it.
    pub fn find(&self, term: &str) -> Option<TermId> {
        let (mut low, mut high) = (0, self.len() as u32);
        while low < high {
            let middle = low.midpoint(high);
            match self.term(middle).cmp(term) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The terms of a vocabulary that are related to this one, the nearest first, each with its nearness: the part
    /// of the cosine above that of unrelated words, above 0 and at most 1. The term itself is left out, and so
    /// are all but the nearest 1,024.
    pub fn related(&self, id: TermId, vocabulary: &Vocabulary) -> Nearest {
        if let Some((_, known)) = vocabulary.recent.borrow().iter().find(|(known, _)| *known == id) {
            return Rc::clone(known);
        }
        let nearest = self.table.rows().nearest(self.rows[id as usize], &vocabulary.rows, RELATED, KEPT);
        let found: Nearest = nearest
            .into_iter()
            .map(|(row, cosine)| (self.terms[row as usize], (cosine - RELATED) / (1.0 - RELATED)))
            .collect();
        let mut recent = vocabulary.recent.borrow_mut();
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back((id, Rc::clone(&found)));
        found
    }

    /// Adds a term to a vocabulary, if the table has a row for it.
    pub fn note(&self, term: &str, vocabulary: &mut Vocabulary) {
        if let Some(id) = self.find(term) {
            vocabulary.insert(self.rows[id as usize]);
        }
    }

    /// The bytes of memory held, the table's included.
    pub fn resident(&self) -> usize {
        self.table.resident()
            + self.letters.capacity()
            + 4 * (self.ends.capacity() + self.rows.capacity() + self.terms.capacity())
    }
}

/// A set of terms, by their rows.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    known: Vec<u64>,
    rows: Vec<u32>,
    /// What was last asked for, until the set grows: people ask about the same things.
    recent: RefCell<VecDeque<(TermId, Nearest)>>,
}

/// Of so many terms the related ones are remembered: a megabyte at most.
const RECENT: usize = 128;

impl Vocabulary {
    fn insert(&mut self, row: u32) {
        let word = row as usize / 64;
        if word >= self.known.len() {
            self.known.resize(word + 1, 0);
        }
        if self.known[word] >> (row % 64) & 1 == 0 {
            self.known[word] |= 1 << (row % 64);
            self.rows.push(row);
            self.recent.get_mut().clear();
        }
    }

    /// Adds all terms of another set.
    pub fn extend(&mut self, other: &Vocabulary) {
        other.rows.iter().for_each(|&row| self.insert(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings() -> Meanings {
        let bytes = include_bytes!("../../assets/tokens/edgemem-tokens.bin").to_vec();
        Meanings::of(Rc::new(TokenTable::decode(bytes).unwrap()), &Analyzer::default())
    }

    #[test]
    fn related_terms_are_found() {
        let meanings = meanings();
        let mut vocabulary = Vocabulary::default();
        for word in ["guitar", "tax", "pet", "dog", "puppi", "pet", "qqqq"] {
            meanings.note(word, &mut vocabulary);
        }
        let related = meanings.related(meanings.find("dog").unwrap(), &vocabulary);
        let words: Vec<&str> = related.iter().map(|&(id, _)| meanings.term(id)).collect();
        assert!(words.starts_with(&["puppi", "pet"]) || words.starts_with(&["pet", "puppi"]), "{words:?}");
        assert!(!words.contains(&"tax") && !words.contains(&"dog"), "{words:?}");
        assert!(related.iter().all(|&(_, nearness)| nearness > 0.0 && nearness <= 1.0));
        assert_eq!(meanings.find("qqqq"), None);
        assert!((0..meanings.len() as u32).all(|id| meanings.find(meanings.term(id)) == Some(id)));
    }
}
