//! The token table as it ships: its tokenizer against the teacher's own, its meaning, and damaged tables.

use std::path::Path;

use edgemem::ErrorKind;
use edgemem::bytes::crc32;
use edgemem::text::wordpiece::UNKNOWN;
use edgemem::vector::{Quantized, TokenTable, kernels};
use proptest::prelude::*;

/// The teacher's number of the table's first row: those before are special, and no text gives rise to them.
const FIRST: u32 = 999;

fn bytes() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/tokens/edgemem-tokens.bin")).unwrap()
}

fn table() -> TokenTable {
    TokenTable::decode(bytes()).unwrap()
}

fn cosine(a: &Quantized, b: &Quantized) -> f32 {
    kernels::cosine(kernels::dot_i8(a.codes(), b.codes()), a.scale(), b.scale())
}

/// The cases are written by `tools/distil/wordpiece_cases.py`.
#[test]
fn texts_are_cut_as_the_teacher_cuts_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/wordpiece.jsonl");
    let (table, cases) = (table(), std::fs::read_to_string(path).unwrap());
    let mut wrong = Vec::new();
    for line in cases.lines() {
        let (text, expected): (String, Vec<u32>) = {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let ids = case[1].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32);
            (case[0].as_str().unwrap().to_owned(), ids.collect())
        };
        let mut pieces = Vec::new();
        table.wordpiece().tokenize(&text, &mut pieces);
        let found: Vec<u32> =
            pieces.iter().map(|&piece| if piece == UNKNOWN { 100 } else { piece + FIRST }).collect();
        if found != expected {
            wrong.push(format!("{text:?}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(cases.lines().count() > 3_000);
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_table_is_what_its_readme_says() {
    let table = table();
    assert_eq!((table.name(), table.dims(), table.len()), ("edgemem/minilm-l6-64", 64, 29_523));
    assert!(!table.is_empty());
    let size = bytes().len();
    assert!(size <= 2_500_000, "{size}");
    assert!(table.resident() < size * 5 / 4, "{} of {size}", table.resident());
    let words: Vec<(u32, &str)> = table.words().collect();
    assert!(words.len() > 20_000 && words.iter().all(|(row, word)| table.find(word) == Some(*row)));
    assert!(words.iter().any(|(_, word)| *word == "puppy"));
    assert!(!words.iter().any(|(_, word)| word.starts_with('#') || word.contains(|c: char| c.is_numeric())));
}

#[test]
fn related_words_and_texts_are_closer_than_unrelated_ones() {
    let table = table();
    for (near, one, far) in [
        ("dog", "puppy", "invoice"),
        ("doctor", "nurse", "guitar"),
        ("piano", "guitar", "mortgage"),
        ("car", "truck", "poem"),
        ("happy", "glad", "concrete"),
        ("She adopted a kitten last week", "Their new pet is a young cat", "The printer is out of paper"),
        ("We flew to Paris in spring", "a trip to France", "my password has expired"),
        ("He cooks pasta every Sunday", "recipes for dinner", "the bicycle needs new brakes"),
    ] {
        let [near, one, far] = [near, one, far].map(|text| table.embed(text));
        assert!(cosine(&near, &one) > cosine(&near, &far) + 0.1);
    }
}

#[test]
fn rows_are_unit_vectors_and_scan_as_they_compare() {
    let table = table();
    let (dog, puppy) = (table.find("dog").unwrap(), table.find("puppy").unwrap());
    let mut all = vec![f32::NAN; table.len()];
    table.similarities(dog, &mut all).unwrap();
    assert!((all[dog as usize] - 1.0).abs() < 1e-6);
    assert!(all.iter().all(|cosine| (-1.0..=1.0).contains(cosine)));
    let better = all.iter().filter(|&&cosine| cosine > all[puppy as usize]).count();
    assert!(better < 30, "puppy is number {better} for dog");
    for row in [0, dog, puppy, table.len() as u32 - 1] {
        let (codes, scale) = table.row(row).unwrap();
        let length = codes.iter().map(|&code| (f32::from(code) * scale).powi(2)).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-4);
    }
    let mut again = vec![0.0; table.len()];
    table.nearest(&table.embed("Dog"), &mut again).unwrap();
    assert!(all.iter().zip(&again).all(|(a, b)| (a - b).abs() < 0.01));
    assert_eq!(table.row(table.len() as u32), None);
    let kind = |result: edgemem::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(table.similarities(UNKNOWN, &mut all)), ErrorKind::InvalidArgument);
    assert_eq!(kind(table.similarities(dog, &mut [0.0])), ErrorKind::InvalidArgument);
    assert_eq!(kind(table.nearest(&Quantized::zero(3), &mut all)), ErrorKind::VectorInvalid);
}

#[test]
fn what_has_no_known_word_has_no_vector() {
    let table = table();
    for text in ["", "  \n", "\u{200d}\u{301}", &"q".repeat(101), "\u{12000}\u{12001}"] {
        assert_eq!(table.embed(text), Quantized::zero(64), "{text:?}");
    }
    assert_eq!(table.embed(&format!("dog {}", "q".repeat(101))), table.embed("Dog"));
}

#[test]
fn a_long_text_takes_linear_time() {
    let table = table();
    for unit in ["x", "a b ", "東", "\u{301}", "\u{200d}", "q!", "ée\u{301}", "한"] {
        let vector = table.embed(&unit.repeat(300_000));
        assert_eq!(vector.dims(), 64);
    }
}

/// A table of two dimensions: three words, a piece that continues one, and a row of zeros.
fn small() -> Vec<u8> {
    let pieces: [(&str, u8, u16, [i8; 2]); 5] = [
        ("dog", 0, 65_535, [127, 0]),
        ("cat", 0, 32_768, [0, 127]),
        ("é", 0, 65_535, [1, 1]),
        ("s", 128, 1, [-128, -128]),
        ("!", 0, 65_535, [0, 0]),
    ];
    let mut bytes = b"EDGT".to_vec();
    for number in [1u32, 2, pieces.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(b"\x07small/2");
    bytes.extend(pieces.map(|(text, continues, ..)| text.len() as u8 | continues));
    pieces.iter().for_each(|(text, ..)| bytes.extend(text.bytes()));
    pieces.iter().for_each(|(_, _, weight, _)| bytes.extend(weight.to_le_bytes()));
    pieces.iter().for_each(|(.., codes)| bytes.extend(codes.map(|code| code as u8)));
    sealed(bytes)
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = crc32(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

#[test]
fn a_vector_is_the_weighted_mean_of_the_pieces() {
    let table = TokenTable::decode(small()).unwrap();
    assert_eq!((table.name(), table.dims(), table.len()), ("small/2", 2, 5));
    for (text, codes) in
        [("cat", [0, 127]), ("Dogs! cat cat xyz", [127, 127]), ("dog cat", [127, 64]), ("s", [0, 0])]
    {
        assert_eq!(table.embed(text).codes(), codes, "{text}");
    }
    assert_eq!(table.embed("!!"), Quantized::zero(2));
    assert_eq!(table.row(4), Some((&[0i8, 0][..], 0.0)));
    assert_eq!(table.words().collect::<Vec<_>>(), [(0, "dog"), (1, "cat"), (2, "é")]);
}

#[test]
fn a_damaged_table_is_refused() {
    let good = small();
    for length in 0..good.len() {
        assert_eq!(refused(&good[..length]).kind(), ErrorKind::TableInvalid);
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert_eq!(refused(&bad).kind(), ErrorKind::TableInvalid, "byte {at}");
    }
    assert_eq!(refused(&[good.clone(), vec![0]].concat()).kind(), ErrorKind::TableInvalid);
    for (at, bytes, problem) in [
        (0, &b"X"[..], "begin"),
        (4, &[2], "version"),
        (8, &[0], "dimensions"),
        (11, &[1], "dimensions"),
        (12, &[4], "length"),
        (15, &[1], "early"),
        (17, &[0xff], "UTF-8"),
        (24, &[0, 6], "empty"),
        (25, &[4, 1], "inside"),
        (29, b"cat", "twice"),
    ] {
        let mut bad = good[..good.len() - 4].to_vec();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        let error = refused(&sealed(bad));
        assert_eq!(error.kind(), ErrorKind::TableInvalid);
        assert!(error.message().contains(problem), "{problem}: {error}");
    }
}

fn refused(bytes: &[u8]) -> edgemem::Error {
    TokenTable::decode(bytes.to_vec()).unwrap_err()
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes: Vec<u8>, at in 0usize..60, byte: u8, text: String) {
        let _ = TokenTable::decode(bytes);
        let mut bad = small();
        bad.truncate(bad.len() - 4);
        let at = at % bad.len();
        bad[at] = byte;
        if let Ok(table) = TokenTable::decode(sealed(bad)) {
            let mut out = vec![0.0; table.len()];
            let _ = table.similarities(0, &mut out);
            let _ = table.nearest(&table.embed(&text), &mut out);
            prop_assert!(out.iter().all(|cosine| (-1.0..=1.0).contains(cosine)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_vector_is_a_unit_or_zero(texts in prop::collection::vec("\\PC{0,40}", 40)) {
        thread_local!(static TABLE: TokenTable = table());
        TABLE.with(|table| {
            for text in &texts {
                let vector = table.embed(text);
                let length: f32 = vector.codes().iter().map(|&code| (f32::from(code) * vector.scale()).powi(2)).sum();
                prop_assert!(length == 0.0 || (length - 1.0).abs() < 0.02, "{length}");
                prop_assert_eq!(&table.embed(text), &vector);
            }
            Ok(())
        })?;
    }
}
