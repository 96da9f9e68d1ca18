//! Attempts that the end of a process cut off: each is in the delivery's log with its start, and uses up no retry.
//!
//! The queue tells when they began. Writing them down again changes nothing, so it may be done at every attempt.

use crate::{
    base::{AttemptId, CompanyId, DeliveryId, JobId, Timestamp},
    queue,
    storage::{self, Read, Tx},
    webhooks::{
        Error, Shared, attempt,
        model::{Attempt, Delivery},
        response::FailureKind,
        store,
    },
};

/// When the interrupted attempts of a job began, the first one first.
fn starts(shared: &Shared, read: &impl Read, company: CompanyId, job: JobId) -> Result<Vec<Timestamp>, queue::Error> {
    let errors = shared.queues.errors(read, company, job)?;
    Ok(errors.into_iter().filter(|error| error.is_interrupted).filter_map(|error| error.started_at).collect())
}

/// Adds to the log of a pending delivery each of these attempts that it does not have; `shown` is their request.
pub(in crate::webhooks) fn record(
    tx: &mut Tx<'_>,
    (company, id): (CompanyId, DeliveryId),
    shown: &str,
    starts: &[Timestamp],
) -> Result<(), storage::Error> {
    let Some(mut delivery) = store::pending(tx, company, id)? else { return Ok(()) };
    let known = store::attempts(tx, &delivery, None)?;
    let is_known = |start: Timestamp| {
        let mut interrupted = known.iter().filter(|attempt| attempt.failure == Some(FailureKind::Interrupted));
        interrupted.any(|attempt| attempt.started_at == start)
    };
    for start in starts.iter().copied().filter(|start| !is_known(*start)) {
        let number = delivery.attempts + 1;
        let attempt_id = AttemptId::from_raw(tx.mint_with(id.hi()));
        let attempt = Attempt { id: attempt_id, number, ..attempt::interrupted(start, shown.to_owned()) };
        let last_error = attempt.reason.clone();
        delivery = Delivery { attempts: number, last_status: None, last_error, ..delivery };
        store::put_pending(tx, &delivery, Some(&attempt))?;
    }
    Ok(())
}

/// Writes down the interrupted attempts that the queue tells of for a pending delivery; whether there were any.
///
/// # Errors
/// When the store cannot be read.
pub(in crate::webhooks) fn record_told(tx: &mut Tx<'_>, shared: &Shared, delivery: &Delivery) -> Result<bool, Error> {
    let Some(job) = delivery.job else { return Ok(false) };
    let starts = starts(shared, tx, delivery.company, job)?;
    let endpoint = shared.directory.find(delivery.company, delivery.webhook_hi());
    let shown = endpoint.map_or_else(String::new, |endpoint| endpoint.shown.clone());
    record(tx, (delivery.company, delivery.id), &shown, &starts)?;
    Ok(!starts.is_empty())
}
