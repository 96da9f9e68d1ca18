//! Second factors as they are stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    accounts::store::user_numbered,
    base::{Timestamp, UserId},
    named_value,
    sealing::{SealedRows, SealedTable},
    storage::{Error, Read, Table, Tx, keyspaces},
};

const FACTORS: Table<u64, FactorRow> = Table::of(keyspaces::MFA_FACTORS);
const RECOVERY: Table<u64, RecoveryRow> = Table::of(keyspaces::RECOVERY_CODES);

/// The second factor of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FactorRow {
    /// The shared secret, sealed and bound to the person.
    pub(super) sealed_secret: Vec<u8>,
    /// Since when it is asked for; not before a first code was shown.
    pub(super) enabled_at: Option<Timestamp>,
    /// The step of the last accepted code.
    pub(super) last_step: Option<u64>,
}
named_value!(FactorRow, 1);

/// The recovery codes of a person that were not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecoveryRow {
    /// Keyed hashes.
    pub(super) codes: Vec<[u8; 32]>,
}
named_value!(RecoveryRow, 1);

/// The table with its sealed secrets.
pub(super) fn sealed() -> Arc<dyn SealedRows> {
    Arc::new(SealedTable {
        table: FACTORS,
        associated: |read, user, _| Ok(user_numbered(read, *user)?.map(|user| super::place(user.id))),
        sealed: |row| Some(&row.sealed_secret),
        replace: |row, sealed| row.sealed_secret = sealed,
    })
}

pub(super) fn factor(read: &impl Read, user: UserId) -> Result<Option<FactorRow>, Error> {
    read.get(FACTORS, &user.hi())
}

pub(super) fn put_factor(tx: &mut Tx<'_>, user: UserId, row: &FactorRow) -> Result<(), Error> {
    tx.put(FACTORS, &user.hi(), row)
}

pub(super) fn recovery(read: &impl Read, user: UserId) -> Result<Option<RecoveryRow>, Error> {
    read.get(RECOVERY, &user.hi())
}

pub(super) fn put_recovery(tx: &mut Tx<'_>, user: UserId, row: &RecoveryRow) -> Result<(), Error> {
    tx.put(RECOVERY, &user.hi(), row)
}

pub(super) fn remove(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    tx.remove(FACTORS, &user.hi())?;
    tx.remove(RECOVERY, &user.hi())
}
