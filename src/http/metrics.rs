//! What the HTTP server counts.

use axum::http::StatusCode;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Buckets from half a millisecond to the request time-out.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Handles to the server's metrics; the labels are resolved once, so that recording is only adding.
#[derive(Debug, Clone)]
pub struct Metrics {
    by_class: [IntCounter; 5],
    duration: Histogram,
    /// Connections open now.
    pub(super) connections: IntGauge,
    /// Connections turned away at a limit.
    pub(super) refused: IntCounter,
    /// Connections that ended before the TLS handshake was done.
    pub(super) handshakes_failed: IntCounter,
}

impl Metrics {
    /// Creates the metrics and registers them.
    ///
    /// # Errors
    /// When the registry holds metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = Opts::new("novapulse_http_requests_total", "Requests answered, by class of status.");
        let requests = IntCounterVec::new(requests, &["status"])?;
        let duration = HistogramOpts::new("novapulse_http_request_duration_seconds", "Time from request to answer.");
        let duration = Histogram::with_opts(duration.buckets(SECONDS.to_vec()))?;
        let connections = IntGauge::new("novapulse_http_connections", "Connections open now.")?;
        let refused =
            IntCounter::new("novapulse_http_connections_refused_total", "Connections turned away at a limit.")?;
        let handshakes_failed = IntCounter::new(
            "novapulse_http_tls_handshakes_failed_total",
            "TLS handshakes that failed, were not begun or took too long.",
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(connections.clone()))?;
        registry.register(Box::new(refused.clone()))?;
        registry.register(Box::new(handshakes_failed.clone()))?;
        let by_class = ["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| requests.with_label_values(&[class]));
        Ok(Self { by_class, duration, connections, refused, handshakes_failed })
    }

    pub(super) fn record(&self, status: StatusCode, elapsed_us: u64) {
        if let Some(counter) = self.by_class.get(usize::from(status.as_u16() / 100).saturating_sub(1)) {
            counter.inc();
        }
        self.duration.observe(elapsed_us as f64 / 1e6);
    }
}
