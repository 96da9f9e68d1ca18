//! Looking at jobs, and what an operator does to one.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs},
    filter::JobQuery,
    policy::Refusals,
    view::{JobDetailDocument, JobDocument, ListedJobDocument},
};
use crate::{
    auth::{Author, Caller},
    base::{JobId, Timestamp},
    http::{Change, Idempotent, IfMatch, Json, NoBody, Page, PageQuery, Path, Problem, Query, RawJson, idempotency},
    queue::{JobEdit, JobView, MAX_PAYLOAD_BYTES, MAX_PRIORITY, RunAt},
    storage::{Db, Tx},
};

/// Lists jobs
///
/// Newest first; finished jobs by `state` the latest end first, delayed and retrying ones the next due first, waiting
/// ones in the order of their line. A page looks at a bounded number of jobs and bytes, so with a rare filter or large
/// payloads it may be short, or empty, although more follow: `next_cursor` tells.
#[utoipa::path(get, path = "/jobs", operation_id = "list_jobs", tag = "jobs", params(JobQuery), responses(
    (status = 200, description = "A page of jobs", body = Page<ListedJobDocument>),
))]
pub(super) async fn list_jobs(
    State(jobs): State<Jobs>,
    caller: Caller,
    Query(query): Query<JobQuery>,
) -> Result<Json<Page<ListedJobDocument>>, Problem> {
    let page = PageQuery::parse(query.limit, query.cursor.as_deref())?;
    let after = page.after::<5>()?;
    let filter = query.words().check("")?;
    let found = jobs.list(caller.company, filter, after, page.limit).await?;
    Ok(Json(Page::with_next(found.jobs.into_iter().map(ListedJobDocument::from).collect(), found.next)))
}

/// Shows a job with its result and errors
#[utoipa::path(get, path = "/jobs/{id}", operation_id = "get_job", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 200, description = "The job", body = JobDetailDocument),
))]
pub(super) async fn get_job(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<JobDetailDocument>, Problem> {
    let detail = jobs.get(caller.company, id).await?;
    Ok(Json(detail.into()))
}

/// What to change of a job; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JobPatch {
    /// Any JSON up to 1 MiB but null.
    payload: Option<RawJson>,
    /// 0 is the most urgent, 9 the least; among equals the job stands where its age puts it.
    #[schema(minimum = 0, maximum = 9)]
    priority: Option<u8>,
    /// Not before this time; null, or a time in the past, ends the wait. Earlier than the job's `expire_at`.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    run_at: Change<Timestamp>,
}

/// Changes a job that nobody works on
///
/// Payload and priority of a finished job can be changed too, to retry it then; its time cannot.
#[utoipa::path(patch, path = "/jobs/{id}", operation_id = "update_job", tag = "jobs", request_body = JobPatch,
    params(("id" = JobId, Path)), responses(
    (status = 200, description = "The job as it is now", body = JobDetailDocument),
    (status = 409, description = "It is active, or finished and was to get a time, or the server runs it itself"),
    (status = 412, description = "`If-Match` names another version"),
))]
pub(super) async fn update_job(
    State(jobs): State<Jobs>,
    author: Author,
    Path(id): Path<JobId>,
    if_match: IfMatch,
    Json(patch): Json<JobPatch>,
) -> Result<Json<JobDetailDocument>, Problem> {
    let run_at = match patch.run_at {
        Change::Keep => None,
        Change::Clear => Some(RunAt::Now),
        Change::Set(at) => Some(RunAt::At(at)),
    };
    let mut refusals = Refusals::default();
    refusals.within("/priority", patch.priority.map(u64::from), 0..=u64::from(MAX_PRIORITY));
    if let Some(size) =
        patch.payload.as_ref().map(|payload| payload.as_bytes().len()).filter(|size| *size > MAX_PAYLOAD_BYTES)
    {
        refusals.add("/payload", format!("is {size} bytes; at most {MAX_PAYLOAD_BYTES} are accepted"));
    }
    refusals.none()?;
    let change = JobEdit { payload: patch.payload.map(RawJson::into_bytes), priority: patch.priority, run_at };
    let work = jobs.clone();
    let step = move |tx: &mut Tx<'_>| {
        let is_current = |detail| if_match.check(&JobDetailDocument::from(detail)).is_ok();
        work.edit(tx, author.by(), id, change, is_current)
    };
    Ok(Json(jobs.db().write(step).await?.into()))
}

/// Removes a finished job
///
/// With its payload, result and errors. One that is not finished has to be cancelled first.
#[utoipa::path(delete, path = "/jobs/{id}", operation_id = "delete_job", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "It is not finished, or the server runs it itself"),
))]
pub(super) async fn delete_job(
    State(jobs): State<Jobs>,
    author: Author,
    Path(id): Path<JobId>,
) -> Result<StatusCode, Problem> {
    jobs.delete(author.by(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Cancels a job that is not finished
///
/// A worker that has it is told with its next heartbeat, and its token is refused.
#[utoipa::path(post, path = "/jobs/{id}/cancel", operation_id = "cancel_job", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 200, description = "Cancelled", body = JobDocument),
    (status = 409, description = "It is finished already, or the server runs it itself"),
))]
pub(super) async fn cancel_job(
    State(jobs): State<Jobs>,
    author: Author,
    Path(id): Path<JobId>,
    request: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    // What ends work is done on a full disk, too.
    let db = jobs.db().reclaiming();
    change(&db, jobs, author, request, move |jobs, tx, author| jobs.cancel(tx, author.by(), id)).await
}

/// Puts a finished job back in line
///
/// With all its attempts before it.
#[utoipa::path(post, path = "/jobs/{id}/retry", operation_id = "retry_job", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 200, description = "It waits again", body = JobDocument),
    (status = 409, description = "It is not finished, or the server runs it itself"),
))]
pub(super) async fn retry_job(
    State(jobs): State<Jobs>,
    author: Author,
    Path(id): Path<JobId>,
    request: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let db = jobs.db().clone();
    change(&db, jobs, author, request, move |jobs, tx, author| jobs.retry(tx, author.by(), id)).await
}

/// Ends the wait of a delayed or retrying job
#[utoipa::path(post, path = "/jobs/{id}/promote", operation_id = "promote_job", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 200, description = "It waits for a worker", body = JobDocument),
    (status = 409, description = "It is neither delayed nor retrying, or the server runs it itself"),
))]
pub(super) async fn promote_job(
    State(jobs): State<Jobs>,
    author: Author,
    Path(id): Path<JobId>,
    request: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let db = jobs.db().clone();
    change(&db, jobs, author, request, move |jobs, tx, author| jobs.promote(tx, author.by(), id)).await
}

async fn change(
    db: &Db,
    jobs: Jobs,
    author: Author,
    request: Idempotent,
    step: impl FnOnce(&Jobs, &mut Tx<'_>, &Author) -> Result<JobView, Error> + Send + 'static,
) -> Result<Response, Problem> {
    idempotency::run(db, request, author.caller.company, move |tx| {
        let job = step(&jobs, tx, &author)?;
        Ok::<_, Error>((StatusCode::OK, JobDocument::from(job)))
    })
    .await
}
