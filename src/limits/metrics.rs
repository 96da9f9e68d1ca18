//! What the limits count.

use prometheus::{IntCounterVec, Opts, Registry};

/// Calls that came too soon; the default counts nothing, for offline work and tests.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    refused: Option<IntCounterVec>,
}

impl Metrics {
    /// Creates the metric and registers it.
    ///
    /// # Errors
    /// When the registry holds a metric of this name already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let refused = Opts::new("novapulse_rate_limited_total", "Calls refused because they came too soon, by limit.");
        let refused = IntCounterVec::new(refused, &["policy"])?;
        registry.register(Box::new(refused.clone()))?;
        Ok(Self { refused: Some(refused) })
    }

    pub(super) fn refused(&self, policy: &'static str) {
        if let Some(refused) = &self.refused {
            refused.with_label_values(&[policy]).inc();
        }
    }
}
