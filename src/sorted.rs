//! Sorting, and a map that is a sorted list: small code for small collections.
//!
//! Every type that the standard library's sorts or B-trees are used with adds several kB to the wasm. Here
//! the work is done once, on indexes, and each type adds only the moving of its items.

use std::cmp::Ordering;

/// The order of `len` items, as indexes; equal items keep their order.
pub fn order(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<u32> {
    let mut order: Vec<u32> = (0..len as u32).collect();
    if (1..len).any(|at| compare(at - 1, at) == Ordering::Greater) {
        order.sort_unstable_by(|&a, &b| compare(a as usize, b as usize).then(a.cmp(&b)));
    }
    order
}

/// Sorts; equal items keep their order. Lists that are sorted already are only looked over.
pub fn sort<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|a, b| compare(&items[a], &items[b]));
    arrange(order, &mut |a, b| items.swap(a, b));
}

/// Brings items into an order by swaps. Apart from `sort`, whose code every type of item has of its own.
fn arrange(mut order: Vec<u32>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut at = start;
        // Each swap puts one item in its place, so there are fewer swaps than items.
        while order[at] as usize != start {
            let from = std::mem::replace(&mut order[at], at as u32) as usize;
            swap(at, from);
            at = from;
        }
        order[at] = at as u32;
    }
}

/// Sorts names, each with the number of what it stands for.
pub fn sort_pairs(pairs: &mut [(String, u32)]) {
    sort(pairs, |a, b| a.cmp(b));
}

/// Sorts names and drops repetitions.
pub fn sort_names(names: &mut Vec<String>) {
    sort(names, |a, b| a.cmp(b));
    names.dedup();
}

/// A map from names to values, iterated in the order of the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedMap<V>(Vec<(String, V)>);

impl<V> Default for SortedMap<V> {
    fn default() -> Self {
        SortedMap(vec![])
    }
}

impl<V> SortedMap<V> {
    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(held, _)| held.as_str().cmp(name))
    }

    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.position(name).ok().map(|at| &self.0[at].1)
    }

    /// Whether there is a value under a name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.position(name).is_ok()
    }

    /// Puts a value under a name, in place of the one that was there.
    pub fn insert(&mut self, name: String, value: V) {
        match self.position(&name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// The value under a name, made by `fresh` if there is none.
    pub fn get_or_insert_with(&mut self, name: &str, fresh: impl FnOnce() -> V) -> &mut V {
        let at = match self.position(name) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (name.to_owned(), fresh()));
                at
            }
        };
        &mut self.0[at].1
    }

    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        self.position(name).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps those for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&(String, V)) -> bool) {
        self.0.retain(keep);
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, V)> {
        self.0.iter()
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// Those whose names begin with `prefix`.
    pub fn under(&self, prefix: &str) -> impl Iterator<Item = &(String, V)> {
        let from = self.0.partition_point(|(name, _)| name.as_str() < prefix);
        self.0[from..].iter().take_while(move |(name, _)| name.starts_with(prefix))
    }
}

impl<V> IntoIterator for SortedMap<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<V> FromIterator<(String, V)> for SortedMap<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(String, V)> = pairs.into_iter().collect();
        sort(&mut pairs, |a, b| a.0.cmp(&b.0));
        // Of several values under one name the last one counts, as with insertion one by one.
        pairs.reverse();
        pairs.dedup_by(|a, b| a.0 == b.0);
        pairs.reverse();
        SortedMap(pairs)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts_like_the_standard_library(items: Vec<(u8, u32)>) {
            let (mut ours, mut theirs) = (items.clone(), items);
            sort(&mut ours, |a, b| a.0.cmp(&b.0));
            theirs.sort_by_key(|item| item.0);
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn is_a_map(steps in prop::collection::vec(("[a-c]{0,2}", 0u8..9, any::<bool>()), 0..40)) {
            let mut oracle = BTreeMap::new();
            let mut map: SortedMap<u8> = steps.iter().map(|(name, value, _)| (name.clone(), *value)).collect();
            oracle.extend(steps.iter().map(|(name, value, _)| (name.clone(), *value)));
            for (name, value, insert) in steps {
                if insert {
                    map.insert(name.clone(), value);
                    oracle.insert(name, value);
                } else {
                    prop_assert_eq!(map.remove(&name), oracle.remove(&name));
                }
                let under: Vec<_> = map.under("b").cloned().collect();
                let expected: Vec<_> =
                    oracle.iter().filter(|(name, _)| name.starts_with('b')).map(|(n, v)| (n.clone(), *v)).collect();
                prop_assert_eq!(under, expected);
            }
            prop_assert_eq!(map.into_iter().collect::<Vec<_>>(), oracle.into_iter().collect::<Vec<_>>());
        }
    }
}
