//! API keys as they are stored.

use serde::{Deserialize, Serialize};

use super::model::SecretHash;
use crate::{
    base::{ApiKeyId, CompanyId, Timestamp},
    named_value,
    storage::{Error, Read, Table, Tx, keyspaces},
};

const API_KEYS: Table<u64, ApiKeyRow> = Table::of(keyspaces::API_KEYS);
const COMPANY_API_KEYS: Table<(u64, u64), ()> = Table::of(keyspaces::COMPANY_API_KEYS);

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
