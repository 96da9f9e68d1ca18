//! Changing a password.

use serde_json::Value;

use super::users::record;
use crate::{
    accounts::{
        Accounts, Error, Password,
        letters::{self, Notice},
        store,
    },
    auth::Author,
    base::{SessionId, UserId},
    limits::{self, Subject},
};

impl Accounts {
    /// Changes a person's own password and ends all other sessions of that person.
    ///
    /// # Errors
    /// [`Error::CurrentPassword`], [`Error::SamePassword`], [`Error::Password`], [`Error::WeakPassword`], [`Error::Busy`].
    pub(in crate::accounts) async fn change_password(
        &self,
        (user, session): (UserId, SessionId),
        current: Password,
        new: Password,
        author: Author,
    ) -> Result<(), Error> {
        let row = self.inner.db.read(move |snapshot| store::find_user(snapshot, user)).await??;
        let row = row.ok_or(Error::NotFound("user"))?;
        new.check_length()?;
        self.inner.limits.admit(limits::PASSWORD, Subject::of(&[&user.raw().hi.to_be_bytes()])).await?;
        let is_same = current.is(&new);
        if !self.inner.hasher.verify(current, Some(row.password.clone())).await? {
            return Err(Error::CurrentPassword);
        }
        if is_same {
            return Err(Error::SamePassword);
        }
        let password = self.hash(new, &[&row.name, row.email.as_str()]).await?;
        let accounts = self.clone();
        self.inner
            .db
            .write(move |tx| {
                accounts.confirm(tx, &author.caller)?;
                let version = row.password_version;
                let now = store::find_user(tx, user)?.filter(|now| now.password_version == version);
                let mut row = now.ok_or(Error::CurrentPassword)?;
                row.password = password;
                row.password_version = version.wrapping_add(1);
                row.needs_password = false;
                accounts.put_user(tx, &row)?;
                record(tx, &author.origin, "password.change", &row, (Value::Null, Value::Null))?;
                letters::notify(&accounts.inner.mail, tx, &row, Notice::PasswordChanged)?;
                accounts.inner.auth.end_sessions(tx, user, Some(session))?;
                accounts.inner.auth.end_first_password(tx, user)?;
                Ok(())
            })
            .await
    }
}
