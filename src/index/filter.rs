//! mem0's filter language: which memories a read may return, decided before ranking.
//!
//! A filter is a JSON object. Its members must all hold; each is a test of a field or one of `AND`, `OR` and
//! `NOT` with a list of filters (`NOT` also takes one filter: none of the list may hold). A test is a bare value
//! (strict equality), a list (one of), `"*"` (present and not null), or an object of operators that must all
//! hold: `eq ne gt gte lt lte in nin contains icontains`.
//!
//! Where mem0's two code paths disagree with each other or with their documentation, the documentation wins:
//! two bounds on one field both count, logic nests anywhere, and no wildcard reaches another owner's memories.
//! For the last, [`Filter::owners`] reads from a filter whose memories it can match at all.

mod field;
mod leaf;
mod owners;
mod parse;

pub use field::{Fields, TextField, TimeField};
pub use owners::{Owner, Owners};
pub use parse::{MAX_DEPTH, MAX_OWNERS, MAX_TESTS, MAX_VALUES};

use serde_json::Value;

use crate::error::Result;
use crate::scope::{Axis, Scope};
use leaf::{Datum, Test, TimeTest};

/// A parsed filter. It holds no reference to the JSON it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    root: Node,
}

impl Filter {
    /// Parses a filter; `null` and `{}` match everything.
    ///
    /// `FILTER_OPERATOR_UNKNOWN` for an operator that does not exist; `SCOPE_INVALID` for a scope id that no memory
    /// can have; `FILTER_INVALID` for any other malformed part, for more than [`MAX_DEPTH`] levels, [`MAX_TESTS`]
    /// tests, [`MAX_OWNERS`] ids of owners, or [`MAX_VALUES`] tests and listed values.
    pub fn parse(filter: &Value) -> Result<Filter> {
        parse::parse(filter).map(|root| Filter { root })
    }

    /// Whether a memory matches.
    pub fn matches(&self, memory: &impl Fields) -> bool {
        let decided = self.root.decide(&|leaf| {
            Some(match leaf {
                Leaf::Scope(axis, test) => test.accepts(memory.scope(*axis).map(Datum::Text)),
                Leaf::Time(field, test) => test.accepts(memory.time(*field)),
                Leaf::Metadata(key, test) => test.accepts(memory.metadata(key).and_then(Datum::of)),
                Leaf::Text(field, test) => test.accepts(memory.text(*field).as_deref().map(Datum::Text)),
            })
        });
        decided == Some(true)
    }

    /// What the scope of a memory alone decides: `Some(false)` if no memory of this scope can match,
    /// `Some(true)` if every one does, `None` if it depends on the other fields.
    pub fn matches_scope(&self, scope: &Scope) -> Option<bool> {
        self.root.decide(&|leaf| match leaf {
            Leaf::Scope(axis, test) => Some(test.accepts(scope.get(*axis).map(Datum::Text))),
            _ => None,
        })
    }

    /// Whose memories the filter can match, as far as its scope ids tell. Every match lies within them.
    pub fn owners(&self) -> Owners {
        Owners::of(&self.root)
    }

    /// Whether it is the filter that matches everything without looking.
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Node::All(nodes) if nodes.is_empty())
    }
}

/// A filter's structure. `ne` and `nin` are parsed to the negation of `eq` and `in`.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf(Leaf),
}

/// A test of one field.
#[derive(Clone, Debug, PartialEq)]
enum Leaf {
    Scope(Axis, Test),
    Time(TimeField, TimeTest),
    Metadata(String, Test),
    Text(TextField, Test),
}

impl Node {
    /// Evaluates in Kleene's three-valued logic, where `None` is an unknown that later knowledge may decide.
    fn decide(&self, leaf: &impl Fn(&Leaf) -> Option<bool>) -> Option<bool> {
        match self {
            Node::Leaf(test) => leaf(test),
            Node::Not(node) => node.decide(leaf).map(|held| !held),
            Node::All(nodes) => Node::settle(nodes, leaf, false),
            Node::Any(nodes) => Node::settle(nodes, leaf, true),
        }
    }

    /// The first node that is `settling` decides; otherwise an unknown leaves the whole unknown.
    fn settle(nodes: &[Node], leaf: &impl Fn(&Leaf) -> Option<bool>, settling: bool) -> Option<bool> {
        let mut outcome = Some(!settling);
        for node in nodes {
            match node.decide(leaf) {
                Some(held) if held == settling => return Some(settling),
                Some(_) => {}
                None => outcome = None,
            }
        }
        outcome
    }

    /// How dear the evaluation is: siblings are tried from the cheapest on.
    fn cost(&self) -> u8 {
        match self {
            Node::Leaf(Leaf::Scope(..)) => 0,
            Node::Leaf(Leaf::Time(..)) => 1,
            Node::Leaf(Leaf::Metadata(..)) => 2,
            Node::Leaf(Leaf::Text(..)) => 3,
            Node::Not(node) => node.cost(),
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().map(Node::cost).max().unwrap_or(0),
        }
    }
}
