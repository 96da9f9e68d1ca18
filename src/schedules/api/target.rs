//! What a schedule starts, on the wire.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    auth::{Scope, Scopes},
    http::{Problem, RawJson},
    jobs::JobOrder,
    schedules::target::{Kind, Target},
};

/// What a schedule starts when it ticks: exactly one of these.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleTarget {
    /// Enqueue this job. Without `run_at`, `expire_at` and `parent_id`; the payload has at most 64 KiB. Each job carries
    /// the schedule's id among its tags.
    job: Option<JobOrder>,
    /// Start a run of this workflow. Not in this version: it is refused with `target_not_available`.
    #[schema(value_type = Option<Object>)]
    workflow: Option<RawJson>,
    /// Ask for this report: the body of `POST /reports`, with `last_ms` as its period, which ends at the tick. With
    /// `recipients` it is sent to them when it is ready, and so is the reason when it fails.
    #[schema(value_type = Option<Object>, example = json!({ "definition": "jobs", "format": "xlsx",
        "period": { "last_ms": 86_400_000 }, "recipients": ["ops@example.com"] }))]
    report: Option<RawJson>,
}

impl ScheduleTarget {
    /// The one that is given.
    ///
    /// # Errors
    /// When it is none, or more than one.
    pub(super) fn one(self) -> Result<Target, Problem> {
        let other = |kind, order: Option<RawJson>| order.map(|order| Target::Other(kind, order.into_bytes()));
        let given = [
            self.job.map(|job| Target::Job(Box::new(job))),
            other(Kind::Workflow, self.workflow),
            other(Kind::Report, self.report),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(target), None) => Ok(target),
            _ => Err(Problem::invalid("/target", "must name one thing to start at each tick: a job, or a report")),
        }
    }
}

/// What a schedule starts when it ticks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleTargetDocument {
    /// The job that is enqueued.
    #[schema(value_type = Option<JobOrder>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<RawJson>,
    /// The run that is started.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<RawJson>,
    /// The report that is asked for; its `recipients` and `filters` are for readers of reports (`reports:read`).
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<RawJson>,
}

impl ScheduleTargetDocument {
    /// What somebody with these scopes sees of an order: whoever may not look at reports is not told whom one goes to,
    /// nor by what it is filtered.
    pub(super) fn of(kind: Kind, order: Bytes, scopes: Scopes) -> Self {
        let is_hidden = kind == Kind::Report && !scopes.contains(Scope::ReportsRead);
        let order = if is_hidden { without_names(&order) } else { order };
        let mut document = Self { job: None, workflow: None, report: None };
        let place = match kind {
            Kind::Job => &mut document.job,
            Kind::Workflow => &mut document.workflow,
            Kind::Report => &mut document.report,
        };
        *place = Some(RawJson::from_trusted(order));
        document
    }
}

/// The order of a report without its recipients and what it is filtered by.
fn without_names(order: &Bytes) -> Bytes {
    let order: Option<serde_json::Map<String, Value>> = serde_json::from_slice(order).ok();
    let mut order = order.unwrap_or_default();
    for name in ["recipients", "filters"] {
        order.remove(name);
    }
    Value::Object(order).to_string().into()
}
