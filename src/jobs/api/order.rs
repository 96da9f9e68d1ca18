//! `POST /jobs`: the wire form of a job to enqueue, and its checks.
//!
//! The payload stays the bytes it came in. All refused values of a request are told at once. What depends on the time is
//! left to the transaction, behind the look for a kept answer: a repeated request gets that one however late it comes.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs},
    NEVER_STARTS,
    policy::{BackoffOrder, PUT_OFF_MS_MAX, Refusals, UniqueOrder},
};
use crate::{
    auth::Caller,
    base::{Backoff, CompanyId, JobId, Timestamp},
    http::{Idempotent, Json, Problem, RawJson, idempotency},
    queue::{
        self, Enqueued, Group, JobView, MAX_ATTEMPTS, MAX_PAYLOAD_BYTES, MAX_PRIORITY, MAX_TAGS, NewJob, OnFailure,
        Parent, QueueName, RetryPolicy,
    },
    storage::Tx,
};

/// Longest an attempt may be allowed to take: a week.
const TIMEOUT_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1000;

/// Largest payload of a job that recurs, in bytes: many of them are made in one transaction.
const RECURRING_PAYLOAD_BYTES_MAX: usize = 64 << 10;

/// A job to enqueue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobOrder {
    /// The queue; created at first use. 1 to 64 of `a-z 0-9 . _ -`.
    #[schema(example = "images")]
    queue: String,
    /// What the job is; workers choose by it.
    #[schema(example = "image.resize", max_length = 256)]
    kind: String,
    /// Any JSON up to 1 MiB; handed to the worker exactly as sent.
    payload: RawJson,
    /// 0 is the most urgent, 9 the least; 5 when left out.
    #[schema(minimum = 0, maximum = 9, default = 5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u8>,
    /// Not before this much later; not together with `run_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// Not before this time; not together with `delay_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_at: Option<Timestamp>,
    /// Tries in all; the queue's figure when left out.
    #[schema(minimum = 1, maximum = 1000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    /// The waits between tries; the queue's rule when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff: Option<BackoffOrder>,
    /// The longest one attempt may take; the queue's figure when left out.
    #[schema(minimum = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    /// At most one job of a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    unique: Option<UniqueOrder>,
    /// Jobs of a group are served in turn with other groups.
    #[schema(max_length = 256)]
    #[serde(skip_serializing_if = "Option::is_none")]
    group_key: Option<String>,
    /// Words to find it by; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// When it has not started by then, it fails as `expired`. Later than `run_at` and the end of `delay_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_at: Option<Timestamp>,
    /// The job that waits for the end of this one; it must not have finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<JobId>,
    /// A job of the same batch that waits for the end of this one, by its `ref`; in place of `parent_id`.
    #[schema(max_length = 256)]
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_ref: Option<String>,
    /// A name within the batch, for `parent_ref` of other jobs.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    name: Option<String>,
    /// What becomes of the parent when this one fails for good or is cancelled; `fail_parent` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_failure: Option<OnFailureWord>,
}

/// What a failure does to the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OnFailureWord {
    /// It fails, too, at once.
    FailParent,
    /// It starts once all children have ended, well or not.
    Continue,
}

/// What became of an enqueue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AcceptedJob {
    /// The new job, or the one that holds the unique key.
    id: JobId,
    /// The queue it stands in.
    #[schema(example = "images")]
    queue: String,
    /// What it is.
    #[schema(example = "image.resize")]
    kind: String,
    /// `waiting` or `delayed`; of a duplicate, the state of the job that was there first.
    #[schema(example = "waiting")]
    state: &'static str,
    /// When it was accepted.
    created_at: Timestamp,
    /// Not before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_at: Option<Timestamp>,
    /// Whether nothing was created because of the unique key.
    duplicate: bool,
}

/// Enqueues a job
///
/// Answered once the job is on disk.
#[utoipa::path(post, path = "/jobs", operation_id = "create_job", tag = "jobs", request_body = JobOrder, responses(
    (status = 201, description = "Enqueued", body = AcceptedJob),
    (status = 200, description = "A job with the unique key exists", body = AcceptedJob),
))]
pub(super) async fn create_job(
    State(jobs): State<Jobs>,
    caller: Caller,
    request: Idempotent,
    Json(order): Json<JobOrder>,
) -> Result<Response, Problem> {
    let (db, work) = (jobs.db().clone(), order.check(&jobs, caller.company)?);
    if work.parent_ref.is_some() {
        return Err(Problem::invalid("/parent_ref", "names a job of a batch, and this is none"));
    }
    jobs.require_parents(caller.company, work.job.parent.map(|parent| parent.id)).await?;
    idempotency::run(&db, request, caller.company, move |tx| {
        let accepted = work.enqueue(tx, &jobs)?;
        let status = if accepted.duplicate { StatusCode::OK } else { StatusCode::CREATED };
        Ok::<_, Error>((status, accepted))
    })
    .await
}

