//! Unicode normalisation (UAX 15) and lower case from a table of our own.
//!
//! Why not the well-kept crates: their tables cost 30 to 60 kB of compressed wasm, these cost a sixth of that.
//! And stored digests depend on normalisation, so a dependency update must never change it: this table changes
//! only when someone regenerates it on purpose. `tests/unicode_data.rs` writes the table from
//! `unicode-normalization` and the standard library, and proves both equal for every character there is.

use std::sync::OnceLock;

/// Compatibility decomposition (NFKD): the characters in canonical order.
pub(crate) fn nfkd(text: &str) -> Vec<char> {
    let tables = Tables::get();
    let mut chars = Vec::with_capacity(text.len());
    for c in text.chars() {
        tables.decompose(c, &mut chars);
    }
    tables.order(&mut chars);
    chars
}

/// Canonical composition of characters that are decomposed and in canonical order, in place: from NFKD to NFKC.
pub(crate) fn compose(chars: &mut Vec<char>) {
    let tables = Tables::get();
    let mut starter: Option<usize> = None;
    let mut class_before = 0;
    let mut kept = 0;
    for at in 0..chars.len() {
        let c = chars[at];
        let class = tables.class(c);
        if let Some(start) = starter {
            // A character is blocked from the starter by one of its own class or higher in between.
            let is_adjacent = kept == start + 1;
            if (is_adjacent || class_before < class)
                && let Some(composed) = tables.composed(chars[start], c)
            {
                chars[start] = composed;
                continue;
            }
        }
        if class == 0 {
            starter = Some(kept);
        }
        class_before = class;
        chars[kept] = c;
        kept += 1;
    }
    chars.truncate(kept);
}

/// Normalisation form KC.
pub(crate) fn nfkc(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut chars = nfkd(text);
    compose(&mut chars);
    chars.into_iter().collect()
}

/// Appends the compatibility decomposition of one character, in the order of the table: without canonical order.
pub(crate) fn decompose(c: char, out: &mut Vec<char>) {
    Tables::get().decompose(c, out);
}

/// The lower-case letter of a letter, one for one: İ becomes i, and Σ becomes σ wherever it stands.
pub(crate) fn lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let tables = Tables::get();
    let code = c as u32;
    let after = tables.lower.partition_point(|run| run.first <= code);
    let Some(run) = after.checked_sub(1).and_then(|at| tables.lower.get(at)) else { return c };
    let offset = code - run.first;
    if offset >= run.count * run.stride || !offset.is_multiple_of(run.stride) {
        return c;
    }
    char::from_u32(code.wrapping_add_signed(run.shift)).unwrap_or(c)
}

/// Whether the character is a combining mark that is no letter by itself: accents, vowel killers, enclosing marks.
/// Vowel signs that `char::is_alphanumeric` counts as letters are not among them.
pub(crate) fn is_mark(c: char) -> bool {
    let code = c as u32;
    if code < 0x300 {
        return false;
    }
    let marks = &Tables::get().marks;
    let after = marks.partition_point(|&(first, _)| first <= code);
    after.checked_sub(1).is_some_and(|at| code < marks[at].0 + marks[at].1)
}

/// The decoded table. Some 90 kB, made once, when the first text outside ASCII comes along.
struct Tables {
    decompositions: Vec<Decomposition>,
    /// All mappings, one after the other.
    mappings: String,
    /// First character, second character, composed character; sorted.
    compositions: Vec<(char, char, char)>,
    /// First character, count, combining class.
    classes: Vec<(u32, u32, u8)>,
    lower: Vec<LowerRun>,
    /// First character and count.
    marks: Vec<(u32, u32)>,
}

/// `count` characters from `first`. For the n-th, the mapping's first character is n further on.
struct Decomposition {
    first: u32,
    count: u16,
    start: u16,
    length: u8,
}

/// `count` letters from `first`, each `stride` apart, whose lower-case letters lie `shift` further on.
struct LowerRun {
    first: u32,
    count: u32,
    stride: u32,
    shift: i32,
}

