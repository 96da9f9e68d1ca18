//! Looking at reports and deleting them.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::read;
use crate::{
    auth::{Author, Caller},
    base::{EmailId, JobId, ReportId, ScheduleId, Timestamp, hex},
    http::{Json, Page, PageParameters, PageQuery, Path, Problem},
    reports::{Error, File, Plan, ReportView, Reports},
};

/// A report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub(super) struct ReportBody {
    /// Its id.
    #[schema(value_type = String)]
    id: ReportId,
    /// What people call it.
    name: String,
    /// Its definition.
    definition: String,
    /// Its format.
    format: &'static str,
    /// The first moment of its period.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The first moment behind its period.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// What it counts by.
    #[schema(required)]
    group_by: Option<String>,
    /// By column, the values that pass.
    filters: BTreeMap<String, Vec<String>>,
    /// Its columns; empty with `group_by`.
    columns: Vec<String>,
    /// Who gets it by e-mail.
    recipients: Vec<String>,
    /// The schedule that asked for it.
    #[schema(required, value_type = Option<String>)]
    schedule_id: Option<ScheduleId>,
    /// The e-mail that told the recipients what became of it.
    #[schema(required, value_type = Option<String>)]
    email_id: Option<EmailId>,
    /// `waiting`, `rendering`, `ready` or `failed`.
    state: &'static str,
    /// The job that renders it.
    #[schema(value_type = String)]
    job_id: JobId,
    /// Its rows; while it is rendered, those read so far.
    rows: u64,
    /// Whether the data goes on behind its end, because its format has a most of rows.
    is_truncated: bool,
    /// The bytes of its file, once it is ready.
    #[schema(required)]
    size_bytes: Option<u64>,
    /// The SHA-256 of its file in hexadecimal, once it is ready.
    #[schema(required)]
    sha256: Option<String>,
    /// Why it failed.
    #[schema(required)]
    error: Option<String>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was ready or had failed.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    finished_at: Option<Timestamp>,
    /// When it is removed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<ReportView> for ReportBody {
    fn from(view: ReportView) -> Self {
        let ReportView { id, plan, state, job, created_at, finished_at, expires_at, rows, file, error, .. } = view;
        let Plan { name, definition, format, since, until, group_by, filters, columns, recipients } = plan;
        Self {
            id,
            name,
            definition,
            format: format.as_str(),
            since,
            until,
            group_by,
            filters,
            columns,
            recipients: recipients.iter().map(ToString::to_string).collect(),
            schedule_id: view.schedule,
            email_id: view.email,
            state: state.as_str(),
            job_id: job,
            rows,
            is_truncated: file.is_some_and(|file| file.is_truncated),
            size_bytes: file.map(|file| file.size_bytes),
            sha256: file.map(|File { sha256, .. }| hex(&sha256)),
            error,
            created_at,
            finished_at,
            expires_at,
        }
    }
}

/// Lists the reports of the company, the newest first
#[utoipa::path(get, path = "/reports", operation_id = "list_reports", tag = "reports", params(PageParameters),
    responses((status = 200, description = "The reports", body = Page<ReportBody>)))]
pub(super) async fn list_reports(
    State(reports): State<Reports>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<ReportBody>>, Problem> {
    let before = page.after::<1>()?.map(|[id]| id);
    let limit = page.limit;
    let found =
        read(&reports, move |reports, snapshot| reports.list(snapshot, caller.company, before, limit + 1)).await?;
    Ok(Json(Page::cut(found, limit, |last| [last.id.hi()]).map(ReportBody::from)))
}

/// Shows a report
#[utoipa::path(get, path = "/reports/{id}", operation_id = "get_report", tag = "reports",
    params(("id" = String, Path, description = "The report's id")),
    responses((status = 200, description = "The report", body = ReportBody), (status = 404, description = "Not there")))]
pub(super) async fn get_report(
    State(reports): State<Reports>,
    caller: Caller,
    Path(id): Path<ReportId>,
) -> Result<Json<ReportBody>, Problem> {
    let found = read(&reports, move |reports, snapshot| reports.find(snapshot, caller.company, id)).await?;
    Ok(Json(found.into()))
}

/// Deletes a report, whatever its state
#[utoipa::path(delete, path = "/reports/{id}", operation_id = "delete_report", tag = "reports",
    params(("id" = String, Path, description = "The report's id")),
    responses((status = 204, description = "Gone; its file is removed soon after"),
        (status = 404, description = "Not there")))]
pub(super) async fn delete_report(
    State(reports): State<Reports>,
    author: Author,
    Path(id): Path<ReportId>,
) -> Result<StatusCode, Problem> {
    let handle = reports.clone();
    reports.db().write_reclaiming(move |tx| handle.delete(tx, author.by(), id)).await.map_err(|error: Error| error)?;
    Ok(StatusCode::NO_CONTENT)
}
