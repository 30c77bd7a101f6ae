//! The token table: a vector for every piece of a vocabulary, so that meaning is matched with no model at hand.
//!
//! It is distilled from a sentence transformer (`tools/distil/`, `assets/tokens/README.md`) and used twice. The
//! vector of a text is the weighted mean of its pieces' directions, frequent pieces weighing little: smooth
//! inverse frequency, Arora et al., "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", 2017. And
//! single rows are compared with each other, which tells words of related meaning.
//!
//! Word order and context are lost: "dog bites man" is "man bites dog", and a bank is both banks.

use edgemem_kernels::nearest::Rows;

use super::kernels;
use super::quantize::{Quantized, quantize};
use super::vectors::signed;
use crate::bytes::crc32;
use crate::error::{Error, ErrorKind, Result};
use crate::text::wordpiece::Wordpiece;

/// A decoded table. Its rows are numbered from zero, in the order of the teacher's vocabulary: the most frequent
/// pieces come first, after the single characters.
#[derive(Clone, Debug)]
pub struct TokenTable {
    name: Box<str>,
    dims: usize,
    wordpiece: Wordpiece,
    /// All rows' codes, one row after the other.
    codes: Vec<u8>,
    /// What makes each row a unit vector, as little-endian f32.
    scales: Vec<[u8; 4]>,
    /// The part that each row has in a mean, in 65535ths.
    weights: Vec<[u8; 2]>,
}

impl TokenTable {
    /// Reads a table in the format of `docs/format-tokens.md` and keeps the bytes of its rows.
    ///
    /// `TABLE_INVALID` if the bytes are damaged, are no table, or have a version that this one does not read.
    pub fn decode(mut bytes: Vec<u8>) -> Result<TokenTable> {
        let header = Header::read(&bytes)?;
        let Header { name, dims, wordpiece, weights, codes_at } = header;
        bytes.truncate(bytes.len() - CHECKSUM);
        bytes.drain(..codes_at);
        bytes.shrink_to_fit();
        let scales = signed(&bytes).chunks_exact(dims).map(scale).collect();
        Ok(TokenTable { name, dims, wordpiece, codes: bytes, scales, weights })
    }

    /// The embedder's name, such as `edgemem/minilm-l6-64`. Tables of one name give the same vectors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of dimensions of every vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The vector of a text. Zero if it holds no word that the table knows.
    pub fn embed(&self, text: &str) -> Quantized {
        let mut pieces = Vec::new();
        self.wordpiece.tokenize(text, &mut pieces);
        let mut sum = vec![0f32; self.dims];
        for piece in pieces {
            // The number of an unknown word is past the end.
            if let (Some((codes, scale)), Some(&weight)) = (self.row(piece), self.weights.get(piece as usize))
            {
                kernels::add_scaled(&mut sum, codes, scale * f32::from(u16::from_le_bytes(weight)));
            }
        }
        // Sums of finite numbers: the only refusal would be of none at all.
        quantize(&sum).unwrap_or_else(|_| Quantized::zero(self.dims))
    }

    /// How the table reads a text: its pieces are numbered as the rows.
    pub fn wordpiece(&self) -> &Wordpiece {
        &self.wordpiece
    }

    /// The row of a whole word, lower case and without accents; `None` if the table has it only in pieces.
    pub fn find(&self, word: &str) -> Option<u32> {
        self.wordpiece.pieces().whole(word)
    }

    /// Every row that is a whole word of letters, with the word. Pieces that continue words, numbers and
    /// punctuation are left out.
    pub fn words(&self) -> impl Iterator<Item = (u32, &str)> {
        let pieces = self.wordpiece.pieces();
        (0..self.len() as u32).filter_map(|row| match pieces.get(row)? {
            (word, false) if word.chars().all(char::is_alphabetic) => Some((row, word)),
            _ => None,
        })
    }

