//! `GET /queues/{name}/metrics`: what came, ended and took how long, over time.

#![expect(unused_qualifications, reason = "written by the macro that describes an operation")]

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{Error, Jobs},
    queues::queue_name,
};
use crate::{
    auth::Caller,
    base::{Histogram, Timestamp},
    http::{Json, Path, Problem, Query},
    queue::{self, HISTORY_KEPT_MS, MINUTE_MS, Minute},
};

/// Most points of an answer.
const POINTS_MAX: u64 = 1_500;
/// Points of an answer whose step was left to us, about.
const POINTS_USUAL: u64 = 60;
/// The window when none is asked for: an hour.
const WINDOW_MS_USUAL: u64 = 60 * MINUTE_MS;

/// Which time, in which steps.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MetricsParameters {
    /// How far back: a number of minutes, hours or days, as `90m`, `24h`, `7d`; at most `30d`, `1h` when left out.
    #[param(default = "1h")]
    window: Option<String>,
    /// The length of one point, in the same form; chosen for about 60 points when left out, and at most 1,500.
    #[param(example = "5m")]
    step: Option<String>,
}

/// Percentiles of durations, in milliseconds; null where there were none.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Percentiles)]
pub(super) struct PercentilesDocument {
    /// Half took no longer.
    #[schema(required)]
    p50: Option<f64>,
    /// 95 % took no longer.
    #[schema(required)]
    p95: Option<f64>,
    /// 99 % took no longer.
    #[schema(required)]
    p99: Option<f64>,
}

impl From<&Histogram> for PercentilesDocument {
    fn from(histogram: &Histogram) -> Self {
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|quantile| histogram.quantile_ms(quantile));
        Self { p50, p95, p99 }
    }
}

/// What happened in one step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueMetricsPoint)]
pub(super) struct PointDocument {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Jobs that were enqueued.
    added: u64,
    /// Jobs that were completed.
    completed: u64,
    /// Jobs that were given up.
    failed: u64,
    /// Attempts that failed and are followed by another one.
    retried: u64,
    /// From a job's place in line to its start.
    wait_ms: PercentilesDocument,
    /// Of attempts that ended by themselves.
    run_ms: PercentilesDocument,
}

impl From<(Timestamp, Minute)> for PointDocument {
    fn from((start, minute): (Timestamp, Minute)) -> Self {
        let Minute { added, completed, failed, retried, waits, runs } = minute;
        Self { start, added, completed, failed, retried, wait_ms: (&waits).into(), run_ms: (&runs).into() }
    }
}

/// The figures of a queue over time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueMetrics)]
pub(super) struct MetricsDocument {
    /// The queue.
    #[schema(example = "images")]
    name: String,
    /// The length of a point.
    step_ms: u64,
    /// The points, the oldest first; the last one is not over yet.
    points: Vec<PointDocument>,
}

/// Shows what a queue did over time
///
/// Of the caller's company, by minute, for thirty days. Counts are exact; after a kill those of its last minute are told by
/// the first minute after the start, and the durations of that minute are lost. Percentiles are within 10 %.
#[utoipa::path(get, path = "/queues/{name}/metrics", operation_id = "get_queue_metrics", tag = "queues",
    params(("name" = String, Path), MetricsParameters), responses(
        (status = 200, description = "The figures", body = MetricsDocument),
        (status = 404, description = "The company has no such queue"),
    ))]
pub(super) async fn get_queue_metrics(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(name): Path<String>,
    Query(parameters): Query<MetricsParameters>,
) -> Result<Json<MetricsDocument>, Problem> {
    let (window_ms, step_ms) = parameters.check()?;
    let queue = queue_name(&name)?;
    jobs.queue(caller.company, queue.clone()).await?;
    let (work, now) = (jobs.clone(), jobs.db().now());
    let steps = window_ms.div_ceil(step_ms);
    // The last step is the one under way, and steps begin at whole multiples of their length.
    let last = now.floor(step_ms);
    let since = Timestamp::from_ms(last.as_ms().saturating_sub_unsigned((steps - 1) * step_ms));
    let range = (since, step_ms, usize::try_from(steps).unwrap_or(usize::MAX));
    let read = jobs.db().read(move |snapshot| work.queues().history(snapshot, caller.company, &queue, range));
    let points = read.await.map_err(|error| Error::Queue(queue::Error::Storage(error)))?.map_err(Error::Queue)?;
    Ok(Json(MetricsDocument { name, step_ms, points: points.into_iter().map(PointDocument::from).collect() }))
}

impl MetricsParameters {
    /// Window and step in milliseconds.
    fn check(&self) -> Result<(u64, u64), Problem> {
        let window_ms = self.window.as_deref().map_or(Ok(WINDOW_MS_USUAL), |text| span(text, "/window"))?;
        if window_ms > HISTORY_KEPT_MS {
            return Err(Problem::invalid("/window", "must be at most 30d"));
        }
        let usual_ms = window_ms.div_ceil(POINTS_USUAL).next_multiple_of(MINUTE_MS);
        let step_ms = self.step.as_deref().map_or(Ok(usual_ms), |text| span(text, "/step"))?;
        if step_ms > window_ms {
            return Err(Problem::invalid("/step", "must not be longer than the window"));
        }
        if window_ms.div_ceil(step_ms) > POINTS_MAX {
            return Err(Problem::invalid("/step", format!("makes more than {POINTS_MAX} points of this window")));
        }
        Ok((window_ms, step_ms))
    }
}

fn span(text: &str, pointer: &'static str) -> Result<u64, Problem> {
    let refused = || Problem::invalid(pointer, "must be a number of minutes, hours or days, as 90m, 24h or 7d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(refused)?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return Err(refused()),
    };
    let is_plain = (1..=5).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|number| is_plain && *number > 0).ok_or_else(refused)?;
    Ok(number * minutes * MINUTE_MS)
}
