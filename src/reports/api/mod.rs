//! The operations of reports and their definitions.

mod definitions;
mod download;
mod order;
mod range;
mod view;

use axum::extract::FromRef;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use order::ReportOrder;

use super::{Error, Reports, definitions::Definition};
use crate::{
    auth::{Auth, Caller, Scope, Scopes},
    http::{Problem, problems},
    queue,
    storage::Snapshot,
};

/// The routes, relative to where they are mounted.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reports: FromRef<S>,
    Auth: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(definitions::list_report_definitions))
        .routes(routes!(view::list_reports, order::create_report))
        .routes(routes!(view::get_report, view::delete_report))
        .routes(routes!(download::download_report))
}

/// Reads on a blocking thread.
async fn read<T: Send + 'static>(
    reports: &Reports,
    closure: impl FnOnce(&Reports, &Snapshot) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let handle = reports.clone();
    Ok(reports.db().read(move |snapshot| closure(&handle, snapshot)).await??)
}

/// Refuses who may not read what the report is made of. Taking the audit log out asks for a proof, as its export does.
fn may_read(auth: &Auth, caller: &Caller, definition: &Definition) -> Result<(), Problem> {
    has_scope(caller.scopes, definition)?;
    if definition.scope == Scope::AuditRead { Ok(auth.require_proof(caller)?) } else { Ok(()) }
}

/// Refuses who has not the scope of what the report is made of.
fn has_scope(scopes: Scopes, definition: &Definition) -> Result<(), Problem> {
    if scopes.contains(definition.scope) {
        return Ok(());
    }
    let detail = format!("a report of {} needs the scope {}", definition.name, definition.scope);
    Err(Problem::of(&problems::FORBIDDEN).detail(detail))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Storage(error) | Error::Queue(queue::Error::Storage(error)) => error.into(),
            Error::NotFound => Self::not_found().detail(error.to_string()),
            Error::Invalid(refused) => refused
                .into_iter()
                .fold(Self::of(&problems::VALIDATION_FAILED), |problem, one| problem.error(one.pointer, one.detail)),
            Error::NotReady(_) | Error::TooMany(_) => Self::of(&problems::CONFLICT).detail(error.to_string()),
            Error::TooMuch(_) => Self::of(&problems::REPORTS_FULL).detail(error.to_string()),
            Error::Blob(_) => Self::of(&problems::BLOBS_UNAVAILABLE).cause(&error),
            Error::Queue(_) | Error::Webhooks(_) | Error::Mail(_) | Error::Render(_) | Error::NoRoom(_) => {
                Self::internal(&error)
            }
        }
    }
}
