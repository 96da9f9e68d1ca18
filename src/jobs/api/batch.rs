//! `POST /jobs/batch`: many jobs at once, which may wait for each other.

use std::collections::HashMap;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs},
    order::{AcceptedJob, CheckedJob, JobOrder},
};
use crate::{
    auth::Caller,
    base::CompanyId,
    http::{Idempotent, Json, Problem, idempotency},
    queue::{self, FlowJob, MAX_BATCH, MAX_BATCH_TAGS, OnFailure},
};

/// Jobs to enqueue together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchOrder {
    /// 1 to 1,000 jobs; all are enqueued or none.
    #[schema(min_items = 1, max_items = 1000)]
    jobs: Vec<JobOrder>,
    /// A job that waits for all of those that name no other parent, and so hears when the batch is done.
    callback: Option<JobOrder>,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AcceptedBatch {
    /// One entry per job, in the order sent.
    jobs: Vec<AcceptedJob>,
    /// The callback, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<AcceptedJob>,
}

/// Enqueues up to 1,000 jobs, all or none
///
/// Jobs may wait for each other: `parent_ref` names the `ref` of the job that waits. A child whose unique key is taken is
/// not created, and nobody waits for it.
#[utoipa::path(post, path = "/jobs/batch", operation_id = "create_jobs", tag = "jobs", request_body = BatchOrder, responses(
    (status = 201, description = "All are enqueued", body = AcceptedBatch),
))]
pub(super) async fn create_jobs(
    State(jobs): State<Jobs>,
    caller: Caller,
    request: Idempotent,
    Json(order): Json<BatchOrder>,
) -> Result<Response, Problem> {
    let has_callback = order.callback.is_some();
    let count = order.jobs.len() + usize::from(has_callback);
    if order.jobs.is_empty() || count > MAX_BATCH {
        return Err(Problem::invalid("/jobs", format!("must hold 1 to {MAX_BATCH} jobs, the callback counted in")));
    }
    let (db, work) = (jobs.db().clone(), check_all(order, &jobs, caller.company)?);
    let tags: usize = work.iter().map(|checked| checked.job.tags.len()).sum();
    if tags > MAX_BATCH_TAGS {
        let detail = format!("have {tags} tags together; at most {MAX_BATCH_TAGS} are accepted in a batch");
        return Err(Problem::invalid("/jobs", detail));
    }
    let parents = parents(&work, has_callback)?;
    let stored: Vec<_> = work.iter().filter_map(|checked| checked.job.parent.map(|parent| parent.id)).collect();
    jobs.require_parents(caller.company, stored).await?;
    idempotency::run(&db, request, caller.company, move |tx| {
        let (orders, echoes): (Vec<_>, Vec<_>) = work.into_iter().map(|job| job.split(tx)).unzip();
        let enqueued = if parents.iter().all(Option::is_none) {
            queue::enqueue_many(tx, jobs.queues(), orders)
        } else {
            let flow = orders.into_iter().zip(parents).map(|(job, waited_for_by)| FlowJob { job, waited_for_by });
            queue::enqueue_flow(tx, jobs.queues(), flow.collect())
        };
        let enqueued = enqueued.map_err(|error| refused(error, echoes.len(), has_callback))?;
        let accepted = echoes.into_iter().zip(enqueued).map(|(echo, enqueued)| echo.finish(tx, &jobs, enqueued));
        let mut accepted = accepted.collect::<Result<Vec<_>, Error>>()?;
        let callback = if has_callback { accepted.pop() } else { None };
        Ok::<_, Problem>((StatusCode::CREATED, AcceptedBatch { jobs: accepted, callback }))
    })
    .await
}

/// What the kernel refuses, pointing at the job where it tells which one it is.
fn refused(error: queue::Error, count: usize, has_callback: bool) -> Problem {
    let pointer = match error {
        queue::Error::NeverStarts { position } if has_callback && position + 1 == count => "/callback".to_owned(),
        queue::Error::NeverStarts { position } => format!("/jobs/{position}"),
        _ => String::new(),
    };
    Problem::from(Error::from(error)).below(&pointer)
}

/// Checks every job, the callback last; all refusals are told at once.
fn check_all(order: BatchOrder, jobs: &Jobs, company: CompanyId) -> Result<Vec<CheckedJob>, Problem> {
    let BatchOrder { jobs: orders, callback } = order;
    let orders = orders.into_iter().enumerate().map(|(index, job)| (format!("/jobs/{index}"), job));
    let mut checked = Vec::new();
    let mut refused: Option<Problem> = None;
    for (pointer, job) in orders.chain(callback.map(|job| ("/callback".to_owned(), job))) {
        match job.check(jobs, company) {
            Ok(job) => checked.push(job),
            Err(problem) => {
                let problem = problem.below(&pointer);
                refused = Some(match refused {
                    Some(before) => before.and(problem),
                    None => problem,
                });
            }
        }
    }
    refused.map_or(Ok(checked), Err)
}

/// Which job of the batch waits for each.
type Parents = Vec<Option<(usize, OnFailure)>>;

fn parents(jobs: &[CheckedJob], has_callback: bool) -> Result<Parents, Problem> {
    let mut names = HashMap::new();
    for (index, job) in jobs.iter().enumerate() {
        if let Some(name) = &job.name
            && names.insert(name.as_str(), index).is_some()
        {
            return Err(Problem::invalid(format!("/jobs/{index}/ref"), "stands at two jobs of the batch"));
        }
    }
    let callback = has_callback.then(|| jobs.len() - 1);
    let mut parents = Vec::with_capacity(jobs.len());
    for (index, job) in jobs.iter().enumerate() {
        let parent =
            match &job.parent_ref {
                Some(name) => Some(*names.get(name.as_str()).ok_or_else(|| {
                    Problem::invalid(format!("/jobs/{index}/parent_ref"), "names no job of the batch")
                })?),
                None if job.job.parent.is_some() => None,
                None => callback.filter(|callback| *callback != index),
            };
        parents.push(parent.map(|parent| (parent, job.on_failure)));
    }
    if let Some(index) = circle(&parents) {
        return Err(Problem::invalid(format!("/jobs/{index}/parent_ref"), "goes round in a circle"));
    }
    Ok(parents)
}

/// A job that is waited for by itself, over however many others.
fn circle(parents: &Parents) -> Option<usize> {
    let above = |at: usize| parents.get(at).copied().flatten().map(|(parent, _)| parent);
    (0..parents.len()).find(|start| {
        let mut at = above(*start);
        let mut steps = 0;
        while let Some(parent) = at.filter(|parent| parent != start && steps <= parents.len()) {
            at = above(parent);
            steps += 1;
        }
        at == Some(*start)
    })
}
