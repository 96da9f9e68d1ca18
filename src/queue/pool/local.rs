//! Claimed jobs of one pool: which may start now. Pure.
//!
//! A pool claims a little ahead of its handlers, so that a quick handler does not wait for a
//! commit between two jobs. How far follows from how many handlers ended since the last claim:
//! slow ones are hardly claimed ahead. What is claimed ahead does not stand before a company that has little: room is
//! kept for its claims, and [`Places`] says whose job starts next. Within a company, groups take turns.

use std::collections::{HashMap, VecDeque};

use super::places::Places;
use crate::queue::{claim::Want, settings::kept_places};

/// Claimed ahead, at most this many times the concurrency on top of it.
const AHEAD: usize = 3;

/// Claims on the way from the store to the handlers at a time: two are being written while the inputs of two others are
/// read, so jobs are claimed ahead for so many times what ends between two claims.
const CLAIMS_ON_THE_WAY: usize = 4;

/// A pool whose places are taken does not claim less than one part in so many of its concurrency at a time while others stand
/// by: each claim is a commit that others wait for.
const PARTS_CLAIMED: usize = 4;

/// A group within a pool: (company, group).
pub(super) type GroupKey = (u64, u64);

/// Where a job stands whose input is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) key: GroupKey,
    /// The most of its group that may run at once.
    pub(super) limit: Option<u32>,
    /// It was claimed because its company held little.
    pub(super) is_lesser: bool,
}

#[derive(Debug)]
struct LocalGroup<T> {
    /// With whether they were claimed because their company held little.
    ready: VecDeque<(bool, T)>,
    running: u32,
    limit: Option<u32>,
    is_in_turn: bool,
}

/// The claimed jobs of a pool.
#[derive(Debug)]
pub(super) struct Local<T> {
    groups: HashMap<GroupKey, LocalGroup<T>>,
    /// Groups with something to start, by company.
    turns: HashMap<u64, VecDeque<u64>>,
    places: Places,
    /// Claimed, and not ended.
    claimed: usize,
    /// Of these, claimed because their company held little, and not started.
    lesser: usize,
    /// Asked for by claims that are being written.
    asked: Want,
    /// Whether somebody was woken to claim and found no room because of those.
    is_missed: bool,
    /// Payload of what is claimed and has not ended.
    bytes: usize,
    ends: usize,
    recent: usize,
    is_closed: bool,
}

impl<T> Default for Local<T> {
    fn default() -> Self {
        Self {
            groups: HashMap::new(),
            turns: HashMap::new(),
            places: Places::default(),
            claimed: 0,
            lesser: 0,
            asked: Want::default(),
            is_missed: false,
            bytes: 0,
            ends: 0,
            recent: 0,
            is_closed: false,
        }
    }
}

impl<T> Local<T> {
    /// What may be claimed now beside the claims that are being written, of so many payload bytes in all.
    ///
    /// For companies that hold little there is room of its own beside a pool that has enough to do, however much is claimed
    /// for the others.
    pub(super) fn room(&self, concurrency: usize, bytes_max: usize) -> Want {
        let ahead = (self.recent.max(self.ends) * CLAIMS_ON_THE_WAY).min(concurrency.saturating_mul(AHEAD));
        let held = self.claimed + self.asked.jobs + self.asked.lesser;
        let jobs = concurrency.saturating_add(ahead).saturating_sub(held);
        let jobs = if jobs < concurrency / PARTS_CLAIMED && self.is_supplied(concurrency) { 0 } else { jobs };
        // With less to do, the others' claims come to them as soon: small ones of their own would only cost.
        let kept = if self.claimed < concurrency { 0 } else { kept_places(concurrency) };
        let lesser = kept.saturating_sub(self.lesser + self.asked.lesser);
        Want { jobs, lesser, bytes: bytes_max.saturating_sub(self.bytes + self.asked.bytes) }
    }

    /// Whether every place is taken and jobs stand by for what ends in the time of two claims.
    fn is_supplied(&self, concurrency: usize) -> bool {
        let running = self.places.running();
        let standing_by = self.claimed.saturating_sub(running);
        running + kept_places(concurrency) >= concurrency && standing_by > self.recent.max(self.ends) * 2
    }

    /// A claim for so much is being made; for nothing, and those on their way may be why.
    pub(super) const fn ask(&mut self, room: Want) {
        self.is_missed |= room.jobs == 0 && self.asked.jobs > 0;
        self.asked.jobs += room.jobs;
        self.asked.lesser += room.lesser;
        self.asked.bytes += room.bytes;
    }

    /// Whether a claim for any company is being written.
    pub(super) const fn is_asked(&self) -> bool {
        self.asked.jobs > 0
    }

