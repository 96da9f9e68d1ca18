//! Checks stored webhooks and deliveries against what follows from them. For offline checks and tests.
//!
//! Streams: memory grows with the number of webhooks, not of deliveries.

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{
    AREA, BYTES, PENDING_COUNT, WEBHOOK_COUNT, WEBHOOKS,
    deliveries::{HISTORY, PENDING, id_of},
};
use crate::{
    base::{CompanyId, RawId},
    events, queue,
    storage::{COUNTERS, CounterKey, Error, Key, KeyRange, Order, Read, Table, Value},
    webhooks::model::DeliveryState,
};

type Counted = BTreeMap<CounterKey, i64>;

/// Compares deliveries with their events, jobs and counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read; a damaged one is [`Error::Corrupt`].
pub(in crate::webhooks) fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::new();
    each(read, WEBHOOKS, |(company, _), _| {
        add(&mut counted, company, 0, WEBHOOK_COUNT, 1);
        Ok(())
    })?;
    each(read, PENDING, |(company, webhook, hi), row| {
        add(&mut counted, company, webhook, PENDING_COUNT, 1);
        add(&mut counted, company, 0, BYTES, row.weight());
        let company = CompanyId::from_raw(RawId { hi: company, lo: 0 });
        let id = id_of(webhook, hi);
        let delivery = row.delivery(company, id);
        if !events::is_stored(read, company, delivery.event)? {
            found(format!("delivery {id} is pending and its event {} is not there", delivery.event));
        }
        let is_carried = match delivery.job {
            Some(job) => queue::is_stored(read, company, job)?,
            None => false,
        };
        if !is_carried {
            found(format!("delivery {id} is pending and no job carries it"));
        }
        Ok(())
    })?;
    each(read, HISTORY, |(company, webhook, hi), row| {
        add(&mut counted, company, 0, BYTES, row.delivery.weight());
        if row.state == DeliveryState::Pending || read.exists(PENDING, &(company, webhook, hi))? {
            found(format!("delivery {} is both pending and finished", id_of(webhook, hi)));
        }
        Ok(())
    })?;
    counters(read, counted, found)
}

fn counters(read: &impl Read, mut counted: Counted, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let range = KeyRange::prefix(&AREA);
    read.scan(COUNTERS, &range, Order::Ascending, &mut |key, value| {
        if matches!(key.what, WEBHOOK_COUNT | PENDING_COUNT | BYTES) {
            let real = counted.remove(&key).unwrap_or(0);
            if real != value {
                found(format!("the counter {key:?} says {value}, and there are {real}"));
            }
        }
        ControlFlow::Continue(())
    })?;
    for (key, real) in counted.into_iter().filter(|(_, real)| *real != 0) {
        found(format!("the counter {key:?} is missing, and there are {real}"));
    }
    Ok(())
}

fn add(counted: &mut Counted, company: u64, subject: u64, what: u8, by: i64) {
    *counted.entry(CounterKey { area: AREA, company, subject, what }).or_default() += by;
}

/// Runs `look` on every row of a table and stops at the first error.
fn each<K: Key, V: Value>(
    read: &impl Read,
    table: Table<K, V>,
    mut look: impl FnMut(K, V) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut failure = None;
    read.scan(table, &KeyRange::all(), Order::Ascending, &mut |key, value| match look(key, value) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failure.map_or(Ok(()), Err)
}
