//! Who is calling: API keys, sessions of people, scopes, and the list of what each operation asks for.
//!
//! Words: a *credential* is what a request shows; a *scope* is one thing it may do; the *caller* is the company a good
//! credential speaks for, and the person when there is one. A handler that names [`Caller`] among its extractors is protected: the operation is looked
//! up in [`permissions::ALL`], and one that is not listed there is refused.
//!
//! Invariants: a secret is stored as a hash and shown once; a revoked key is refused from the moment its revocation is
//! acknowledged, and so is an ended session, its access tokens included; no refusal tells whether a key exists.

mod api;
mod cache;
mod grants;
mod keyring;
mod maintain;
mod model;
mod openings;
pub mod permissions;
mod rights;
mod session_cache;
mod sessions;
mod store;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    audit::{self, Actor, Entry, Origin},
    base::{ApiKeyId, Clock, CompanyId, Random, SealKey, Timestamp, UserId},
    config::Secret,
    limits::{self, ApiRate},
    storage::{self, Db, Read, Tx},
};

pub use api::{Author, Jar, Mode, RefreshCookie, describe};
pub use model::{Caller, Credential, Holder, Least, NewKeyText, Role, Scope, Scopes};

use cache::{Cache, KnownKey};
use keyring::Keyring;
use model::KeyText;
use session_cache::SessionCache;
use store::ApiKeyRow;

pub use grants::{Grant, Prepared};
pub use openings::{OpenSession, Opening, SignInFacts};
pub use sessions::{NewSession, SessionView};

/// Checks stored API keys and sessions against what follows from them; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), storage::Error> {
    store::check(read, found)
}

/// How long somebody may take between password and second factor, in seconds.
pub const MFA_TOKEN_S: u64 = 300;

