//! Tables of webhooks and of event types. The tables of deliveries and of figures stand beside.
//!
//! A delivery id carries its webhook, so rows of deliveries lie by webhook and time and need no
//! index of their own. A pending delivery is a small row in one table; once finished it moves,
//! with its last attempt, to the history table, which is written once.

mod check;
mod deliveries;
mod log;
mod stats;

use std::{ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    Error,
    model::{DisabledReason, Health, Webhook},
    retry::RetryPolicy,
    subscription::Subscription,
};
use crate::{
    base::{CompanyId, RawId, Timestamp, WebhookId},
    named_value, postcard_value,
    sealing::{SealedRows, SealedTable},
    storage::{self, CounterKey, KeyRange, Order, Read, Table, Tx, keyspaces},
};

pub(super) use check::check;
pub(super) use deliveries::{
    add_to_event, attempts, backlog, create_pending, deliveries_of_event, find, finish, insert_finished,
    move_to_pending, oldest_finished, pending, purge_history, put_pending, stored_bytes, take_event_deliveries,
    unfinished, unfinished_after,
};
pub(super) use log::{DeliveryQuery, count_history, list, next_history};
pub(super) use stats::{
    Bucket, HOUR_MS, MINUTE_MS, has_old_stats, purge_stats, record as record_stats, window as stats_window,
};

/// Area of this slice's counters.
pub(super) const AREA: u8 = 70;

/// A webhook: `(company.hi, webhook.hi)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct WebhookRow {
    lo: u64,
    company_lo: u64,
    url: String,
    description: String,
    subscriptions: Vec<Subscription>,
    disabled: Option<(DisabledReason, Timestamp)>,
    retry: RetryPolicy,
    timeout_ms: Option<u32>,
    rate_limit: Option<u32>,
    is_ordered: bool,
    filter: Option<String>,
    has_ed25519: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// The sealed `Secrets`; the associated data is [`seal_place`].
    pub(super) sealed: Bytes,
}
named_value!(WebhookRow, 1);

/// An event type of the catalogue: `(company.hi, name)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct EventTypeRow {
    pub(super) description: String,
    /// JSON Schema of the data, as JSON text.
    pub(super) schema: Option<String>,
    /// An example of the data, as JSON text.
    pub(super) example: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}
named_value!(EventTypeRow, 1);

/// A webhook that was deleted and whose rows are still to be removed: `(company.hi, webhook.hi)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DeletedRow {
    pub(super) company_lo: u64,
    pub(super) lo: u64,
    pub(super) deleted_at: Timestamp,
}
named_value!(DeletedRow, 1);

postcard_value!(Health, 1);

const WEBHOOKS: Table<(u64, u64), WebhookRow> = Table::of(keyspaces::WEBHOOKS);
const EVENT_TYPES: Table<(u64, String), EventTypeRow> = Table::of(keyspaces::EVENT_TYPES);
const HEALTH: Table<(u64, u64), Health> = Table::of(keyspaces::WEBHOOK_HEALTH);
const DELETED: Table<(u64, u64), DeletedRow> = Table::of(keyspaces::DELETED_WEBHOOKS);

const WEBHOOK_COUNT: u8 = 0;
const EVENT_TYPE_COUNT: u8 = 1;
/// Pending deliveries of a webhook.
pub(super) const PENDING_COUNT: u8 = 2;
/// Bytes of deliveries and attempts of a company.
pub(super) const BYTES: u8 = 3;

pub(super) const fn counter(company: CompanyId, subject: u64, what: u8) -> CounterKey {
    CounterKey { area: AREA, company: company.hi(), subject, what }
}

/// What the sealed secrets of a webhook are bound to.
pub(super) fn seal_place(company: CompanyId, id: WebhookId) -> Vec<u8> {
    format!("webhook secrets {company} {id}").into_bytes()
}

/// The secrets and header values of webhooks, sealed.
pub(super) fn sealed() -> Arc<dyn SealedRows> {
    Arc::new(SealedTable {
        table: WEBHOOKS,
        associated: |_, (company_hi, hi), row: &WebhookRow| {
            let company = CompanyId::from_raw(RawId { hi: *company_hi, lo: row.company_lo });
            Ok(Some(seal_place(company, WebhookId::from_raw(RawId { hi: *hi, lo: row.lo }))))
        },
        sealed: |row| Some(&row.sealed),
        replace: |row, sealed| row.sealed = sealed.into(),
    })
}

