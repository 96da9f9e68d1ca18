//! The operations on jobs and queues, relative to `/api/v1`.

mod actions;
mod batch;
mod failures;
mod filter;
mod groups;
mod metrics;
mod notes;
mod operate;
mod order;
mod policy;
mod queues;
mod settings;
mod settle;
mod view;
mod work;
mod workers;

use axum::extract::FromRef;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use order::{CheckedJob, JobOrder};

use super::{Error, Jobs};
use crate::{
    auth::Auth,
    http::{Problem, problems},
    queue,
};

/// The routes.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Jobs: FromRef<S>,
    Auth: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(order::create_job, operate::list_jobs))
        .routes(routes!(batch::create_jobs))
        .routes(routes!(actions::act_on_jobs))
        .routes(routes!(operate::get_job, operate::update_job, operate::delete_job))
        .routes(routes!(notes::list_job_children))
        .routes(routes!(notes::append_job_log, notes::list_job_log))
        .routes(routes!(notes::report_job_progress))
        .routes(routes!(operate::cancel_job))
        .routes(routes!(operate::retry_job))
        .routes(routes!(operate::promote_job))
        .routes(routes!(work::heartbeat_job))
        .routes(routes!(work::complete_job))
        .routes(routes!(work::fail_job))
        .routes(routes!(work::snooze_job))
        .routes(routes!(settle::settle_jobs))
        .routes(routes!(queues::get_queue_stats))
        .routes(routes!(queues::list_queues))
        .routes(routes!(queues::get_queue, queues::update_queue))
        .routes(routes!(metrics::get_queue_metrics))
        .routes(routes!(failures::list_failures))
        .routes(routes!(failures::list_queue_failures))
        .routes(routes!(groups::list_queue_groups))
        .routes(routes!(groups::limit_queue_group, groups::unlimit_queue_group))
        .routes(routes!(queues::pause_queue))
        .routes(routes!(queues::resume_queue))
        .routes(routes!(queues::drain_queue))
        .routes(routes!(work::lease_jobs))
        .routes(routes!(workers::list_workers))
}

/// What is wrong with an `expire_at` that comes too early.
const NEVER_STARTS: &str = "must be later than run_at and the end of delay_ms: the job could never start";

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Queue(error) => of_queue(error),
            Error::NoQueue(_) | Error::NoGroup(_) => Self::not_found().detail(error.to_string()),
            Error::OwnJob(_) => Self::of(&problems::SERVER_JOB).detail(error.to_string()),
            Error::Changed => Self::of(&problems::PRECONDITION_FAILED),
        }
    }
}

fn of_queue(error: queue::Error) -> Problem {
    match &error {
        queue::Error::Storage(error) => error.clone().into(),
        queue::Error::NotFound(_) => Problem::not_found().detail(error.to_string()),
        queue::Error::LeaseLost(_) => Problem::of(&problems::STALE_LEASE).detail(error.to_string()),
        queue::Error::LogFull(_) => Problem::of(&problems::JOB_LOG_FULL).detail(error.to_string()),
        queue::Error::WrongState { .. } => Problem::of(&problems::JOB_STATE).detail(error.to_string()),
        queue::Error::OwnQueue(_) => Problem::of(&problems::SERVER_JOB).detail(error.to_string()),
        queue::Error::Invalid { field, reason } => Problem::invalid(format!("/{}", field.replace('.', "/")), *reason),
        queue::Error::NeverStarts { .. } => Problem::invalid("/expire_at", NEVER_STARTS),
        queue::Error::TooManyQueues(_) | queue::Error::TooManyLanes(_) => Problem::invalid("/queue", error.to_string()),
        queue::Error::TooManyGroups(_) => Problem::of(&problems::CONFLICT).detail(error.to_string()),
        queue::Error::TooManyLeases(_) => {
            Problem::of(&problems::RATE_LIMITED).detail(error.to_string()).retry_after_s(5)
        }
    }
}
