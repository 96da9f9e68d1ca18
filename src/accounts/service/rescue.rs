//! What an admin can do for people of the company who lost a device, or whose sessions somebody else may have.

use serde_json::Value;

use super::users::{record, require_equal};
use crate::{
    accounts::{
        Accounts, Error,
        letters::{self, Notice},
        mfa,
        store::{self, UserRow},
    },
    auth::{Author, Caller},
    base::UserId,
    storage::{Read, Tx},
};

impl Accounts {
    /// Ends all sessions of one of the company's people.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OfOwner`] for an owner, from anybody else.
    pub(in crate::accounts) fn end_sessions_of(
        &self,
        tx: &mut Tx<'_>,
        Author { caller, origin }: &Author,
        id: UserId,
    ) -> Result<(), Error> {
        let row = find(tx, caller, id)?;
        self.inner.auth.end_sessions(tx, id, None)?;
        record(tx, origin, "session.end_all", &row, (Value::Null, Value::Null))
    }

    /// Removes the second factor of one of the company's people and ends all sessions; the person is told.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OwnMfa`] for oneself, which takes a proof; [`Error::MfaMissing`]; [`Error::OfOwner`] for
    /// an owner, from anybody else.
    pub(in crate::accounts) fn remove_mfa_of(
        &self,
        tx: &mut Tx<'_>,
        Author { caller, origin }: &Author,
        id: UserId,
    ) -> Result<(), Error> {
        let row = find(tx, caller, id)?;
        if caller.person().is_some_and(|(own, _)| own == id) {
            return Err(Error::OwnMfa);
        }
        if !mfa::is_enabled(tx, id)? {
            return Err(Error::MfaMissing);
        }
        mfa::forget(tx, id)?;
        self.inner.auth.end_sessions(tx, id, None)?;
        letters::notify(&self.inner.mail, tx, &row, Notice::FactorRemoved)?;
        record(tx, origin, "mfa.disable", &row, (Value::Null, Value::Null))
    }
}

/// Somebody of the company; an owner of the instance for owners only, since nobody may come closer to that account.
fn find(read: &impl Read, caller: &Caller, id: UserId) -> Result<UserRow, Error> {
    let row = store::find_user_of(read, caller.company, id)?.ok_or(Error::NotFound("user"))?;
    require_equal(caller, &row)?;
    Ok(row)
}
