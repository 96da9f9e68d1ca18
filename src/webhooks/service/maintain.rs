//! What is done from time to time: cleaning up after deletions, retention, and deliveries whose job is gone.
//!
//! Every step works in bounded transactions. Scans remember where they ended, so that what was
//! removed is not walked over again, and long lists are taken a page per run. A company or webhook
//! whose rows cannot be read is logged and passed over.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    base::{CompanyId, DeliveryId, Timestamp},
    events,
    storage::{self, Read, Tx, pause},
    webhooks::{
        Error, Shared, Webhooks,
        model::{Delivery, DeliveryState},
        service::{delete, interrupted},
        store,
    },
};

/// How often the steps run.
const EVERY: Duration = Duration::from_secs(30);
/// Rows changed in one transaction.
pub(super) const BATCH: usize = 500;
/// Transactions one step makes before it gives way to the next.
pub(super) const ROUNDS: usize = 40;
/// Batches of pending deliveries of one webhook that a run looks at.
const REPAIR_ROUNDS: usize = 1;
/// Companies whose events a run looks at.
const COMPANIES: usize = 10_000;
/// Deleted webhooks a run looks at.
const DELETED: usize = 1000;
/// Why a delivery is given up whose job has ended without it.
const WITHOUT_ATTEMPT: &str = "its job ended without an attempt";
/// Why a delivery is given up whose attempts were all cut off by the end of the process.
const INTERRUPTED: &str = "restarts of the server interrupted its attempts too often in a row";
/// After this time scans begin at the front again, for deliveries that finished behind them.
const RESCAN_MS: u64 = 3600 * 1000;

/// What one run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Pending deliveries of deleted webhooks that were cancelled.
    pub cancelled: usize,
    /// Events removed.
    pub events: usize,
    /// Deliveries removed, with their attempts.
    pub deliveries: usize,
    /// Pending deliveries whose job had ended without them.
    pub repaired: usize,
}

/// Where scans ended.
#[derive(Debug, Default)]
pub(in crate::webhooks) struct Cursors(Mutex<Places>);

/// Company and webhook; 0 in place of the webhook stands for the company's events.
type Place = (u64, u64);

#[derive(Debug, Default)]
struct Places {
    removed: HashMap<Place, u64>,
    /// When the scans for what is to be removed began at the front, on the monotonic clock.
    removed_since_ms: u64,
    repaired: HashMap<Place, u64>,
    company: Option<CompanyId>,
    deleted: Option<Place>,
}

impl Cursors {
    fn places(&self) -> std::sync::MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, now_mono_ms: u64) {
        let mut places = self.places();
        if now_mono_ms.saturating_sub(places.removed_since_ms) >= RESCAN_MS {
            places.removed.clear();
            places.removed_since_ms = now_mono_ms;
        }
    }

    /// The `hi` of the last row that retention removed.
    pub(super) fn removed(&self, company: CompanyId, webhook_hi: u64) -> u64 {
        self.places().removed.get(&(company.hi(), webhook_hi)).copied().unwrap_or(0)
    }

    pub(super) fn set_removed(&self, company: CompanyId, webhook_hi: u64, hi: u64) {
        self.places().removed.insert((company.hi(), webhook_hi), hi);
    }

    fn forget(&self, company: CompanyId, webhook_hi: u64) {
        let mut places = self.places();
        places.removed.remove(&(company.hi(), webhook_hi));
        places.repaired.remove(&(company.hi(), webhook_hi));
    }
}

impl Shared {
    fn has_ended(&self, read: &impl Read, delivery: &Delivery) -> Result<bool, Error> {
        let Some(job) = delivery.job else { return Ok(true) };
        let job = self.queues.find(read, delivery.company, job)?;
        Ok(job.is_none_or(|job| job.state.is_terminal()))
    }
}

impl Webhooks {
    /// Runs the steps again and again until stopped; for the task tracker.
    pub async fn maintain(self, stop: CancellationToken) {
        while pause(EVERY, &stop).await {
            match self.maintain_once().await {
                Ok(done) if done == Maintained::default() => {}
                Ok(done) => tracing::debug!(?done, "webhook maintenance"),
                Err(error) => tracing::warn!(%error, "webhook maintenance failed and is tried again"),
            }
        }
    }

