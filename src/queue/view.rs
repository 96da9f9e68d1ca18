//! Stored jobs as readers see them.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::{
    error::Error,
    job::{AttemptError, JobView},
    name::QueueName,
    registry::{Inner, Queues},
    settings::QueueSettings,
    settle::KEPT_ERRORS,
    state::JobState,
    store::{JOB_ERRORS, JOB_RESULTS, JOB_STATES, JOBS, JobBody, JobKey},
};
use crate::{
    base::{CompanyId, JobId, RawId, Timestamp},
    storage::{self, KeyRange, Order, Read},
};

/// Payload bytes that one page of accepted jobs looks at, about.
const LOOKED_BYTES: usize = 64 << 20;
/// Payloads that a look at who works reads, in bytes.
const HELD_BYTES: usize = 16 << 20;

/// Builds the view of a job.
pub(super) fn view(
    (company, job): JobKey,
    body: JobBody,
    state: &JobState,
    queue: &QueueName,
    settings: &QueueSettings,
    boot: u32,
) -> JobView {
    let attempts_max = body.retry.as_ref().map_or(settings.retry.attempts, |retry| retry.attempts);
    JobView {
        id: JobId::from_raw(RawId { hi: job, lo: body.id_lo }),
        company: CompanyId::from_raw(RawId { hi: company, lo: body.company_lo }),
        queue_id: body.queue,
        queue: queue.clone(),
        kind: body.kind,
        payload: body.payload,
        priority: state.place.priority,
        state: state.effective(boot),
        attempt: state.attempt,
        attempts_max,
        rescues: state.rescues,
        created_at: Timestamp::from_ms((job >> 16).cast_signed()),
        run_at: state.run_at,
        started_at: state.started_at,
        finished_at: state.finished_at,
        expire_at: state.expire_at,
        failure: state.failure,
        timeout_ms: body.timeout_ms.or(settings.timeout_ms),
        group: body.group,
        group_key: body.group_text,
        tags: body.tags,
        unique_key: body.unique.map(|(key, _)| key),
        parent: body.parent.map(JobId::from_raw),
        blocked_by: state.blocked_by,
        children: state.children,
        worker: state.lease.as_ref().filter(|lease| lease.is_external).map(|lease| lease.worker.clone()),
    }
}

impl Inner {
    /// The view of a job whose body was read.
    pub(super) fn view(&self, read: &impl Read, key: JobKey, body: JobBody) -> Result<Option<JobView>, storage::Error> {
        let state = read.get(JOB_STATES, &key)?.unwrap_or_else(|| body.first_state(key.1));
        let Some(line) = self.line(body.queue) else { return Ok(None) };
        Ok(Some(view(key, body, &state, &line.name, &line.settings(), self.boot)))
    }
}

/// Whether a job is stored; reads no body.
///
/// # Errors
/// When the store cannot be read.
pub fn is_stored(read: &impl Read, company: CompanyId, id: JobId) -> Result<bool, storage::Error> {
    read.exists(JOBS, &(company.hi(), id.hi()))
}

impl Queues {
    /// The job, if the company has it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find(&self, read: &impl Read, company: CompanyId, id: JobId) -> Result<Option<JobView>, Error> {
        let key = (company.hi(), id.hi());
        match read.get(JOBS, &key)? {
            Some(body) if body.id_lo == id.raw().lo => Ok(self.inner.view(read, key, body)?),
            _ => Ok(None),
        }
    }

    /// The result of a completed job, if it left one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn result(&self, read: &impl Read, company: CompanyId, id: JobId) -> Result<Option<Bytes>, Error> {
        Ok(read.get(JOB_RESULTS, &(company.hi(), id.hi()))?.map(|row| row.result))
    }

    /// The errors of the last attempts, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn errors(&self, read: &impl Read, company: CompanyId, id: JobId) -> Result<Vec<AttemptError>, Error> {
        let range = KeyRange::prefix(&(company.hi(), id.hi()));
        let rows = read.list(JOB_ERRORS, &range, Order::Ascending, KEPT_ERRORS as usize)?;
        Ok(rows.into_iter().map(|(_, error)| error).collect())
    }

    /// The error of the last failed attempt, if there is one that can be read.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_error(&self, read: &impl Read, company: CompanyId, id: JobId) -> Result<Option<AttemptError>, Error> {
        let range = KeyRange::prefix(&(company.hi(), id.hi()));
        let mut last = read.list_past_damage(JOB_ERRORS, &range, Order::Descending, 1)?;
        Ok(last.pop().and_then(|(_, error)| error.ok()))
    }

    /// Shows the company's jobs whose places lie in a range, the first accepted first; answers where to go on.
    ///
    /// Looks at `limit` jobs, or fewer when they are large.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn each_accepted(
        &self,
        read: &impl Read,
        company: CompanyId,
        (from, to): (u64, u64),
        limit: usize,
        visit: &mut dyn FnMut(JobView),
    ) -> Result<Option<u64>, Error> {
        let range = KeyRange::between(&(company.hi(), from), &(company.hi(), to));
        let (mut looked_at, mut looked_bytes, mut next, mut failure) = (0, 0, None, None);
        read.scan(JOBS, &range, Order::Ascending, &mut |key, body| {
            if looked_at >= limit || looked_bytes >= LOOKED_BYTES {
                next = Some(key.1);
                return ControlFlow::Break(());
            }
            looked_at += 1;
            looked_bytes += body.payload.len();
            match self.inner.view(read, key, body) {
                Ok(job) => {
                    job.into_iter().for_each(&mut *visit);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failure.map_or(Ok(next), |error| Err(error.into()))
    }

    /// The company's jobs that workers outside hold, at most so many, and fewer when their payloads come to much.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn held_outside(&self, read: &impl Read, company: CompanyId, limit: usize) -> Result<Vec<JobView>, Error> {
        let (mut held, mut bytes) = (Vec::new(), 0);
        for line in self.inner.lines() {
            // Bound first: a lock in the loop would be held through the reads.
            let jobs: Vec<u64> = line.core().leases.outside(company.hi()).take(limit - held.len()).collect();
            for job in jobs {
                let key = (company.hi(), job);
                let view = read.get(JOBS, &key)?.map(|body| self.inner.view(read, key, body)).transpose()?.flatten();
                // One that was claimed or settled just now may not look so yet.
                if let Some(view) = view.filter(|view| view.worker.is_some()) {
                    bytes += view.payload.len();
                    held.push(view);
                }
                if bytes >= HELD_BYTES {
                    return Ok(held);
                }
            }
        }
        held.sort_unstable_by_key(|job| job.id);
        Ok(held)
    }
}
