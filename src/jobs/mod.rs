//! Jobs and queues over the API: enqueueing, looking, operating, and working from outside.
//!
//! Vocabulary is that of `queue`, which does the work; this slice checks what comes in, runs it in one transaction and
//! shows what came of it. An *external worker* leases jobs, holds them by heartbeats and settles them with the lease's
//! token. Whatever an operator does is recorded in the audit log; enqueueing and the work itself are not.
//!
//! Invariants: a payload is kept and handed out byte for byte; a batch is enqueued whole or not at all; another
//! company's job answers like one that does not exist.

mod actions;
pub mod api;
mod operate;
#[cfg(test)]
mod tests;
mod workers;

use std::collections::{BTreeMap, HashSet};

use crate::{
    base::{CompanyId, JobId},
    queue::{
        self, ChildView, ErrorGroups, Failures, GroupLimits, Heartbeat, JobFilter, JobView, LogLine, MAX_PARENTS,
        Notes, Outcome, Place, Progress, QueueName, QueueSettings, QueueStats, Queues, Settled, State,
    },
    storage::{self, Db, Read, Snapshot, Tx},
};

pub use actions::{Action, ActionUnderWay, RunAction};
pub use api::{CheckedJob, JobOrder};
pub use workers::{HeldJob, WorkerView, Workers};

use workers::Presence;

/// Why a request about jobs is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue kernel refused or failed.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// The company has no such queue.
    #[error("there is no queue {0}")]
    NoQueue(QueueName),
    /// The group has no limits of its own.
    #[error("group \"{0}\" has no limits of its own")]
    NoGroup(String),
    /// The job stands for something else, which has its own operations.
    #[error(
        "jobs of kind \"{0}\" are made and run by the server itself; a delivery of a webhook has its operations under /deliveries"
    )]
    OwnJob(String),
    /// The resource changed since the caller read it.
    #[error("the queue has changed meanwhile")]
    Changed,
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        Self::Queue(queue::Error::Storage(error))
    }
}

/// The handle behind the operations; cheap to clone.
#[derive(Debug, Clone)]
pub struct Jobs {
    db: Db,
    queues: Queues,
    presence: Presence,
}

/// A job with what its attempts left behind.
#[derive(Debug, Clone)]
pub struct JobDetail {
    /// The job.
    pub job: JobView,
    /// What its worker returned.
    pub result: Option<bytes::Bytes>,
    /// The errors of its last failed attempts, oldest first.
    pub errors: Vec<queue::AttemptError>,
    /// What its attempts told of themselves.
    pub notes: Notes,
}

/// A job in a list.
#[derive(Debug, Clone)]
pub struct ListedJob {
    /// The job.
    pub job: JobView,
    /// What its last failed attempt said, while it waits for another one or was given up.
    pub error: Option<String>,
}

/// A page of jobs.
#[derive(Debug, Clone)]
pub struct JobList {
    /// The jobs.
    pub jobs: Vec<ListedJob>,
    /// Where the next page begins.
    pub next: Option<Place>,
}

impl Jobs {
    /// A handle over the store and the queues.
    #[must_use]
    pub fn new(db: Db, queues: Queues) -> Self {
        Self { db, queues, presence: Presence::default() }
    }

    /// The store, for the transactions of the API.
    pub(crate) const fn db(&self) -> &Db {
        &self.db
    }

    /// The queue kernel.
    pub(crate) const fn queues(&self) -> &Queues {
        &self.queues
    }

    /// The job with its result and errors.
    ///
    /// # Errors
    /// When the company has no such job.
    pub async fn get(&self, company: CompanyId, id: JobId) -> Result<JobDetail, Error> {
        let queues = self.queues.clone();
        self.db.read(move |snapshot| detail(&queues, snapshot, company, id)).await?
    }

    /// Lines of a job's log from the given number on, oldest first; one more than `limit` when there are more.
    ///
    /// # Errors
    /// When the company has no such job.
    pub async fn log(&self, company: CompanyId, id: JobId, from: u32, limit: usize) -> Result<Vec<LogLine>, Error> {
        let queues = self.queues.clone();
        let read = self.db.read(move |snapshot| {
            queues.find(snapshot, company, id)?.ok_or(queue::Error::NotFound(id))?;
            Ok(queues.log(snapshot, company, id, from, limit + 1)?)
        });
        read.await?
    }

