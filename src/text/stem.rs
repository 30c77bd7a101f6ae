//! Stemming by tables of endings: one small machine, and one table per language in [`super::languages`].
//!
//! The tables follow the Snowball algorithms, with one difference that matters here: they are written for words
//! without accents. Snowball looks at accents ("comió" has an ending, "comio" has none), so that people who type
//! none would never meet people who do. Here a word is folded first and stemmed then, and both are one word from
//! the start. Of the pairs of words to which Snowball gives one stem, these give one to 95 to 98 in a hundred;
//! Snowball itself, on words without accents, to 79 in French and 84 in Spanish. What it costs: a few words that
//! differ in an accent alone share a stem.
//!
//! A table is a list of rounds. In every round the longest ending that applies is removed or replaced. A round is a
//! text of words: `ending`, `ending>replacement`, and `@region` or `@region/before,before`, which says for
//! the endings after it where they must lie and what must stand before them.

/// How words of one language lose their endings.
pub(crate) struct Stemmer {
    /// Letters that are vowels.
    pub vowels: &'static str,
    /// Where the region `v` begins.
    pub verbs: Verbs,
    /// What happens to a word before its regions are measured.
    pub prepare: fn(&mut String),
    /// Tables of endings, in order. One that begins with `|` is skipped if the last one without a sign, or another
    /// `|` after it, did something; one that begins with `&` is skipped otherwise.
    pub rounds: &'static [&'static str],
}

/// Where the region `v` of verb endings begins, as Snowball has it.
pub(crate) enum Verbs {
    /// After the first vowel.
    Vowel,
    /// Spanish, Portuguese, Italian.
    Romance,
    /// French.
    French,
}

impl Stemmer {
    /// Reduces a folded word to its stem. Never to nothing.
    pub(crate) fn stem(&self, word: &str) -> String {
        let mut word = word.to_owned();
        (self.prepare)(&mut word);
        let regions = self.regions(&word);
        let mut done = false;
        for round in self.rounds {
            let (sign, table) = match round.strip_prefix(['|', '&']) {
                Some(table) => (&round[..1], table),
                None => ("", *round),
            };
            if sign == "|" && done || sign == "&" && !done {
                continue;
            }
            let changed = self.apply(table, &mut word, &regions);
            if sign != "&" {
                done = changed;
            }
        }
        word
    }

    /// Applies the longest ending that fits. Whether one did.
    fn apply(&self, round: &str, word: &mut String, regions: &Regions) -> bool {
        let (mut start, mut before) = (0, "");
        let mut best: Option<(usize, &str)> = None;
        for rule in round.split_ascii_whitespace() {
            if let Some(region) = rule.strip_prefix('@') {
                let (name, condition) = region.split_once('/').unwrap_or((region, ""));
                (start, before) = (regions.start(name), condition);
                continue;
            }
            let (ending, replacement) = rule.split_once('>').unwrap_or((rule, ""));
            let Some(head) = word.strip_suffix(ending) else { continue };
            let fits = head.len() >= start.max(1)
                && best.is_none_or(|(cut, _)| head.len() < cut)
                && (before.is_empty() || before.split(',').any(|before| self.ends(head, before)));
            if fits {
                best = Some((head.len(), replacement));
            }
        }
        let Some((cut, replacement)) = best else { return false };
        word.truncate(cut);
        word.push_str(replacement);
        true
    }

    /// Whether `head` ends in these letters; `V` and `C` stand for any vowel and consonant.
    fn ends(&self, head: &str, before: &str) -> bool {
        let last = head.chars().next_back();
        match before {
            "V" => last.is_some_and(|c| self.vowels.contains([c])),
            "C" => last.is_some_and(|c| !self.vowels.contains([c])),
            _ => head.ends_with(before),
        }
    }

    fn regions(&self, word: &str) -> Regions {
        let mut regions = Regions { first: word.len(), second: word.len(), verbs: word.len() };
        let mut found = 0;
        let mut vowel_before = false;
        for (at, c) in word.char_indices() {
            let vowel = self.vowels.contains([c]);
            if vowel_before && !vowel {
                found += 1;
                match found {
                    1 => regions.first = at + c.len_utf8(),
                    2 => regions.second = at + c.len_utf8(),
                    _ => break,
                }
            }
            vowel_before = vowel;
        }
        regions.verbs = self.verbs(word);
        regions
    }

    fn verbs(&self, word: &str) -> usize {
        // Where a letter of this kind ends, the first one from the `skip`-th letter on.
        let after = |skip: usize, vowel: bool| {
            let mut letters = word.char_indices().skip(skip);
            let found = letters.find(|&(_, c)| self.vowels.contains([c]) == vowel);
            found.map_or(word.len(), |(at, c)| at + c.len_utf8())
        };
        let is_vowel = |nth: usize| word.chars().nth(nth).is_some_and(|c| self.vowels.contains([c]));
        match self.verbs {
            Verbs::Vowel => after(0, true),
            Verbs::Romance if !is_vowel(1) => after(2, true),
            Verbs::Romance if is_vowel(0) => after(2, false),
            Verbs::French if !(is_vowel(0) && is_vowel(1)) => after(1, true),
            Verbs::Romance | Verbs::French => word.char_indices().nth(3).map_or(word.len(), |(at, _)| at),
        }
    }
}

/// Byte offsets at which the regions of a word begin: `1` and `2` are Snowball's R1 and R2.
struct Regions {
    first: usize,
    second: usize,
    verbs: usize,
}

impl Regions {
    fn start(&self, name: &str) -> usize {
        match name {
            "1" => self.first.max(3),
            "2" => self.second.max(3),
            "v" => self.verbs,
            _ => 0,
        }
    }
}
