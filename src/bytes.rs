//! Reading and writing stored bytes: varints, length-prefixed parts, checksums.
//!
//! The reader treats its input as hostile: every length is checked against what is there before anything
//! is allocated, and a bad one is `STORE_CORRUPT`.

mod checksum;

pub use checksum::crc32;

use crate::error::{Error, ErrorKind, Result};

/// Appends values to a growing buffer.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// An empty buffer.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// An empty buffer with room for this many bytes.
    pub fn with_capacity(bytes: usize) -> Writer {
        Writer(Vec::with_capacity(bytes))
    }

    /// The bytes written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// The number of bytes written.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    /// Sixteen bytes, little-endian.
    pub fn u128(&mut self, value: u128) {
        self.raw(&value.to_le_bytes());
    }

    /// Seven bits a byte, least significant first (LEB128).
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A signed varint: zigzag, then LEB128.
    pub fn signed(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63) as u64);
    }

    /// These bytes, without their length.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The length as a varint, then the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.raw(bytes);
    }

    /// A text, as [`bytes`](Self::bytes).
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A byte 0, or a byte 1 and the text.
    pub fn optional(&mut self, text: Option<&str>) {
        self.u8(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// The CRC-32 of everything written so far, little-endian.
    pub fn checksum(&mut self) {
        self.u32(crc32(&self.0));
    }
}

/// Takes values off the front of a slice.
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of these bytes; `what` names them in errors.
    pub fn new(bytes: &'a [u8], what: &'static str) -> Reader<'a> {
        Reader { rest: bytes, what }
    }

    /// A reader of bytes that end in [`Writer::checksum`]; the checksum is verified and taken off.
    pub fn checked(bytes: &'a [u8], what: &'static str) -> Result<Reader<'a>> {
        let reader = Reader::new(bytes, what);
        let Some((content, sum)) = bytes.split_last_chunk::<4>() else {
            return Err(reader.corrupt("too short"));
        };
        if crc32(content) != u32::from_le_bytes(*sum) {
            return Err(reader.corrupt("checksum mismatch"));
        }
        Ok(Reader { rest: content, what })
    }

    /// The error for these bytes.
    pub fn corrupt(&self, problem: &str) -> Error {
        Error::new(
            ErrorKind::StoreCorrupt,
            format!("stored {} is damaged ({problem}); restore it from a backup or remove it", self.what),
        )
        .field(self.what)
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `len` bytes.
    pub fn raw(&mut self, len: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(len) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(self.corrupt("ends too early")),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.raw(N)?;
        bytes.try_into().map_err(|_| self.corrupt("ends too early"))
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Sixteen bytes, little-endian.
    pub fn u128(&mut self) -> Result<u128> {
        Ok(u128::from_le_bytes(self.array()?))
    }

    /// A varint.
    pub fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.corrupt("a number is too long"))
    }

    /// A varint that must fit 32 bits.
    pub fn small(&mut self) -> Result<u32> {
        let value = self.varint()?;
        u32::try_from(value).map_err(|_| self.corrupt("a number is too large"))
    }

    /// A signed varint.
    pub fn signed(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A length and that many bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.varint()?;
        let len = usize::try_from(len).map_err(|_| self.corrupt("a length is too large"))?;
        self.raw(len)
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.corrupt("a text is not UTF-8"))
    }

    /// What [`Writer::optional`] wrote.
    pub fn optional(&mut self) -> Result<Option<&'a str>> {
        match self.u8()? {
            0 => Ok(None),
            1 => Ok(Some(self.text()?)),
            _ => Err(self.corrupt("a flag is neither 0 nor 1")),
        }
    }
}

/// Lower-case hex digits of these bytes.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_texts_survive(number: u64, signed: i64, text: String, optional: Option<String>) {
            let mut writer = Writer::new();
            writer.varint(number);
            writer.signed(signed);
            writer.text(&text);
            writer.optional(optional.as_deref());
            writer.checksum();
            let bytes = writer.finish();
            let mut reader = Reader::checked(&bytes, "test").unwrap();
            prop_assert_eq!(reader.varint().unwrap(), number);
            prop_assert_eq!(reader.signed().unwrap(), signed);
            prop_assert_eq!(reader.text().unwrap(), text);
            prop_assert_eq!(reader.optional().unwrap(), optional.as_deref());
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn hostile_bytes_are_errors(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes, "test");
            while reader.optional().is_ok() && reader.varint().is_ok() && reader.bytes().is_ok() {}
        }
    }
}
