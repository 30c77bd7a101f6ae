//! What this instance wrote lately, laid over what KV shows.
//!
//! Other locations, and listings anywhere, see a write after up to a minute or more. Whoever wrote it must
//! see it at once: a memory that was acknowledged and is not found a second later counts as lost.

use std::cell::RefCell;
use std::rc::Rc;

use crate::sorted::SortedMap;

/// How long a write is remembered, in ms: comfortably longer than KV takes to show it.
const AGE: i64 = 180_000;
/// How many bytes are remembered. Of what was written longest ago only the key is, from then on: a listing may not show it
/// yet, but where it was written it can be read.
const BYTES: usize = 16 << 20;

/// What was done to a key.
#[derive(Clone)]
pub(super) enum Deed {
    /// A pack's text.
    Pack(Rc<str>),
    /// The length of a pack's text.
    Length(usize),
    /// A blob's bytes, as long as they are remembered, and the number of the commit that wrote it.
    Blob(Option<Rc<[u8]>>, u64),
    /// A key whose only content is a commit's number.
    Mark(u64),
    Deleted,
}

impl Deed {
    fn size(&self) -> usize {
        match self {
            Deed::Pack(text) => text.len(),
            Deed::Blob(Some(bytes), _) => bytes.len(),
            _ => 0,
        }
    }

    /// The same without its content.
    fn emptied(&self) -> Deed {
        match self {
            Deed::Pack(text) => Deed::Length(text.len()),
            Deed::Blob(_, sequence) => Deed::Blob(None, *sequence),
            other => other.clone(),
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
            let Some((at, deed)) = deeds.get(&oldest).cloned() else { return };
            total -= deed.size();
            deeds.insert(oldest, (at, deed.emptied()));
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
            let bytes = Some(vec![0; 1 << 20].into());
            recent.note(AGE + n, format!("c/b/{n:02}"), Deed::Blob(bytes, 1));
        }
        let left = recent.under(AGE + 20, "c/");
        assert_eq!(left.len(), 20);
        let bare = left.iter().take_while(|(_, deed)| matches!(deed, Deed::Blob(None, 1)));
        assert_eq!(bare.count(), 4);
        recent.note(AGE + 30, "c/e/1".into(), Deed::Pack("x".repeat(BYTES + 1).as_str().into()));
        assert!(matches!(recent.of("c/e/1"), Some(Deed::Length(length)) if length == BYTES + 1));
    }
}
