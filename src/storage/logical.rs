//! The logical wall clock: like the wall clock, but it never goes back and does not stand still for long.
//!
//! While the wall clock is far behind, because it was set back, time goes on at half the pace of the monotonic clock:
//! what is to happen in a minute happens within two, and the wall clock catches up. For the last second, and for the
//! small steps that clocks are corrected by, it waits.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::base::{Clock, Timestamp};

/// A wall clock so far behind is reported.
const REPORTED_LAG_MS: u64 = 1_000;

/// Gives the logical time; shared by the writer and by readers who must agree with it.
pub(super) struct LogicalClock {
    clock: Arc<dyn Clock>,
    last: Mutex<Reading>,
}

impl fmt::Debug for LogicalClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogicalClock").finish_non_exhaustive()
    }
}

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    time: Timestamp,
    mono_ms: u64,
    /// A millisecond that passed and was not counted, as it was half of one.
    has_rest: bool,
    /// The wall clock was found far behind, and that was said.
    is_reported: bool,
}

impl Reading {
    fn next(self, wall: Timestamp, mono_ms: u64) -> Self {
        if self.time.ms_since(wall) < REPORTED_LAG_MS {
            return Self { time: wall.max(self.time), mono_ms, has_rest: false, is_reported: false };
        }
        let passed_ms = mono_ms.saturating_sub(self.mono_ms) + u64::from(self.has_rest);
        let time = self.time.plus_ms(passed_ms / 2);
        Self { time, mono_ms, has_rest: passed_ms % 2 == 1, is_reported: true }
    }
}

impl LogicalClock {
    /// Never reads less than `floor`.
    pub(super) fn new(clock: Arc<dyn Clock>, floor: Timestamp) -> Self {
        let last = Reading { time: floor, mono_ms: clock.mono_ms(), has_rest: false, is_reported: false };
        Self { clock, last: Mutex::new(last) }
    }

    pub(super) fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = self.clock.now();
        let next = last.next(wall, self.clock.mono_ms());
        if next.is_reported && !last.is_reported {
            let behind_ms = next.time.ms_since(wall);
            tracing::warn!(behind_ms, "the wall clock was set back; the store counts on from the later time");
        }
        *last = next;
        next.time
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::LogicalClock;
    use crate::base::{ManualClock, Timestamp};

    #[test]
    fn time_goes_on_while_the_wall_clock_is_behind() {
        let at = Timestamp::from_ms;
        let clock = Arc::new(ManualClock::new(at(1_000)));
        let logical = LogicalClock::new(Arc::clone(&clock) as _, at(5_000));
        assert_eq!(logical.now(), at(5_000));
        for _ in 0..100 {
            clock.advance_ms(1);
            logical.now();
        }
        assert_eq!(logical.now(), at(5_050), "half the pace, also when looked at each millisecond");
        clock.set_wall(at(9_000));
        assert_eq!(logical.now(), at(9_000));
        clock.set_wall(at(8_001));
        assert_eq!(logical.now(), at(9_000));
        clock.advance_ms(500);
        assert_eq!(logical.now(), at(9_000), "waits for the last second");
        clock.advance_ms(500);
        assert_eq!(logical.now(), at(9_001));
    }

    #[test]
    fn a_wall_clock_that_was_set_back_catches_up() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(0)));
        let logical = LogicalClock::new(Arc::clone(&clock) as _, Timestamp::from_ms(60_000));
        for _ in 0..120 {
            clock.advance_ms(1_000);
            logical.now();
        }
        assert_eq!(logical.now(), Timestamp::from_ms(120_000));
    }
}