/// Why a request is not let through.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no credential.
    #[error("the request carries no credential")]
    Missing,
    /// The credential is none of ours, expired or revoked; which of these is not told.
    #[error("the credential is not valid")]
    Invalid,
    /// The refresh token was used before.
    #[error("the refresh token was used before; the session is ended")]
    Reused,
    /// A cookie came without the token that proves that our own page sent it.
    #[error("the request carries a cookie and no matching X-CSRF-Token")]
    Csrf,
    /// A token could not be made.
    #[error("a token could not be signed")]
    Signing,
    /// The credential is good and does not cover the operation.
    #[error("the scope {0} is required")]
    NotAllowed(Scope),
    /// The person proved too long ago who he or she is for this.
    #[error(
        "show your password again, and a code where you have a second factor, with POST /auth/reauthenticate; then repeat the call"
    )]
    Unproven,
    /// The person has to choose a password first.
    #[error("the password was chosen by somebody else: choose your own with POST /auth/password")]
    FirstPassword,
    /// The person has to set up a second factor first.
    #[error("the company asks for a second factor: set one up with POST /mfa/setup and POST /mfa/verify")]
    Enrolling,
    /// The operation is not in the list of permissions.
    #[error("the operation is open to no credential")]
    NotListed,
    /// The company calls too often.
    #[error(transparent)]
    Limited(#[from] limits::Refusal),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// What an API key of the company may do now; nothing when there is no such key, or one that is revoked or over.
///
/// # Errors
/// When the store fails.
pub fn scopes_of_key(
    read: &impl Read,
    company: CompanyId,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<Option<Scopes>, storage::Error> {
    let is_good = |row: &ApiKeyRow| {
        row.company == company && row.revoked_at.is_none() && row.expires_at.is_none_or(|end| now < end)
    };
    let row = store::find(read, id)?.filter(is_good);
    Ok(row.map(|row| KnownKey::from(row).scopes.and(Scopes::of_keys())))
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

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyView {
    /// Its id.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// The words of its scopes.
    pub scopes: Vec<String>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was ended by somebody.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to within some minutes.
    pub last_used_at: Option<Timestamp>,
}

impl From<ApiKeyRow> for ApiKeyView {
    fn from(row: ApiKeyRow) -> Self {
        let ApiKeyRow { id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at, .. } = row;
        Self { id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at }
    }
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
    sessions: Arc<SessionCache>,
    keyring: Keyring,
    refresh_key: Arc<SealKey>,
    settings: Settings,
    openings: openings::Openings,
}

/// Lives of tokens and sessions, and the keys behind them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seals what is at rest; keys that are not configured are derived from it.
    pub seal: Arc<SealKey>,
    /// Signs access tokens instead of derived keys.
    pub access_secret: Option<Secret>,
    /// Stands behind refresh tokens instead of the sealing key.
    pub refresh_secret: Option<Secret>,
    /// How long an access token is good.
    pub access_ms: u64,
    /// How long a session lasts without being used.
    pub session_idle_ms: u64,
    /// How long a session lasts at most.
    pub session_max_ms: u64,
    /// How long a person who showed password or second factor may do what asks for that.
    pub proof_ms: u64,
    /// The path that browsers see before every path of the server; mostly empty.
    pub public_path: String,
    /// How often a company may call.
    pub api_rate: Option<Arc<ApiRate>>,
}

impl Settings {
    /// The usual lives: 15 minutes, 7 days, 30 days, a proof 10 minutes; no limit on calls.
    #[must_use]
    pub fn new(seal: Arc<SealKey>) -> Self {
        const DAY_MS: u64 = 24 * 3_600_000;
        Self {
            seal,
            access_secret: None,
            refresh_secret: None,
            access_ms: 900_000,
            session_idle_ms: 7 * DAY_MS,
            session_max_ms: 30 * DAY_MS,
            proof_ms: 600_000,
            public_path: String::new(),
            api_rate: None,
        }
    }
}

impl Auth {
    /// A handle over the store.
    #[must_use]
    pub fn new(db: Db, settings: Settings) -> Self {
        let (clock, random) = (Arc::clone(db.clock()), Arc::clone(db.random()));
        let keyring = Keyring::new(Arc::clone(&settings.seal), settings.access_secret.as_ref());
        let refresh_key = settings.refresh_secret.as_ref().map_or_else(
            || Arc::clone(&settings.seal),
            |secret| Arc::new(SealKey::from_bytes(&Sha256::digest(secret.expose().as_bytes()).into())),
        );
        let (cache, sessions, openings) = (Arc::default(), Arc::default(), openings::Openings::new(db.mint().hi));
        Self { inner: Arc::new(Inner { db, clock, random, cache, sessions, keyring, refresh_key, settings, openings }) }
    }

    /// Finds out who shows this `Authorization` header: an API key or an access token.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Invalid`], [`Error::Storage`].
    pub async fn identify(&self, authorization: Option<&str>) -> Result<Caller, Error> {
        let text = authorization.ok_or(Error::Missing)?;
        let (scheme, token) = text.split_once(' ').ok_or(Error::Invalid)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Error::Invalid);
        }
        let token = token.trim();
        match KeyText::parse(token) {
            Some(key) => self.identify_key(&key).await,
            None => Ok(caller_of(&*self.known_session(token).await?)),
        }
    }

    async fn identify_key(&self, key: &KeyText<'_>) -> Result<Caller, Error> {
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
            is_enrolling: false,
            needs_password: false,
            proven_at: None,
        })
    }

    /// Makes sure that the person proved a short while ago who he or she is. An API key does nothing that asks
    /// for it and is let through.
    ///
    /// # Errors
    /// [`Error::Unproven`].
    pub fn require_proof(&self, caller: &Caller) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let is_old = |at: Timestamp| now.ms_since(at) >= self.inner.settings.proof_ms;
        if caller.proven_at.is_some_and(is_old) { Err(Error::Unproven) } else { Ok(()) }
    }

    /// Makes sure inside a transaction that the caller still has every right it came with: a request may have been on
    /// its way for long when its change is made.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the session or key has ended or its rights are others now.
    pub fn confirm(&self, read: &impl Read, caller: &Caller) -> Result<(), Error> {
        let scopes = match caller.credential {
            Credential::Session { session, user } => {
                let row = store::find_session(read, session)?.filter(|row| row.user == user);
                row.map(|row| scopes_of(&row.into()))
            }
            Credential::ApiKey(id) => {
                let row = store::find(read, id)?.filter(|row| row.revoked_at.is_none());
                row.map(|row| KnownKey::from(row).scopes.and(Scopes::of_keys()))
            }
        };
        if scopes == Some(caller.scopes) { Ok(()) } else { Err(Error::Invalid) }
    }

    async fn load(&self, id: ApiKeyId) -> Result<Arc<KnownKey>, Error> {
        let generation = self.inner.cache.generation();
        let row = self.inner.db.read(move |snapshot| store::find(snapshot, id)).await??;
        let row = row.filter(|row| row.revoked_at.is_none()).ok_or(Error::Invalid)?;
        Ok(self.inner.cache.remember(KnownKey::from(row), generation))
    }

    /// Makes a key inside a transaction and records it; its text is not stored and cannot be had again.
    ///
    /// # Errors
    /// When the store fails.
    pub fn create_key(
        &self,
        tx: &mut Tx<'_>,
        origin: &Origin,
        order: NewApiKey,
    ) -> Result<(ApiKeyId, NewKeyText), storage::Error> {
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
            created_by: match origin.actor {
                Actor::User(user) => Some(user),
                _ => None,
            },
            created_at: tx.now(),
            expires_at: order.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        store::insert(tx, &row)?;
        let after = json!({ "name": row.name, "scopes": row.scopes, "expires_at": row.expires_at });
        let entry = Entry { action: "key.create", object: id.to_string(), before: Value::Null, after };
        audit::record(tx, row.company, origin, entry)?;
        Ok((id, text))
    }

    /// A key of the company.
    ///
    /// # Errors
    /// When the store fails.
    pub fn key(
        &self,
        read: &impl Read,
        company: CompanyId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKeyView>, storage::Error> {
        Ok(store::find(read, id)?.filter(|row| row.company == company).map(ApiKeyView::from))
    }

    /// A page of the company's keys, revoked ones too, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keys(
        &self,
        read: &impl Read,
        company: CompanyId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ApiKeyView>, storage::Error> {
        Ok(store::keys_of(read, company, before, limit)?.into_iter().map(ApiKeyView::from).collect())
    }

    /// Keys of the company, revoked ones too, as the transaction sees it.
    #[must_use]
    pub fn key_count(&self, tx: &Tx<'_>, company: CompanyId) -> usize {
        store::key_count(tx, company)
    }

    /// Ends a key inside a transaction and records it; `false` when the company has no such key.
    ///
    /// # Errors
    /// When the store fails.
    pub fn revoke_key(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: ApiKeyId,
    ) -> Result<bool, storage::Error> {
        let Some(mut row) = store::find(tx, id)?.filter(|row| row.company == company) else { return Ok(false) };
        if row.revoked_at.is_none() {
            row.revoked_at = Some(tx.now());
            store::put(tx, &row)?;
            let before = json!({ "name": row.name, "scopes": row.scopes });
            let entry = Entry { action: "key.revoke", object: id.to_string(), before, after: Value::Null };
            audit::record(tx, company, origin, entry)?;
        }
        let cache = Arc::clone(&self.inner.cache);
        tx.on_commit(move || cache.forget(id));
        Ok(true)
    }
}

fn caller_of(known: &session_cache::KnownSession) -> Caller {
    Caller {
        company: known.company,
        credential: Credential::Session { session: known.id, user: known.user },
        scopes: scopes_of(known),
        is_enrolling: known.is_enrolling,
        needs_password: known.needs_password,
        role: Some(known.role),
        proven_at: Some(known.proven_at),
    }
}

fn scopes_of(known: &session_cache::KnownSession) -> Scopes {
    if known.is_enrolling || known.needs_password {
        Scopes::of_enrolment()
    } else {
        Scopes::of(known.role, known.is_owner)
    }
}
