//! Asking for what lies on disk, and taking in what was found.

use super::{
    Heads, Spot,
    group::{GroupState, Taker, Verdict},
    lane::Search,
    window::{Fill, Ref, Window},
};

/// A read of the ready index that the heads ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Jobs of one group behind an order.
    Fill {
        /// Whose lane.
        company: u64,
        /// Which priority.
        priority: u8,
        /// Which group.
        group: u64,
        /// Only greater orders.
        after: u64,
        /// At most so many.
        limit: usize,
        /// Comes back with the answer.
        ticket: u64,
    },
    /// Groups of a lane behind a place, each with its oldest jobs.
    Search {
        /// Whose lane.
        company: u64,
        /// Only groups behind this (priority, group).
        after: Option<(u8, u64)>,
        /// At most so many groups.
        groups: usize,
        /// At most so many jobs of each.
        refs: usize,
    },
}

/// A group that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundGroup {
    pub(crate) priority: u8,
    pub(crate) group: u64,
    pub(crate) refs: Vec<Ref>,
}

/// Groups that one search reads at most.
const SEARCH_GROUPS: usize = 256;

/// Pause after a search went round, or failed.
pub(super) const SEARCH_PAUSE_MS: u64 = 250;

/// The longest pause, after several rounds that found nothing they could hold.
const SEARCH_PAUSE_MS_MAX: u64 = 4_000;

impl Heads {
    /// The reads to make now, at most `limit`; each must be answered, also when it failed.
    pub(crate) fn requests(&mut self, limit: usize) -> Vec<Request> {
        let mut requests = Vec::new();
        while requests.len() < limit
            && let Some(spot) = self.wanted_fills.pop_front()
        {
            requests.extend(self.begin_fill(spot));
        }
        while requests.len() < limit && self.has_search_room() {
            let Some(company) = self.wanted_searches.pop_front() else { break };
            requests.extend(self.begin_search(company));
        }
        requests
    }

    /// Whether a read is wanted that can be made now.
    pub(crate) fn has_requests(&self) -> bool {
        !self.wanted_fills.is_empty() || (!self.wanted_searches.is_empty() && self.has_search_room())
    }

    fn has_search_room(&self) -> bool {
        self.windows < self.limits.groups || !self.blocked.is_empty()
    }

    fn begin_fill(&mut self, (company, priority, group): Spot) -> Option<Request> {
        let room = self.room_per_window();
        let window = self.lanes.get_mut(&company)?.window(priority, group)?;
        if window.fill != Fill::Wanted {
            return None;
        }
        let limit = room.saturating_sub(window.len()).max(16);
        self.tickets += 1;
        let ticket = self.tickets;
        let after = window.begin_fill(ticket);
        Some(Request::Fill { company, priority, group, after, limit, ticket })
    }

    fn begin_search(&mut self, company: u64) -> Option<Request> {
        let groups = self.limits.groups.saturating_sub(self.windows).clamp(16, SEARCH_GROUPS);
        let refs = self.room_per_window().min(64);
        let lane = self.lanes.get_mut(&company)?;
        lane.search = Search::Reading;
        if lane.cursor.is_none() {
            lane.is_clean = true;
            lane.has_found = false;
        }
        Some(Request::Search { company, after: lane.cursor, groups, refs })
    }

    /// Answers a [`Request::Fill`]; `is_full` when it stopped at its limit, `None` when it failed.
    pub(crate) fn filled(
        &mut self,
        spot @ (company, priority, group): Spot,
        ticket: u64,
        found: Option<(Vec<Ref>, bool)>,
        now_ms: u64,
    ) {
        let Some(lane) = self.lanes.get_mut(&company) else { return };
        let Some(window) = lane.window(priority, group).filter(|window| window.is_reading(ticket)) else { return };
        if let Some((refs, is_full)) = found {
            window.end_fill(ticket, refs, is_full);
            return self.settle_window(spot);
        }
        // The search reads the group again, later: asked for at once, it would be in vain as often as it can.
        if lane.search == Search::None {
            self.search_later(company, now_ms, SEARCH_PAUSE_MS);
        }
        self.evict(spot);
    }

    /// Answers a [`Request::Search`]; `end` is where it stopped at its limit, `None` at the lane's end.
    pub(crate) fn searched(&mut self, company: u64, found: Vec<FoundGroup>, end: Option<(u8, u64)>, now_ms: u64) {
        let mut has_found = false;
        for FoundGroup { priority, group, refs } in found {
            let spot = (company, priority, group);
            if self.lanes.get_mut(&company).is_some_and(|lane| lane.window(priority, group).is_some()) {
                continue;
            }
            if self.windows >= self.limits.groups && !self.is_free(company, group, now_ms) {
                // One blocked group in place of another would be no gain, and the search would never rest.
                if let Some(lane) = self.lanes.get_mut(&company) {
                    lane.is_clean = false;
                }
                continue;
            }
            if self.add_window(spot, Window::read(refs)) {
                has_found = true;
                self.settle_window(spot);
            }
        }
        let Some(lane) = self.lanes.get_mut(&company) else { return };
        lane.search = Search::None;
        lane.has_found |= has_found;
        lane.cursor = end;
        if end.is_some() {
            self.want_search(company);
        } else if lane.is_clean {
            lane.is_unknown = false;
            lane.pause_ms = SEARCH_PAUSE_MS;
        } else {
            // A rest between two rounds, longer the more often a round was in vain.
            lane.pause_ms = if lane.has_found { SEARCH_PAUSE_MS } else { (lane.pause_ms * 2).min(SEARCH_PAUSE_MS_MAX) };
            let pause_ms = lane.pause_ms;
            self.search_later(company, now_ms, pause_ms);
        }
    }

    fn is_free(&self, company: u64, group: u64, now_ms: u64) -> bool {
        let verdict = |state: &GroupState| state.verdict(now_ms, self.default_limit, Taker::External);
        self.groups.get(&(company, group)).is_none_or(|state| verdict(state) == Verdict::Free)
    }

    /// A search failed.
    pub(crate) fn search_failed(&mut self, company: u64, now_ms: u64) {
        self.search_later(company, now_ms, SEARCH_PAUSE_MS);
    }

    /// Asks for a search again after a pause.
    fn search_later(&mut self, company: u64, now_ms: u64, pause_ms: u64) {
        if let Some(lane) = self.lanes.get_mut(&company) {
            lane.search = Search::Later;
            self.later_searches.insert((now_ms.saturating_add(pause_ms), company));
        }
    }
}
