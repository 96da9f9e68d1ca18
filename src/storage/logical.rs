//! The logical wall clock: like the wall clock, but it never goes back and never stands still.
//!
//! While the wall clock is behind, because it was set back, time goes on at the pace of the monotonic
//! clock: what is to happen in a minute happens in a minute.

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
    /// The wall clock was found far behind, and that was said.
    is_reported: bool,
}

impl Reading {
    fn next(self, wall: Timestamp, mono_ms: u64) -> Self {
        let passed_ms = mono_ms.saturating_sub(self.mono_ms);
        let time = wall.max(self.time.plus_ms(passed_ms));
        Self { time, mono_ms, is_reported: time.ms_since(wall) >= REPORTED_LAG_MS }
    }
}

impl LogicalClock {
    /// Never reads less than `floor`.
    pub(super) fn new(clock: Arc<dyn Clock>, floor: Timestamp) -> Self {
        let last = Reading { time: floor, mono_ms: clock.mono_ms(), is_reported: false };
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
        clock.advance_ms(100);
        assert_eq!(logical.now(), at(5_100));
        clock.set_wall(at(9_000));
        assert_eq!(logical.now(), at(9_000));
        clock.set_wall(at(2_000));
        assert_eq!(logical.now(), at(9_000));
        clock.advance_ms(50);
        assert_eq!(logical.now(), at(9_050));
        clock.set_wall(at(9_060));
        assert_eq!(logical.now(), at(9_060));
    }
}
