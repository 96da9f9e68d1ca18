//! What can go wrong with a job or a queue.

use super::job::State;
use super::name::QueueName;
use crate::{base::JobId, storage};

/// Why the queue kernel refuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store could not read or write.
    #[error("the store failed")]
    Storage(#[from] storage::Error),
    /// There is no such job in this company.
    #[error("there is no job {0}")]
    NotFound(JobId),
    /// The job is held under another lease, or not held any more.
    #[error("the lease of job {0} is not held any more")]
    LeaseLost(JobId),
    /// The log of the job has as many lines as it may.
    #[error("the log of job {0} has room for 1000 lines and would have more")]
    LogFull(JobId),
    /// The job's state does not allow it.
    #[error("job {id} is {}", .state.as_str())]
    WrongState {
        /// The job.
        id: JobId,
        /// Its state.
        state: State,
    },
    /// A field of the job does not fit.
    #[error("{field} {reason}")]
    Invalid {
        /// The field, as the API names it.
        field: &'static str,
        /// What it must be.
        reason: &'static str,
    },
    /// The job would expire before its time comes.
    #[error("job {position} of those enqueued together would expire before its time comes")]
    NeverStarts {
        /// Its place among the jobs that are enqueued together.
        position: usize,
    },
    /// Jobs of the queue are run by this process.
    #[error("jobs of queue {0} are run by the server itself")]
    OwnQueue(QueueName),
    /// No further queue can be created.
    #[error("there are already {0} queues, the most this instance holds")]
    TooManyQueues(u32),
    /// The company cannot use a further queue.
    #[error("the company uses {0} queues already, the most it may beside the built-in ones")]
    TooManyLanes(u32),
    /// The company has set limits for as many groups of the queue as it may.
    #[error("{0} groups of the queue have limits of their own, the most there may be")]
    TooManyGroups(usize),
    /// External workers hold as many leases as a queue allows.
    #[error("external workers hold {0} leases, the most a queue allows")]
    TooManyLeases(usize),
}

impl Error {
    /// The same of the job at this place among those that are enqueued together.
    pub(super) fn at(self, position: usize) -> Self {
        match self {
            Self::NeverStarts { .. } => Self::NeverStarts { position },
            other => other,
        }
    }
}
