//! What an operator does to jobs and queues: each change and its entry in the audit log in one transaction.

use serde_json::{Value, json};

use super::{Error, JobDetail, Jobs, actions::ACTION_KIND};
use crate::{
    audit::{self, Entry, Origin},
    base::{CompanyId, JobId},
    queue::{self, GroupLimits, JobEdit, JobView, QueueName, QueueSettings, State},
    storage::{self, Tx},
};

impl Jobs {
    /// Cancels a job that is not finished.
    ///
    /// # Errors
    /// When the company has no such job, or it is finished.
    pub fn cancel(&self, tx: &mut Tx<'_>, by: (CompanyId, &Origin), id: JobId) -> Result<JobView, Error> {
        let before = match self.job(tx, by.0, id) {
            // An action is stopped by cancelling the job that carries it.
            Err(Error::OwnJob(kind)) if kind == ACTION_KIND => {
                self.queues.find(tx, by.0, id)?.ok_or(queue::Error::NotFound(id))?
            }
            other => other?,
        };
        let job = self.queues.cancel(tx, by.0, id)?;
        record(tx, by, ("job.cancel", id.to_string()), (of_job(&before), of_job(&job)))?;
        Ok(job)
    }

    /// Puts a finished job back in line.
    ///
    /// # Errors
    /// When the company has no such job, or it is not finished.
    pub fn retry(&self, tx: &mut Tx<'_>, by: (CompanyId, &Origin), id: JobId) -> Result<JobView, Error> {
        let before = self.job(tx, by.0, id)?;
        let job = self.queues.retry(tx, by.0, id)?;
        record(tx, by, ("job.retry", id.to_string()), (of_job(&before), of_job(&job)))?;
        Ok(job)
    }

    /// Ends the wait of a delayed or retrying job.
    ///
    /// # Errors
    /// When the company has no such job, or it does not wait for a time.
    pub fn promote(&self, tx: &mut Tx<'_>, by: (CompanyId, &Origin), id: JobId) -> Result<JobView, Error> {
        let before = self.job(tx, by.0, id)?;
        let job = self.queues.promote(tx, by.0, id)?;
        record(tx, by, ("job.promote", id.to_string()), (of_job(&before), of_job(&job)))?;
        Ok(job)
    }

    /// Removes a finished job, also one whose body is damaged.
    ///
    /// # Errors
    /// When the company has no such job, or it is not finished.
    pub async fn delete(&self, (company, origin): (CompanyId, &Origin), id: JobId) -> Result<(), Error> {
        let (jobs, by) = (self.clone(), origin.clone());
        let deleted = self.db.write_reclaiming(move |tx| {
            let before = jobs.job(tx, company, id)?;
            jobs.queues.delete(tx, company, id)?;
            record(tx, (company, &by), ("job.delete", id.to_string()), (of_job(&before), Value::Null))
        });
        match deleted.await {
            Err(Error::Queue(queue::Error::Storage(storage::Error::Corrupt { .. }))) => {}
            done => return done,
        }
        let (jobs, by) = (self.clone(), origin.clone());
        let lost = self.db.read(move |snapshot| jobs.queues.lost_entries(snapshot, company, id)).await??;
        let jobs = self.clone();
        let deleted = self.db.write_reclaiming(move |tx| {
            let Some(remains) = jobs.queues.remains(tx, company, id)? else {
                // Nobody has ever worked on it.
                return Err(queue::Error::WrongState { id, state: State::Waiting }.into());
            };
            if let Some(kind) = remains.own_kind {
                return Err(Error::OwnJob(kind.to_owned()));
            }
            jobs.queues.delete_damaged(tx, company, id, &lost)?;
            let before = json!({ "queue": remains.queue.to_string(), "kind": null, "state": remains.state.as_str() });
            record(tx, (company, &by), ("job.delete", id.to_string()), (before, Value::Null))
        });
        deleted.await
    }

    /// Changes payload, priority or time of a job that nobody works on.
    ///
    /// # Errors
    /// When the company has no such job, its state does not allow it, or `is_current` finds it changed.
    pub fn edit(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        id: JobId,
        change: JobEdit,
        is_current: impl FnOnce(JobDetail) -> bool,
    ) -> Result<JobDetail, Error> {
        let before = self.job(tx, by.0, id)?;
        if !is_current(super::detail(&self.queues, tx, by.0, id)?) {
            return Err(Error::Changed);
        }
        let has_payload = change.payload.is_some();
        let after = self.queues.edit(tx, by.0, id, change)?;
        let shown =
            |job: &JobView| json!({ "priority": job.priority, "run_at": job.run_at, "state": job.state.as_str() });
        let (old, mut new) = audit::changed(&shown(&before), &shown(&after));
        if has_payload && let Value::Object(fields) = &mut new {
            // The payload may hold anything, so only that it was replaced is told.
            fields.insert("replaced".to_owned(), json!(["payload"]));
        }
        record(tx, by, ("job.update", id.to_string()), (old, new))?;
        super::detail(&self.queues, tx, by.0, id)
    }

