//! What sign-ins cost beside the hash of the password.

use prometheus::{Histogram, HistogramOpts, Registry};

/// Upper bounds in seconds: finest around the millisecond that is promised.
const BOUNDS: [f64; 21] = [
    0.0002, 0.0003, 0.0004, 0.0005, 0.0006, 0.0007, 0.0008, 0.0009, 0.001, 0.0011, 0.0012, 0.0013, 0.0014, 0.0016,
    0.002, 0.003, 0.005, 0.01, 0.025, 0.1, 1.0,
];

/// Times of sign-ins; the default counts nothing, for offline work and tests.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    beside_hash: Option<Histogram>,
}

impl Metrics {
    /// Creates the metric and registers it.
    ///
    /// # Errors
    /// When the registry holds a metric of this name already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let about = "Time in successful sign-ins without the hash of the password and the wait for its turn.";
        let options = HistogramOpts::new("novapulse_sign_in_beside_hash_seconds", about).buckets(BOUNDS.to_vec());
        let beside_hash = Histogram::with_opts(options)?;
        registry.register(Box::new(beside_hash.clone()))?;
        Ok(Self { beside_hash: Some(beside_hash) })
    }

    /// Takes a successful sign-in in: what it took beside the hash, in microseconds.
    pub(super) fn signed_in(&self, beside_hash_us: u64) {
        if let Some(histogram) = &self.beside_hash {
            histogram.observe(std::time::Duration::from_micros(beside_hash_us).as_secs_f64());
        }
    }
}
