//! Queues: their figures, their settings, pausing and draining.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs},
    settings::{QueuePatch, SettingsDocument},
};
use crate::{
    auth::{Author, Caller},
    http::{Idempotent, IfMatch, Json, NoBody, OptionalJson, Page, Path, Problem, idempotency},
    queue::{QueueName, QueueStats, State as JobState},
};

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
    let patch = patch.check()?;
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

/// How to drain.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DrainOrder {
    /// Only count.
    #[serde(default)]
    dry_run: bool,
}

/// What draining did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DrainDocument {
    /// Jobs that waited when it began.
    matched: u64,
    /// Jobs that waited and are cancelled now; none after a dry run.
    cancelled: u64,
}

/// Cancels everything that waits in a queue
///
/// Of the caller's company, also what waits for children; active, delayed and retrying jobs stay, and children in other queues.
/// With `dry_run` nothing is cancelled, and what would be is counted.
#[utoipa::path(post, path = "/queues/{name}/drain", operation_id = "drain_queue", tag = "queues", params(("name" = String, Path)),
    request_body = DrainOrder, responses(
    (status = 200, description = "What waited is cancelled, or counted", body = DrainDocument),
    (status = 409, description = "The server runs the jobs of this queue itself"),
))]
pub(super) async fn drain_queue(
    State(jobs): State<Jobs>,
    author: Author,
    Path(name): Path<String>,
    request: Idempotent,
    OptionalJson(order): OptionalJson<DrainOrder>,
) -> Result<Response, Problem> {
    let queue = queue_name(&name)?;
    // What ends work is done on a full disk, too.
    idempotency::run_outside(&jobs.db().reclaiming(), request, author.caller.company, async {
        let (matched, cancelled) = if order.dry_run {
            (jobs.count_waiting(author.caller.company, queue).await?, 0)
        } else {
            jobs.drain(author.by(), queue).await?
        };
        Ok((StatusCode::OK, DrainDocument { matched, cancelled }))
    })
    .await
}
