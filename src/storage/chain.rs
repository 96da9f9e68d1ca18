//! The commit chain: every group commit carries its number and the hash of all before it.
//!
//! With the witness outside the engine's directory it makes loss visible: a store whose
//! chain ends before the witness has lost commits that were acknowledged.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::{
    engine::Change,
    error::Error,
    key::{KeyRange, Order},
    keyspaces,
    overlay::Overlay,
    snapshot::Snapshot,
    table::{Read, Table},
};
use crate::{base::Timestamp, postcard_value};

/// What is written with the n-th group commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRecord {
    /// The chain hash of the commit before; zero for the first.
    pub previous: [u8; 16],
    /// The chain hash of this commit: over `previous`, the number and every change.
    pub hash: [u8; 16],
    /// The logical clock when the group was closed.
    pub time: Timestamp,
    /// How many rows the group changed, this record and its clean-up aside.
    pub rows: u32,
    /// The greatest id minted so far.
    pub last_hi: u64,
}

postcard_value!(CommitRecord, 1);

/// The rows of the chain, by commit number.
pub const COMMITS: Table<(u64,), CommitRecord> = Table::of(keyspaces::COMMITS);

/// How many of the newest commit records are kept.
pub const KEPT_COMMITS: u64 = 4096;

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The number of the newest commit; zero for an empty store.
    pub number: u64,
    /// Its chain hash.
    pub hash: [u8; 16],
    /// The logical clock it carried, in milliseconds.
    pub time_ms: i64,
    /// The greatest id minted so far.
    pub last_hi: u64,
}

impl Head {
    /// Reads the newest commit record.
    ///
    /// # Errors
    /// When the engine cannot read or the record is damaged.
    pub fn read(snapshot: &Snapshot) -> Result<Self, Error> {
        let newest = snapshot.list(COMMITS, &KeyRange::all(), Order::Descending, 1)?;
        Ok(newest.first().map_or_else(Self::default, |((number,), record)| Self {
            number: *number,
            hash: record.hash,
            time_ms: record.time.as_ms(),
            last_hi: record.last_hi,
        }))
    }

    /// The record of the next commit with these changes.
    pub(super) fn next(&self, overlay: &Overlay, time: Timestamp, last_hi: u64) -> (u64, CommitRecord) {
        let number = self.number + 1;
        let hash = chain_hash(&self.hash, number, overlay.changes());
        let rows = u32::try_from(overlay.len()).unwrap_or(u32::MAX);
        (number, CommitRecord { previous: self.hash, hash, time, rows, last_hi })
    }
}

fn chain_hash<'a>(previous: &[u8; 16], number: u64, changes: impl Iterator<Item = Change<'a>>) -> [u8; 16] {
    let mut hasher = Xxh3::new();
    hasher.update(previous);
    hasher.update(&number.to_be_bytes());
    for change in changes {
        hasher.update(&[change.space as u8, u8::from(change.value.is_some())]);
        hasher.update(&(change.key.len() as u64).to_be_bytes());
        hasher.update(change.key);
        // A frame carries its own checksum bound to its key, which stands for the whole value.
        let frame = change.value.unwrap_or_default();
        hasher.update(&(frame.len() as u64).to_be_bytes());
        hasher.update(frame.get(..5).unwrap_or(frame));
    }
    hasher.digest128().to_be_bytes()
}

/// Whether every kept record follows from the one before; gives how many were looked at.
///
/// # Errors
/// [`Error::Corrupt`] for the first record that does not follow.
pub fn verify(snapshot: &Snapshot) -> Result<u64, Error> {
    let mut seen = 0;
    let mut last: Option<(u64, [u8; 16])> = None;
    let mut broken = None;
    snapshot.scan(COMMITS, &KeyRange::all(), Order::Ascending, &mut |(number,), record| {
        if let Some((before, hash)) = last
            && (before + 1 != number || hash != record.previous)
        {
            broken = Some(number);
            return std::ops::ControlFlow::Break(());
        }
        last = Some((number, record.hash));
        seen += 1;
        std::ops::ControlFlow::Continue(())
    })?;
    match broken {
        Some(number) => Err(Error::Corrupt {
            table: COMMITS.spec().name,
            key: format!("{number:016x}"),
            reason: "it does not follow from the commit before it",
        }),
        None => Ok(seen),
    }
}

/// The chain hash of commit `number`, if its record is still kept.
///
/// # Errors
/// When the engine cannot read or the record is damaged.
pub fn hash_at(snapshot: &Snapshot, number: u64) -> Result<Option<[u8; 16]>, Error> {
    Ok(snapshot.get(COMMITS, &(number,))?.map(|record| record.hash))
}
