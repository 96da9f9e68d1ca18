//! Usage: how often each company's people and API keys called which operation, how it was answered and how long it took.
//!
//! Words: a *call* is a request of a known caller that was answered; a *cell* is what calls are counted together by: the
//! company, the credential, the operation and the class of status.
//!
//! A call is counted in memory and costs no commit. Once a minute what was counted is added to rows by the hour, in one
//! transaction unless very much was called; a crash loses the calls of its minute. Calls of people are counted together,
//! whoever they are; each API key has cells of its own. Rows are kept for thirty days.
//!
//! Bounds: so many cells in memory, and so many rows of a company in an hour; calls beyond them are counted as of other
//! operations and no key in particular, so that sums stay true.
//!
//! Absent on purpose: calls without a credential, which are nobody's, and calls of the interface for people itself.

mod recent;
mod store;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::{
    base::{ApiKeyId, CompanyId, Timestamp},
    http::{Call, Calls},
    storage::{self, Db, Read, pause_to_minute},
};
use recent::{Cells, Recent};

pub use store::Place;

/// How long rows are kept.
pub const KEPT_MS: u64 = 30 * 24 * HOUR_MS;
/// Length of a row's time.
pub const HOUR_MS: u64 = 60 * 60 * 1000;
/// Calls that are counted together because there would be too many cells otherwise.
pub const OTHERS: &str = "(others)";

/// Minutes between two removals of old rows.
const SWEEP_EVERY: u32 = 60;
/// Cells written in one transaction.
const CHUNK: usize = 100;
/// Companies looked at in one read for old rows.
const PAGE: usize = 500;

/// Counts calls; cheap to clone.
#[derive(Clone)]
pub struct Usage {
    db: Db,
    recent: Arc<Recent>,
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage").finish_non_exhaustive()
    }
}

/// The calls of one cell in one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct HourOfCalls {
    /// When the hour begins.
    pub hour: Timestamp,
    /// The key they were made with; `None` for people.
    pub key: Option<ApiKeyId>,
    /// Method and route, or [`OTHERS`].
    pub operation: String,
    /// The first digit of the status of the answers.
    pub class: u8,
    /// How many there were.
    pub calls: u64,
    /// Their mean time to the head of the answer.
    pub mean_us: u64,
    /// The time that 95 of 100 of them did not exceed, about.
    pub p95_us: u64,
}

impl Calls for Usage {
    fn called(&self, call: Call) {
        self.recent.count(call);
    }
}

impl Usage {
    /// A handle over the store; [`Usage::maintain`] and [`Usage::flush`] write.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, recent: Arc::default() }
    }

    /// Writes what was counted when a minute is over, and removes what is old. What is left when it is told to stop is
    /// for [`Usage::flush`], since requests may still be answered.
    pub async fn maintain(self, stop: CancellationToken) {
        let mut turns = 0_u32;
        loop {
            let (minute, goes_on) = pause_to_minute(&self.db, &stop).await;
            if !goes_on {
                return;
            }
            if let Err(error) = self.write_down(minute.floor(HOUR_MS)).await {
                tracing::warn!(%error, "the calls of a minute could not be written, and are kept for the next: {error}");
            }
            if turns.is_multiple_of(SWEEP_EVERY)
                && let Err(error) = self.remove_old(&stop).await
            {
                tracing::warn!(%error, "old figures of calls could not be removed: {error}");
            }
            turns = turns.wrapping_add(1);
        }
    }

    /// Writes what was counted since the last time: for the end, when everything is answered.
    ///
    /// # Errors
    /// When the store cannot write; what was counted is kept.
    pub async fn flush(&self) -> Result<(), storage::Error> {
        self.write_down(self.db.now().floor(HOUR_MS)).await
    }

    /// Adds what was counted to the rows of an hour.
    async fn write_down(&self, hour: Timestamp) -> Result<(), storage::Error> {
        let mut cells = self.recent.take();
        while !cells.is_empty() {
            let chunk: Cells = cells.iter().take(CHUNK).map(|(cell, sum)| (*cell, sum.clone())).collect();
            let written = chunk.keys().copied().collect::<Vec<_>>();
            if let Err(error) = self.db.write(move |tx| store::add(tx, hour, chunk)).await {
                self.recent.put_back(cells);
                return Err(error);
            }
            for cell in written {
                cells.remove(&cell);
            }
        }
        Ok(())
    }

    async fn remove_old(&self, stop: &CancellationToken) -> Result<(), storage::Error> {
        let before = Timestamp::from_ms(self.db.now().as_ms().saturating_sub_unsigned(KEPT_MS));
        let mut after = 0;
        while !stop.is_cancelled() {
            // Companies without old rows cost the writer nothing.
            let page = self.db.read(move |snapshot| store::companies_after(snapshot, after, before, PAGE)).await??;
            for company in page.with_old {
                let mut goes_on = true;
                while goes_on && !stop.is_cancelled() {
                    goes_on = self.db.write_reclaiming(move |tx| store::remove_old(tx, company, before)).await?;
                }
            }
            let Some(last) = page.last else { break };
            after = last;
        }
        Ok(())
    }

    /// The calls of a company from the hour of `since` on and before `until`, the oldest hours first, behind a place; with
    /// the place where to go on, unless that was all. Damaged rows are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn page(
        &self,
        read: &impl Read,
        company: CompanyId,
        (since, until): (Timestamp, Timestamp),
        (after, limit): (Option<Place>, usize),
    ) -> Result<(Vec<HourOfCalls>, Option<Place>), storage::Error> {
        store::page(read, company.hi(), (since.floor(HOUR_MS), until), (after, limit))
    }
}