    /// A claim for `asked` was made, or failed; it brought so many, and of these so many of companies that hold little.
    /// `true` when somebody else would have claimed meanwhile: what woke him may have come too late for this claim.
    pub(super) const fn claimed(&mut self, asked: Want, count: usize, lesser: usize, bytes: usize) -> bool {
        self.asked.jobs = self.asked.jobs.saturating_sub(asked.jobs);
        self.asked.lesser = self.asked.lesser.saturating_sub(asked.lesser);
        self.asked.bytes = self.asked.bytes.saturating_sub(asked.bytes);
        self.claimed += count;
        self.lesser += lesser;
        self.bytes += bytes;
        if asked.jobs == 0 && asked.lesser > 0 {
            // The measure is for those who claim for any company, and they are woken after each such claim.
            return false;
        }
        self.recent = if self.ends > self.recent / 2 { self.ends } else { self.recent / 2 };
        self.ends = 0;
        std::mem::replace(&mut self.is_missed, false)
    }

    /// Takes in a job whose input is read; gives it back when the pool is closed.
    pub(super) fn offer(&mut self, offer: Offer, concurrency: usize, job: T) -> Option<T> {
        let Offer { key, limit, is_lesser } = offer;
        if self.is_closed {
            return Some(job);
        }
        let group = self.groups.entry(key).or_insert_with(|| LocalGroup {
            ready: VecDeque::new(),
            running: 0,
            limit,
            is_in_turn: false,
        });
        group.limit = limit;
        group.ready.push_back((is_lesser, job));
        self.places.add(key.0, concurrency);
        self.enter(key);
        None
    }

    fn enter(&mut self, key @ (company, number): GroupKey) {
        let Some(group) = self.groups.get_mut(&key) else { return };
        let is_free = group.limit.is_none_or(|limit| group.running < limit);
        if is_free && !group.is_in_turn && !group.ready.is_empty() {
            group.is_in_turn = true;
            self.turns.entry(company).or_default().push_back(number);
            self.places.set_startable(company, true);
        } else if group.running == 0 && group.ready.is_empty() {
            self.groups.remove(&key);
        }
    }

    /// The next job to start, which then counts as running.
    pub(super) fn start(&mut self, concurrency: usize, now_ms: u64) -> Option<T> {
        loop {
            let company = self.places.next(concurrency, now_ms)?;
            let Some(number) = self.turns.get_mut(&company).and_then(VecDeque::pop_front) else {
                self.turns.remove(&company);
                self.places.set_startable(company, false);
                continue;
            };
            let key = (company, number);
            let Some(group) = self.groups.get_mut(&key) else { continue };
            group.is_in_turn = false;
            if group.limit.is_some_and(|limit| group.running >= limit) {
                continue;
            }
            let Some((is_lesser, job)) = group.ready.pop_front() else { continue };
            group.running += 1;
            self.lesser = self.lesser.saturating_sub(usize::from(is_lesser));
            self.enter(key);
            if self.turns.get(&company).is_none_or(VecDeque::is_empty) {
                self.turns.remove(&company);
                self.places.set_startable(company, false);
            }
            self.places.start(company);
            return Some(job);
        }
    }

    /// A started job has ended.
    pub(super) fn end(&mut self, key: GroupKey, bytes: usize) {
        self.places.end(key.0);
        self.drop_claimed(false, bytes);
        self.ends += 1;
        if let Some(group) = self.groups.get_mut(&key) {
            group.running = group.running.saturating_sub(1);
            self.enter(key);
        }
    }