impl Tables {
    fn get() -> &'static Tables {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(|| Tables::read(include_bytes!("unicode.bin")))
    }

    /// The format is written by `tests/unicode_data.rs`: six columns, each led by its length in bytes; all numbers
    /// are LEB128, code points are gaps from the end of the entry before.
    fn read(bytes: &[u8]) -> Tables {
        let mut file = Reader { bytes };
        let (mut codes, mut shapes, mut firsts) = (file.column(), file.column(), file.column());
        let mut rest = std::str::from_utf8(file.column().bytes).unwrap_or_default().chars();
        let mut tables = Tables {
            decompositions: Vec::new(),
            mappings: String::new(),
            compositions: Vec::new(),
            classes: Vec::new(),
            lower: Vec::new(),
            marks: Vec::new(),
        };
        let (mut code, mut mapped) = (0, 0);
        let mut composing: Vec<(Vec<char>, char)> = Vec::new();
        while !codes.bytes.is_empty() {
            code += codes.number();
            let shape = shapes.number();
            let (composes, length, count) = (shape & 1 == 1, shape >> 1 & 31, (shape >> 6) + 1);
            mapped = firsts.signed().wrapping_add_unsigned(mapped) as u32;
            let start = tables.mappings.len();
            tables.mappings.extend(char::from_u32(mapped));
            tables.mappings.extend(rest.by_ref().take(length as usize - 1));
            if composes {
                composing
                    .extend(char::from_u32(code).map(|c| (tables.mappings[start..].chars().collect(), c)));
            }
            let (start, length) = (start as u16, (tables.mappings.len() - start) as u8);
            tables.decompositions.push(Decomposition { first: code, count: count as u16, start, length });
            code += count;
            mapped += count;
        }
        tables.learn_compositions(&composing);
        let mut column = file.column();
        let mut code = 0;
        while !column.bytes.is_empty() {
            let (first, count, class) = (code + column.number(), column.number(), column.number());
            tables.classes.push((first, count, class as u8));
            code = first + count;
        }
        let mut column = file.column();
        let mut code = 0;
        while !column.bytes.is_empty() {
            let (first, count, shift) = (code + column.number(), column.number(), column.signed());
            let (count, stride) = (count >> 1, (count & 1) + 1);
            tables.lower.push(LowerRun { first, count, stride, shift });
            code = first + count.saturating_sub(1) * stride + 1;
        }
        let mut column = file.column();
        let mut code = 0;
        while !column.bytes.is_empty() {
            let (first, count) = (code + column.number(), column.number());
            tables.marks.push((first, count));
            code = first + count;
        }
        tables
    }

    /// A composite is made of what all but its last character compose to, and the last. Short ones come first, so
    /// that long ones find theirs. Inserting in order is quick enough for some 1,000 pairs and, unlike sorting,
    /// costs next to no code.
    fn learn_compositions(&mut self, composing: &[(Vec<char>, char)]) {
        for length in 2..=MAX_COMPOSING {
            for (parts, composite) in composing.iter().filter(|(parts, _)| parts.len() == length) {
                let Some((&last, head)) = parts.split_last() else { continue };
                let mut head = head.iter().copied();
                let first = head.next().and_then(|first| head.try_fold(first, |a, b| self.composed(a, b)));
                let Some(first) = first else { continue };
                let at = self.compositions.partition_point(|&(a, b, _)| (a, b) < (first, last));
                self.compositions.insert(at, (first, last, *composite));
            }
        }
    }

    fn decompose(&self, c: char, out: &mut Vec<char>) {
        let code = c as u32;
        // Nothing decomposes below, and no Chinese character of the main blocks does.
        if code < 0xa0 || (0x3400..0xa000).contains(&code) {
            return out.push(c);
        }
        if let Some(syllable) = code.checked_sub(HANGUL).filter(|&syllable| syllable < HANGUL_COUNT) {
            let (lead, vowel, tail) = (syllable / 588, syllable % 588 / 28, syllable % 28);
            out.extend([LEAD + lead, VOWEL + vowel].into_iter().filter_map(char::from_u32));
            out.extend(char::from_u32(TAIL + tail).filter(|_| tail > 0));
            return;
        }
        let after = self.decompositions.partition_point(|entry| entry.first <= code);
        let entry = after.checked_sub(1).and_then(|at| self.decompositions.get(at));
        let Some(entry) = entry.filter(|entry| code < entry.first + u32::from(entry.count)) else {
            return out.push(c);
        };
        let start = usize::from(entry.start);
        let mut mapping = self.mappings[start..start + usize::from(entry.length)].chars();
        out.extend(mapping.next().and_then(|first| char::from_u32(first as u32 + (code - entry.first))));
        out.extend(mapping);
    }

    /// Sorts every run of combining characters by class, keeping the order within a class.
    fn order(&self, chars: &mut [char]) {
        let mut at = 0;
        while at < chars.len() {
            let start = at;
            while at < chars.len() && self.class(chars[at]) != 0 {
                at += 1;
            }
            let run = &mut chars[start..at];
            if run.windows(2).any(|pair| self.class(pair[0]) > self.class(pair[1])) {
                // One pass per class that occurs, of some fifty: linear, however long the run.
                let unordered = run.to_vec();
                let mut places = run.iter_mut();
                let mut class = Some(0);
                while let Some(low) = class {
                    let of_class = unordered.iter().filter(|&&c| self.class(c) == low);
                    of_class.zip(places.by_ref()).for_each(|(&c, place)| *place = c);
                    class = unordered.iter().map(|&c| self.class(c)).filter(|&higher| higher > low).min();
                }
            }
            at += 1;
        }
    }

    /// The canonical combining class; 0 is a starter.
    fn class(&self, c: char) -> u8 {
        let code = c as u32;
        if code < 0x300 {
            return 0;
        }
        let after = self.classes.partition_point(|&(first, ..)| first <= code);
        let range = after.checked_sub(1).and_then(|at| self.classes.get(at));
        range.map_or(0, |&(first, count, class)| if code < first + count { class } else { 0 })
    }

    fn composed(&self, first: char, second: char) -> Option<char> {
        let (a, b) = (first as u32, second as u32);
        if (LEAD..LEAD + 19).contains(&a) && (VOWEL..VOWEL + 21).contains(&b) {
            return char::from_u32(HANGUL + ((a - LEAD) * 21 + (b - VOWEL)) * 28);
        }
        let is_open = (HANGUL..HANGUL + HANGUL_COUNT).contains(&a) && (a - HANGUL).is_multiple_of(28);
        if is_open && (TAIL + 1..TAIL + 28).contains(&b) {
            return char::from_u32(a + (b - TAIL));
        }
        let found = self.compositions.binary_search_by(|&(x, y, _)| (x, y).cmp(&(first, second))).ok()?;
        Some(self.compositions[found].2)
    }
}

/// The longest full decomposition that composes again, in characters.
const MAX_COMPOSING: usize = 4;

// Korean syllables are composed by arithmetic (The Unicode Standard, section 3.12).
const HANGUL: u32 = 0xac00;
const HANGUL_COUNT: u32 = 11_172;
const LEAD: u32 = 0x1100;
const VOWEL: u32 = 0x1161;
const TAIL: u32 = 0x11a7;

/// Reads a compiled-in table. Beyond the end everything is zero: the bytes are ours, and tests read them all.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn column(&mut self) -> Reader<'a> {
        let length = (self.number() as usize).min(self.bytes.len());
        let (column, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        Reader { bytes: column }
    }

    pub(super) fn number(&mut self) -> u32 {
        let mut value = 0;
        let mut shift = 0;
        while let Some((&byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            value |= u32::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 28 {
                break;
            }
        }
        value
    }

    /// Zigzag: the lowest bit is the sign.
    fn signed(&mut self) -> i32 {
        let value = self.number();
        (value >> 1) as i32 ^ -((value & 1) as i32)
    }
}
