//! Reading what was sent to the people of a company.

use serde_json::Value;

use crate::{
    accounts::{Accounts, Error, store},
    audit::{self, Entry},
    auth::Author,
    base::{CompanyId, UserId},
    mail::MessageView,
    storage::{Snapshot, Tx},
};

impl Accounts {
    /// Records that somebody looks at the messages, once an hour: a page that is open looks again and again.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::accounts) fn record_mailbox(tx: &mut Tx<'_>, user: UserId, author: &Author) -> Result<(), Error> {
        let (company, origin) = author.by();
        let mut habits = store::habits(tx, user)?;
        if !habits.looks_anew(tx.now()) {
            return Ok(());
        }
        store::put_habits(tx, user, &habits)?;
        let object = company.to_string();
        let entry = Entry { action: "mailbox.read", object, before: Value::Null, after: Value::Null };
        Ok(audit::record(tx, company, origin, entry)?)
    }

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
