//! Jobs and queues over the API: enqueueing, looking, operating, and working from outside.
//!
//! Vocabulary is that of `queue`, which does the work; this slice checks what comes in, runs it in one transaction and
//! shows what came of it. An *external worker* leases jobs, holds them by heartbeats and settles them with the lease's
//! token. Whatever an operator does is recorded in the audit log; enqueueing and the work itself are not.
//!
//! Invariants: a payload is kept and handed out byte for byte; a batch is enqueued whole or not at all; another
//! company's job answers like one that does not exist.

pub mod api;
mod operate;

pub use api::{CheckedJob, JobOrder};

use crate::{
    base::{CompanyId, JobId},
    queue::{self, JobPage, JobView, Outcome, QueueName, QueueSettings, QueueStats, Queues, Settled},
    storage::{self, Db, Read, Tx},
};

/// Why a request about jobs is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue kernel refused or failed.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// The company has no such queue.
    #[error("there is no queue {0}")]
    NoQueue(QueueName),
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
}

impl Jobs {
    /// A handle over the store and the queues.
    #[must_use]
    pub const fn new(db: Db, queues: Queues) -> Self {
        Self { db, queues }
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
        let read = self.db.read(move |snapshot| {
            let job = queues.find(snapshot, company, id)?.ok_or(queue::Error::NotFound(id))?;
            let (result, errors) = (queues.result(snapshot, company, id)?, queues.errors(snapshot, company, id)?);
            Ok(JobDetail { job, result, errors })
        });
        read.await?
    }

    /// The company's jobs that pass the filter, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        company: CompanyId,
        before: Option<u64>,
        limit: usize,
        is_wanted: impl Fn(&JobView) -> bool + Send + 'static,
    ) -> Result<JobPage, Error> {
        let queues = self.queues.clone();
        Ok(self.db.read(move |snapshot| queues.list(snapshot, company, before, limit, &is_wanted)).await??)
    }

    /// The company's figures of its queues and the built-in ones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stats(&self, company: CompanyId) -> Result<Vec<QueueStats>, Error> {
        let queues = self.queues.clone();
        Ok(self.db.read(move |snapshot| queues.stats(snapshot, company)).await??)
    }

    /// The company's figures of one queue and the queue's settings.
    ///
    /// # Errors
    /// [`Error::NoQueue`] when the company does not use it and it is not built in.
    pub async fn queue(&self, company: CompanyId, name: QueueName) -> Result<(QueueStats, QueueSettings), Error> {
        let queues = self.queues.clone();
        let read = self.db.read(move |snapshot| {
            let stats = queues.stats(snapshot, company)?.into_iter().find(|stats| stats.queue == name);
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

    /// Ends an attempt of an external worker inside a transaction.
    fn settle(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        token: &str,
        outcome: Outcome,
    ) -> Result<Settled, Error> {
        match self.queues.settle(tx, company, id, token, outcome) {
            Err(queue::Error::LeaseLost(_)) => Err(self.stale(tx, company, id)?.into()),
            other => Ok(other?),
        }
    }

    /// Extends a lease; answers how long it holds.
    ///
    /// # Errors
    /// When the company has no such job, or the lease is not held any more.
    pub async fn heartbeat(&self, company: CompanyId, id: JobId, token: &str, lease_ms: u32) -> Result<u64, Error> {
        match self.queues.heartbeat(company, id, token, lease_ms).await {
            Err(queue::Error::LeaseLost(_)) => {
                let jobs = self.clone();
                Err(self.db.read(move |snapshot| jobs.stale(snapshot, company, id)).await??.into())
            }
            other => Ok(other?),
        }
    }

    /// Makes sure, inside a transaction, that the company has the queue.
    fn require_queue(&self, tx: &Tx<'_>, company: CompanyId, name: &QueueName) -> Result<QueueStats, Error> {
        let stats = self.queues.stats(tx, company)?.into_iter().find(|stats| stats.queue == *name);
        stats.ok_or_else(|| Error::NoQueue(name.clone()))
    }
}
