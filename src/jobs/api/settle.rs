//! `POST /jobs/settle`: many attempts ended in one commit.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs},
    work::outside,
};
use crate::{
    auth::Caller,
    base::{JobId, MAX_DELAY_MS, Timestamp},
    http::{Idempotent, Json, Problem, RawJson, idempotency},
    queue::{self, MAX_RESULT_BYTES, Outcome},
};

/// Most ends of attempts in one request.
const SETTLE_MAX: usize = 1_000;

/// How an attempt ended, in a list of such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OutcomeWord {
    /// The work is done.
    Complete,
    /// The attempt failed; `discard` ends it for good.
    Fail,
}

/// The end of one attempt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettleItem {
    /// The job.
    id: JobId,
    /// The token of its lease.
    lease_token: String,
    /// How the attempt ended.
    outcome: OutcomeWord,
    /// Any JSON up to 256 KiB, when complete.
    result: Option<RawJson>,
    /// What went wrong, when failed.
    error: Option<String>,
    /// The wait before the next attempt, when failed.
    retry_after_ms: Option<u64>,
    /// No further attempt can help, when failed.
    #[serde(default)]
    discard: bool,
}

/// Ends of attempts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleOrder {
    /// 1 to 1,000 ends.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<SettleItem>,
}

/// What became of the jobs, in the order sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettledItems {
    /// One entry per end.
    items: Vec<SettledItem>,
}

/// What became of one job.
#[derive(Debug, Serialize, ToSchema)]
struct SettledItem {
    /// The job.
    id: JobId,
    /// Its state now; null when it was refused and nothing was changed.
    state: Option<&'static str>,
    /// When the next attempt is due.
    run_at: Option<Timestamp>,
    /// The code of the problem, when it was refused.
    #[schema(example = "stale_lease")]
    problem: Option<&'static str>,
}

/// Completes or fails up to 1,000 jobs
///
/// In one commit. A stale token refuses its own job and no other; the answer tells for each of them.
#[utoipa::path(post, path = "/jobs/settle", operation_id = "settle_jobs", tag = "workers", request_body = SettleOrder,
    responses(
    (status = 200, description = "What became of each", body = SettledItems),
))]
pub(super) async fn settle_jobs(
    State(jobs): State<Jobs>,
    caller: Caller,
    request: Idempotent,
    Json(order): Json<SettleOrder>,
) -> Result<Response, Problem> {
    if let Some(problem) = outside("/items", order.items.len() as u64, 1..=SETTLE_MAX as u64) {
        return Err(problem);
    }
    let checked = order
        .items
        .into_iter()
        .enumerate()
        .map(|(index, item)| item.check().map_err(|problem| problem.below(&format!("/items/{index}"))));
    let checked = checked.collect::<Result<Vec<_>, _>>()?;
    let db = jobs.db().reclaiming();
    idempotency::run(&db, request, caller.company, move |tx| {
        let mut items = Vec::with_capacity(checked.len());
        for (id, token, outcome) in checked {
            items.push(match jobs.settle(tx, caller.company, id, &token, outcome) {
                Ok(settled) => {
                    SettledItem { id, state: Some(settled.state.as_str()), run_at: settled.run_at, problem: None }
                }
                Err(Error::Queue(queue::Error::LeaseLost(_))) => SettledItem::refused(id, "stale_lease"),
                Err(Error::Queue(queue::Error::NotFound(_))) => SettledItem::refused(id, "not_found"),
                Err(error) => return Err(error),
            });
        }
        Ok((StatusCode::OK, SettledItems { items }))
    })
    .await
}

impl SettledItem {
    const fn refused(id: JobId, problem: &'static str) -> Self {
        Self { id, state: None, run_at: None, problem: Some(problem) }
    }
}

impl SettleItem {
    fn check(self) -> Result<(JobId, String, Outcome), Problem> {
        let is_complete = self.outcome == OutcomeWord::Complete;
        if is_complete && (self.error.is_some() || self.retry_after_ms.is_some() || self.discard) {
            return Err(Problem::invalid("/outcome", "\"complete\" stands with result only"));
        }
        if !is_complete && self.result.is_some() {
            return Err(Problem::invalid("/result", "stands with outcome \"complete\" only"));
        }
        if let Some(size) =
            self.result.as_ref().map(|result| result.as_bytes().len()).filter(|size| *size > MAX_RESULT_BYTES)
        {
            return Err(Problem::invalid(
                "/result",
                format!("is {size} bytes; at most {MAX_RESULT_BYTES} are accepted"),
            ));
        }
        if let Some(problem) = outside("/retry_after_ms", self.retry_after_ms.unwrap_or(0), 0..=MAX_DELAY_MS) {
            return Err(problem);
        }
        let outcome = match (self.outcome, self.error) {
            (OutcomeWord::Complete, _) => Outcome::Complete { result: self.result.map(RawJson::into_bytes) },
            (OutcomeWord::Fail, None) => return Err(Problem::invalid("/error", "is required for outcome \"fail\"")),
            (OutcomeWord::Fail, Some(error)) if self.discard => Outcome::Discard { error },
            (OutcomeWord::Fail, Some(error)) => Outcome::Retry { error, after_ms: self.retry_after_ms },
        };
        Ok((self.id, self.lease_token, outcome))
    }
}
