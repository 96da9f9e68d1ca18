//! Companies, users and invitations as they are stored.

use serde::{Deserialize, Serialize};

use super::{model::Email, password::PasswordHash};
use crate::{
    auth::Role,
    base::{CompanyId, InviteId, Timestamp, UserId},
    named_value,
    storage::{Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

const COMPANIES: Table<u64, CompanyRow> = Table::of(keyspaces::COMPANIES);
const USERS: Table<u64, UserRow> = Table::of(keyspaces::USERS);
const USER_EMAILS: Table<String, EmailRow> = Table::of(keyspaces::USER_EMAILS);
const COMPANY_USERS: Table<(u64, u64), ()> = Table::of(keyspaces::COMPANY_USERS);
const INVITES: Table<(u64, u64), InviteRow> = Table::of(keyspaces::INVITES);
const RESETS: Table<u64, ResetRow> = Table::of(keyspaces::PASSWORD_RESETS);

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
    /// How often the password was changed.
    #[serde(default)]
    pub(super) password_version: u32,
    /// Whether it may not sign in.
    #[serde(default)]
    pub(super) is_disabled: bool,
    /// When it signed in last.
    #[serde(default)]
    pub(super) last_sign_in_at: Option<Timestamp>,
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

/// One invitation that was not used yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InviteRow {
    /// Its id.
    pub(super) id: InviteId,
    /// The company to join.
    pub(super) company: CompanyId,
    /// Whom it is for.
    pub(super) email: Email,
    /// What the person will be.
    pub(super) role: Role,
    /// SHA-256 of the secret part of its token.
    pub(super) secret_hash: [u8; 32],
    /// Who made it.
    pub(super) created_by: UserId,
    /// When it was made.
    pub(super) created_at: Timestamp,
    /// When it ends by itself.
    pub(super) expires_at: Timestamp,
}
named_value!(InviteRow, 1);

/// The link with which a person may take another password; there is one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResetRow {
    /// The person.
    pub(super) user: UserId,
    /// SHA-256 of the secret part of its token.
    pub(super) secret_hash: [u8; 32],
    /// How often the password was changed when the link was made; a later change ends the link.
    pub(super) password_version: u32,
    /// When it ends by itself.
    pub(super) expires_at: Timestamp,
}
named_value!(ResetRow, 1);

pub(super) fn put_company(tx: &mut Tx<'_>, row: &CompanyRow) -> Result<(), Error> {
    tx.put(COMPANIES, &row.id.hi(), row)
}

pub(super) fn find_company(read: &impl Read, id: CompanyId) -> Result<Option<CompanyRow>, Error> {
    Ok(read.get(COMPANIES, &id.hi())?.filter(|row| row.id == id))
}

/// The company made last, when there is one.
pub(super) fn newest_company(read: &impl Read) -> Result<Option<CompanyRow>, Error> {
    Ok(read.list(COMPANIES, &KeyRange::all(), Order::Descending, 1)?.pop().map(|(_, row)| row))
}

/// The newest companies.
pub(super) fn companies(read: &impl Read, limit: usize) -> Result<Vec<CompanyRow>, Error> {
    let rows = read.list(COMPANIES, &KeyRange::all(), Order::Descending, limit)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Stores a user; its address does not change through this.
pub(super) fn put_user(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), Error> {
    tx.put(USERS, &row.id.hi(), row)?;
    tx.put(USER_EMAILS, &row.email.as_str().to_owned(), &EmailRow { user: row.id })?;
    tx.put(COMPANY_USERS, &(row.company.hi(), row.id.hi()), &())
}

pub(super) fn delete_user(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), Error> {
    tx.remove(USERS, &row.id.hi())?;
    tx.remove(USER_EMAILS, &row.email.as_str().to_owned())?;
    tx.remove(COMPANY_USERS, &(row.company.hi(), row.id.hi()))
}

pub(super) fn is_email_taken(read: &impl Read, email: &Email) -> Result<bool, Error> {
    read.exists(USER_EMAILS, &email.as_str().to_owned())
}

pub(super) fn find_user(read: &impl Read, id: UserId) -> Result<Option<UserRow>, Error> {
    Ok(read.get(USERS, &id.hi())?.filter(|row| row.id == id))
}

/// The user whose id begins with this.
pub(super) fn user_numbered(read: &impl Read, hi: u64) -> Result<Option<UserRow>, Error> {
    read.get(USERS, &hi)
}

/// A user of this company; one of another is not there.
pub(super) fn find_user_of(read: &impl Read, company: CompanyId, id: UserId) -> Result<Option<UserRow>, Error> {
    Ok(find_user(read, id)?.filter(|row| row.company == company))
}

pub(super) fn find_user_by_email(read: &impl Read, email: &Email) -> Result<Option<UserRow>, Error> {
    let Some(EmailRow { user }) = read.get(USER_EMAILS, &email.as_str().to_owned())? else { return Ok(None) };
    find_user(read, user)
}

/// Users of a company from `before` down, the newest first.
pub(super) fn users_of(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<UserRow>, Error> {
    let mut range = KeyRange::prefix(&(company.hi(),));
    if let Some(before) = before {
        range = KeyRange::before(&(company.hi(), before)).within(&(company.hi(),));
    }
    let keys = read.list(COMPANY_USERS, &range, Order::Descending, limit)?;
    let mut rows = Vec::with_capacity(keys.len());
    for ((_, id), ()) in keys {
        rows.extend(read.get(USERS, &id)?);
    }
    Ok(rows)
}

pub(super) fn put_invite(tx: &mut Tx<'_>, row: &InviteRow) -> Result<(), Error> {
    tx.put(INVITES, &(row.company.hi(), row.id.hi()), row)
}

pub(super) fn delete_invite(tx: &mut Tx<'_>, row: &InviteRow) -> Result<(), Error> {
    tx.remove(INVITES, &(row.company.hi(), row.id.hi()))
}

pub(super) fn find_invite(read: &impl Read, company: CompanyId, id: InviteId) -> Result<Option<InviteRow>, Error> {
    Ok(read.get(INVITES, &(company.hi(), id.hi()))?.filter(|row| row.id == id))
}

/// Invitations of a company, the newest first.
pub(super) fn invites_of(read: &impl Read, company: CompanyId, limit: usize) -> Result<Vec<InviteRow>, Error> {
    let rows = read.list(INVITES, &KeyRange::prefix(&(company.hi(),)), Order::Descending, limit)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Stores a link in the place of an earlier one.
pub(super) fn put_reset(tx: &mut Tx<'_>, row: &ResetRow) -> Result<(), Error> {
    tx.put(RESETS, &row.user.hi(), row)
}

pub(super) fn find_reset(read: &impl Read, user: UserId) -> Result<Option<ResetRow>, Error> {
    read.get(RESETS, &user.hi())
}

pub(super) fn delete_reset(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    tx.remove(RESETS, &user.hi())
}
