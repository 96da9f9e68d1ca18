//! Mints ids: a strictly increasing high half, a random low half.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::{Random, RawId, Timestamp};

/// What has the last high half that was handed out.
#[derive(Debug)]
pub(super) struct Mint {
    last_hi: AtomicU64,
}

impl Mint {
    /// Hands out high halves above this one.
    pub(super) const fn above(last_hi: u64) -> Self {
        Self { last_hi: AtomicU64::new(last_hi) }
    }

    /// The last high half that was handed out.
    pub(super) fn last_hi(&self) -> u64 {
        self.last_hi.load(Ordering::Relaxed)
    }

    /// A fresh id.
    pub(super) fn next(&self, now: Timestamp, random: &dyn Random) -> RawId {
        self.next_with(now, random.next_u64())
    }

    /// A fresh id whose low half is given.
    pub(super) fn next_with(&self, now: Timestamp, lo: u64) -> RawId {
        let from_clock = (now.as_ms().max(0).cast_unsigned()) << 16;
        let above = |last: u64| last.saturating_add(1).max(from_clock);
        let update = |last| Some(above(last));
        let last = self.last_hi.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update).unwrap_or_else(|last| last);
        RawId { hi: above(last), lo }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Mint;
    use crate::base::{SeededRandom, Timestamp};

    #[test]
    fn ids_grow_above_the_clock_and_whatever_was_handed_out() {
        let (mint, random) = (Mint::above(70 << 16), SeededRandom::new(1));
        let hi = |ms| mint.next(Timestamp::from_ms(ms), &random).hi;
        let at = |ms: u64, more: u64| (ms << 16) + more;
        assert_eq!([hi(69), hi(-1), hi(71), hi(71), hi(0)], [at(70, 1), at(70, 2), at(71, 0), at(71, 1), at(71, 2)]);
        assert_eq!(mint.last_hi(), at(71, 2));
    }

    #[test]
    fn threads_get_different_ids() {
        let (mint, random) = (Mint::above(0), SeededRandom::new(1));
        let many = || (0..1_000).map(|_| mint.next(Timestamp::from_ms(5), &random).hi).collect::<Vec<_>>();
        let ids = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(many)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(ids.iter().all(|ids| ids.is_sorted()));
        assert_eq!(ids.concat().into_iter().collect::<HashSet<_>>().len(), 4_000);
    }
}
