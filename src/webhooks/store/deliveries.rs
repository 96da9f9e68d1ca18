//! Tables of deliveries and attempts.
//!
//! A pending delivery is a row in `PENDING`; a finished one is a row in `HISTORY` that also holds
//! its last attempt. Attempts before the last are rows of their own. The deliveries of an event
//! are listed in chunks under the event.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{BYTES, PENDING_COUNT, counter};
use crate::{
    base::{CompanyId, DeliveryId, EventId, JobId, RawId, Timestamp},
    postcard_value,
    storage::{self, KeyRange, Order, Read, Table, Tx, keyspaces},
    webhooks::{
        changes,
        model::{Attempt, Delivery, DeliveryState, Trigger},
    },
};

/// A delivery that is not finished: `(company.hi, webhook.hi, delivery.hi)`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PendingRow {
    event: RawId,
    external_id: Option<String>,
    pub(super) event_type: String,
    job: Option<RawId>,
    trigger: Trigger,
    attempts: u32,
    next_attempt_at: Option<Timestamp>,
    last_status: Option<u16>,
    last_error: String,
    /// What the attempts recorded so far weigh.
    attempts_bytes: u32,
}
postcard_value!(PendingRow, 1);

/// A finished delivery: `(company.hi, webhook.hi, delivery.hi)`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HistoryRow {
    pub(super) delivery: PendingRow,
    pub(super) state: DeliveryState,
    finished_at: Timestamp,
    last: Option<Attempt>,
}
postcard_value!(HistoryRow, 1);

postcard_value!(Attempt, 1);

/// Deliveries of an event: `(company.hi, event.hi, first delivery.hi)`.
#[derive(Debug, Serialize, Deserialize)]
struct EventDeliveriesRow {
    /// `hi` of the delivery and of its webhook.
    deliveries: Vec<EventDelivery>,
}
postcard_value!(EventDeliveriesRow, 1);

/// `hi` of a delivery and of its webhook; together its id.
pub(in crate::webhooks) type EventDelivery = (u64, u64);

pub(super) type DeliveryKey = (u64, u64, u64);
pub(super) const PENDING: Table<DeliveryKey, PendingRow> = Table::of(keyspaces::PENDING_DELIVERIES);
pub(super) const HISTORY: Table<DeliveryKey, HistoryRow> = Table::of(keyspaces::DELIVERIES);
const ATTEMPTS: Table<(u64, u64, u64, u32), Attempt> = Table::of(keyspaces::ATTEMPTS);
const OF_EVENT: Table<(u64, u64, u64), EventDeliveriesRow> = Table::of(keyspaces::EVENT_DELIVERIES);

const ROW_BYTES: usize = 128;
const CHUNK: usize = 512;
const ATTEMPTS_LISTED_MAX: usize = 200;

const fn key_of(company: CompanyId, id: DeliveryId) -> DeliveryKey {
    (company.hi(), id.raw().lo, id.hi())
}

fn attempt_weight(attempt: &Attempt) -> u32 {
    (ROW_BYTES + attempt.bytes()) as u32
}

impl PendingRow {
    fn of(delivery: &Delivery, attempts_bytes: u32) -> Self {
        Self {
            event: delivery.event.raw(),
            external_id: delivery.external_id.clone(),
            event_type: delivery.event_type.clone(),
            job: delivery.job.map(JobId::raw),
            trigger: delivery.trigger,
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            last_status: delivery.last_status,
            last_error: delivery.last_error.clone(),
            attempts_bytes,
        }
    }

    pub(super) fn weight(&self) -> i64 {
        (ROW_BYTES + self.event_type.len()) as i64 + i64::from(self.attempts_bytes)
    }