/// A job whose every field was found good; only the time is still to be read.
#[derive(Debug, Clone)]
pub struct CheckedJob {
    pub(super) job: NewJob,
    delay_ms: u64,
    /// Its name within the batch.
    pub(super) name: Option<String>,
    /// The name of the job that waits for it.
    pub(super) parent_ref: Option<String>,
    pub(super) on_failure: OnFailure,
}

impl CheckedJob {
    fn enqueue(self, tx: &mut Tx<'_>, jobs: &Jobs) -> Result<AcceptedJob, Error> {
        let (job, echo) = self.split(tx);
        let enqueued = queue::enqueue(tx, jobs.queues(), job)?;
        echo.finish(tx, jobs, enqueued)
    }

    /// The job for the kernel.
    pub(in crate::jobs) fn into_new_job(self, tx: &Tx<'_>) -> NewJob {
        let Self { mut job, delay_ms, .. } = self;
        if delay_ms > 0 {
            job.run_at = Some(tx.now().plus_ms(delay_ms));
        }
        job
    }

    /// The job for the kernel, and what the answer repeats of it.
    pub(super) fn split(self, tx: &Tx<'_>) -> (NewJob, Echo) {
        let (now, job) = (tx.now(), self.into_new_job(tx));
        let echo = Echo {
            company: job.company,
            queue: job.queue.clone(),
            kind: job.kind.clone(),
            created_at: now,
            run_at: job.run_at.filter(|time| *time > now),
        };
        (job, echo)
    }
}

/// What an answer repeats of an order.
pub(super) struct Echo {
    company: CompanyId,
    queue: QueueName,
    kind: String,
    created_at: Timestamp,
    run_at: Option<Timestamp>,
}

impl Echo {
    pub(super) fn finish(self, tx: &Tx<'_>, jobs: &Jobs, enqueued: Enqueued) -> Result<AcceptedJob, Error> {
        let queue = self.queue.to_string();
        let Enqueued { id, is_duplicate: duplicate } = enqueued;
        if duplicate && let Some(first) = jobs.queues().find(tx, self.company, id)? {
            let JobView { kind, created_at, run_at, state, .. } = first;
            return Ok(AcceptedJob { id, queue, kind, state: state.as_str(), created_at, run_at, duplicate });
        }
        let state = if self.run_at.is_some() { "delayed" } else { "waiting" };
        let Self { kind, created_at, run_at, .. } = self;
        Ok(AcceptedJob { id, queue, kind, state, created_at, run_at, duplicate })
    }
}

impl JobOrder {
    /// The queue and the kind, for records of who ordered what.
    #[must_use]
    pub fn names(&self) -> (&str, &str) {
        (&self.queue, &self.kind)
    }

    /// Checks a job that will be enqueued again and again, each with `tag` among its tags.
    ///
    /// # Errors
    /// 422 with every refused field; fields that hold for one job only are refused.
    pub fn check_recurring(mut self, jobs: &Jobs, company: CompanyId, tag: String) -> Result<CheckedJob, Problem> {
        let mut refusals = Refusals::default();
        for (pointer, is_given) in [
            ("/run_at", self.run_at.is_some()),
            ("/expire_at", self.expire_at.is_some()),
            ("/parent_id", self.parent_id.is_some()),
            ("/parent_ref", self.parent_ref.is_some()),
            ("/ref", self.name.is_some()),
            ("/on_failure", self.on_failure.is_some()),
        ] {
            if is_given {
                refusals.add(pointer, "holds for one job only and has no place in a rule");
            }
        }
        let size = self.payload.as_bytes().len();
        if size > RECURRING_PAYLOAD_BYTES_MAX {
            let max = RECURRING_PAYLOAD_BYTES_MAX;
            refusals.add("/payload", format!("is {size} bytes; at most {max} are accepted for a job that recurs"));
        }
        if self.tags.len() >= MAX_TAGS {
            refusals.add("/tags", format!("must be fewer than {MAX_TAGS}: each job gets one of its own"));
        }
        self.tags.push(tag);
        match (self.check(jobs, company), refusals.0) {
            (checked, None) => checked,
            (Ok(_), Some(refused)) => Err(refused),
            (Err(other), Some(refused)) => Err(refused.and(other)),
        }
    }

