//! Working from outside: lease, heartbeat, and the end of an attempt by its token.

use std::ops::RangeInclusive;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs},
    queues::queue_name,
    view::JobDocument,
};
use crate::{
    auth::Caller,
    base::{JobId, MAX_DELAY_MS, Timestamp},
    http::{Idempotent, Json, LongPoll, Path, Problem, RawJson, TimeLimit, idempotency},
    queue::{
        DEFAULT_LEASE_MS, Heartbeat, LEASE_MS, LeaseRequest, LeasedJob, MAX_LEASE_JOBS, MAX_TEXT_BYTES, MAX_WAIT_MS,
        Outcome, Settled,
    },
};

/// A worker's wish for jobs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaseOrder {
    /// At most this many jobs; 1 when left out.
    #[schema(minimum = 1, maximum = 100, default = 1)]
    max: Option<usize>,
    /// How long a job is held without a heartbeat; 30 s when left out.
    #[schema(minimum = 1000, maximum = 3_600_000, default = 30_000)]
    lease_ms: Option<u32>,
    /// How long to wait for the first job when there is none; not at all when left out.
    #[schema(minimum = 0, maximum = 30000, default = 0)]
    wait_ms: Option<u64>,
    /// The worker's name for itself.
    #[schema(example = "images-7", max_length = 256)]
    worker: Option<String>,
    /// Only jobs of these kinds; of any kind when left out.
    #[schema(example = json!(["image.resize"]))]
    kinds: Option<Vec<String>>,
}

/// Jobs under lease.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LeasedJobs {
    /// The jobs; none when the wait is over.
    jobs: Vec<LeasedDocument>,
}

/// A job under lease.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeasedJob)]
struct LeasedDocument {
    #[serde(flatten)]
    job: JobDocument,
    /// Shown with heartbeat, complete, fail and snooze.
    #[schema(example = "lt_10_3_00c0ffee")]
    lease_token: String,
    /// How long the lease holds from now, without a heartbeat.
    lease_ms: u64,
}

impl From<LeasedJob> for LeasedDocument {
    fn from(leased: LeasedJob) -> Self {
        Self { job: leased.job.into(), lease_token: leased.token, lease_ms: leased.lease_ms }
    }
}

/// Leases jobs to a worker
///
/// A long poll: with `wait_ms` it answers as soon as there is a job, and with none when the time is over. The wait is
/// cut to what the server allows one request. A queue that does not exist yet is waited for and not created.
#[utoipa::path(post, path = "/queues/{name}/lease", operation_id = "lease_jobs", tag = "workers", request_body = LeaseOrder,
    params(("name" = String, Path)), responses(
    (status = 200, description = "The jobs, perhaps none", body = LeasedJobs),
    (status = 409, description = "The server runs the jobs of this queue itself"),
))]
pub(super) async fn lease_jobs(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(name): Path<String>,
    TimeLimit(limit_ms): TimeLimit,
    request: Idempotent,
    Json(order): Json<LeaseOrder>,
) -> Result<Response, Problem> {
    let mut wish = order.check(caller, &name)?;
    wish.wait_ms = wish.wait_ms.min(limit_ms);
    let mut response = idempotency::run_outside(jobs.db(), request, caller.company, async {
        let leased = jobs.lease(wish).await?;
        Ok((StatusCode::OK, LeasedJobs { jobs: leased.into_iter().map(LeasedDocument::from).collect() }))
    })
    .await?;
    response.extensions_mut().insert(LongPoll);
    Ok(response)
}

impl LeaseOrder {
    fn check(self, caller: Caller, name: &str) -> Result<LeaseRequest, Problem> {
        let request = LeaseRequest {
            company: caller.company,
            queue: queue_name(name)?,
            max: self.max.unwrap_or(1),
            lease_ms: self.lease_ms.unwrap_or(DEFAULT_LEASE_MS),
            wait_ms: self.wait_ms.unwrap_or(0),
            worker: self.worker.unwrap_or_default(),
            kinds: self.kinds,
        };
        let mut refused = Vec::new();
        refused.extend(outside("/max", request.max as u64, 1..=MAX_LEASE_JOBS as u64));
        let lease_ms = u64::from(*LEASE_MS.start())..=u64::from(*LEASE_MS.end());
        refused.extend(outside("/lease_ms", u64::from(request.lease_ms), lease_ms));
        refused.extend(outside("/wait_ms", request.wait_ms, 0..=MAX_WAIT_MS));
        refused.extend(outside("/worker", request.worker.len() as u64, 0..=MAX_TEXT_BYTES as u64));
        let kinds = request.kinds.as_ref().map_or(1, Vec::len) as u64;
        refused.extend(outside("/kinds", kinds, 1..=MAX_LEASE_JOBS as u64));
        refused.into_iter().reduce(Problem::and).map_or(Ok(request), Err)
    }
}

pub(super) fn outside(pointer: &str, value: u64, range: RangeInclusive<u64>) -> Option<Problem> {
    let detail = || format!("must be between {} and {}", range.start(), range.end());
    (!range.contains(&value)).then(|| Problem::invalid(pointer, detail()))
}

/// A sign of life.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeartbeatOrder {
    /// The token of the lease.
    lease_token: String,
    /// How long the job is held from now; 30 s when left out.
    #[schema(minimum = 1000, maximum = 3_600_000, default = 30_000)]
    lease_ms: Option<u32>,
}

/// How long the lease holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeartbeatDocument {
    /// From now, without a further heartbeat; a timeout of the job may shorten it.
    lease_ms: u64,
    /// Whether somebody has cancelled the job: stop working on it, its token is refused.
    cancelled: bool,
}

