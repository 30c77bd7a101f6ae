//! Checkpoints: sealing the head, merging segments, dropping what they replace.
//!
//! A checkpoint is computed first and adopted only after the store has committed it.

use super::{Address, Engine, blob_name};
use crate::error::Result;
use crate::index::build::SegmentBuilder;
use crate::index::part::Part;
use crate::index::segment::Segment;
use crate::index::vectors::StoredVectors;
use crate::record::MemoryId;
use crate::sorted::sort;
use crate::time::Stamp;
use crate::vector::Vectors;

/// When the head is sealed and segments are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The head is sealed when it holds this many documents …
    pub documents: u32,
    /// … or about this many bytes.
    pub bytes: usize,
    /// So many segments of about one size are merged into one.
    pub fan_out: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { documents: 1024, bytes: 1 << 20, fan_out: 8 }
    }
}

/// A head with this many documents, or about so many bytes, is sealed when there is time for it.
const WORTH_SEALING: (u32, usize) = (64, 64 << 10);

/// A checkpoint that is ready to be committed.
pub struct Checkpoint {
    /// Blobs to write.
    pub put: Vec<(String, Vec<u8>)>,
    /// Keys of log entries that the blobs hold now.
    pub drop: Vec<String>,
    /// Blobs that are replaced.
    pub remove: Vec<String>,
    /// Whether what is dropped and removed holds erased memories, and must not stay readable.
    pub scrub: bool,
    part: Option<Part>,
    sources: Vec<usize>,
    /// Keys of entries that stay in the log.
    kept: Vec<String>,
}

impl Engine {
    /// The checkpoint that is due, if any. `stamp` and `replica` make the blob's name.
    pub fn checkpoint(&self, stamp: Stamp, replica: u64) -> Result<Option<Checkpoint>> {
        let head = &self.parts[0];
        let is_full = head.len() >= self.limits.documents || head.size() >= self.limits.bytes;
        if !is_full && !self.remains {
            return Ok(None);
        }
        let mut sources = if is_full { self.due_for_merge() } else { vec![] };
        if self.remains {
            sources.extend(self.parts_with_remains());
            sort(&mut sources, usize::cmp);
            sources.dedup();
        }
        sources.push(0);
        let checkpoint = self.seal(sources, &|_| true, stamp, replica)?;
        Ok(Some(Checkpoint { scrub: self.remains, ..checkpoint }))
    }

    /// The checkpoint of a head that is not full, but would take longer to index again than to open; for when there is
    /// time.
    pub fn compact(&self, stamp: Stamp, replica: u64) -> Result<Option<Checkpoint>> {
        // What is left of erased memories is sealed away by the checkpoint that scrubs.
        let head = &self.parts[0];
        let is_short = head.len() < WORTH_SEALING.0 && head.size() < WORTH_SEALING.1;
        if self.remains || is_short {
            return self.checkpoint(stamp, replica);
        }
        let mut sources = self.due_for_merge();
        sources.push(0);
        self.seal(sources, &|_| true, stamp, replica).map(Some)
    }

    /// The checkpoint that gives vectors of the token table to the first sealed part in which living memories
    /// lack them, if there is one.
    pub fn embed_sealed(&self, stamp: Stamp, replica: u64) -> Result<Option<Checkpoint>> {
        let lacks = |part: &Part| {
            let model = self.model.as_deref();
            (0..part.len()).any(|doc| part.is_remembered(doc) && !part.is_embedded(doc, model))
        };
        let lacking = (1..self.parts.len()).find(|&part| lacks(&self.parts[part]));
        lacking.map(|part| self.seal(vec![part, 0], &|_| true, stamp, replica)).transpose()
    }

    /// Sealed parts that are merged together with the head: the newest run of segments that are about as
    /// small as what is being built, once there are enough of them; and those that are mostly dead.
    fn due_for_merge(&self) -> Vec<usize> {
        let mut chosen = Vec::new();
        let mut documents = self.parts[0].living() as usize;
        let mut by_size: Vec<usize> = (1..self.parts.len()).collect();
        sort(&mut by_size, |&a, &b| self.parts[a].living().cmp(&self.parts[b].living()));
        let mut start = 0;
        while start < by_size.len() {
            let limit = documents.max(self.limits.documents as usize) * 2;
            let tier = by_size[start..]
                .iter()
                .take_while(|&&part| self.parts[part].living() as usize <= limit)
                .count();
            if tier + 1 < self.limits.fan_out {
                break;
            }
            for &part in &by_size[start..start + tier] {
                documents += self.parts[part].living() as usize;
                chosen.push(part);
            }
            start += tier;
        }
        chosen.extend((1..self.parts.len()).filter(|part| {
            let part = &self.parts[*part];
            part.living() * 2 < part.len()
        }));
        sort(&mut chosen, usize::cmp);
        chosen.dedup();
        chosen
    }

