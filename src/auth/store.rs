//! API keys and sessions as they are stored.

use serde::{Deserialize, Serialize};

use super::{model::SecretHash, sessions::SessionRow};
use crate::{
    base::{ApiKeyId, CompanyId, SessionId, Timestamp, UserId},
    named_value,
    storage::{Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

const API_KEYS: Table<u64, ApiKeyRow> = Table::of(keyspaces::API_KEYS);
const COMPANY_API_KEYS: Table<(u64, u64), ()> = Table::of(keyspaces::COMPANY_API_KEYS);
const SESSIONS: Table<u64, SessionRow> = Table::of(keyspaces::SESSIONS);
const USER_SESSIONS: Table<(u64, u64), ()> = Table::of(keyspaces::USER_SESSIONS);

/// Sessions looked at in one sweep.
const SWEEP_PAGE: usize = 1_000;

/// One API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ApiKeyRow {
    /// Its id; also part of its text.
    pub(super) id: ApiKeyId,
    /// Whose it is.
    pub(super) company: CompanyId,
    /// What people call it.
    pub(super) name: String,
    /// SHA-256 of the secret part.
    pub(super) secret_hash: SecretHash,
    /// The words of its scopes; unknown ones, of a later release, grant nothing.
    pub(super) scopes: Vec<String>,
    /// When it was made.
    pub(super) created_at: Timestamp,
    /// When it ends by itself.
    pub(super) expires_at: Option<Timestamp>,
    /// When it was ended by somebody.
    pub(super) revoked_at: Option<Timestamp>,
    /// When it was last used, to within some minutes.
    pub(super) last_used_at: Option<Timestamp>,
}
named_value!(ApiKeyRow, 1);

pub(super) fn find(read: &impl Read, id: ApiKeyId) -> Result<Option<ApiKeyRow>, Error> {
    Ok(read.get(API_KEYS, &id.hi())?.filter(|row| row.id == id))
}

pub(super) fn put(tx: &mut Tx<'_>, row: &ApiKeyRow) -> Result<(), Error> {
    tx.put(API_KEYS, &row.id.hi(), row)?;
    tx.put(COMPANY_API_KEYS, &(row.company.hi(), row.id.hi()), &())
}

/// Keys of a company, the newest first.
pub(super) fn keys_of(read: &impl Read, company: CompanyId, limit: usize) -> Result<Vec<ApiKeyRow>, Error> {
    let keys = read.list(COMPANY_API_KEYS, &KeyRange::prefix(&(company.hi(),)), Order::Descending, limit)?;
    let mut rows = Vec::with_capacity(keys.len());
    for ((_, id), ()) in keys {
        rows.extend(read.get(API_KEYS, &id)?);
    }
    Ok(rows)
}

pub(super) fn find_session(read: &impl Read, id: SessionId) -> Result<Option<SessionRow>, Error> {
    Ok(read.get(SESSIONS, &id.hi())?.filter(|row| row.id == id))
}

pub(super) fn put_session(tx: &mut Tx<'_>, row: &SessionRow) -> Result<(), Error> {
    tx.put(SESSIONS, &row.id.hi(), row)?;
    tx.put(USER_SESSIONS, &(row.user.hi(), row.id.hi()), &())
}

pub(super) fn delete_session(tx: &mut Tx<'_>, row: &SessionRow) -> Result<(), Error> {
    tx.remove(SESSIONS, &row.id.hi())?;
    tx.remove(USER_SESSIONS, &(row.user.hi(), row.id.hi()))
}

/// Open sessions of a person, and some that are over.
pub(super) fn sessions_of(read: &impl Read, user: UserId, limit: usize) -> Result<Vec<SessionRow>, Error> {
    let keys = read.list(USER_SESSIONS, &KeyRange::prefix(&(user.hi(),)), Order::Ascending, limit)?;
    let mut rows = Vec::with_capacity(keys.len());
    for ((_, id), ()) in keys {
        rows.extend(read.get(SESSIONS, &id)?);
    }
    Ok(rows)
}

/// The oldest sessions of all, a page of them.
pub(super) fn all_sessions(read: &impl Read) -> Result<Vec<SessionRow>, Error> {
    let rows = read.list(SESSIONS, &KeyRange::all(), Order::Ascending, SWEEP_PAGE)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
