//! What is looked after in the background: the versions of deleted templates.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    base::Timestamp,
    emails::{Emails, store},
    storage::{self, pause},
};

const EVERY: Duration = Duration::from_hours(1);
/// Templates removed in one transaction.
const PAGE: usize = 20;

impl Emails {
    /// Removes what is left of templates that were deleted long ago, until stopped.
    pub async fn maintain(self, stop: CancellationToken) {
        while pause(EVERY, &stop).await {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "deleted e-mail templates could not be removed: {error}");
            }
        }
    }

    pub(in crate::emails) async fn sweep(&self) -> Result<(), storage::Error> {
        let now = self.db.now();
        let before = Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(self.mail.keep_ms()));
        loop {
            let page = self.db.read(move |snapshot| store::deleted_before(snapshot, before, PAGE)).await??;
            let is_last = page.len() < PAGE;
            let remove = page.into_iter();
            self.db
                .write_reclaiming(move |tx| {
                    remove.into_iter().try_for_each(|(company, name)| store::remove(tx, company, &name, before))
                })
                .await?;
            if is_last {
                return Ok(());
            }
        }
    }
}
