//! Keys: kept out of every message, cause and debug output.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::text::find;

/// An API key. It prints as `[key]`, and [`Secret::hide`] takes it out of other people's words.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A key without the blanks and line ends that come along when it is pasted. `CONFIG_INVALID` if
    /// it is empty or could not stand in a header: hosts put a refused header's value in their error.
    pub fn new(key: &str, field: &str) -> Result<Secret> {
        let key = key.trim();
        if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Secret(key.to_owned()));
        }
        let message = format!("{field} must be a key: visible ASCII characters without blanks inside");
        Err(Error::new(ErrorKind::ConfigInvalid, message).field(field))
    }

    /// A part of an address that may hold a key, such as its query. Any text is accepted.
    pub fn part(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// The key itself, for the request's header and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` without this key. Providers quote a refused key with its middle masked, so a word that
    /// starts as the key does is taken out as well.
    pub fn hide(&self, text: &str) -> String {
        let text = if self.0.is_empty() { text.to_owned() } else { find::replace(text, &self.0, HIDDEN) };
        let Some(start) = self.0.get(..MASKED_FROM).filter(|_| self.0.len() > 2 * MASKED_FROM) else {
            return text;
        };
        let mut words: Vec<&str> = text.split(' ').collect();
        for word in &mut words {
            if find::contains(word, start) || find::contains(word, "***") {
                *word = HIDDEN;
            }
        }
        words.join(" ")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

const HIDDEN: &str = "[key]";

/// How many characters of a key give it away.
const MASKED_FROM: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_trimmed_checked_and_hidden() {
        let key = Secret::new(" sk-proj-0123456789\n", "apiKey").unwrap();
        assert_eq!(key.reveal(), "sk-proj-0123456789");
        assert_eq!(format!("{key:?}"), "[key]");
        for (said, shown) in [
            ("bad key sk-proj-0123456789!", "bad key [key]!"),
            ("Incorrect API key provided: sk-proj-****6789.", "Incorrect API key provided: [key]"),
            ("got \"sk-proj-\u{2026}\" back", "got [key] back"),
            ("no key at all", "no key at all"),
        ] {
            assert_eq!(key.hide(said), shown);
        }
        for bad in ["", "  ", "sk one", "sk-\u{e9}", "sk\nx"] {
            let error = Secret::new(bad, "apiKey").unwrap_err();
            assert_eq!((error.code(), error.field_name()), ("CONFIG_INVALID", Some("apiKey")));
            assert!(bad.trim().is_empty() || !error.to_string().contains(bad));
        }
    }
}