/// Extends a lease
///
/// Every heartbeat counts from when it arrives, so an `Idempotency-Key` has no effect here.
#[utoipa::path(post, path = "/jobs/{id}/heartbeat", operation_id = "heartbeat_job", tag = "workers",
    request_body = HeartbeatOrder, params(("id" = JobId, Path)), responses(
    (status = 200, description = "The job is held on, or cancelled", body = HeartbeatDocument),
    (status = 409, description = "The lease is not held any more: stop working on the job"),
))]
pub(super) async fn heartbeat_job(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
    Json(order): Json<HeartbeatOrder>,
) -> Result<Response, Problem> {
    let lease_ms = order.lease_ms.unwrap_or(DEFAULT_LEASE_MS);
    let range = u64::from(*LEASE_MS.start())..=u64::from(*LEASE_MS.end());
    if let Some(problem) = outside("/lease_ms", u64::from(lease_ms), range) {
        return Err(problem);
    }
    let document = match jobs.heartbeat(caller.company, id, &order.lease_token, lease_ms).await? {
        Heartbeat::Held { lease_ms } => HeartbeatDocument { lease_ms, cancelled: false },
        Heartbeat::Cancelled => HeartbeatDocument { lease_ms: 0, cancelled: true },
    };
    // Saying it twice does no harm, and a kept answer would promise what is over.
    Ok(Json(document).into_response())
}

/// What the end of an attempt made of the job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettledDocument {
    /// The job.
    id: JobId,
    /// Its state now.
    #[schema(example = "completed")]
    state: &'static str,
    /// The attempt that ended.
    attempt: u32,
    /// When the next attempt is due, while delayed or retrying.
    run_at: Option<Timestamp>,
}

impl From<Settled> for SettledDocument {
    fn from(settled: Settled) -> Self {
        let Settled { job, attempt, state, run_at, .. } = settled;
        Self { id: job, state: state.as_str(), attempt, run_at }
    }
}

/// The work is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompleteOrder {
    /// The token of the lease.
    lease_token: String,
    /// Any JSON up to 256 KiB, kept with the job.
    result: Option<RawJson>,
}

/// Completes a job
#[utoipa::path(post, path = "/jobs/{id}/complete", operation_id = "complete_job", tag = "workers",
    request_body = CompleteOrder, params(("id" = JobId, Path)), responses(
    (status = 200, description = "It is done", body = SettledDocument),
    (status = 409, description = "The lease is not held any more; nothing was changed"),
))]
pub(super) async fn complete_job(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
    request: Idempotent,
    Json(order): Json<CompleteOrder>,
) -> Result<Response, Problem> {
    let outcome = Outcome::Complete { result: order.result.map(RawJson::into_bytes) };
    settle(jobs, caller, id, request, order.lease_token, outcome).await
}

/// The attempt failed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FailOrder {
    /// The token of the lease.
    lease_token: String,
    /// What went wrong, for people; cut to 2 KiB.
    #[schema(example = "the image is damaged")]
    error: String,
    /// The wait before the next attempt, instead of the job's own rule.
    retry_after_ms: Option<u64>,
    /// No further attempt can help: the job fails now.
    #[serde(default)]
    discard: bool,
}

/// Fails an attempt
///
/// The job is tried again by its rule, or fails for good when its attempts are used up or `discard` is set.
#[utoipa::path(post, path = "/jobs/{id}/fail", operation_id = "fail_job", tag = "workers", request_body = FailOrder,
    params(("id" = JobId, Path)), responses(
    (status = 200, description = "What became of the job", body = SettledDocument),
    (status = 409, description = "The lease is not held any more; nothing was changed"),
))]
pub(super) async fn fail_job(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
    request: Idempotent,
    Json(order): Json<FailOrder>,
) -> Result<Response, Problem> {
    if let Some(problem) = outside("/retry_after_ms", order.retry_after_ms.unwrap_or(0), 0..=MAX_DELAY_MS) {
        return Err(problem);
    }
    let outcome = if order.discard {
        Outcome::Discard { error: order.error }
    } else {
        Outcome::Retry { error: order.error, after_ms: order.retry_after_ms }
    };
    settle(jobs, caller, id, request, order.lease_token, outcome).await
}

/// Not now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SnoozeOrder {
    /// The token of the lease.
    lease_token: String,
    /// How long to wait; at most 30 days.
    #[schema(maximum = 2_592_000_000_u64)]
    delay_ms: u64,
}

/// Gives a job back for later, without using an attempt
#[utoipa::path(post, path = "/jobs/{id}/snooze", operation_id = "snooze_job", tag = "workers", request_body = SnoozeOrder,
    params(("id" = JobId, Path)), responses(
    (status = 200, description = "It is delayed", body = SettledDocument),
    (status = 409, description = "The lease is not held any more; nothing was changed"),
))]
pub(super) async fn snooze_job(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(id): Path<JobId>,
    request: Idempotent,
    Json(order): Json<SnoozeOrder>,
) -> Result<Response, Problem> {
    if let Some(problem) = outside("/delay_ms", order.delay_ms, 0..=MAX_DELAY_MS) {
        return Err(problem);
    }
    settle(jobs, caller, id, request, order.lease_token, Outcome::Snooze { ms: order.delay_ms }).await
}

async fn settle(
    jobs: Jobs,
    caller: Caller,
    id: JobId,
    request: Idempotent,
    token: String,
    outcome: Outcome,
) -> Result<Response, Problem> {
    // Work that is done is noted also on an exhausted disk: it would be done again otherwise.
    let db = jobs.db().reclaiming();
    idempotency::run(&db, request, caller.company, move |tx| {
        let settled = jobs.settle(tx, caller.company, id, &token, outcome)?;
        Ok::<_, Error>((StatusCode::OK, SettledDocument::from(settled)))
    })
    .await
}
