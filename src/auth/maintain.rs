//! What is done from time to time: last uses are written down, and what is over is removed, a page at each time.
//!
//! What is over is refused whether or not its row is still there, so the removal may take its time: each round looks at
//! one page of keys, one of sessions and one of openings and goes on there the next time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{
    Auth,
    openings::OpeningRow,
    store::{self, ApiKeyRow, SWEEP_PAGE},
};
use crate::storage::{self, Tx, pause};

/// How often.
const EVERY: Duration = Duration::from_mins(1);
/// How long a key that has ended is still shown.
const KEPT_AFTER_END_MS: u64 = 30 * 24 * 3_600_000;

/// What a look at one page came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Swept {
    /// Rows that were removed.
    pub(super) removed: usize,
    /// Where the next look begins; none when this was the last page.
    pub(super) next: Option<u64>,
}

impl Auth {
    /// Writes down when keys were last used and removes keys and sessions that are over, until stopped.
    pub async fn maintain(self, stop: CancellationToken) {
        let (mut keys, mut sessions, mut openings) = (None, None, None);
        loop {
            let is_last = !pause(EVERY, &stop).await;
            if let Err(error) = self.write_last_used().await {
                tracing::warn!(%error, "the times of last use could not be stored: {error}");
            }
            if is_last {
                return;
            }
            match self.sweep_keys(keys).await {
                Ok(swept) => keys = swept.next,
                Err(error) => tracing::warn!(%error, "keys that ended long ago could not be removed: {error}"),
            }
            match self.sweep_sessions(sessions).await {
                Ok(swept) => sessions = swept.next,
                Err(error) => tracing::warn!(%error, "sessions that are over could not be removed: {error}"),
            }
            match self.sweep_openings(openings).await {
                Ok(swept) => openings = swept.next,
                Err(error) => tracing::warn!(%error, "sign-ins that came to nothing could not be removed: {error}"),
            }
        }
    }

    /// Removes the keys of one page that ended thirty days ago.
    pub(super) async fn sweep_keys(&self, after: Option<u64>) -> Result<Swept, storage::Error> {
        let page = self.inner.db.read(move |snapshot| store::all_keys(snapshot, after)).await??;
        let next = page.get(SWEEP_PAGE - 1).map(|last| last.id.hi());
        let now = self.inner.clock.now();
        let is_over = |row: &ApiKeyRow| row.ended_at().is_some_and(|end| end.plus_ms(KEPT_AFTER_END_MS) <= now);
        let over: Vec<_> = page.into_iter().filter(is_over).collect();
        let removed = over.len();
        if removed > 0 {
            self.inner.db.write_reclaiming(move |tx| store::delete_keys(tx, &over)).await?;
        }
        Ok(Swept { removed, next })
    }

    /// Removes the sessions of one page that are over.
    pub(super) async fn sweep_sessions(&self, after: Option<u64>) -> Result<Swept, storage::Error> {
        let page = self.inner.db.read(move |snapshot| store::all_sessions(snapshot, after)).await??;
        let next = page.get(SWEEP_PAGE - 1).map(|last| last.id.hi());
        let now = self.inner.clock.now();
        let over: Vec<_> = page.into_iter().filter(|row| self.is_over(row, now)).map(|row| row.id).collect();
        let removed = over.len();
        if removed > 0 {
            let auth = self.clone();
            self.inner.db.write_reclaiming(move |tx| auth.remove_over(tx, &over)).await?;
        }
        Ok(Swept { removed, next })
    }

    /// Removes the openings of one page that can become no session any more.
    pub(super) async fn sweep_openings(&self, after: Option<u64>) -> Result<Swept, storage::Error> {
        let page = self.inner.db.read(move |snapshot| store::all_openings(snapshot, after)).await??;
        let next = page.get(SWEEP_PAGE - 1).map(|last| last.id.hi());
        let now = self.inner.clock.now();
        let is_over = |row: &OpeningRow| self.is_opening_over(row, now);
        let over: Vec<_> = page.into_iter().filter(is_over).map(|row| (row.user, row.id.hi())).collect();
        let removed = over.len();
        if removed > 0 {
            let remove = move |tx: &mut Tx<'_>| over.into_iter().try_for_each(|key| store::delete_opening(tx, key));
            self.inner.db.write_reclaiming(remove).await?;
        }
        Ok(Swept { removed, next })
    }

    pub(super) async fn write_last_used(&self) -> Result<(), storage::Error> {
        let used = self.inner.cache.take_used();
        if used.is_empty() {
            return Ok(());
        }
        self.inner
            .db
            .write(move |tx| {
                for (id, time) in used {
                    if let Some(mut row) = store::find(tx, id)? {
                        row.last_used_at = Some(time);
                        store::put(tx, &row)?;
                    }
                }
                Ok(())
            })
            .await
    }
}
