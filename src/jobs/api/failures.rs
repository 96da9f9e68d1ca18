//! `GET /failures`, `GET /queues/{name}/failures`: the dead letters, of all queues or of one, by what went wrong.

#![expect(unused_qualifications, reason = "written by the macro that describes an operation")]

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{super::Jobs, queues::queue_name};
use crate::{
    auth::Caller,
    base::{JobId, Timestamp},
    http::{Json, Page, PageQuery, Path, Problem, Query},
    queue::{ErrorGroups, FailureGroup, FailureReason, QueueName},
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
            kind: group.kinds.into_iter().next().unwrap_or_default(),
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

/// Which dead letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FailuresQuery {
    /// Of this queue.
    queue: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// `next_cursor` of the answer before.
    cursor: Option<String>,
}

/// Failed jobs of any kind and queue whose errors are alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorGroup)]
pub(super) struct ErrorGroupDocument {
    /// Names the group: `error` of `GET /jobs` and of the filter of `POST /jobs/actions`.
    #[schema(example = "9b1f0c3d5e7a2468")]
    fingerprint: String,
    /// The error of the latest of them, up to 500 bytes of it.
    #[schema(example = "the image is damaged")]
    error: String,
    /// Why the latest of them was given up: `exhausted`, `discarded`, `stalled`, `expired` or `child_failed`.
    failure: Option<&'static str>,
    /// How many there are among those looked at.
    count: u64,
    /// Their kinds, at most 20.
    kinds: Vec<String>,
    /// Their queues, at most 20.
    queues: Vec<String>,
    /// When the first of them failed.
    first_at: Timestamp,
    /// When the latest of them failed.
    last_at: Timestamp,
    /// The latest of them.
    latest_job_id: JobId,
}

impl From<FailureGroup> for ErrorGroupDocument {
    fn from(group: FailureGroup) -> Self {
        Self {
            fingerprint: format!("{:016x}", group.fingerprint),
            error: group.error,
            failure: group.reason.map(FailureReason::as_str),
            count: group.count,
            kinds: group.kinds.into_iter().collect(),
            queues: group.queues.into_iter().collect(),
            first_at: group.first_at,
            last_at: group.last_at,
            latest_job_id: group.latest,
        }
    }
}

/// Some dead letters, in groups.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorGroupsPage {
    /// The groups, the largest first.
    data: Vec<ErrorGroupDocument>,
    /// How many dead letters are in these groups.
    jobs: u64,
    /// Pass it as `cursor` for the dead letters before these, whose groups are to be added to these; null when there are none.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Groups the failed jobs of all queues by their error
///
/// The latest first, 1,000 at a time: `next_cursor` goes on behind them. Errors are alike when their first lines are, but for
/// words that hold a digit. Jobs that the server runs itself are left out. To redrive or discard a group as a whole, give its
/// `fingerprint` as `error` to `POST /jobs/actions`, first with `dry_run`, which counts it to the end.
#[utoipa::path(get, path = "/failures", operation_id = "list_failures", tag = "jobs", params(FailuresQuery), responses(
    (status = 200, description = "Some groups", body = ErrorGroupsPage),
))]
pub(super) async fn list_failures(
    State(jobs): State<Jobs>,
    caller: Caller,
    Query(query): Query<FailuresQuery>,
) -> Result<Json<ErrorGroupsPage>, Problem> {
    let after = PageQuery::parse(None, query.cursor.as_deref())?.after::<5>()?;
    let queue = query.queue.as_deref().map(str::parse::<QueueName>).transpose();
    let queue = queue.map_err(|error| Problem::invalid("/queue", error.to_string()))?;
    let ErrorGroups { groups, jobs, next } = jobs.error_groups(caller.company, (queue, query.kind), after).await?;
    let Page { data, next_cursor } = Page::with_next(groups, next).map(ErrorGroupDocument::from);
    Ok(Json(ErrorGroupsPage { data, jobs, next_cursor }))
}
