//! Which language a text is in.
//!
//! Scripts decide first. Among the languages in Latin letters, points do: two for a function word that no other of them
//! nor English has any use for, one for an ambiguous one ("die", "war", "los"), one or two for letters
//! ("ñ", "ß"). A language takes a text from English with at least two points, and two more than English has: a
//! text without evidence is English. Names and loan words ("Los Angeles", "café") have no more than a
//! point. Two questions in one text are one text: the majority decides.
//!
//! This sees function words, not meaning. A headline of names and nouns ("Lieblingsfarbe Blau") is English here,
//! and a text of a language that is not known counts as the one it resembles, or as English. The analyzer is made
//! so that this does little harm: see [`super::analyzer`].

use std::sync::OnceLock;

use super::languages::Language;
use super::normalize::fold_into;
use super::script::{self, Dense};
use super::{lexicon, unicode};

/// The language of a text: English unless there is evidence for another. White space and marks are English too.
///
/// ```
/// use edgemem::text::{Language, language_of};
/// assert_eq!(language_of("Wo wohnt sie?"), Language::German);
/// assert_eq!(language_of("東京はどこですか"), Language::Japanese);
/// assert_eq!(language_of("Los Angeles"), Language::English);
/// ```
pub fn language_of(text: &str) -> Language {
    if text.is_ascii() {
        return latin_language(text).0;
    }
    let (mut latin, mut others) = (0, [0; 5]);
    for c in text.chars() {
        match script::dense(c) {
            // One Chinese character is a word.
            Some(Dense::Han) => others[0] += 3,
            Some(Dense::Kana) => others[1] += 1,
            Some(Dense::Hangul) => others[2] += 2,
            Some(Dense::SouthEastAsian) => others[3] += 1,
            None if script::is_cyrillic(c) => others[4] += 1,
            None if c.is_alphabetic() => latin += 1,
            None => {}
        }
    }
    let [han, kana, hangul, thai, cyrillic] = others;
    let (chinese, japanese) = if kana * 4 >= han { (0, han + kana) } else { (han, 0) };
    let mut best = (latin, None);
    for (count, language) in [
        (chinese, Language::Chinese),
        (japanese, Language::Japanese),
        (hangul, Language::Korean),
        (thai, Language::Thai),
        (cyrillic, Language::Russian),
    ] {
        if count > best.0 {
            best = (count, Some(language));
        }
    }
    best.1.unwrap_or_else(|| latin_language(text).0)
}

/// The language of the words in Latin letters, and whether anything speaks for it.
pub(crate) fn latin_language(text: &str) -> (Language, bool) {
    let points = Evidence::get().points(text);
    let of = |language: Language| points >> (8 * language as u32) & 0xff;
    let mut best = Language::German;
    // Of two with the same points the one named first: French has the most words of its own, so a tie is not French.
    for language in [Language::Spanish, Language::Portuguese, Language::Italian, Language::French] {
        if of(language) > of(best) {
            best = language;
        }
    }
    let english = of(Language::English);
    if of(best) >= english + MARGIN { (best, true) } else { (Language::English, english > 0) }
}

/// Points that a language needs beyond those of English.
const MARGIN: u64 = 2;

/// So many words decide: the points of a language fit into a byte, and a long text takes no longer than a short one.
const ENOUGH_WORDS: u32 = 60;

/// So many words between two characters of ASCII count, for the same reason.
const MOST_PER_PIECE: usize = 16;

/// Words that English texts hold as well, with another meaning or in names: one point.
const AMBIGUOUS: &str = "die war hat man des den ein bin mal was will bis da mir dir uns le la un ma mes car son sans pour sous \
    est ai en et on ta tu ton bien chez va vas elle lui el los las al del de con sin mi si no me he has ha lo \
    nos ni se su era muy como anos come dia um uma do dos das na em por ele tem sou foi fez vai lhe te ao os \
    as com ser il gli per tra fra cui io noi voi mai sei ero fa sta sto di dei fare dove poi vive vivo essere \
    fur uber mit mag seit irma toi moi pas plus or suis ses von mehr du ja ob non font mon eu comment avant \
    au ca ne meme aura pendant entre ya soy van mia han ti hay tan esta esa mis tao ali ate todo all tue \
    quest li ed alla fu vi ho ci moro";