    /// Runs every step once.
    ///
    /// # Errors
    /// When the store cannot read or write; the next run goes on where this one ended.
    pub async fn maintain_once(&self) -> Result<Maintained, Error> {
        let mut done = Maintained::default();
        self.shared.cursors.begin(self.shared.db.clock().mono_ms());
        let deleted = self.next_deleted().await?;
        for (company, webhook_hi) in &deleted {
            done.cancelled += pass_over(*company, *webhook_hi, self.cancel_all(*company, *webhook_hi).await)?;
        }
        for company in self.next_companies().await? {
            done.events += pass_over(company, 0, self.purge_events(company).await)?;
        }
        for (company, webhook) in self.shared.directory.all() {
            let hi = webhook.hi();
            done.deliveries += pass_over(company, hi, self.purge_deliveries(company, hi).await)?;
            pass_over(company, hi, self.purge_figures(company, hi).await)?;
            done.repaired += pass_over(company, hi, self.repair(company, hi).await)?;
        }
        for (company, webhook_hi) in deleted {
            done.deliveries += pass_over(company, webhook_hi, self.purge_deliveries(company, webhook_hi).await)?;
            pass_over(company, webhook_hi, self.forget(company, webhook_hi).await)?;
        }
        Ok(done)
    }

    /// Deleted webhooks behind those of the run before; from the front after the last.
    async fn next_deleted(&self) -> Result<Vec<(CompanyId, u64)>, Error> {
        let after = self.shared.cursors.places().deleted;
        let found = self.shared.db.read(move |read| store::list_deleted(read, after, DELETED)).await??;
        let last = found.last().filter(|_| found.len() == DELETED);
        self.shared.cursors.places().deleted = last.map(|(company, webhook_hi)| (company.hi(), *webhook_hi));
        Ok(found)
    }

    /// Companies with events behind those of the run before; from the front after the last.
    async fn next_companies(&self) -> Result<Vec<CompanyId>, Error> {
        let after = self.shared.cursors.places().company;
        let found = self.shared.db.read(move |read| events::companies(read, after, COMPANIES)).await??;
        self.shared.cursors.places().company = found.last().filter(|_| found.len() == COMPANIES).copied();
        Ok(found)
    }

    async fn cancel_all(&self, company: CompanyId, webhook_hi: u64) -> Result<usize, Error> {
        let mut cancelled = 0;
        for _ in 0..ROUNDS {
            let shared = Arc::clone(&self.shared);
            let count = self
                .shared
                .db
                .write_reclaiming(move |tx| delete::cancel_pending(tx, &shared, company, webhook_hi, BATCH))
                .await?;
            cancelled += count;
            if count < BATCH {
                break;
            }
        }
        Ok(cancelled)
    }

    /// Gives up pending deliveries whose job has ended without them: one that stalled, or whose handler panicked.
    ///
    /// One run looks at some batches of them and the next goes on behind it.
    async fn repair(&self, company: CompanyId, webhook_hi: u64) -> Result<usize, Error> {
        let place = (company.hi(), webhook_hi);
        let mut repaired = 0;
        for _ in 0..REPAIR_ROUNDS {
            let after_hi = self.shared.cursors.places().repaired.get(&place).copied().unwrap_or(0);
            let (next, stuck) = self.find_stuck(company, webhook_hi, after_hi).await?;
            match next {
                Some(next) => self.shared.cursors.places().repaired.insert(place, next),
                None => self.shared.cursors.places().repaired.remove(&place),
            };
            repaired += self.give_up(company, stuck).await?;
            if next.is_none() {
                break;
            }
        }
        Ok(repaired)
    }

