//! What is done from time to time: cleaning up after deletions, retention, and deliveries whose job is gone.
//!
//! Every step works in bounded transactions. Scans remember where they ended, so that what was
//! removed is not walked over again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    base::{CompanyId, Timestamp},
    events,
    storage::Read,
    webhooks::{
        Error, Shared, Webhooks,
        model::{Delivery, DeliveryState},
        service::delete,
        store,
    },
};

/// How often the steps run.
const EVERY: Duration = Duration::from_secs(30);
/// Rows changed in one transaction.
const BATCH: usize = 500;
/// Transactions one step makes before it gives way to the next.
const ROUNDS: usize = 40;
const COMPANIES: usize = 10_000;
/// How long figures are kept.
const STATS_KEPT_MS: u64 = 90 * 24 * 3600 * 1000;
/// How far the oldest part goes when a company is over its bytes: a twentieth of what lies between it and now.
const OVER_BYTES_SHARE: u64 = 20;

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

/// Where scans of retention ended, by company and webhook (0 for events).
#[derive(Debug, Default)]
pub(in crate::webhooks) struct Cursors(Mutex<HashMap<(u64, u64), u64>>);

impl Cursors {
    fn get(&self, company: CompanyId, webhook_hi: u64) -> u64 {
        let cursors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cursors.get(&(company.hi(), webhook_hi)).copied().unwrap_or(0)
    }

    fn set(&self, company: CompanyId, webhook_hi: u64, hi: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((company.hi(), webhook_hi), hi);
    }

