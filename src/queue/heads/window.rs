//! The part of one group's line that is held in memory: the oldest jobs, and how far they reach.

use std::collections::VecDeque;

/// The place of a job in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ref {
    /// Order within the group.
    pub(crate) ord: u64,
    /// The job's `hi`.
    pub(crate) job: u64,
    /// Hash of its kind.
    pub(crate) kind: u32,
    /// Its payload size.
    pub(crate) bytes: u32,
}

/// How far a read for more has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    None,
    Wanted,
    /// Under way, under this ticket; everything up to `target` was on disk when it began.
    Reading {
        ticket: u64,
        target: u64,
    },
}

/// A group's line within one priority.
///
/// Everything ready with an order up to `loaded_to` is in `refs` or was taken from it; what
/// lies behind is on disk only, if `has_more`.
#[derive(Debug)]
pub(super) struct Window {
    refs: VecDeque<Ref>,
    loaded_to: u64,
    /// The greatest order known to be on disk.
    seen_to: u64,
    /// There may be more on disk although nobody told us.
    is_unproven: bool,
    pub(super) fill: Fill,
    pub(super) is_in_turn: bool,
    /// It stands on the list of blocked windows.
    pub(super) is_noted_blocked: bool,
}

impl Window {
    /// A line of which nothing else is on disk.
    pub(super) fn of(item: Ref) -> Self {
        Self {
            refs: VecDeque::from([item]),
            loaded_to: item.ord,
            seen_to: item.ord,
            is_unproven: false,
            fill: Fill::None,
            is_in_turn: false,
            is_noted_blocked: false,
        }
    }

    /// A line read from disk, beginning with these.
    pub(super) fn read(refs: Vec<Ref>) -> Self {
        let loaded_to = refs.last().map_or(0, |last| last.ord);
        Self {
            refs: refs.into(),
            loaded_to,
            seen_to: loaded_to,
            is_unproven: true,
            fill: Fill::None,
            is_in_turn: false,
            is_noted_blocked: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.refs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.refs.is_empty()
    }

    /// Whether there is or may be more on disk.
    pub(super) fn has_more(&self) -> bool {
        self.is_unproven || self.seen_to > self.loaded_to || self.fill != Fill::None
    }

    pub(super) fn front(&self) -> Option<Ref> {
        self.refs.front().copied()
    }

    pub(super) fn pop(&mut self) -> Option<Ref> {
        self.refs.pop_front()
    }

    /// Takes the oldest whose kind is one of these.
    pub(super) fn pop_kind(&mut self, kinds: &[u32]) -> Option<Ref> {
        let position = self.refs.iter().position(|item| kinds.contains(&item.kind))?;
        self.refs.remove(position)
    }

    /// Takes in a job that became ready; `room` is how many the window may hold.
    pub(super) fn push(&mut self, item: Ref, room: usize) {
        if item.ord <= self.loaded_to {
            self.put_in_order(item, room);
        } else if self.has_more() || self.refs.len() >= room {
            self.seen_to = self.seen_to.max(item.ord);
        } else {
            self.refs.push_back(item);
            self.loaded_to = item.ord;
            self.seen_to = item.ord;
        }
    }

    fn put_in_order(&mut self, item: Ref, room: usize) {
        let Err(position) = self.refs.binary_search_by_key(&item.ord, |held| held.ord) else { return };
        self.refs.insert(position, item);
        // Returned jobs may exceed the room a little; far beyond it the tail goes back to disk.
        if self.refs.len() > room * 2 && self.fill == Fill::None {
            self.refs.truncate(room);
            let loaded_to = self.refs.back().map_or(0, |last| last.ord);
            self.seen_to = self.seen_to.max(self.loaded_to);
            self.loaded_to = loaded_to;
        }
    }

    /// Forgets a job; nothing happens when it is not held.
    pub(super) fn remove(&mut self, ord: u64) {
        if let Ok(position) = self.refs.binary_search_by_key(&ord, |held| held.ord) {
            self.refs.remove(position);
        }
    }

    /// Begins a read; gives the order after which to read.
    pub(super) fn begin_fill(&mut self, ticket: u64) -> u64 {
        self.fill = Fill::Reading { ticket, target: self.seen_to };
        self.is_unproven = false;
        self.loaded_to
    }

    /// Whether the read of this ticket is under way.
    pub(super) fn is_reading(&self, ticket: u64) -> bool {
        matches!(self.fill, Fill::Reading { ticket: own, .. } if own == ticket)
    }

    /// Takes in what a read found; `is_full` when the read stopped at its limit.
    pub(super) fn end_fill(&mut self, ticket: u64, found: Vec<Ref>, is_full: bool) {
        let Fill::Reading { ticket: own, target } = self.fill else { return };
        if own != ticket {
            return;
        }
        self.fill = Fill::None;
        for item in found {
            if item.ord > self.loaded_to {
                self.loaded_to = item.ord;
                self.refs.push_back(item);
            }
        }
        if is_full {
            self.is_unproven = true;
        } else {
            self.loaded_to = self.loaded_to.max(target);
        }
    }
}
