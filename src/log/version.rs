//! Versions: which commits someone holds, so that another one can tell what is missing.
//!
//! A version lists, for each partition and replica, the ranges of commit numbers that are there whole. Operations that are of
//! no such commit, because they are of before there were links or the rest of their commit has not come yet, are named by
//! one number for all of them together.

use std::cmp::Ordering;

use crate::bytes::{Reader, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::sorted::{order, sort};

use super::operation::Head;

/// The commits that someone holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// By partition, replica and number; ranges neither overlap nor touch.
    spans: Vec<Span>,
    /// The operations of a partition that are of no commit that is there whole, as one sum. Several of a partition: of
    /// several who hold some.
    older: Vec<(u128, u64)>,
}

/// A run of commits of one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The partition, by the number that its name is the hex digits of.
    pub partition: u128,
    /// The replica.
    pub replica: u64,
    /// The first commit.
    pub from: u64,
    /// The last one.
    pub to: u64,
}

impl Version {
    /// Nothing.
    pub fn new() -> Version {
        Version::default()
    }

    /// The runs of commits, in order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether a commit is held.
    pub fn holds(&self, partition: u128, replica: u64, number: u64) -> bool {
        let wanted = (partition, replica, number);
        let at = self.spans.partition_point(|span| (span.partition, span.replica, span.from) <= wanted);
        let span = at.checked_sub(1).map(|at| self.spans[at]);
        span.is_some_and(|span| (span.partition, span.replica) == (partition, replica) && number <= span.to)
    }

    /// Whether the operations of a partition are held that another version names by their sum.
    pub fn holds_sums(&self, partition: u128, of: &Version) -> bool {
        of.older.iter().filter(|sum| sum.0 == partition).all(|sum| self.older.contains(sum))
    }

    /// Adds operations to the sum of a partition.
    pub fn add_sum(&mut self, partition: u128, sum: u64) {
        let at = self.older.partition_point(|it| it.0 < partition);
        match self.older.get_mut(at).filter(|it| it.0 == partition) {
            Some(known) => known.1 = known.1.wrapping_add(sum),
            None if sum == 0 => {}
            None => self.older.insert(at, (partition, sum)),
        }
    }

    /// Adds what others hold; the sums of operations that are with each of them become one.
    #[cfg(any(feature = "objects", not(target_family = "wasm")))]
    pub fn unite(&mut self, others: Version) {
        self.spans.extend(others.spans);
        self.settle();
        let own = std::mem::take(&mut self.older);
        own.into_iter().chain(others.older).for_each(|(partition, sum)| self.add_sum(partition, sum));
    }

    /// What it says of the partitions whose names begin with these hex digits.
    #[cfg(any(feature = "objects", not(target_family = "wasm")))]
    pub fn only(&self, prefix: &str) -> Version {
        let bits = 4 * prefix.len().min(32) as u32;
        let digits = u128::from_str_radix(prefix, 16).unwrap_or(0);
        let first = digits.checked_shl(128 - bits).unwrap_or(0);
        let last = first | u128::MAX.checked_shr(bits).unwrap_or(0);
        let spans = self.spans.partition_point(|it| it.partition < first)
            ..self.spans.partition_point(|it| it.partition <= last);
        let is_within = |it: &&(u128, u64)| (first..=last).contains(&it.0);
        Version {
            spans: self.spans[spans].to_vec(),
            older: self.older.iter().filter(is_within).copied().collect(),
        }
    }

    /// Adds the stored form of a version, or of several one after the other. `STORE_CORRUPT` if it is none,
    /// `FORMAT_UNSUPPORTED` for one of a newer edgemem.
    pub fn read(&mut self, bytes: &[u8]) -> Result<()> {
        let mut input = Reader::new(bytes, "version");
        while !input.is_empty() {
            self.take(&mut input)?;
        }
        self.settle();
        Ok(())
    }

    /// Reads the version that comes next.
    pub fn read_next(input: &mut Reader<'_>) -> Result<Version> {
        let mut version = Version::new();
        version.take(input)?;
        version.settle();
        Ok(version)
    }

