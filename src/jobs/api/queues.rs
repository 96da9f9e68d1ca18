//! Queues: their figures, their settings, pausing and draining.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::{Error, Jobs};
use crate::{
    auth::{Author, Caller},
    http::{Change, Idempotent, IfMatch, Json, NoBody, Page, Path, Problem, idempotency},
    queue::{QueueName, QueueSettings, QueueStats, State as JobState},
};

/// Most handlers of a queue.
const CONCURRENCY_MAX: u32 = 65_536;

/// The figures of one queue.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(super) struct QueueFigures {
    /// Ready to be started.
    waiting: u64,
    /// With a worker.
    active: u64,
    /// Done, as long as they are kept.
    completed: u64,
    /// Given up, as long as they are kept: the dead letters.
    failed: u64,
    /// Not before their time.
    delayed: u64,
    /// Between two attempts.
    retrying: u64,
    /// Stopped, as long as they are kept.
    cancelled: u64,
    /// Whether nothing starts until it is resumed.
    paused: bool,
    /// Handlers that may run at once in this process.
    concurrency: u32,
    /// Handlers that run now and leases held by external workers, over all companies.
    workers: usize,
    /// How long the oldest waiting job has waited.
    oldest_waiting_ms: Option<u64>,
    /// Jobs completed or failed in the last minute.
    throughput_per_minute: u64,
    /// Failed among those, 0 to 1.
    failure_rate: f64,
}

impl From<&QueueStats> for QueueFigures {
    fn from(stats: &QueueStats) -> Self {
        Self {
            waiting: stats.count(JobState::Waiting),
            active: stats.count(JobState::Active),
            completed: stats.count(JobState::Completed),
            failed: stats.count(JobState::Failed),
            delayed: stats.count(JobState::Delayed),
            retrying: stats.count(JobState::Retrying),
            cancelled: stats.count(JobState::Cancelled),
            paused: stats.is_paused,
            concurrency: stats.concurrency,
            workers: stats.workers,
            oldest_waiting_ms: stats.oldest_waiting_ms,
            throughput_per_minute: stats.throughput_per_minute,
            failure_rate: stats.failure_rate,
        }
    }
}

/// The figures of all queues together.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(super) struct QueueTotals {
    /// Ready to be started.
    waiting: u64,
    /// With a worker.
    active: u64,
    /// Done, as long as they are kept.
    completed: u64,
    /// Given up, as long as they are kept.
    failed: u64,
    /// Not before their time.
    delayed: u64,
    /// Between two attempts.
    retrying: u64,
    /// Stopped, as long as they are kept.
    cancelled: u64,
    /// Handlers that run now and leases held by external workers.
    workers: usize,
    /// How long the oldest waiting job has waited.
    oldest_waiting_ms: Option<u64>,
    /// Jobs completed or failed in the last minute.
    throughput_per_minute: u64,
}

impl QueueTotals {
    fn add(&mut self, figures: &QueueFigures) {
        self.waiting += figures.waiting;
        self.active += figures.active;
        self.completed += figures.completed;
        self.failed += figures.failed;
        self.delayed += figures.delayed;
        self.retrying += figures.retrying;
        self.cancelled += figures.cancelled;
        self.workers += figures.workers;
        self.oldest_waiting_ms = self.oldest_waiting_ms.max(figures.oldest_waiting_ms);
        self.throughput_per_minute += figures.throughput_per_minute;
    }
}

/// The figures of every queue of the company.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AllFigures {
    /// The figures by the queue's name.
    #[schema(value_type = std::collections::BTreeMap<String, QueueFigures>)]
    queues: Map<String, Value>,
    /// Their sums.
    totals: QueueTotals,
}

/// Shows the figures of every queue
///
/// From counters kept in the same commits as the jobs; nothing is counted for the answer.
#[utoipa::path(get, path = "/queue/stats", operation_id = "get_queue_stats", tag = "queues", responses(
    (status = 200, description = "The figures now", body = AllFigures),
))]
pub(super) async fn get_queue_stats(State(jobs): State<Jobs>, caller: Caller) -> Result<Json<AllFigures>, Problem> {
    let mut all = AllFigures { queues: Map::new(), totals: QueueTotals::default() };
    for stats in jobs.stats(caller.company).await? {
        let figures = QueueFigures::from(&stats);
        all.totals.add(&figures);
        let figures = serde_json::to_value(figures).map_err(|error| Problem::internal(&error))?;
        all.queues.insert(stats.queue.to_string(), figures);
    }
    Ok(Json(all))
}