/// Points by folded word of at most eight bytes, one byte for every language in Latin letters.
struct Evidence {
    /// Word and points. The word is packed into a number; an empty slot has none.
    slots: Vec<(u64, u64)>,
    /// A bit for the hash of every word: most words of a text are found to be none of these without a look at the
    /// slots, which fill the processor's nearest cache.
    bits: [u64; 1 << (Evidence::FILTER - 6)],
}

impl Evidence {
    const BITS: u32 = 11;
    const FILTER: u32 = 13;

    fn get() -> &'static Evidence {
        static EVIDENCE: OnceLock<Evidence> = OnceLock::new();
        EVIDENCE.get_or_init(Evidence::new)
    }

    fn new() -> Evidence {
        let mut evidence =
            Evidence { slots: vec![(0, 0); 1 << Evidence::BITS], bits: [0; 1 << (Evidence::FILTER - 6)] };
        for word in lexicon::STOP_WORDS {
            // "a" is a word of every other language too.
            let points = if *word == "a" { 0 } else { 2 };
            evidence.add(word, Language::English, points);
        }
        for language in Language::LATIN {
            let Some(lexicon) = language.lexicon() else { continue };
            for word in [lexicon.stop_words, lexicon.telling].iter().flat_map(|words| words.split(' ')) {
                // Single letters mean nothing: "vitamin e", "a/c".
                if word.len() > 1 {
                    evidence.add(word, language, 2);
                }
            }
        }
        for slot in &mut evidence.slots {
            // What is English too speaks for each with one point.
            if slot.1 & 0xff != 0 && slot.1 > 0xff {
                slot.1 = slot.1 >> 1 & 0x0101_0101_0101;
            }
        }
        for word in AMBIGUOUS.split(' ') {
            let key = pack(word);
            let at = evidence.slot(key);
            let points = evidence.slots[at].1;
            evidence.slots[at].1 = points >> 1 & 0x0101_0101_0101 | points & 0x0101_0101_0101;
        }
        evidence
    }

    fn add(&mut self, word: &str, language: Language, points: u64) {
        if word.len() > 8 || word.is_empty() {
            return;
        }
        let key = pack(word);
        let at = self.slot(key);
        let before = self.slots[at].1 & !(0xff << (8 * language as u32));
        self.slots[at] = (key, before | points << (8 * language as u32));
        let bit = hash(key) >> (64 - Evidence::FILTER);
        self.bits[bit as usize / 64] |= 1 << (bit % 64);
    }

    /// The points of a word.
    fn of(&self, key: u64) -> u64 {
        let bit = hash(key) >> (64 - Evidence::FILTER);
        if self.bits[bit as usize / 64] >> (bit % 64) & 1 == 0 { 0 } else { self.slots[self.slot(key)].1 }
    }

    /// Where the word is, or would be.
    fn slot(&self, key: u64) -> usize {
        let mut at = (hash(key) >> (64 - Evidence::BITS)) as usize;
        while self.slots[at].0 != key && self.slots[at].0 != 0 {
            at = (at + 1) % self.slots.len();
        }
        at
    }

    /// Adds up the points of a text. This runs before every analysis, so it stops as soon as a text is plainly English.
    fn points(&self, text: &str) -> u64 {
        let bytes = text.as_bytes();
        let (mut points, mut words) = (0, 0);
        let mut letters = Letters::default();
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            let (mut key, mut ascii) = (0u64, true);
            while at < bytes.len() && (bytes[at].is_ascii_alphabetic() || !bytes[at].is_ascii()) {
                key = key << 8 | u64::from(bytes[at] | 0x20);
                ascii &= bytes[at].is_ascii();
                at += 1;
            }
            if at == start + 1 && bytes.get(at) == Some(&b'\'')
                || !ascii && bytes[start + 1..].starts_with("’".as_bytes())
            {
                points += elision_points(bytes[start]);
                words += 1;
            }
            if !ascii {
                let piece = &text[start..at];
                let found = self.unicode_points(piece);
                piece.chars().for_each(|c| letters.see(c));
                points += found;
                words += u32::from(found > 0);
            } else if at - start <= 8 && at > start {
                let found = self.of(key);
                points += found;
                words += u32::from(found > 0);
            }
            if words > ENOUGH_WORDS || is_plainly_english(points) {
                break;
            }
            at += 1;
        }
        points + letters.points()
    }

    /// The points of the words in a piece that holds letters outside ASCII.
    fn unicode_points(&self, piece: &str) -> u64 {
        let mut folded = String::new();
        let words = piece.split(|c: char| !(c.is_alphabetic() || unicode::is_mark(c)));
        let points = words.filter(|word| word.starts_with(is_latin)).take(MOST_PER_PIECE).map(|word| {
            folded.clear();
            fold_into(&word[..word.floor_char_boundary(32)], &mut folded);
            let key = pack(&folded);
            if folded.len() <= 8 { self.of(key) } else { 0 }
        });
        points.sum()
    }
}

