//! `POST /jobs/actions`: one action on every job that a filter finds.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs, actions::Action},
    filter::FilterWords,
};
use crate::{
    auth::Author,
    base::JobId,
    http::{Idempotent, Json, Problem, idempotency},
    queue::JobFilter,
};

/// What to do to each job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ActionWord {
    /// Put finished jobs back in line.
    Retry,
    /// Cancel jobs that are not finished.
    Cancel,
    /// Remove finished jobs.
    Delete,
    /// End the wait of delayed and retrying jobs.
    Promote,
}

/// An action on many jobs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionOrder {
    /// What to do to each.
    action: ActionWord,
    /// Which jobs are meant; at least one condition.
    filter: FilterWords,
    /// Only count.
    #[serde(default)]
    dry_run: bool,
}

/// What an action will do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActionDocument {
    /// Jobs that were found.
    matched: u64,
    /// Whether these are all; otherwise counting them to the end would have taken too long, and there are more.
    matched_is_exact: bool,
    /// The job that carries the action: its progress and result say how far it is; cancel it to stop. Null for a dry run.
    job_id: Option<JobId>,
}

/// Retries, cancels, deletes or promotes every job that a filter finds
///
/// Jobs accepted before now, in the states the action is for. It runs in the background in small steps, goes on after a
/// restart, and leaves out jobs that the server runs itself.
#[utoipa::path(post, path = "/jobs/actions", operation_id = "act_on_jobs", tag = "jobs", request_body = ActionOrder,
    responses(
    (status = 202, description = "It has begun", body = ActionDocument),
    (status = 200, description = "What a dry run counted", body = ActionDocument),
))]
pub(super) async fn act_on_jobs(
    State(jobs): State<Jobs>,
    author: Author,
    request: Idempotent,
    Json(order): Json<ActionOrder>,
) -> Result<Response, Problem> {
    let (action, filter, is_dry) = order.check()?;
    let company = author.caller.company;
    let counted = jobs.count(company, filter.clone()).await?;
    let (matched, matched_is_exact) = (counted.count, counted.is_exact);
    let work = jobs.clone();
    idempotency::run(jobs.db(), request, company, move |tx| {
        if is_dry {
            return Ok((StatusCode::OK, ActionDocument { matched, matched_is_exact, job_id: None }));
        }
        let job_id = Some(work.act(tx, author.by(), (action, filter), counted)?);
        Ok::<_, Error>((StatusCode::ACCEPTED, ActionDocument { matched, matched_is_exact, job_id }))
    })
    .await
}

impl ActionOrder {
    fn check(self) -> Result<(Action, JobFilter, bool), Problem> {
        let action = match self.action {
            ActionWord::Retry => Action::Retry,
            ActionWord::Cancel => Action::Cancel,
            ActionWord::Delete => Action::Delete,
            ActionWord::Promote => Action::Promote,
        };
        let mut filter = self.filter.check("/filter")?;
        if filter == JobFilter::default() {
            return Err(Problem::invalid("/filter", "must name at least one condition"));
        }
        if filter.state.is_some_and(|state| !action.states().contains(&state)) {
            let words = format!("is not a state in which a job can be the object of {}", action.as_str());
            return Err(Problem::invalid("/filter/state", words));
        }
        filter.states = action.states().to_vec();
        Ok((action, filter, self.dry_run))
    }
}