    /// A claimed job is given up before it was started.
    pub(super) fn drop_claimed(&mut self, is_lesser: bool, bytes: usize) {
        self.claimed = self.claimed.saturating_sub(1);
        self.lesser = self.lesser.saturating_sub(usize::from(is_lesser));
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Takes nothing in from now on; gives back what has not started.
    pub(super) fn close(&mut self) -> Vec<T> {
        self.is_closed = true;
        self.turns.clear();
        self.places.close();
        let mut left = Vec::new();
        for group in self.groups.values_mut() {
            group.is_in_turn = false;
            left.extend(group.ready.drain(..).map(|(_, job)| job));
        }
        self.claimed = self.claimed.saturating_sub(left.len());
        left
    }

    /// See [`Places::kept_until`].
    pub(super) fn kept_until(&self, concurrency: usize) -> Option<u64> {
        self.places.kept_until(concurrency)
    }

    pub(super) const fn running(&self) -> usize {
        self.places.running()
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupKey, Local, Offer, Want};

    const NOTHING: Want = Want { jobs: 0, lesser: 0, bytes: 0 };

    const fn jobs(jobs: usize) -> Want {
        Want { jobs, lesser: 0, bytes: 0 }
    }

    const fn offer(key: GroupKey, limit: Option<u32>) -> Offer {
        Offer { key, limit, is_lesser: false }
    }

    fn room<T>(local: &Local<T>) -> usize {
        local.room(4, 100).jobs
    }

    #[test]
    fn groups_run_within_their_limits_and_take_turns() {
        let mut local = Local::default();
        local.claimed(NOTHING, 6, 0, 6);
        for number in 0..4 {
            assert_eq!(local.offer(offer((1, 1), Some(2)), 100, ('a', number)), None);
        }
        assert_eq!(local.offer(offer((1, 2), Some(2)), 100, ('b', 0)), None);
        assert_eq!(local.offer(offer((1, 0), None), 100, ('c', 0)), None);
        let started: Vec<_> = std::iter::from_fn(|| local.start(100, 0)).collect();
        assert_eq!(started, [('a', 0), ('b', 0), ('c', 0), ('a', 1)]);
        local.end((1, 1), 1);
        assert_eq!(local.start(100, 0), Some(('a', 2)));
        assert_eq!(local.start(100, 0), None);
        assert_eq!(local.close(), [('a', 3)]);
        assert_eq!(local.offer(offer((1, 2), None), 100, ('d', 0)), Some(('d', 0)));
    }

    #[test]
    fn who_finds_no_room_beside_a_claim_is_not_forgotten() {
        let mut local = Local::<()>::default();
        local.ask(jobs(4));
        assert!(!local.claimed(jobs(4), 0, 0, 0));
        local.ask(jobs(4));
        assert_eq!(room(&local), 0);
        local.ask(NOTHING);
        assert!(local.claimed(jobs(4), 0, 0, 0));
        assert!(!local.claimed(NOTHING, 4, 0, 4));
        local.ask(NOTHING);
        assert!(!local.claimed(NOTHING, 0, 0, 0));
    }

    #[test]
    fn claims_under_way_share_the_bytes() {
        let mut local = Local::<()>::default();
        let first = Want { jobs: 1, lesser: 0, bytes: 60 };
        local.ask(first);
        assert_eq!(local.room(4, 100), Want { jobs: 3, lesser: 0, bytes: 40 });
        local.ask(Want { jobs: 3, lesser: 0, bytes: 40 });
        assert_eq!(local.room(4, 100), NOTHING);
        // A job is claimed however large it is.
        local.claimed(first, 1, 0, 70);
        assert_eq!(local.room(4, 100), NOTHING);
        local.claimed(Want { jobs: 3, lesser: 0, bytes: 40 }, 1, 0, 10);
        assert_eq!(local.room(4, 100), Want { jobs: 2, lesser: 0, bytes: 20 });
    }

    #[test]
    fn slow_jobs_are_not_claimed_ahead_and_quick_ones_are() {
        let mut local = Local::default();
        assert_eq!(room(&local), 4);
        local.ask(jobs(4));
        assert_eq!(room(&local), 0);
        local.claimed(jobs(4), 4, 0, 4);
        for number in 0..4 {
            local.offer(offer((1, 0), None), 100, number);
        }
        assert_eq!(room(&local), 0);
        while local.start(4, 0).is_some() {}
        for _ in 0..4 {
            local.end((1, 0), 1);
        }
        assert_eq!(room(&local), 16);
        local.claimed(NOTHING, 16, 0, 16);
        assert_eq!(room(&local), 0);
        local.claimed(NOTHING, 0, 0, 0);
        local.claimed(NOTHING, 0, 0, 0);
        assert_eq!(room(&local), 0);
        assert_eq!((local.running(), local.bytes), (0, 16));
    }

    #[test]
    fn a_busy_pool_with_jobs_standing_by_claims_many_at_a_time() {
        let mut local = Local::default();
        local.claimed(jobs(64), 64, 0, 0);
        for number in 0..64 {
            local.offer(offer((1, 0), None), 64, number);
        }
        while local.start(64, 0).is_some() {}
        assert_eq!(local.running(), 64);
        (0..4).for_each(|_| local.end((1, 0), 0));
        assert_eq!(local.room(64, 100).jobs, 4 + 16, "nothing stands by");
        local.claimed(jobs(20), 20, 0, 0);
        for number in 0..20 {
            local.offer(offer((1, 0), None), 64, number);
        }
        while local.start(64, 0).is_some() {}
        assert_eq!((local.running(), local.room(64, 100).jobs), (64, 0), "as much as is taken in two claims");
        (0..4).for_each(|_| local.end((1, 0), 0));
        assert_eq!(local.room(64, 100).jobs, 0, "four are free, and sixteen stand by for them");
        while local.start(64, 0).is_some() {}
        (0..4).for_each(|_| local.end((1, 0), 0));
        assert_eq!(local.room(64, 100).jobs, 64 + 8 * 4 - 72);
    }

    #[test]
    fn a_pool_full_of_claims_has_room_for_companies_that_hold_little() {
        let mut local = Local::default();
        local.claimed(jobs(64), 64, 0, 0);
        assert_eq!(local.room(64, 100), Want { jobs: 0, lesser: 16, bytes: 100 });
        local.ask(Want { jobs: 0, lesser: 16, bytes: 0 });
        assert_eq!(local.room(64, 100), Want { jobs: 0, lesser: 0, bytes: 100 });
        local.claimed(Want { jobs: 0, lesser: 16, bytes: 0 }, 10, 10, 0);
        assert_eq!(local.room(64, 100).lesser, 6);
        for number in 0..10 {
            local.offer(Offer { key: (2, 0), limit: None, is_lesser: true }, 64, number);
        }
        while local.start(64, 0).is_some() {}
        assert_eq!((local.running(), local.room(64, 100).lesser), (10, 16));
    }
}
