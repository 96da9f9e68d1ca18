//! Durable jobs: queues, leases, retries, and the pools that run handlers.
//!
//! Words: a *queue* is a named line; a *lane* is one company's part of a queue; a *group* is a
//! line within a lane that is served in turn with the others; a *ref* is the place of a job in
//! line, held in memory ahead of its start; an *attempt* is one run under one *lease*.
//!
//! To enqueue, call `enqueue` inside the transaction that causes the job. To run jobs of a
//! kind in this process, implement a handler and register it with the queue's pool.

mod after;
mod boot;
mod changes;
mod check;
mod claim;
mod damaged;
mod dead_letters;
mod enqueue;
mod error;
mod external;
mod failures;
mod flows;
mod groups;
mod handler;
mod heads;
mod heartbeat;
mod history;
mod index;
mod job;
mod job_head;
mod leases;
mod line;
mod load;
mod name;
mod notes;
mod operate;
mod pool;
mod registry;
mod rescue;
mod retention;
mod rings;
mod search;
mod settings;
mod settle;
mod state;
mod stats;
mod store;
mod timers;
mod token;
mod view;
mod writer;

#[cfg(test)]
mod tests;

pub use changes::JobChange;
pub use check::{CheckFigures, check};
pub use damaged::{LostEntries, Remains};
pub use dead_letters::DeadLetters;
pub use enqueue::{enqueue, enqueue_many};
pub use error::Error;
pub use external::{DEFAULT_LEASE_MS, LEASE_MS, LeaseRequest, LeasedJob, MAX_LEASE_JOBS, MAX_WAIT_MS};
pub use failures::{FailureGroup, Failures};
pub use flows::{ChildView, FlowJob, enqueue_flow};
pub use groups::GroupLimits;
pub use handler::{AttemptContext, Effect, Handler, LoadError, Outcome, Settled, Settlement};
pub use heartbeat::Heartbeat;
pub use history::{HISTORY_KEPT_MS, MINUTE_MS, Minute};
pub use job::{
    AttemptError, Enqueued, FailureReason, Group, JobView, MAX_ATTEMPTS, MAX_BATCH, MAX_BATCH_TAGS, MAX_CHILDREN,
    MAX_LINE_BYTES, MAX_LOG_LINES, MAX_PARENTS, MAX_PAYLOAD_BYTES, MAX_PRIORITY, MAX_PROGRESS_BYTES, MAX_RESULT_BYTES,
    MAX_SEARCH_FIELDS, MAX_TAGS, MAX_TEXT_BYTES, NewJob, OnFailure, Parent, RetryPolicy, RunAt, State, Unique,
    UniqueScope,
};
pub use name::{QueueName, QueueNameError};
pub use notes::{LogLine, Notes, Progress};
pub use operate::JobEdit;
pub use pool::{Handlers, Pool, PoolFigures};
pub use registry::Queues;
pub use search::{ErrorGroups, JobCount, JobFilter, JobPage, JobsFound, Place};
pub use settings::{GroupPolicy, Keep, QueueConfig, QueueSettings, Retention};
pub use stats::{QueueStats, QueueTotals};
pub use token::TokenKey;
pub use view::is_stored;
