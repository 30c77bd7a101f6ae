//! Moving memories to another place: out with all their operations, in there, and then gone from here without a trace.
//!
//! Each step can be repeated: operations that a place has change nothing, and what is gone is gone. So whoever moves may
//! be cut short anywhere; between the second and the third step the memory is in both places.

use super::{Checkpoint, Engine, Plan, decode_record};
use crate::error::Result;
use crate::log::Change;
use crate::record::MemoryId;
use crate::scope::Scope;
use crate::sorted::sort;
use crate::text::{Digest, text_digest};
use crate::time::{Stamp, Timestamp};

use super::conversations::shown;

/// A memory on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Moving {
    /// Its id.
    pub id: MemoryId,
    /// Which place it belongs to.
    pub to: u32,
    /// Its operations, as they are stored.
    pub record: Vec<u8>,
    /// Its vector, if it has one of an embedder: model, codes, scale.
    pub vector: Option<(String, Vec<i8>, f32)>,
}

impl Moving {
    /// What tells whether anything has happened to it since.
    pub fn digest(&self) -> Digest {
        Digest::of(&[&self.record])
    }
}

/// Tells the place that a memory belongs to, from its scope, the conversation that its caller named, and when it was said.
pub type Home<'a> = &'a dyn Fn(&Scope, Option<&str>, Timestamp) -> u32;

impl Engine {
    /// Memories that belong elsewhere than `here`, deleted and erased ones too: some of up to about `bytes`, and how many
    /// there are in all. Those of the oldest part first, because each part that loses any is written anew.
    pub fn misplaced(&self, here: u32, home: Home<'_>, bytes: usize) -> Result<(Vec<Moving>, usize)> {
        let (mut found, mut total, mut size) = (Vec::new(), 0, 0);
        let no_one = Scope::new();
        for index in (1..self.parts.len()).chain([0]) {
            let part = &self.parts[index];
            let tables = part.tables();
            for doc in (0..part.len()).filter(|&doc| part.is_alive(doc)) {
                let columns = part.columns(doc);
                let scope = tables.scopes.get(columns.scope).unwrap_or(&no_one);
                let conversation = tables.conversations.get(columns.conversation);
                let conversation = conversation.and_then(|it| shown(it));
                let to = home(scope, conversation, Timestamp::clamped(columns.timestamp));
                if to == here {
                    continue;
                }
                total += 1;
                if size < bytes {
                    let record = part.record(doc).to_vec();
                    let of_embedder = part.model().filter(|_| !self.embeds_itself());
                    let row = part.row_of(doc).zip(of_embedder);
                    let row =
                        row.and_then(|(row, model)| Some((model, part.vectors(model)?.row(row as usize)?)));
                    let vector = row.map(|(model, (codes, scale))| (model.to_owned(), codes.to_vec(), scale));
                    size += record.len() + vector.as_ref().map_or(0, |(_, codes, _)| codes.len());
                    found.push(Moving { id: part.id(doc), to, record, vector });
                }
            }
        }
        Ok((found, total))
    }

    /// The checkpoint that leaves these memories out, as far as nothing has happened to them since their records had these
    /// digests; `None` if that is none of them.
    pub fn without(
        &self,
        gone: &[(MemoryId, Digest)],
        stamp: Stamp,
        replica: u64,
    ) -> Result<Option<Checkpoint>> {
        let mut ids: Vec<MemoryId> = Vec::new();
        for &(id, digest) in gone {
            let Some(at) = self.locate(id) else { continue };
            if Digest::of(&[self.parts[at.part as usize].record(at.doc)]) == digest {
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return Ok(None);
        }
        sort(&mut ids, MemoryId::cmp);
        // Older states of them too: they would count again with the newest gone.
        let holds = |part: &usize| ids.iter().any(|&id| self.parts[*part].find_sealed(id).is_some());
        let mut sources: Vec<usize> = (1..self.parts.len()).filter(holds).collect();
        sources.push(0);
        self.seal(sources, &|id| ids.binary_search(&id).is_err(), stamp, replica).map(Some)
    }
}

impl Plan<'_> {
    /// Takes in a memory that comes from elsewhere; tells whether that is any news.
    pub fn take_in(&mut self, moving: &Moving) -> Result<bool> {
        let mut is_news = false;
        for operation in decode_record(&moving.record)? {
            is_news |= operation.id == moving.id && self.adopt(&operation)?;
        }
        if let (Some((model, codes, scale)), true) = (&moving.vector, is_news)
            && let Some(folded) = self.folded(moving.id)?.filter(|folded| !folded.record.erased)
        {
            let (text, model, codes) = (text_digest(&folded.record.text), model.clone(), codes.clone());
            self.push(moving.id, Change::Embed { text, model, codes, scale: *scale });
        }
        Ok(is_news)
    }
}
