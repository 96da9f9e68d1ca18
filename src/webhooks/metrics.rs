//! What this slice counts.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

use super::{model::Attempt, response::FailureKind};
use crate::storage::Tx;

/// Buckets from a millisecond to the longest attempt.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Handles to the metrics; the labels are resolved once, so that counting is only adding.
#[derive(Debug, Clone)]
pub struct Metrics {
    succeeded: IntCounter,
    failed: [IntCounter; FailureKind::ALL.len()],
    duration: Histogram,
    deliveries: IntCounter,
    exhausted: IntCounter,
    disabled: IntCounter,
}

impl Metrics {
    /// Creates the metrics and registers them.
    ///
    /// # Errors
    /// When the registry holds metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let attempts = Opts::new("novapulse_webhook_attempts_total", "Attempts that ended, by how they ended.");
        let attempts = IntCounterVec::new(attempts, &["outcome"])?;
        let duration = HistogramOpts::new("novapulse_webhook_attempt_duration_seconds", "Time of one attempt.");
        let duration = Histogram::with_opts(duration.buckets(SECONDS.to_vec()))?;
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let metrics = Self {
            succeeded: attempts.with_label_values(&["succeeded"]),
            failed: FailureKind::ALL.map(|kind| attempts.with_label_values(&[kind.name()])),
            duration: duration.clone(),
            deliveries: counter("novapulse_webhook_deliveries_total", "Deliveries created.")?,
            exhausted: counter("novapulse_webhook_deliveries_failed_total", "Deliveries given up.")?,
            disabled: counter("novapulse_webhook_disabled_total", "Webhooks disabled because they only failed.")?,
        };
        registry.register(Box::new(attempts))?;
        registry.register(Box::new(duration))?;
        Ok(metrics)
    }

    /// Counts an attempt once it is durable, and the delivery it was the last of.
    pub(super) fn record_attempt(&self, tx: &mut Tx<'_>, attempt: &Attempt, is_exhausted: bool) {
        let outcome = match attempt.failure {
            None => Some(&self.succeeded),
            Some(kind) => self.failed.get(kind as usize),
        };
        let (outcome, duration) = (outcome.cloned(), self.duration.clone());
        let exhausted = is_exhausted.then(|| self.exhausted.clone());
        let seconds = f64::from(attempt.phases.total_us) / 1e6;
        tx.on_commit(move || {
            outcome.iter().chain(&exhausted).for_each(IntCounter::inc);
            duration.observe(seconds);
        });
    }

    /// Counts new deliveries once they are durable.
    pub(super) fn record_deliveries(&self, tx: &mut Tx<'_>, count: u32) {
        if count > 0 {
            let deliveries = self.deliveries.clone();
            tx.on_commit(move || deliveries.inc_by(u64::from(count)));
        }
    }

    /// Counts a disabled webhook once that is durable.
    pub(super) fn record_disabled(&self, tx: &mut Tx<'_>) {
        let disabled = self.disabled.clone();
        tx.on_commit(move || disabled.inc());
    }
}

#[cfg(test)]
mod tests {
    use super::FailureKind;

    #[test]
    fn kinds_stand_at_their_numbers() {
        for (place, kind) in FailureKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