    /// Builds one segment from the live documents of these parts that are to be kept, oldest part first, the head last.
    pub(super) fn seal(
        &self,
        sources: Vec<usize>,
        keeps: &dyn Fn(MemoryId) -> bool,
        stamp: Stamp,
        replica: u64,
    ) -> Result<Checkpoint> {
        let mut builder = SegmentBuilder::default();
        // Without an embedder, vectors are kept for when one is configured again.
        let held = || sources.iter().find_map(|&source| self.parts[source].model());
        let model = self.model.as_deref().or_else(held);
        let mut vectors: Option<Vectors> = None;
        let mut row_of = Vec::new();
        for &source in &sources {
            let part = &self.parts[source];
            let taken = builder.add(part, |doc| part.is_alive(doc) && keeps(part.id(doc)))?;
            for doc in taken {
                let made;
                let vector = match stored_vector(part, doc, model) {
                    Some(stored) => Some(stored),
                    None => {
                        made = self.own_vector(&self.read(Address { part: source as u32, doc })?);
                        made.as_ref().map(|(_, codes, scale)| (codes.as_slice(), *scale))
                    }
                };
                row_of.push(match vector {
                    Some((codes, scale)) => {
                        let vectors = match &mut vectors {
                            Some(vectors) => vectors,
                            empty => empty.insert(Vectors::new(codes.len())?),
                        };
                        // Rows of one model have one length.
                        vectors.push_row(codes, scale)? as u32
                    }
                    None => crate::index::head::NO_ROW,
                });
            }
        }
        let orphaned = self.orphans.values().flatten();
        let kept: Vec<String> = orphaned.map(super::Operation::key).collect();
        let drop = self.entries.iter().filter(|key| !kept.contains(key)).cloned().collect();
        let remove = sources.iter().filter_map(|&source| self.parts[source].name());
        let remove_vectors = sources.iter().filter_map(|&source| self.parts[source].vectors_name());
        let remove = remove.chain(remove_vectors).map(str::to_owned).collect();
        let mut checkpoint =
            Checkpoint { put: vec![], drop, remove, scrub: false, part: None, sources, kept };
        if builder.is_empty() {
            return Ok(checkpoint);
        }
        let name = blob_name('s', stamp, replica);
        let bytes = builder.finish()?;
        let stored = match (vectors, model) {
            (Some(vectors), Some(model)) => {
                let name = format!("v{}", &name[1..]);
                Some(StoredVectors::new(name, model.to_owned(), vectors, row_of))
            }
            _ => None,
        };
        checkpoint.put.push((name.clone(), bytes.clone()));
        let stored = match stored {
            Some(stored) => {
                let block = stored.encode();
                // Read back: growing left it up to twice as large in memory as it is in the block.
                let exact = StoredVectors::decode(stored.name.clone(), &block)?;
                checkpoint.put.push((stored.name, block));
                Some(exact)
            }
            None => None,
        };
        checkpoint.part = Some(Part::sealed(name, Segment::mount(bytes)?, stored));
        Ok(checkpoint)
    }

    /// Takes in a checkpoint after it was committed.
    pub fn adopt(&mut self, checkpoint: Checkpoint) {
        self.entries = checkpoint.kept.into_iter().collect();
        if checkpoint.scrub {
            self.remains = false;
            self.vocabulary.take();
        }
        self.layout.take();
        self.versions.take();
        for &source in checkpoint.sources.iter().rev().filter(|&&source| source != 0) {
            self.parts.remove(source);
        }
        self.parts[0] = Part::head();
        self.head_ids.clear();
        if let Some(part) = checkpoint.part {
            self.parts.push(part);
        }
    }
}

fn stored_vector<'a>(part: &'a Part, doc: u32, model: Option<&str>) -> Option<(&'a [i8], f32)> {
    let row = part.row_of(doc)?;
    part.vectors(model?)?.row(row as usize)
}