    /// The children of a job behind the given one, and where the next page begins.
    ///
    /// # Errors
    /// When the company has no such job.
    pub async fn children(
        &self,
        company: CompanyId,
        id: JobId,
        behind: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<ChildView>, Option<u64>), Error> {
        let queues = self.queues.clone();
        let read = self.db.read(move |snapshot| {
            queues.find(snapshot, company, id)?.ok_or(queue::Error::NotFound(id))?;
            Ok(queues.children(snapshot, company, id, behind, limit)?)
        });
        read.await?
    }

    /// The company's jobs that pass the filter, from the given place on.
    ///
    /// # Errors
    /// When the place is of another search, or the store fails.
    pub async fn list(
        &self,
        company: CompanyId,
        filter: JobFilter,
        after: Option<Place>,
        limit: usize,
    ) -> Result<JobList, Error> {
        let queues = self.queues.clone();
        let read = self.db.read(move |snapshot| {
            let page = queues.list(snapshot, company, &filter, after, limit)?;
            let jobs = page.jobs.into_iter().map(|job| listed(&queues, snapshot, job)).collect::<Result<_, _>>()?;
            Ok(JobList { jobs, next: page.next })
        });
        read.await?
    }

    /// The company's figures of its queues and the built-in ones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stats(&self, company: CompanyId) -> Result<Vec<QueueStats>, Error> {
        let queues = self.queues.clone();
        Ok(self.db.read(move |snapshot| queues.stats(snapshot, company)).await??)
    }

    /// The groups of a queue that have limits of their own, by their key.
    ///
    /// # Errors
    /// [`Error::NoQueue`].
    pub async fn limited_groups(
        &self,
        company: CompanyId,
        name: QueueName,
    ) -> Result<BTreeMap<String, GroupLimits>, Error> {
        let jobs = self.clone();
        let read = self.db.read(move |snapshot| {
            jobs.require_queue(snapshot, company, &name)?;
            Ok(jobs.queues.limited_groups(snapshot, company, &name)?)
        });
        read.await?
    }

    /// The latest dead letters of a queue in groups that failed alike.
    ///
    /// # Errors
    /// [`Error::NoQueue`].
    pub async fn failures(&self, company: CompanyId, name: QueueName) -> Result<Failures, Error> {
        let jobs = self.clone();
        let read = self.db.read(move |snapshot| {
            jobs.require_queue(snapshot, company, &name)?;
            Ok(jobs.queues.failures(snapshot, company, &name)?)
        });
        read.await?
    }

    /// The next dead letters behind a place, of one queue or kind when these are given, in groups that failed alike.
    ///
    /// # Errors
    /// For a place of another list; when the store fails.
    pub async fn error_groups(
        &self,
        company: CompanyId,
        (queue, kind): (Option<QueueName>, Option<String>),
        after: Option<Place>,
    ) -> Result<ErrorGroups, Error> {
        let queues = self.queues.clone();
        let read = move |snapshot: &Snapshot| queues.error_groups(snapshot, company, (queue, kind.as_deref()), after);
        Ok(self.db.read(read).await??)
    }

    /// The company's figures of one queue and the queue's settings.
    ///
    /// # Errors
    /// [`Error::NoQueue`] when the company does not use it and it is not built in.
    pub async fn queue(&self, company: CompanyId, name: QueueName) -> Result<(QueueStats, QueueSettings), Error> {
        let queues = self.queues.clone();
        let read = self.db.read(move |snapshot| {
            let stats = queues.lane_stats(snapshot, company, &name)?;
            stats.zip(queues.settings(&name)).ok_or(Error::NoQueue(name))
        });
        read.await?
    }

    /// Enqueues a job whose order was checked before.
    ///
    /// # Errors
    /// When the queue kernel refuses it, or the store fails.
    pub fn enqueue(&self, tx: &mut Tx<'_>, job: CheckedJob) -> Result<queue::Enqueued, Error> {
        Ok(queue::enqueue(tx, &self.queues, job.into_new_job(tx))?)
    }

    /// What a refused token means: a job that is not there is told apart from one that is held by another.
    fn stale(&self, read: &impl Read, company: CompanyId, id: JobId) -> Result<queue::Error, queue::Error> {
        let job = self.queues.find(read, company, id)?;
        Ok(job.map_or(queue::Error::NotFound(id), |_| queue::Error::LeaseLost(id)))
    }

    /// Tells a token that is refused from a job that is not there.
    fn known<T>(
        &self,
        read: &impl Read,
        (company, id): (CompanyId, JobId),
        done: Result<T, queue::Error>,
    ) -> Result<T, Error> {
        match done {
            Err(queue::Error::LeaseLost(_)) => Err(self.stale(read, company, id)?.into()),
            other => Ok(other?),
        }
    }

    /// Ends an attempt of an external worker inside a transaction.
    fn settle(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        token: &str,
        outcome: Outcome,
    ) -> Result<Settled, Error> {
        let settled = self.queues.settle(tx, company, id, token, outcome);
        self.known(tx, (company, id), settled)
    }

    /// Keeps how far an external worker has come.
    fn record_progress(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        token: &str,
        progress: Progress,
    ) -> Result<(), Error> {
        let kept = self.queues.record_progress(tx, company, id, token, progress);
        self.known(tx, (company, id), kept)
    }

    /// Adds lines to a job's log; answers how many it has.
    fn append_log(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        token: &str,
        lines: Vec<String>,
    ) -> Result<u32, Error> {
        let kept = self.queues.append_log(tx, company, id, token, lines);
        self.known(tx, (company, id), kept)
    }

    /// Refuses parents that stand for something else, and too many of them.
    ///
    /// Before the transaction: what a job is never changes, and whether it is still there is looked at inside.
    ///
    /// # Errors
    /// [`queue::Error::Invalid`]; when the store cannot be read.
    async fn require_parents(&self, company: CompanyId, parents: impl IntoIterator<Item = JobId>) -> Result<(), Error> {
        let refuse = |reason| Err(queue::Error::Invalid { field: "parent_id", reason }.into());
        let parents: HashSet<JobId> = parents.into_iter().collect();
        if parents.is_empty() {
            return Ok(());
        }
        if parents.len() > MAX_PARENTS {
            return refuse("may name at most 16 jobs outside of the request");
        }
        let queues = self.queues.clone();
        let read = self.db.read(move |snapshot| {
            for id in parents {
                let known = queues.identify(snapshot, company, id.hi())?;
                if known.is_some_and(|(found, _, kind)| found == id && queues.is_own_kind(&kind)) {
                    return refuse("names a job that the server runs itself");
                }
            }
            Ok(())
        });
        read.await?
    }

    /// Extends a lease, or tells that the job is cancelled.
    ///
    /// # Errors
    /// When the company has no such job, or the lease is not held any more.
    pub async fn heartbeat(
        &self,
        company: CompanyId,
        id: JobId,
        token: &str,
        lease_ms: u32,
    ) -> Result<Heartbeat, Error> {
        match self.queues.heartbeat(company, id, token, lease_ms).await {
            Err(queue::Error::LeaseLost(_)) => {
                let jobs = self.clone();
                Err(self.db.read(move |snapshot| jobs.stale(snapshot, company, id)).await??.into())
            }
            other => Ok(other?),
        }
    }

    /// Makes sure that the company has the queue.
    fn require_queue(&self, read: &impl Read, company: CompanyId, name: &QueueName) -> Result<QueueStats, Error> {
        self.queues.lane_stats(read, company, name)?.ok_or_else(|| Error::NoQueue(name.clone()))
    }
}

/// The job with what its attempts left behind, in one view of the store.
fn detail(queues: &Queues, read: &impl Read, company: CompanyId, id: JobId) -> Result<JobDetail, Error> {
    let job = queues.find(read, company, id)?.ok_or(queue::Error::NotFound(id))?;
    let (result, errors) = (queues.result(read, company, id)?, queues.errors(read, company, id)?);
    Ok(JobDetail { job, result, errors, notes: queues.notes(read, company, id)? })
}

/// A job with the error that a list shows.
fn listed(queues: &Queues, read: &impl Read, job: JobView) -> Result<ListedJob, Error> {
    let has_failed = matches!(job.state, State::Failed | State::Retrying);
    let error = if has_failed { queues.last_error(read, job.company, job.id)? } else { None };
    Ok(ListedJob { job, error: error.map(|error| error.error) })
}
