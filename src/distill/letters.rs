//! Looking into texts, compiled once.
//!
//! The methods of `str` that take any pattern are compiled anew wherever they are used, each time with the decoding of
//! UTF-8 or a searcher written out. The rules use them everywhere, and that made a good part of their wasm.

/// What is asked of a character.
pub(super) type Test = fn(char) -> bool;

/// The first character.
#[inline(never)]
pub(super) fn first(text: &str) -> Option<char> {
    text.chars().next()
}

/// The last character.
#[inline(never)]
pub(super) fn last(text: &str) -> Option<char> {
    text.chars().next_back()
}

/// Whether the first character is one of these.
#[inline(never)]
pub(super) fn starts(text: &str, test: Test) -> bool {
    first(text).is_some_and(test)
}

/// Whether the last character is one of these.
#[inline(never)]
pub(super) fn ends(text: &str, test: Test) -> bool {
    last(text).is_some_and(test)
}

/// Whether the text begins with a digit.
#[inline(never)]
pub(super) fn starts_with_digit(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// Whether every character is one of these.
pub(super) fn all(text: &str, test: Test) -> bool {
    trim_start(text, test).is_empty()
}

/// The place in bytes of the first of these characters, or the end.
#[inline(never)]
pub(super) fn find(text: &str, test: Test) -> usize {
    text.find(test).unwrap_or(text.len())
}

/// Without these characters at the beginning.
#[inline(never)]
pub(super) fn trim_start(text: &str, test: Test) -> &str {
    text.trim_start_matches(test)
}

/// Without these characters at the end.
#[inline(never)]
pub(super) fn trim_end(text: &str, test: Test) -> &str {
    text.trim_end_matches(test)
}

/// Whether a text has this ASCII character.
#[inline(never)]
pub(super) fn has(text: &str, mark: u8) -> bool {
    text.as_bytes().contains(&mark)
}

/// What stands before the first of these ASCII characters and what after it; nothing after it if there is none.
#[inline(never)]
pub(super) fn cut(text: &str, mark: u8) -> (&str, &str) {
    match text.as_bytes().iter().position(|&byte| byte == mark) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

/// Whether a word is one of a list's, which this ASCII character separates.
#[inline(never)]
pub(super) fn listed(list: &str, separator: u8, word: &str) -> bool {
    let mut rest = list;
    while !rest.is_empty() {
        let (entry, after) = cut(rest, separator);
        if entry == word {
            return true;
        }
        rest = after;
    }
    false
}

/// The whole number that a text is.
#[inline(never)]
pub(super) fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// The beginning of a text: at most so many characters.
#[inline(never)]
pub(super) fn clip(text: &str, most: usize) -> &str {
    // As many bytes as characters are allowed are never too many, and most texts are that short.
    if text.len() <= most {
        return text;
    }
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_looked_into_as_by_the_standard_library(text in "[ a-c|é日]{0,12}", most in 0usize..12) {
            let is_space: Test = |c| c == ' ';
            prop_assert_eq!(find(&text, is_space), text.find(' ').unwrap_or(text.len()));
            prop_assert_eq!(trim_start(&text, is_space), text.trim_start_matches(' '));
            prop_assert_eq!(trim_end(&text, is_space), text.trim_end_matches(' '));
            prop_assert_eq!(all(&text, is_space), text.chars().all(is_space));
            prop_assert_eq!(has(&text, b'|'), text.contains('|'));
            prop_assert_eq!(cut(&text, b'|'), text.split_once('|').unwrap_or((&text, "")));
            prop_assert_eq!(listed(&text, b'|', "a"), text.split('|').any(|entry| entry == "a"));
            prop_assert_eq!(clip(&text, most), text.chars().take(most).collect::<String>());
        }
    }
}
