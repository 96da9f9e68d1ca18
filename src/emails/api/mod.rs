//! The operations of e-mails and their templates.

mod emails;
mod templates;

use axum::extract::FromRef;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Emails, Error};
use crate::{
    auth::Auth,
    http::{Problem, problems},
    queue,
    storage::{Db, Snapshot},
};

/// When to try again while too much waits to be sent.
const UNSENT_RETRY_AFTER_S: u32 = 60;

/// The routes, relative to where they are mounted.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Emails: FromRef<S>,
    Auth: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(emails::list_emails, emails::send_email))
        .routes(routes!(emails::get_email))
        .routes(routes!(templates::list_email_templates, templates::create_email_template))
        .routes(routes!(
            templates::get_email_template,
            templates::update_email_template,
            templates::put_email_template,
            templates::delete_email_template
        ))
        .routes(routes!(templates::preview_email_template))
}

/// Reads, or works for a while, on a blocking thread.
async fn read<T: Send + 'static>(
    db: &Db,
    closure: impl FnOnce(&Snapshot) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    Ok(db.read(closure).await??)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Storage(error) | Error::Queue(queue::Error::Storage(error)) => error.into(),
            Error::Queue(error) => Self::internal(&error),
            Error::NotFound(_) => Self::not_found().detail(error.to_string()),
            Error::Invalid(refused) => refused
                .into_iter()
                .fold(Self::of(&problems::VALIDATION_FAILED), |problem, one| problem.error(one.pointer, one.detail)),
            Error::Unsent(limit) => {
                Self::of(&problems::TOO_MANY_UNSENT).detail(limit.to_string()).retry_after_s(UNSENT_RETRY_AFTER_S)
            }
            Error::TemplateExists(_) | Error::Limit { .. } => Self::of(&problems::CONFLICT).detail(error.to_string()),
        }
    }
}
