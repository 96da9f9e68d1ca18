//! `GET /queues/{name}/failures`: the dead letters of a queue by what went wrong.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{super::Jobs, queues::queue_name};
use crate::{
    auth::Caller,
    base::{JobId, Timestamp},
    http::{Json, Path, Problem},
    queue::{FailureGroup, FailureReason},
};

/// Failed jobs of a kind with errors that are alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailureGroup)]
pub(super) struct FailureDocument {
    /// Names the group: `error` of `GET /jobs` and of the filter of `POST /jobs/actions`.
    #[schema(example = "9b1f0c3d5e7a2468")]
    fingerprint: String,
    /// Their kind.
    #[schema(example = "image.resize")]
    kind: String,
    /// Why the latest of them was given up: `exhausted`, `discarded`, `stalled`, `expired` or `child_failed`.
    failure: Option<&'static str>,
    /// The error of the latest of them.
    #[schema(example = "the image is damaged")]
    error: String,
    /// How many there are among those looked at.
    count: u64,
    /// When the first of them failed.
    first_at: Timestamp,
    /// When the latest of them failed.
    last_at: Timestamp,
    /// The latest of them.
    latest_job_id: JobId,
}

/// The dead letters of a queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failures)]
pub(super) struct FailuresDocument {
    /// The groups, the largest first; at most 100.
    data: Vec<FailureDocument>,
    /// Whether these are all; otherwise only the latest 1,000 failed jobs were looked at, or there are more groups.
    is_complete: bool,
}

impl From<FailureGroup> for FailureDocument {
    fn from(group: FailureGroup) -> Self {
        Self {
            fingerprint: format!("{:016x}", group.fingerprint),
            kind: group.kind,
            failure: group.reason.map(FailureReason::as_str),
            error: group.error,
            count: group.count,
            first_at: group.first_at,
            last_at: group.last_at,
            latest_job_id: group.latest,
        }
    }
}

/// Groups the failed jobs of a queue by their error
///
/// Errors are alike when their first lines are, but for words that hold a digit. To redrive or discard one group, give its
/// `fingerprint` as `error`, and its kind, to `POST /jobs/actions`, first with `dry_run`.
#[utoipa::path(get, path = "/queues/{name}/failures", operation_id = "list_queue_failures", tag = "queues",
    params(("name" = String, Path)), responses(
    (status = 200, description = "The groups", body = FailuresDocument),
))]
pub(super) async fn list_queue_failures(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<FailuresDocument>, Problem> {
    let failures = jobs.failures(caller.company, queue_name(&name)?).await?;
    let data = failures.groups.into_iter().map(FailureDocument::from).collect();
    Ok(Json(FailuresDocument { data, is_complete: failures.is_complete }))
}
