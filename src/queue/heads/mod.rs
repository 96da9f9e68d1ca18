//! The heads of a queue's lines, in memory and bounded; the rest stays on disk.
//!
//! Order: companies in turn (a pool asks for those that hold little first), within a company the most
//! urgent priority that has something to give, within it groups in turn, within a group by order of
//! arrival. Pure: time is an input, and reads are asked for by [`Heads::requests`] and answered by
//! [`Heads::filled`] and [`Heads::searched`].
//!
//! Invariants:
//! - Only jobs that later transactions see are pushed; a claim is such a transaction, so nothing is started that a
//!   crash could undo.
//! - A held ref may be stale: whoever takes it checks the job's row. A ready job that is held
//!   nowhere is behind a window's end, or its lane is unknown and under search.
//! - Windows are at most `groups`, refs about `refs`, whatever the backlog.

mod fill;
mod group;
mod lane;
mod take;
#[cfg(test)]
mod tests;
mod window;

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::settings::GroupPolicy;
use group::{GroupState, Rate};
use lane::{Lane, Search};
use window::{Fill, Window};

pub(crate) use fill::{FoundGroup, Request};
pub(crate) use take::Taken;
pub(crate) use window::Ref;

/// How much a queue may hold in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Windows over all lanes.
    pub(crate) groups: usize,
    /// Refs over all windows, about.
    pub(crate) refs: usize,
}

/// A place in line without its order.
pub(super) type Spot = (u64, u8, u64);

/// The heads of one queue.
#[derive(Debug)]
pub(crate) struct Heads {
    limits: Limits,
    lanes: HashMap<u64, Lane>,
    /// Companies that have something to give, in turn.
    turn: VecDeque<u64>,
    /// Of these, those that hold little, in turn.
    lesser: VecDeque<u64>,
    /// A company that holds fewer leases than this holds little.
    lesser_below: u32,
    /// Limits and counts by (company, group).
    groups: HashMap<(u64, u64), GroupState>,
    /// Groups that become free at a time: (monotonic ms, company, group).
    parked: BTreeSet<(u64, u64, u64)>,
    wanted_fills: VecDeque<Spot>,
    wanted_searches: VecDeque<u64>,
    /// Searches put off until a time.
    later_searches: BTreeSet<(u64, u64)>,
    /// Windows that left their turn because their group is blocked; first to make room.
    blocked: VecDeque<Spot>,
    windows: usize,
    default_limit: Option<u32>,
    rate: Option<Rate>,
    pass: u64,
    tickets: u64,
}