    /// Looks at a batch of pending deliveries: where the next begins, and those whose job has ended.
    async fn find_stuck(
        &self,
        company: CompanyId,
        webhook_hi: u64,
        after_hi: u64,
    ) -> Result<(Option<u64>, Vec<DeliveryId>), Error> {
        let shared = Arc::clone(&self.shared);
        let found = self.shared.db.read(move |read| {
            let pending = store::unfinished_after(read, company, webhook_hi, after_hi, BATCH)?;
            let next = pending.last().filter(|_| pending.len() == BATCH).map(|last| last.id.hi());
            let mut stuck = Vec::new();
            for delivery in pending {
                if shared.has_ended(read, &delivery)? {
                    stuck.push(delivery.id);
                }
            }
            Ok::<_, Error>((next, stuck))
        });
        found.await?
    }

    async fn give_up(&self, company: CompanyId, stuck: Vec<DeliveryId>) -> Result<usize, Error> {
        if stuck.is_empty() {
            return Ok(0);
        }
        let shared = Arc::clone(&self.shared);
        self.shared
            .db
            .write(move |tx| {
                let mut repaired = 0;
                for id in stuck {
                    let Some(delivery) = store::pending(tx, company, id)? else { continue };
                    if !shared.has_ended(tx, &delivery)? {
                        continue;
                    }
                    let was_interrupted = interrupted::record_told(tx, &shared, &delivery)?;
                    let Some(delivery) = store::pending(tx, company, id)? else { continue };
                    fail(tx, delivery, if was_interrupted { INTERRUPTED } else { WITHOUT_ATTEMPT })?;
                    repaired += 1;
                }
                Ok(repaired)
            })
            .await
    }

    /// Forgets a deleted webhook once nothing of it is left.
    async fn forget(&self, company: CompanyId, webhook_hi: u64) -> Result<(), Error> {
        let is_gone = self
            .shared
            .db
            .write_reclaiming(move |tx| {
                let is_empty = store::unfinished(tx, company, webhook_hi, 1)?.is_empty()
                    && store::oldest_finished(tx, company, webhook_hi, 0)?.is_none();
                if is_empty && store::purge_stats(tx, company, webhook_hi, Timestamp::from_ms(i64::MAX), BATCH)? {
                    store::forget_deleted(tx, company, webhook_hi)?;
                    return Ok::<_, Error>(true);
                }
                Ok(false)
            })
            .await?;
        if is_gone {
            self.shared.cursors.forget(company, webhook_hi);
        }
        Ok(())
    }
}

/// Moves a pending delivery to the failed ones without an attempt.
pub(super) fn fail(tx: &mut Tx<'_>, delivery: Delivery, reason: &str) -> Result<(), storage::Error> {
    let failed = Delivery {
        state: DeliveryState::Failed,
        finished_at: Some(tx.now()),
        next_attempt_at: None,
        last_error: reason.to_owned(),
        ..delivery
    };
    store::finish(tx, &failed, None)
}

/// Goes on after an error that concerns one company or webhook; an error of the whole store ends the run.
fn pass_over<T: Default>(company: CompanyId, webhook_hi: u64, result: Result<T, Error>) -> Result<T, Error> {
    match result {
        Err(Error::Storage(error @ (storage::Error::Stopped | storage::Error::Unknown(_)))) => Err(error.into()),
        Err(error) => {
            tracing::warn!(company.id = %company, webhook = webhook_hi, %error, "webhook maintenance passes over this");
            Ok(T::default())
        }
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, pass_over, storage};
    use crate::base::{CompanyId, RawId};

    #[test]
    fn one_damaged_row_does_not_end_a_run_and_a_stopped_store_does() {
        let company = CompanyId::from_raw(RawId { hi: 1, lo: 1 });
        let damaged = storage::Error::Corrupt { table: "events", key: "00".to_owned(), reason: "its checksum" };
        assert_eq!(pass_over::<usize>(company, 0, Err(Error::Storage(damaged))).unwrap(), 0);
        assert_eq!(pass_over(company, 0, Ok(7)).unwrap(), 7);
        assert!(pass_over::<()>(company, 0, Err(Error::Storage(storage::Error::Stopped))).is_err());
    }
}
