//! Keeps the feed within its limits.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Changes;
use crate::{
    base::Timestamp,
    storage::{self, feed, pause},
};

/// How often old changes are removed.
const EVERY: Duration = Duration::from_secs(20);
/// Companies looked at in one read.
const COMPANIES: usize = 500;
/// Rows removed in one transaction.
const ROWS: usize = 200;

impl Changes {
    /// Removes old changes until told to stop.
    pub async fn maintain(self, stop: CancellationToken) {
        while pause(EVERY, &stop).await {
            match self.trim(&stop).await {
                Ok(_) => {}
                Err(storage::Error::Stopped | storage::Error::Unknown(_)) => return,
                Err(error) => tracing::warn!(%error, "old changes could not be removed: {error}"),
            }
        }
    }

    /// Removes what is too old or too much; answers how many rows.
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub(super) async fn trim(&self, stop: &CancellationToken) -> Result<usize, storage::Error> {
        let (db, settings) = (&self.parts().db, self.parts().settings);
        let (mut removed, mut after) = (0, 0);
        loop {
            let page = db.read(move |snapshot| feed::companies(snapshot, after, COMPANIES)).await??;
            let before = Timestamp::from_ms(db.now().as_ms().saturating_sub_unsigned(settings.keep_ms));
            for (company, bytes, oldest) in &page {
                let (company, mut is_over) = (*company, *oldest < before || *bytes > settings.keep_bytes);
                while is_over && !stop.is_cancelled() {
                    let work =
                        move |tx: &mut storage::Tx<'_>| feed::trim(tx, company, before, settings.keep_bytes, ROWS);
                    let count = db.write_reclaiming(work).await?;
                    removed += count;
                    is_over = count == ROWS;
                }
                after = company;
            }
            if page.len() < COMPANIES || stop.is_cancelled() {
                return Ok(removed);
            }
        }
    }
}
