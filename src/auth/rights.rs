//! Other rights for sessions that are open.

use std::sync::Arc;

use super::{Auth, model::Role, sessions::SessionRow, store};
use crate::{
    base::UserId,
    storage::{self, Tx},
};

impl Auth {
    /// Gives the open sessions of a person other rights, from this commit on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn change_rights(
        &self,
        tx: &mut Tx<'_>,
        user: UserId,
        role: Role,
        is_owner: bool,
    ) -> Result<(), storage::Error> {
        self.update_sessions(tx, user, |row| (row.role, row.is_owner) = (role, is_owner))
    }

    /// Gives the sessions of a person the rights they were waiting for, from this commit on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_enrolment(&self, tx: &mut Tx<'_>, user: UserId) -> Result<(), storage::Error> {
        self.update_sessions(tx, user, |row| row.is_enrolling = false)
    }

    /// Gives the sessions of a person who has chosen a password the rights they were waiting for, from this commit on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_first_password(&self, tx: &mut Tx<'_>, user: UserId) -> Result<(), storage::Error> {
        self.update_sessions(tx, user, |row| row.needs_password = false)
    }

    /// Changes the sessions of a person; what is not changed is not written.
    fn update_sessions(
        &self,
        tx: &mut Tx<'_>,
        user: UserId,
        change: impl Fn(&mut SessionRow),
    ) -> Result<(), storage::Error> {
        for before in store::sessions_of(tx, user)? {
            let mut row = before.clone();
            change(&mut row);
            if row != before {
                store::put_session(tx, &row)?;
                let (cache, id) = (Arc::clone(&self.inner.sessions), row.id);
                tx.on_commit(move || cache.forget(id));
            }
        }
        Ok(())
    }
}
