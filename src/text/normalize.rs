//! Folding: the form in which two spellings of one word are equal.
//!
//! Compatibility normalisation (NFKC), lower case in the sense of full case folding, accents removed from
//! Latin, Greek and Cyrillic letters, optional vowel points removed from Arabic and Hebrew, invisible
//! characters removed. Marks that carry meaning stay: Devanagari vowel signs, Japanese voicing, and the
//! short i of Cyrillic, which is a letter of its own.
//!
//! Folding is for matching only. What a user wrote is stored and shown as written, and the digests in
//! [`crate::text::digest`] have a canonical form of their own.

use super::{script, unicode};

/// The folded form of a text. Idempotent; white space and punctuation are kept.
///
/// ```
/// assert_eq!(edgemem::text::fold("Café STRASSE Straße ﬁn"), "cafe strasse strasse fin");
/// ```
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends the folded form of `text` to `folded`, without allocating when the text is ASCII and the buffer is
/// large enough.
pub fn fold_into(text: &str, folded: &mut String) {
    if text.is_ascii() {
        let start = folded.len();
        folded.push_str(text);
        folded[start..].make_ascii_lowercase();
        return;
    }
    let mut base = ' ';
    let mut chars = Vec::new();
    for c in unicode::nfkd(text) {
        let c = unicode::lower(c);
        if script::is_ignorable(c) || script::is_optional_point(c) {
            continue;
        }
        if !script::is_accent(c) {
            base = c;
        } else if script::accents_are_optional(base) && !(c == BREVE && base == 'и') {
            continue;
        }
        chars.extend(plain_letters(c));
    }
    unicode::compose(&mut chars);
    folded.extend(chars);
}

/// Unicode normalisation form KC. The table behind it is pinned: see `src/text/unicode.rs`.
pub fn nfkc(text: &str) -> String {
    unicode::nfkc(text)
}

/// Lower case, letter by letter, for comparing without regard to case: nothing else is folded. Unlike
/// `str::to_lowercase` it never looks at neighbours (Σ is always σ, İ is i) and its table is small and pinned.
pub fn lowercase(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(unicode::lower).collect()
}

const BREVE: char = '\u{0306}';

/// Letters that case folding or everyday typing replaces by others and that no decomposition reaches.
fn plain_letters(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' => ('s', Some('s')),
        'ς' => ('σ', None),
        'ı' => ('i', None),
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ħ' => ('h', None),
        'þ' => ('t', Some('h')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_word_are_equal() {
        for (text, folded) in [
            ("Café", "cafe"),
            ("Cafe\u{301}", "cafe"),
            ("İstanbul ISPARTA ısparta", "istanbul isparta isparta"),
            ("Weiß WEISS WEIẞ", "weiss weiss weiss"),
            ("Łódź Ærø Þór", "lodz aero thor"),
            ("ΟΔΟΣ οδός Ὀδυσσεύς", "οδοσ οδοσ οδυσσευσ"),
            ("Ёлка Андрей", "елка андрей"),
            ("ｈｅｌｌｏ ﬁ ² Ⅳ", "hello fi 2 iv"),
            ("مُحَمَّد", "محمد"),
            ("שָׁלוֹם", "שלום"),
            ("हिन्दी", "हिन्दी"),
            ("ｶﾞｰﾙ か\u{3099}", "ガール が"),
            ("한국", "한국"),
            ("co\u{ad}operate \u{feff}x\u{200d}y", "cooperate xy"),
            ("a\u{336}\u{489}", "a\u{489}"),
            ("\u{301}", ""),
        ] {
            assert_eq!(fold(text), folded, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(text in "\\PC*") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn ascii_takes_the_same_way(text in "[ -~]*") {
            prop_assert_eq!(fold(&format!("{text}é")), format!("{}e", fold(&text)));
        }
    }
}
