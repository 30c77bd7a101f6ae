//! Cutting words into the pieces of a vocabulary: the loop that a text is embedded in.
//!
//! Always the longest piece that fits, from left to right (WordPiece). Pieces are found through a hash table of
//! two bytes per slot over one run of text, so that a vocabulary takes little more memory than its letters.

/// A vocabulary of pieces. Some begin a word, the others continue one.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// All pieces, one after the other.
    text: Box<str>,
    /// Where each piece starts in the text, with [`CONTINUES`] set if it continues a word; then the end of the text.
    starts: Vec<u32>,
    /// The number of a piece plus one, or 0. At most half of the slots are taken.
    slots: Vec<u16>,
    /// The length of the longest piece in bytes.
    longest: usize,
}

/// The most pieces that a vocabulary may have.
pub const MAX_PIECES: usize = 65_535;

/// The longest piece, in bytes.
pub const MAX_PIECE_BYTES: usize = 127;

const CONTINUES: u32 = 1 << 31;

impl Pieces {
    /// Cuts `text` into pieces: `lengths` has a byte for each, its bytes, plus 128 if the piece continues a word.
    ///
    /// An error says in a few words what is wrong: too many pieces, an empty one, one that occurs twice, one that
    /// ends inside a character, or lengths that do not add up to the text's.
    pub fn new(lengths: &[u8], text: &str) -> Result<Pieces, &'static str> {
        if lengths.len() > MAX_PIECES || text.len() >= CONTINUES as usize {
            return Err("too many pieces");
        }
        let slots = vec![0; (2 * lengths.len() + 2).next_power_of_two()];
        let starts = Vec::with_capacity(lengths.len() + 1);
        let mut pieces = Pieces { text: text.into(), starts, slots, longest: 0 };
        let mut end = 0;
        for (at, &length) in lengths.iter().enumerate() {
            let (start, continues) = (end, length > 127);
            let length = usize::from(length & 127);
            end += length;
            let Some(piece) = text.get(start..end).filter(|piece| !piece.is_empty()) else {
                return Err("a piece is empty or ends inside a character");
            };
            pieces.starts.push(start as u32 | if continues { CONTINUES } else { 0 });
            pieces.longest = pieces.longest.max(length);
            let hash = piece.bytes().fold(seed(continues), step);
            // The end of the piece is needed to compare it, and the next piece has not set it yet.
            pieces.starts.push(end as u32);
            if pieces.find(piece.as_bytes(), continues, hash).is_some() {
                return Err("a piece occurs twice");
            }
            pieces.starts.pop();
            let mut slot = pieces.slot(hash);
            while pieces.slots[slot] != 0 {
                slot = (slot + 1) & (pieces.slots.len() - 1);
            }
            pieces.slots[slot] = at as u16 + 1;
        }
        if end != text.len() {
            return Err("the lengths do not add up");
        }
        pieces.starts.push(end as u32);
        Ok(pieces)
    }

    /// The number of pieces.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The letters of a piece, and whether it continues a word.
    pub fn get(&self, piece: u32) -> Option<(&str, bool)> {
        let (start, end) = (self.starts.get(piece as usize)?, self.starts.get(piece as usize + 1)?);
        let letters = self.text.get((start & !CONTINUES) as usize..(end & !CONTINUES) as usize)?;
        Some((letters, start & CONTINUES != 0))
    }

    /// The piece that is this whole word.
    pub fn whole(&self, word: &str) -> Option<u32> {
        self.find(word.as_bytes(), false, word.bytes().fold(seed(false), step))
    }

    /// Appends the pieces of a word. If a part of it is in no piece, nothing is appended and `false` returned.
    pub fn cut(&self, word: &str, out: &mut Vec<u32>) -> bool {
        let before = out.len();
        let mut rest = word.as_bytes();
        let mut continues = false;
        while !rest.is_empty() {
            // The hashes of all beginnings, made in one pass, so that the longest can be tried first.
            let mut hashes = [0; MAX_PIECE_BYTES];
            let longest = rest.len().min(self.longest);
            let mut hash = seed(continues);
            for (place, &byte) in hashes[..longest].iter_mut().zip(rest) {
                hash = step(hash, byte);
                *place = hash;
            }
            let found = (1..=longest).rev().find_map(|length| {
                Some((self.find(&rest[..length], continues, hashes[length - 1])?, length))
            });
            let Some((piece, length)) = found else {
                out.truncate(before);
                return false;
            };
            out.push(piece);
            rest = &rest[length..];
            continues = true;
        }
        true
    }

    /// The bytes of memory held.
    pub fn resident(&self) -> usize {
        self.text.len() + 4 * self.starts.capacity() + 2 * self.slots.capacity()
    }

    #[inline]
    fn find(&self, piece: &[u8], continues: bool, hash: u32) -> Option<u32> {
        let text = self.text.as_bytes();
        let mut slot = self.slot(hash);
        loop {
            let at = usize::from(self.slots[slot]).checked_sub(1)?;
            let (start, end) = (self.starts[at], self.starts[at + 1]);
            let letters = &text[(start & !CONTINUES) as usize..(end & !CONTINUES) as usize];
            if letters == piece && (start & CONTINUES != 0) == continues {
                return Some(at as u32);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// The high bits of the hash are the mixed ones; the low bits of a slot's number come from them.
    #[inline]
    fn slot(&self, hash: u32) -> usize {
        (hash.wrapping_mul(0x9e37_79b1) >> 15) as usize & (self.slots.len() - 1)
    }
}

/// FNV-1a, because the hash of a beginning comes for free on the way to that of the whole.
#[inline]
fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

#[inline]
fn seed(continues: bool) -> u32 {
    if continues { 0x2323_9dc5 } else { 0x811c_9dc5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(list: &[&str]) -> Result<Pieces, &'static str> {
        let shown: Vec<&str> = list.iter().map(|piece| piece.trim_start_matches("##")).collect();
        let lengths: Vec<u8> = list
            .iter()
            .zip(&shown)
            .map(|(piece, shown)| shown.len() as u8 | if piece.starts_with("##") { 128 } else { 0 })
            .collect();
        Pieces::new(&lengths, &shown.concat())
    }

    #[test]
    fn the_longest_piece_comes_first() {
        let pieces = pieces(&["a", "ab", "##b", "##c", "abcd", "é"]).unwrap();
        let cut = |word: &str| {
            let mut out = vec![9];
            pieces.cut(word, &mut out).then_some(out)
        };
        assert_eq!(cut("abc"), Some(vec![9, 1, 3]));
        assert_eq!(cut("abcd"), Some(vec![9, 4]));
        assert_eq!(cut("abb"), Some(vec![9, 1, 2]));
        assert_eq!(cut("é"), Some(vec![9, 5]));
        assert_eq!(cut(""), Some(vec![9]));
        assert_eq!(cut("abd"), None);
        assert_eq!(cut("b"), None);
        assert_eq!((pieces.whole("ab"), pieces.whole("b")), (Some(1), None));
        assert_eq!(
            (pieces.get(3), pieces.get(5), pieces.get(6)),
            (Some(("c", true)), Some(("é", false)), None)
        );
    }

    #[test]
    fn a_wrong_vocabulary_is_refused() {
        assert!(pieces(&["a", "b", "a"]).unwrap_err().contains("twice"));
        assert!(pieces(&["a", ""]).unwrap_err().contains("empty"));
        assert!(Pieces::new(&[1, 1], "é").unwrap_err().contains("inside"));
        assert!(Pieces::new(&[1], "ab").unwrap_err().contains("add up"));
        assert!(Pieces::new(&vec![1; MAX_PIECES + 1], "").unwrap_err().contains("many"));
        assert!(Pieces::new(&[], "").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_word(list in prop::collection::btree_set("(##)?[a-c]{1,3}", 0..30), word in "[a-c]{0,12}") {
            let list: Vec<&str> = list.iter().map(String::as_str).collect();
            let pieces = pieces(&list).unwrap();
            for (at, &piece) in list.iter().enumerate() {
                let (letters, continues) = pieces.get(at as u32).unwrap();
                prop_assert_eq!(format!("{}{letters}", if continues { "##" } else { "" }), piece);
                prop_assert_eq!(pieces.whole(piece), (!continues).then_some(at as u32));
            }
            let mut out = Vec::new();
            if pieces.cut(&word, &mut out) {
                let joined: String = out.iter().map(|&piece| pieces.get(piece).unwrap().0).collect();
                prop_assert_eq!(joined, word);
            } else {
                prop_assert!(out.is_empty());
            }
        }

        #[test]
        fn hostile_vocabularies_never_panic(lengths: Vec<u8>, text: String, word: String) {
            if let Ok(pieces) = Pieces::new(&lengths, &text) {
                pieces.cut(&word, &mut Vec::new());
            }
        }
    }
}
