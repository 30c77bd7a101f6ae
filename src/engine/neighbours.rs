//! What was said right before a memory: often the question that it answers.

use super::layout::NOWHERE;
use super::sight::{Sight, Turns};
use super::{Address, Engine};
use crate::error::Result;
use crate::record::{MemoryId, Record};

impl Engine {
    /// What was said right before each of these memories, as far as the request may see it.
    pub fn preceding(&self, ids: &[MemoryId], sight: &Sight<'_>) -> Result<Vec<(MemoryId, Record)>> {
        let read = |(id, address)| Ok((id, self.read(address)?));
        self.preceding_at(ids, sight)?.into_iter().map(read).collect()
    }

    /// As [`preceding`](Self::preceding), where that is.
    pub(super) fn preceding_at(
        &self,
        ids: &[MemoryId],
        sight: &Sight<'_>,
    ) -> Result<Vec<(MemoryId, Address)>> {
        let mut found = Vec::new();
        if ids.iter().any(|&id| self.locate(id).is_some()) {
            let seen = sight.turns(self, self.layout())?;
            for &id in ids {
                found.extend(self.before(id, sight, &seen)?.map(|before| (id, before)));
            }
        }
        Ok(found)
    }

    /// The turn of the same conversation that is numbered one less, if the request may see it.
    ///
    /// It must pass everything that a result must pass: scope, expiry, whether it holds, and filter. `None` also if that turn was deleted
    /// or hidden: what was said earlier still is not what the memory goes on from.
    fn before(&self, id: MemoryId, sight: &Sight<'_>, seen: &Turns) -> Result<Option<Address>> {
        let Some(address) = self.locate(id) else { return Ok(None) };
        let layout = self.layout();
        let statement = layout.positions(address.part as usize)[address.doc as usize];
        if statement == NOWHERE {
            return Ok(None);
        }
        let turn = layout.turn_of(statement as usize);
        let (conversation, number) = (layout.conversations[turn], layout.sequences[turn]);
        // Devices that knew nothing of each other may have given out one number twice.
        let before = (0..turn)
            .rev()
            .take_while(|&before| layout.conversations[before] == conversation)
            .find(|&before| layout.sequences[before] != number);
        let before = before.filter(|&before| layout.sequences[before] + 1 == number);
        let before = match layout.statements(turn).start == statement as usize {
            true => before.map(|before| layout.statements(before).end - 1),
            false => Some(statement as usize - 1),
        };
        let Some(before) = before else { return Ok(None) };
        if !seen.holds(before as u32) {
            return Ok(None);
        }
        let address = layout.addresses[before];
        Ok(sight.accepts(|| self.read(address))?.then_some(address))
    }
}
