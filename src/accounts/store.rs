//! Companies and users as they are stored.

use serde::{Deserialize, Serialize};

use super::model::{Email, PasswordHash};
use crate::{
    auth::Role,
    base::{CompanyId, Timestamp, UserId},
    named_value,
    storage::{Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

const COMPANIES: Table<u64, CompanyRow> = Table::of(keyspaces::COMPANIES);
const USERS: Table<u64, UserRow> = Table::of(keyspaces::USERS);
const USER_EMAILS: Table<String, EmailRow> = Table::of(keyspaces::USER_EMAILS);
const COMPANY_USERS: Table<(u64, u64), ()> = Table::of(keyspaces::COMPANY_USERS);

/// One company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CompanyRow {
    /// Its id.
    pub(super) id: CompanyId,
    /// What people call it.
    pub(super) name: String,
    /// When it was made.
    pub(super) created_at: Timestamp,
}
named_value!(CompanyRow, 1);

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserRow {
    /// Its id.
    pub(super) id: UserId,
    /// Where it belongs.
    pub(super) company: CompanyId,
    /// The person's name.
    pub(super) name: String,
    /// The address it signs in with; unique in the instance.
    pub(super) email: Email,
    /// What it may do in the company.
    pub(super) role: Role,
    /// Whether it also sees the whole instance.
    pub(super) is_owner: bool,
    /// The hash of its password.
    pub(super) password: PasswordHash,
    /// When it was made.
    pub(super) created_at: Timestamp,
}
named_value!(UserRow, 1);

/// Who has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EmailRow {
    /// The user.
    pub(super) user: UserId,
}
named_value!(EmailRow, 1);

pub(super) fn put_company(tx: &mut Tx<'_>, row: &CompanyRow) -> Result<(), Error> {
    tx.put(COMPANIES, &row.id.hi(), row)
}

pub(super) fn put_user(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), Error> {
    tx.put(USERS, &row.id.hi(), row)?;
    tx.put(USER_EMAILS, &row.email.as_str().to_owned(), &EmailRow { user: row.id })?;
    tx.put(COMPANY_USERS, &(row.company.hi(), row.id.hi()), &())
}

pub(super) fn is_email_taken(read: &impl Read, email: &Email) -> Result<bool, Error> {
    read.exists(USER_EMAILS, &email.as_str().to_owned())
}

/// The company made last, when there is one.
pub(super) fn newest_company(read: &impl Read) -> Result<Option<CompanyRow>, Error> {
    Ok(read.list(COMPANIES, &KeyRange::all(), Order::Descending, 1)?.pop().map(|(_, row)| row))
}

#[cfg(test)]
pub(super) fn find_user(read: &impl Read, id: UserId) -> Result<Option<UserRow>, Error> {
    read.get(USERS, &id.hi())
}