    fn take(&mut self, input: &mut Reader<'_>) -> Result<()> {
        match input.u8()? {
            FORMAT => {}
            2..16 => {
                let message = "a newer edgemem made this version; update this one";
                return Err(Error::new(ErrorKind::FormatUnsupported, message));
            }
            // Other texts than versions begin with any letter.
            _ => return Err(input.corrupt("it is of no format")),
        }
        for _ in 0..input.varint()? {
            let partition = input.u128()?;
            let sum = input.u64()?;
            if sum != 0 {
                self.older.push((partition, sum));
            }
            for _ in 0..input.varint()? {
                let (replica, from, more) = (input.u64()?, input.varint()?, input.varint()?);
                let to = from.checked_add(more).filter(|_| from > 0);
                let to = to.ok_or_else(|| input.corrupt("a range of commits is none"))?;
                self.spans.push(Span { partition, replica, from, to });
            }
        }
        Ok(())
    }

    /// The stored form, which has one sum for each partition: that of one holder.
    pub fn encode(&self) -> Vec<u8> {
        let (mut body, mut count) = (Writer::new(), 0);
        let (mut spans, mut older) = (&self.spans[..], &self.older[..]);
        // Both are in the order of partitions, and either may lack one.
        while let Some(partition) = first(spans).into_iter().chain(older.first().map(|it| it.0)).min() {
            count += 1;
            body.u128(partition);
            let sum = older.first().filter(|it| it.0 == partition).map_or(0, |it| it.1);
            body.u64(sum);
            older = &older[older.partition_point(|it| it.0 <= partition)..];
            let (here, rest) = spans.split_at(spans.partition_point(|span| span.partition <= partition));
            spans = rest;
            body.varint(here.len() as u64);
            for span in here {
                body.u64(span.replica);
                body.varint(span.from);
                body.varint(span.to - span.from);
            }
        }
        let mut out = Writer::new();
        out.u8(FORMAT);
        out.varint(count);
        out.raw(&body.finish());
        out.finish()
    }

    /// Adds a commit. Those that come in their order are joined as they come.
    fn add(&mut self, span: Span) {
        let is_next = self.spans.last().is_none_or(|last| by_place(last, &span).is_lt());
        match self.spans.last_mut().filter(|last| is_next && joins(last, &span)) {
            Some(last) => last.to = last.to.max(span.to),
            None => self.spans.push(span),
        }
        if !is_next {
            self.settle();
        }
    }

    /// Brings the runs into order and joins those that touch.
    fn settle(&mut self) {
        sort(&mut self.spans, by_place);
        self.spans.dedup_by(|next, span| {
            let joins = joins(span, next);
            if joins && next.to > span.to {
                span.to = next.to;
            }
            joins
        });
    }
}

/// Whether a run goes on with the next one, which begins no earlier.
fn joins(span: &Span, next: &Span) -> bool {
    (next.partition, next.replica) == (span.partition, span.replica) && next.from <= span.to.saturating_add(1)
}

fn first(spans: &[Span]) -> Option<u128> {
    spans.first().map(|span| span.partition)
}

/// One function for all sorting: each closure would bring its own copy of it.
fn by_place(a: &Span, b: &Span) -> Ordering {
    (a.partition, a.replica, a.from).cmp(&(b.partition, b.replica, b.from))
}

/// What is counted of one partition, to make its part of a version.
#[derive(Default)]
pub struct Tally {
    links: Vec<Linked>,
    older: u64,
}

/// An operation of a commit.
struct Linked {
    replica: u64,
    number: u64,
    /// How many operations the commit has, if this one tells; else 0.
    told: u64,
    mark: u64,
}

impl Tally {
    /// Counts an operation. Vectors do not count: every device makes its own.
    pub fn add(&mut self, head: &Head) {
        match head.link {
            Some(link) => {
                let told = link.first.map_or(0, |it| u64::from(it.count));
                self.count(head.replica, link.number, head.stamp.bits(), told);
            }
            None if head.is_vector() => {}
            None => self.older = self.older.wrapping_add(mark(head.replica, head.stamp.bits())),
        }
    }

