//! The operations of events, event types, webhooks and deliveries.

mod check;
mod deliveries;
mod event_types;
mod events;
mod log;
mod patch;
mod play;
mod replay;
mod retry;
mod secrets;
mod stats;
mod webhooks;

use axum::extract::FromRef;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use play::play_routes;

use super::{Error, Webhooks};
use crate::{
    auth::Auth,
    events::Error as EventsError,
    http::{Problem, problems},
    queue,
    storage::{self, Db, Snapshot},
};

/// The routes, relative to where they are mounted.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Webhooks: FromRef<S>,
    Auth: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(event_types::list_event_types, event_types::create_event_type))
        .routes(routes!(event_types::get_event_type, event_types::update_event_type, event_types::delete_event_type))
        .routes(routes!(events::list_events, events::create_event))
        .routes(routes!(events::create_events))
        .routes(routes!(events::get_event))
        .routes(routes!(replay::replay_event))
        .routes(routes!(webhooks::list_webhooks, webhooks::create_webhook))
        .routes(routes!(check::check_webhook_url))
        .routes(routes!(webhooks::get_webhook, webhooks::update_webhook, webhooks::delete_webhook))
        .routes(routes!(deliveries::test_webhook))
        .routes(routes!(log::list_webhook_logs))
        .routes(routes!(secrets::get_webhook_secret))
        .routes(routes!(secrets::rotate_webhook_secret))
        .routes(routes!(stats::get_webhook_stats))
        .routes(routes!(replay::replay_webhook))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::retry_delivery))
        .routes(routes!(deliveries::cancel_delivery))
        .routes(routes!(play::create_play_receiver))
}

/// Reads on a blocking thread.
async fn read<T: Send + 'static>(
    db: &Db,
    closure: impl FnOnce(&Snapshot) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    Ok(db.read(closure).await??)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Storage(error) => error.into(),
            Error::Queue(error) => from_queue(error),
            Error::Events(error) => from_events(error),
            Error::Seal { .. } => Self::internal(&error),
            Error::NotFound(_) => Self::not_found().detail(error.to_string()),
            Error::Invalid(refused) => refused
                .into_iter()
                .fold(Self::of(&problems::VALIDATION_FAILED), |problem, one| problem.error(one.pointer, one.detail)),
            Error::Limit { .. } | Error::EventTypeExists(_) | Error::State(_) => {
                Self::of(&problems::CONFLICT).detail(error.to_string())
            }
            Error::Unavailable => Self::of(&problems::OUTBOUND_UNAVAILABLE).detail(error.to_string()),
        }
    }
}

fn from_events(error: EventsError) -> Problem {
    match error {
        EventsError::Storage(error) => error.into(),
        EventsError::OtherContent(_) => Problem::of(&problems::CONFLICT).detail(error.to_string()),
        EventsError::TooManyDeliveries => Problem::of(&problems::VALIDATION_FAILED).detail(error.to_string()),
        EventsError::Subscriber(_) => Problem::internal(&error),
    }
}

fn from_queue(error: queue::Error) -> Problem {
    match error {
        queue::Error::Storage(error) => error.into(),
        other => Problem::internal(&other),
    }
}

impl From<(usize, Error)> for BatchError {
    fn from((position, error): (usize, Error)) -> Self {
        Self { position: Some(position), problem: error.into() }
    }
}

/// Why a batch is refused, and at which item.
#[derive(Debug)]
struct BatchError {
    position: Option<usize>,
    problem: Problem,
}

impl From<storage::Error> for BatchError {
    fn from(error: storage::Error) -> Self {
        Self { position: None, problem: error.into() }
    }
}

impl From<BatchError> for Problem {
    fn from(error: BatchError) -> Self {
        let Some(position) = error.position else { return error.problem };
        let pointer = format!("/events/{position}");
        if error.problem.errors().is_empty() && !error.problem.status().is_server_error() {
            let detail = error.problem.to_string();
            return error.problem.error(pointer, detail);
        }
        error.problem.below(&pointer)
    }
}
