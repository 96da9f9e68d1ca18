//! One company's part of a queue: its windows by priority and group, and who is next.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{
    fill::SEARCH_PAUSE_MS,
    window::{Ref, Window},
};

/// The lines of one priority.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// Groups that have something and are not known to be blocked, in turn.
    pub(super) turn: VecDeque<u64>,
    pub(super) windows: HashMap<u64, Window>,
}

impl Level {
    /// Puts a group in turn if it has something to give.
    pub(super) fn enter(&mut self, group: u64) -> bool {
        match self.windows.get_mut(&group) {
            Some(window) if !window.is_empty() && !window.is_in_turn => {
                window.is_in_turn = true;
                self.turn.push_back(group);
                true
            }
            _ => false,
        }
    }
}

/// How far the search for groups on disk has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    None,
    Wanted,
    Reading,
    /// Put off for a while.
    Later,
}

/// One company's part of a queue.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) is_paused: bool,
    pub(super) is_in_turn: bool,
    pub(super) is_in_lesser: bool,
    /// Leases of which no handler has ended, about: those from before a restart may not be known.
    pub(super) held: u32,
    /// There may be groups on disk that have no window.
    pub(super) is_unknown: bool,
    pub(super) search: Search,
    /// The last (priority, group) the search has passed; `None` at its start.
    pub(super) cursor: Option<(u8, u64)>,
    /// Nothing was left out since the search began at the start.
    pub(super) is_clean: bool,
    /// The search found something new since it began at the start.
    pub(super) has_found: bool,
    /// How long the search rests after it went round.
    pub(super) pause_ms: u64,
    pub(super) levels: BTreeMap<u8, Level>,
}

impl Lane {
    pub(super) const fn new(is_unknown: bool) -> Self {
        Self {
            is_paused: false,
            is_in_turn: false,
            is_in_lesser: false,
            held: 0,
            is_unknown,
            search: Search::None,
            cursor: None,
            is_clean: true,
            has_found: false,
            pause_ms: SEARCH_PAUSE_MS,
            levels: BTreeMap::new(),
        }
    }

    /// Whether some group is in turn.
    pub(super) fn is_ready(&self) -> bool {
        !self.is_paused && self.levels.values().any(|level| !level.turn.is_empty())
    }

    pub(super) fn window(&mut self, priority: u8, group: u64) -> Option<&mut Window> {
        self.levels.get_mut(&priority)?.windows.get_mut(&group)
    }

    /// Removes a window; `true` when there was one.
    pub(super) fn remove(&mut self, priority: u8, group: u64) -> bool {
        let Some(level) = self.levels.get_mut(&priority) else { return false };
        let Some(window) = level.windows.remove(&group) else { return false };
        if window.is_in_turn {
            level.turn.retain(|held| *held != group);
        }
        if level.windows.is_empty() {
            self.levels.remove(&priority);
        }
        true
    }

    /// A window of a less urgent priority, to make room.
    pub(super) fn least_urgent(&self, than: u8) -> Option<(u8, u64)> {
        let (priority, level) = self.levels.last_key_value()?;
        (*priority > than).then(|| level.windows.keys().next().map(|group| (*priority, *group)))?
    }

    /// The least order of all jobs held.
    pub(super) fn oldest(&self) -> Option<Ref> {
        self.levels.values().flat_map(|level| level.windows.values()).filter_map(Window::front).min_by_key(|r| r.ord)
    }
}
