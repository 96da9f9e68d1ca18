//! A small histogram of durations for percentiles.
//!
//! Buckets grow by a fourth of an octave (19 %) from 250 µs to some days, so a percentile is off
//! by less than 10 %. Only buckets that were hit take space.

use serde::{Deserialize, Serialize};

const FIRST_US: f64 = 250.0;
const BUCKETS_PER_OCTAVE: f64 = 4.0;
const LAST_BUCKET: u8 = 124;

/// Counts of durations by bucket, sorted by bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    counts: Vec<(u8, u32)>,
}

impl Histogram {
    /// Counts one duration.
    pub fn record_us(&mut self, duration_us: u64) {
        self.add(bucket_of(duration_us), 1);
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            self.add(*bucket, *count);
        }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many durations were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The duration in milliseconds that the share `quantile` (0 to 1) of the counted ones do not exceed.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let rank = (quantile.clamp(0.0, 1.0) * total as f64).max(1.0);
        let mut below = 0.0;
        for (bucket, count) in &self.counts {
            let count = f64::from(*count);
            if below + count >= rank {
                let (low, high) = (lower_us(*bucket), lower_us(bucket + 1));
                let us = low + (high - low) * ((rank - below) / count);
                return Some((us / 10.0).round() / 100.0);
            }
            below += count;
        }
        None
    }

    fn add(&mut self, bucket: u8, by: u32) {
        match self.counts.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(found) => {
                if let Some((_, count)) = self.counts.get_mut(found) {
                    *count = count.saturating_add(by);
                }
            }
            Err(place) => self.counts.insert(place, (bucket, by)),
        }
    }
}

fn bucket_of(duration_us: u64) -> u8 {
    let duration = duration_us as f64;
    if duration < FIRST_US {
        return 0;
    }
    let bucket = ((duration / FIRST_US).log2() * BUCKETS_PER_OCTAVE).floor() + 1.0;
    (bucket as u8).min(LAST_BUCKET)
}

fn lower_us(bucket: u8) -> f64 {
    if bucket == 0 { 0.0 } else { FIRST_US * (f64::from(bucket - 1) / BUCKETS_PER_OCTAVE).exp2() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::Histogram;

    #[test]
    fn an_empty_histogram_has_no_quantiles() {
        assert_eq!(Histogram::default().quantile_ms(0.5), None);
    }

    #[test]
    fn merged_histograms_equal_one_that_saw_all() {
        let (mut left, mut right, mut all) = (Histogram::default(), Histogram::default(), Histogram::default());
        for us in (0..10_000).map(|step| step * 700) {
            all.record_us(us);
            if us % 3 == 0 { left.record_us(us) } else { right.record_us(us) }
        }
        left.merge(&right);
        assert_eq!(left, all);
        assert_eq!(all.total(), 10_000);
    }

    proptest! {
        #[test]
        fn quantiles_are_close_and_rise(mut values in proptest::collection::vec(300_u64..30_000_000, 1..300)) {
            let mut histogram = Histogram::default();
            for us in &values {
                histogram.record_us(*us);
            }
            values.sort_unstable();
            let mut last = 0.0;
            for quantile in [0.5, 0.95, 1.0] {
                let rank = ((quantile * values.len() as f64).ceil() as usize).max(1);
                let exact = values[rank - 1] as f64 / 1000.0;
                let read = histogram.quantile_ms(quantile).unwrap();
                prop_assert!((read / exact - 1.0).abs() < 0.2, "{read} for {exact}");
                prop_assert!(read >= last);
                last = read;
            }
            prop_assert_eq!(histogram.total(), values.len() as u64);
        }
    }
}
