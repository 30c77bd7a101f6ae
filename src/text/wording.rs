//! Whether one statement says all that another one says, in the same words.
//!
//! For merging, where a mistake hides what was said. So it compares words as they are written but for case and accents:
//! stems would take "I live in Rome" and "I lived in Rome" for one. Some fillers do not count. A statement covers a
//! shorter one that has its words in the same order, all but a fifth; and the words that are missing may only be such as
//! say nothing by themselves, and none that turns the statement round ("not", "used to"). Texts in scripts without spaces are not compared.

use super::lexicon::STOP_WORDS;
use super::normalize::fold;
use super::script;

/// Words that change nothing.
const FILLERS: &[&str] = &[
    "a",
    "absolutely",
    "actually",
    "also",
    "an",
    "btw",
    "definitely",
    "haha",
    "hey",
    "hi",
    "just",
    "oh",
    "ok",
    "okay",
    "please",
    "really",
    "the",
    "totally",
    "truly",
    "very",
    "wow",
    "yeah",
    "yes",
];

/// Words that make another statement of one: negations, conditions, wishes, hearsay, what is over; and small numbers.
const TURNING: &[&str] = &[
    "after",
    "almost",
    "another",
    "anymore",
    "any",
    "barely",
    "before",
    "but",
    "cannot",
    "could",
    "double",
    "eight",
    "eleven",
    "else",
    "ex",
    "except",
    "few",
    "five",
    "former",
    "formerly",
    "four",
    "half",
    "hardly",
    "heard",
    "hope",
    "if",
    "instead",
    "less",
    "longer",
    "many",
    "may",
    "maybe",
    "might",
    "more",
    "nearly",
    "neither",
    "never",
    "nine",
    "no",
    "nobody",
    "none",
    "nor",
    "not",
    "nothing",
    "once",
    "one",
    "only",
    "or",
    "other",
    "perhaps",
    "plan",
    "planned",
    "quit",
    "rarely",
    "said",
    "says",
    "seldom",
    "seven",
    "should",
    "six",
    "stopped",
    "ten",
    "think",
    "thought",
    "three",
    "too",
    "twelve",
    "twice",
    "two",
    "unless",
    "until",
    "used",
    "want",
    "wanted",
    "wants",
    "was",
    "were",
    "wish",
    "without",
    "would",
    // German, French, Spanish, Portuguese, Italian, Russian.
    "nicht",
    "kein",
    "keine",
    "keinen",
    "nie",
    "niemals",
    "ohne",
    "mehr",
    "fruher",
    "wenn",
    "ne",
    "pas",
    "jamais",
    "sans",
    "plus",
    "si",
    "nunca",
    "jamas",
    "sin",
    "ya",
    "nao",
    "sem",
    "se",
    "non",
    "mai",
    "senza",
    "не",
    "нет",
    "никогда",
    "без",
];

/// The fewest words that can be compared.
const FEWEST: usize = 3;

/// The words of a statement that count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wording {
    /// Folded, in order.
    pub words: Vec<String>,
    /// Whether a statement without this word is another one.
    turning: Vec<bool>,
}

impl Wording {
    /// The words of a text; none if it cannot be compared.
    pub fn of(text: &str) -> Wording {
        let mut wording = Wording::default();
        if text.chars().any(|c| script::dense(c).is_some()) {
            return wording;
        }
        for word in text.split(|c: char| !c.is_alphanumeric() && !script::is_apostrophe(c)) {
            let folded = fold(word);
            if !folded.is_empty() && !FILLERS.contains(&folded.as_str()) {
                let named = word.chars().any(|c| c.is_uppercase() || c.is_numeric());
                let negated = folded.ends_with("n't") || folded.ends_with("n\u{2019}t");
                wording.turning.push(named || negated || TURNING.contains(&folded.as_str()));
                wording.words.push(folded);
            }
        }
        if wording.words.len() >= FEWEST { wording } else { Wording::default() }
    }

    /// How many words a covered statement may lack.
    pub fn spare(&self) -> usize {
        self.words.len() / 5
    }

    /// Whether this says all that the other says. A statement covers itself.
    pub fn covers(&self, other: &Wording) -> bool {
        if other.words.is_empty() || self.words.len() < other.words.len() {
            return false;
        }
        let mut lacking = self.words.len() - other.words.len();
        if lacking > self.spare() {
            return false;
        }
        let mut wanted = other.words.iter();
        let mut next = wanted.next();
        for (word, &turning) in self.words.iter().zip(&self.turning) {
            if next == Some(word) {
                next = wanted.next();
            } else if turning || lacking == 0 || !STOP_WORDS.contains(&word.as_str()) {
                return false;
            } else {
                lacking -= 1;
            }
        }
        next.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_what_says_no_more() {
        let cases = [
            ("I love hiking in the mountains", "I really love hiking in mountains!", true),
            ("I have a big dog called Rex", "I have a dog called Rex", false),
            ("I have a dog called Rex", "I have a big dog called Rex", false),
            (
                "My flat in the old town has a nice view of the river",
                "My flat in the old town has a view of the river",
                false,
            ),
            ("Café Uno is near the station", "cafe uno is near the station", true),
            // Another statement.
            ("I do not eat nuts or any fish at home", "I do eat nuts or any fish at home", false),
            ("I don't like the coffee they make", "I do like the coffee they make", false),
            ("I lived in Rome for years", "I live in Rome for years", false),
            ("I flew from Lisbon to Porto", "I flew from Porto to Lisbon", false),
            ("He gave her the old book", "She gave him the old book", false),
            ("I meet Eva and the others in town", "I meet and the others in town", false),
            ("The rent of my flat is 900 euros", "The rent of my flat is euros", false),
            ("I used to work for them in town with Ben", "I used work for them in town with Ben", true),
            ("We used to work for them in town with Ben", "We to work for them in town with Ben", false),
            ("Ich esse am Abend nicht gern warm", "Ich esse am Abend gern warm", false),
            // Too short, or not to be compared.
            ("I agree", "I agree", false),
            ("我住在里斯本 我住在里斯本 我住在里斯本", "我住在里斯本 我住在里斯本 我住在里斯本", false),
        ];
        for (whole, part, expected) in cases {
            assert_eq!(Wording::of(whole).covers(&Wording::of(part)), expected, "{whole} / {part}");
        }
    }
}
