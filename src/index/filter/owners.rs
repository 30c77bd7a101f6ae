//! Whose memories a filter can match: what decides which partitions are opened, and whether it may run at all.

use super::leaf::Test;
use super::{Leaf, Node};
use crate::error::{Error, ErrorKind, Result};
use crate::scope::{Axis, Scope};

/// Alternatives of owners. A memory that the filter matches lies within at least one of them; none at all means
/// that the filter contradicts itself and matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    alternatives: Vec<Owner>,
}

impl Owners {
    pub(super) fn of(root: &Node) -> Owners {
        Owners { alternatives: alternatives(root, false) }
    }

    /// The alternatives: sorted, without repetition, and few whatever the filter.
    pub fn alternatives(&self) -> &[Owner] {
        &self.alternatives
    }

    /// Whether the filter contradicts itself, so that the answer is empty without a look at the store.
    pub fn is_nobody(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// Refuses a filter that would reach memories of owners it does not name: `SCOPE_REQUIRED` unless every way to
    /// match it names an id. A wildcard names none. A contradiction passes.
    pub fn require(&self) -> Result<()> {
        if self.alternatives.iter().all(Owner::is_bound) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ScopeRequired,
            "filters must contain at least one of: user_id, agent_id, run_id. Example: filters: { user_id: 'u1' }",
        )
        .field("filters"))
    }

    /// Whether memories of this scope lie within one of the alternatives.
    pub fn admit(&self, scope: &Scope) -> bool {
        self.alternatives.iter().any(|owner| owner.admits(scope))
    }
}

/// One alternative: the ids allowed on each axis. An axis without a list is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner([Option<Vec<String>>; 5]);

impl Owner {
    /// The ids one of which a memory must carry on this axis, sorted and never empty; `None` if the axis is open.
    pub fn ids(&self, axis: Axis) -> Option<&[String]> {
        self.0[axis as usize].as_deref()
    }

    /// Whether any axis is bound.
    pub fn is_bound(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    /// Whether memories of this scope lie within this alternative.
    pub fn admits(&self, scope: &Scope) -> bool {
        Axis::ALL.into_iter().all(|axis| match (self.ids(axis), scope.get(axis)) {
            (None, _) => true,
            (Some(ids), Some(id)) => ids.binary_search_by(|held| held.as_str().cmp(id)).is_ok(),
            (Some(_), None) => false,
        })
    }

    /// What lies within both, if anything does.
    fn intersect(&self, other: &Owner) -> Option<Owner> {
        let mut both = Owner::default();
        for (axis, place) in both.0.iter_mut().enumerate() {
            *place = match (&self.0[axis], &other.0[axis]) {
                (None, ids) | (ids, None) => ids.clone(),
                (Some(a), Some(b)) => {
                    let shared: Vec<_> = a.iter().filter(|id| b.binary_search(id).is_ok()).cloned().collect();
                    if shared.is_empty() {
                        return None;
                    }
                    Some(shared)
                }
            };
        }
        Some(both)
    }

    /// Which axes are bound, a bit for each.
    fn shape(&self) -> usize {
        (0..5).filter(|&axis| self.0[axis].is_some()).map(|axis| 1 << axis).sum()
    }

    /// Takes in another alternative of the same shape: everything in either lies within the result. The lists are
    /// left unsorted.
    fn widen(&mut self, other: Owner) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.extend(theirs);
            }
        }
    }
}

/// More alternatives than this are widened to one for each set of bound axes, of which there are 32.
const MANY: usize = 64;

/// Distributes AND over OR; negations are pushed down to the leaves on the way.
fn alternatives(node: &Node, negated: bool) -> Vec<Owner> {
    match (node, negated) {
        (Node::Not(node), _) => alternatives(node, !negated),
        (Node::All(nodes), false) | (Node::Any(nodes), true) => {
            let open = vec![Owner::default()];
            nodes.iter().fold(open, |ways, node| {
                if ways.is_empty() { ways } else { meet(ways, alternatives(node, negated)) }
            })
        }
        (Node::Any(nodes), false) | (Node::All(nodes), true) => {
            compact(nodes.iter().flat_map(|node| alternatives(node, negated)).collect())
        }
        (Node::Leaf(Leaf::Scope(axis, Test::In(values))), false) => match values.only_texts() {
            Some([]) => Vec::new(),
            Some(ids) => {
                let mut owner = Owner::default();
                owner.0[*axis as usize] = Some(ids.to_vec());
                vec![owner]
            }
            None => vec![Owner::default()],
        },
        (Node::Leaf(_), _) => vec![Owner::default()],
    }
}

/// What lies within an alternative of both. Where that would be very many, a condition is left out or alternatives
/// are widened: the filter itself still decides on each memory.
fn meet(a: Vec<Owner>, b: Vec<Owner>) -> Vec<Owner> {
    let (a, b) = if a.len() * b.len() <= MANY {
        (a, b)
    } else if a.iter().all(Owner::is_bound) {
        return a;
    } else if b.iter().all(Owner::is_bound) {
        return b;
    } else {
        (by_shape(a), by_shape(b))
    };
    compact(a.iter().flat_map(|a| b.iter().filter_map(|b| a.intersect(b))).collect())
}

fn compact(mut ways: Vec<Owner>) -> Vec<Owner> {
    crate::sorted::sort(&mut ways, Ord::cmp);
    ways.dedup();
    if ways.len() > MANY { by_shape(ways) } else { ways }
}

fn by_shape(ways: Vec<Owner>) -> Vec<Owner> {
    let mut shapes: [Option<Owner>; 32] = Default::default();
    for way in ways {
        match &mut shapes[way.shape()] {
            Some(wide) => wide.widen(way),
            empty => *empty = Some(way),
        }
    }
    let mut ways: Vec<Owner> = shapes.into_iter().flatten().collect();
    for ids in ways.iter_mut().flat_map(|way| way.0.iter_mut().flatten()) {
        crate::sorted::sort(ids, Ord::cmp);
        ids.dedup();
    }
    ways
}
