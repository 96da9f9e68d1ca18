//! Looking at jobs, and what an operator does to one.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;

use super::{
    super::{Error, Jobs},
    view::{JobDetailDocument, JobDocument},
};
use crate::{
    auth::{Author, Caller},
    base::{JobId, Timestamp},
    http::{Idempotent, Json, NoBody, Page, PageQuery, Path, Problem, Query, idempotency},
    queue::{self, JobView, QueueName},
    storage::Tx,
};

/// The longest text to look for in payloads.
const TEXT_BYTES_MAX: usize = 256;

/// Which jobs are wanted; all conditions hold together.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct JobFilter {
    /// Of this queue.
    queue: Option<String>,
    /// In this state.
    state: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// With this tag.
    tag: Option<String>,
    /// Of this group.
    group: Option<String>,
    /// Whose payload holds this text, of at most 256 bytes.
    #[param(max_length = 256)]
    q: Option<String>,
    /// Accepted at this time or later.
    since: Option<Timestamp>,
    /// Accepted before this time.
    until: Option<Timestamp>,
    /// Items in a page, 1 to 250; 50 when left out.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The filter with its words understood.
struct Wanted {
    queue: Option<QueueName>,
    state: Option<queue::State>,
    filter: JobFilter,
}

impl JobFilter {
    fn check(self) -> Result<Wanted, Problem> {
        let queue = self.queue.as_deref().map(str::parse::<QueueName>).transpose();
        let queue = queue.map_err(|error| Problem::invalid("/queue", error.to_string()))?;
        if self.q.as_ref().is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(Problem::invalid("/q", format!("must have at most {TEXT_BYTES_MAX} bytes")));
        }
        let state = self.state.as_deref().map(str::parse::<queue::State>).transpose();
        let state = state.map_err(|()| Problem::invalid("/state", "is not a state of a job"))?;
        Ok(Wanted { queue, state, filter: self })
    }
}

impl Wanted {
    fn matches(&self, job: &JobView) -> bool {
        let JobFilter { kind, tag, group, q, since, until, .. } = &self.filter;
        self.queue.as_ref().is_none_or(|queue| *queue == job.queue)
            && self.state.is_none_or(|state| state == job.state)
            && kind.as_ref().is_none_or(|kind| *kind == job.kind)
            && tag.as_ref().is_none_or(|tag| job.tags.contains(tag))
            && group.as_ref().is_none_or(|group| job.group_key.as_ref() == Some(group))
            && since.is_none_or(|since| job.created_at >= since)
            && until.is_none_or(|until| job.created_at < until)
            // As the payload was sent; in time that does not multiply with the length of the text.
            && q.as_ref().is_none_or(|text| memchr::memmem::find(&job.payload, text.as_bytes()).is_some())
    }
}

/// Lists jobs, newest first
///
/// A page looks at a bounded number of jobs and bytes, so with a rare filter or large payloads it may be short, or
/// empty, although more follow: `next_cursor` tells.
#[utoipa::path(get, path = "/jobs", operation_id = "list_jobs", tag = "jobs", params(JobFilter), responses(
    (status = 200, description = "A page of jobs", body = Page<JobDocument>),
))]
pub(super) async fn list_jobs(
    State(jobs): State<Jobs>,
    caller: Caller,
    Query(filter): Query<JobFilter>,
) -> Result<Json<Page<JobDocument>>, Problem> {
    let page = PageQuery::parse(filter.limit, filter.cursor.as_deref())?;
    let before = page.after::<1>()?.map(|[job]| job);
    let wanted = filter.check()?;
    let found = jobs.list(caller.company, before, page.limit, move |job| wanted.matches(job)).await?;
    Ok(Json(Page::with_next(found.jobs.into_iter().map(JobDocument::from).collect(), found.next.map(|job| [job]))))
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
    Ok(Json(JobDetailDocument::new(detail.job, detail.result, detail.errors)))
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
    let work = jobs.clone();
    jobs.db().write(move |tx| work.delete(tx, author.by(), id)).await?;
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
    change(jobs, author, request, move |jobs, tx, author| jobs.cancel(tx, author.by(), id)).await
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
    change(jobs, author, request, move |jobs, tx, author| jobs.retry(tx, author.by(), id)).await
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
    change(jobs, author, request, move |jobs, tx, author| jobs.promote(tx, author.by(), id)).await
}

async fn change(
    jobs: Jobs,
    author: Author,
    request: Idempotent,
    step: impl FnOnce(&Jobs, &mut Tx<'_>, &Author) -> Result<JobView, Error> + Send + 'static,
) -> Result<Response, Problem> {
    let work = jobs.clone();
    idempotency::run(jobs.db(), request, author.caller.company, move |tx| {
        let job = step(&work, tx, &author)?;
        Ok::<_, Error>((StatusCode::OK, JobDocument::from(job)))
    })
    .await
}
