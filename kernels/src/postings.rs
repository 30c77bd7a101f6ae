//! Reading stored posting lists: see `docs/format.md`.

use crate::ranking::Posting;

/// Why a list cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It ends in the middle.
    Short,
    /// It says that it is longer than there are documents.
    Long,
    /// It names a document that is not there.
    Stray,
}

/// Appends the postings of a stored list of a part with `docs` documents. Whatever the bytes are, at most `docs`
/// postings are appended, each of a document that is there.
pub fn decode(bytes: &[u8], docs: u32, out: &mut Vec<Posting>) -> Result<(), Damage> {
    let mut at = 0;
    let mut varint = || -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *bytes.get(at)?;
            at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    };
    let count = varint().ok_or(Damage::Short)?;
    if count > u64::from(docs) {
        return Err(Damage::Long);
    }
    out.reserve(count as usize);
    let mut next = 0u64;
    for _ in 0..count {
        let head = varint().ok_or(Damage::Short)?;
        let doc = next.saturating_add(head >> 1);
        if doc >= u64::from(docs) {
            return Err(Damage::Stray);
        }
        let frequency = if head & 1 == 1 { varint().ok_or(Damage::Short)? } else { 1 };
        let frequency = u32::try_from(frequency).map_err(|_| Damage::Stray)?;
        out.push(Posting { doc: doc as u32, frequency });
        next = doc + 1;
    }
    Ok(())
}
