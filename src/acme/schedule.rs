//! When a certificate is ordered; pure.

use crate::{base::Timestamp, http::tls::Validity};

/// How long after each failed order in a row. Let's Encrypt allows five failed proofs of a name in an hour.
const BACK_OFF_MS: [u64; 6] = [60_000, 300_000, 1_200_000, 3_600_000, 14_400_000, 43_200_000];
/// The wall clock may jump and a laptop sleep, so nobody waits longer without looking at the time.
const LOOK_EVERY_MS: u64 = 3_600_000;

/// When two thirds of the life are over, as authorities recommend.
pub(super) fn renew_at(life: Validity) -> Timestamp {
    life.not_before.plus_ms(life.not_after.ms_since(life.not_before) / 3 * 2)
}

/// Whether it is time.
pub(super) fn is_due(renew_at: Option<Timestamp>, now: Timestamp) -> bool {
    renew_at.is_none_or(|at| at <= now)
}

/// How long to wait before looking again.
pub(super) fn wait_ms(renew_at: Option<Timestamp>, now: Timestamp, failures: usize) -> u64 {
    if failures > 0 {
        return BACK_OFF_MS.get(failures - 1).or(BACK_OFF_MS.last()).copied().unwrap_or(LOOK_EVERY_MS);
    }
    renew_at.map_or(0, |at| at.ms_since(now).min(LOOK_EVERY_MS))
}

/// What counts as failures after an order that was filled: none, unless its certificate is due at once again, as with a
/// clock that is years off. The authority must not be asked in a loop.
pub(super) fn failures_after(renew_at: Option<Timestamp>, now: Timestamp) -> usize {
    if is_due(renew_at, now) { BACK_OFF_MS.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::{LOOK_EVERY_MS, failures_after, is_due, renew_at, wait_ms};
    use crate::{base::Timestamp, http::tls::Validity};

    const DAY_MS: i64 = 86_400_000;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_ms(day * DAY_MS)
    }

    #[test]
    fn a_third_of_the_life_is_left_for_the_renewal() {
        let at = renew_at(Validity { not_before: day(100), not_after: day(190) });
        assert_eq!(at, day(160));
        assert!(is_due(None, day(0)) && is_due(Some(at), day(160)) && !is_due(Some(at), day(159)));
        assert_eq!(wait_ms(None, day(0), 0), 0);
        assert_eq!(wait_ms(Some(at), day(100), 0), LOOK_EVERY_MS);
        assert_eq!(wait_ms(Some(at), Timestamp::from_ms(160 * DAY_MS - 5), 0), 5);
        assert_eq!(wait_ms(Some(at), day(170), 0), 0);
    }

    #[test]
    fn failures_are_repeated_ever_more_rarely_and_within_the_limits_of_authorities() {
        let waits: Vec<_> = (1..10).map(|failures| wait_ms(None, day(0), failures)).collect();
        assert!(waits.is_sorted() && waits[0] == 60_000 && waits[8] == 43_200_000, "{waits:?}");
        assert_eq!(wait_ms(None, day(0), failures_after(Some(day(0)), day(1))), 43_200_000);
        assert_eq!(failures_after(Some(day(2)), day(1)), 0);
        let in_the_first_hour = waits.iter().scan(0, |sum, wait| {
            *sum += wait;
            Some(*sum)
        });
        assert!(in_the_first_hour.filter(|at| *at < 3_600_000).count() < 5);
    }
}
