//! Memories that say the same: of those, a search returns the best one only.
//!
//! Exact repetitions within a scope are never stored twice. What is left are repetitions over several scopes,
//! and rewordings that change nothing that searching sees: punctuation, stop words, a word more.

use super::field::Field;

/// What is compared of a turn.
pub(super) struct Shape<'a> {
    marks: &'a [u8],
    speaker: (usize, u16),
    day: i32,
}

/// The terms of the day, with which every shape begins.
const DAY_TERMS: usize = 3;
/// Rewordings are recognised from so many terms on; below, only the same terms are the same.
const FEWEST: usize = 5;

impl<'a> Shape<'a> {
    /// The shape of a turn.
    pub fn of(field: &Field<'a>, turn: usize) -> Shape<'a> {
        let address = field.layout.addresses[turn];
        let marks = field.engine.parts[address.part as usize].shape(address.doc);
        Shape {
            marks: marks.get(DAY_TERMS..).unwrap_or_default(),
            // Speakers are numbered by partition.
            speaker: (std::ptr::from_ref(field.layout).addr(), field.layout.speakers[turn]),
            day: field.layout.days[turn],
        }
    }

    /// Whether two turns of one speaker say the same: in the same terms, whenever; or within a day in nine of
    /// ten terms.
    pub fn says_the_same(&self, other: &Shape<'_>) -> bool {
        let same_actor = self.speaker == other.speaker || self.speaker.0 != other.speaker.0;
        if !same_actor || self.marks.is_empty() {
            return false;
        }
        if self.marks == other.marks {
            return true;
        }
        let (few, many) = (self.marks.len().min(other.marks.len()), self.marks.len().max(other.marks.len()));
        if self.day.abs_diff(other.day) > 1 || few < FEWEST || few * 10 < many * 9 {
            return false;
        }
        let mut counts = [0i32; 256];
        self.marks.iter().for_each(|&mark| counts[mark as usize] += 1);
        let shared = other.marks.iter().filter(|&&mark| {
            counts[mark as usize] -= 1;
            counts[mark as usize] >= 0
        });
        shared.count() * 10 >= many * 9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: (&[u8], u16, i32), b: (&[u8], u16, i32)) -> bool {
        let shape = |(marks, speaker, day)| Shape { marks, speaker: (0, speaker), day };
        shape(a).says_the_same(&shape(b))
    }

    #[test]
    fn rewordings_of_a_day_are_the_same() {
        let long: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        let reworded: &[u8] = &[2, 1, 3, 4, 5, 6, 7, 8, 9];
        assert!(same((long, 0, 1), (long, 0, 900)), "the same terms, whenever");
        assert!(same((long, 0, 1), (reworded, 0, 2)));
        assert!(!same((long, 0, 1), (reworded, 0, 3)), "two days later it may have happened again");
        assert!(!same((long, 0, 1), (long, 1, 1)), "another speaker");
        assert!(!same((long, 0, 1), (&long[..8], 0, 1)));
        assert!(!same((&[1, 2, 3, 4], 0, 1), (&[4, 3, 2, 1], 0, 1)), "too short to tell");
        assert!(!same((&[], 0, 1), (&[], 0, 1)), "nothing that searching sees");
    }
}
