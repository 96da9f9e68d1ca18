//! Figures of a webhook by minute and by hour.
//!
//! An attempt changes the bucket of its minute only. When the first attempt of a new minute
//! arrives, the minute before it is added to its hour; so an hour lacks the newest minute, which
//! readers add.

use serde::{Deserialize, Serialize};

use crate::{
    base::{CompanyId, Histogram, Timestamp},
    postcard_value,
    storage::{self, KeyRange, Order, Read, Table, Tx, keyspaces},
};

/// Length of the short buckets.
pub(in crate::webhooks) const MINUTE_MS: u64 = 60_000;
/// Length of the long buckets.
pub(in crate::webhooks) const HOUR_MS: u64 = 60 * MINUTE_MS;
/// How long short buckets are kept.
const MINUTES_KEPT_MS: u64 = 26 * HOUR_MS;

const MINUTE: u8 = 0;
const HOUR: u8 = 1;

/// What happened to a webhook in a span of time: `(company.hi, webhook.hi, unit, start)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::webhooks) struct Bucket {
    /// Attempts answered with 2xx.
    pub(in crate::webhooks) succeeded: u64,
    /// Attempts that failed.
    pub(in crate::webhooks) failed: u64,
    /// Deliveries given up.
    pub(in crate::webhooks) exhausted: u64,
    /// How long attempts that got an answer took.
    pub(in crate::webhooks) durations: Histogram,
}
postcard_value!(Bucket, 1);

const STATS: Table<(u64, u64, u8, Timestamp), Bucket> = Table::of(keyspaces::WEBHOOK_STATS);

impl Bucket {
    /// Adds what another bucket counted.
    pub(in crate::webhooks) fn merge(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.exhausted += other.exhausted;
        self.durations.merge(&other.durations);
    }
}

/// Changes the figures of the minute of `now`.
pub(in crate::webhooks) fn record(
    tx: &mut Tx<'_>,
    company: CompanyId,
    webhook_hi: u64,
    change: impl FnOnce(&mut Bucket),
) -> Result<(), storage::Error> {
    let start = tx.now().floor(MINUTE_MS);
    let key = (company.hi(), webhook_hi, MINUTE, start);
    let mut bucket = if let Some(bucket) = tx.get(STATS, &key)? {
        bucket
    } else {
        roll_up(tx, company, webhook_hi)?;
        Bucket::default()
    };
    change(&mut bucket);
    tx.put(STATS, &key, &bucket)
}

/// The newest minute, the only one its hour lacks.
fn newest_minute(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
) -> Result<Option<(Timestamp, Bucket)>, storage::Error> {
    let range = KeyRange::prefix(&(company.hi(), webhook_hi, MINUTE));
    Ok(read.list(STATS, &range, Order::Descending, 1)?.pop().map(|(key, bucket)| (key.3, bucket)))
}

/// Adds the newest minute to its hour, when a newer one is about to begin or it is about to go.
fn roll_up(tx: &mut Tx<'_>, company: CompanyId, webhook_hi: u64) -> Result<(), storage::Error> {
    let Some((start, minute)) = newest_minute(tx, company, webhook_hi)? else { return Ok(()) };
    let hour_key = (company.hi(), webhook_hi, HOUR, start.floor(HOUR_MS));
    let mut hour = tx.get(STATS, &hour_key)?.unwrap_or_default();
    hour.merge(&minute);
    tx.put(STATS, &hour_key, &hour)
}

/// The figures from `since` on as buckets of `unit_ms` (a minute or an hour), oldest first.
pub(in crate::webhooks) fn window(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
    since: Timestamp,
    unit_ms: u64,
) -> Result<Vec<(Timestamp, Bucket)>, storage::Error> {
    let list = |unit: u8, from: Timestamp, limit: usize, order: Order| {
        let prefix = (company.hi(), webhook_hi, unit);
        let range = KeyRange::from(&(company.hi(), webhook_hi, unit, from)).within(&prefix);
        read.list(STATS, &range, order, limit)
    };
    if unit_ms == MINUTE_MS {
        let rows = list(MINUTE, since.floor(MINUTE_MS), 1600, Order::Ascending)?;
        return Ok(rows.into_iter().map(|(key, bucket)| (key.3, bucket)).collect());
    }
    let rows = list(HOUR, since.floor(HOUR_MS), 2400, Order::Ascending)?;
    let mut buckets: Vec<(Timestamp, Bucket)> = rows.into_iter().map(|(key, bucket)| (key.3, bucket)).collect();
    if let Some((key, newest)) = list(MINUTE, since, 1, Order::Descending)?.pop() {
        let start = key.3.floor(HOUR_MS);
        match buckets.last_mut().filter(|(last, _)| *last == start) {
            Some((_, hour)) => hour.merge(&newest),
            None => buckets.push((start, newest)),
        }
    }
    Ok(buckets)
}

fn minutes_before(now: Timestamp, hours_before: Timestamp) -> Timestamp {
    Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(MINUTES_KEPT_MS)).max(hours_before)
}

/// Whether [`purge_stats`] has something to remove.
pub(in crate::webhooks) fn has_old_stats(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
    now: Timestamp,
    hours_before: Timestamp,
) -> Result<bool, storage::Error> {
    for (unit, before) in [(MINUTE, minutes_before(now, hours_before)), (HOUR, hours_before)] {
        let prefix = (company.hi(), webhook_hi, unit);
        let range = KeyRange::before(&(company.hi(), webhook_hi, unit, before)).within(&prefix);
        if !read.list(STATS, &range, Order::Ascending, 1)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes old buckets: minutes after a day, hours before `hours_before`. Returns whether none are left to remove.
pub(in crate::webhooks) fn purge_stats(
    tx: &mut Tx<'_>,
    company: CompanyId,
    webhook_hi: u64,
    hours_before: Timestamp,
    limit: usize,
) -> Result<bool, storage::Error> {
    let minutes_before = minutes_before(tx.now(), hours_before);
    let newest = newest_minute(tx, company, webhook_hi)?.map(|(start, _)| start);
    let mut is_done = true;
    for (unit, before) in [(MINUTE, minutes_before), (HOUR, hours_before)] {
        let prefix = (company.hi(), webhook_hi, unit);
        let range = KeyRange::before(&(company.hi(), webhook_hi, unit, before)).within(&prefix);
        let rows = tx.list(STATS, &range, Order::Ascending, limit)?;
        is_done &= rows.len() < limit;
        for (key, _) in rows {
            if unit == MINUTE && Some(key.3) == newest {
                roll_up(tx, company, webhook_hi)?;
            }
            tx.remove(STATS, &key)?;
        }
    }
    Ok(is_done)
}