/// A queue with its figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueSummary)]
pub(super) struct QueueItem {
    /// Its name.
    #[schema(example = "images")]
    name: String,
    #[serde(flatten)]
    figures: QueueFigures,
}

/// Lists the company's queues and the built-in ones
///
/// All on one page: their number is bounded.
#[utoipa::path(get, path = "/queues", operation_id = "list_queues", tag = "queues", responses(
    (status = 200, description = "The queues", body = Page<QueueItem>),
))]
pub(super) async fn list_queues(State(jobs): State<Jobs>, caller: Caller) -> Result<Json<Page<QueueItem>>, Problem> {
    let all = jobs.stats(caller.company).await?;
    let data = all.iter().map(|stats| QueueItem { name: stats.queue.to_string(), figures: stats.into() }).collect();
    Ok(Json(Page { data, next_cursor: None }))
}

/// What an operator may set; it holds for all companies of the instance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct SettingsDocument {
    /// Handlers that run at once in this process.
    concurrency: u32,
    /// Jobs of one group that run at once; null sets no limit.
    group_concurrency: Option<u32>,
    /// Jobs started per second; null sets no limit.
    rate_per_second: Option<f64>,
    /// Tries of a job that brings no policy of its own.
    attempts: u32,
    /// The longest one attempt may take; null sets no limit.
    timeout_ms: Option<u64>,
}

impl From<&QueueSettings> for SettingsDocument {
    fn from(settings: &QueueSettings) -> Self {
        Self {
            concurrency: settings.concurrency,
            group_concurrency: settings.group_concurrency,
            rate_per_second: settings.rate_per_second,
            attempts: settings.retry.attempts,
            timeout_ms: settings.timeout_ms,
        }
    }
}

/// A queue with its settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
pub(super) struct QueueDocument {
    /// Its name.
    #[schema(example = "images")]
    name: String,
    /// Whether nothing of the company starts until it is resumed.
    paused: bool,
    /// What an operator may set.
    settings: SettingsDocument,
}

/// Shows a queue and its settings
///
/// Its figures stand in `GET /queue/stats`; they change too often for a tag.
#[utoipa::path(get, path = "/queues/{name}", operation_id = "get_queue", tag = "queues", params(("name" = String, Path)), responses(
    (status = 200, description = "The queue", body = QueueDocument),
))]
pub(super) async fn get_queue(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<QueueDocument>, Problem> {
    let (stats, settings) = jobs.queue(caller.company, queue_name(&name)?).await?;
    Ok(Json(QueueDocument { name, paused: stats.is_paused, settings: (&settings).into() }))
}

/// A name that cannot be one answers like one that is not there.
pub(super) fn queue_name(text: &str) -> Result<QueueName, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Settings to change; what is left out stays, null sets no limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueuePatch {
    /// 1 to 65,536.
    #[schema(minimum = 1, maximum = 65536)]
    concurrency: Option<u32>,
    /// 1 to 65,536, or null.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    group_concurrency: Change<u32>,
    /// More than 0, or null.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    rate_per_second: Change<f64>,
    /// 1 to 1,000.
    #[schema(minimum = 1, maximum = 1000)]
    attempts: Option<u32>,
    /// At least 1, or null.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    timeout_ms: Change<u64>,
}

impl QueuePatch {
    fn check(&self) -> Result<(), Problem> {
        let mut refused = Vec::new();
        let is_outside = |value: u32, max: u32| !(1..=max).contains(&value);
        if self.concurrency.is_some_and(|value| is_outside(value, CONCURRENCY_MAX)) {
            refused.push(("/concurrency", "must be between 1 and 65536"));
        }
        if matches!(self.group_concurrency, Change::Set(value) if is_outside(value, CONCURRENCY_MAX)) {
            refused.push(("/group_concurrency", "must be between 1 and 65536"));
        }
        if matches!(self.rate_per_second, Change::Set(value) if value <= 0.0 || !value.is_finite()) {
            refused.push(("/rate_per_second", "must be more than 0"));
        }
        if self.attempts.is_some_and(|value| is_outside(value, crate::queue::MAX_ATTEMPTS)) {
            refused.push(("/attempts", "must be between 1 and 1000"));
        }
        if matches!(self.timeout_ms, Change::Set(0)) {
            refused.push(("/timeout_ms", "must be at least 1"));
        }
        let refused = refused.into_iter().map(|(pointer, detail)| Problem::invalid(pointer, detail));
        refused.reduce(Problem::and).map_or(Ok(()), Err)
    }

    fn apply(self, settings: &mut QueueSettings) {
        settings.concurrency = self.concurrency.unwrap_or(settings.concurrency);
        settings.retry.attempts = self.attempts.unwrap_or(settings.retry.attempts);
        self.group_concurrency.apply(&mut settings.group_concurrency);
        self.rate_per_second.apply(&mut settings.rate_per_second);
        self.timeout_ms.apply(&mut settings.timeout_ms);
    }
}

/// Changes a queue's settings
///
/// They hold for all companies of the instance, and at once.
#[utoipa::path(patch, path = "/queues/{name}", operation_id = "update_queue", tag = "queues", request_body = QueuePatch,
    params(("name" = String, Path)), responses(
    (status = 200, description = "The queue as it is now", body = QueueDocument),
    (status = 412, description = "`If-Match` names another version"),
))]
pub(super) async fn update_queue(
    State(jobs): State<Jobs>,
    author: Author,
    Path(name): Path<String>,
    if_match: IfMatch,
    Json(patch): Json<QueuePatch>,
) -> Result<Json<QueueDocument>, Problem> {
    patch.check()?;
    let queue = queue_name(&name)?;
    let work = jobs.clone();
    let change = move |tx: &mut crate::storage::Tx<'_>| {
        let paused = work.require_queue(tx, author.caller.company, &queue)?.is_paused;
        let before = work.queues().find_settings(tx, &queue)?.unwrap_or_default();
        let current = QueueDocument { name: queue.to_string(), paused, settings: (&before).into() };
        if_match.check(&current).map_err(|_| Error::Changed)?;
        let mut settings = before.clone();
        patch.apply(&mut settings);
        let settings_now = SettingsDocument::from(&settings);
        work.configure(tx, author.by(), &queue, (&before, settings))?;
        Ok::<_, Error>(QueueDocument { settings: settings_now, ..current })
    };
    Ok(Json(jobs.db().write(change).await?))
}

