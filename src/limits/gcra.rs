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
/// Two readings of the clock that differ by more are of before and after it was set back.
const SET_BACK_NS: i64 = 5 * SECOND_NS;

impl Quota {
    /// So many calls per second after a burst; `None` when one of them is 0.
    pub(super) fn new(per_second: u32, burst: u32) -> Option<Self> {
        let interval_ns = SECOND_NS.checked_div(i64::from(per_second)).filter(|_| burst > 0)?;
        Some(Self { interval_ns, ahead_max_ns: interval_ns.saturating_mul(i64::from(burst)) })
    }

    /// The arrival time after a call that is admitted, or how many nanoseconds are missing.
    ///
    /// An arrival time that is seconds further ahead than a whole burst comes from before the clock was set back: it counts
    /// as none, since nothing tells how long ago that was. One that is just ahead of it comes from a caller who read the clock
    /// later: the whole burst is used up.
    pub(super) fn admit(self, arrival_ns: i64, now_ns: i64) -> Result<i64, i64> {
        let ahead_max_ns = now_ns.saturating_add(self.ahead_max_ns);
        let next_ns = self.counted(arrival_ns, now_ns).saturating_add(self.interval_ns);
        if next_ns <= ahead_max_ns { Ok(next_ns) } else { Err(next_ns - ahead_max_ns) }
    }

    /// The arrival time that stands for the same calls under another quota, at most for its whole burst: so a tighter quota
    /// admits neither more than this one would have, nor more than it would have by itself.
    pub(super) fn carry(self, arrival_ns: i64, now_ns: i64, to: Self) -> i64 {
        let ahead_ns = self.counted(arrival_ns, now_ns).saturating_sub(now_ns);
        let scaled = (i128::from(ahead_ns) * i128::from(to.interval_ns) + i128::from(self.interval_ns - 1))
            .checked_div(i128::from(self.interval_ns))
            .unwrap_or_default();
        now_ns.saturating_add(i64::try_from(scaled).unwrap_or(i64::MAX).min(to.ahead_max_ns))
    }

    /// The arrival time that was written down under a quota which may have been another: no further ahead than the burst.
    pub(super) fn restored(self, arrival_ns: i64, now_ns: i64) -> i64 {
        arrival_ns.min(now_ns.saturating_add(self.ahead_max_ns))
    }

    fn counted(self, arrival_ns: i64, now_ns: i64) -> i64 {
        let latest_ns = now_ns.saturating_add(self.ahead_max_ns);
        let is_of_another_time = arrival_ns > latest_ns.saturating_add(SET_BACK_NS);
        if is_of_another_time { now_ns } else { arrival_ns.clamp(now_ns, latest_ns) }
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

    #[test]
    fn who_read_the_clock_a_little_earlier_gives_nothing_back() {
        let quota = Quota::new(10_000, 20).unwrap();
        let (now, later) = (SECOND_NS, SECOND_NS + SECOND_NS / 1_000);
        let full = (0..20).fold(0, |arrival, _| quota.admit(arrival, later).unwrap());
        assert_eq!(quota.admit(full, now), Err(quota.interval_ns));
        assert_eq!(quota.carry(full, now, quota), now + quota.ahead_max_ns);
    }

    #[test]
    fn calls_that_were_used_up_count_under_another_quota() {
        let quota = |per_second, burst| Quota::new(per_second, burst).unwrap();
        let (now, from) = (100 * SECOND_NS, quota(1_000, 2_000));
        let used = now + 1_800 * SECOND_NS / 1_000;
        let left = |to: Quota| (to.ahead_max_ns - (from.carry(used, now, to) - now)) / to.interval_ns;
        assert_eq!(left(quota(1_000, 100)), 0, "more than the whole burst is used up");
        assert_eq!(left(quota(1_000, 1_900)), 100);
        assert_eq!(left(quota(1, 2_000)), 200, "a lower rate makes nothing of them undone");
        assert_eq!(left(quota(10_000, 2_000)), 200);
        assert_eq!(left(quota(1_000, 5_000)), 3_200);
        let to = quota(10, 10);
        assert_eq!(from.carry(0, now, to), now, "who has called little has the whole burst");
        assert_eq!(from.carry(i64::MAX, now, to), now, "as when the clock was set back");
        assert_eq!(to.restored(used, now), now + SECOND_NS, "a burst that is wholly used, whatever it was before");
        assert_eq!(to.restored(now + 7, now), now + 7);
    }

    proptest! {
        #[test]
        fn a_tightened_quota_admits_no_more_than_either_would(
            (rates, bursts) in ((1_u32..200, 1_u32..200), (1_u32..60, 1_u32..60)),
            steps in proptest::collection::vec(0_i64..SECOND_NS / 200, 1..200),
            before in 0_usize..100,
        ) {
            let old = Quota::new(rates.0.max(rates.1), bursts.0.max(bursts.1)).unwrap();
            let tight = Quota::new(rates.0.min(rates.1), bursts.0.min(bursts.1)).unwrap();
            let (mut now, mut arrival) = (SECOND_NS, 0);
            for step in steps.iter().take(before) {
                now += step;
                arrival = old.admit(arrival, now).unwrap_or(arrival);
            }
            let mut runs = [(old, arrival, 0), (tight, 0, 0), (tight, old.carry(arrival, now, tight), 0)];
            for step in steps.iter().rev() {
                now += step;
                for (quota, arrival, admitted) in &mut runs {
                    if let Ok(next) = quota.admit(*arrival, now) {
                        (*arrival, *admitted) = (next, *admitted + 1);
                    }
                }
                let [(_, _, of_old), (_, _, of_tight), (_, _, carried)] = runs;
                prop_assert!(carried <= of_old && carried <= of_tight, "{carried} of {of_old} and {of_tight}");
            }
        }

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
