//! The times at which a rule would tick, for somebody who is still writing it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{super::Schedules, rule_of};
use crate::{
    auth::Caller,
    base::Timestamp,
    http::{Json, Problem, Query},
};

/// The rule to look at, as in a schedule.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PreviewQuery {
    /// A cron rule. Not together with `every_ms`.
    #[param(example = "30 3 * * *", max_length = 256)]
    cron: Option<String>,
    /// An interval in milliseconds.
    #[param(minimum = 1000)]
    every_ms: Option<u64>,
    /// The zone of the cron rule; UTC when left out.
    #[param(example = "Europe/Berlin")]
    timezone: Option<String>,
}

/// When a rule would tick.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchedulePreview)]
pub(super) struct PreviewDocument {
    /// The next five ticks, if the schedule began now.
    #[schema(value_type = Vec<String>)]
    next_times: Vec<Timestamp>,
}

/// Shows when a rule would tick
///
/// Nothing is stored.
#[utoipa::path(get, path = "/schedules/preview", operation_id = "preview_schedule", tag = "schedules", params(PreviewQuery),
    responses(
        (status = 200, description = "The next five ticks", body = PreviewDocument),
        (status = 422, description = "The rule or the time zone cannot be"),
    ))]
pub(super) async fn preview_schedule(
    State(schedules): State<Schedules>,
    _: Caller,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<PreviewDocument>, Problem> {
    let rule = rule_of(query.cron, query.every_ms, query.timezone)?;
    Ok(Json(PreviewDocument { next_times: schedules.preview(rule).await? }))
}
