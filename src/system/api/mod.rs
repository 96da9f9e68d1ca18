//! `/health`, `/health/live`, `/health/ready`, `/metrics`: with and without the `/api/v1` prefix; `/version` and `/storage`
//! with it.

mod storage;

use axum::{
    body::Body,
    extract::{FromRef, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Phase, Status, System};
use crate::{
    auth::{Auth, Caller},
    http::{Problem, json_response, problems},
};

/// What probes and scrapers ask, relative to where it is mounted.
pub fn probes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    System: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(get_health))
        .routes(routes!(get_liveness))
        .routes(routes!(get_readiness))
        .routes(routes!(get_metrics))
}

/// All routes, relative to where they are mounted.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    System: FromRef<S>,
    Auth: FromRef<S>,
{
    probes().routes(routes!(get_version)).routes(routes!(storage::get_storage))
}

/// How the instance is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Health)]
pub struct HealthDocument {
    /// `ok`, `degraded` (works, somebody should look) or `down`.
    #[schema(example = "ok")]
    status: &'static str,
    /// `starting`, `ready` or `stopping`.
    #[schema(example = "ready")]
    phase: &'static str,
    /// The version of the binary.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Time since the start.
    uptime_seconds: u64,
    /// One object per part, with its `status` and figures.
    #[schema(value_type = Object)]
    checks: Map<String, Value>,
}

/// Shows how every part is
#[utoipa::path(get, path = "/health", operation_id = "get_health", tag = "system", security(()), responses(
    (status = 200, description = "Works; `status` may be `degraded`", body = HealthDocument),
    (status = 503, description = "Not ready, or a part is down", body = HealthDocument),
))]
async fn get_health(State(system): State<System>) -> Result<Response, Problem> {
    let health = look(&system, System::health).await?;
    let checks = health.checks.into_iter().map(|(name, finding)| {
        let mut facts = Map::new();
        facts.insert("status".to_owned(), finding.status.as_str().into());
        facts.extend(finding.facts);
        (name.to_owned(), Value::Object(facts))
    });
    let document = HealthDocument {
        status: health.status.as_str(),
        phase: phase_word(health.phase),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: health.uptime_seconds,
        checks: checks.collect(),
    };
    Ok(answer(health.status != Status::Down, &document))
}

/// Runs checks and readings where they may touch the disk.
async fn look<T: Send + 'static>(system: &System, read: fn(&System) -> T) -> Result<T, Problem> {
    let system = system.clone();
    tokio::task::spawn_blocking(move || read(&system)).await.map_err(|error| Problem::internal(&error))
}

/// Whether the process answers, or takes work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Probe {
    /// `ok`, or the phase the process is in when it is not ready.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Answers while the process lives
#[utoipa::path(get, path = "/health/live", operation_id = "get_liveness", tag = "system", security(()), responses(
    (status = 200, description = "The process answers", body = Probe),
))]
async fn get_liveness() -> Response {
    answer(true, &Probe { status: "ok" })
}

/// Tells whether to send work here
#[utoipa::path(get, path = "/health/ready", operation_id = "get_readiness", tag = "system", security(()), responses(
    (status = 200, description = "Takes work", body = Probe),
    (status = 503, description = "Starting, stopping, or a part is down", body = Probe),
))]
async fn get_readiness(State(system): State<System>) -> Result<Response, Problem> {
    let health = look(&system, System::health).await?;
    if health.phase != Phase::Ready {
        return Ok(answer(false, &Probe { status: phase_word(health.phase) }));
    }
    let is_ready = health.status != Status::Down;
    Ok(answer(is_ready, &Probe { status: if is_ready { "ok" } else { "down" } }))
}

/// Which build answers.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Version)]
pub struct VersionDocument {
    /// The name of the program.
    #[schema(example = "novapulse")]
    name: &'static str,
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The version of the API, as in its path.
    #[schema(example = "v1")]
    api: &'static str,
}

/// Tells which version runs
#[utoipa::path(get, path = "/version", operation_id = "get_version", tag = "system", responses(
    (status = 200, description = "The version", body = VersionDocument),
))]
async fn get_version(_: Caller) -> Response {
    answer(true, &VersionDocument { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION"), api: "v1" })
}

/// Shows the metrics in the Prometheus text format
#[utoipa::path(get, path = "/metrics", operation_id = "get_metrics", tag = "system", security(()), responses(
    (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
    (status = 401, description = "A metrics token is configured and was not given"),
))]
async fn get_metrics(State(system): State<System>, headers: HeaderMap) -> Result<Response, Problem> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !system.may_read_metrics(given.and_then(|value| value.strip_prefix("Bearer "))) {
        return Err(Problem::of(&problems::UNAUTHORIZED).detail("the metrics token is required"));
    }
    let mut response = Response::new(Body::from(look(&system, System::metrics).await?));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Stopping => "stopping",
    }
}

fn answer(is_good: bool, document: &impl Serialize) -> Response {
    let status = if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_vec(document) {
        Ok(bytes) => json_response(status, bytes.into()),
        Err(error) => Problem::internal(&error).into_response(),
    }
}
