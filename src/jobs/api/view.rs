//! A job as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    base::{JobId, Timestamp},
    http::RawJson,
    jobs::{JobDetail, ListedJob},
    queue::{JobView, Progress},
};

/// The characters of an error that a list shows.
const LISTED_ERROR_CHARS: usize = 400;

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
    /// Why it failed: `exhausted`, `discarded`, `stalled`, `expired` or `child_failed`.
    failure: Option<&'static str>,
    /// The longest one attempt may take.
    timeout_ms: Option<u64>,
    /// The group it is served in.
    group_key: Option<String>,
    /// The unique key it was enqueued with.
    unique_key: Option<String>,
    /// Words to find it by.
    tags: Vec<String>,
    /// The job that waits for it.
    parent_id: Option<JobId>,
    /// Children that have not ended; while there are any, a waiting job does not start.
    blocked_by: u32,
    /// Children in all.
    children: u32,
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
            blocked_by: job.blocked_by,
            children: job.children,
            worker: job.worker,
            rescues: job.rescues,
        }
    }
}

/// A job in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedJob)]
pub(super) struct ListedJobDocument {
    #[serde(flatten)]
    job: JobDocument,
    /// The beginning of what its last failed attempt said, while it is failed or retrying.
    error: Option<String>,
}

impl From<ListedJob> for ListedJobDocument {
    fn from(listed: ListedJob) -> Self {
        let ListedJob { job, error } = listed;
        let cut = |text: String| text.chars().take(LISTED_ERROR_CHARS).collect();
        Self { job: job.into(), error: error.map(cut) }
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
    /// The errors of the last failed or interrupted attempts, oldest first.
    errors: Vec<ErrorDocument>,
    /// How far it has come, by its worker's account.
    progress: Option<ProgressDocument>,
    /// Lines of its log.
    log_lines: u32,
}

impl From<JobDetail> for JobDetailDocument {
    fn from(detail: JobDetail) -> Self {
        let JobDetail { job, result, errors, notes } = detail;
        let errors = errors.into_iter().map(|error| ErrorDocument {
            attempt: error.attempt,
            started_at: error.started_at,
            at: error.at,
            error: error.error,
            is_interrupted: error.is_interrupted,
        });
        Self {
            job: job.into(),
            result: result.map(RawJson::from_trusted),
            errors: errors.collect(),
            progress: notes.progress.map(ProgressDocument::from),
            log_lines: notes.lines,
        }
    }
}

/// How far a job has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub(super) struct ProgressDocument {
    /// 0 to 100.
    percent: Option<f32>,
    /// JSON of the worker's own.
    data: Option<RawJson>,
    /// When it was told.
    at: Timestamp,
}

impl From<Progress> for ProgressDocument {
    fn from(progress: Progress) -> Self {
        let Progress { percent, data, at } = progress;
        Self { percent, data: data.map(RawJson::from_trusted), at }
    }
}

/// The error of one attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptError)]
struct ErrorDocument {
    /// The number of the attempt, from 1.
    attempt: u32,
    /// When it began; null for attempts of earlier versions.
    started_at: Option<Timestamp>,
    /// When it ended, or was found to have been interrupted.
    at: Timestamp,
    /// What the worker said, or what interrupted the attempt.
    #[schema(example = "connection refused")]
    error: String,
    /// Whether a restart of the server or the silence of its worker cut it off; then it used up no attempt.
    is_interrupted: bool,
}