impl WebhookRow {
    /// The row of a webhook with its sealed secrets.
    pub(super) fn of(webhook: &Webhook, sealed: Bytes) -> Self {
        Self {
            lo: webhook.id.raw().lo,
            company_lo: webhook.company.raw().lo,
            url: webhook.url.clone(),
            description: webhook.description.clone(),
            subscriptions: webhook.subscriptions.clone(),
            disabled: webhook.disabled,
            retry: webhook.retry.clone(),
            timeout_ms: webhook.timeout_ms,
            rate_limit: webhook.rate_limit,
            is_ordered: webhook.is_ordered,
            filter: webhook.filter.clone(),
            has_ed25519: webhook.has_ed25519,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            sealed,
        }
    }

    /// The webhook in this row.
    pub(super) fn webhook(&self, company_hi: u64, hi: u64) -> Webhook {
        Webhook {
            id: WebhookId::from_raw(RawId { hi, lo: self.lo }),
            company: CompanyId::from_raw(RawId { hi: company_hi, lo: self.company_lo }),
            url: self.url.clone(),
            description: self.description.clone(),
            subscriptions: self.subscriptions.clone(),
            disabled: self.disabled,
            retry: self.retry.clone(),
            timeout_ms: self.timeout_ms,
            rate_limit: self.rate_limit,
            is_ordered: self.is_ordered,
            filter: self.filter.clone(),
            has_ed25519: self.has_ed25519,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// The row of a webhook, when the whole id fits.
pub(super) fn find_webhook(
    read: &impl Read,
    company: CompanyId,
    id: WebhookId,
) -> Result<Option<WebhookRow>, storage::Error> {
    Ok(read.get(WEBHOOKS, &(company.hi(), id.hi()))?.filter(|row| row.lo == id.raw().lo))
}

/// The webhook and its row.
pub(super) fn get_webhook(read: &impl Read, company: CompanyId, id: WebhookId) -> Result<(Webhook, WebhookRow), Error> {
    let row = find_webhook(read, company, id)?.ok_or(Error::NotFound("webhook"))?;
    Ok((row.webhook(company.hi(), id.hi()), row))
}

/// Adds a webhook.
pub(super) fn insert_webhook(tx: &mut Tx<'_>, webhook: &Webhook, row: &WebhookRow) -> Result<(), storage::Error> {
    tx.add(counter(webhook.company, 0, WEBHOOK_COUNT), 1);
    update_webhook(tx, webhook, row)
}

/// Replaces the row of a webhook.
pub(super) fn update_webhook(tx: &mut Tx<'_>, webhook: &Webhook, row: &WebhookRow) -> Result<(), storage::Error> {
    tx.put(WEBHOOKS, &(webhook.company.hi(), webhook.id.hi()), row)
}

/// Removes a webhook and leaves a row that says what is still to be removed.
pub(super) fn delete_webhook(tx: &mut Tx<'_>, company: CompanyId, id: WebhookId) -> Result<(), storage::Error> {
    let key = (company.hi(), id.hi());
    tx.remove(WEBHOOKS, &key)?;
    tx.remove(HEALTH, &key)?;
    tx.add(counter(company, 0, WEBHOOK_COUNT), -1);
    let row = DeletedRow { company_lo: company.raw().lo, lo: id.raw().lo, deleted_at: tx.now() };
    tx.put(DELETED, &key, &row)
}

/// How many webhooks a company has, as this transaction sees it.
pub(super) fn count_webhooks(tx: &Tx<'_>, company: CompanyId) -> u64 {
    tx.count(&counter(company, 0, WEBHOOK_COUNT)).max(0).cast_unsigned()
}

/// Webhooks and event types of a company.
pub(super) fn counts(read: &impl Read, company: CompanyId) -> Result<(u64, u64), storage::Error> {
    let count = |what| Ok::<_, storage::Error>(read.counter(&counter(company, 0, what))?.max(0).cast_unsigned());
    Ok((count(WEBHOOK_COUNT)?, count(EVENT_TYPE_COUNT)?))
}

/// Webhooks of a company, newest first, older than `before_hi`.
pub(super) fn list_webhooks(
    read: &impl Read,
    company: CompanyId,
    before_hi: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, WebhookRow)>, storage::Error> {
    let range = KeyRange::between(&(company.hi(), 0_u64), &(company.hi(), before_hi.unwrap_or(u64::MAX)));
    let rows = read.list(WEBHOOKS, &range, Order::Descending, limit)?;
    Ok(rows.into_iter().map(|((_, hi), row)| (hi, row)).collect())
}

/// Shows every webhook of every company; for the start.
pub(super) fn each_webhook(
    read: &impl Read,
    visit: &mut dyn FnMut(u64, u64, WebhookRow),
) -> Result<(), storage::Error> {
    read.scan(WEBHOOKS, &KeyRange::all(), Order::Ascending, &mut |(company, hi), row| {
        visit(company, hi, row);
        ControlFlow::Continue(())
    })
}

/// The health of a webhook.
pub(super) fn health(read: &impl Read, company: CompanyId, webhook_hi: u64) -> Result<Health, storage::Error> {
    Ok(read.get(HEALTH, &(company.hi(), webhook_hi))?.unwrap_or_default())
}

/// Replaces the health of a webhook.
pub(super) fn put_health(
    tx: &mut Tx<'_>,
    company: CompanyId,
    webhook_hi: u64,
    health: &Health,
) -> Result<(), storage::Error> {
    tx.put(HEALTH, &(company.hi(), webhook_hi), health)
}

/// Deleted webhooks whose rows are still there, those after `after`.
pub(super) fn list_deleted(
    read: &impl Read,
    after: Option<(u64, u64)>,
    limit: usize,
) -> Result<Vec<(CompanyId, u64)>, storage::Error> {
    let range = after.map_or_else(KeyRange::all, |place| KeyRange::after(&place));
    let rows = read.list(DELETED, &range, Order::Ascending, limit)?;
    Ok(rows
        .into_iter()
        .map(|((hi, webhook), row)| (CompanyId::from_raw(RawId { hi, lo: row.company_lo }), webhook))
        .collect())
}

/// The id of a deleted webhook whose rows are still there, and when it was deleted.
pub(super) fn find_deleted(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
) -> Result<Option<(WebhookId, Timestamp)>, storage::Error> {
    let row = read.get(DELETED, &(company.hi(), webhook_hi))?;
    Ok(row.map(|row| (WebhookId::from_raw(RawId { hi: webhook_hi, lo: row.lo }), row.deleted_at)))
}

/// Says that nothing is left of a deleted webhook.
pub(super) fn forget_deleted(tx: &mut Tx<'_>, company: CompanyId, webhook_hi: u64) -> Result<(), storage::Error> {
    tx.remove(DELETED, &(company.hi(), webhook_hi))
}

/// The event type of that name.
pub(super) fn find_event_type(
    read: &impl Read,
    company: CompanyId,
    name: &str,
) -> Result<Option<EventTypeRow>, storage::Error> {
    read.get(EVENT_TYPES, &(company.hi(), name.to_owned()))
}

/// Adds or replaces an event type; `is_new` counts it.
pub(super) fn put_event_type(
    tx: &mut Tx<'_>,
    company: CompanyId,
    name: &str,
    row: &EventTypeRow,
    is_new: bool,
) -> Result<(), storage::Error> {
    if is_new {
        tx.add(counter(company, 0, EVENT_TYPE_COUNT), 1);
    }
    tx.put(EVENT_TYPES, &(company.hi(), name.to_owned()), row)
}

/// Removes an event type that exists.
pub(super) fn delete_event_type(tx: &mut Tx<'_>, company: CompanyId, name: &str) -> Result<(), storage::Error> {
    tx.add(counter(company, 0, EVENT_TYPE_COUNT), -1);
    tx.remove(EVENT_TYPES, &(company.hi(), name.to_owned()))
}

/// How many event types a company has, as this transaction sees it.
pub(super) fn count_event_types(tx: &Tx<'_>, company: CompanyId) -> u64 {
    tx.count(&counter(company, 0, EVENT_TYPE_COUNT)).max(0).cast_unsigned()
}

/// Event types of a company by name, after `after`.
pub(super) fn list_event_types(
    read: &impl Read,
    company: CompanyId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, EventTypeRow)>, storage::Error> {
    let range = match after {
        // A zero byte after the name: the smallest name behind it.
        Some(name) => KeyRange::from(&(company.hi(), format!("{name}\0"))).within(&company.hi()),
        None => KeyRange::prefix(&company.hi()),
    };
    let rows = read.list(EVENT_TYPES, &range, Order::Ascending, limit)?;
    Ok(rows.into_iter().map(|((_, name), row)| (name, row)).collect())
}
