//! What this slice counts.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use super::Format;

/// Handles to the metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    rendered: IntCounterVec,
    bytes: IntCounter,
    rows: IntCounter,
}

impl Metrics {
    /// Creates the metrics and registers them.
    ///
    /// # Errors
    /// When the registry holds metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let rendered = Opts::new("novapulse_reports_rendered_total", "Tries to render a report, by how they ended.");
        let rendered = IntCounterVec::new(rendered, &["format", "outcome"])?;
        let bytes = IntCounter::new("novapulse_reports_bytes_total", "Bytes of reports that were rendered.")?;
        let rows = IntCounter::new("novapulse_reports_rows_total", "Rows of reports that were rendered.")?;
        registry.register(Box::new(rendered.clone()))?;
        registry.register(Box::new(bytes.clone()))?;
        registry.register(Box::new(rows.clone()))?;
        for format in Format::ALL {
            for outcome in ["ready", "failed"] {
                rendered.with_label_values(&[format.as_str(), outcome]);
            }
        }
        Ok(Self { rendered, bytes, rows })
    }

    pub(super) fn ready(&self, format: Format, rows: u64, bytes: u64) {
        self.rendered.with_label_values(&[format.as_str(), "ready"]).inc();
        self.bytes.inc_by(bytes);
        self.rows.inc_by(rows);
    }

    pub(super) fn failed(&self, format: Format) {
        self.rendered.with_label_values(&[format.as_str(), "failed"]).inc();
    }
}