    pub(super) fn delivery(self, company: CompanyId, id: DeliveryId) -> Delivery {
        Delivery {
            id,
            company,
            event: EventId::from_raw(self.event),
            external_id: self.external_id,
            event_type: self.event_type,
            job: self.job.map(JobId::from_raw),
            state: DeliveryState::Pending,
            trigger: self.trigger,
            attempts: self.attempts,
            next_attempt_at: self.next_attempt_at,
            finished_at: None,
            last_status: self.last_status,
            last_error: self.last_error,
        }
    }
}

impl HistoryRow {
    pub(super) fn split(self, company: CompanyId, id: DeliveryId) -> (Delivery, Option<Attempt>) {
        let delivery = self.delivery.delivery(company, id);
        (Delivery { state: self.state, finished_at: Some(self.finished_at), ..delivery }, self.last)
    }
}

pub(super) const fn id_of(webhook_hi: u64, hi: u64) -> DeliveryId {
    DeliveryId::from_raw(RawId { hi, lo: webhook_hi })
}

/// Adds a delivery that waits for its first attempt.
pub(in crate::webhooks) fn create_pending(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), storage::Error> {
    let row = PendingRow::of(delivery, 0);
    tx.add(counter(delivery.company, delivery.webhook_hi(), PENDING_COUNT), 1);
    tx.add(counter(delivery.company, 0, BYTES), row.weight());
    changes::note(tx, delivery);
    tx.put(PENDING, &key_of(delivery.company, delivery.id), &row)
}

/// The delivery, while it is pending.
pub(in crate::webhooks) fn pending(
    read: &impl Read,
    company: CompanyId,
    id: DeliveryId,
) -> Result<Option<Delivery>, storage::Error> {
    Ok(read.get(PENDING, &key_of(company, id))?.map(|row| row.delivery(company, id)))
}

/// Replaces the row of a pending delivery and adds the attempt that changed it.
pub(in crate::webhooks) fn put_pending(
    tx: &mut Tx<'_>,
    delivery: &Delivery,
    attempt: Option<&Attempt>,
) -> Result<(), storage::Error> {
    let key = key_of(delivery.company, delivery.id);
    let before = tx.get(PENDING, &key)?.map_or(0, |row| row.attempts_bytes);
    let added = attempt.map_or(0, attempt_weight);
    if let Some(attempt) = attempt {
        tx.put(ATTEMPTS, &(key.0, key.1, key.2, attempt.number), attempt)?;
        tx.add(counter(delivery.company, 0, BYTES), i64::from(added));
        changes::note_retry(tx, delivery);
    }
    tx.put(PENDING, &key, &PendingRow::of(delivery, before.saturating_add(added)))
}

/// Moves a pending delivery, now in a final state, to the history with its last attempt.
pub(in crate::webhooks) fn finish(
    tx: &mut Tx<'_>,
    delivery: &Delivery,
    last: Option<Attempt>,
) -> Result<(), storage::Error> {
    let key = key_of(delivery.company, delivery.id);
    // Nothing was recorded before a first attempt, which spares the ordinary delivery a read.
    let recorded = delivery.attempts - u32::from(last.is_some());
    let before = if recorded == 0 { 0 } else { tx.get(PENDING, &key)?.map_or(0, |row| row.attempts_bytes) };
    let added = last.as_ref().map_or(0, attempt_weight);
    let row = HistoryRow {
        delivery: PendingRow::of(delivery, before.saturating_add(added)),
        state: delivery.state,
        finished_at: delivery.finished_at.unwrap_or_else(|| tx.now()),
        last,
    };
    tx.add(counter(delivery.company, 0, BYTES), i64::from(added));
    tx.add(counter(delivery.company, delivery.webhook_hi(), PENDING_COUNT), -1);
    tx.remove(PENDING, &key)?;
    changes::note(tx, delivery);
    tx.put(HISTORY, &key, &row)
}

