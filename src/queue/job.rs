//! What a job is, as callers see it: the order to enqueue one and the view of a stored one.

use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::name::QueueName;
use crate::base::{Backoff, CompanyId, JobId, QueueId, Timestamp};

/// The largest payload, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// The largest result, in bytes.
pub const MAX_RESULT_BYTES: usize = 256 << 10;
/// The most tags of a job.
pub const MAX_TAGS: usize = 100;
/// The longest tag, kind, unique key or group text, in bytes.
pub const MAX_TEXT_BYTES: usize = 256;
/// The most attempts a job may ask for.
pub const MAX_ATTEMPTS: u32 = 1000;
/// The least urgent priority; 0 is the most urgent.
pub const MAX_PRIORITY: u8 = 9;
/// The most children of a job.
pub const MAX_CHILDREN: u32 = 1000;
/// The most jobs that wait for each other in a row.
pub(super) const MAX_FLOW_DEPTH: u32 = 16;
/// The most lines of a job's log.
pub const MAX_LOG_LINES: u32 = 1000;
/// The longest line of a job's log, in bytes.
pub const MAX_LINE_BYTES: usize = 2048;
/// The largest JSON told with a job's progress, in bytes.
pub const MAX_PROGRESS_BYTES: usize = 16 << 10;
/// The most payload fields of a queue that can be searched.
pub const MAX_SEARCH_FIELDS: usize = 16;
/// The most jobs of one batch.
pub const MAX_BATCH: usize = 1000;
/// The most tags of all jobs of a batch together: each is a row of its own in one transaction.
pub const MAX_BATCH_TAGS: usize = 10_000;
/// The most jobs outside a request that those in it may name as parents: each is read in one transaction.
pub const MAX_PARENTS: usize = 16;

/// The state of a job; the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    /// Ready to be started.
    Waiting = 0,
    /// Not before its time.
    Delayed = 1,
    /// A worker has it under a lease.
    Active = 2,
    /// An attempt failed; it waits for the next one.
    Retrying = 3,
    /// Done.
    Completed = 4,
    /// Given up; the dead letter of its queue.
    Failed = 5,
    /// Stopped by a caller.
    Cancelled = 6,
}

impl State {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Waiting, Self::Delayed, Self::Active, Self::Retrying, Self::Completed, Self::Failed, Self::Cancelled];

    /// Whether nothing happens to the job any more by itself.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
            Self::Active => "active",
            Self::Retrying => "retrying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// The time an operator gives a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunAt {
    /// It waits for its time no longer.
    Now,
    /// Not before this time.
    At(Timestamp),
}

/// How often to try and how long to wait in between.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts in all, 1 to [`MAX_ATTEMPTS`].
    pub attempts: u32,
    /// The wait after a failed attempt, unless the worker names one.
    pub backoff: Backoff,
}

/// Until when a unique key refuses a second job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UniqueScope {
    /// Until the first attempt begins.
    UntilStarted,
    /// Until the job is completed, failed or cancelled.
    UntilFinished,
    /// For a time from the enqueue, whatever becomes of the job.
    Window {
        /// The time in milliseconds.
        window_ms: u64,
    },
}

/// At most one job per key, company and queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// The key, 1 to [`MAX_TEXT_BYTES`] bytes.
    pub key: String,
    /// How long it holds.
    pub scope: UniqueScope,
}

/// A line within a queue with its own limits; groups are served in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The number in keys; never zero, which means "no group".
    pub number: u64,
    /// The text a caller gave, when it gave one.
    pub text: Option<String>,
}

impl Group {
    /// A group known by a number, such as a webhook's `hi`.
    #[must_use]
    pub const fn numbered(number: u64) -> Self {
        Self { number, text: None }
    }

    /// A group known by a caller's text; its number is a hash of it.
    #[must_use]
    pub fn named(text: &str) -> Self {
        Self { number: xxh3_64(text.as_bytes()).max(1), text: Some(text.to_owned()) }
    }
}

/// The order to create a job. [`NewJob::new`] fills in what most callers leave alone.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Whose job it is.
    pub company: CompanyId,
    /// The line it stands in; created at first use.
    pub queue: QueueName,
    /// What it is; chooses the handler.
    pub kind: String,
    /// JSON for the handler, at most [`MAX_PAYLOAD_BYTES`].
    pub payload: Bytes,
    /// 0 is the most urgent, [`MAX_PRIORITY`] the least.
    pub priority: u8,
    /// Not before this time.
    pub run_at: Option<Timestamp>,
    /// `None` follows the queue's policy as it is when an attempt fails.
    pub retry: Option<RetryPolicy>,
    /// The longest one attempt may take; `None` follows the queue.
    pub timeout_ms: Option<u64>,
    /// At most one job of this key.
    pub unique: Option<Unique>,
    /// The group within the queue.
    pub group: Option<Group>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// When not started by then, it fails as `expired`.
    pub expire_at: Option<Timestamp>,
    /// The job that waits for its end; see [`Parent`].
    pub parent: Option<Parent>,
    /// What the queue's search fields find in the payload, when the caller has looked already.
    pub fields: Option<Vec<(String, String)>>,
    /// The low half of its id; `None` draws a random one.
    pub id_lo: Option<u64>,
}

