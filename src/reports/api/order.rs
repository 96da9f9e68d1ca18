//! Asking for a report.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{has_scope, may_read, view::ReportBody};
use crate::{
    auth::{Auth, Author, Caller, Scope, Scopes},
    base::Timestamp,
    http::{Idempotent, Json, Problem, idempotency, parse_json, problems},
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
    fn period(&self) -> Result<Period, Problem> {
        match (self.since, self.until, self.last_ms) {
            (Some(since), until, None) => Ok(Period::Between { since, until }),
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
pub struct ReportOrder {
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
    /// Who gets it by e-mail when it is ready, and the reason when it fails; plain addresses. Needs the scope `emails:write`.
    #[serde(default)]
    #[schema(max_items = 50)]
    recipients: Vec<String>,
}

impl ReportOrder {
    /// Reads an order that is carried out again and again, whose period ends each time with its moment.
    ///
    /// # Errors
    /// Everything that is wrong with its form, with pointers.
    pub fn recurring(text: &[u8]) -> Result<Self, Problem> {
        let order: Self = parse_json(text)?;
        if order.period.last_ms.is_none() || order.period.since.is_some() || order.period.until.is_some() {
            return Err(Problem::invalid("/period", "must be last_ms and nothing else where a report recurs"));
        }
        Ok(order)
    }

    /// Refuses who may not read what the report is made of, or not send it to anybody.
    ///
    /// # Errors
    /// 403 with the scope that is missing, or because a proof is.
    pub fn allow(&self, auth: &Auth, caller: &Caller) -> Result<(), Problem> {
        self.within(caller.scopes)?;
        match definitions::find(&self.definition) {
            Some(definition) => may_read(auth, caller, definition),
            None => Ok(()),
        }
    }

    /// Refuses who has these scopes and no more.
    ///
    /// # Errors
    /// 403 with the scope that is missing.
    pub fn within(&self, scopes: Scopes) -> Result<(), Problem> {
        if let Some(definition) = definitions::find(&self.definition) {
            has_scope(scopes, definition)?;
        }
        for (scope, is_needed) in [(Scope::ReportsWrite, true), (Scope::EmailsWrite, !self.recipients.is_empty())] {
            if is_needed && !scopes.contains(scope) {
                let detail = format!("this report needs the scope {scope}");
                return Err(Problem::of(&problems::FORBIDDEN).detail(detail));
            }
        }
        Ok(())
    }

    /// The order as it is carried out.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn order(self) -> Result<NewReport, Problem> {
        let Self { name, definition, format, period, group_by, filters, columns, recipients } = self;
        let format =
            format.parse().map_err(|()| Problem::invalid("/format", "must be csv, json, xlsx, html or pdf"))?;
        let period = period.period()?;
        Ok(NewReport { name, definition, format, period, group_by, filters, columns, recipients })
    }
}

/// Asks for a report
#[utoipa::path(post, path = "/reports", operation_id = "create_report", tag = "reports", request_body = ReportOrder,
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
    Json(input): Json<ReportOrder>,
) -> Result<Response, Problem> {
    input.allow(&auth, &author.caller)?;
    let order = input.order()?;
    let handle = reports.clone();
    idempotency::run(reports.db(), idempotent, author.caller.company, move |tx| {
        let view = handle.request(tx, author.by(), order, None)?;
        Ok::<_, Error>((StatusCode::ACCEPTED, ReportBody::from(view)))
    })
    .await
}
