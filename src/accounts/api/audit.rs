//! The audit log on the wire.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::read;
use crate::{
    accounts::{Accounts, Error},
    audit::{self, EntryView, Format},
    auth::Caller,
    base::Timestamp,
    http::{Json, Page, PageQuery, Problem, Query},
};

/// Entries looked at for one page; a page may be empty and not the last.
const SCAN_MAX: usize = 5_000;
/// Entries read at once for an export.
const EXPORT_PAGE: usize = 250;
/// Where an export stops; the rest follows with another request.
const EXPORT_BYTES: usize = 4 << 20;
const NEXT_AFTER: HeaderName = HeaderName::from_static("x-next-after");

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
struct ActorBody {
    /// `user`, `link` (whoever had a link that was sent to the person), `api_key`, `machine` (the command line) or
    /// `system`.
    kind: String,
    /// The person or key.
    #[schema(required)]
    id: Option<String>,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct EntryBody {
    /// Its number in the company, without gaps.
    number: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
    /// Who.
    actor: ActorBody,
    /// What was done, as `user.update`.
    action: String,
    /// To what: an id or a name.
    object: String,
    /// Its fields before; null when there was none.
    #[schema(value_type = Option<Object>, required)]
    before: Value,
    /// Its fields after; null when there is none.
    #[schema(value_type = Option<Object>, required)]
    after: Value,
    /// From where.
    #[schema(required)]
    address: Option<String>,
    /// With which request.
    #[schema(required)]
    request_id: Option<String>,
}

impl From<EntryView> for EntryBody {
    fn from(view: EntryView) -> Self {
        let EntryView { number, time, actor: (kind, id), action, object, before, after, address, request_id, .. } =
            view;
        Self { number, time, actor: ActorBody { kind, id }, action, object, before, after, address, request_id }
    }
}

/// What is looked for, and which page.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditParameters {
    /// Entries in a page, 1 to 250; 50 when left out.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// A person's or key's id, or a kind of actor.
    actor: Option<String>,
    /// An action, or its part before the dot.
    action: Option<String>,
    /// An object.
    object: Option<String>,
    /// Not before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Lists who did what, the newest first
#[utoipa::path(get, path = "/audit", operation_id = "list_audit_entries", tag = "audit", params(AuditParameters),
    description = "A filtered page may be empty and still have a next one.",
    responses((status = 200, description = "The entries", body = Page<EntryBody>)))]
pub(super) async fn list_audit_entries(
    State(accounts): State<Accounts>,
    caller: Caller,
    Query(parameters): Query<AuditParameters>,
) -> Result<Json<Page<EntryBody>>, Problem> {
    let AuditParameters { limit, cursor, actor, action, object, since, until } = parameters;
    let page = PageQuery::parse(limit, cursor.as_deref())?;
    let before = page.after::<1>()?.map(|[number]| number);
    let query = audit::Query { actor, action, object, since, until };
    let (found, next) = read(&accounts, move |snapshot| {
        Ok(audit::list(snapshot, caller.company, &query, before, (page.limit, SCAN_MAX))?)
    })
    .await?;
    Ok(Json(Page::with_next(found, next.map(|number| [number])).map(EntryBody::from)))
}

/// In which form, and from where on.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportParameters {
    /// `ndjson` or `csv`.
    format: Option<String>,
    /// Only entries after this number: the `X-Next-After` of the answer before.
    after: Option<u64>,
}

/// Exports the audit log, the oldest first
#[utoipa::path(get, path = "/audit/export", operation_id = "export_audit_entries", tag = "audit", params(ExportParameters),
    description = "About 4 MiB at a time. When more follows, the header `X-Next-After` has the number to go on after.",
    responses((status = 200, description = "Lines of JSON or CSV, each with the hash of its place in the chain",
        content((String = "application/x-ndjson"), (String = "text/csv")))))]
pub(super) async fn export_audit_entries(
    State(accounts): State<Accounts>,
    caller: Caller,
    Query(parameters): Query<ExportParameters>,
) -> Result<Response, Problem> {
    let format = match parameters.format.as_deref() {
        None | Some("ndjson") => Format::Ndjson,
        Some("csv") => Format::Csv,
        Some(_) => return Err(Problem::invalid("/format", "is ndjson or csv")),
    };
    let from = parameters.after.unwrap_or(0);
    let (text, next) = read(&accounts, move |snapshot| {
        let mut text = format.head().to_owned();
        let mut last = from;
        while text.len() < EXPORT_BYTES {
            let page = audit::after(snapshot, caller.company, last, EXPORT_PAGE)?;
            let is_end = page.len() < EXPORT_PAGE;
            for view in &page {
                text.push_str(&audit::line(view, format));
                last = view.number;
            }
            if is_end {
                return Ok::<_, Error>((text, None));
            }
        }
        Ok((text, Some(last)))
    })
    .await?;
    let mut headers = HeaderMap::new();
    let (kind, name) = match format {
        Format::Ndjson => ("application/x-ndjson; charset=utf-8", "attachment; filename=\"audit.ndjson\""),
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    if let Some(next) = next {
        headers.insert(NEXT_AFTER, HeaderValue::from(next));
    }
    Ok((headers, text).into_response())
}
