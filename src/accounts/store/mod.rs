//! Companies, users and invitations as they are stored.

mod check;
mod departments;
mod habits;

use serde::{Deserialize, Serialize};

use super::{model::Email, password::PasswordHash};
use crate::{
    auth::Role,
    base::{CompanyId, InviteId, Timestamp, UserId},
    named_value, notifications,
    storage::{CounterKey, Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

pub(super) use check::check;
pub(super) use departments::{
    DepartmentRow, add_member, delete_department, departments_of, find_department, insert_department, is_member,
    leave_all, member_count, members_of, put_department, remove_member,
};
pub(super) use habits::{SweepRow, delete_habits, delete_sweep, find_sweep, habits, put_habits, put_sweep, sweeps};

const COMPANIES: Table<u64, CompanyRow> = Table::of(keyspaces::COMPANIES);
const USERS: Table<u64, UserRow> = Table::of(keyspaces::USERS);
const USER_EMAILS: Table<String, EmailRow> = Table::of(keyspaces::USER_EMAILS);
const COMPANY_USERS: Table<(u64, u64), ()> = Table::of(keyspaces::COMPANY_USERS);
const INVITES: Table<(u64, u64), InviteRow> = Table::of(keyspaces::INVITES);
const RESETS: Table<u64, ResetRow> = Table::of(keyspaces::PASSWORD_RESETS);

/// Area of this slice's counters.
const AREA: u8 = 60;
/// People of a company.
const USER_COUNT: u8 = 0;
/// Admins of a company who may sign in.
const ADMIN_COUNT: u8 = 1;
/// Departments of a company.
const DEPARTMENT_COUNT: u8 = 2;
/// Members of a department.
const MEMBER_COUNT: u8 = 3;

fn counter(company: CompanyId, subject: u64, what: u8) -> CounterKey {
    CounterKey { area: AREA, company: company.hi(), subject, what }
}

/// One company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CompanyRow {
    /// Its id.
    pub(super) id: CompanyId,
    /// What people call it.
    pub(super) name: String,
    /// Whether everybody needs a second factor.
    #[serde(default)]
    pub(super) requires_mfa: bool,
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
    /// Whether the password is one that somebody else chose, good for choosing another only.
    #[serde(default)]
    pub(super) needs_password: bool,
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

impl UserRow {
    /// Whether the user is an admin who may sign in.
    pub(super) const fn is_active_admin(&self) -> bool {
        matches!(self.role, Role::Admin) && !self.is_disabled
    }
}

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

/// The company whose id begins with this.
pub(super) fn company_numbered(read: &impl Read, hi: u64) -> Result<Option<CompanyRow>, Error> {
    read.get(COMPANIES, &hi)
}

/// The company made first, when there is one.
pub(super) fn first_company(read: &impl Read) -> Result<Option<CompanyRow>, Error> {
    Ok(read.list(COMPANIES, &KeyRange::all(), Order::Ascending, 1)?.pop().map(|(_, row)| row))
}

/// The newest companies.
pub(super) fn companies(read: &impl Read, limit: usize) -> Result<Vec<CompanyRow>, Error> {
    let rows = read.list(COMPANIES, &KeyRange::all(), Order::Descending, limit)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Stores a user and keeps the counters; its address does not change through this.
pub(super) fn put_user(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), Error> {
    let before = find_user(tx, row.id)?;
    if before.is_none() {
        tx.add(counter(row.company, 0, USER_COUNT), 1);
        tx.put(USER_EMAILS, &row.email.as_str().to_owned(), &EmailRow { user: row.id })?;
        tx.put(COMPANY_USERS, &(row.company.hi(), row.id.hi()), &())?;
    }
    let was_admin = before.is_some_and(|before| before.is_active_admin());
    tx.add(counter(row.company, 0, ADMIN_COUNT), i64::from(row.is_active_admin()) - i64::from(was_admin));
    tx.put(USERS, &row.id.hi(), row)
}

/// Writes a person who has signed in, of whom nothing else has changed.
pub(super) fn put_signed_in(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), Error> {
    tx.put(USERS, &row.id.hi(), row)
}

pub(super) fn delete_user(tx: &mut Tx<'_>, row: &UserRow) -> Result<(), Error> {
    tx.add(counter(row.company, 0, USER_COUNT), -1);
    tx.add(counter(row.company, 0, ADMIN_COUNT), -i64::from(row.is_active_admin()));
    tx.remove(USERS, &row.id.hi())?;
    tx.remove(USER_EMAILS, &row.email.as_str().to_owned())?;
    notifications::forget(tx, row.company, row.id)?;
    tx.remove(COMPANY_USERS, &(row.company.hi(), row.id.hi()))
}

/// People of the company, as the transaction sees it.
pub(super) fn user_count(tx: &Tx<'_>, company: CompanyId) -> usize {
    usize::try_from(tx.count(&counter(company, 0, USER_COUNT))).unwrap_or(0)
}

/// Admins of the company who may sign in, as the transaction sees it.
pub(super) fn admin_count(tx: &Tx<'_>, company: CompanyId) -> usize {
    usize::try_from(tx.count(&counter(company, 0, ADMIN_COUNT))).unwrap_or(0)
}

/// People, active admins and departments of the company.
pub(super) fn counts(read: &impl Read, company: CompanyId) -> Result<[u64; 3], Error> {
    let mut counts = [0; 3];
    for (count, what) in counts.iter_mut().zip([USER_COUNT, ADMIN_COUNT, DEPARTMENT_COUNT]) {
        *count = read.counter(&counter(company, 0, what))?.max(0).cast_unsigned();
    }
    Ok(counts)
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

/// What belongs to a company, from `before` down.
fn of_company(company: CompanyId, before: Option<u64>) -> KeyRange {
    KeyRange::page(&(company.hi(),), before.map(|before| (company.hi(), before)).as_ref())
}

/// Users of a company from `before` down, the newest first.
pub(super) fn users_of(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<UserRow>, Error> {
    let keys = read.list(COMPANY_USERS, &of_company(company, before), Order::Descending, limit)?;
    let mut rows = Vec::with_capacity(keys.len());
    for ((_, id), ()) in keys {
        rows.extend(read.get(USERS, &id)?);
    }
    Ok(rows)
}

/// People of a company looked at to find its admins.
const LOOKED_AT_MAX: usize = 1_000;

/// The first admins of a company who may sign in.
pub(super) fn first_admins(read: &impl Read, company: CompanyId, limit: usize) -> Result<Vec<UserRow>, Error> {
    let keys = read.list(COMPANY_USERS, &of_company(company, None), Order::Ascending, LOOKED_AT_MAX)?;
    let mut rows = Vec::new();
    for ((_, id), ()) in keys {
        rows.extend(read.get(USERS, &id)?.filter(UserRow::is_active_admin));
        if rows.len() == limit {
            break;
        }
    }
    Ok(rows)
}

/// Users by their numbers; those that are gone are left out.
pub(super) fn users_by_number(read: &impl Read, numbers: &[u64]) -> Result<Vec<UserRow>, Error> {
    let mut rows = Vec::with_capacity(numbers.len());
    for number in numbers {
        rows.extend(read.get(USERS, number)?);
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

/// Invitations of a company from `before` down, the newest first.
pub(super) fn invites_of(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<InviteRow>, Error> {
    let rows = read.list(INVITES, &of_company(company, before), Order::Descending, limit)?;
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
