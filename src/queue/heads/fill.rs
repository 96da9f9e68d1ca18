//! Asking for what lies on disk, and taking in what was found.

use super::{
    Heads, Spot,
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

/// Pause of a search that went round without finding anything it could hold.
const SEARCH_PAUSE_MS: u64 = 250;

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
    pub(crate) fn filled(&mut self, (company, priority, group): Spot, ticket: u64, found: Option<(Vec<Ref>, bool)>) {
        if let Some(window) = self.lanes.get_mut(&company).and_then(|lane| lane.window(priority, group)) {
            match found {
                Some((refs, is_full)) => window.end_fill(ticket, refs, is_full),
                None => window.fail_fill(ticket),
            }
            self.settle_window((company, priority, group));
        }
    }

    /// Answers a [`Request::Search`]; `end` is where it stopped at its limit, `None` at the lane's end.
    pub(crate) fn searched(&mut self, company: u64, found: Vec<FoundGroup>, end: Option<(u8, u64)>, now_ms: u64) {
        let mut has_found = false;
        for FoundGroup { priority, group, refs } in found {
            let spot = (company, priority, group);
            if self.lanes.get_mut(&company).is_some_and(|lane| lane.window(priority, group).is_some()) {
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
        if end.is_none() && lane.is_clean {
            lane.is_unknown = false;
        }
        if !lane.is_unknown {
            return;
        }
        if end.is_none() && !lane.has_found {
            self.search_later(company, now_ms);
        } else {
            self.want_search(company);
        }
    }

    /// A search failed or went round in vain: it is asked for again, later.
    pub(crate) fn search_later(&mut self, company: u64, now_ms: u64) {
        if let Some(lane) = self.lanes.get_mut(&company) {
            lane.search = Search::Later;
            self.later_searches.insert((now_ms + SEARCH_PAUSE_MS, company));
        }
    }
}
