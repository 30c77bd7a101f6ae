//! Checking a log: whether every commit of every replica is there, unchanged and in its place.
//!
//! It is read from the store, not from what is in memory. A commit's digest is in the replica's next commit, so what
//! the newest commit of a replica says is covered by the next one only.

use super::Memory;
use super::exchange::one_owner;
use crate::bytes::{Writer, hex};
use crate::engine::Engine;
use crate::error::Result;
use crate::log::{First, Operation, Span, Sum, Version};
use crate::record::MemoryId;
use crate::scope::Scope;
use crate::sorted::sort;
use crate::text::Digest;
use crate::time::Stamp;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verified {
    /// How many partitions were read.
    pub partitions: usize,
    /// How many commits their operations make.
    pub commits: u64,
    /// How many operations there are; vectors are none.
    pub operations: u64,
    /// How many of them were written before there were links, and cannot be checked.
    pub unlinked: u64,
    /// How many have been erased, but that they were there.
    pub erased: u64,
    /// A digest of all that is linked: two stores that hold the same commits have the same one. It is the sum of those of
    /// the partitions, whatever store each of them is in.
    pub digest: u128,
    /// What is wrong; the first hundred.
    pub problems: Vec<Problem>,
}

/// Something that is wrong with a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The partition.
    pub partition: String,
    /// The replica that made the commit; 0 if the partition cannot be read.
    pub replica: u64,
    /// The commit's number; 0 if the partition cannot be read.
    pub commit: u64,
    /// What is wrong.
    pub what: Fault,
    /// In words, if there is more to say.
    pub detail: Option<String>,
}

/// What can be wrong with a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It, or an operation of it, is not there.
    Missing,
    /// It is not what it was when the next one was made.
    Changed,
    /// It is not in the place in which it was made.
    Reordered,
    /// The partition's bytes cannot be read.
    Damaged,
}

impl Fault {
    /// As a word: `missing`, `changed`, `reordered`, `damaged`.
    pub fn name(self) -> &'static str {
        ["missing", "changed", "reordered", "damaged"][self as usize]
    }
}

/// The most problems that are told.
pub(super) const MAX_PROBLEMS: usize = 100;

/// An operation, as the check looks at it.
pub(super) struct Linked {
    pub replica: u64,
    pub number: u64,
    pub stamp: Stamp,
    pub id: MemoryId,
    pub digest: Digest,
    pub first: Option<First>,
}

impl Memory {
    /// Reads the log of one owner or of all from the store and checks it. `held` names commits that were there once and
    /// have to be there still: nothing else shows that the newest ones are missing.
    ///
    /// Errors: `SCOPE_INVALID` for a scope of more than one id, `FORMAT_UNSUPPORTED`, and the `STORE_…` codes but
    /// `STORE_CORRUPT`, which is a problem that is told.
    pub async fn verify(&self, scope: &Scope, held: &Version) -> Result<Verified> {
        let partitions = self.partitions()?;
        let mut verified = Verified::default();
        let names = one_owner(scope)?;
        let is_whole = names.is_none();
        let mut lost: Vec<&Span> = held.spans().iter().collect();
        let mut look = |name: &str, engine: Result<&Engine>| {
            verified.partitions += 1;
            lost.retain(|span| hex(&span.partition.to_be_bytes()) != name);
            match engine {
                Ok(engine) => {
                    let mut linked = Vec::new();
                    collect(engine, &mut verified, &mut linked)?;
                    check(name, &mut linked, held, &mut verified);
                }
                Err(error) => verified.find(name, 0, 0, Fault::Damaged, Some(error.message().to_owned())),
            }
            Ok(true)
        };
        partitions.visit(names, "", true, &mut look).await?;
        for span in lost.iter().filter(|_| is_whole) {
            let name = hex(&span.partition.to_be_bytes());
            verified.find(&name, span.replica, span.from, Fault::Missing, several(span.from, span.to));
        }
        Ok(verified)
    }
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn find(
        &mut self,
        partition: &str,
        replica: u64,
        commit: u64,
        what: Fault,
        detail: Option<String>,
    ) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { partition: partition.to_owned(), replica, commit, what, detail });
        }
    }
}