    /// Counts an operation of a commit, by its replica, number and stamp. `told`: how many operations the commit has, if
    /// this one tells; else 0.
    pub fn count(&mut self, replica: u64, number: u64, stamp: u64, told: u64) {
        self.links.push(Linked { replica, number, told, mark: mark(replica, stamp) });
    }

    /// The sum of the operations without links; 0 if there are none.
    pub fn older(&self) -> u64 {
        self.older
    }

    /// Adds what is there to a version: the commits that are whole, and one sum of all else. To `begun` all commits of
    /// which there is something.
    pub fn add_to(&self, partition: u128, version: &mut Version, begun: Option<&mut Version>) {
        let rest = self.add_commits(partition, version, begun);
        version.add_sum(partition, self.older.wrapping_add(rest));
    }

    /// The same without the sum, but returns what the operations add to it whose commits were left out.
    pub fn add_commits(
        &self,
        partition: u128,
        version: &mut Version,
        mut begun: Option<&mut Version>,
    ) -> u64 {
        let mut rest: u64 = 0;
        let place = |it: &Linked| (it.replica, it.number);
        let by_place = order(self.links.len(), &|a, b| place(&self.links[a]).cmp(&place(&self.links[b])));
        let (mut sum, mut count, mut told) = (0u64, 0, 0);
        for (at, &index) in by_place.iter().enumerate() {
            let link = &self.links[index as usize];
            sum = sum.wrapping_add(link.mark);
            count += 1;
            told = link.told.max(told);
            let next = by_place.get(at + 1).map(|&next| place(&self.links[next as usize]));
            if next == Some(place(link)) {
                continue;
            }
            let Linked { replica, number, .. } = *link;
            let span = Span { partition, replica, from: number, to: number };
            if let Some(begun) = &mut begun {
                begun.add(span);
            }
            if told == count {
                version.add(span);
            } else {
                rest = rest.wrapping_add(sum);
            }
            (sum, count, told) = (0, 0, 0);
        }
        rest
    }
}

/// What an operation adds to a sum: not 0, so that none is not the same as one.
fn mark(replica: u64, stamp: u64) -> u64 {
    mixed(stamp ^ mixed(replica)).max(1)
}

/// Spreads the bits of a number (the finaliser of SplitMix64), so that sums of few numbers differ.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// The version of the stored form.
const FORMAT: u8 = 1;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        let span = (0u128..3, 0u64..3, 1u64..30, 0u64..5).prop_map(|(partition, replica, from, more)| Span {
            partition,
            replica,
            from,
            to: from + more,
        });
        prop::collection::vec(span, 0..12)
    }

    proptest! {
        #[test]
        fn a_union_holds_what_either_holds(some in spans(), more in spans(), older in prop::collection::vec((0u128..3, 1u64..9), 0..3)) {
            let mut every = BTreeSet::new();
            for span in some.iter().chain(&more) {
                every.extend((span.from..=span.to).map(|number| (span.partition, span.replica, number)));
            }
            let mut parts = [some, more].map(|spans| Version { spans, older: vec![] });
            parts.iter_mut().for_each(Version::settle);
            if let Some(&one) = older.first() {
                parts[1].older.push(one);
            }
            let mut union = Version::new();
            union.read(&[parts[0].encode(), parts[1].encode()].concat()).unwrap();
            for wanted in (0..3).flat_map(|p| (0..3).flat_map(move |r| (0..40).map(move |n| (p, r, n)))) {
                prop_assert_eq!(union.holds(wanted.0, wanted.1, wanted.2), every.contains(&wanted));
            }
            prop_assert!((0..3).all(|partition| union.holds_sums(partition, &parts[1])));
            let mut again = Version::new();
            again.read(&union.encode()).unwrap();
            prop_assert_eq!(again, union);
        }

        #[test]
        fn hostile_bytes_are_errors_or_versions(bytes: Vec<u8>) {
            let _ = Version::new().read(&[&[FORMAT][..], &bytes].concat());
        }
    }
}
