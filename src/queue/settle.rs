//! The end of an attempt, written in one transaction with what its worker wants written.

use bytes::Bytes;

use super::{
    after::{After, Op},
    handler::{Outcome, Settled},
    job::{AttemptError, MAX_RESULT_BYTES, RetryPolicy},
    registry::Queues,
    state::{End, JobState, Moment, Refusal},
    store::{JOB_ERRORS, JOB_RESULTS, JOB_STATES, JOBS, JobKey, ResultRow},
    writer::Writer,
};
use crate::{
    base::{CompanyId, JobId, MAX_DELAY_MS, RawId},
    storage::{Error, Read, Tx},
};

/// Errors kept per job; older ones make room.
pub(super) const KEPT_ERRORS: u32 = 10;

/// An error text is cut to this many bytes.
const ERROR_BYTES: usize = 2048;

/// The end of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) company: CompanyId,
    pub(super) id: JobId,
    pub(super) generation: u32,
    pub(super) outcome: Outcome,
    pub(super) policy: PolicySource,
}

impl Ending {
    /// The end of an attempt at a job of which only the key is known.
    pub(super) fn of((company, job): JobKey, generation: u32, outcome: Outcome, policy: PolicySource) -> Self {
        // Only the increasing halves are keys, so the random ones need not be right.
        let raw = |hi| RawId { hi, lo: 0 };
        Self { company: CompanyId::from_raw(raw(company)), id: JobId::from_raw(raw(job)), generation, outcome, policy }
    }

    /// The end of an attempt whose job has no body: deleted since it was claimed, so that mostly nothing is written.
    pub(super) fn without_body(key: JobKey, generation: u32) -> Self {
        let outcome = Outcome::Discard { error: "its body is not there".to_owned() };
        Self::of(key, generation, outcome, PolicySource::Known(None))
    }

    /// The end of an attempt whose job's body cannot be read: a damaged one fails for good, so that somebody looks.
    pub(super) fn unreadable(key: JobKey, generation: u32, error: &Error) -> Self {
        tracing::error!(%error, "the body of a claimed job could not be read");
        let words = format!("its body could not be read: {error}");
        let outcome = match error {
            Error::Corrupt { .. } => Outcome::Discard { error: words },
            _ => Outcome::Retry { error: words, after_ms: None },
        };
        Self::of(key, generation, outcome, PolicySource::Known(None))
    }
}

/// Where the retry policy of a job comes from.
#[derive(Debug, Clone)]
pub(super) enum PolicySource {
    /// Its body was read; `None` follows the queue.
    Known(Option<RetryPolicy>),
    /// To be read when it is needed.
    Body,
}

/// What is written beside the row.
enum Text {
    None,
    Error(String),
    Interrupted(&'static str),
    Result(Bytes),
}

/// Ends an attempt; `Err` inside when the lease is not held any more, which writes nothing.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    queues: &Queues,
    ending: Ending,
    after: &mut After,
) -> Result<Result<Settled, Refusal>, Error> {
    let Ending { company, id, generation, outcome, policy } = ending;
    let key = (company.hi(), id.hi());
    let Some(row) = tx.get(JOB_STATES, &key)? else { return Ok(Err(Refusal::Stale)) };
    let Some((end, text)) = end_of(tx, queues, key, &row, outcome, policy)? else { return Ok(Err(Refusal::Stale)) };
    let tail = tx.mint_with(0).hi;
    let is_ordered = matches!(end, End::Retry { .. } | End::Snooze { .. }) && is_ordered(queues, key, &row);
    let moment = Moment { now: tx.now(), tail, is_ordered };
    let next = match row.settle(generation, end, &moment) {
        Ok(next) => next,
        Err(refusal) => {
            after.push(row.place.queue, Op::EndLease { job: key.1, generation });
            return Ok(Err(refusal));
        }
    };
    Writer { tx, after, boot: queues.inner.boot }.change(key, &row, &next)?;
    match text {
        Text::Error(error) => record_error(tx, key, &row, error)?,
        Text::Interrupted(how) => record_interrupted(tx, key, &row, how)?,
        Text::Result(result) => tx.put(JOB_RESULTS, &key, &ResultRow { result })?,
        Text::None => {}
    }
    Ok(Ok(Settled { job: id, company, attempt: row.attempt, state: next.state, run_at: next.run_at }))
}

