//! What this instance wrote lately, laid over what KV shows.
//!
//! Other locations, and listings anywhere, see a write after up to a minute or more. Whoever wrote it must
//! see it at once: a memory that was acknowledged and is not found a second later counts as lost.

use std::cell::RefCell;
use std::rc::Rc;

use crate::sorted::SortedMap;

/// How long a write is remembered, in ms: comfortably longer than KV takes to show it.
const AGE: i64 = 180_000;
/// How many bytes are remembered. What was written longest ago is forgotten first.
const BYTES: usize = 16 << 20;

/// What was done to a key.
#[derive(Clone)]
pub(super) enum Deed {
    /// A pack's text.
    Pack(Rc<str>),
    /// A blob's bytes and the number of the commit that wrote it.
    Blob(Rc<[u8]>, u64),
    /// A key whose only content is a commit's number.
    Mark(u64),
    Deleted,
}

impl Deed {
    fn size(&self) -> usize {
        match self {
            Deed::Pack(text) => text.len(),
            Deed::Blob(bytes, _) => bytes.len(),
            Deed::Mark(_) | Deed::Deleted => 0,
        }
    }
}

/// The latest deeds by key.
#[derive(Default)]
pub(super) struct Recent {
    deeds: RefCell<SortedMap<(i64, Deed)>>,
}

impl Recent {
    pub(super) fn note(&self, now: i64, key: String, deed: Deed) {
        self.deeds.borrow_mut().insert(key, (now, deed));
        self.forget_old(now);
    }

    pub(super) fn of(&self, key: &str) -> Option<Deed> {
        self.deeds.borrow().get(key).map(|(_, deed)| deed.clone())
    }

    /// The deeds under keys that start with `prefix`.
    pub(super) fn under(&self, now: i64, prefix: &str) -> Vec<(String, Deed)> {
        self.forget_old(now);
        let deeds = self.deeds.borrow();
        deeds.under(prefix).map(|(key, (_, deed))| (key.clone(), deed.clone())).collect()
    }

    pub(super) fn clear(&self) {
        self.deeds.borrow_mut().clear();
    }

    fn forget_old(&self, now: i64) {
        let mut deeds = self.deeds.borrow_mut();
        deeds.retain(|(_, (at, _))| now - *at < AGE);
        let mut total: usize = deeds.iter().map(|(_, (_, deed))| deed.size()).sum();
        while total > BYTES {
            let sized = deeds.iter().filter(|(_, (_, deed))| deed.size() > 0);
            let Some(oldest) = sized.min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone()) else {
                return;
            };
            total -= deeds.remove(&oldest).map_or(0, |(_, deed)| deed.size());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_forgotten_by_age_and_by_size() {
        let recent = Recent::default();
        recent.note(0, "a/e/1".into(), Deed::Pack("x".into()));
        recent.note(1, "a/b/2".into(), Deed::Deleted);
        recent.note(2, "b/e/1".into(), Deed::Mark(3));
        assert_eq!(recent.under(3, "a/").len(), 2);
        assert_eq!(recent.under(AGE, "a/").len(), 1);
        for n in 0..20 {
            recent.note(AGE + n, format!("c/b/{n:02}"), Deed::Blob(vec![0; 1 << 20].into(), 1));
        }
        let left = recent.under(AGE + 20, "c/");
        assert_eq!(left.len(), 16);
        assert_eq!(left[0].0, "c/b/04");
    }
}
