//! Writes the Unicode table of `src/text/unicode.rs` and proves it right.
//!
//! After an update of the oracle (`unicode-normalization`) the first test fails if characters were added. To
//! adopt them on purpose, knowing that stored digests of texts with those characters change, run
//! `cargo test --test unicode_data -- --ignored`.

use edgemem::text::normalize::{lowercase, nfkc};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/text/unicode.bin");

#[test]
fn every_character_is_normalised_like_the_oracle() {
    for c in characters() {
        let text = c.to_string();
        // After a letter that composes with much, after a mark, and between Korean letters.
        for text in [
            text.clone(),
            format!("a{c}\u{323}\u{301}"),
            format!("{c}\u{308}\u{304}\u{f71}\u{345}"),
            format!("\u{1112}{c}\u{11ab}"),
        ] {
            assert_eq!(nfkc(&text), text.nfkc().collect::<String>(), "U+{:04X} {text:?}", c as u32);
        }
        let lower: String = c.to_lowercase().take(1).collect();
        assert_eq!(lowercase(&text), lower, "U+{:04X}", c as u32);
    }
}

#[test]
fn the_table_is_the_one_generated() {
    assert!(
        std::fs::read(PATH).unwrap() == table(),
        "src/text/unicode.bin differs from what would be generated"
    );
}

#[test]
#[ignore = "writes src/text/unicode.bin"]
fn write_the_table() {
    std::fs::write(PATH, table()).unwrap();
}

proptest! {
    #[test]
    fn any_text_is_normalised_like_the_oracle(
        text in "\\PC{0,24}",
        marked in "[a-zÀ-ſἀ-ῼ가-힣ᄀ-ᇿ\u{300}-\u{345}\u{591}-\u{5c7}क-ौ\u{3099}かｶﾞ]{0,24}",
    ) {
        prop_assert_eq!(nfkc(&text), text.nfkc().collect::<String>());
        prop_assert_eq!(nfkc(&marked), marked.nfkc().collect::<String>());
    }
}

/// Every character but private use and the planes that hold none.
fn characters() -> impl Iterator<Item = char> {
    ('\0'..=char::MAX).filter(|&c| !matches!(c as u32, 0xe000..0xf900 | 0x40000..0xe0000 | 0xf0000..))
}

fn table() -> Vec<u8> {
    let [mut codes, mut shapes, mut firsts, mut classes, mut lower, mut marks] = [const { Vec::new() }; 6];
    let mut rest = String::new();

    // First character, mapping, whether it composes, how many characters follow the pattern.
    let mut runs: Vec<(char, Vec<char>, bool, u32)> = Vec::new();
    for c in characters().filter(|c| !('가'..='힣').contains(c)) {
        let mapping: Vec<char> = c.nfkd().collect();
        if mapping == [c] {
            continue;
        }
        let composes = c.nfd().eq(c.nfkd()) && c.nfd().nfc().eq([c]);
        if let Some((first, before, false, count)) = runs.last_mut()
            && let ([a], [b]) = (&before[..], &mapping[..])
            && (*first as u32 + *count, *a as u32 + *count) == (c as u32, *b as u32)
        {
            *count += 1;
            continue;
        }
        runs.push((c, mapping, composes, 1));
    }
    let (mut code, mut mapped) = (0, 0);
    for (first, mapping, composes, count) in runs {
        number(&mut codes, first as u32 - code);
        number(&mut shapes, (count - 1) << 6 | (mapping.len() as u32) << 1 | u32::from(composes));
        signed(&mut firsts, mapping[0] as i32 - mapped as i32);
        rest.extend(&mapping[1..]);
        (code, mapped) = (first as u32 + count, mapping[0] as u32 + count);
    }

    for (first, count, class) in ranges(|c| Some(canonical_combining_class(c)).filter(|&class| class > 0)) {
        number(&mut classes, first);
        number(&mut classes, count);
        number(&mut classes, u32::from(class));
    }

    // First letter, count, stride, shift to the lower-case letter.
    let mut runs: Vec<(u32, u32, u32, i32)> = Vec::new();
    for c in characters() {
        let shift = c.to_lowercase().next().map_or(0, |low| low as i32 - c as i32);
        if shift == 0 {
            continue;
        }
        if let Some((first, count, stride, same)) = runs.last_mut()
            && *same == shift
            && (*count == 1 && c as u32 - *first <= 2 || *first + *count * *stride == c as u32)
        {
            *stride = if *count == 1 { c as u32 - *first } else { *stride };
            *count += 1;
            continue;
        }
        runs.push((c as u32, 1, 1, shift));
    }
    let mut code = 0;
    for (first, count, stride, shift) in runs {
        number(&mut lower, first - code);
        number(&mut lower, count << 1 | (stride - 1));
        signed(&mut lower, shift);
        code = first + (count - 1) * stride + 1;
    }

    for (first, count, _) in ranges(|c| (is_combining_mark(c) && !c.is_alphanumeric()).then_some(())) {
        number(&mut marks, first);
        number(&mut marks, count);
    }

    let mut file = Vec::new();
    for column in [codes, shapes, firsts, rest.into_bytes(), classes, lower, marks] {
        number(&mut file, column.len() as u32);
        file.extend(column);
    }
    file
}

/// Maximal runs of characters with one value: gap from the end of the run before, count, value.
fn ranges<T: PartialEq + Copy>(value: impl Fn(char) -> Option<T>) -> Vec<(u32, u32, T)> {
    let mut found: Vec<(u32, u32, T)> = Vec::new();
    let mut end = 0;
    for c in characters() {
        let Some(value) = value(c) else { continue };
        match found.last_mut() {
            Some((_, count, same)) if end == c as u32 && *same == value => *count += 1,
            _ => found.push((c as u32 - end, 1, value)),
        }
        end = c as u32 + 1;
    }
    found
}

fn number(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn signed(bytes: &mut Vec<u8>, value: i32) {
    number(bytes, (value << 1 ^ value >> 31) as u32);
}
