//! Claimed jobs of one pool: which may start now. Pure.
//!
//! A pool claims a little ahead of its handlers, so that a quick handler does not wait for a
//! commit between two jobs. How far follows from how many handlers ended since the last claim:
//! slow ones are hardly claimed ahead.

use std::collections::{HashMap, VecDeque};

use crate::queue::claim::Want;

/// Claimed ahead, at most this many times the concurrency on top of it.
const AHEAD: usize = 3;

/// Claims on the way from the store to the handlers at a time: two are being written while the inputs of two others are
/// read, so jobs are claimed ahead for so many times what ends between two claims.
const CLAIMS_ON_THE_WAY: usize = 4;

/// A group within a pool: (company, group).
pub(super) type GroupKey = (u64, u64);

#[derive(Debug)]
struct LocalGroup<T> {
    ready: VecDeque<T>,
    running: u32,
    limit: Option<u32>,
    is_in_turn: bool,
}

/// The claimed jobs of a pool.
#[derive(Debug)]
pub(super) struct Local<T> {
    groups: HashMap<GroupKey, LocalGroup<T>>,
    turn: VecDeque<GroupKey>,
    running: usize,
    /// Claimed, and not ended.
    claimed: usize,
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
            turn: VecDeque::new(),
            running: 0,
            claimed: 0,
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
    pub(super) fn room(&self, concurrency: usize, bytes_max: usize) -> Want {
        let ahead = (self.recent.max(self.ends) * CLAIMS_ON_THE_WAY).min(concurrency.saturating_mul(AHEAD));
        let jobs = concurrency.saturating_add(ahead).saturating_sub(self.claimed + self.asked.jobs);
        Want { jobs, bytes: bytes_max.saturating_sub(self.bytes + self.asked.bytes) }
    }

    /// A claim for so much is being made; for nothing, and those on their way may be why.
    pub(super) const fn ask(&mut self, room: Want) {
        self.is_missed |= room.jobs == 0 && self.asked.jobs > 0;
        self.asked.jobs += room.jobs;
        self.asked.bytes += room.bytes;
    }

    /// A claim for `asked` was made, or failed; it brought so many. `true` when somebody else would have claimed
    /// meanwhile: what woke him may have come too late for this claim.
    pub(super) const fn claimed(&mut self, asked: Want, count: usize, bytes: usize) -> bool {
        self.asked.jobs = self.asked.jobs.saturating_sub(asked.jobs);
        self.asked.bytes = self.asked.bytes.saturating_sub(asked.bytes);
        self.claimed += count;
        self.bytes += bytes;
        self.recent = if self.ends > self.recent / 2 { self.ends } else { self.recent / 2 };
        self.ends = 0;
        std::mem::replace(&mut self.is_missed, false)
    }

    /// Takes in a job whose input is read; gives it back when the pool is closed.
    pub(super) fn offer(&mut self, key: GroupKey, limit: Option<u32>, job: T) -> Option<T> {
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
        group.ready.push_back(job);
        self.enter(key);
        None
    }

    fn enter(&mut self, key: GroupKey) {
        let Some(group) = self.groups.get_mut(&key) else { return };
        let is_free = group.limit.is_none_or(|limit| group.running < limit);
        if is_free && !group.is_in_turn && !group.ready.is_empty() {
            group.is_in_turn = true;
            self.turn.push_back(key);
        } else if group.running == 0 && group.ready.is_empty() {
            self.groups.remove(&key);
        }
    }

    /// The next job to start, which then counts as running.
    pub(super) fn start(&mut self, concurrency: usize) -> Option<T> {
        while self.running < concurrency {
            let key = self.turn.pop_front()?;
            let Some(group) = self.groups.get_mut(&key) else { continue };
            group.is_in_turn = false;
            if group.limit.is_some_and(|limit| group.running >= limit) {
                continue;
            }
            let Some(job) = group.ready.pop_front() else { continue };
            group.running += 1;
            self.running += 1;
            self.enter(key);
            return Some(job);
        }
        None
    }

    /// A started job has ended.
    pub(super) fn end(&mut self, key: GroupKey, bytes: usize) {
        self.running = self.running.saturating_sub(1);
        self.drop_claimed(bytes);
        self.ends += 1;
        if let Some(group) = self.groups.get_mut(&key) {
            group.running = group.running.saturating_sub(1);
            self.enter(key);
        }
    }

