//! The exact sliding log: the times of the last calls decide. Pure.

/// Most calls a window can admit: so many times are kept.
pub(super) const CALLS_MAX: usize = 32;

/// Takes a call in at `now_ms`, or says in how many milliseconds it can come again.
///
/// `log` holds the times of admitted calls, the oldest first. A clock that went back counts as one that stands still.
pub(super) fn admit(log: &mut Vec<i64>, now_ms: i64, quota: usize, window_ms: u64) -> Result<(), u64> {
    let window_ms = i64::try_from(window_ms).unwrap_or(i64::MAX);
    let now_ms = log.last().map_or(now_ms, |last| now_ms.max(*last));
    log.retain(|at| now_ms.saturating_sub(*at) < window_ms);
    let quota = quota.min(CALLS_MAX);
    if log.len() < quota {
        log.push(now_ms);
        return Ok(());
    }
    // The call is free once the oldest of the last `quota` has left the window.
    let oldest = log.len().checked_sub(quota).and_then(|index| log.get(index)).copied().unwrap_or(now_ms);
    Err(oldest.saturating_add(window_ms).saturating_sub(now_ms).max(1) as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::admit;

    proptest! {
        #[test]
        fn no_window_admits_more_than_the_quota_and_a_refusal_names_the_first_moment(
            steps in prop::collection::vec(0_i64..3_000, 1..200), quota in 1_usize..8,
        ) {
            let window = 10_000;
            let (mut log, mut now, mut admitted) = (Vec::new(), 0, Vec::new());
            for step in steps {
                now += step;
                match admit(&mut log, now, quota, window) {
                    Ok(()) => admitted.push(now),
                    Err(wait) => {
                        let wait = i64::try_from(wait).unwrap();
                        let mut early = log.clone();
                        prop_assert!(admit(&mut early, now + wait - 1, quota, window).is_err());
                        let mut then = log.clone();
                        prop_assert!(admit(&mut then, now + wait, quota, window).is_ok());
                    }
                }
                prop_assert!(log.len() <= quota);
            }
            for (position, start) in admitted.iter().enumerate() {
                let within = admitted[position..].iter().filter(|at| **at - start < 10_000).count();
                prop_assert!(within <= quota, "{within} in a window");
            }
        }
    }

    #[test]
    fn a_clock_that_goes_back_admits_no_more() {
        let mut log = Vec::new();
        assert!(admit(&mut log, 1_000_000, 1, 60_000).is_ok());
        assert_eq!(admit(&mut log, 0, 1, 60_000), Err(60_000));
        assert!(admit(&mut log, 1_060_000, 1, 60_000).is_ok());
    }
}