/// Adds a delivery that never was pending, such as a test.
pub(in crate::webhooks) fn insert_finished(
    tx: &mut Tx<'_>,
    delivery: &Delivery,
    last: Attempt,
) -> Result<(), storage::Error> {
    let row = HistoryRow {
        delivery: PendingRow::of(delivery, attempt_weight(&last)),
        state: delivery.state,
        finished_at: delivery.finished_at.unwrap_or_else(|| tx.now()),
        last: Some(last),
    };
    tx.add(counter(delivery.company, 0, BYTES), row.delivery.weight());
    changes::note(tx, delivery);
    tx.put(HISTORY, &key_of(delivery.company, delivery.id), &row)
}

/// Takes a finished delivery back to pending for another try; the caller sets its job.
pub(in crate::webhooks) fn move_to_pending(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), storage::Error> {
    let key = key_of(delivery.company, delivery.id);
    let mut attempts_bytes = 0;
    if let Some(row) = tx.get(HISTORY, &key)? {
        attempts_bytes = row.delivery.attempts_bytes;
        if let Some(last) = row.last {
            tx.put(ATTEMPTS, &(key.0, key.1, key.2, last.number), &last)?;
        }
        tx.remove(HISTORY, &key)?;
    }
    tx.add(counter(delivery.company, delivery.webhook_hi(), PENDING_COUNT), 1);
    changes::note(tx, delivery);
    tx.put(PENDING, &key, &PendingRow::of(delivery, attempts_bytes))
}

/// The delivery with this id, pending or finished, and its last attempt when that is at hand.
pub(in crate::webhooks) fn find(
    read: &impl Read,
    company: CompanyId,
    id: DeliveryId,
) -> Result<Option<(Delivery, Option<Attempt>)>, storage::Error> {
    if let Some(found) = pending(read, company, id)? {
        return Ok(Some((found, None)));
    }
    Ok(read.get(HISTORY, &key_of(company, id))?.map(|row| row.split(company, id)))
}

/// The attempts of a delivery, first to last; `last` is the one that came with the delivery.
pub(in crate::webhooks) fn attempts(
    read: &impl Read,
    delivery: &Delivery,
    last: Option<Attempt>,
) -> Result<Vec<Attempt>, storage::Error> {
    let earlier = match &last {
        Some(last) if last.number <= 1 => Vec::new(),
        _ if delivery.attempts == 0 => Vec::new(),
        _ => {
            let range = KeyRange::prefix(&key_of(delivery.company, delivery.id));
            read.list(ATTEMPTS, &range, Order::Ascending, ATTEMPTS_LISTED_MAX)?
        }
    };
    Ok(earlier.into_iter().map(|(_, attempt)| attempt).chain(last).collect())
}

/// Notes deliveries under their event.
pub(in crate::webhooks) fn add_to_event(
    tx: &mut Tx<'_>,
    company: CompanyId,
    event_hi: u64,
    deliveries: &[EventDelivery],
) -> Result<(), storage::Error> {
    for chunk in deliveries.chunks(CHUNK) {
        let Some((first, _)) = chunk.first() else { continue };
        let row = EventDeliveriesRow { deliveries: chunk.to_vec() };
        tx.put(OF_EVENT, &(company.hi(), event_hi, *first), &row)?;
    }
    Ok(())
}

