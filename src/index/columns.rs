//! A document's fixed-width columns: what ranking and filtering by scope need without decoding a record.

/// The columns of one document. Table indexes point into the part that holds the document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Columns {
    /// Stamp of the first operation: the order of insertion.
    pub born: u64,
    /// When it last changed, ms.
    pub updated: i64,
    /// When it was said, ms.
    pub timestamp: i64,
    /// Index into the part's scopes.
    pub scope: u32,
    /// Index into the part's conversations.
    pub conversation: u32,
    /// Place within the conversation.
    pub sequence: u32,
    /// Index into the part's speakers.
    pub speaker: u32,
    /// The last day on which it is returned, as days since 1970; [`NEVER`] for none.
    pub expires: i32,
    /// Number of terms; the field norm of BM25.
    pub length: u32,
    /// [`RETRACTED`], [`REVISED`], [`CLAIMS`], [`CLOSED`], [`PENDING`], [`INTERNAL`], [`ERASED`], and a rating in
    /// [`RATED`].
    pub flags: u32,
    /// What the text tells beside its words, packed; see [`crate::text::Cues`].
    pub cues: u32,
}

/// The `expires` of a document that does not expire.
pub const NEVER: i32 = i32::MAX;
/// The memory was deleted: it is kept for its history and is not indexed.
pub const RETRACTED: u32 = 1;
/// The text was changed after it was first said, so the id no longer follows from it.
pub const REVISED: u32 = 2;
/// It says what is in a slot of somebody or something.
pub const CLAIMS: u32 = 4;
/// It was closed by decision.
pub const CLOSED: u32 = 8;
/// It waits for a model.
pub const PENDING: u32 = 16;
/// It is edgemem's own and no read shows it.
pub const INTERNAL: u32 = 32;
/// What people think of it: three bits with a sign, from -4 to 3.
pub const RATED: u32 = 7 << 8;
/// It was erased: the document is the receipt.
pub const ERASED: u32 = 1 << 11;

/// A rating as the bits of [`RATED`].
pub fn rating_bits(rating: i32) -> u32 {
    (rating.clamp(-4, 3) as u32) << 8 & RATED
}

/// The rating among a document's flags.
pub fn rating(flags: u32) -> i32 {
    ((flags & RATED) << 21) as i32 >> 29
}

impl Columns {
    /// Bytes of one row.
    pub const WIDTH: usize = 56;
    /// Where a row holds `scope`: the one column that is read for every posting.
    pub const SCOPE_AT: usize = 24;
    /// Where a row holds `expires`.
    pub const EXPIRES_AT: usize = 40;

    /// The stored row, little-endian in the order of the fields.
    pub fn encode(&self) -> [u8; Columns::WIDTH] {
        let mut row = [0; Columns::WIDTH];
        row[0..8].copy_from_slice(&self.born.to_le_bytes());
        row[8..16].copy_from_slice(&self.updated.to_le_bytes());
        row[16..24].copy_from_slice(&self.timestamp.to_le_bytes());
        let words = [
            self.scope,
            self.conversation,
            self.sequence,
            self.speaker,
            self.expires as u32,
            self.length,
            self.flags,
            self.cues,
        ];
        for (slot, word) in row[24..].chunks_exact_mut(4).zip(words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        row
    }

    /// Reads a stored row.
    pub fn decode(row: &[u8; Columns::WIDTH]) -> Columns {
        let word = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        Columns {
            born: long(0),
            updated: long(8) as i64,
            timestamp: long(16) as i64,
            scope: word(24),
            conversation: word(28),
            sequence: word(32),
            speaker: word(36),
            expires: word(40) as i32,
            length: word(44),
            flags: word(48),
            cues: word(52),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_survive_as_far_as_they_go() {
        for (given, kept) in [(0, 0), (1, 1), (3, 3), (9, 3), (-1, -1), (-4, -4), (-7, -4)] {
            assert_eq!(rating(rating_bits(given) | ERASED | PENDING), kept, "{given}");
        }
    }

    #[test]
    fn rows_survive() {
        let columns = Columns {
            born: u64::MAX - 1,
            updated: -2,
            timestamp: i64::MIN,
            scope: 1,
            conversation: 2,
            sequence: 3,
            speaker: 4,
            expires: -5,
            length: 6,
            flags: 7,
            cues: 8,
        };
        let row = columns.encode();
        assert_eq!(Columns::decode(&row), columns);
        assert_eq!(row[Columns::SCOPE_AT], 1);
        assert_eq!(row[Columns::EXPIRES_AT] as i8, -5);
    }
}
