//! How people sign in, and how far a change of policy has come.

use serde::{Deserialize, Serialize};

use crate::{
    accounts::habits::HabitsRow,
    base::{CompanyId, UserId},
    named_value,
    storage::{Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

pub(super) const HABITS: Table<u64, HabitsRow> = Table::of(keyspaces::SIGN_IN_HABITS);
pub(super) const SWEEPS: Table<u64, SweepRow> = Table::of(keyspaces::POLICY_SWEEPS);

/// Whose sessions were fitted to the present policy of a company.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::accounts) struct SweepRow {
    /// Everybody from this number on; nobody yet when there is none.
    pub(in crate::accounts) before: Option<u64>,
}
named_value!(SweepRow, 1);

/// What is remembered of a person; nothing at first.
pub(in crate::accounts) fn habits(read: &impl Read, user: UserId) -> Result<HabitsRow, Error> {
    Ok(read.get(HABITS, &user.hi())?.unwrap_or_default())
}

pub(in crate::accounts) fn put_habits(tx: &mut Tx<'_>, user: UserId, row: &HabitsRow) -> Result<(), Error> {
    tx.put(HABITS, &user.hi(), row)
}

pub(in crate::accounts) fn delete_habits(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    tx.remove(HABITS, &user.hi())
}

pub(in crate::accounts) fn find_sweep(read: &impl Read, company: CompanyId) -> Result<Option<SweepRow>, Error> {
    read.get(SWEEPS, &company.hi())
}

pub(in crate::accounts) fn put_sweep(tx: &mut Tx<'_>, company: CompanyId, row: SweepRow) -> Result<(), Error> {
    tx.put(SWEEPS, &company.hi(), &row)
}

pub(in crate::accounts) fn delete_sweep(tx: &mut Tx<'_>, company: CompanyId) -> Result<(), Error> {
    tx.remove(SWEEPS, &company.hi())
}

/// Numbers of companies whose sessions are being fitted, a few at once.
pub(in crate::accounts) fn sweeps(read: &impl Read, limit: usize) -> Result<Vec<u64>, Error> {
    let rows = read.list(SWEEPS, &KeyRange::all(), Order::Ascending, limit)?;
    Ok(rows.into_iter().map(|(company, _)| company).collect())
}
