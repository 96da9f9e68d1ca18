//! Checks stored webhooks and deliveries against what follows from them. For offline checks and tests.
//!
//! Streams: memory grows with the number of webhooks, not of deliveries.

use super::{
    AREA, BYTES, PENDING_COUNT, WEBHOOK_COUNT, WEBHOOKS,
    deliveries::{HISTORY, PENDING, id_of},
};
use crate::{
    base::{CompanyId, RawId},
    events, queue,
    storage::{
        Error, Read,
        check::{Counted, each},
    },
    webhooks::model::DeliveryState,
};

/// Compares deliveries with their events, jobs and counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read; a damaged one is [`Error::Corrupt`].
pub(in crate::webhooks) fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::of(AREA);
    each(read, WEBHOOKS, |(company, _), _| {
        counted.add(company, 0, WEBHOOK_COUNT, 1);
        Ok(())
    })?;
    each(read, PENDING, |(company, webhook, hi), row| {
        counted.add(company, webhook, PENDING_COUNT, 1);
        counted.add(company, 0, BYTES, row.weight());
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
        counted.add(company, 0, BYTES, row.delivery.weight());
        if row.state == DeliveryState::Pending || read.exists(PENDING, &(company, webhook, hi))? {
            found(format!("delivery {} is both pending and finished", id_of(webhook, hi)));
        }
        Ok(())
    })?;
    counted.compare(read, &[WEBHOOK_COUNT, PENDING_COUNT, BYTES], found)
}
