//! A job as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    base::{JobId, Timestamp},
    http::RawJson,
    queue::{AttemptError, JobView},
};

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct JobDocument {
    /// Its id.
    id: JobId,
    /// The queue it stands in.
    #[schema(example = "images")]
    queue: String,
    /// What it is.
    #[schema(example = "image.resize")]
    kind: String,
    /// `waiting`, `delayed`, `active`, `retrying`, `completed`, `failed` or `cancelled`.
    #[schema(example = "waiting")]
    state: &'static str,
    /// The JSON it was enqueued with.
    payload: RawJson,
    /// 0 is the most urgent, 9 the least.
    priority: u8,
    /// The attempt that runs or ran last; 0 before the first.
    attempt: u32,
    /// Attempts in all.
    attempts: u32,
    /// When it was accepted.
    created_at: Timestamp,
    /// When it may start, while delayed or retrying.
    run_at: Option<Timestamp>,
    /// When the last attempt began.
    started_at: Option<Timestamp>,
    /// When it was completed, failed or cancelled.
    finished_at: Option<Timestamp>,
    /// When it fails unless started.
    expire_at: Option<Timestamp>,
    /// Why it failed: `exhausted`, `discarded`, `stalled` or `expired`.
    failure: Option<&'static str>,
    /// The longest one attempt may take.
    timeout_ms: Option<u64>,
    /// The group it is served in.
    group_key: Option<String>,
    /// The unique key it was enqueued with.
    unique_key: Option<String>,
    /// Words to find it by.
    tags: Vec<String>,
    /// The job that asked for it.
    parent_id: Option<JobId>,
    /// The external worker that holds it.
    worker: Option<String>,
    /// How often a lost lease brought it back since the last orderly end of an attempt.
    rescues: u8,
}

impl From<JobView> for JobDocument {
    fn from(job: JobView) -> Self {
        Self {
            id: job.id,
            queue: job.queue.to_string(),
            kind: job.kind,
            state: job.state.as_str(),
            payload: RawJson::from_trusted(job.payload),
            priority: job.priority,
            attempt: job.attempt,
            attempts: job.attempts_max,
            created_at: job.created_at,
            run_at: job.run_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            expire_at: job.expire_at,
            failure: job.failure.map(crate::queue::FailureReason::as_str),
            timeout_ms: job.timeout_ms,
            group_key: job.group_key,
            unique_key: job.unique_key,
            tags: job.tags,
            parent_id: job.parent,
            worker: job.worker,
            rescues: job.rescues,
        }
    }
}

/// A job with what its attempts left behind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobDetail)]
pub(super) struct JobDetailDocument {
    #[serde(flatten)]
    job: JobDocument,
    /// What the worker returned, once completed.
    result: Option<RawJson>,
    /// The errors of the last failed attempts, oldest first.
    errors: Vec<ErrorDocument>,
}

impl JobDetailDocument {
    pub(super) fn new(job: JobView, result: Option<bytes::Bytes>, errors: Vec<AttemptError>) -> Self {
        let errors =
            errors.into_iter().map(|error| ErrorDocument { attempt: error.attempt, at: error.at, error: error.error });
        Self { job: job.into(), result: result.map(RawJson::from_trusted), errors: errors.collect() }
    }
}

/// The error of one attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptError)]
struct ErrorDocument {
    /// The number of the attempt, from 1.
    attempt: u32,
    /// When it ended.
    at: Timestamp,
    /// What the worker said.
    #[schema(example = "connection refused")]
    error: String,
}
