//! What the guard knows of the commit chain: numbers and hashes, not how rows are stored.
//!
//! Every batch carries exactly one commit record: its number, the hash of the commit before and its
//! own. A missing, repeated, swapped or foreign batch breaks the chain.

/// A 128-bit digest of the chain up to a commit.
pub type Hash = [u8; 16];

/// The hash the first commit (number 1) continues from.
pub const GENESIS: Hash = [0; 16];

/// One commit as it stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Number of the commit; the first is 1, no number is ever skipped.
    pub n: u64,
    /// Hash of the commit before.
    pub previous: Hash,
    /// Hash of this commit.
    pub hash: Hash,
}

impl Link {
    /// Whether this commit comes right after `other`.
    #[must_use]
    pub fn follows(&self, other: &Self) -> bool {
        self.n == other.n + 1 && self.previous == other.hash
    }
}

/// Why the store and its witness do not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The store ends before a commit that was acknowledged.
    #[error(
        "acknowledged data is missing: the store ends at commit {head}, commit {acknowledged} was acknowledged ({missing} missing)"
    )]
    Behind {
        /// Last commit in the store.
        head: u64,
        /// Last commit the witness saw acknowledged.
        acknowledged: u64,
        /// How many are missing.
        missing: u64,
    },
    /// The store holds another commit under the acknowledged number.
    #[error(
        "commit {n} in the store is not the commit {n} that was acknowledged: the store is from another time or place"
    )]
    OtherHistory {
        /// The number both use.
        n: u64,
    },
}

/// Compares the end of the store with what the witness saw acknowledged.
///
/// `hash` is that of the acknowledged commit as the store has it; `None` when retention removed it,
/// then only the numbers are compared.
///
/// # Errors
/// [`Mismatch`] when acknowledged commits are missing or were replaced.
pub fn compare(head: u64, acknowledged: u64, acknowledged_hash: &Hash, hash: Option<Hash>) -> Result<(), Mismatch> {
    if head < acknowledged {
        return Err(Mismatch::Behind { head, acknowledged, missing: acknowledged - head });
    }
    match hash {
        Some(hash) if acknowledged > 0 && hash != *acknowledged_hash => Err(Mismatch::OtherHistory { n: acknowledged }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{GENESIS, Mismatch, compare};

    #[test]
    fn the_store_may_be_ahead_of_the_witness_but_never_behind() {
        let hash = [1; 16];
        assert_eq!(compare(5, 5, &hash, Some(hash)), Ok(()));
        assert_eq!(compare(9, 5, &hash, None), Ok(()));
        assert_eq!(compare(0, 0, &GENESIS, None), Ok(()));
        assert_eq!(compare(3, 5, &hash, None), Err(Mismatch::Behind { head: 3, acknowledged: 5, missing: 2 }));
        assert_eq!(compare(5, 5, &hash, Some([2; 16])), Err(Mismatch::OtherHistory { n: 5 }));
    }
}
