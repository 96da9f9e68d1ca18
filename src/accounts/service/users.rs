//! The people of a company.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    accounts::{
        Accounts, Error, Password, mfa,
        model::{self, Email},
        password::PasswordHash,
        store::{self, UserRow},
    },
    audit::{self, Entry, Origin},
    auth::{Author, Caller, Role, Scope},
    base::{CompanyId, Timestamp, UserId},
    limits::{self, Subject},
    storage::{self, Snapshot, Tx},
};

use super::OF_COMPANY_MAX;

/// A person as others in the company see him or her.
#[derive(Debug, Clone)]
pub struct UserView {
    /// The person's id.
    pub id: UserId,
    /// Where the person belongs.
    pub company: CompanyId,
    /// The name.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The role.
    pub role: Role,
    /// Whether the person owns the instance.
    pub is_owner: bool,
    /// Whether the person may not sign in.
    pub is_disabled: bool,
    /// When the person signed in last.
    pub last_sign_in_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl From<UserRow> for UserView {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            company: row.company,
            name: row.name,
            email: row.email.as_str().to_owned(),
            role: row.role,
            is_owner: row.is_owner,
            is_disabled: row.is_disabled,
            last_sign_in_at: row.last_sign_in_at,
            created_at: row.created_at,
        }
    }
}

impl UserRow {
    /// Somebody who joins now.
    pub(super) fn fresh(
        tx: &mut Tx<'_>,
        (company, role): (CompanyId, Role),
        (name, email): (String, Email),
        password: PasswordHash,
    ) -> Self {
        Self {
            id: UserId::from_raw(tx.mint()),
            company,
            name,
            email,
            role,
            is_owner: false,
            password,
            password_version: 0,
            needs_password: false,
            is_disabled: false,
            last_sign_in_at: None,
            created_at: tx.now(),
        }
    }

    /// What the audit log shows of a user.
    pub(super) fn facts(&self) -> Value {
        json!({ "name": self.name, "email": self.email.as_str(), "role": self.role, "is_owner": self.is_owner,
            "disabled": self.is_disabled })
    }
}

/// Records a change of a user.
pub(super) fn record(
    tx: &mut Tx<'_>,
    origin: &Origin,
    action: &'static str,
    user: &UserRow,
    (before, after): (Value, Value),
) -> Result<(), Error> {
    let entry = Entry { action, object: user.id.to_string(), before, after };
    Ok(audit::record(tx, user.company, origin, entry)?)
}

/// The order to make a user at once, without an invitation.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct NewUser {
    pub(in crate::accounts) name: String,
    pub(in crate::accounts) email: String,
    pub(in crate::accounts) role: Role,
    pub(in crate::accounts) password: Password,
}

/// Changes to a user; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(in crate::accounts) struct UserChange {
    pub(in crate::accounts) name: Option<String>,
    pub(in crate::accounts) role: Option<Role>,
    pub(in crate::accounts) is_disabled: Option<bool>,
}

impl Accounts {
    /// A page of the company's people, the newest first.
    pub(in crate::accounts) fn users(
        read: &Snapshot,
        company: CompanyId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<UserView>, Error> {
        Ok(store::users_of(read, company, before, limit)?.into_iter().map(UserView::from).collect())
    }

    /// One of the company's people.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::accounts) async fn user_of(&self, company: CompanyId, id: UserId) -> Result<Arc<UserView>, Error> {
        let profiles = &self.inner.profiles;
        if let Some(profile) = profiles.find(&id.hi()).filter(|it| it.id == id && it.company == company) {
            return Ok(profile);
        }
        // Also somebody of another company who is in memory: the time must not tell that there is such a person.
        let moment = profiles.moment();
        let row = self.inner.db.read(move |snapshot| store::find_user_of(snapshot, company, id)).await??;
        let profile = Arc::new(UserView::from(row.ok_or(Error::NotFound("user"))?));
        profiles.remember(id.hi(), Arc::clone(&profile), moment);
        Ok(profile)
    }

    /// Anybody; from memory when looked up before.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the person was removed in this moment.
    pub(in crate::accounts) async fn user(&self, id: UserId) -> Result<Arc<UserView>, Error> {
        let profiles = &self.inner.profiles;
        if let Some(profile) = profiles.find(&id.hi()).filter(|profile| profile.id == id) {
            return Ok(profile);
        }
        let moment = profiles.moment();
        let row = self.inner.db.read(move |snapshot| store::find_user(snapshot, id)).await??;
        let profile = Arc::new(UserView::from(row.ok_or(Error::NotFound("user"))?));
        profiles.remember(id.hi(), Arc::clone(&profile), moment);
        Ok(profile)
    }

