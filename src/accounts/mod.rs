//! Companies and their users: for now, setting up the first ones.
//!
//! Words: a *company* is the tenant; a *user* is a person in it, with a *role*; an *owner* also sees the whole
//! instance. Setting up makes a company, its admin and an API key in one transaction, so that there is never one
//! without the others. Not here yet: sign-in, invitations, second factors, and operations over the API.

mod model;
mod store;
#[cfg(test)]
mod tests;

use crate::{
    auth::{Auth, NewApiKey, NewKeyText, Role, Scopes},
    base::{ApiKeyId, CompanyId, UserId},
    storage::{self, Db, Tx},
};

pub use model::{Email, NAME_CHARACTERS_MAX, PASSWORD_CHARACTERS};

use model::PasswordHash;
use store::{CompanyRow, UserRow};

/// Why an account could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The password is too short or too long.
    #[error("a password has 12 to 128 characters")]
    Password,
    /// The name is empty, too long or holds control characters.
    #[error("a name has 1 to {NAME_CHARACTERS_MAX} printable characters")]
    Name,
    /// The text is no e-mail address.
    #[error("the e-mail address is not valid")]
    Email,
    /// Somebody has the address already.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// The order to make a company with its admin and an API key.
#[derive(Clone)]
pub struct SetUp {
    /// What people call the company.
    pub company_name: String,
    /// The admin's name.
    pub name: String,
    /// The admin's address.
    pub email: String,
    /// The admin's password.
    pub password: String,
}

impl std::fmt::Debug for SetUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetUp").field("company_name", &self.company_name).finish_non_exhaustive()
    }
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Created {
    /// The company.
    pub company: CompanyId,
    /// Its admin.
    pub user: UserId,
    /// The API key's id.
    pub api_key: ApiKeyId,
    /// The API key itself; it cannot be had again.
    pub api_key_text: NewKeyText,
}

/// Makes companies and users; cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts {
    db: Db,
    auth: Auth,
}

impl Accounts {
    /// A handle over the store.
    #[must_use]
    pub const fn new(db: Db, auth: Auth) -> Self {
        Self { db, auth }
    }

    /// Whether there is no company yet: the first start.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.newest_company().await?.is_none())
    }

    /// The id and name of the company made last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest_company(&self) -> Result<Option<(CompanyId, String)>, Error> {
        let row = self.db.read(store::newest_company).await??;
        Ok(row.map(|row| (row.id, row.name)))
    }

    /// Makes a company, its admin, who also owns the instance, and an API key with every scope.
    ///
    /// # Errors
    /// [`Error`] for each field that is not usable; [`Error::EmailTaken`].
    pub async fn set_up(&self, order: SetUp) -> Result<Created, Error> {
        let (company_name, name) = (model::name(&order.company_name)?, model::name(&order.name)?);
        let email: Email = order.email.parse()?;
        let mut salt = [0; 16];
        self.db.random().fill(&mut salt);
        let hashing = tokio::task::spawn_blocking(move || PasswordHash::create(&order.password, salt));
        let password = hashing.await.map_err(|error| Error::Hash(error.to_string()))??;
        let auth = self.auth.clone();
        self.db.write(move |tx| create(tx, &auth, company_name, name, email, password)).await
    }
}

fn create(
    tx: &mut Tx<'_>,
    auth: &Auth,
    company_name: String,
    name: String,
    email: Email,
    password: PasswordHash,
) -> Result<Created, Error> {
    if store::is_email_taken(tx, &email)? {
        return Err(Error::EmailTaken);
    }
    let company = CompanyId::from_raw(tx.mint());
    let user = UserId::from_raw(tx.mint());
    let created_at = tx.now();
    store::put_company(tx, &CompanyRow { id: company, name: company_name, created_at })?;
    let row = UserRow { id: user, company, name, email, role: Role::Admin, is_owner: true, password, created_at };
    store::put_user(tx, &row)?;
    let key = NewApiKey { company, name: "first key".to_owned(), scopes: Scopes::of_keys(), expires_at: None };
    let (api_key, api_key_text) = auth.create_key(tx, key)?;
    Ok(Created { company, user, api_key, api_key_text })
}
