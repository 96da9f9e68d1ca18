//! Asking for a report.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{may_read, view::ReportBody};
use crate::{
    auth::{Auth, Author},
    base::Timestamp,
    http::{Idempotent, Json, Problem, idempotency},
    reports::{Error, NewReport, Period, Reports, definitions},
};

/// The time a report is about: `since` and `until`, or `last_ms`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReportPeriod)]
pub(super) struct PeriodInput {
    /// From this time on.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Before this time; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// So many milliseconds up to now.
    #[schema(minimum = 1, maximum = 31_622_400_000_u64)]
    last_ms: Option<u64>,
}

impl PeriodInput {
    fn period(&self, now: Timestamp) -> Result<Period, Problem> {
        match (self.since, self.until, self.last_ms) {
            (Some(since), until, None) => Ok(Period::Between { since, until: until.unwrap_or(now) }),
            (None, None, Some(ms)) => Ok(Period::Last { ms }),
            _ => Err(Problem::invalid("/period", "must have since and perhaps until, or last_ms")),
        }
    }
}

/// A report to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReport, example = json!({
    "definition": "jobs", "format": "xlsx", "period": { "last_ms": 604_800_000 }, "group_by": "kind",
    "filters": { "state": ["failed"] }
}))]
pub(super) struct OrderInput {
    /// What people call it; the title of the definition when left out.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The definition, from `GET /report-definitions`.
    definition: String,
    /// `csv`, `json`, `xlsx`, `html` or `pdf`.
    format: String,
    /// The time it is about.
    period: PeriodInput,
    /// What to count by; one row per record when left out.
    group_by: Option<String>,
    /// By column, the values that pass.
    #[serde(default)]
    filters: BTreeMap<String, Vec<String>>,
    /// The columns in their order; all when left out. Not together with `group_by`.
    #[serde(default)]
    columns: Vec<String>,
}

impl OrderInput {
    fn order(self, now: Timestamp) -> Result<NewReport, Problem> {
        let Self { name, definition, format, period, group_by, filters, columns } = self;
        let format =
            format.parse().map_err(|()| Problem::invalid("/format", "must be csv, json, xlsx, html or pdf"))?;
        let period = period.period(now)?;
        Ok(NewReport { name, definition, format, period, group_by, filters, columns })
    }
}

/// Asks for a report
#[utoipa::path(post, path = "/reports", operation_id = "create_report", tag = "reports", request_body = OrderInput,
    description = "A job of the queue `report` renders it; `GET /reports/{id}` says how far it is.",
    responses(
        (status = 202, description = "It will be rendered", body = ReportBody),
        (status = 403, description = "The caller may not read what it is made of"),
        (status = 409, description = "The company has as many reports as it may"),
        (status = 422, description = "Refused, with the reasons"),
    ))]
pub(super) async fn create_report(
    State(reports): State<Reports>,
    State(auth): State<Auth>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<OrderInput>,
) -> Result<Response, Problem> {
    if let Some(definition) = definitions::find(&input.definition) {
        may_read(&auth, &author.caller, definition)?;
    }
    let order = input.order(reports.db().now())?;
    let handle = reports.clone();
    idempotency::run(reports.db(), idempotent, author.caller.company, move |tx| {
        let view = handle.request(tx, author.by(), order)?;
        Ok::<_, Error>((StatusCode::ACCEPTED, ReportBody::from(view)))
    })
    .await
}
