//! Tables of events: the rows themselves and the ids their senders chose.

use std::{cell::OnceCell, collections::BTreeMap, ops::ControlFlow};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Event;
use crate::{
    base::{CompanyId, EventId, RawId, Timestamp},
    postcard_value,
    storage::{self, CounterKey, KeyRange, Order, Read, Table, Tx, keyspaces},
};

/// An event: `(company.hi, event.hi)`.
#[derive(Debug, Serialize, Deserialize)]
struct EventRow {
    lo: u64,
    company_lo: u64,
    created_at: Timestamp,
    event_type: String,
    external_id: Option<String>,
    deliveries: u32,
    data_at: u32,
    body: Bytes,
}
postcard_value!(EventRow, 1);

/// The event behind an external id: `(company.hi, external id)`.
#[derive(Debug, Serialize, Deserialize)]
struct ExternalRow {
    hi: u64,
}
postcard_value!(ExternalRow, 1);

const EVENTS: Table<(u64, u64), EventRow> = Table::of(keyspaces::EVENTS);
const EXTERNAL_IDS: Table<(u64, String), ExternalRow> = Table::of(keyspaces::EVENT_EXTERNAL_IDS);

const AREA: u8 = 30;
const COUNT: u8 = 0;
const BYTES: u8 = 1;
/// Bytes after which a list ends early; one event always fits.
const LISTED_BYTES_MAX: usize = 8 << 20;
/// What a row weighs beside its body.
const ROW_OVERHEAD_BYTES: usize = 96;

const fn counter(company: CompanyId, what: u8) -> CounterKey {
    CounterKey { area: AREA, company: company.hi(), subject: 0, what }
}

impl EventRow {
    fn weight(&self) -> i64 {
        (self.body.len() + ROW_OVERHEAD_BYTES) as i64
    }

    fn into_event(self, company_hi: u64, hi: u64) -> Event {
        Event {
            id: EventId::from_raw(RawId { hi, lo: self.lo }),
            company: CompanyId::from_raw(RawId { hi: company_hi, lo: self.company_lo }),
            event_type: self.event_type,
            external_id: self.external_id,
            created_at: self.created_at,
            deliveries: self.deliveries,
            body: self.body,
            data_at: self.data_at as usize,
            parsed: OnceCell::new(),
        }
    }

    fn of(event: &Event) -> Self {
        Self {
            lo: event.id.raw().lo,
            company_lo: event.company.raw().lo,
            created_at: event.created_at,
            event_type: event.event_type.clone(),
            external_id: event.external_id.clone(),
            deliveries: event.deliveries,
            data_at: event.data_at as u32,
            body: event.body.clone(),
        }
    }
}

/// Stores an event without showing it to any subscriber.
///
/// # Errors
/// When the store cannot write.
pub fn record(tx: &mut Tx<'_>, event: &Event) -> Result<(), storage::Error> {
    let row = EventRow::of(event);
    let company = event.company.hi();
    if let Some(external_id) = &event.external_id {
        tx.put(EXTERNAL_IDS, &(company, external_id.clone()), &ExternalRow { hi: event.id.hi() })?;
    }
    tx.add(counter(event.company, COUNT), 1);
    tx.add(counter(event.company, BYTES), row.weight());
    tx.put(EVENTS, &(company, event.id.hi()), &row)
}

fn find_external(read: &impl Read, company: CompanyId, external_id: &str) -> Result<Option<Event>, storage::Error> {
    let Some(found) = read.get(EXTERNAL_IDS, &(company.hi(), external_id.to_owned()))? else { return Ok(None) };
    by_hi(read, company, found.hi)
}

fn by_hi(read: &impl Read, company: CompanyId, hi: u64) -> Result<Option<Event>, storage::Error> {
    Ok(read.get(EVENTS, &(company.hi(), hi))?.map(|row| row.into_event(company.hi(), hi)))
}