    fn check_times(&self, refusals: &mut Refusals) {
        refusals.within("/delay_ms", self.delay_ms, 0..=PUT_OFF_MS_MAX);
        if self.delay_ms.is_some() && self.run_at.is_some() {
            refusals.add("/run_at", "must not stand beside delay_ms");
        }
        if self.run_at.zip(self.expire_at).is_some_and(|(run_at, expire_at)| expire_at <= run_at) {
            refusals.add("/expire_at", NEVER_STARTS);
        }
    }

    pub(super) fn check(self, jobs: &Jobs, company: CompanyId) -> Result<CheckedJob, Problem> {
        let mut refusals = Refusals::default();
        let queue = self.queue.parse::<QueueName>();
        match &queue {
            Err(error) => refusals.add("/queue", error.to_string()),
            Ok(queue) => {
                if let Err(error) = jobs.queues().require_foreign(queue) {
                    refusals.add("/queue", error.to_string());
                }
            }
        }
        refusals.text("/kind", &self.kind);
        if jobs.queues().is_own_kind(&self.kind) {
            refusals.add("/kind", "is reserved for jobs that the server makes itself");
        }
        let size = self.payload.as_bytes().len();
        if size > MAX_PAYLOAD_BYTES {
            refusals.add("/payload", format!("is {size} bytes; at most {MAX_PAYLOAD_BYTES} are accepted"));
        }
        refusals.within("/priority", self.priority.map(u64::from), 0..=u64::from(MAX_PRIORITY));
        self.check_times(&mut refusals);
        refusals.within("/attempts", self.attempts.map(u64::from), 1..=u64::from(MAX_ATTEMPTS));
        refusals.within("/timeout_ms", self.timeout_ms, 1..=TIMEOUT_MS_MAX);
        let backoff = self.backoff.and_then(|backoff| backoff.check(&mut refusals));
        let unique = self.unique.and_then(|unique| unique.check(&mut refusals));
        if let Some(group) = &self.group_key {
            refusals.text("/group_key", group);
        }
        if self.tags.len() > MAX_TAGS {
            refusals.add("/tags", format!("must be at most {MAX_TAGS}"));
        }
        for (index, tag) in self.tags.iter().enumerate().take(MAX_TAGS) {
            refusals.text(&format!("/tags/{index}"), tag);
        }
        for (pointer, text) in [("/ref", &self.name), ("/parent_ref", &self.parent_ref)] {
            if let Some(text) = text {
                refusals.text(pointer, text);
            }
        }
        if self.parent_ref.is_some() && self.parent_id.is_some() {
            refusals.add("/parent_ref", "must not stand beside parent_id");
        }
        let queue = match (queue, refusals.0) {
            (Ok(queue), None) => queue,
            (_, problem) => return Err(problem.unwrap_or_else(|| Problem::invalid("/queue", "is not a queue name"))),
        };
        let retry = retry_policy(jobs, &queue, self.attempts, backoff);
        let mut job = NewJob::new(company, queue, self.kind, self.payload.into_bytes());
        job.priority = self.priority.unwrap_or(job.priority);
        job.run_at = self.run_at;
        job.retry = retry;
        job.timeout_ms = self.timeout_ms;
        job.unique = unique;
        job.group = self.group_key.as_deref().map(Group::named);
        job.tags = self.tags;
        job.expire_at = self.expire_at;
        let on_failure = match self.on_failure {
            Some(OnFailureWord::Continue) => OnFailure::Continue,
            Some(OnFailureWord::FailParent) | None => OnFailure::FailParent,
        };
        job.parent = self.parent_id.map(|id| Parent { id, on_failure });
        // Here and not in the transaction: reading a large payload takes its time.
        job.fields = Some(jobs.queues().search_values(&job.queue, &job.payload));
        let delay_ms = self.delay_ms.unwrap_or(0);
        Ok(CheckedJob { job, delay_ms, name: self.name, parent_ref: self.parent_ref, on_failure })
    }
}

/// What the request leaves open is filled in from the queue; `None` when it leaves all open.
fn retry_policy(
    jobs: &Jobs,
    queue: &QueueName,
    attempts: Option<u32>,
    backoff: Option<Backoff>,
) -> Option<RetryPolicy> {
    if attempts.is_none() && backoff.is_none() {
        return None;
    }
    let usual = jobs.queues().settings(queue).unwrap_or_default().retry;
    Some(RetryPolicy { attempts: attempts.unwrap_or(usual.attempts), backoff: backoff.unwrap_or(usual.backoff) })
}