impl Heads {
    /// Knows of nothing yet.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            lanes: HashMap::new(),
            turn: VecDeque::new(),
            lesser: VecDeque::new(),
            lesser_below: 0,
            groups: HashMap::new(),
            parked: BTreeSet::new(),
            wanted_fills: VecDeque::new(),
            wanted_searches: VecDeque::new(),
            later_searches: BTreeSet::new(),
            blocked: VecDeque::new(),
            windows: 0,
            default_limit: None,
            rate: None,
            pass: 0,
            tickets: 0,
        }
    }

    /// Sets the limits of the queue as a whole.
    pub(crate) fn configure(&mut self, group_concurrency: Option<u32>, rate_per_second: Option<f64>) {
        self.default_limit = group_concurrency;
        self.rate = rate_per_second.and_then(Rate::per_second);
        let groups: Vec<_> = self.groups.keys().copied().collect();
        for (company, group) in groups {
            self.wake_group(company, group);
        }
    }

    /// Sets below how many leases a company holds little; none does when it is zero.
    pub(crate) const fn set_lesser(&mut self, below: u32) {
        self.lesser_below = below;
    }

    /// Learns of a lane that exists on disk.
    pub(crate) fn add_lane(&mut self, company: u64, is_paused: bool) {
        let lane = self.lanes.entry(company).or_insert_with(|| Lane::new(true));
        lane.is_paused = is_paused;
        if lane.is_unknown {
            self.want_search(company);
        }
    }

    /// Pauses or resumes a lane.
    pub(crate) fn set_paused(&mut self, company: u64, is_paused: bool) {
        self.lanes.entry(company).or_insert_with(|| Lane::new(false)).is_paused = is_paused;
        self.enter_turn(company);
    }

    /// Whether the lane is paused.
    pub(crate) fn is_paused(&self, company: u64) -> bool {
        self.lanes.get(&company).is_some_and(|lane| lane.is_paused)
    }

    /// Takes in a job that became ready, or came back.
    pub(crate) fn push(&mut self, company: u64, priority: u8, group: u64, item: Ref) {
        let room = self.room_per_window();
        let lane = self.lanes.entry(company).or_insert_with(|| Lane::new(false));
        if let Some(window) = lane.window(priority, group) {
            window.push(item, room);
        } else if lane.is_unknown {
            // Older ones of the group may be on disk, so it is read from its beginning.
            if !self.add_window((company, priority, group), Window::read(Vec::new())) {
                return;
            }
        } else if !self.add_window((company, priority, group), Window::of(item)) {
            return;
        }
        self.settle_window((company, priority, group));
    }

    /// Forgets a job that left its line.
    pub(crate) fn remove(&mut self, company: u64, priority: u8, group: u64, ord: u64) {
        if let Some(window) = self.lanes.get_mut(&company).and_then(|lane| lane.window(priority, group)) {
            window.remove(ord);
            self.settle_window((company, priority, group));
        }
    }

    /// Sets the limits of a group.
    pub(crate) fn set_policy(&mut self, company: u64, group: u64, policy: GroupPolicy) {
        let state = self.groups.entry((company, group)).or_default();
        state.set_policy(policy);
        self.wake_group(company, group);
        self.forget_idle(company, group);
    }

    /// Whether the group is served one by one, in order.
    pub(crate) fn is_ordered(&self, company: u64, group: u64) -> bool {
        self.groups.get(&(company, group)).is_some_and(GroupState::is_ordered)
    }

    /// The least order held of a lane: about the oldest job that waits.
    pub(crate) fn oldest(&self, company: u64) -> Option<u64> {
        self.lanes.get(&company)?.oldest().map(|item| item.ord)
    }

    /// Companies of this queue.
    pub(crate) fn companies(&self) -> impl Iterator<Item = u64> + '_ {
        self.lanes.keys().copied()
    }

    /// Whether taking may give something now.
    pub(crate) fn is_ready(&self, now_ms: u64) -> bool {
        let is_due = |at: Option<u64>| at.is_some_and(|at| at <= now_ms);
        let is_rated = self.rate.is_some_and(|rate| rate.wait_until(now_ms).is_some());
        (!self.turn.is_empty() && !is_rated)
            || is_due(self.parked.first().map(|(at, ..)| *at))
            || is_due(self.later_searches.first().map(|(at, _)| *at))
    }

    /// Whether a company that holds little may have something to give.
    pub(crate) fn has_lesser(&self) -> bool {
        !self.lesser.is_empty()
    }

    /// Whether a lane has something in turn.
    pub(crate) fn is_lane_ready(&self, company: u64) -> bool {
        self.lanes.get(&company).is_some_and(Lane::is_ready)
    }

    /// When something that is held becomes free by time alone.
    pub(crate) fn next_wake(&self, now_ms: u64) -> Option<u64> {
        let parked = self.parked.first().map(|(at, ..)| *at);
        let search = self.later_searches.first().map(|(at, _)| *at);
        let rate = self.rate.and_then(|rate| rate.wait_until(now_ms));
        [parked, search, rate].into_iter().flatten().min()
    }

    fn room_per_window(&self) -> usize {
        (self.limits.refs / self.windows.max(1)).clamp(16, 1024)
    }

    /// Adds a window, making room if need be; `false` when there is none, and the lane is then unknown.
    fn add_window(&mut self, (company, priority, group): Spot, window: Window) -> bool {
        if self.windows >= self.limits.groups && !self.make_room(company, priority) {
            self.leave_to_disk(company);
            return false;
        }
        let Some(lane) = self.lanes.get_mut(&company) else { return false };
        lane.levels.entry(priority).or_default().windows.insert(group, window);
        self.windows += 1;
        true
    }

    fn make_room(&mut self, company: u64, priority: u8) -> bool {
        while let Some((owner, level, group)) = self.blocked.pop_front() {
            let Some(window) = self.lanes.get_mut(&owner).and_then(|lane| lane.window(level, group)) else { continue };
            window.is_noted_blocked = false;
            if !window.is_in_turn && !window.is_empty() {
                self.evict((owner, level, group));
                return true;
            }
        }
        let Some((level, group)) = self.lanes.get(&company).and_then(|lane| lane.least_urgent(priority)) else {
            return false;
        };
        self.evict((company, level, group));
        true
    }

    /// Drops a window whose jobs are found again by the search.
    fn evict(&mut self, (company, priority, group): Spot) {
        if self.lanes.get_mut(&company).is_some_and(|lane| lane.remove(priority, group)) {
            self.windows -= 1;
            self.leave_to_disk(company);
        }
    }

    fn leave_to_disk(&mut self, company: u64) {
        if let Some(lane) = self.lanes.get_mut(&company) {
            lane.is_unknown = true;
            lane.is_clean = false;
        }
        self.want_search(company);
    }

    fn want_search(&mut self, company: u64) {
        if let Some(lane) = self.lanes.get_mut(&company).filter(|lane| lane.search == Search::None) {
            lane.search = Search::Wanted;
            self.wanted_searches.push_back(company);
        }
    }

    /// Brings turn, wish for more and existence of a window in line with what it holds.
    fn settle_window(&mut self, (company, priority, group): Spot) {
        let room = self.room_per_window();
        let is_crowded = self.windows >= self.limits.groups;
        let Some(lane) = self.lanes.get_mut(&company) else { return };
        let is_unknown = lane.is_unknown;
        let Some(window) = lane.window(priority, group) else { return };
        if window.is_empty() && !window.has_more() {
            lane.remove(priority, group);
            self.windows -= 1;
            return;
        }
        if window.is_empty() && is_crowded && is_unknown && window.fill == Fill::None {
            // Others wait on disk: the search comes back to this group in its turn.
            self.evict((company, priority, group));
            return;
        }
        if window.fill == Fill::None && window.has_more() && window.len() <= room / 2 {
            window.fill = Fill::Wanted;
            self.wanted_fills.push_back((company, priority, group));
        }
        if lane.levels.get_mut(&priority).is_some_and(|level| level.enter(group)) {
            self.enter_turn(company);
        }
    }

    fn enter_turn(&mut self, company: u64) {
        if let Some(lane) = self.lanes.get_mut(&company)
            && !lane.is_in_turn
            && lane.is_ready()
        {
            lane.is_in_turn = true;
            self.turn.push_back(company);
        }
        self.enter_lesser(company);
    }

    fn enter_lesser(&mut self, company: u64) {
        if let Some(lane) = self.lanes.get_mut(&company)
            && !lane.is_in_lesser
            && lane.held < self.lesser_below
            && lane.is_ready()
        {
            lane.is_in_lesser = true;
            self.lesser.push_back(company);
        }
    }

    /// Puts the windows of a group back in turn.
    fn wake_group(&mut self, company: u64, group: u64) {
        if let Some(state) = self.groups.get_mut(&(company, group))
            && let Some(at) = state.parked_at.take()
        {
            self.parked.remove(&(at, company, group));
        }
        let Some(lane) = self.lanes.get_mut(&company) else { return };
        for level in lane.levels.values_mut() {
            level.enter(group);
        }
        self.enter_turn(company);
    }

    fn forget_idle(&mut self, company: u64, group: u64) {
        if self.groups.get(&(company, group)).is_some_and(GroupState::is_idle) {
            self.groups.remove(&(company, group));
        }
    }
}
