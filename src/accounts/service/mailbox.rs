//! Reading what was sent to the people of a company.

use crate::{
    accounts::{Accounts, Error, store},
    base::{CompanyId, UserId},
    mail::MessageView,
    storage::Snapshot,
};

impl Accounts {
    /// Messages of the company that this person may read, before one, the newest first.
    ///
    /// Whoever reads a reset link can sign in as the person it is for. An admin has every right over the people of the
    /// company but none over the instance, so messages about an owner are shown to owners only.
    pub(in crate::accounts) fn mailbox(
        &self,
        read: &Snapshot,
        (company, reader): (CompanyId, UserId),
        page: (Option<u64>, usize),
    ) -> Result<Vec<MessageView>, Error> {
        let is_owner = |id: UserId| Ok(store::find_user(read, id)?.is_some_and(|user| user.is_owner));
        let sees_all = is_owner(reader)?;
        let found = self.inner.mail.list(read, company, page, &mut |about| match about {
            Some(user) if !sees_all => Ok(!is_owner(user)?),
            _ => Ok(true),
        })?;
        Ok(found)
    }
}
