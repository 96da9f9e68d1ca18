//! What this slice counts.

use prometheus::{Histogram, HistogramOpts, IntCounter, Registry};

/// Buckets from ten milliseconds to a day.
const SECONDS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0, 600.0, 3_600.0, 86_400.0];

/// Handles to the metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(super) ticks: IntCounter,
    pub(super) catch_ups: IntCounter,
    pub(super) refused: IntCounter,
    pub(super) lateness: Histogram,
}

impl Metrics {
    /// Creates the metrics and registers them.
    ///
    /// # Errors
    /// When the registry holds metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let lateness =
            HistogramOpts::new("novapulse_schedule_lateness_seconds", "Time from a tick to the commit of its job.");
        let lateness = Histogram::with_opts(lateness.buckets(SECONDS.to_vec()))?;
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let metrics = Self {
            ticks: counter("novapulse_schedule_ticks_total", "Ticks of schedules whose jobs were enqueued.")?,
            catch_ups: counter("novapulse_schedule_catch_ups_total", "Times a schedule was found with missed ticks.")?,
            refused: counter("novapulse_schedule_ticks_refused_total", "Ticks whose job was refused.")?,
            lateness: lateness.clone(),
        };
        registry.register(Box::new(lateness))?;
        Ok(metrics)
    }
}