/// Counts the operations of a partition and collects those with links.
pub(super) fn collect(engine: &Engine, verified: &mut Verified, linked: &mut Vec<Linked>) -> Result<()> {
    engine.for_each_stored(&mut |head, bytes| {
        verified.operations += u64::from(!head.is_vector());
        verified.erased += u64::from(head.is_stub());
        match head.link {
            None => verified.unlinked += u64::from(!head.is_vector()),
            Some(link) => linked.push(Linked {
                replica: head.replica,
                number: link.number,
                stamp: head.stamp,
                id: head.id,
                digest: Operation::decode(bytes)?.digest(),
                first: link.first,
            }),
        }
        Ok(())
    })
}

/// Checks all operations of a partition that have links.
pub(super) fn check(name: &str, linked: &mut [Linked], held: &Version, verified: &mut Verified) {
    let key = |it: &Linked| (it.replica, it.number, it.stamp);
    sort(linked, |a, b| key(a).cmp(&key(b)));
    let mut digests = Writer::new();
    for chain in linked.chunk_by(|a, b| a.replica == b.replica) {
        check_chain(name, chain, verified, &mut digests);
    }
    if !digests.is_empty() {
        let digest = Digest::of(&[b"log", &digests.finish()]);
        verified.digest = verified.digest.wrapping_add(u128::from_be_bytes(digest.0));
    }
    for span in held.spans().iter().filter(|span| hex(&span.partition.to_be_bytes()) == name) {
        let has = |commit| {
            linked.binary_search_by(|it| (it.replica, it.number).cmp(&(span.replica, commit))).is_ok()
        };
        // A missing commit in the middle of a chain was found already.
        let end =
            linked.iter().filter(|it| it.replica == span.replica).map(|it| it.number).max().unwrap_or(0);
        if let Some(lost) = (span.from.max(end + 1)..=span.to).find(|&commit| !has(commit)) {
            verified.find(name, span.replica, lost, Fault::Missing, several(lost, span.to));
        }
    }
}

/// Follows the commits of one replica.
fn check_chain(name: &str, chain: &[Linked], verified: &mut Verified, digests: &mut Writer) {
    let replica = chain[0].replica;
    let mut next = 1;
    // The digest of the commit before, if it is there whole and in its place.
    let mut before = Some(Digest([0; 16]));
    let commits: Vec<&[Linked]> = chain.chunk_by(|a, b| a.number == b.number).collect();
    let ends = |at: usize| commits.get(at).map(|it| (it[0].stamp, it[it.len() - 1].stamp));
    for (at, commit) in commits.iter().enumerate() {
        let number = commit[0].number;
        verified.commits += 1;
        if number > next {
            verified.find(name, replica, next, Fault::Missing, several(next, number - 1));
            before = None;
        }
        next = number + 1;
        // Later commits have later stamps: of two that have not, both are where they do not belong.
        let follows = |first: usize| ends(first).zip(ends(first + 1)).is_none_or(|(a, b)| a.1 < b.0);
        let is_placed = follows(at) && (at == 0 || follows(at - 1));
        let told = commit[0].first.filter(|first| first.count as usize == commit.len());
        let is_alone = commit[1..].iter().all(|it| it.first.is_none());
        let (Some(first), true, true) = (told, is_alone, is_placed) else {
            let fewer = commit[0].first.is_none_or(|first| first.count as usize > commit.len());
            let what = match (is_placed, fewer && is_alone) {
                (false, _) => Fault::Reordered,
                (true, true) => Fault::Missing,
                (true, false) => Fault::Changed,
            };
            verified.find(name, replica, number, what, None);
            before = None;
            continue;
        };
        if before.is_some_and(|before| before != first.before) {
            // Nothing comes before the first commit, so it is the one that is not what it was.
            verified.find(name, replica, (number - 1).max(1), Fault::Changed, None);
        }
        let mut sum = Sum::new(name, replica, number, first.before);
        commit.iter().for_each(|it| sum.add(it.stamp, it.id, it.digest));
        let digest = sum.finish();
        digests.raw(&digest.0);
        before = Some(digest);
    }
}

/// Words for a run of commits that are missing.
fn several(from: u64, to: u64) -> Option<String> {
    (to > from).then(|| format!("and all up to {to}"))
}