    fn forget(&self, company: CompanyId, webhook_hi: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(company.hi(), webhook_hi));
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
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
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
        let deleted = self.shared.db.read(|read| store::list_deleted(read, 1000)).await??;
        for (company, webhook_hi) in &deleted {
            done.cancelled += self.cancel_all(*company, *webhook_hi).await?;
        }
        let companies = self.shared.db.read(|read| events::companies(read, None, COMPANIES)).await??;
        for company in companies {
            done.events += self.purge_events(company).await?;
        }
        for (company, webhook) in self.shared.directory.all() {
            done.deliveries += self.purge_deliveries(company, webhook.hi()).await?;
            done.repaired += self.repair(company, webhook.hi()).await?;
        }
        for (company, webhook_hi) in deleted {
            done.deliveries += self.purge_deliveries(company, webhook_hi).await?;
            self.forget(company, webhook_hi).await?;
        }
        Ok(done)
    }

    async fn cancel_all(&self, company: CompanyId, webhook_hi: u64) -> Result<usize, Error> {
        let mut cancelled = 0;
        for _ in 0..ROUNDS {
            let shared = std::sync::Arc::clone(&self.shared);
            let count = self
                .shared
                .db
                .write(move |tx| delete::cancel_pending(tx, &shared, company, webhook_hi, u64::MAX, BATCH))
                .await?;
            cancelled += count;
            if count < BATCH {
                break;
            }
        }
        Ok(cancelled)
    }

    fn oldest_kept(&self) -> Timestamp {
        let now = self.shared.db.clock().now();
        Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(self.shared.settings.keep_ms))
    }

    /// Before which time things go: by age, and further when there are too many bytes.
    fn cutoff(&self, oldest: Option<Timestamp>, bytes: u64) -> Timestamp {
        let by_age = self.oldest_kept();
        if bytes <= self.shared.settings.keep_bytes {
            return by_age;
        }
        let Some(oldest) = oldest else { return by_age };
        let now = self.shared.db.clock().now();
        let share = now.ms_since(oldest) / OVER_BYTES_SHARE + 1;
        by_age.max(oldest.plus_ms(share))
    }

    async fn purge_events(&self, company: CompanyId) -> Result<usize, Error> {
        let mut removed = 0;
        for _ in 0..ROUNDS {
            let after = self.shared.cursors.get(company, 0);
            let (oldest, bytes) = self
                .shared
                .db
                .read(move |read| {
                    let oldest = events::oldest(read, company, after)?;
                    Ok::<_, Error>((oldest, events::stored_bytes(read, company)?))
                })
                .await??;
            let before = self.cutoff(oldest, bytes);
            let purged = self
                .shared
                .db
                .write(move |tx| {
                    let purged = events::purge(tx, company, after, before, BATCH)?;
                    for hi in &purged.removed {
                        store::remove_event_deliveries(tx, company, *hi, BATCH)?;
                    }
                    Ok::<_, Error>(purged)
                })
                .await?;
            removed += purged.removed.len();
            if let Some(last) = purged.removed.last() {
                self.shared.cursors.set(company, 0, *last);
            }
            if oldest.is_none() || (purged.is_done && bytes <= self.shared.settings.keep_bytes) {
                break;
            }
        }
        Ok(removed)
    }

    async fn purge_deliveries(&self, company: CompanyId, webhook_hi: u64) -> Result<usize, Error> {
        let mut removed = 0;
        for _ in 0..ROUNDS {
            let after = self.shared.cursors.get(company, webhook_hi);
            let (oldest, bytes) = self
                .shared
                .db
                .read(move |read| {
                    let oldest = store::oldest_finished(read, company, webhook_hi, after)?;
                    Ok::<_, Error>((oldest, store::stored_bytes(read, company)?))
                })
                .await??;
            if oldest.is_none() {
                break;
            }
            let before_hi = events::first_hi_at(self.cutoff(oldest, bytes));
            let stats_before =
                Timestamp::from_ms(self.shared.db.clock().now().as_ms().saturating_sub_unsigned(STATS_KEPT_MS));
            let (last, count) = self
                .shared
                .db
                .write(move |tx| {
                    store::purge_stats(tx, company, webhook_hi, stats_before, BATCH)?;
                    Ok::<_, Error>(store::purge_history(tx, company, webhook_hi, (after, before_hi), BATCH)?)
                })
                .await?;
            removed += count;
            if let Some(last) = last {
                self.shared.cursors.set(company, webhook_hi, last);
            }
            if count < BATCH && bytes <= self.shared.settings.keep_bytes {
                break;
            }
        }
        Ok(removed)
    }

    /// Gives up pending deliveries whose job has ended without them: one that stalled, or whose handler panicked.
    ///
    /// One run looks at a batch of them and the next goes on behind it.
    async fn repair(&self, company: CompanyId, webhook_hi: u64) -> Result<usize, Error> {
        let place = !webhook_hi;
        let after_hi = self.shared.cursors.get(company, place);
        let shared = std::sync::Arc::clone(&self.shared);
        let (looked, stuck) = self
            .shared
            .db
            .read(move |read| {
                let pending = store::unfinished_after(read, company, webhook_hi, after_hi, BATCH)?;
                let looked = (pending.len(), pending.last().map(|last| last.id.hi()));
                let mut stuck = Vec::new();
                for delivery in pending {
                    if shared.has_ended(read, &delivery)? {
                        stuck.push(delivery.id);
                    }
                }
                Ok::<_, Error>((looked, stuck))
            })
            .await??;
        let next = if looked.0 < BATCH { 0 } else { looked.1.unwrap_or(0) };
        self.shared.cursors.set(company, place, next);
        if stuck.is_empty() {
            return Ok(0);
        }
        let shared = std::sync::Arc::clone(&self.shared);
        self.shared
            .db
            .write(move |tx| {
                let mut repaired = 0;
                for id in stuck {
                    let Some(delivery) = store::pending(tx, company, id)? else { continue };
                    if !shared.has_ended(tx, &delivery)? {
                        continue;
                    }
                    let failed = Delivery {
                        state: DeliveryState::Failed,
                        finished_at: Some(tx.now()),
                        next_attempt_at: None,
                        last_error: "its job ended without an attempt".to_owned(),
                        ..delivery
                    };
                    store::finish(tx, &failed, None)?;
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
            .write(move |tx| {
                let is_empty = store::unfinished(tx, company, webhook_hi, u64::MAX, 1)?.is_empty()
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