fn end_of(
    tx: &Tx<'_>,
    queues: &Queues,
    key: JobKey,
    row: &JobState,
    outcome: Outcome,
    source: PolicySource,
) -> Result<Option<(End, Text)>, Error> {
    Ok(Some(match outcome {
        Outcome::Complete { result: Some(result) } if result.len() > MAX_RESULT_BYTES => {
            (End::Discard, Text::Error("the result is larger than 256 KiB".to_owned()))
        }
        Outcome::Complete { result: Some(result) } => (End::Complete { has_result: true }, Text::Result(result)),
        Outcome::Complete { result: None } => (End::Complete { has_result: false }, Text::None),
        Outcome::Retry { error, after_ms } => {
            let Some(policy) = policy_of(tx, queues, key, row, source)? else { return Ok(None) };
            let unit = if policy.backoff.jitter > 0.0 { queues.inner.random.next_unit() } else { 0.0 };
            let delay_ms = after_ms.unwrap_or_else(|| policy.backoff.delay_ms(row.attempt, unit)).min(MAX_DELAY_MS);
            (End::Retry { attempts_max: policy.attempts, delay_ms }, Text::Error(error))
        }
        Outcome::Snooze { ms } => (End::Snooze { ms: ms.min(MAX_DELAY_MS) }, Text::None),
        Outcome::Discard { error } => (End::Discard, Text::Error(error)),
        Outcome::Release => (End::Release, Text::None),
        Outcome::Interrupted { how } => (End::Interrupt, Text::Interrupted(how)),
    }))
}

/// The policy in force; `None` when the job or its queue is not there.
fn policy_of(
    tx: &Tx<'_>,
    queues: &Queues,
    key: JobKey,
    row: &JobState,
    source: PolicySource,
) -> Result<Option<RetryPolicy>, Error> {
    let own = match source {
        PolicySource::Known(policy) => policy,
        PolicySource::Body => match tx.get(JOBS, &key) {
            Ok(Some(body)) => body.retry,
            Ok(None) => return Ok(None),
            // A damaged one must not keep its job active; the next attempt finds the damage.
            Err(Error::Corrupt { .. }) => None,
            Err(error) => return Err(error),
        },
    };
    Ok(own.or_else(|| queues.inner.line(row.place.queue).map(|line| line.settings().retry.clone())))
}

pub(super) fn is_ordered(queues: &Queues, key: JobKey, row: &JobState) -> bool {
    let line = queues.inner.line(row.place.queue);
    row.place.group != 0 && line.is_some_and(|line| line.core().heads.is_ordered(key.0, row.place.group))
}

/// Keeps the error of the attempt that `row` shows as active.
fn record_error(tx: &mut Tx<'_>, key: JobKey, row: &JobState, mut error: String) -> Result<(), Error> {
    let mut cut = ERROR_BYTES.min(error.len());
    while !error.is_char_boundary(cut) {
        cut -= 1;
    }
    error.truncate(cut);
    put_error(tx, key, row, error, false)
}

/// Keeps that the attempt which `row` shows as active was interrupted.
pub(super) fn record_interrupted(tx: &mut Tx<'_>, key: JobKey, row: &JobState, how: &str) -> Result<(), Error> {
    put_error(tx, key, row, how.to_owned(), true)
}

fn put_error(tx: &mut Tx<'_>, key: JobKey, row: &JobState, error: String, is_interrupted: bool) -> Result<(), Error> {
    let number = row.errors;
    let at = tx.now();
    let entry = AttemptError { attempt: row.attempt, at, error, started_at: row.started_at, is_interrupted };
    tx.put(JOB_ERRORS, &(key.0, key.1, number), &entry)?;
    if let Some(old) = number.checked_sub(KEPT_ERRORS) {
        tx.remove(JOB_ERRORS, &(key.0, key.1, old))?;
    }
    Ok(())
}
