//! Checkpoints: sealing the head, merging segments, dropping what they replace.
//!
//! A checkpoint is computed first and adopted only after the store has committed it.

use std::ops::Range;

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
    /// The head is sealed when it holds this many documents, or in a large partition more …
    pub documents: u32,
    /// … or about this many bytes.
    pub bytes: usize,
    /// So many segments of about one size are merged into one; and at once those that hold no more than so many heads.
    pub fan_out: usize,
    /// A segment takes about this many bytes at most, with its vectors, unless a single memory takes more. Hosts take no
    /// larger values than some (25 MiB in KV), and what writes a segment holds it several times over while it does.
    pub segment: usize,
}

impl Default for Limits {
    /// 128 documents, for all stores. Whoever opens a partition reads its log entry by entry, each of which is a row in D1, and
    /// indexes and embeds them anew, which takes ten times as long as to read them from a segment: up to a thousand memories
    /// that were added one by one open in less than half the time that they take with a head of 1,024, and D1 reads some 70 rows
    /// for it, not some 500. Against that, a checkpoint is six rows of D1 or five operations of KV: 4.05 rows are written for an
    /// add and not 4.01, 2.04 keys and not 2.00. With ten adds to an opening the rows cost as much as with 1,024, and half a
    /// percent more than with 256, with which the head takes twice as long to open. Adding takes 5 % more time one by one, 15 % in
    /// hundreds.
    fn default() -> Self {
        Limits { documents: 128, bytes: 1 << 20, fan_out: 8, segment: 8 << 20 }
    }
}

/// One document in so many that are sealed may be in the head, if that is more than its limit: it hardly counts where much is
/// opened, and whoever else has the partition in memory reads all of it again after each checkpoint.
const SHARE: u32 = 32;

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
    parts: Vec<Part>,
    sources: Vec<usize>,
    /// Keys of entries that stay in the log.
    kept: Vec<String>,
}

