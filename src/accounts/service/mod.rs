//! What can be done with accounts; each change is one transaction.

mod invites;
mod keys;
mod mailbox;
mod offline;
mod passwords;
mod recovery;
mod set_up;
mod sign_in;
mod users;

pub use offline::NewPerson;
pub use set_up::{Created, Registered, SetUp};
pub use sign_in::{Client, SignedIn};

pub(super) use invites::{Accept, InviteView, NewInvite};
pub(super) use keys::NewKey;
pub(super) use recovery::Reset;
pub(super) use sign_in::{SignIn, Welcome};
pub use users::UserView;
pub(super) use users::{NewUser, UserChange};

use super::{Accounts, Error, password::Password};

/// The most users, invitations or keys of a company.
pub(super) const OF_COMPANY_MAX: usize = 10_000;

impl Accounts {
    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.inner.db.random().fill(&mut salt);
        salt
    }

    async fn hash(&self, password: Password, words: &[&str]) -> Result<super::password::PasswordHash, Error> {
        password.check(words)?;
        self.inner.hasher.hash(password, self.salt()).await
    }
}
