//! Who is calling: API keys, scopes, and the list of what each operation asks for.
//!
//! Words: a *credential* is what a request shows; a *scope* is one thing it may do; the *caller* is the company a good
//! credential speaks for. A handler that names [`Caller`] among its extractors is protected: the operation is looked
//! up in [`permissions::ALL`], and one that is not listed there is refused.
//!
//! Invariants: a secret is stored as a hash and shown once; a revoked key is refused from the moment its revocation is
//! acknowledged; no refusal tells whether a key exists. Sessions and tokens of people are not here yet.

mod api;
mod cache;
mod model;
pub mod permissions;
mod store;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{
    base::{ApiKeyId, Clock, CompanyId, Random, Timestamp},
    storage::{self, Db, Tx},
};

pub use api::describe;
pub use model::{Caller, Credential, Holder, Least, NewKeyText, Role, Scope, Scopes};

use cache::{Cache, KnownKey};
use model::KeyText;
use store::ApiKeyRow;

/// How often the times of last use are written down.
const LAST_USED_EVERY: Duration = Duration::from_mins(1);

/// Why a request is not let through.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no credential.
    #[error("the request carries no credential")]
    Missing,
    /// The credential is none of ours, expired or revoked; which of these is not told.
    #[error("the credential is not valid")]
    Invalid,
    /// The credential is good and does not cover the operation.
    #[error("the scope {0} is required")]
    NotAllowed(Scope),
    /// The operation is not in the list of permissions.
    #[error("the operation is open to no credential")]
    NotListed,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// The order to make an API key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Whose it will be.
    pub company: CompanyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Checks credentials and makes API keys; cheap to clone.
#[derive(Debug, Clone)]
pub struct Auth {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    cache: Arc<Cache>,
}

impl Auth {
    /// A handle over the store.
    #[must_use]
    pub fn new(db: Db) -> Self {
        let (clock, random) = (Arc::clone(db.clock()), Arc::clone(db.random()));
        Self { inner: Arc::new(Inner { db, clock, random, cache: Arc::default() }) }
    }

    /// Finds out who shows this `Authorization` header.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Invalid`], [`Error::Storage`].
    pub async fn identify(&self, authorization: Option<&str>) -> Result<Caller, Error> {
        let text = authorization.ok_or(Error::Missing)?;
        let (scheme, token) = text.split_once(' ').ok_or(Error::Invalid)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Error::Invalid);
        }
        let key = KeyText::parse(token.trim()).ok_or(Error::Invalid)?;
        let known = match self.inner.cache.find(key.id) {
            Some(known) => known,
            None => self.load(key.id).await?,
        };
        let hash = Sha256::digest(key.secret.as_bytes()).into();
        let now = self.inner.clock.now();
        if !model::is_same(&hash, &known.secret_hash) || known.ends_at.is_some_and(|end| end <= now) {
            return Err(Error::Invalid);
        }
        known.mark_used(now);
        Ok(Caller {
            company: known.company,
            credential: Credential::ApiKey(known.id),
            scopes: known.scopes.and(Scopes::of_keys()),
            role: None,
        })
    }

    async fn load(&self, id: ApiKeyId) -> Result<Arc<KnownKey>, Error> {
        let generation = self.inner.cache.generation();
        let row = self.inner.db.read(move |snapshot| store::find(snapshot, id)).await??;
        let row = row.filter(|row| row.revoked_at.is_none()).ok_or(Error::Invalid)?;
        Ok(self.inner.cache.remember(KnownKey::from(row), generation))
    }

    /// Makes a key inside a transaction; its text is not stored and cannot be had again.
    ///
    /// # Errors
    /// When the store fails.
    pub fn create_key(&self, tx: &mut Tx<'_>, order: NewApiKey) -> Result<(ApiKeyId, NewKeyText), storage::Error> {
        let id = ApiKeyId::from_raw(tx.mint());
        let mut bytes = [0; 32];
        self.inner.random.fill(&mut bytes);
        let text = NewKeyText::new(id, bytes);
        let row = ApiKeyRow {
            id,
            company: order.company,
            name: order.name,
            secret_hash: Sha256::digest(text.secret().as_bytes()).into(),
            scopes: order.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            created_at: tx.now(),
            expires_at: order.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        store::put(tx, &row)?;
        Ok((id, text))
    }

    /// Ends a key inside a transaction; `false` when the company has no such key.
    ///
    /// # Errors
    /// When the store fails.
    pub fn revoke_key(&self, tx: &mut Tx<'_>, company: CompanyId, id: ApiKeyId) -> Result<bool, storage::Error> {
        let Some(mut row) = store::find(tx, id)?.filter(|row| row.company == company) else { return Ok(false) };
        if row.revoked_at.is_none() {
            row.revoked_at = Some(tx.now());
            store::put(tx, &row)?;
        }
        let cache = Arc::clone(&self.inner.cache);
        tx.on_commit(move || cache.forget(id));
        Ok(true)
    }

    /// Writes down when keys were last used, until stopped.
    pub async fn keep_last_used(self, stop: CancellationToken) {
        loop {
            let is_last = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(LAST_USED_EVERY) => false,
            };
            if let Err(error) = self.write_last_used().await {
                tracing::warn!(%error, "the times of last use could not be stored: {error}");
            }
            if is_last {
                return;
            }
        }
    }

    async fn write_last_used(&self) -> Result<(), storage::Error> {
        let used = self.inner.cache.take_used();
        if used.is_empty() {
            return Ok(());
        }
        self.inner
            .db
            .write(move |tx| {
                for (id, time) in used {
                    if let Some(mut row) = store::find(tx, id)? {
                        row.last_used_at = Some(time);
                        store::put(tx, &row)?;
                    }
                }
                Ok(())
            })
            .await
    }
}
