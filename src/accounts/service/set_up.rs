//! A company with its first person: at the first start, offline, or by registering.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    sign_in::{Client, SignedIn},
    users::record,
};
use crate::{
    accounts::{
        Accounts, Error, Password, Registration,
        model::{self, Email},
        password::PasswordHash,
        store::{self, CompanyRow, UserRow},
    },
    audit::{self, Actor, Entry, Origin},
    auth::{NewKeyText, Role},
    base::{ApiKeyId, CompanyId, UserId},
    limits::{self, Subject},
    storage::Tx,
};

/// The order to make a company with its admin.
#[derive(Debug, Clone)]
pub struct SetUp {
    /// What people call the company.
    pub company_name: String,
    /// The admin's name.
    pub name: String,
    /// The admin's address.
    pub email: String,
    /// The admin's password.
    pub password: Password,
    /// Whether somebody else knows the password, so that another must be chosen at the first sign-in.
    pub needs_password: bool,
}

/// What was made with an API key.
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

/// A company whose first person is signed in.
pub type Registered = SignedIn;

/// An order whose fields were checked and whose password is hashed.
struct Checked {
    company_name: String,
    name: String,
    email: Email,
    password: PasswordHash,
    needs_password: bool,
}

impl Accounts {
    /// Whether there is no company yet: the first start.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.first_company().await?.is_none())
    }

    /// The id and name of the company made first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn first_company(&self) -> Result<Option<(CompanyId, String)>, Error> {
        let row = self.inner.db.read(store::first_company).await??;
        Ok(row.map(|row| (row.id, row.name)))
    }

    /// Allows whoever shows this token to set the instance up, once.
    pub fn expect_set_up(&self, token: &str) {
        let hash = Sha256::digest(token.as_bytes()).into();
        if self.inner.set_up_token.set(hash).is_err() {
            tracing::warn!("a second set-up token was ignored");
        }
    }

    /// Makes a company, its admin and an API key with every scope the admin can give. Whoever makes the first company
    /// owns the instance.
    ///
    /// # Errors
    /// [`Error`] for each field that is not usable; [`Error::EmailTaken`].
    pub async fn set_up(&self, order: SetUp) -> Result<Created, Error> {
        let checked = self.check(order).await?;
        let accounts = self.clone();
        self.inner
            .db
            .write(move |tx| {
                let is_first = store::first_company(tx)?.is_none();
                let user = accounts.create(tx, checked, is_first, &Origin::machine())?;
                let company = user.company;
                let (api_key, api_key_text) = accounts.create_machine_key(tx, company, "first key")?;
                Ok(Created { company, user: user.id, api_key, api_key_text })
            })
            .await
    }

    /// The first company, made in the browser with the token of the first start.
    ///
    /// # Errors
    /// [`Error::SetUpAlready`], [`Error::SetUpToken`], and each field that is not usable.
    pub(in crate::accounts) async fn set_up_with_token(
        &self,
        token: &str,
        order: SetUp,
        client: Client,
    ) -> Result<Registered, Error> {
        if !self.is_empty().await? {
            return Err(Error::SetUpAlready);
        }
        self.inner.limits.admit(limits::TOKEN, Subject::of(&[&Subject::network(client.address)])).await?;
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let is_right = self.inner.set_up_token.get().is_some_and(|right| right.ct_eq(&hash).into());
        if !is_right {
            return Err(Error::SetUpToken);
        }
        let checked = self.check(order).await?;
        let (accounts, done) = (self.clone(), self.inner.set_up_done.clone());
        self.inner
            .db
            .write(move |tx| {
                if store::first_company(tx)?.is_some() {
                    return Err(Error::SetUpAlready);
                }
                let user = accounts.create(tx, checked, true, &client.origin_of_none())?;
                tx.on_commit(move || done.cancel());
                accounts.let_in(tx, user, client)
            })
            .await
    }

    /// Waits until the instance was set up with the token.
    pub async fn set_up_done(&self) {
        self.inner.set_up_done.cancelled().await;
    }

    /// One more company, made by its admin, where the configuration allows it.
    ///
    /// # Errors
    /// [`Error::RegistrationClosed`], and each field that is not usable.
    pub(in crate::accounts) async fn register(&self, order: SetUp, client: Client) -> Result<Registered, Error> {
        self.limit_registration(&client).await?;
        if self.inner.settings.registration() != Registration::Open || self.is_empty().await? {
            return Err(Error::RegistrationClosed);
        }
        let checked = self.check(order).await?;
        let accounts = self.clone();
        self.inner
            .db
            .write(move |tx| {
                let user = accounts.create(tx, checked, false, &client.origin_of_none())?;
                accounts.let_in(tx, user, client)
            })
            .await
    }

    async fn limit_registration(&self, client: &Client) -> Result<(), Error> {
        let subject = Subject::of(&[&Subject::network(client.address)]);
        Ok(self.inner.limits.admit(limits::REGISTER, subject).await?)
    }

    async fn check(&self, order: SetUp) -> Result<Checked, Error> {
        let (company_name, name) = (model::company_name(&order.company_name)?, model::name(&order.name)?);
        let email: Email = order.email.parse()?;
        let password = self.hash(order.password, &[&company_name, &name, email.as_str()]).await?;
        Ok(Checked { company_name, name, email, password, needs_password: order.needs_password })
    }

    fn create(&self, tx: &mut Tx<'_>, order: Checked, is_owner: bool, origin: &Origin) -> Result<UserRow, Error> {
        let Checked { company_name, name, email, password, needs_password } = order;
        let (company, created_at) = (CompanyId::from_raw(tx.mint()), tx.now());
        let after = json!({ "name": company_name });
        store::put_company(tx, &CompanyRow { id: company, name: company_name, requires_mfa: false, created_at })?;
        let user = UserRow::fresh(tx, (company, Role::Admin), (name, email), password);
        let user = UserRow { is_owner, needs_password, ..user };
        self.add(tx, &user)?;
        // The first person makes the company, unless it is made from the machine.
        let origin = match origin.actor {
            Actor::System => Origin { actor: Actor::User(user.id), ..origin.clone() },
            _ => origin.clone(),
        };
        let entry = Entry { action: "company.create", object: company.to_string(), before: Value::Null, after };
        audit::record(tx, company, &origin, entry)?;
        record(tx, &origin, "user.create", &user, (Value::Null, user.facts()))?;
        Ok(user)
    }
}
