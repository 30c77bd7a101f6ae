//! Which names are one entity.
//!
//! Several names are one entity if they are equal but for case and accents; if a fact says so ("also known as"); or if
//! one is part of exactly one other ("Eva" of "Eva Braun", while there is no "Eva Peron"). Two full names are never taken
//! for one. Parts of places, products and quantities are other things ("Lisbon" and "Lisbon Airport").

use crate::knowledge::EntityKind;
use crate::sorted::sort;
use crate::text::fold;

/// A name of more words than this is a sentence, in which no other names are looked for.
const LONGEST_NAME: usize = 8;

/// A name in one memory.
pub(super) struct Mention {
    pub key: String,
    pub spelling: String,
    pub kind: EntityKind,
    pub memory: u32,
}

/// A name and all its mentions.
pub(super) struct Name {
    pub key: String,
    pub spelling: String,
    pub kind: EntityKind,
    pub memories: Vec<u32>,
}

/// The form of a name in which names are compared.
pub(super) fn key(name: &str) -> String {
    fold(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a name stands for a speaker who has none.
pub(super) fn is_role(key: &str) -> bool {
    matches!(key, "user" | "assistant")
}

/// The names among mentions, sorted.
pub(super) fn names(mut mentions: Vec<Mention>) -> Vec<Name> {
    sort(&mut mentions, |a, b| a.key.cmp(&b.key));
    let mut names: Vec<Name> = Vec::new();
    for Mention { key, spelling, kind, memory } in mentions {
        match names.last_mut().filter(|name| name.key == key) {
            Some(name) => {
                if name.kind == EntityKind::Other {
                    name.kind = kind;
                }
                // Rather "Acme" than "acme".
                if name.spelling.starts_with(char::is_lowercase) {
                    name.spelling = spelling;
                }
                if name.memories.last() != Some(&memory) {
                    name.memories.push(memory);
                }
            }
            None => names.push(Name { key, spelling, kind, memories: vec![memory] }),
        }
    }
    names
}

pub(super) fn position(names: &[Name], key: &str) -> Option<u32> {
    names.binary_search_by(|name| name.key.as_str().cmp(key)).ok().map(|at| at as u32)
}

/// Which names are one entity.
pub(super) struct Clusters(pub Vec<u32>);

impl Clusters {
    pub fn root(&self, mut at: u32) -> u32 {
        while self.0[at as usize] != at {
            at = self.0[at as usize];
        }
        at
    }

    pub fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        // The smaller one stays, whatever the order in which they come.
        self.0[a.max(b) as usize] = a.min(b);
    }
}

/// Unites names with the only entity whose name they are part of.
pub(super) fn unite_parts(names: &[Name], clusters: &mut Clusters) {
    let mut parts: Vec<(usize, u32, u32)> = Vec::new();
    for (whole, name) in names.iter().enumerate() {
        let words: Vec<&str> = name.key.split(' ').collect();
        if words.len() > LONGEST_NAME {
            continue;
        }
        for length in 1..words.len() {
            for from in 0..=words.len() - length {
                let rest = words[..from].iter().chain(&words[from + length..]);
                // "Apollo" and "Apollo 11" are two.
                let numbered = rest.flat_map(|word| word.chars()).any(char::is_numeric);
                if let Some(part) = position(names, &words[from..from + length].join(" "))
                    && !numbered
                    && alike(&names[part as usize], name)
                {
                    parts.push((length, part, whole as u32));
                }
            }
        }
    }
    // Long parts first: what they belong to is one entity already when their own parts are looked at.
    sort(&mut parts, |a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    for same in parts.chunk_by(|a, b| a.1 == b.1) {
        let whole = clusters.root(same[0].2);
        if same.iter().all(|&(_, _, other)| clusters.root(other) == whole) {
            clusters.unite(same[0].1, whole);
        }
    }
}

/// Whether a name can be part of the other's name: names of the same kind, of which parts are used.
fn alike(part: &Name, whole: &Name) -> bool {
    let is_name = |name: &Name| {
        let used = matches!(name.kind, EntityKind::Other | EntityKind::Person | EntityKind::Organisation);
        used && !is_role(&name.key) && !name.spelling.starts_with(char::is_lowercase)
    };
    let other = EntityKind::Other;
    let same = part.kind == whole.kind || part.kind == other || whole.kind == other;
    same && is_name(part) && is_name(whole)
}