/// The event with this id.
///
/// # Errors
/// When the store cannot read.
pub fn find(read: &impl Read, company: CompanyId, id: EventId) -> Result<Option<Event>, storage::Error> {
    Ok(by_hi(read, company, id.hi())?.filter(|event| event.id == id))
}

/// The event with this id, which may be one its sender chose.
///
/// # Errors
/// When the store cannot read.
pub fn find_by_message_id(read: &impl Read, company: CompanyId, id: &str) -> Result<Option<Event>, storage::Error> {
    if let Ok(own) = id.parse::<EventId>()
        && let Some(event) = find(read, company, own)?
    {
        return Ok(Some(event));
    }
    if super::check_external_id(id).is_err() {
        return Ok(None);
    }
    find_external(read, company, id)
}

/// Which events to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Only of this type.
    pub event_type: Option<String>,
    /// Accepted at this time or later.
    pub since: Option<Timestamp>,
    /// Accepted before this time.
    pub until: Option<Timestamp>,
    /// Only events older than this one (its `hi`).
    pub before_hi: Option<u64>,
    /// How many to list.
    pub limit: usize,
    /// How many rows to look at.
    pub scan_limit: usize,
}

/// The first `hi` that an id minted at this time can have.
#[must_use]
pub(crate) fn first_hi_at(time: Timestamp) -> u64 {
    time.as_ms().max(0).cast_unsigned().min(u64::MAX >> 16) << 16
}

