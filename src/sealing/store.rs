//! The keys of the store as they are kept: each sealed once for every master key that may open it.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Error;
use crate::{
    base::{Random, SealError, SealKey, Timestamp},
    config::MasterKeys,
    named_value,
    storage::{self, KeyRange, Order, Read, ReadBytes, Table, Tx, keyspaces},
};

/// What a key is for, and its number.
pub(super) type Place = (u8, u32);

const SEAL_KEYS: Table<Place, KeyRow> = Table::of(keyspaces::SEAL_KEYS);
/// The key behind codes; there is one.
pub(super) const CODES: u8 = 1;
/// Keys that seal rows; the highest number seals.
pub(super) const SEALS: u8 = 2;
/// The number of the first key of each use.
pub(super) const FIRST: u32 = 1;
/// More keys than there ever are: replacing one leaves two.
const ROWS_MAX: usize = 16;

/// A key of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRow {
    /// The same 32 bytes, sealed once for each master key.
    sealed: Vec<Vec<u8>>,
    /// When the key was made.
    pub(super) created_at: Timestamp,
}
named_value!(KeyRow, 1);

impl KeyRow {
    /// The key's bytes, sealed for each master key.
    pub(super) fn new(
        random: &dyn Random,
        masters: &MasterKeys,
        place: Place,
        bytes: &[u8; 32],
        created_at: Timestamp,
    ) -> Self {
        let sealed = masters.each_alone().map(|key| key.seal_key().seal(random, &associated(place), bytes)).collect();
        Self { sealed, created_at }
    }
}

fn associated((purpose, number): Place) -> Vec<u8> {
    let mut bytes = b"novapulse seal key".to_vec();
    bytes.push(purpose);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes
}

/// The key's bytes.
pub(super) fn open(master: &SealKey, place: Place, row: &KeyRow) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut failure = Error::OtherMaster;
    for sealed in &row.sealed {
        match master.open(&associated(place), sealed) {
            Ok(bytes) => {
                let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Error::Key(SealError::Format))?;
                return Ok(Zeroizing::new(bytes));
            }
            Err(SealError::OtherKey) => {}
            Err(error) => failure = Error::Key(error),
        }
    }
    Err(failure)
}

/// Whether the newest of the master keys a row is sealed for, which stands first, is this one.
pub(super) fn is_newest(master: &SealKey, place: Place, row: &KeyRow) -> bool {
    row.sealed.first().is_none_or(|newest| !matches!(master.open(&associated(place), newest), Err(SealError::OtherKey)))
}

/// Every key, by use and number.
pub(super) fn all(read: &impl ReadBytes) -> Result<Vec<(Place, KeyRow)>, storage::Error> {
    read.list(SEAL_KEYS, &KeyRange::all(), Order::Ascending, ROWS_MAX)
}

pub(super) fn put(tx: &mut Tx<'_>, place: Place, row: &KeyRow) -> Result<(), storage::Error> {
    tx.put(SEAL_KEYS, &place, row)
}

pub(super) fn remove(tx: &mut Tx<'_>, place: Place) -> Result<(), storage::Error> {
    tx.remove(SEAL_KEYS, &place)
}

/// Whether nothing was ever written but commits.
pub(super) fn is_blank(read: &impl ReadBytes) -> Result<bool, storage::Error> {
    for table in keyspaces::ALL.iter().filter(|table| **table != keyspaces::COMMITS) {
        let (start, end) = KeyRange::all().for_table(table.number);
        let mut is_empty = true;
        read.scan_bytes(table.space, &start, &end, Order::Ascending, &mut |_, _| {
            is_empty = false;
            std::ops::ControlFlow::Break(())
        })?;
        if !is_empty {
            return Ok(false);
        }
    }
    Ok(true)
}
