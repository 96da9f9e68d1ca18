//! What a job is, as callers see it: the order to enqueue one and the view of a stored one.

use std::{fmt, str::FromStr, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

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
/// The most jobs of one batch.
pub const MAX_BATCH: usize = 1000;

/// The name of a queue: 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName(Arc<str>);

/// A text that is not a queue name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not 1 to 64 characters of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit")]
pub struct QueueNameError;

impl QueueName {
    /// The queue of outgoing mail.
    pub const EMAIL: &'static str = "email";
    /// The queue of webhook deliveries.
    pub const WEBHOOK: &'static str = "webhook";
    /// The queue of workflow steps.
    pub const WORKFLOW: &'static str = "workflow";
    /// The queue of report rendering.
    pub const REPORT: &'static str = "report";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Wraps the name of a built-in queue or one read from a table.
    pub(crate) fn trusted(name: &str) -> Self {
        Self(Arc::from(name))
    }
}

impl FromStr for QueueName {
    type Err = QueueNameError;

    fn from_str(text: &str) -> Result<Self, QueueNameError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let begins_well = text.bytes().next().is_some_and(is_plain);
        let is_well_formed = text.len() <= 64 && text.bytes().all(|byte| is_plain(byte) || b"._-".contains(&byte));
        if begins_well && is_well_formed { Ok(Self(Arc::from(text))) } else { Err(QueueNameError) }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

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
    /// The job that asked for it; recorded only.
    pub parent: Option<JobId>,
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
            id_lo: None,
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
        }
    }
}

/// The error of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptError {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// When it ended.
    pub at: Timestamp,
    /// What the worker said, cut to 2 KiB.
    pub error: String,
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
    /// The job that asked for it.
    pub parent: Option<JobId>,
    /// The external worker that holds it.
    pub worker: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{Group, QueueName, State};

    #[test]
    fn queue_names_are_checked() {
        for good in ["email", "a", "0-x_y.z", &"a".repeat(64)] {
            assert!(good.parse::<QueueName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "A", "a b", "a:b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<QueueName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn states_read_back_from_their_words() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_ne!(Group::named("").number, 0);
    }
}
