//! What the analyzer knows of each language beside English: endings and stop words, folded. English has
//! [`super::lexicon`].

pub(crate) mod dense;
mod french;
mod german;
mod italian;
mod portuguese;
mod russian;
mod spanish;

use super::stem::Stemmer;

/// A language that the analyzer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Language {
    /// English, and whatever shows no other language.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
    /// Italian.
    Italian,
    /// Russian, and whatever else is written in Cyrillic letters.
    Russian,
    /// Chinese.
    Chinese,
    /// Japanese.
    Japanese,
    /// Korean.
    Korean,
    /// Thai, and the other scripts of its region that are written without spaces.
    Thai,
}

/// What is known of a language with stems.
pub(crate) struct Lexicon {
    pub stemmer: Stemmer,
    /// Words without content of their own, separated by spaces.
    pub stop_words: &'static str,
    /// Words with content that tell the language; see [`super::language`].
    pub telling: &'static str,
}

impl Lexicon {
    /// Whether the folded word has no content of its own.
    pub(crate) fn is_stop_word(&self, word: &str) -> bool {
        self.stop_words.split_ascii_whitespace().any(|stop| stop == word)
    }
}

impl Language {
    /// Those in Latin letters, which only their words tell apart.
    pub(crate) const LATIN: [Language; 6] = [
        Language::English,
        Language::German,
        Language::French,
        Language::Spanish,
        Language::Portuguese,
        Language::Italian,
    ];

    /// What is known of it; `None` for English, which has an analysis of its own, and for languages without stems.
    pub(crate) fn lexicon(self) -> Option<&'static Lexicon> {
        Some(match self {
            Language::German => &GERMAN,
            Language::French => &FRENCH,
            Language::Spanish => &SPANISH,
            Language::Portuguese => &PORTUGUESE,
            Language::Italian => &ITALIAN,
            Language::Russian => &RUSSIAN,
            _ => return None,
        })
    }
}

macro_rules! lexicons {
    ($($name:ident $module:ident)*) => {$(
        static $name: Lexicon = Lexicon {
            stemmer: $module::STEMMER,
            stop_words: $module::STOP_WORDS,
            telling: $module::TELLING,
        };
    )*};
}

lexicons! { GERMAN german  FRENCH french  SPANISH spanish  PORTUGUESE portuguese  ITALIAN italian  RUSSIAN russian }
