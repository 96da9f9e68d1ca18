//! From the configuration to concrete handles.

use std::sync::Arc;

use super::Error;
use crate::{
    base::Clock,
    config::Config,
    http,
    system::{Parts, System},
    telemetry::Metrics,
};

/// The HTTP server's limits.
pub(super) fn http_options(config: &Config) -> http::Options {
    let server = &config.server;
    http::Options {
        request_timeout_ms: server.request_timeout_ms,
        slow_request_ms: config.telemetry.slow_request_ms,
        body_bytes_max: server.body_max.as_usize(),
        connections_max: server.connections_max,
        header_read_timeout_ms: server.header_timeout_ms,
        trusted_proxies: server.trusted_proxies.clone(),
        ..http::Options::default()
    }
}

/// The system slice with its checks.
pub(super) fn system(config: &Config, clock: &Arc<dyn Clock>, metrics: &Metrics) -> System {
    System::new(Parts {
        metrics: metrics.clone(),
        clock: Arc::clone(clock),
        metrics_token: config.server.metrics_token.clone(),
        checks: Vec::new(),
        refresh: Vec::new(),
    })
}

/// The registry with the metrics of every module.
pub(super) fn metrics() -> Result<(Metrics, http::Metrics), Error> {
    let metrics = Metrics::new()?;
    let http = http::Metrics::register(metrics.registry())?;
    Ok((metrics, http))
}
