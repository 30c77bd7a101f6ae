//! Predicates that say the same, and what a subject has only one of at a time.
//!
//! Two facts with one subject and one slot cannot both hold, so the slot must not depend on who put the predicate into
//! words: `lives in`, `resides at` and `is based in` are all about `home`.

use crate::text::{find, fold};

/// Slots, and the predicates that fill them without `is`, `has` and the like around them.
const SLOTS: &[(&str, &str)] = &[
    (
        "home",
        "home|lives in|lives at|live in|lives|living in|resides in|resides at|residence|based in|located in|location|\
         moved to|relocated to|city|home town|hometown|address",
    ),
    ("employer", "employer|works at|works for|work for|work at|employed by|employed at|company|workplace"),
    ("job", "job|job title|works as|work as|employed as|role|title|occupation|profession|position"),
    ("diet", "diet|follows diet|eating habit|dietary preference|dietary restriction|on diet"),
    ("name", "name|named|called|full name|first name|goes by"),
    ("age", "age|aged|years old|turned"),
    (
        "partner",
        "partner|spouse|wife|husband|girlfriend|boyfriend|fiance|fiancee|married to|dating|engaged to|\
         in a relationship with|partnered with",
    ),
];

/// What is put around a predicate without changing it.
const AROUND: &[&str] =
    &["is ", "has ", "was ", "are ", "am ", "my ", "the ", "a ", "an ", "current ", "currently ", "now "];

/// The slot that a predicate fills if its subject has one such object at a time: `home` for `lives in`, `favourite
/// color` for `favorite color is`, and the predicate itself, folded, where it has no other name.
pub fn slot(predicate: &str) -> String {
    known_slot(predicate).unwrap_or_else(|| bare(predicate))
}

/// The slot of a predicate of which everyone has one at a time; nothing for another predicate.
pub fn known_slot(predicate: &str) -> Option<String> {
    let bare = bare(predicate);
    for favourite in ["favourite ", "favorite "] {
        if let Some((_, thing)) = find::split_once(&bare, favourite) {
            return Some(format!("favourite {thing}"));
        }
    }
    let (slot, _) = SLOTS.iter().find(|(_, names)| names.split('|').any(|name| name == bare))?;
    Some((*slot).to_owned())
}

/// In small letters, with single spaces for whatever separates the words, and without what is around it.
fn bare(predicate: &str) -> String {
    let folded = fold(predicate);
    let separator = |c: char| !c.is_alphanumeric() && c != '\'';
    let words: Vec<&str> = folded.split(separator).filter(|word| !word.is_empty()).collect();
    let joined = words.join(" ");
    let mut bare = joined.as_str();
    while let Some(rest) = AROUND.iter().find_map(|around| bare.strip_prefix(around)) {
        bare = rest;
    }
    bare.strip_suffix(" is").unwrap_or(bare).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_that_say_the_same_fill_one_slot() {
        for (slot_name, predicates) in [
            (
                "home",
                "lives in|Lives In|resides in|is based in|currently lives in|home|has home|moved_to|is now living in",
            ),
            ("employer", "works at|works for|is employed by|employer|current employer|employer is"),
            ("job", "works as|job title|has_job|occupation|is employed as"),
            ("diet", "diet|has diet|on diet|dietary_preference"),
            ("name", "name|is named|is called|name is|full-name"),
            ("age", "age|is aged|has age"),
            ("partner", "is married to|husband|has a girlfriend|partner|fiancé|is in a relationship with"),
            (
                "favourite color",
                "favorite color|favourite color is|has favorite color|favourite_color|Favourite Color",
            ),
            ("žije v", "Žije v"),
            ("住在", "住在"),
        ] {
            for predicate in predicates.split('|') {
                assert_eq!(slot(predicate), slot(slot_name), "{predicate}");
            }
            assert_eq!(slot(&slot(slot_name)), slot(slot_name), "a slot's name is its own");
        }
        for other in ["likes", "visited", "has dog named", "is", "has", ""] {
            assert_eq!(known_slot(other), None, "{other}");
        }
    }
}
