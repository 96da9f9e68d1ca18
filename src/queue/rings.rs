//! Finished jobs of the last minute, per company, in memory.

use std::collections::HashMap;

use super::job::State;

const SECONDS: u64 = 60;

/// One second.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    completed: u32,
    failed: u32,
}

/// The last minute of one company.
#[derive(Debug)]
struct Ring {
    seconds: [Second; SECONDS as usize],
    /// The newest second that was written.
    newest: u64,
}

/// The last minute of every company of a queue.
#[derive(Debug, Default)]
pub(super) struct Rings {
    rings: HashMap<u64, Ring>,
}

/// Figures of the last minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Minute {
    pub(super) completed: u64,
    pub(super) failed: u64,
}

impl Ring {
    fn advance(&mut self, now_s: u64) {
        let steps = now_s.saturating_sub(self.newest).min(SECONDS);
        for step in 0..steps {
            let slot = ((now_s - step) % SECONDS) as usize;
            if let Some(second) = self.seconds.get_mut(slot) {
                *second = Second::default();
            }
        }
        self.newest = self.newest.max(now_s);
    }
}

impl Rings {
    /// Counts a job that was completed or failed.
    pub(super) fn record(&mut self, company: u64, state: State, now_s: u64) {
        let ring = self
            .rings
            .entry(company)
            .or_insert_with(|| Ring { seconds: [Second::default(); SECONDS as usize], newest: now_s });
        ring.advance(now_s);
        if let Some(second) = ring.seconds.get_mut((now_s % SECONDS) as usize) {
            match state {
                State::Completed => second.completed = second.completed.saturating_add(1),
                State::Failed => second.failed = second.failed.saturating_add(1),
                _ => {}
            }
        }
    }

    /// The last minute of a company.
    pub(super) fn minute(&mut self, company: u64, now_s: u64) -> Minute {
        let Some(ring) = self.rings.get_mut(&company) else { return Minute::default() };
        ring.advance(now_s);
        ring.seconds.iter().fold(Minute::default(), |sum, second| Minute {
            completed: sum.completed + u64::from(second.completed),
            failed: sum.failed + u64::from(second.failed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Minute, Rings, State};

    #[test]
    fn a_minute_forgets_what_is_older() {
        let mut rings = Rings::default();
        for second in 100..200 {
            rings.record(1, State::Completed, second);
        }
        rings.record(1, State::Failed, 199);
        assert_eq!(rings.minute(1, 199), Minute { completed: 60, failed: 1 });
        assert_eq!(rings.minute(1, 229), Minute { completed: 30, failed: 1 });
        assert_eq!(rings.minute(1, 1000), Minute::default());
        assert_eq!(rings.minute(2, 1000), Minute::default());
    }
}
