//! What a text tells about itself besides its words: how much it says, whether it asks, whether it names a time.
//!
//! These are the ranking's cheap signals. They are worked out once, when a memory is indexed, and kept in one
//! column. English for now: in other languages the counts are right and the word lists find nothing.

use super::lexicon;
use super::normalize::fold_into;
use super::words::{Kind, words};

/// The cues of one text, packed into the 32 bits in which they are stored.
///
/// | bits | meaning |
/// | --- | --- |
/// | 0–7 | content words, at most 255 |
/// | 8–15 | informative words: content words that are no pleasantry, at most 255 |
/// | 16–19 | share of sentences that are questions, in fifteenths |
/// | 20 | the text ends with a question |
/// | 21 | it has a time expression |
/// | 22 | it has no sentence: nothing but what is shared, or no word at all |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cues(u32);

const ENDS_ASKING: u32 = 1 << 20;
const TIMED: u32 = 1 << 21;
const ASIDE: u32 = 1 << 22;
const FIFTEENTHS: u32 = 15;

impl Cues {
    /// The cues of a text.
    pub fn of(text: &str) -> Cues {
        let (mut content, mut informative) = (0u32, 0u32);
        let mut times = TimeWords::default();
        let mut folded = String::new();
        words(text, &mut |word| {
            // A run of a script without spaces is about one word every two characters.
            if word.kind == Kind::Dense {
                let count = (word.text.chars().count() as u32).div_ceil(2);
                (content, informative) = (content + count, informative + count);
                return;
            }
            folded.clear();
            fold_into(word.text, &mut folded);
            let word = folded.split(['\'', '\u{2019}']).next().unwrap_or_default();
            times.see(word);
            if !lexicon::STOP_WORDS.contains(&word) && word.len() > 1 {
                content += 1;
                informative += u32::from(!lexicon::PLEASANTRIES.contains(&word));
            }
        });
        let (asking, sentences, ends_asking) = questions(text);
        let share = (asking * FIFTEENTHS).checked_div(sentences).unwrap_or(0);
        let mut bits = content.min(255) | informative.min(255) << 8 | share << 16;
        if ends_asking {
            bits |= ENDS_ASKING;
        }
        if times.found {
            bits |= TIMED;
        }
        if sentences == 0 {
            bits |= ASIDE;
        }
        Cues(bits)
    }

    /// The cues that were stored as these bits.
    pub fn from_bits(bits: u32) -> Cues {
        Cues(bits)
    }

    /// The bits to store.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Words that are no stop words, at most 255.
    pub fn content(self) -> u32 {
        self.0 & 255
    }

    /// Content words that are no pleasantries, at most 255.
    pub fn informative(self) -> u32 {
        self.0 >> 8 & 255
    }

    /// The share of sentences that are questions, 0 to 1.
    pub fn asking(self) -> f32 {
        (self.0 >> 16 & 15) as f32 / FIFTEENTHS as f32
    }

    /// Whether the text ends with a question, so that what comes next answers it.
    pub fn ends_asking(self) -> bool {
        self.0 & ENDS_ASKING != 0
    }

    /// Whether it has no sentence, so that a message ends with a question if it does before this.
    pub fn aside(self) -> bool {
        self.0 & ASIDE != 0
    }

    /// Whether it says when something happened: "yesterday", "two weeks ago", "in June".
    pub fn timed(self) -> bool {
        self.0 & TIMED != 0
    }
}

/// How many sentences are questions, how many there are, and whether the last one is one. What a turn shares
/// beside its words, such as `[shares a photo]`, is no sentence.
fn questions(text: &str) -> (u32, u32, bool) {
    let (mut asking, mut sentences, mut last) = (0, 0, false);
    let (mut open, mut aside) = (false, false);
    for c in text.chars() {
        match c {
            '[' => aside = true,
            ']' => aside = false,
            _ if aside => {}
            '?' | '？' | '؟' | '.' | '!' | '。' | '！' | '\n' if open => {
                last = matches!(c, '?' | '？' | '؟');
                asking += u32::from(last);
                sentences += 1;
                open = false;
            }
            // "What?!" and "Really?? " are one question.
            '?' | '？' => {
                asking += u32::from(!last && sentences > 0);
                last |= sentences > 0;
            }
            c if c.is_alphanumeric() => open = true,
            _ => {}
        }
    }
    if open { (asking, sentences + 1, false) } else { (asking, sentences, last) }
}

/// Watches words go by for one that names a time.
#[derive(Default)]
struct TimeWords {
    found: bool,
    before: Before,
}

/// What the word before makes of a unit of time.
#[derive(Clone, Copy, Default, PartialEq)]
enum Before {
    #[default]
    Other,
    /// "last", "next", "two", "a": a unit after it is a time.
    Counts,
}

impl TimeWords {
    fn see(&mut self, word: &str) {
        let is_year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
        self.found |= lexicon::TIME_WORDS.contains(&word)
            || is_year && word.bytes().all(|byte| byte.is_ascii_digit())
            || self.before == Before::Counts && lexicon::TIME_UNITS.contains(&word);
        let counts = lexicon::BEFORE_TIME_UNITS.contains(&word)
            || !word.is_empty() && word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        self.before = if counts { Before::Counts } else { Before::Other };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_counted_by_sentence() {
        for (text, asking, ends) in [
            ("How are you?", 1.0, true),
            ("I am fine. And you?", 0.5, true),
            ("What?! No way.", 0.5, false),
            ("Really??", 1.0, true),
            ("Look! [shares a photo. Why?]", 0.0, false),
            ("你好吗？", 1.0, true),
            ("Is it? [shares a cat]", 1.0, true),
            ("", 0.0, false),
            ("???", 0.0, false),
        ] {
            let cues = Cues::of(text);
            assert!((cues.asking() - asking).abs() < 0.07, "{text}: {}", cues.asking());
            assert_eq!(cues.ends_asking(), ends, "{text}");
            assert_eq!(cues.aside(), !text.contains(char::is_alphanumeric), "{text}");
            assert!(Cues::of("[shares a cat]").aside(), "what is shared is no sentence");
        }
    }

    #[test]
    fn times_are_noticed() {
        for (text, timed) in [
            ("I went there yesterday", true),
            ("two weeks ago", true),
            ("It took a month", true),
            ("in 2019", true),
            ("on Monday", true),
            ("the weeks", false),
            ("I like it", false),
            ("code 12345", false),
        ] {
            assert_eq!(Cues::of(text).timed(), timed, "{text}");
        }
    }

    #[test]
    fn pleasantries_say_nothing() {
        let cues = Cues::of("Wow, thanks! That's awesome, pottery class");
        assert!(cues.informative() < cues.content(), "{cues:?}");
        assert_eq!(Cues::of("the of and").content(), 0);
        assert_eq!(Cues::of(&"word ".repeat(999)).content(), 255);
        assert_eq!(Cues::from_bits(cues.bits()), cues);
    }
}
