//! Retention by age and by bytes: events, finished deliveries with their attempts, and figures.

use std::sync::Arc;

use crate::{
    base::{CompanyId, Timestamp},
    events,
    storage::Tx,
    webhooks::{
        Error, Shared, Webhooks,
        service::maintain::{self, BATCH, ROUNDS},
        store,
    },
};

/// How long figures are kept.
const FIGURES_KEPT_MS: u64 = 90 * 24 * 3600 * 1000;
/// How far the oldest part goes when a company is over its bytes: a twentieth of what lies between it and now.
const OVER_BYTES_SHARE: u64 = 20;
/// Deliveries of events that one transaction looks at, give or take one event.
const LOOKS: usize = 500;
/// Chunks of notes about its deliveries that an event loses in one transaction.
const CHUNKS: usize = 1;
/// What a delivery failed with whose event is removed before an attempt succeeded.
const PAST_RETENTION: &str = "its event is past the retention";

impl Webhooks {
    /// Before which time things go: by age, and further when there are too many bytes.
    fn cutoff(&self, oldest: Timestamp, bytes: u64) -> Timestamp {
        let now = self.shared.db.now();
        let by_age = Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(self.shared.settings.keep_ms));
        if bytes <= self.shared.settings.keep_bytes {
            return by_age;
        }
        let share = now.ms_since(oldest) / OVER_BYTES_SHARE + 1;
        by_age.max(oldest.plus_ms(share))
    }

    /// Removes old events; deliveries of them that are still pending fail in the same transaction.
    pub(super) async fn purge_events(&self, company: CompanyId) -> Result<usize, Error> {
        let mut removed = 0;
        for _ in 0..ROUNDS {
            let after = self.shared.cursors.removed(company, 0);
            let (oldest, bytes) = self
                .shared
                .db
                .read(move |read| {
                    let oldest = events::oldest(read, company, after)?;
                    Ok::<_, Error>((oldest, events::stored_bytes(read, company)?))
                })
                .await??;
            let Some(oldest) = oldest else { break };
            let before = self.cutoff(oldest, bytes);
            if oldest >= before {
                break;
            }
            let shared = Arc::clone(&self.shared);
            let purge = move |tx: &mut Tx<'_>| purge_batch(tx, &shared, company, (after, before));
            let Some(places) = self.shared.db.write_reclaiming(purge).await? else { break };
            removed += places.len();
            if let Some(last) = places.last() {
                self.shared.cursors.set_removed(company, 0, *last);
            }
        }
        Ok(removed)
    }

    /// Removes old finished deliveries with their attempts.
    pub(super) async fn purge_deliveries(&self, company: CompanyId, webhook_hi: u64) -> Result<usize, Error> {
        let mut removed = 0;
        for _ in 0..ROUNDS {
            let after = self.shared.cursors.removed(company, webhook_hi);
            let (oldest, bytes) = self
                .shared
                .db
                .read(move |read| {
                    let oldest = store::oldest_finished(read, company, webhook_hi, after)?;
                    Ok::<_, Error>((oldest, store::stored_bytes(read, company)?))
                })
                .await??;
            let Some(oldest) = oldest else { break };
            let before = self.cutoff(oldest, bytes);
            if oldest >= before {
                break;
            }
            let places = (after, events::first_hi_at(before));
            let purge = move |tx: &mut Tx<'_>| store::purge_history(tx, company, webhook_hi, places, BATCH);
            let (last, count) = self.shared.db.write_reclaiming(purge).await?;
            removed += count;
            let Some(last) = last else { break };
            self.shared.cursors.set_removed(company, webhook_hi, last);
        }
        Ok(removed)
    }

    /// Removes a batch of old figures.
    pub(super) async fn purge_figures(&self, company: CompanyId, webhook_hi: u64) -> Result<(), Error> {
        let now = self.shared.db.now();
        let hours_before = Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(FIGURES_KEPT_MS));
        let is_due = self
            .shared
            .db
            .read(move |read| store::has_old_stats(read, company, webhook_hi, now, hours_before))
            .await??;
        if is_due {
            let purge = move |tx: &mut Tx<'_>| store::purge_stats(tx, company, webhook_hi, hours_before, BATCH);
            self.shared.db.write_reclaiming(purge).await?;
        }
        Ok(())
    }
}

/// Removes the oldest events between two places; `None` when there are none.
///
/// An event with very many deliveries loses the notes about them first, over several transactions.
fn purge_batch(
    tx: &mut Tx<'_>,
    shared: &Shared,
    company: CompanyId,
    (after, before): (u64, Timestamp),
) -> Result<Option<Vec<u64>>, Error> {
    let old = events::oldest_before(tx, company, after, before, BATCH)?;
    if old.is_empty() {
        return Ok(None);
    }
    let (mut removed, mut looks) = (Vec::with_capacity(old.len()), 0);
    for event in old {
        let (deliveries, chunks) = store::take_event_deliveries(tx, company, event.hi, CHUNKS)?;
        looks += deliveries.len();
        for id in deliveries {
            let Some(delivery) = store::pending(tx, company, id)? else { continue };
            if let Some(job) = delivery.job {
                shared.cancel_job(tx, company, job)?;
            }
            maintain::fail(tx, delivery, PAST_RETENTION)?;
        }
        if chunks == CHUNKS {
            break;
        }
        removed.push(event.hi);
        events::remove(tx, company, event)?;
        if looks > LOOKS {
            break;
        }
    }
    Ok(Some(removed))
}
