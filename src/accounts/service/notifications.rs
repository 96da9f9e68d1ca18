//! Reading what one is told, and marking it as read. Marks are nothing that anybody else sees, so they are not in the audit
//! log.

use crate::{
    accounts::{Accounts, Error},
    auth::{Author, Caller},
    base::NotificationId,
    notifications::{self, NotificationView, Reader},
    storage::{Snapshot, Tx},
};

impl Accounts {
    /// What this person is told, the newest first; a bounded number.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody calls; when the store fails.
    pub(in crate::accounts) fn notifications(
        &self,
        read: &Snapshot,
        caller: &Caller,
    ) -> Result<Vec<NotificationView>, Error> {
        Ok(notifications::list(read, &reader(caller)?, self.inner.db.now())?)
    }

    /// Marks one as read.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there, or not for this person.
    pub(in crate::accounts) fn read_notification(
        tx: &mut Tx<'_>,
        author: &Author,
        id: NotificationId,
    ) -> Result<(), Error> {
        let is_there = notifications::mark_read(tx, &reader(&author.caller)?, id)?;
        if is_there { Ok(()) } else { Err(Error::NotFound("notification")) }
    }

    /// Marks all of them as read, up to and with one when it is named.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::accounts) fn read_notifications(
        tx: &mut Tx<'_>,
        author: &Author,
        until: Option<NotificationId>,
    ) -> Result<(), Error> {
        Ok(notifications::mark_all_read(tx, &reader(&author.caller)?, until)?)
    }
}

/// The permission table keeps keys away before this.
fn reader(caller: &Caller) -> Result<Reader, Error> {
    caller.reader().ok_or(Error::NotFound("user"))
}