/// Two function words of English and none of another language, or five against less than two.
fn is_plainly_english(points: u64) -> bool {
    let english = points & 0xff;
    english >= 4 && points & 0xfefe_fefe_fe00 == 0 || english >= 10 && points & 0xfcfc_fcfc_fc00 == 0
}

/// A word of at most eight bytes as a number.
fn pack(word: &str) -> u64 {
    word.bytes().fold(0, |key, byte| key << 8 | u64::from(byte))
}

fn hash(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What "l'" and "d'" say.
fn elision_points(letter: u8) -> u64 {
    if matches!(letter | 0x20, b'd' | b'l') {
        1 << (8 * Language::French as u32) | 1 << (8 * Language::Italian as u32)
    } else {
        0
    }
}

fn is_latin(c: char) -> bool {
    c < '\u{250}'
}

/// Points for accented letters. However many there are, they are one piece of evidence; foreign ones are counted.
#[derive(Default)]
struct Letters {
    /// For letters of one language.
    own: u64,
    /// For letters of several.
    shared: u64,
    /// Against all of them: letters of Vietnamese, Polish, Turkish, Swedish … count for English, the default.
    foreign: u64,
}

impl Letters {
    fn see(&mut self, c: char) {
        const DE: u64 = 1 << 8;
        const FR: u64 = 1 << 16;
        const ES: u64 = 1 << 24;
        const PT: u64 = 1 << 32;
        const IT: u64 = 1 << 40;
        match unicode::lower(c) {
            'ß' => self.own |= 2 * DE,
            '¿' | '¡' => self.own |= 2 * ES,
            'ä' | 'ö' | 'ü' => self.own |= DE,
            'ñ' => self.own |= ES,
            'ã' | 'õ' => self.own |= PT,
            'û' | 'î' | 'œ' => self.own |= FR,
            'ì' | 'ò' => self.own |= IT,
            'ç' | 'â' | 'ê' | 'ô' => self.shared |= FR | PT,
            'è' | 'à' | 'ù' => self.shared |= FR | IT,
            'á' | 'í' | 'ó' | 'ú' => self.shared |= ES | PT,
            'é' => self.shared |= FR | ES | PT,
            'å' | 'æ' | 'ø' | 'ý' | 'þ' | 'ð' | '\u{100}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                self.foreign += 2
            }
            _ => {}
        }
    }

    fn points(&self) -> u64 {
        let foreign = if self.foreign > 60 { 60 } else { self.foreign };
        foreign + if self.own != 0 { self.own } else { self.shared }
    }
}
