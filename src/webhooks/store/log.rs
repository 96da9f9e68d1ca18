//! Reading the delivery log of a webhook: pages, counts, and batches for a replay.

use std::ops::ControlFlow;

use super::deliveries::{HISTORY, PENDING, id_of};
use crate::{
    base::{CompanyId, Timestamp},
    storage::{self, KeyRange, Order, Read},
    webhooks::model::{Attempt, Delivery, DeliveryState},
};

/// Which deliveries of a webhook to list.
#[derive(Debug, Clone, Default)]
pub(in crate::webhooks) struct DeliveryQuery {
    /// Only in one of these states; empty means any.
    pub(in crate::webhooks) states: Vec<DeliveryState>,
    /// Only of one of these event types; empty means any.
    pub(in crate::webhooks) event_types: Vec<String>,
    /// Created at this time or later.
    pub(in crate::webhooks) since: Option<Timestamp>,
    /// Created before this time.
    pub(in crate::webhooks) until: Option<Timestamp>,
    /// Only older than this one (its `hi`).
    pub(in crate::webhooks) before_hi: Option<u64>,
    /// Only newer than this one (its `hi`).
    pub(in crate::webhooks) after_hi: Option<u64>,
    /// How many to list.
    pub(in crate::webhooks) limit: usize,
    /// How many rows of each table to look at.
    pub(in crate::webhooks) scan_limit: usize,
}

impl DeliveryQuery {
    fn wants(&self, state: DeliveryState) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }

    fn wants_type(&self, event_type: &str) -> bool {
        self.event_types.is_empty() || self.event_types.iter().any(|wanted| wanted == event_type)
    }

    fn range(&self, company: CompanyId, webhook_hi: u64) -> KeyRange {
        let low =
            self.since.map_or(0, crate::events::first_hi_at).max(self.after_hi.map_or(0, |hi| hi.saturating_add(1)));
        let high = self.until.map_or(u64::MAX, crate::events::first_hi_at).min(self.before_hi.unwrap_or(u64::MAX));
        KeyRange::between(&(company.hi(), webhook_hi, low), &(company.hi(), webhook_hi, high))
    }
}

/// A page of deliveries with their last attempts, newest first, and where to go on.
pub(in crate::webhooks) type Listed = (Vec<(Delivery, Option<Attempt>)>, Option<u64>);

/// Lists deliveries of a webhook, newest first.
///
/// Pending and finished ones lie in two tables; what is returned is complete down to the place to go on from.
pub(in crate::webhooks) fn list(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
    query: &DeliveryQuery,
) -> Result<Listed, storage::Error> {
    let range = query.range(company, webhook_hi);
    let mut found = Vec::new();
    let mut floor: Option<u64> = None;
    if query.wants(DeliveryState::Pending) {
        let mut cut = Cut::new(query);
        read.scan(PENDING, &range, Order::Descending, &mut |(_, _, hi), row| {
            if query.wants_type(&row.event_type) {
                found.push((row.delivery(company, id_of(webhook_hi, hi)), None));
                cut.found += 1;
            }
            cut.look(hi)
        })?;
        floor = floor.max(cut.stopped);
    }
    if query.states.iter().any(|state| *state != DeliveryState::Pending) || query.states.is_empty() {
        let mut cut = Cut::new(query);
        read.scan(HISTORY, &range, Order::Descending, &mut |(_, _, hi), row| {
            if query.wants(row.state) && query.wants_type(&row.delivery.event_type) {
                found.push(row.split(company, id_of(webhook_hi, hi)));
                cut.found += 1;
            }
            cut.look(hi)
        })?;
        floor = floor.max(cut.stopped);
    }
    found.retain(|(delivery, _)| floor.is_none_or(|floor| delivery.id.hi() >= floor));
    found.sort_unstable_by_key(|(delivery, _)| std::cmp::Reverse(delivery.id.hi()));
    let next = if found.len() > query.limit {
        found.truncate(query.limit);
        found.last().map(|(delivery, _)| delivery.id.hi())
    } else {
        floor
    };
    Ok((found, next))
}

/// Where a scan of [`list`] stops: after one more than the limit, so that the end is told from a full page.
struct Cut {
    found: usize,
    looked: usize,
    limit: usize,
    scan_limit: usize,
    stopped: Option<u64>,
}

impl Cut {
    const fn new(query: &DeliveryQuery) -> Self {
        Self { found: 0, looked: 0, limit: query.limit, scan_limit: query.scan_limit, stopped: None }
    }

    fn look(&mut self, hi: u64) -> ControlFlow<()> {
        self.looked += 1;
        if self.found > self.limit || self.looked >= self.scan_limit {
            self.stopped = Some(hi);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// Counts finished deliveries, looking at no more than `scan_limit` rows; false when that was not all.
pub(in crate::webhooks) fn count_history(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
    query: &DeliveryQuery,
) -> Result<(u64, bool), storage::Error> {
    let (mut matched, mut looked) = (0, 0);
    read.scan(HISTORY, &query.range(company, webhook_hi), Order::Ascending, &mut |_, row| {
        looked += 1;
        if query.wants(row.state) && query.wants_type(&row.delivery.event_type) {
            matched += 1;
        }
        if looked < query.scan_limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok((matched, looked < query.scan_limit))
}

/// Finished deliveries oldest first, for a replay: what was found, and where it stopped.
pub(in crate::webhooks) fn next_history(
    read: &impl Read,
    company: CompanyId,
    webhook_hi: u64,
    query: &DeliveryQuery,
) -> Result<(Vec<Delivery>, Option<u64>), storage::Error> {
    let range = query.range(company, webhook_hi);
    let (mut found, mut looked, mut stopped) = (Vec::new(), 0, None);
    read.scan(HISTORY, &range, Order::Ascending, &mut |(_, _, hi), row| {
        looked += 1;
        if query.wants(row.state) && query.wants_type(&row.delivery.event_type) {
            found.push(row.split(company, id_of(webhook_hi, hi)).0);
        }
        if found.len() < query.limit && looked < query.scan_limit {
            return ControlFlow::Continue(());
        }
        stopped = Some(hi);
        ControlFlow::Break(())
    })?;
    Ok((found, stopped))
}