/// The deliveries of an event, newest first.
pub(in crate::webhooks) fn deliveries_of_event(
    read: &impl Read,
    company: CompanyId,
    event_hi: u64,
    limit: usize,
) -> Result<Vec<DeliveryId>, storage::Error> {
    let mut found = Vec::new();
    let range = KeyRange::prefix(&(company.hi(), event_hi));
    read.scan(OF_EVENT, &range, Order::Descending, &mut |_, row| {
        found.extend(row.deliveries.iter().rev().map(|(hi, webhook)| id_of(*webhook, *hi)));
        if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    found.truncate(limit);
    Ok(found)
}

/// Takes away the notes under an event, at most `limit` chunks: the deliveries in them, and how many chunks.
pub(in crate::webhooks) fn take_event_deliveries(
    tx: &mut Tx<'_>,
    company: CompanyId,
    event_hi: u64,
    limit: usize,
) -> Result<(Vec<DeliveryId>, usize), storage::Error> {
    let rows = tx.list(OF_EVENT, &KeyRange::prefix(&(company.hi(), event_hi)), Order::Ascending, limit)?;
    let taken = rows.len();
    let mut found = Vec::new();
    for (key, row) in rows {
        found.extend(row.deliveries.iter().map(|(hi, webhook)| id_of(*webhook, *hi)));
        tx.remove(OF_EVENT, &key)?;
    }
    Ok((found, taken))
}

/// Pending deliveries of a webhook, oldest first.
pub(in crate::webhooks) fn unfinished(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
    limit: usize,
) -> Result<Vec<Delivery>, storage::Error> {
    unfinished_after(read, company, webhook_hi, 0, limit)
}

/// Pending deliveries of a webhook, oldest first, created after the one with this `hi`.
pub(in crate::webhooks) fn unfinished_after(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
    after_hi: u64,
    limit: usize,
) -> Result<Vec<Delivery>, storage::Error> {
    let first = (company.hi(), webhook_hi, after_hi.saturating_add(1));
    let rows = read.list(PENDING, &KeyRange::from(&first).within(&(first.0, first.1)), Order::Ascending, limit)?;
    Ok(rows.into_iter().map(|((_, _, hi), row)| row.delivery(company, id_of(webhook_hi, hi))).collect())
}

/// Removes the oldest finished deliveries of a webhook with their attempts, at most `limit`.
///
/// Returns the `hi` of the last one removed, and how many were.
pub(in crate::webhooks) fn purge_history(
    tx: &mut Tx<'_>,
    company: CompanyId,
    webhook_hi: u64,
    (after_hi, before_hi): (u64, u64),
    limit: usize,
) -> Result<(Option<u64>, usize), storage::Error> {
    let range = KeyRange::between(&(company.hi(), webhook_hi, after_hi), &(company.hi(), webhook_hi, before_hi));
    let mut rows = Vec::new();
    tx.scan(HISTORY, &range, Order::Ascending, &mut |key, row: HistoryRow| {
        let recorded = if row.last.is_some() { row.delivery.attempts.saturating_sub(1) } else { row.delivery.attempts };
        rows.push((key, row.delivery.weight(), recorded));
        if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let (count, mut last) = (rows.len(), None);
    for (key, weight, recorded) in rows {
        tx.remove(HISTORY, &key)?;
        for number in 1..=recorded {
            tx.remove(ATTEMPTS, &(key.0, key.1, key.2, number))?;
        }
        tx.add(counter(company, 0, BYTES), -weight);
        last = Some(key.2);
    }
    Ok((last, count))
}

/// When the oldest finished delivery of a webhook after `after_hi` was created.
pub(in crate::webhooks) fn oldest_finished(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
    after_hi: u64,
) -> Result<Option<Timestamp>, storage::Error> {
    let range = KeyRange::from(&(company.hi(), webhook_hi, after_hi)).within(&(company.hi(), webhook_hi));
    let mut oldest = None;
    read.scan(HISTORY, &range, Order::Ascending, &mut |(_, _, hi), _| {
        oldest = Some(id_of(webhook_hi, hi));
        ControlFlow::Break(())
    })?;
    Ok(oldest.map(|id| Timestamp::from_ms((id.hi() >> 16).cast_signed())))
}

/// How many bytes deliveries and attempts of a company take.
pub(in crate::webhooks) fn stored_bytes(read: &impl Read, company: CompanyId) -> Result<u64, storage::Error> {
    Ok(read.counter(&counter(company, 0, BYTES))?.max(0).cast_unsigned())
}

/// How many deliveries of a webhook are pending.
pub(in crate::webhooks) fn backlog(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
) -> Result<u64, storage::Error> {
    Ok(read.counter(&counter(company, webhook_hi, PENDING_COUNT))?.max(0).cast_unsigned())
}
