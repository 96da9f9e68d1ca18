//! Figures of a webhook on the wire.

#![expect(unused_qualifications, reason = "written by the macro that describes an operation")]

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::read;
use crate::{
    auth::Caller,
    base::{Timestamp, WebhookId},
    http::{Json, Path, Problem, Query},
    webhooks::{
        Webhooks,
        breaker::Gate,
        service::stats::{Stats, Window},
    },
};

/// Which window.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StatsParameters {
    /// `1h`, `24h`, `7d` or `30d`; `24h` when left out.
    #[param(default = "24h")]
    window: Option<String>,
}

/// What happened to a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookStats)]
pub(super) struct StatsView {
    /// The window.
    window: &'static str,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Attempts in the window.
    attempts: u64,
    /// Attempts answered with 2xx.
    succeeded: u64,
    /// Attempts that failed.
    failed: u64,
    /// Deliveries given up.
    exhausted: u64,
    /// Share of attempts that succeeded, 0 to 1; null without attempts.
    #[schema(required)]
    success_rate: Option<f64>,
    /// Half of the answers came within this time.
    #[schema(required)]
    p50_ms: Option<f64>,
    /// 95 % of the answers came within this time.
    #[schema(required)]
    p95_ms: Option<f64>,
    /// Deliveries pending now.
    backlog: u64,
    /// The circuit breaker: `closed`, `open` or `half_open`.
    breaker: &'static str,
    /// When an open breaker lets a probe through.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    next_probe_at: Option<Timestamp>,
    /// Since when nothing has succeeded; null after a success.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    failing_since: Option<Timestamp>,
    /// The last failed attempt.
    #[schema(required)]
    last_error: Option<LastErrorView>,
    /// The last 24 hours, oldest first.
    sparkline: Vec<HourView>,
    /// The window in minutes (`1h`) or hours, oldest first; those without attempts are left out.
    series: Vec<BucketView>,
}

/// A failed attempt in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookLastError)]
pub(super) struct LastErrorView {
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why, in words.
    reason: String,
    /// HTTP status of the answer, when there was one.
    #[schema(required)]
    status: Option<u16>,
}

/// One hour of the sparkline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookHour)]
pub(super) struct HourView {
    /// Attempts in the hour.
    attempts: u64,
    /// Those of them that failed.
    failed: u64,
}

/// A span of the series.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookBucket)]
pub(super) struct BucketView {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Attempts answered with 2xx.
    succeeded: u64,
    /// Attempts that failed.
    failed: u64,
    /// 95 % of the answers came within this time.
    #[schema(required)]
    p95_ms: Option<f64>,
}

impl StatsView {
    fn of(window: Window, stats: Stats) -> Self {
        let attempts = stats.total.succeeded + stats.total.failed;
        let (breaker, next_probe_at) = match stats.health.breaker.gate(stats.now.as_ms()) {
            Gate::Closed => ("closed", None),
            Gate::Open { until_ms } => ("open", Some(Timestamp::from_ms(until_ms))),
            Gate::HalfOpen => ("half_open", None),
        };
        Self {
            window: window.name(),
            since: stats.since,
            attempts,
            succeeded: stats.total.succeeded,
            failed: stats.total.failed,
            exhausted: stats.total.exhausted,
            success_rate: (attempts > 0).then(|| stats.total.succeeded as f64 / attempts as f64),
            p50_ms: stats.total.durations.quantile_ms(0.5),
            p95_ms: stats.total.durations.quantile_ms(0.95),
            backlog: stats.backlog,
            breaker,
            next_probe_at,
            failing_since: stats.health.failing_since,
            last_error: stats.health.last_failure.map(|last| LastErrorView {
                at: last.at,
                reason: last.reason,
                status: last.status,
            }),
            sparkline: stats
                .sparkline
                .iter()
                .map(|(attempts, failed)| HourView { attempts: *attempts, failed: *failed })
                .collect(),
            series: stats
                .series
                .iter()
                .map(|(start, bucket)| BucketView {
                    start: *start,
                    succeeded: bucket.succeeded,
                    failed: bucket.failed,
                    p95_ms: bucket.durations.quantile_ms(0.95),
                })
                .collect(),
        }
    }
}

/// Shows the figures of a webhook
#[utoipa::path(get, path = "/webhooks/{id}/stats", operation_id = "get_webhook_stats", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id"), StatsParameters), responses(
        (status = 200, description = "The figures", body = StatsView),
        (status = 404, description = "Not there"),
    ))]
pub(super) async fn get_webhook_stats(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    Path(id): Path<WebhookId>,
    Query(parameters): Query<StatsParameters>,
) -> Result<Json<StatsView>, Problem> {
    let name = parameters.window.as_deref().unwrap_or("24h");
    let window = Window::find(name).ok_or_else(|| Problem::invalid("/window", "must be 1h, 24h, 7d or 30d"))?;
    let handle = webhooks.clone();
    let stats = read(webhooks.db(), move |snapshot| handle.stats(snapshot, caller.company, id, window)).await?;
    Ok(Json(StatsView::of(window, stats)))
}