/// Lists events, newest first; the second answer is the `hi` where looking stopped early.
///
/// # Errors
/// When the store cannot read.
pub fn list(
    read: &impl Read,
    company: CompanyId,
    query: &EventQuery,
) -> Result<(Vec<Event>, Option<u64>), storage::Error> {
    let low = query.since.map_or(0, first_hi_at);
    let high = query.until.map_or(u64::MAX, first_hi_at).min(query.before_hi.unwrap_or(u64::MAX));
    let range = KeyRange::between(&(company.hi(), low), &(company.hi(), high));
    let (mut events, mut bytes, mut looked, mut stopped) = (Vec::new(), 0, 0, None);
    let mut is_cut = false;
    read.scan(EVENTS, &range, Order::Descending, &mut |(_, hi), row| {
        looked += 1;
        stopped = Some(hi);
        if query.event_type.as_ref().is_none_or(|wanted| *wanted == row.event_type) {
            bytes += row.body.len();
            events.push(row.into_event(company.hi(), hi));
        }
        is_cut = events.len() >= query.limit || looked >= query.scan_limit || bytes >= LISTED_BYTES_MAX;
        if is_cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((events, stopped.filter(|_| is_cut)))
}

/// Counts deliveries that were added to an event later.
///
/// # Errors
/// When the store cannot read or write.
pub fn set_deliveries(tx: &mut Tx<'_>, event: &Event, deliveries: u32) -> Result<(), storage::Error> {
    let row = EventRow { deliveries, ..EventRow::of(event) };
    tx.put(EVENTS, &(event.company.hi(), event.id.hi()), &row)
}

/// How many events of a company are stored.
///
/// # Errors
/// When the store cannot read.
pub fn count(read: &impl Read, company: CompanyId) -> Result<u64, storage::Error> {
    Ok(read.counter(&counter(company, COUNT))?.max(0).cast_unsigned())
}

/// How many bytes the events of a company take.
///
/// # Errors
/// When the store cannot read.
pub fn stored_bytes(read: &impl Read, company: CompanyId) -> Result<u64, storage::Error> {
    Ok(read.counter(&counter(company, BYTES))?.max(0).cast_unsigned())
}

/// The companies that have events, at most `limit` of those after `after`; for retention.
///
/// # Errors
/// When the store cannot read.
pub fn companies(read: &impl Read, after: Option<CompanyId>, limit: usize) -> Result<Vec<CompanyId>, storage::Error> {
    let mut found: Vec<CompanyId> = Vec::new();
    let mut after = after;
    while found.len() < limit {
        let range = after.map_or_else(KeyRange::all, |company| KeyRange::after(&company.hi()));
        let mut next = None;
        read.scan(EVENTS, &range, Order::Ascending, &mut |(company, _), row| {
            next = Some(CompanyId::from_raw(RawId { hi: company, lo: row.company_lo }));
            ControlFlow::Break(())
        })?;
        let Some(company) = next else { break };
        found.push(company);
        after = Some(company);
    }
    Ok(found)
}

/// When the oldest event of a company after `after_hi` was accepted.
///
/// # Errors
/// When the store cannot read.
pub fn oldest(read: &impl Read, company: CompanyId, after_hi: u64) -> Result<Option<Timestamp>, storage::Error> {
    let range = KeyRange::from(&(company.hi(), after_hi)).within(&company.hi());
    let mut oldest = None;
    read.scan(EVENTS, &range, Order::Ascending, &mut |_, row| {
        oldest = Some(row.created_at);
        ControlFlow::Break(())
    })?;
    Ok(oldest)
}

/// Whether an event is stored; reads no body.
///
/// # Errors
/// When the store cannot read.
pub fn is_stored(read: &impl Read, company: CompanyId, id: EventId) -> Result<bool, storage::Error> {
    read.exists(EVENTS, &(company.hi(), id.hi()))
}

/// Compares events with their external ids and counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), storage::Error> {
    let mut counted: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    read.scan(EVENTS, &KeyRange::all(), Order::Ascending, &mut |(company, _), row| {
        let (count, bytes) = counted.entry(company).or_default();
        *count += 1;
        *bytes += row.weight();
        ControlFlow::Continue(())
    })?;
    let mut failure = None;
    read.scan(EXTERNAL_IDS, &KeyRange::all(), Order::Ascending, &mut |(company, external_id), row| {
        match read.get(EVENTS, &(company, row.hi)) {
            Ok(Some(event)) if event.external_id.as_ref() == Some(&external_id) => {}
            Ok(_) => found(format!("the event id \"{external_id}\" leads to no event of that id")),
            Err(error) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failure {
        return Err(error);
    }
    for (company, (count, bytes)) in counted {
        for (what, real) in [(COUNT, count), (BYTES, bytes)] {
            let says = read.counter(&CounterKey { area: AREA, company, subject: 0, what })?;
            if says != real {
                found(format!("counter {what} of events of company {company} says {says}, and there are {real}"));
            }
        }
    }
    Ok(())
}

/// An event that may be removed: what [`remove`] needs of it.
#[derive(Debug)]
pub struct Old {
    /// Its `hi`.
    pub hi: u64,
    weight: i64,
    external_id: Option<String>,
}

/// The oldest events of a company: those before `before` and not before `after_hi`, at most `limit`.
///
/// `after_hi` is the last one removed by the call before; beginning there spares the scan what is gone.
///
/// # Errors
/// When the store cannot read.
pub fn oldest_before(
    read: &impl Read,
    company: CompanyId,
    after_hi: u64,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<Old>, storage::Error> {
    let range = KeyRange::between(&(company.hi(), after_hi), &(company.hi(), first_hi_at(before)));
    let mut found = Vec::new();
    read.scan(EVENTS, &range, Order::Ascending, &mut |(_, hi), row| {
        found.push(Old { hi, weight: row.weight(), external_id: row.external_id });
        if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(found)
}

/// Removes an event that [`oldest_before`] found in the same transaction, with the id its sender chose.
///
/// # Errors
/// When the store cannot write.
pub fn remove(tx: &mut Tx<'_>, company: CompanyId, old: Old) -> Result<(), storage::Error> {
    tx.add(counter(company, COUNT), -1);
    tx.add(counter(company, BYTES), -old.weight);
    tx.remove(EVENTS, &(company.hi(), old.hi))?;
    match old.external_id {
        Some(external_id) => tx.remove(EXTERNAL_IDS, &(company.hi(), external_id)),
        None => Ok(()),
    }
}
