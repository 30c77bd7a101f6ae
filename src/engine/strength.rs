//! How firmly a memory is held, from 0 to 1, and what people's opinion of it does to its rank.
//!
//! Strength follows from the memory and the time and is stored nowhere. It deletes nothing: only expiry, a rule or a
//! request does. Of its parts only the opinion has a say in the ranking, and only where somebody has one: that what is
//! older or was said once ranks lower was measured, and does not find more.

use crate::knowledge::Kind;
use crate::record::Record;
use crate::time::Timestamp;

/// A memory that was last said so long ago is half as fresh, in ms: 90 days.
const HALF: f32 = 90.0 * 86_400_000.0;

/// Three tenths how lately it was said, three tenths what people think of it, two tenths each how often it was said and
/// what kind it is.
pub fn strength(memory: &Record, now: Timestamp) -> f32 {
    let age = now.millis() - memory.touched.millis();
    let fresh = if age > 0 { HALF / (HALF + age as f32) } else { 1.0 };
    let again = 1.0 - 1.0 / (1.0 + memory.occurrences.saturating_sub(1) as f32 / 2.0);
    let kind = if memory.note.kind == Kind::Episodic { 0.5 } else { 1.0 };
    let opinion = (1.0 + opinion(memory.rating)) / 2.0;
    0.3 * fresh + 0.3 * opinion + 0.2 * again + 0.2 * kind
}

/// What people think of a memory, between -1 and 1: each further voice says less; 0 if nobody said anything.
pub(super) fn opinion(rating: i32) -> f32 {
    rating as f32 / (1 + rating.unsigned_abs()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Note;

    fn memory(occurrences: u32, kind: Kind, rating: i32) -> Record {
        Record { occurrences, rating, note: Note { kind, ..Note::default() }, ..Record::default() }
    }

    #[test]
    fn each_part_strengthens_and_none_leaves_the_range() {
        let day = |days: i64| Timestamp::clamped(days * 86_400_000);
        let plain = strength(&memory(1, Kind::Episodic, 0), day(90));
        assert!((plain - (0.15 + 0.15 + 0.1)).abs() < 1e-6, "{plain}");
        let cases = [
            (memory(1, Kind::Episodic, 0), 10, true),
            (memory(3, Kind::Episodic, 0), 90, true),
            (memory(1, Kind::Task, 0), 90, true),
            (memory(1, Kind::Episodic, 1), 90, true),
            (memory(1, Kind::Episodic, 0), 900, false),
            (memory(1, Kind::Episodic, -1), 90, false),
        ];
        for (memory, days, stronger) in cases {
            assert_eq!(strength(&memory, day(days)) > plain, stronger, "{memory:?} after {days} days");
        }
        for rating in [i32::MIN, -1, 0, 1, i32::MAX] {
            for days in [-900_000, 0, 900_000] {
                let found = strength(&memory(u32::MAX, Kind::Procedural, rating), day(days));
                assert!((0.0..=1.0).contains(&found), "{rating} {days}: {found}");
            }
        }
    }
}
