//! The generic cell rate algorithm: a rate with a burst, from one number per subject; pure.
//!
//! The number is the *theoretical arrival time*: when the subject would have used up what it used, at the rate. It lies
//! in the past for who has called little; a call moves it on by the time that one call stands for, and may not move it
//! further ahead of now than the burst allows (ITU-T I.371 annex A, as virtual scheduling).

/// A rate and a burst, as times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// What one call stands for, in nanoseconds.
    interval_ns: i64,
    /// How far ahead of now the arrival time may be.
    ahead_max_ns: i64,
}

const SECOND_NS: i64 = 1_000_000_000;

impl Quota {
    /// So many calls per second after a burst; `None` when one of them is 0.
    pub(super) fn new(per_second: u32, burst: u32) -> Option<Self> {
        let interval_ns = SECOND_NS.checked_div(i64::from(per_second)).filter(|_| burst > 0)?;
        Some(Self { interval_ns, ahead_max_ns: interval_ns.saturating_mul(i64::from(burst)) })
    }

    /// The arrival time after a call that is admitted, or how many nanoseconds are missing.
    ///
    /// An arrival time that is further ahead than a whole burst comes from before the clock was set back: it counts as
    /// none, since nothing tells how long ago that was.
    pub(super) fn admit(self, arrival_ns: i64, now_ns: i64) -> Result<i64, i64> {
        let ahead_max_ns = now_ns.saturating_add(self.ahead_max_ns);
        let used_ns = if arrival_ns > ahead_max_ns { now_ns } else { arrival_ns.max(now_ns) };
        let next_ns = used_ns.saturating_add(self.interval_ns);
        if next_ns <= ahead_max_ns { Ok(next_ns) } else { Err(next_ns - ahead_max_ns) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Quota, SECOND_NS};

    #[test]
    fn a_burst_is_admitted_and_then_the_rate() {
        let quota = Quota::new(10, 3).unwrap();
        let mut arrival = 0;
        for _ in 0..3 {
            arrival = quota.admit(arrival, SECOND_NS).unwrap();
        }
        assert_eq!(quota.admit(arrival, SECOND_NS), Err(SECOND_NS / 10));
        arrival = quota.admit(arrival, SECOND_NS + SECOND_NS / 10).unwrap();
        assert!(quota.admit(arrival, SECOND_NS + SECOND_NS / 10).is_err());
        // After a long silence the burst is whole again, and not more.
        let later = 100 * SECOND_NS;
        let admitted = (0..10).filter(|_| {
            quota.admit(arrival, later).is_ok_and(|next| {
                arrival = next;
                true
            })
        });
        assert_eq!(admitted.count(), 3);
        let mut arrival = i64::MAX;
        let admitted = (0..10).filter(|_| quota.admit(arrival, later).map(|next| arrival = next).is_ok());
        assert_eq!(admitted.count(), 3, "a clock that was set back gives the burst anew and locks nobody out");
        assert_eq!((Quota::new(0, 3), Quota::new(3, 0)), (None, None));
    }

    proptest! {
        #[test]
        fn no_window_admits_more_than_burst_and_rate(
            per_second in 1_u32..2_000,
            burst in 1_u32..50,
            steps in proptest::collection::vec(0_i64..SECOND_NS / 100, 1..300),
        ) {
            let quota = Quota::new(per_second, burst).unwrap();
            let (mut now, mut arrival, mut admitted) = (SECOND_NS, 0, Vec::new());
            for step in steps {
                now += step;
                if let Ok(next) = quota.admit(arrival, now) {
                    arrival = next;
                    admitted.push(now);
                }
            }
            for (from, start) in admitted.iter().enumerate() {
                for (to, end) in admitted.iter().enumerate().skip(from) {
                    let allowed = i64::from(burst) + (end - start) / quota.interval_ns + 1;
                    prop_assert!((to - from + 1) as i64 <= allowed);
                }
            }
        }
    }
}
