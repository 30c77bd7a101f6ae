//! Links: what makes a log checkable, and what devices name when they tell each other what they hold.
//!
//! The operations of one commit carry its number, counted by the replica that made it; the first of them says how many
//! there are and the digest of that replica's commit before. So (replica, number) names a commit for ever, wherever
//! it is copied to, a gap in the numbers is a missing commit, and what was changed no longer fits the digest that
//! comes after it.
//!
//! A digest must not let anyone test what an erased text said. So each operation is digested with a salt of its own,
//! and when it is erased the salt goes too: the digest stays in its place, and the chain can still be followed.

use super::operation::{Change, Operation};
use crate::bytes::{Reader, Writer};
use crate::error::Result;
use crate::record::MemoryId;
use crate::text::Digest;
use crate::time::Stamp;

/// Where an operation is in the chain of commits of its replica, in one partition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// The number of its commit, from 1.
    pub number: u64,
    /// The salt of its digest; of a stub, whose content was erased with the salt, the digest itself.
    pub seal: [u8; 16],
    /// What the first operation of a commit, in the order of stamps, tells of the commit.
    pub first: Option<First>,
}

/// A commit, as its first operation tells of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct First {
    /// How many operations it has.
    pub count: u32,
    /// The digest of the replica's commit before; all zero for the first.
    pub before: Digest,
}

/// Where the chain of a replica ends: its newest commit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chain {
    /// The replica.
    pub replica: u64,
    /// The number of its newest commit; 0 before the first.
    pub number: u64,
    /// The digest of that commit.
    pub digest: Digest,
}

impl Chain {
    /// The chain of a replica that has committed nothing yet.
    pub fn new(replica: u64) -> Chain {
        Chain { replica, number: 0, digest: Digest([0; 16]) }
    }

    /// Makes one commit of the operations of this replica that have no link: all but vectors, which every device makes
    /// for itself. `seed` is random; the salts follow from it. Returns where the chain ends then.
    pub fn extend(self, partition: &str, operations: &mut [Operation], seed: u128) -> Chain {
        let mut own: Vec<&mut Operation> = operations.iter_mut().filter(|op| self.takes(op)).collect();
        let (number, count) = (self.number + 1, own.len() as u32);
        if count == 0 {
            return self;
        }
        let mut sum = Sum::new(partition, self.replica, number, self.digest);
        for (at, operation) in own.iter_mut().enumerate() {
            let salt = Digest::of(&[b"salt", &seed.to_le_bytes(), &(at as u64).to_le_bytes()]);
            let first = (at == 0).then_some(First { count, before: self.digest });
            operation.link = Some(Link { number, seal: salt.0, first });
            sum.add(operation.stamp, operation.id, operation.digest());
        }
        Chain { number, digest: sum.finish(), ..self }
    }

    fn takes(&self, operation: &Operation) -> bool {
        let plain = operation.link.is_none() && operation.replica == self.replica;
        plain && !matches!(operation.change, Change::Embed { .. })
    }
}

/// The digest of a commit in the making.
pub struct Sum(Writer);

impl Sum {
    /// That of a commit without operations yet. The partition counts too, so that no commit is moved to another owner.
    pub fn new(partition: &str, replica: u64, number: u64, before: Digest) -> Sum {
        let mut content = Writer::new();
        content.text(partition);
        content.u64(replica);
        content.u64(number);
        content.raw(&before.0);
        Sum(content)
    }

    /// The next operation, in the order of stamps.
    pub fn add(&mut self, stamp: Stamp, id: MemoryId, digest: Digest) {
        self.0.u64(stamp.bits());
        self.0.u128(id.bits());
        self.0.raw(&digest.0);
    }

    /// The digest.
    pub fn finish(self) -> Digest {
        Digest::of(&[b"commit", &self.0.finish()])
    }
}

impl Operation {
    /// The digest by which its commit knows it, which is kept when it is erased.
    pub fn digest(&self) -> Digest {
        match (&self.link, &self.change) {
            (Some(link), Change::Stub) => Digest(link.seal),
            (link, _) => {
                let salt = link.map_or([0; 16], |link| link.seal);
                Digest::of(&[b"operation", &salt, &self.encode_as(None)])
            }
        }
    }

    /// Takes its content away, with the salt: what stays only tells that it was there.
    pub fn wither(&mut self) {
        let digest = self.digest();
        if let Some(link) = &mut self.link {
            link.seal = digest.0;
            self.change = Change::Stub;
        }
    }
}

impl Link {
    pub(super) fn write(&self, out: &mut Writer) {
        out.varint(self.number);
        out.raw(&self.seal);
        out.varint(self.first.map_or(0, |first| u64::from(first.count)));
        if let Some(first) = self.first {
            out.raw(&first.before.0);
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Link> {
        let number = input.varint()?;
        let seal = input.u128()?.to_le_bytes();
        let first = match input.small()? {
            0 => None,
            count => Some(First { count, before: Digest(input.u128()?.to_le_bytes()) }),
        };
        if number == 0 {
            return Err(input.corrupt("a commit has no number"));
        }
        Ok(Link { number, seal, first })
    }
}
