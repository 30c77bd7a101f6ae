//! Whose memories a partition holds: each id that they carry, with how many there are of it.

use super::{Engine, Shown, Sight};
use crate::error::Result;
use crate::scope::Axis;
use crate::time::Timestamp;

/// An id that memories carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Owner {
    /// What kind of id.
    pub axis: Axis,
    /// The id.
    pub id: String,
    /// How many memories carry it, of those that a list would show now.
    pub memories: usize,
    /// When the first and when the last of them was said.
    pub said: (Timestamp, Timestamp),
}

impl Engine {
    /// The ids that memories carry which hold at this time, in no order.
    pub fn owners(&self, now: Timestamp) -> Result<Vec<Owner>> {
        let sight = Sight { today: Some(now.day()), shown: Shown::Current(now), ..Sight::default() };
        let mut owners: Vec<Owner> = Vec::new();
        for (_, address) in self.list(&sight)? {
            let part = &self.parts[address.part as usize];
            let (scope, _) = part.visibility(address.doc);
            let said = Timestamp::clamped(part.columns(address.doc).timestamp);
            let Some(scope) = part.tables().scopes.get(scope) else { continue };
            for (axis, id) in scope.ids() {
                // From the last one on: neighbours mostly have the same owner, and a partition has few.
                match owners.iter_mut().rev().find(|it| it.axis == axis && it.id == id) {
                    Some(owner) => {
                        owner.memories += 1;
                        owner.said = (owner.said.0.min(said), owner.said.1.max(said));
                    }
                    None => owners.push(Owner { axis, id: id.to_owned(), memories: 1, said: (said, said) }),
                }
            }
        }
        Ok(owners)
    }
}