/// Pauses a queue for the company
///
/// Nothing of it starts until it is resumed; what runs goes on.
#[utoipa::path(post, path = "/queues/{name}/pause", operation_id = "pause_queue", tag = "queues", params(("name" = String, Path)), responses(
    (status = 200, description = "It is paused", body = PauseDocument),
))]
pub(super) async fn pause_queue(
    State(jobs): State<Jobs>,
    author: Author,
    Path(name): Path<String>,
    request: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    set_paused(jobs, author, &name, request, true).await
}

/// Resumes a paused queue
#[utoipa::path(post, path = "/queues/{name}/resume", operation_id = "resume_queue", tag = "queues", params(("name" = String, Path)), responses(
    (status = 200, description = "It runs", body = PauseDocument),
))]
pub(super) async fn resume_queue(
    State(jobs): State<Jobs>,
    author: Author,
    Path(name): Path<String>,
    request: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    set_paused(jobs, author, &name, request, false).await
}

/// Whether a queue is paused.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PauseDocument {
    /// The queue.
    #[schema(example = "images")]
    name: String,
    /// Whether nothing of the company starts until it is resumed.
    paused: bool,
}

async fn set_paused(
    jobs: Jobs,
    author: Author,
    name: &str,
    request: Idempotent,
    paused: bool,
) -> Result<Response, Problem> {
    let queue = queue_name(name)?;
    let work = jobs.clone();
    idempotency::run(jobs.db(), request, author.caller.company, move |tx| {
        work.set_paused(tx, author.by(), &queue, paused)?;
        Ok::<_, Error>((StatusCode::OK, PauseDocument { name: queue.to_string(), paused }))
    })
    .await
}

/// What draining did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DrainDocument {
    /// Jobs that waited and are cancelled now.
    cancelled: u64,
}

/// Cancels everything that waits in a queue
///
/// Of the caller's company; active, delayed and retrying jobs stay.
#[utoipa::path(post, path = "/queues/{name}/drain", operation_id = "drain_queue", tag = "queues", params(("name" = String, Path)), responses(
    (status = 200, description = "What waited is cancelled", body = DrainDocument),
    (status = 409, description = "The server runs the jobs of this queue itself"),
))]
pub(super) async fn drain_queue(
    State(jobs): State<Jobs>,
    author: Author,
    Path(name): Path<String>,
    request: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let queue = queue_name(&name)?;
    idempotency::run_outside(jobs.db(), request, author.caller.company, async {
        let cancelled = jobs.drain(author.by(), queue).await?;
        Ok((StatusCode::OK, DrainDocument { cancelled }))
    })
    .await
}
