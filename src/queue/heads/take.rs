//! Choosing the next job, and what happens to its group until it is settled.

use std::collections::HashSet;

use super::{
    Heads,
    group::{GroupState, Taker, Verdict},
    lane::{Lane, Level, Search},
    window::Ref,
};

/// A job taken from the head of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) company: u64,
    pub(crate) priority: u8,
    pub(crate) group: u64,
    pub(crate) item: Ref,
    /// Its company held little.
    pub(crate) is_lesser: bool,
    /// The most of its group that may run at once.
    pub(crate) group_limit: Option<u32>,
}

/// What was found out about one priority of a lane.
enum Look {
    Found { group: u64, item: Ref },
    Nothing,
}

impl Heads {
    /// Begins a round of claims at this reading of the monotonic clock.
    pub(crate) fn begin_pass(&mut self, now_ms: u64) {
        self.pass += 1;
        while let Some((at, company, group)) = self.parked.first().copied()
            && at <= now_ms
        {
            self.wake_group(company, group);
            self.parked.remove(&(at, company, group));
            self.forget_idle(company, group);
        }
        while let Some((at, company)) = self.later_searches.first().copied()
            && at <= now_ms
        {
            self.later_searches.remove(&(at, company));
            if let Some(lane) = self.lanes.get_mut(&company) {
                lane.search = Search::None;
            }
            self.want_search(company);
        }
        if self.blocked.len() > self.limits.groups.saturating_mul(4) {
            let Self { blocked, lanes, .. } = self;
            // A window that was dropped and read again stands here twice.
            let mut seen = HashSet::new();
            blocked.retain(|spot @ (company, priority, group)| {
                let is_held = lanes.get_mut(company).is_some_and(|lane| lane.window(*priority, *group).is_some());
                is_held && seen.insert(*spot)
            });
        }
    }

    /// Takes the next job of any company.
    pub(crate) fn take(&mut self, now_ms: u64) -> Option<Taken> {
        if self.rate.is_some_and(|rate| rate.wait_until(now_ms).is_some()) {
            return None;
        }
        while let Some(company) = self.turn.pop_front() {
            let taken = self.take_in_lane(company, now_ms, Taker::Pool, None);
            let is_ready = self.lanes.get(&company).is_some_and(Lane::is_ready);
            if let Some(lane) = self.lanes.get_mut(&company) {
                lane.is_in_turn = is_ready;
            }
            if is_ready {
                self.turn.push_back(company);
            }
            if taken.is_some() {
                return taken;
            }
        }
        None
    }

    /// Takes the next job of a company that holds little.
    pub(crate) fn take_lesser(&mut self, now_ms: u64) -> Option<Taken> {
        if self.rate.is_some_and(|rate| rate.wait_until(now_ms).is_some()) {
            return None;
        }
        while let Some(company) = self.lesser.pop_front() {
            let Some(lane) = self.lanes.get_mut(&company) else { continue };
            lane.is_in_lesser = false;
            if lane.held >= self.lesser_below {
                continue;
            }
            if let Some(taken) = self.take_in_lane(company, now_ms, Taker::Pool, None) {
                self.enter_lesser(company);
                return Some(Taken { is_lesser: true, ..taken });
            }
        }
        None
    }

    /// Takes the next job of one company for a worker outside, of these kinds only if any are given.
    pub(crate) fn take_for(&mut self, company: u64, now_ms: u64, kinds: Option<&[u32]>) -> Option<Taken> {
        if self.rate.is_some_and(|rate| rate.wait_until(now_ms).is_some()) {
            return None;
        }
        self.take_in_lane(company, now_ms, Taker::External, kinds)
    }

    fn take_in_lane(&mut self, company: u64, now_ms: u64, taker: Taker, kinds: Option<&[u32]>) -> Option<Taken> {
        if self.lanes.get(&company)?.is_paused {
            return None;
        }
        let mut next_level = 0;
        loop {
            let lane = self.lanes.get_mut(&company)?;
            let (priority, level) = lane.levels.range_mut(next_level..).next()?;
            let priority = *priority;
            let mut chooser = Chooser {
                groups: &mut self.groups,
                parked: &mut self.parked,
                blocked: &mut self.blocked,
                company,
                priority,
                now_ms,
                taker,
                kinds,
                default_limit: self.default_limit,
                pass: self.pass,
            };
            if let Look::Found { group, item } = chooser.look(level) {
                return Some(self.took(company, priority, group, item, now_ms));
            }
            next_level = priority.checked_add(1)?;
        }
    }

    fn took(&mut self, company: u64, priority: u8, group: u64, item: Ref, now_ms: u64) -> Taken {
        let mut group_limit = None;
        if group != 0 {
            let state = self.groups.entry((company, group)).or_default();
            state.begin_pass(self.pass);
            state.take(now_ms);
            group_limit = state.limit(self.default_limit);
        }
        if let Some(rate) = &mut self.rate {
            rate.take(now_ms);
        }
        if let Some(lane) = self.lanes.get_mut(&company) {
            lane.held += 1;
        }
        self.settle_window((company, priority, group));
        Taken { company, priority, group, item, is_lesser: false, group_limit }
    }

