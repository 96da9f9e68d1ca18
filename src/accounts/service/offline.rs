//! What whoever has the machine can do to people: the way back in after a lock-out.

use super::{
    OF_COMPANY_MAX,
    users::{UserView, record},
};
use crate::{
    accounts::{
        Accounts, Email, Error, Password,
        letters::{self, Notice},
        service::NewUser,
        store::{self, UserRow},
    },
    audit::Origin,
    auth::Role,
    base::CompanyId,
    storage::Tx,
};

/// The order to make a user in a company that is named by its id or, when there is one only, not at all.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// The company; the only one when left out.
    pub company: Option<CompanyId>,
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The first password.
    pub password: Password,
}

impl Accounts {
    /// The people of all companies, at most the first ten thousand of each of the newest companies.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn people(&self) -> Result<Vec<UserView>, Error> {
        self.inner
            .db
            .read(|snapshot| {
                let mut people = Vec::new();
                for company in store::companies(snapshot, OF_COMPANY_MAX)? {
                    people.extend(store::users_of(snapshot, company.id, None, OF_COMPANY_MAX)?);
                }
                Ok(people.into_iter().map(UserView::from).collect())
            })
            .await
            .map_err(Error::from)?
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`Error::WhichCompany`] when none is named and there is not exactly one; as over the API otherwise.
    pub async fn create_person(&self, order: NewPerson) -> Result<UserView, Error> {
        let NewPerson { company, name, email, role, password } = order;
        let companies = self.inner.db.read(|snapshot| store::companies(snapshot, 2)).await??;
        let company = match (company, companies.as_slice()) {
            (Some(company), _) => company,
            (None, [only]) => only.id,
            (None, _) => return Err(Error::WhichCompany),
        };
        let exists = self.inner.db.read(move |snapshot| store::find_company(snapshot, company)).await??;
        exists.ok_or(Error::NotFound("company"))?;
        self.create_user(None, company, Origin::machine(), NewUser { name, email, role, password }).await
    }

    /// Gives a person a new password without asking for the old one, lets him in again and ends all sessions. At the next
    /// sign-in the person has to choose another, since whoever did this knows it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Password`], [`Error::WeakPassword`].
    pub async fn reset_password(&self, email: &str, password: Password) -> Result<UserView, Error> {
        let password = self.hash(password, &[email]).await?;
        self.change_person(email, "password.reset", Some(Notice::PasswordReset), move |row| {
            row.password = password;
            row.password_version = row.password_version.wrapping_add(1);
            row.needs_password = true;
            row.is_disabled = false;
        })
        .await
    }

    /// Makes a person an admin of the company, and of the whole instance when told so; ends all sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn promote(&self, email: &str, is_owner: bool) -> Result<UserView, Error> {
        self.change_person(email, "user.update", None, move |row| {
            row.role = Role::Admin;
            row.is_owner |= is_owner;
            row.is_disabled = false;
        })
        .await
    }

    async fn change_person(
        &self,
        email: &str,
        action: &'static str,
        notice: Option<Notice>,
        change: impl FnOnce(&mut UserRow) + Send + 'static,
    ) -> Result<UserView, Error> {
        let email: Email = email.parse()?;
        let accounts = self.clone();
        let work = move |tx: &mut Tx<'_>| {
            let mut row = store::find_user_by_email(tx, &email)?.ok_or(Error::NotFound("user"))?;
            let before = row.facts();
            change(&mut row);
            record(tx, &Origin::machine(), action, &row, (before, row.facts()))?;
            accounts.put_user(tx, &row)?;
            if let Some(notice) = notice {
                letters::notify(&accounts.inner.mail, tx, &row, notice)?;
            }
            accounts.inner.auth.end_sessions(tx, row.id, None)?;
            Ok(row.into())
        };
        self.inner.db.write(work).await
    }
}
