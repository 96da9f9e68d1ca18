//! What workers tell while they work, and the children of a job.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs},
    policy::Refusals,
};
use crate::{
    auth::Caller,
    base::{JobId, Timestamp},
    http::{Idempotent, Json, Page, PageParameters, PageQuery, Path, Problem, RawJson, idempotency},
    queue::{ChildView, MAX_LINE_BYTES, MAX_PROGRESS_BYTES, Progress},
};

/// Most lines of one request.
const LINES_MAX: usize = 100;

/// How far a job has come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgressOrder {
    /// The token of the lease.
    lease_token: String,
    /// 0 to 100.
    #[schema(minimum = 0.0, maximum = 100.0)]
    percent: Option<f32>,
    /// Any JSON up to 16 KiB.
    data: Option<RawJson>,
}

/// What is kept of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgressTold {
    /// When it was told.
    at: Timestamp,
}

/// Tells how far a job has come
///
/// It takes the place of what was told before, and is kept with the job.
#[utoipa::path(post, path = "/jobs/{id}/progress", operation_id = "report_job_progress", tag = "workers",
    request_body = ProgressOrder, params(("id" = JobId, Path)), responses(
    (status = 200, description = "It is kept", body = ProgressTold),
    (status = 409, description = "The lease is not held any more; nothing was changed"),
))]
pub(super) async fn report_job_progress(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
    request: Idempotent,
    Json(order): Json<ProgressOrder>,
) -> Result<Response, Problem> {
    let mut refusals = Refusals::default();
    if order.percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
        refusals.add("/percent", "must be between 0 and 100");
    }
    if order.data.as_ref().is_some_and(|data| data.as_bytes().len() > MAX_PROGRESS_BYTES) {
        refusals.add("/data", format!("must be at most {MAX_PROGRESS_BYTES} bytes"));
    }
    refusals.none()?;
    let work = jobs.clone();
    idempotency::run(jobs.db(), request, caller.company, move |tx| {
        let at = tx.now();
        let progress = Progress { percent: order.percent, data: order.data.map(RawJson::into_bytes), at };
        work.record_progress(tx, caller.company, id, &order.lease_token, progress)?;
        Ok::<_, Error>((StatusCode::OK, ProgressTold { at }))
    })
    .await
}

/// Lines for a job's log.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogOrder {
    /// The token of the lease.
    lease_token: String,
    /// 1 to 100 lines of at most 2 KiB.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<String>,
}

/// What the log holds now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogKept {
    /// Lines in all.
    lines: u32,
}

/// Adds lines to a job's log
///
/// A job keeps 1,000 lines over all its attempts; more are refused.
#[utoipa::path(post, path = "/jobs/{id}/log", operation_id = "append_job_log", tag = "workers",
    request_body = LogOrder, params(("id" = JobId, Path)), responses(
    (status = 200, description = "They are kept", body = LogKept),
    (status = 409, description = "The lease is not held any more, or the log is full; nothing was changed"),
))]
pub(super) async fn append_job_log(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
    request: Idempotent,
    Json(order): Json<LogOrder>,
) -> Result<Response, Problem> {
    let mut refusals = Refusals::default();
    if !(1..=LINES_MAX).contains(&order.lines.len()) {
        refusals.add("/lines", format!("must hold 1 to {LINES_MAX} lines"));
    }
    for (index, line) in order.lines.iter().enumerate().take(LINES_MAX) {
        if line.len() > MAX_LINE_BYTES {
            refusals.add(&format!("/lines/{index}"), format!("must be at most {MAX_LINE_BYTES} bytes"));
        }
    }
    refusals.none()?;
    let work = jobs.clone();
    idempotency::run(jobs.db(), request, caller.company, move |tx| {
        let lines = work.append_log(tx, caller.company, id, &order.lease_token, order.lines)?;
        Ok::<_, Error>((StatusCode::OK, LogKept { lines }))
    })
    .await
}

/// A line of a job's log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogLine {
    /// When it was written.
    at: Timestamp,
    /// The attempt that wrote it, from 1.
    attempt: u32,
    /// What it says.
    #[schema(example = "12 of 90 pages")]
    text: String,
}

/// Shows a job's log, oldest line first
#[utoipa::path(get, path = "/jobs/{id}/log", operation_id = "list_job_log", tag = "jobs",
    params(("id" = JobId, Path), PageParameters), responses(
    (status = 200, description = "A page of lines", body = Page<LogLine>),
))]
pub(super) async fn list_job_log(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
    page: PageQuery,
) -> Result<Json<Page<LogLine>>, Problem> {
    let from = page.after::<1>()?.map_or(0, |[from]| u32::try_from(from).unwrap_or(u32::MAX));
    let mut lines = jobs.log(caller.company, id, from, page.limit).await?;
    let has_more = lines.len() > page.limit;
    lines.truncate(page.limit);
    let next = has_more.then(|| [u64::from(from) + page.limit as u64]);
    let data = lines.into_iter().map(|line| LogLine { at: line.at, attempt: line.attempt, text: line.text });
    Ok(Json(Page::with_next(data.collect(), next)))
}

/// A child of a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChildJob)]
pub(super) struct ChildDocument {
    /// The child; retention may have removed it.
    id: JobId,
    /// `completed`, `failed` or `cancelled`; null while it has not ended.
    #[schema(example = "completed")]
    ended: Option<&'static str>,
    /// What its failure does to the parent: `fail_parent` or `continue`.
    #[schema(example = "fail_parent")]
    on_failure: &'static str,
    /// What its worker returned, as long as the child is kept.
    result: Option<RawJson>,
}

impl From<ChildView> for ChildDocument {
    fn from(child: ChildView) -> Self {
        Self {
            id: child.id,
            ended: child.end.map(crate::queue::State::as_str),
            on_failure: child.on_failure.as_str(),
            result: child.result.map(RawJson::from_trusted),
        }
    }
}

/// Lists the children of a job with their results
///
/// In the order they were added. A page with large results may be shorter than asked for.
#[utoipa::path(get, path = "/jobs/{id}/children", operation_id = "list_job_children", tag = "jobs",
    params(("id" = JobId, Path), PageParameters), responses(
    (status = 200, description = "A page of children", body = Page<ChildDocument>),
))]
pub(super) async fn list_job_children(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
    page: PageQuery,
) -> Result<Json<Page<ChildDocument>>, Problem> {
    let behind = page.after::<1>()?.map(|[child]| child);
    let (children, next) = jobs.children(caller.company, id, behind, page.limit).await?;
    Ok(Json(Page::with_next(children.into_iter().map(ChildDocument::from).collect(), next.map(|child| [child]))))
}