    /// What was taken is not claimed after all. A stale ref is dropped; a good one is pushed again by the caller.
    pub(crate) fn untake(&mut self, company: u64, group: u64) {
        if let Some(rate) = &mut self.rate {
            rate.give_back();
        }
        if let Some(state) = self.groups.get_mut(&(company, group)) {
            state.give_back();
        }
        self.let_go(company);
        self.wake_group(company, group);
        self.forget_idle(company, group);
    }

    /// The job at the head of an ordered group waits for its retry: nothing behind it starts.
    pub(crate) fn hold(&mut self, company: u64, group: u64, job: u64) {
        if group != 0 {
            self.groups.entry((company, group)).or_default().held_by = Some(job);
        }
    }

    /// The job no longer holds back its group.
    pub(crate) fn unhold(&mut self, company: u64, group: u64, job: u64) {
        if let Some(state) = self.groups.get_mut(&(company, group))
            && state.held_by == Some(job)
        {
            state.held_by = None;
            self.wake_group(company, group);
            self.forget_idle(company, group);
        }
    }

    /// A lease exists that was not taken from here, such as one from before a restart.
    pub(crate) fn count_lease(&mut self, company: u64, group: u64) {
        if let Some(lane) = self.lanes.get_mut(&company) {
            lane.held += 1;
        }
        if group != 0 {
            self.groups.entry((company, group)).or_default().leased += 1;
        }
    }

    /// A handler has ended; its settlement is on its way.
    pub(crate) fn ended(&mut self, company: u64, group: u64) {
        self.let_go(company);
        if let Some(state) = self.groups.get_mut(&(company, group)) {
            state.end();
            self.wake_group(company, group);
        }
    }

    /// A lease is over.
    pub(crate) fn settled(&mut self, company: u64, group: u64, was_ended: bool) {
        if !was_ended {
            self.let_go(company);
        }
        if let Some(state) = self.groups.get_mut(&(company, group)) {
            state.settle(was_ended);
            self.wake_group(company, group);
            self.forget_idle(company, group);
        }
    }

    /// A lease is over, or its handler has ended.
    fn let_go(&mut self, company: u64) {
        if let Some(lane) = self.lanes.get_mut(&company) {
            lane.held = lane.held.saturating_sub(1);
        }
        self.enter_lesser(company);
    }

    /// Leases of a group that are not settled.
    #[cfg(test)]
    pub(crate) fn leased(&self, company: u64, group: u64) -> u32 {
        self.groups.get(&(company, group)).map_or(0, |state| state.leased)
    }
}

/// Looks through the groups of one priority; a part of [`Heads`] borrowed apart from its lanes.
struct Chooser<'a> {
    groups: &'a mut std::collections::HashMap<(u64, u64), GroupState>,
    parked: &'a mut std::collections::BTreeSet<(u64, u64, u64)>,
    blocked: &'a mut std::collections::VecDeque<super::Spot>,
    company: u64,
    priority: u8,
    now_ms: u64,
    taker: Taker,
    kinds: Option<&'a [u32]>,
    default_limit: Option<u32>,
    pass: u64,
}

impl Chooser<'_> {
    fn look(&mut self, level: &mut Level) -> Look {
        for _ in 0..level.turn.len() {
            let Some(group) = level.turn.pop_front() else { break };
            let Some(window) = level.windows.get_mut(&group) else { continue };
            if !self.is_free(group) {
                window.is_in_turn = false;
                if !window.is_noted_blocked {
                    window.is_noted_blocked = true;
                    self.blocked.push_back((self.company, self.priority, group));
                }
                continue;
            }
            let item = match self.kinds {
                Some(kinds) => window.pop_kind(kinds),
                None => window.pop(),
            };
            window.is_in_turn = !window.is_empty();
            if window.is_in_turn {
                level.turn.push_back(group);
            }
            if let Some(item) = item {
                return Look::Found { group, item };
            }
        }
        Look::Nothing
    }

    fn is_free(&mut self, group: u64) -> bool {
        if group == 0 {
            return true;
        }
        let Some(state) = self.groups.get_mut(&(self.company, group)) else { return self.default_limit != Some(0) };
        state.begin_pass(self.pass);
        match state.verdict(self.now_ms, self.default_limit, self.taker) {
            Verdict::Free => true,
            Verdict::Busy => false,
            Verdict::Until(at) => {
                if let Some(old) = state.parked_at.replace(at) {
                    self.parked.remove(&(old, self.company, group));
                }
                self.parked.insert((at, self.company, group));
                false
            }
        }
    }
}
