//! The people of a company.

use serde_json::{Value, json};

use crate::{
    accounts::{
        Accounts, Error, Password, mfa,
        model::{self, Email},
        store::{self, UserRow},
    },
    audit::{self, Entry, Origin},
    auth::Role,
    base::{CompanyId, Timestamp, UserId},
    storage::{Read, Snapshot, Tx},
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
    pub(in crate::accounts) fn user_of(read: &impl Read, company: CompanyId, id: UserId) -> Result<UserView, Error> {
        store::find_user_of(read, company, id)?.map(UserView::from).ok_or(Error::NotFound("user"))
    }

    /// Makes a user who signs in with the given password.
    ///
    /// # Errors
    /// [`Error::EmailTaken`], [`Error::TooMany`], and each field that is not usable.
    pub(in crate::accounts) async fn create_user(
        &self,
        company: CompanyId,
        origin: Origin,
        order: NewUser,
    ) -> Result<UserView, Error> {
        let name = model::name(&order.name)?;
        let email: Email = order.email.parse()?;
        let password = self.hash(order.password, &[&name, email.as_str()]).await?;
        self.inner
            .db
            .write(move |tx| {
                let user = UserRow {
                    id: UserId::from_raw(tx.mint()),
                    company,
                    name,
                    email,
                    role: order.role,
                    is_owner: false,
                    password,
                    password_version: 0,
                    is_disabled: false,
                    last_sign_in_at: None,
                    created_at: tx.now(),
                };
                add(tx, &user)?;
                record(tx, &origin, "user.create", &user, (Value::Null, user.facts()))?;
                Ok(user.into())
            })
            .await
    }

    /// Changes one of the company's people; a lost right is lost at once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Name`], [`Error::Last`].
    pub(in crate::accounts) fn update_user(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: UserId,
        change: UserChange,
    ) -> Result<UserView, Error> {
        let before = store::find_user_of(tx, company, id)?.ok_or(Error::NotFound("user"))?;
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
        store::put_user(tx, &row)?;
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
    /// [`Error::NotFound`], [`Error::Last`].
    pub(in crate::accounts) fn delete_user(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: UserId,
    ) -> Result<(), Error> {
        let row = store::find_user_of(tx, company, id)?.ok_or(Error::NotFound("user"))?;
        require_others(tx, &row)?;
        self.inner.auth.end_sessions(tx, id, None)?;
        mfa::forget(tx, id)?;
        store::delete_reset(tx, id)?;
        record(tx, origin, "user.delete", &row, (row.facts(), Value::Null))?;
        Ok(store::delete_user(tx, &row)?)
    }
}

/// Stores a new user whose address is free.
pub(super) fn add(tx: &mut Tx<'_>, user: &UserRow) -> Result<(), Error> {
    if store::is_email_taken(tx, &user.email)? {
        return Err(Error::EmailTaken);
    }
    if store::users_of(tx, user.company, None, OF_COMPANY_MAX)?.len() >= OF_COMPANY_MAX {
        return Err(Error::TooMany("10,000 users"));
    }
    Ok(store::put_user(tx, user)?)
}

/// The company keeps an active admin, and an owner stays one.
fn require_others(read: &impl Read, user: &UserRow) -> Result<(), Error> {
    if user.is_owner {
        return Err(Error::Last("owner of the instance"));
    }
    if user.role != Role::Admin || user.is_disabled {
        return Ok(());
    }
    let people = store::users_of(read, user.company, None, OF_COMPANY_MAX)?;
    let is_other_admin = |other: &UserRow| other.role == Role::Admin && !other.is_disabled && other.id != user.id;
    if people.iter().any(is_other_admin) { Ok(()) } else { Err(Error::Last("admin of the company")) }
}