    /// Stores a new user whose address is free.
    pub(super) fn add(&self, tx: &mut Tx<'_>, user: &UserRow) -> Result<(), Error> {
        if store::is_email_taken(tx, &user.email)? {
            return Err(Error::EmailTaken);
        }
        if store::user_count(tx, user.company) >= OF_COMPANY_MAX {
            return Err(Error::TooMany("10,000 users"));
        }
        self.forget_stats(tx, user.company);
        Ok(self.put_user(tx, user)?)
    }

    /// Makes a user who signs in with the given password, once: somebody else knows it, so it is to be replaced then.
    ///
    /// # Errors
    /// [`Error::EmailTaken`], [`Error::TooMany`], and each field that is not usable.
    pub(in crate::accounts) async fn create_user(
        &self,
        caller: Option<&Caller>,
        company: CompanyId,
        origin: Origin,
        order: NewUser,
    ) -> Result<UserView, Error> {
        let name = model::name(&order.name)?;
        let email: Email = order.email.parse()?;
        if caller.is_some() {
            self.inner.limits.admit(limits::ADD_USER, Subject::of(&[&company.hi().to_be_bytes()])).await?;
        }
        let password = self.hash(order.password, &[&name, email.as_str()]).await?;
        let (accounts, caller) = (self.clone(), caller.copied());
        self.inner
            .db
            .write(move |tx| {
                if let Some(caller) = &caller {
                    accounts.confirm(tx, caller)?;
                }
                let user = UserRow::fresh(tx, (company, order.role), (name, email), password);
                let user = UserRow { needs_password: true, ..user };
                accounts.add(tx, &user)?;
                record(tx, &origin, "user.create", &user, (Value::Null, user.facts()))?;
                Ok(user.into())
            })
            .await
    }

    /// Changes one of the company's people, once `fits` has agreed to what is there; a lost right is lost at once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Name`], [`Error::Last`]; [`Error::OfOwner`] for an owner, from anybody else.
    pub(in crate::accounts) fn update_user<E: From<Error> + From<storage::Error>>(
        &self,
        tx: &mut Tx<'_>,
        Author { caller, origin }: &Author,
        id: UserId,
        change: UserChange,
        fits: impl FnOnce(&UserView) -> Result<(), E>,
    ) -> Result<UserView, E> {
        let before = store::find_user_of(tx, caller.company, id)?.ok_or(Error::NotFound("user"))?;
        require_equal(caller, &before)?;
        fits(&before.clone().into())?;
        let mut row = before.clone();
        if let Some(name) = change.name {
            row.name = model::name(&name)?;
        }
        row.role = change.role.unwrap_or(row.role);
        row.is_disabled = change.is_disabled.unwrap_or(row.is_disabled);
        let is_weaker = row.role != Role::Admin || row.is_disabled;
        if is_weaker {
            require_others(tx, &before)?;
        }
        self.put_user(tx, &row)?;
        record(tx, origin, "user.update", &row, (before.facts(), row.facts()))?;
        if row.is_disabled {
            self.inner.auth.end_sessions(tx, id, None)?;
        } else if row.role != before.role {
            self.inner.auth.change_rights(tx, id, row.role, row.is_owner)?;
        }
        Ok(row.into())
    }

    /// Removes one of the company's people with all sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Last`]; [`Error::OfOwner`] for an owner, from anybody else.
    pub(in crate::accounts) fn delete_user(
        &self,
        tx: &mut Tx<'_>,
        Author { caller, origin }: &Author,
        id: UserId,
    ) -> Result<(), Error> {
        let company = caller.company;
        let row = store::find_user_of(tx, company, id)?.ok_or(Error::NotFound("user"))?;
        require_equal(caller, &row)?;
        require_others(tx, &row)?;
        self.inner.auth.forget_person(tx, id)?;
        mfa::forget(tx, id)?;
        store::delete_reset(tx, id)?;
        store::delete_habits(tx, id)?;
        for department in store::leave_all(tx, company, id)? {
            self.forget_members(tx, department);
        }
        self.forget_profile(tx, id);
        self.forget_stats(tx, company);
        record(tx, origin, "user.delete", &row, (row.facts(), Value::Null))?;
        Ok(store::delete_user(tx, &row)?)
    }
}

/// Nobody but an owner of the instance does anything to one.
pub(super) fn require_equal(caller: &Caller, user: &UserRow) -> Result<(), Error> {
    let may = !user.is_owner || caller.scopes.contains(Scope::InstanceWrite);
    if may { Ok(()) } else { Err(Error::OfOwner) }
}

/// The company keeps an active admin, and an owner stays one.
fn require_others(tx: &Tx<'_>, user: &UserRow) -> Result<(), Error> {
    if user.is_owner {
        return Err(Error::Last("owner of the instance"));
    }
    let is_last = user.is_active_admin() && store::admin_count(tx, user.company) <= 1;
    if is_last { Err(Error::Last("admin of the company")) } else { Ok(()) }
}
