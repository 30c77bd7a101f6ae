//! CRC-32 (ISO 3309, as in gzip and PNG), eight bytes at a time.
//!
//! Ours, because the well-kept crate carries 16 kB of tables that do not compress. Here they are computed, once.

use std::sync::OnceLock;

const POLYNOMIAL: u32 = 0xedb8_8320;

/// `TABLES[n][byte]` is what a byte does to the checksum when `n` bytes follow it.
type Tables = [[u32; 256]; 8];

/// The checksum of these bytes.
pub fn crc32(bytes: &[u8]) -> u32 {
    static TABLES: OnceLock<Box<Tables>> = OnceLock::new();
    let tables = &**TABLES.get_or_init(tables);
    let mut sum = u32::MAX;
    let (eights, rest) = bytes.as_chunks::<8>();
    for &[a, b, c, d, e, f, g, h] in eights {
        let [low0, low1, low2, low3] = (sum ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes();
        let at = |n: usize, byte: u8| tables[n][usize::from(byte)];
        sum =
            at(7, low0) ^ at(6, low1) ^ at(5, low2) ^ at(4, low3) ^ at(3, e) ^ at(2, f) ^ at(1, g) ^ at(0, h);
    }
    for &byte in rest {
        sum = sum >> 8 ^ tables[0][usize::from(sum as u8 ^ byte)];
    }
    !sum
}

/// "Slicing by eight": Kounavis and Berry, "A Systematic Approach to Building High Performance,
/// Software-based, CRC Generators", 2005.
fn tables() -> Box<Tables> {
    let mut tables = Box::new([[0; 256]; 8]);
    for byte in 0..256 {
        let step = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 };
        let mut sum = (0..8).fold(byte as u32, step);
        tables[0][byte] = sum;
        for n in 1..8 {
            sum = (0..8).fold(sum, step);
            tables[n][byte] = sum;
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::crc32;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_oracle(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(crc32(&bytes), crc32fast::hash(&bytes));
        }
    }
}
