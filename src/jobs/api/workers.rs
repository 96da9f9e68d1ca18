//! `GET /workers`: who works, on what, since when.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{HeldJob, Jobs, WorkerView};
use crate::{
    auth::Caller,
    base::{JobId, Timestamp},
    http::{Json, Page, Problem},
    queue::QueueName,
};

/// An external worker.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Worker)]
pub(super) struct WorkerDocument {
    /// What it calls itself; null for one that gives no name.
    #[schema(example = "images-7")]
    name: Option<String>,
    /// The queue it asks.
    #[schema(example = "images")]
    queue: String,
    /// Since when it is there without a silence of more than a minute.
    since: Option<Timestamp>,
    /// When it asked for jobs last.
    last_seen_at: Option<Timestamp>,
    /// What it holds now.
    jobs: Vec<HeldDocument>,
}

/// A job with a worker.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldJob)]
struct HeldDocument {
    /// The job.
    id: JobId,
    /// What it is.
    #[schema(example = "image.resize")]
    kind: String,
    /// The attempt that runs.
    attempt: u32,
    /// When that began.
    started_at: Option<Timestamp>,
}

impl From<HeldJob> for HeldDocument {
    fn from(job: HeldJob) -> Self {
        let HeldJob { id, kind, attempt, started_at } = job;
        Self { id, kind, attempt, started_at }
    }
}

impl From<((QueueName, String), WorkerView)> for WorkerDocument {
    fn from(((queue, name), worker): ((QueueName, String), WorkerView)) -> Self {
        Self {
            name: Some(name).filter(|name| !name.is_empty()),
            queue: queue.to_string(),
            since: worker.since,
            last_seen_at: worker.last_seen_at,
            jobs: worker.jobs.into_iter().map(HeldDocument::from).collect(),
        }
    }
}

/// Lists the external workers
///
/// Those that asked for jobs within the last minute or hold some, by queue and name, on one page: their number is bounded,
/// and of the jobs they hold at most 1,000 are shown. Handlers inside the server stand in `workers` of `GET /queue/stats`.
#[utoipa::path(get, path = "/workers", operation_id = "list_workers", tag = "workers", responses(
    (status = 200, description = "The workers", body = Page<WorkerDocument>),
))]
pub(super) async fn list_workers(
    State(jobs): State<Jobs>,
    caller: Caller,
) -> Result<Json<Page<WorkerDocument>>, Problem> {
    let workers = jobs.workers(caller.company).await?;
    Ok(Json(Page { data: workers.into_iter().map(WorkerDocument::from).collect(), next_cursor: None }))
}