    /// A claimed job is given up before it was started.
    pub(super) fn drop_claimed(&mut self, bytes: usize) {
        self.claimed = self.claimed.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Takes nothing in from now on; gives back what has not started.
    pub(super) fn close(&mut self) -> Vec<T> {
        self.is_closed = true;
        self.turn.clear();
        let mut left = Vec::new();
        for group in self.groups.values_mut() {
            group.is_in_turn = false;
            left.extend(group.ready.drain(..));
        }
        self.claimed = self.claimed.saturating_sub(left.len());
        left
    }

    pub(super) const fn running(&self) -> usize {
        self.running
    }
}

#[cfg(test)]
mod tests {
    use super::{Local, Want};

    const NOTHING: Want = Want { jobs: 0, bytes: 0 };

    const fn jobs(jobs: usize) -> Want {
        Want { jobs, bytes: 0 }
    }

    fn room<T>(local: &Local<T>) -> usize {
        local.room(4, 100).jobs
    }

    #[test]
    fn groups_run_within_their_limits_and_take_turns() {
        let mut local = Local::default();
        local.claimed(NOTHING, 6, 6);
        for number in 0..4 {
            assert_eq!(local.offer((1, 1), Some(2), ('a', number)), None);
        }
        assert_eq!(local.offer((1, 2), Some(2), ('b', 0)), None);
        assert_eq!(local.offer((1, 0), None, ('c', 0)), None);
        let started: Vec<_> = std::iter::from_fn(|| local.start(100)).collect();
        assert_eq!(started, [('a', 0), ('b', 0), ('c', 0), ('a', 1)]);
        local.end((1, 1), 1);
        assert_eq!(local.start(100), Some(('a', 2)));
        assert_eq!(local.start(100), None);
        assert_eq!(local.close(), [('a', 3)]);
        assert_eq!(local.offer((1, 2), None, ('d', 0)), Some(('d', 0)));
    }

    #[test]
    fn who_finds_no_room_beside_a_claim_is_not_forgotten() {
        let mut local = Local::<()>::default();
        local.ask(jobs(4));
        assert!(!local.claimed(jobs(4), 0, 0));
        local.ask(jobs(4));
        assert_eq!(room(&local), 0);
        local.ask(NOTHING);
        assert!(local.claimed(jobs(4), 0, 0));
        assert!(!local.claimed(NOTHING, 4, 4));
        local.ask(NOTHING);
        assert!(!local.claimed(NOTHING, 0, 0));
    }

    #[test]
    fn claims_under_way_share_the_bytes() {
        let mut local = Local::<()>::default();
        let first = Want { jobs: 1, bytes: 60 };
        local.ask(first);
        assert_eq!(local.room(4, 100), Want { jobs: 3, bytes: 40 });
        local.ask(Want { jobs: 3, bytes: 40 });
        assert_eq!(local.room(4, 100), NOTHING);
        // A job is claimed however large it is.
        local.claimed(first, 1, 70);
        assert_eq!(local.room(4, 100), NOTHING);
        local.claimed(Want { jobs: 3, bytes: 40 }, 1, 10);
        assert_eq!(local.room(4, 100), Want { jobs: 2, bytes: 20 });
    }

    #[test]
    fn slow_jobs_are_not_claimed_ahead_and_quick_ones_are() {
        let mut local = Local::default();
        assert_eq!(room(&local), 4);
        local.ask(jobs(4));
        assert_eq!(room(&local), 0);
        local.claimed(jobs(4), 4, 4);
        for number in 0..4 {
            local.offer((1, 0), None, number);
        }
        assert_eq!(room(&local), 0);
        while local.start(4).is_some() {}
        for _ in 0..4 {
            local.end((1, 0), 1);
        }
        assert_eq!(room(&local), 16);
        local.claimed(NOTHING, 16, 16);
        assert_eq!(room(&local), 0);
        local.claimed(NOTHING, 0, 0);
        local.claimed(NOTHING, 0, 0);
        assert_eq!(room(&local), 0);
        assert_eq!((local.running(), local.bytes), (0, 16));
    }
}
