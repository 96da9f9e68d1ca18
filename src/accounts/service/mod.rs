//! What can be done with accounts; each change is one transaction.

mod company;
mod departments;
mod invites;
mod keys;
mod mailbox;
mod notifications;
mod offline;
mod passwords;
mod policy;
mod prove;
mod recovery;
mod rescue;
mod set_up;
mod sign_in;
mod users;

pub use company::{CompanyFigures, ReadFigures};
pub use offline::NewPerson;
pub use set_up::{Created, Registered, SetUp};
pub use sign_in::{Client, SignedIn};

pub(super) use company::{CompanyChange, CompanyStats, CompanyView};
pub(super) use departments::{DepartmentChange, DepartmentView, Organiser};
pub(super) use invites::{Accept, InviteView, NewInvite};
pub(super) use keys::NewKey;
pub(super) use recovery::Reset;
pub(super) use sign_in::{SignIn, Welcome};
pub use users::UserView;
pub(super) use users::{NewUser, UserChange};

use std::sync::Arc;

use super::{
    Accounts, Error,
    password::Password,
    store::{self, UserRow},
};
use crate::{
    auth::Caller,
    base::{CompanyId, RawId, UserId},
    storage::{self, Tx},
};

/// No person: ids are made from the time and are never zero. Rows of it stand for every address without an account.
pub(super) const NOBODY: UserId = UserId::from_raw(RawId { hi: 0, lo: 0 });
/// The most users, invitations or keys of a company.
pub(super) const OF_COMPANY_MAX: usize = 10_000;

impl Accounts {
    /// Makes sure inside a transaction that the caller still has the rights it came with.
    ///
    /// # Errors
    /// [`Error::Auth`].
    pub(super) fn confirm(&self, tx: &Tx<'_>, caller: &Caller) -> Result<(), Error> {
        Ok(self.inner.auth.confirm(tx, caller)?)
    }

    /// Makes sure that the person showed password or second factor a short while ago.
    ///
    /// # Errors
    /// [`Error::Auth`].
    pub(super) fn require_proof(&self, caller: &Caller) -> Result<(), Error> {
        Ok(self.inner.auth.require_proof(caller)?)
    }

    /// Stores a person, new or changed; who looks him up after this commit sees it.
    pub(super) fn put_user(&self, tx: &mut Tx<'_>, row: &UserRow) -> Result<(), storage::Error> {
        self.forget_profile(tx, row.id);
        store::put_user(tx, row)
    }

    fn forget_profile(&self, tx: &mut Tx<'_>, user: UserId) {
        let inner = Arc::clone(&self.inner);
        tx.on_commit(move || inner.profiles.forget(&user.hi()));
    }

    fn forget_members(&self, tx: &mut Tx<'_>, department: u64) {
        let inner = Arc::clone(&self.inner);
        tx.on_commit(move || inner.members.forget(&department));
    }

    fn forget_stats(&self, tx: &mut Tx<'_>, company: CompanyId) {
        let inner = Arc::clone(&self.inner);
        tx.on_commit(move || inner.stats.forget(&company));
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.inner.db.random().fill(&mut salt);
        salt
    }

    /// Checks all rules for a new password and hashes it.
    async fn hash(&self, password: Password, words: &[&str]) -> Result<super::password::PasswordHash, Error> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let hash = self.inner.hasher.hash(password.clone(), words, self.salt()).await?;
        // Last, so that nobody is asked about what is refused anyway.
        if self.inner.settings.stolen.have(&password).await { Err(Error::StolenPassword) } else { Ok(hash) }
    }
}