impl NewJob {
    /// A plain job: priority 5, no delay, the queue's own policy.
    #[must_use]
    pub fn new(company: CompanyId, queue: QueueName, kind: impl Into<String>, payload: Bytes) -> Self {
        Self {
            company,
            queue,
            kind: kind.into(),
            payload,
            priority: 5,
            run_at: None,
            retry: None,
            timeout_ms: None,
            unique: None,
            group: None,
            tags: Vec::new(),
            expire_at: None,
            parent: None,
            fields: None,
            id_lo: None,
        }
    }
}

/// The job that waits for another one, and what a failure of that one does to it.
///
/// A parent starts once all its children have ended. It must not have finished; one that runs already goes on, and
/// waits when it is snoozed or tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// The job that waits.
    pub id: JobId,
    /// When the child fails for good or is cancelled.
    pub on_failure: OnFailure,
}

/// What becomes of a parent when a child fails for good or is cancelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// It fails, too, at once, and in turn its own parent.
    #[default]
    FailParent,
    /// It goes on as if the child had ended well; it can see which did not.
    Continue,
}

impl OnFailure {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailParent => "fail_parent",
            Self::Continue => "continue",
        }
    }
}

/// What became of an enqueue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued {
    /// The new job, or the one that holds the unique key.
    pub id: JobId,
    /// Whether nothing was created because a job with the unique key exists.
    pub is_duplicate: bool,
}

/// Why a job failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// Its last attempt failed.
    Exhausted,
    /// A worker said that no further attempt can help.
    Discarded,
    /// Its lease was lost three times in a row.
    Stalled,
    /// It was not started before `expire_at`.
    Expired,
    /// A child that it waited for failed or was cancelled.
    ChildFailed,
}

impl FailureReason {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Discarded => "discarded",
            Self::Stalled => "stalled",
            Self::Expired => "expired",
            Self::ChildFailed => "child_failed",
        }
    }
}

/// The error of one attempt, or that it was interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptError {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// When it ended, or when it was found to have been interrupted.
    pub at: Timestamp,
    /// What the worker said, cut to 2 KiB.
    pub error: String,
    /// When it began; `None` in what earlier versions wrote.
    pub started_at: Option<Timestamp>,
    /// It has no end of its own: a restart or its worker's silence took it back, and no attempt was used.
    pub is_interrupted: bool,
}

/// A stored job as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub company: CompanyId,
    /// The number of its queue.
    pub queue_id: QueueId,
    /// The name of its queue.
    pub queue: QueueName,
    /// What it is.
    pub kind: String,
    /// The JSON it was enqueued with.
    pub payload: Bytes,
    /// 0 is the most urgent.
    pub priority: u8,
    /// Its state now.
    pub state: State,
    /// The attempt that runs or ran last, from 1; 0 before the first.
    pub attempt: u32,
    /// Attempts in all.
    pub attempts_max: u32,
    /// How often a lost lease brought it back since the last orderly end of an attempt.
    pub rescues: u8,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it may start, while delayed or retrying.
    pub run_at: Option<Timestamp>,
    /// When the last attempt began.
    pub started_at: Option<Timestamp>,
    /// When it was completed, failed or cancelled.
    pub finished_at: Option<Timestamp>,
    /// When it fails unless started.
    pub expire_at: Option<Timestamp>,
    /// Why it failed, once failed.
    pub failure: Option<FailureReason>,
    /// The longest one attempt may take.
    pub timeout_ms: Option<u64>,
    /// The group's number; zero for none.
    pub group: u64,
    /// The group's text, when a caller gave one.
    pub group_key: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The unique key it was enqueued with.
    pub unique_key: Option<String>,
    /// The job that waits for it.
    pub parent: Option<JobId>,
    /// Children that have not ended.
    pub blocked_by: u32,
    /// Children in all.
    pub children: u32,
    /// The external worker that holds it.
    pub worker: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{Group, State};

    #[test]
    fn states_read_back_from_their_words() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_ne!(Group::named("").number, 0);
    }
}