    /// The job as it is; one that stands for something else is refused.
    fn job(&self, tx: &Tx<'_>, company: CompanyId, id: JobId) -> Result<JobView, Error> {
        let job = self.queues.find(tx, company, id)?.ok_or(queue::Error::NotFound(id))?;
        if self.queues.is_own_kind(&job.kind) { Err(Error::OwnJob(job.kind)) } else { Ok(job) }
    }

    /// Pauses the company's part of a queue, or ends the pause.
    ///
    /// # Errors
    /// [`Error::NoQueue`].
    pub fn set_paused(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        queue: &QueueName,
        is_paused: bool,
    ) -> Result<(), Error> {
        let was_paused = self.require_queue(tx, by.0, queue)?.is_paused;
        let action = if is_paused {
            self.queues.pause(tx, by.0, queue)?;
            "queue.pause"
        } else {
            self.queues.resume(tx, by.0, queue)?;
            "queue.resume"
        };
        record(tx, by, (action, queue.to_string()), (json!({ "paused": was_paused }), json!({ "paused": is_paused })))
    }

    /// Sets the limits of a group of the company's, or takes them away.
    ///
    /// # Errors
    /// [`Error::NoQueue`]; when too many groups have limits; to take away, [`Error::NoGroup`]. A queue of the server
    /// itself is refused.
    pub fn limit_group(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        queue: &QueueName,
        (group, limits): (&str, Option<GroupLimits>),
    ) -> Result<(), Error> {
        self.queues.require_foreign(queue)?;
        self.require_queue(tx, by.0, queue)?;
        let before = self.queues.limit_group(tx, by.0, queue, group, limits)?;
        if limits.is_none() && before.is_none() {
            return Err(Error::NoGroup(group.to_owned()));
        }
        let action = if limits.is_some() { "queue_group.update" } else { "queue_group.delete" };
        record(tx, by, (action, format!("{queue}/{group}")), (json!(before), json!(limits)))
    }

    /// Changes the settings of a queue for the whole instance; the entry stands in the company of who does it.
    ///
    /// # Errors
    /// When a figure is out of range.
    pub fn configure(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        queue: &QueueName,
        (before, after): (&QueueSettings, QueueSettings),
    ) -> Result<(), Error> {
        let change = audit::changed(&of_settings(before), &of_settings(&after));
        self.queues.configure(tx, queue, after)?;
        record(tx, by, ("queue.update", queue.to_string()), change)
    }

    /// How many jobs of the company [`Jobs::drain`] would cancel now.
    ///
    /// # Errors
    /// As [`Jobs::drain`].
    pub async fn count_waiting(&self, company: CompanyId, queue: QueueName) -> Result<u64, Error> {
        self.queues.require_foreign(&queue)?;
        Ok(self.queue(company, queue).await?.0.count(State::Waiting))
    }

    /// Cancels everything of the company that waits in a queue; answers how many waited and how many were cancelled.
    ///
    /// The first of its transactions records that it has begun, and what waited then.
    ///
    /// # Errors
    /// [`Error::NoQueue`]; a queue of the server itself is refused.
    pub async fn drain(&self, (company, origin): (CompanyId, &Origin), queue: QueueName) -> Result<(u64, u64), Error> {
        let waiting = self.count_waiting(company, queue.clone()).await?;
        let (origin, object) = (origin.clone(), queue.to_string());
        let begin = move |tx: &mut Tx<'_>| {
            let before = json!({ "waiting": waiting });
            audit::record(tx, company, &origin, Entry { action: "queue.drain", object, before, after: Value::Null })
        };
        Ok((waiting, self.queues.drain_lane(company, &queue, begin).await?))
    }
}

fn record(
    tx: &mut Tx<'_>,
    (company, origin): (CompanyId, &Origin),
    (action, object): (&'static str, String),
    (before, after): (Value, Value),
) -> Result<(), Error> {
    Ok(audit::record(tx, company, origin, Entry { action, object, before, after })?)
}

fn of_job(job: &JobView) -> Value {
    json!({ "queue": job.queue.to_string(), "kind": job.kind, "state": job.state.as_str() })
}

fn of_settings(settings: &QueueSettings) -> Value {
    let QueueSettings { concurrency, group_concurrency, rate_per_second, retry, timeout_ms, retention, search_fields } =
        settings;
    json!({ "backoff": retry.backoff, "retention": retention, "search_fields": search_fields,
        "concurrency": concurrency, "group_concurrency": group_concurrency, "rate_per_second": rate_per_second,
        "attempts": retry.attempts, "timeout_ms": timeout_ms })
}
