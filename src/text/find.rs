//! Finding a text in another one.
//!
//! Not `str::find` and what is made of it: that search takes linear time whatever is looked for, which adds 4 kB to the
//! wasm. What is looked for here is short. `contains('x')` brings that search in too, where it is not ASCII; so a single
//! character is looked for as one of a list, `contains(['x'])`.

/// Where `part` first begins in the text.
pub fn find(text: &str, part: &str) -> Option<usize> {
    let Some((first, rest)) = part.as_bytes().split_first() else { return Some(0) };
    let text = text.as_bytes();
    (0..text.len()).find(|&at| text[at] == *first && text[at + 1..].starts_with(rest))
}

/// Whether the text has `part` in it.
pub fn contains(text: &str, part: &str) -> bool {
    find(text, part).is_some()
}

/// What is before and after the first `part`.
pub fn split_once<'a>(text: &'a str, part: &str) -> Option<(&'a str, &'a str)> {
    find(text, part).map(|at| (&text[..at], &text[at + part.len()..]))
}

/// The text with `new` for each `part`, which must not be empty.
pub fn replace(text: &str, part: &str, new: &str) -> String {
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some((before, after)) = split_once(rest, part) {
        replaced += before;
        replaced += new;
        rest = after;
    }
    replaced + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_the_standard_library_finds(text in "[abü]{0,12}", part in "[abü]{0,3}") {
            prop_assert_eq!(find(&text, &part), text.find(&part));
            prop_assert_eq!(contains(&text, &part), text.contains(&part));
            prop_assert_eq!(split_once(&text, &part), text.split_once(&part));
            if !part.is_empty() {
                prop_assert_eq!(replace(&text, &part, "aü"), text.replace(&part, "aü"));
            }
        }
    }
}