    /// All rows, for the kernels.
    pub fn rows(&self) -> Rows<'_> {
        Rows { codes: signed(&self.codes), scales: &self.scales, dims: self.dims }
    }

    /// The codes and the scale of a row as a unit vector, or `None` past the end. A row of zeros has scale 0.
    pub fn row(&self, row: u32) -> Option<(&[i8], f32)> {
        let row = row as usize;
        let scale = f32::from_le_bytes(*self.scales.get(row)?);
        Some((signed(self.codes.get(row * self.dims..(row + 1) * self.dims)?), scale))
    }

    /// Writes the cosine of one row with every row to `out`, each from -1 to 1, in one scan.
    ///
    /// `INVALID_ARGUMENT` if there is no such row, or `out` has not exactly one place per row.
    pub fn similarities(&self, row: u32, out: &mut [f32]) -> Result<()> {
        let Some((codes, scale)) = self.row(row) else {
            let message = format!("The token table has {} rows, and no row {row}.", self.len());
            return Err(Error::new(ErrorKind::InvalidArgument, message).field("row"));
        };
        self.scan(codes, scale, out)
    }

    /// Writes the cosine of a vector, such as that of a word in several pieces, with every row to `out`.
    ///
    /// `VECTOR_INVALID` if it has another number of dimensions; `INVALID_ARGUMENT` if `out` has not exactly one
    /// place per row.
    pub fn nearest(&self, vector: &Quantized, out: &mut [f32]) -> Result<()> {
        if vector.dims() != self.dims {
            let message =
                format!("The vector has {} dimensions, the token table {}.", vector.dims(), self.dims);
            return Err(Error::new(ErrorKind::VectorInvalid, message));
        }
        self.scan(vector.codes(), vector.scale(), out)
    }

    /// The bytes of memory held.
    pub fn resident(&self) -> usize {
        self.codes.capacity()
            + 4 * self.scales.capacity()
            + 2 * self.weights.capacity()
            + self.wordpiece.pieces().resident()
            + self.name.len()
    }

    fn scan(&self, codes: &[i8], scale: f32, out: &mut [f32]) -> Result<()> {
        if out.len() != self.len() {
            let message = format!("A scan of {} rows needs as many places, not {}.", self.len(), out.len());
            return Err(Error::new(ErrorKind::InvalidArgument, message).field("out"));
        }
        kernels::scan(codes, scale, signed(&self.codes), &self.scales, out);
        Ok(())
    }
}

/// What makes a row of codes a unit vector.
fn scale(codes: &[i8]) -> [u8; 4] {
    // At most 128² for each of 65,536 codes: fits an i32, and both sides of the bound are exact.
    let square = kernels::dot_i8(codes, codes);
    let scale = if square > 0 { 1.0 / (square as f32).sqrt() } else { 0.0 };
    scale.to_le_bytes()
}

/// Everything before the codes.
struct Header {
    name: Box<str>,
    dims: usize,
    wordpiece: Wordpiece,
    weights: Vec<[u8; 2]>,
    codes_at: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Header> {
        let mut rest = bytes;
        if take(&mut rest, 4)? != b"EDGT" {
            return Err(invalid("it does not begin as one"));
        }
        let version = number(&mut rest)?;
        if version != VERSION {
            return Err(invalid("it has another version"));
        }
        let (dims, rows) = (number(&mut rest)?, number(&mut rest)?);
        if dims == 0 || dims > MAX_DIMS {
            return Err(invalid("its dimensions are out of range"));
        }
        let name = usize::from(take(&mut rest, 1)?[0]);
        let name = text(take(&mut rest, name)?)?.into();
        let lengths = take(&mut rest, rows)?;
        let letters = lengths.iter().map(|&length| usize::from(length & 127)).sum();
        let letters = text(take(&mut rest, letters)?)?;
        let weights = take(&mut rest, rows.checked_mul(2).ok_or_else(short)?)?.as_chunks().0.to_vec();
        let codes_at = bytes.len() - rest.len();
        take(&mut rest, rows.checked_mul(dims).ok_or_else(short)?)?;
        let sum = number(&mut rest)?;
        if !rest.is_empty() || crc32(&bytes[..bytes.len() - CHECKSUM]) as usize != sum {
            return Err(invalid("its checksum or its length is wrong"));
        }
        let wordpiece = Wordpiece::new(lengths, letters).map_err(invalid)?;
        Ok(Header { name, dims, wordpiece, weights, codes_at })
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    rest.split_off(..count).ok_or_else(short)
}

fn number(rest: &mut &[u8]) -> Result<usize> {
    let &[a, b, c, d] = take(rest, 4)? else { return Err(short()) };
    Ok(u32::from_le_bytes([a, b, c, d]) as usize)
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| invalid("a text in it is not UTF-8"))
}

fn short() -> Error {
    invalid("it ends too early")
}

fn invalid(problem: &str) -> Error {
    Error::new(
        ErrorKind::TableInvalid,
        format!(
            "The token table cannot be used ({problem}); take the one that came with this version of edgemem."
        ),
    )
}

const VERSION: usize = 1;

const CHECKSUM: usize = 4;

/// More would be no table but a mistake.
const MAX_DIMS: usize = 4_096;
