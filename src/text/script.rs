//! Which characters need special treatment, as plain range tests.
//!
//! `char` has no script property and a full table would cost tens of kilobytes of wasm; the analyzer only
//! needs to tell a handful of groups apart, and a character on the wrong side of a boundary costs recall on
//! rare text, never correctness.

/// How a run of characters without spaces between words is cut into terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dense {
    /// Chinese characters: each is a meaningful unit by itself.
    Han,
    /// Hiragana, Katakana, Bopomofo.
    Kana,
    /// Korean syllables: words are separated by spaces, particles are glued on.
    Hangul,
    /// Thai, Lao, Khmer, Burmese and their neighbours.
    SouthEastAsian,
}

/// The group of a character whose script is written without spaces between words, or is cut into bigrams
/// like one; `None` for everything else, punctuation of those scripts included.
pub(crate) fn dense(c: char) -> Option<Dense> {
    let code = c as u32;
    if code < 0x0e00 {
        return None;
    }
    Some(match code {
        0x3005..=0x3007 | 0x3021..=0x3029 | 0x3038..=0x303b => Dense::Han,
        0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff => Dense::Han,
        // U+30FB and its half-width form U+FF65 are the dot between words: a separator.
        0x3041..=0x309a | 0x309d..=0x309f | 0x30a1..=0x30fa | 0x30fc..=0x30ff | 0x31f0..=0x31ff => {
            Dense::Kana
        }
        0xff66..=0xff9f | 0x1b000..=0x1b16f | 0x3105..=0x312f | 0x31a0..=0x31bf => Dense::Kana,
        0x1100..=0x11ff | 0x3131..=0x318e | 0xa960..=0xa97c | 0xac00..=0xd7fb | 0xffa1..=0xffdc => {
            Dense::Hangul
        }
        // Baht sign and the punctuation of these scripts are left out.
        0x0e01..=0x0e3a | 0x0e40..=0x0e4e | 0x0e81..=0x0eb9 | 0x0ebb..=0x0ecd | 0x0edc..=0x0edf => {
            Dense::SouthEastAsian
        }
        0x1000..=0x103f | 0x1050..=0x108f | 0x109a..=0x109d | 0xa9e0..=0xa9ef | 0xaa60..=0xaa7f => {
            Dense::SouthEastAsian
        }
        0x1780..=0x17d3 | 0x17d7 | 0x17dc..=0x17dd | 0x1950..=0x19c9 | 0x1a20..=0x1a7c => {
            Dense::SouthEastAsian
        }
        _ => return None,
    })
}

/// Whether a dense character is common and normalises to itself, whatever stands around it.
pub(crate) fn is_plain_dense(c: char) -> bool {
    matches!(c as u32, 0x3041..=0x3096 | 0x30a1..=0x30fa | 0x30fc | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7a3)
}

/// Cyrillic letters, and the signs among them.
pub(crate) fn is_cyrillic(c: char) -> bool {
    matches!(c as u32, 0x0400..=0x052f)
}

/// Whether combining marks on this letter are decoration that searching should ignore: Latin, Greek and
/// Cyrillic letters, and anything that is no letter at all.
pub(crate) fn accents_are_optional(base: char) -> bool {
    match base as u32 {
        0x00..=0x02ff | 0x0370..=0x052f => true,
        0x1d00..=0x1dbf | 0x1e00..=0x1fff | 0x2c60..=0x2c7f | 0xa640..=0xa69f | 0xa720..=0xa7ff => true,
        _ => !base.is_alphanumeric(),
    }
}

/// Combining marks of no particular script: accents, overlays, enclosing marks.
pub(crate) fn is_accent(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

/// Vowel points that writers of Arabic and Hebrew add or leave out at will, and the Arabic stretching stroke.
pub(crate) fn is_optional_point(c: char) -> bool {
    matches!(c as u32, 0x0591..=0x05bd | 0x05bf | 0x05c1..=0x05c2 | 0x05c4..=0x05c5 | 0x05c7
        | 0x0610..=0x061a | 0x0640 | 0x064b..=0x0652 | 0x0670 | 0x06d6..=0x06dc)
}

/// Characters that show nothing: joiners, direction marks, variation selectors, soft hyphens.
pub(crate) fn is_ignorable(c: char) -> bool {
    matches!(c as u32, 0x00ad | 0x034f | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xe0000..=0xe0fff)
}

/// Pictographs that people use as content. Wider than the emoji property on purpose: stars, hearts, arrows.
pub(crate) fn is_pictograph(c: char) -> bool {
    matches!(c as u32, 0x2190..=0x21ff | 0x2300..=0x23ff | 0x2600..=0x27bf | 0x2b00..=0x2bff
        | 0x1f000..=0x1f3fa | 0x1f400..=0x1faff)
}

/// Regional indicators: two of them are a flag.
pub(crate) fn is_flag_letter(c: char) -> bool {
    matches!(c as u32, 0x1f1e6..=0x1f1ff)
}

/// Skin tone modifiers: the same picture with or without them.
pub(crate) fn is_skin_tone(c: char) -> bool {
    matches!(c as u32, 0x1f3fb..=0x1f3ff)
}

/// The apostrophes that occur inside words.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{02bc}' | '\u{ff07}' | '\u{2018}')
}
