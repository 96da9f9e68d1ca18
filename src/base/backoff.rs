//! How long to wait before the next try: exponential, fixed, linear or a given list.
//!
//! Pure: the number of the failed try and a random number go in, milliseconds come out.

use serde::{Deserialize, Serialize};

/// The longest wait that is ever computed: 30 days.
pub const MAX_DELAY_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// How the wait grows from try to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// `base · 2^(n−1)` after the n-th failed try.
    Exponential {
        /// The wait after the first failed try.
        base_ms: u64,
    },
    /// The same wait every time.
    Fixed {
        /// The wait.
        delay_ms: u64,
    },
    /// `step · n` after the n-th failed try.
    Linear {
        /// The wait after the first failed try, and what each further one adds.
        step_ms: u64,
    },
    /// The n-th entry after the n-th failed try; the last one repeats; an empty list does not wait.
    List {
        /// The waits in order.
        delays_ms: Vec<u64>,
    },
}

/// A rule for the wait between tries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// How the wait grows.
    pub growth: Growth,
    /// No wait is longer than this; [`MAX_DELAY_MS`] always holds.
    pub max_ms: Option<u64>,
    /// Share of the wait that is random, 0 to 1: the result lies between `wait · (1 − jitter)` and `wait`.
    pub jitter: f32,
}

impl Backoff {
    /// Doubling waits without jitter.
    #[must_use]
    pub const fn exponential(base_ms: u64) -> Self {
        Self { growth: Growth::Exponential { base_ms }, max_ms: None, jitter: 0.0 }
    }

    /// Equal waits without jitter.
    #[must_use]
    pub const fn fixed(delay_ms: u64) -> Self {
        Self { growth: Growth::Fixed { delay_ms }, max_ms: None, jitter: 0.0 }
    }

    /// The same rule with jitter, clamped to 0–1.
    #[must_use]
    pub const fn with_jitter(mut self, jitter: f32) -> Self {
        self.jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
        self
    }

    /// The same rule with a longest wait.
    #[must_use]
    pub const fn with_max(mut self, max_ms: u64) -> Self {
        self.max_ms = Some(max_ms);
        self
    }

    /// The wait after the `failed`-th failed try (1 is the first), given a uniform `unit` in `[0, 1)`.
    #[must_use]
    pub fn delay_ms(&self, failed: u32, unit: f64) -> u64 {
        let nth = failed.max(1);
        let grown = match &self.growth {
            Growth::Exponential { base_ms } => {
                let factor = 1_u64.checked_shl(nth - 1).unwrap_or(u64::MAX);
                base_ms.saturating_mul(factor)
            }
            Growth::Fixed { delay_ms } => *delay_ms,
            Growth::Linear { step_ms } => step_ms.saturating_mul(u64::from(nth)),
            Growth::List { delays_ms } => {
                delays_ms.get(nth as usize - 1).or_else(|| delays_ms.last()).copied().unwrap_or(0)
            }
        };
        let wait = grown.min(self.max_ms.unwrap_or(MAX_DELAY_MS)).min(MAX_DELAY_MS);
        let random_part = f64::from(self.jitter.clamp(0.0, 1.0)) * unit.clamp(0.0, 1.0) * wait as f64;
        wait.saturating_sub(random_part as u64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Backoff, Growth, MAX_DELAY_MS};

    #[test]
    fn waits_grow_as_named() {
        let waits = |backoff: Backoff| (1..=4).map(|n| backoff.delay_ms(n, 0.5)).collect::<Vec<_>>();
        assert_eq!(waits(Backoff::exponential(1000)), [1000, 2000, 4000, 8000]);
        assert_eq!(waits(Backoff::exponential(1000).with_max(3000)), [1000, 2000, 3000, 3000]);
        assert_eq!(waits(Backoff::fixed(700)), [700; 4]);
        let linear = Backoff { growth: Growth::Linear { step_ms: 10 }, max_ms: None, jitter: 0.0 };
        assert_eq!(waits(linear), [10, 20, 30, 40]);
        let list = |delays_ms: Vec<u64>| Backoff { growth: Growth::List { delays_ms }, max_ms: None, jitter: 0.0 };
        assert_eq!(waits(list(vec![5, 60])), [5, 60, 60, 60]);
        assert_eq!(waits(list(vec![])), [0; 4]);
    }

    #[test]
    fn huge_tries_stop_at_the_cap() {
        assert_eq!(Backoff::exponential(1).delay_ms(u32::MAX, 0.0), MAX_DELAY_MS);
        assert_eq!(Backoff::exponential(u64::MAX).delay_ms(64, 0.0), MAX_DELAY_MS);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_its_share(base in 0_u64..1_000_000, n in 1_u32..70, jitter in 0.0_f32..=1.0, unit in 0.0_f64..1.0) {
            let whole = Backoff::exponential(base).delay_ms(n, unit);
            let wait = Backoff::exponential(base).with_jitter(jitter).delay_ms(n, unit);
            prop_assert!(wait <= whole);
            prop_assert!(wait as f64 >= (whole as f64) * (1.0 - f64::from(jitter)) - 1.0);
        }
    }
}