impl Engine {
    /// The checkpoint that is due, if any. `stamp` and `replica` make the blob's name.
    pub fn checkpoint(&self, stamp: Stamp, replica: u64) -> Result<Option<Checkpoint>> {
        let head = &self.parts[0];
        let is_full = head.len() >= self.head_limit() || head.size() >= self.limits.bytes;
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

    /// How many documents the head may hold, no more than a small segment.
    fn head_limit(&self) -> u32 {
        let sealed: u32 = self.parts[1..].iter().map(Part::living).sum();
        (sealed / SHARE).min(self.small()).max(self.limits.documents)
    }

    /// How many documents a segment holds that is merged with others whenever there is room: those of so many heads.
    fn small(&self) -> u32 {
        self.limits.documents.saturating_mul(self.limits.fan_out as u32)
    }

    /// About how many bytes of a part are alive.
    fn weight(&self, part: usize) -> usize {
        let part = &self.parts[part];
        (part.size() as u64 * u64::from(part.living()) / u64::from(part.len().max(1))) as usize
    }

    /// Sealed parts that are merged together with the head: the newest run of segments that are about as
    /// small as what is being built, once there are enough of them, or at once as long as all of it is small; and those that are mostly dead. No more of them than
    /// one segment holds, and none that is more than half of one: it is as large as segments become.
    fn due_for_merge(&self) -> Vec<usize> {
        let mut chosen = Vec::new();
        let mut room = self.limits.segment.saturating_sub(self.weight(0));
        let mut fits = |part: usize| {
            let fits = self.weight(part) <= room;
            room -= if fits { self.weight(part) } else { 0 };
            fits
        };
        let mut documents = self.parts[0].living() as usize;
        let mut by_size: Vec<usize> = (1..self.parts.len()).collect();
        by_size.retain(|&part| self.weight(part) <= self.limits.segment / 2);
        sort(&mut by_size, |&a, &b| self.parts[a].living().cmp(&self.parts[b].living()));
        let mut start = 0;
        // Small ones are merged at once: to write them again is less than to read many when the partition is opened.
        while let Some(&part) = by_size.get(start) {
            let sum = documents + self.parts[part].living() as usize;
            if sum > self.small() as usize || self.weight(part) > self.limits.bytes || !fits(part) {
                break;
            }
            documents = sum;
            chosen.push(part);
            start += 1;
        }
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
                if fits(part) {
                    documents += self.parts[part].living() as usize;
                    chosen.push(part);
                }
            }
            start += tier;
        }
        for (index, part) in self.parts.iter().enumerate().skip(1) {
            if part.living() * 2 < part.len() && !chosen.contains(&index) && fits(index) {
                chosen.push(index);
            }
        }
        sort(&mut chosen, usize::cmp);
        chosen
    }

    /// What goes into each of the segments that are made of these parts: parts, and ranges of their documents.
    fn shares(&self, sources: &[usize]) -> Vec<Vec<(usize, Range<u32>)>> {
        let mut shares = vec![vec![]];
        let mut filled = 0;
        for &source in sources {
            let (weight, len) = (self.weight(source), self.parts[source].len());
            let pieces = weight.div_ceil(self.limits.segment.max(1)).max(1);
            let step = len.div_ceil(pieces as u32).max(1);
            for from in (0..len).step_by(step as usize) {
                if filled > 0 && filled + weight / pieces > self.limits.segment {
                    shares.push(vec![]);
                    filled = 0;
                }
                filled += weight / pieces;
                if let Some(last) = shares.last_mut() {
                    last.push((source, from..len.min(from + step)));
                }
            }
        }
        shares
    }

    /// Builds segments from the live documents of these parts that are to be kept, oldest part first, the head last:
    /// one, unless that would be too large.
    pub(super) fn seal(
        &self,
        sources: Vec<usize>,
        keeps: &dyn Fn(MemoryId) -> bool,
        stamp: Stamp,
        replica: u64,
    ) -> Result<Checkpoint> {
        // Without an embedder, vectors are kept for when one is configured again.
        let held = || sources.iter().find_map(|&source| self.parts[source].model());
        let model = self.model.as_deref().or_else(held);
        let orphaned = self.orphans.values().flatten();
        let kept: Vec<String> = orphaned.map(super::Operation::key).collect();
        let drop = self.entries.iter().filter(|key| !kept.contains(key)).cloned().collect();
        let remove = sources.iter().filter_map(|&source| self.parts[source].name());
        let remove_vectors = sources.iter().filter_map(|&source| self.parts[source].vectors_name());
        let remove = remove.chain(remove_vectors).map(str::to_owned).collect();
        let (mut put, mut parts) = (vec![], vec![]);
        for share in self.shares(&sources) {
            let mut name = blob_name('s', stamp, replica);
            if !parts.is_empty() {
                name.push('-');
                name.push_str(&parts.len().to_string());
            }
            parts.extend(self.segment(name, &share, keeps, model, &mut put)?);
        }
        Ok(Checkpoint { put, drop, remove, scrub: false, parts, sources, kept })
    }

    /// Builds the segment of this name from what of these documents is to be kept, and puts its blobs into `put`; `None`
    /// if that is nothing.
    fn segment(
        &self,
        name: String,
        share: &[(usize, Range<u32>)],
        keeps: &dyn Fn(MemoryId) -> bool,
        model: Option<&str>,
        put: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<Option<Part>> {
        let mut builder = SegmentBuilder::default();
        let mut vectors: Option<Vectors> = None;
        let mut row_of = Vec::new();
        for (source, docs) in share {
            let part = &self.parts[*source];
            let taken =
                builder.add(part, |doc| docs.contains(&doc) && part.is_alive(doc) && keeps(part.id(doc)))?;
            for doc in taken {
                let made;
                let vector = match stored_vector(part, doc, model) {
                    Some(stored) => Some(stored),
                    None => {
                        made = self.own_vector(&self.read(Address { part: *source as u32, doc })?);
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
        if builder.is_empty() {
            return Ok(None);
        }
        let bytes = builder.finish()?;
        put.push((name.clone(), bytes.clone()));
        let stored = match (vectors, model) {
            (Some(vectors), Some(model)) => {
                let name = format!("v{}", &name[1..]);
                let block = StoredVectors::new(name.clone(), model.to_owned(), vectors, row_of).encode();
                // Read back: growing left it up to twice as large in memory as it is in the block.
                let exact = StoredVectors::decode(name.clone(), &block)?;
                put.push((name, block));
                Some(exact)
            }
            _ => None,
        };
        Ok(Some(Part::sealed(name, Segment::mount(bytes)?, stored)))
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
        self.parts.extend(checkpoint.parts);
    }
}

fn stored_vector<'a>(part: &'a Part, doc: u32, model: Option<&str>) -> Option<(&'a [i8], f32)> {
    let row = part.row_of(doc)?;
    part.vectors(model?)?.row(row as usize)
}
