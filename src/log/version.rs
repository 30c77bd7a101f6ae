//! Versions: which commits someone holds, so that another one can tell what is missing.
//!
//! A version lists, for each partition and replica, the ranges of commit numbers that are there whole. Operations of
//! before there were links are named by one number for all of them together.

use std::cmp::Ordering;

use crate::bytes::{Reader, Writer};
use crate::error::Result;
use crate::sorted::sort;

use super::operation::Head;

/// The commits that someone holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// By partition, replica and number; ranges neither overlap nor touch.
    spans: Vec<Span>,
    /// The operations without links of a partition, as one sum. Several of a partition: of several who hold some.
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

    /// Whether the operations without links of this sum are held.
    pub fn holds_older(&self, partition: u128, sum: u64) -> bool {
        sum == 0 || self.older.contains(&(partition, sum))
    }

    /// The commits of some partitions alone; of operations without links nothing.
    pub fn only(&self, of: &dyn Fn(u128) -> bool) -> Version {
        let spans = self.spans.iter().filter(|span| of(span.partition)).copied().collect();
        Version { spans, older: vec![] }
    }

    /// Adds the stored form of a version, or of several one after the other. `STORE_CORRUPT` if it is none.
    pub fn read(&mut self, bytes: &[u8]) -> Result<()> {
        let mut input = Reader::new(bytes, "version");
        while !input.is_empty() {
            if input.u8()? != FORMAT {
                return Err(input.corrupt("it is of another format"));
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
        }
        self.settle();
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

    /// Brings the runs into order and joins those that touch.
    fn settle(&mut self) {
        sort(&mut self.spans, by_place);
        self.spans.dedup_by(|next, span| {
            let joins = (next.partition, next.replica) == (span.partition, span.replica)
                && next.from <= span.to.saturating_add(1);
            if joins && next.to > span.to {
                span.to = next.to;
            }
            joins
        });
    }
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
    /// The commit of each operation, from its number to how many operations it has, where that is told.
    links: Vec<Span>,
    older: u64,
}

impl Tally {
    /// Counts an operation. Vectors do not count: every device makes its own.
    pub fn add(&mut self, head: &Head) {
        match head.link {
            Some(link) => {
                self.count(head.replica, link.number, link.first.map_or(0, |it| u64::from(it.count)));
            }
            None if head.is_vector() => {}
            None => {
                self.older = self.older.wrapping_add(mixed(head.stamp.bits() ^ mixed(head.replica)).max(1))
            }
        }
    }

    /// Counts an operation of a commit. `told`: how many the commit has, if this one tells; else 0.
    pub fn count(&mut self, replica: u64, number: u64, told: u64) {
        self.links.push(Span { partition: 0, replica, from: number, to: told });
    }

    /// The sum of the operations without links; 0 if there are none.
    pub fn older(&self) -> u64 {
        self.older
    }

    /// Adds the commits that are there whole to a version.
    pub fn add_to(mut self, partition: u128, version: &mut Version) {
        if self.older != 0 {
            version.older.push((partition, self.older));
        }
        sort(&mut self.links, by_place);
        for commit in self.links.chunk_by(|a, b| by_place(a, b).is_eq()) {
            if commit.iter().any(|link| link.to == commit.len() as u64) {
                let Span { replica, from, .. } = commit[0];
                version.spans.push(Span { partition, replica, from, to: from });
            }
        }
        version.settle();
    }
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
            prop_assert!(older.first().is_none_or(|&(partition, sum)| union.holds_older(partition, sum)));
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
