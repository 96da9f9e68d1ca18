//! The circuit breaker of one webhook: closed, open, half-open. Pure.
//!
//! Closed lets everything through and counts failures in a row. Open lets nothing through until
//! its time; deliveries wait and use no attempt. Half-open lets one probe through: its success
//! closes the breaker, its failure opens it again for twice as long.

use serde::{Deserialize, Serialize};

/// Failures in a row that open the breaker.
///
/// As many as a webhook may have in flight: one burst that fails as a whole opens it, one
/// delivery that uses up the default retries does not.
pub(super) const FAILURES_TO_OPEN: u32 = 10;
/// How long the breaker is open the first time.
pub(super) const OPEN_MS_MIN: u64 = 30_000;
/// The longest it is open before the next probe.
pub(super) const OPEN_MS_MAX: u64 = 600_000;

/// The state of a breaker; the default is closed, which is also what a success makes of it. Times are wall-clock milliseconds, so that they survive a restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Breaker {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Closed { failures: u32 },
    Open { until_ms: i64, times: u32 },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// What the breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Everything.
    Closed,
    /// Nothing before this time.
    Open {
        /// Wall-clock milliseconds of the next probe.
        until_ms: i64,
    },
    /// One probe at a time.
    HalfOpen,
}

impl Breaker {
    /// What may pass at `now_ms`.
    #[must_use]
    pub(super) const fn gate(&self, now_ms: i64) -> Gate {
        match self.state {
            State::Closed { .. } => Gate::Closed,
            State::Open { until_ms, .. } if now_ms < until_ms => Gate::Open { until_ms },
            State::Open { .. } => Gate::HalfOpen,
        }
    }

    /// The breaker after a failure that ended at `now_ms`.
    ///
    /// A failure that ends while the breaker is open was under way when it opened, and changes nothing.
    #[must_use]
    pub(super) fn after_failure(self, now_ms: i64) -> Self {
        let state = match self.state {
            State::Closed { failures } if failures.saturating_add(1) < FAILURES_TO_OPEN => {
                State::Closed { failures: failures.saturating_add(1) }
            }
            State::Closed { .. } => opened(now_ms, 1),
            State::Open { until_ms, .. } if now_ms < until_ms => self.state,
            State::Open { times, .. } => opened(now_ms, times.saturating_add(1)),
        };
        Self { state }
    }
}

fn opened(now_ms: i64, times: u32) -> State {
    let doubled = 1_u64.checked_shl(times.saturating_sub(1)).unwrap_or(u64::MAX);
    let open_ms = OPEN_MS_MIN.saturating_mul(doubled).min(OPEN_MS_MAX);
    State::Open { until_ms: now_ms.saturating_add_unsigned(open_ms), times }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Breaker, FAILURES_TO_OPEN, Gate, OPEN_MS_MAX, OPEN_MS_MIN};

    fn opened_at_zero() -> Breaker {
        (0..FAILURES_TO_OPEN).fold(Breaker::default(), |breaker, _| breaker.after_failure(0))
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let almost = (1..FAILURES_TO_OPEN).fold(Breaker::default(), |breaker, _| breaker.after_failure(0));
        assert_eq!(almost.gate(0), Gate::Closed);
        assert_eq!(almost.after_failure(0).gate(0), Gate::Open { until_ms: OPEN_MS_MIN as i64 });
    }

    #[test]
    fn a_failed_probe_doubles_the_wait() {
        let mut breaker = opened_at_zero();
        assert_eq!(breaker.after_failure(1), breaker, "a late failure changes nothing");
        let mut now = 0;
        for open_ms in [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000] {
            assert_eq!(breaker.gate(now), Gate::Open { until_ms: now + open_ms });
            now += open_ms;
            assert_eq!(breaker.gate(now), Gate::HalfOpen);
            breaker = breaker.after_failure(now);
        }
    }

    proptest! {
        #[test]
        fn it_is_never_open_longer_than_the_maximum(results in proptest::collection::vec((any::<bool>(), 0_i64..900_000), 0..200)) {
            let (mut breaker, mut now) = (Breaker::default(), 0_i64);
            let mut row = 0;
            for (is_success, step) in results {
                now += step;
                breaker = if is_success { Breaker::default() } else { breaker.after_failure(now) };
                row = if is_success { 0 } else { row + 1 };
                prop_assert_eq!(row < FAILURES_TO_OPEN, breaker.gate(now) == Gate::Closed);
                if let Gate::Open { until_ms } = breaker.gate(now) {
                    prop_assert!(until_ms - now <= OPEN_MS_MAX as i64);
                }
            }
        }
    }
}
