//! How companies share the places of a pool. Pure: the monotonic clock is an input.
//!
//! The next start is that of the company with the fewest running; among equals, of the one that has waited longest.
//! So that a company beside a flood need not wait until a handler of the flood ends, places are kept: for each
//! company seen lately as many as it had running at once, a quarter of the pool in all. Only companies beyond
//! what is kept for them leave those places free. Nothing is kept for a flood, a company that has held more than half
//! the pool since it was last idle: it waits for places anyway. A company that is alone gets all places.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use crate::queue::settings::kept_places;

/// A company is seen lately for one to two of these.
const PERIOD_MS: u64 = 15_000;

/// A company that has something to start: (running, turn, company).
type Place = (usize, u64, u64);

/// One company's part of a pool.
#[derive(Debug, Default)]
struct Share {
    running: usize,
    /// Ready or running.
    held: usize,
    /// The most running at once in this period and in the one before.
    peaks: [usize; 2],
    /// It has held more than half the pool since it was last idle.
    is_flood: bool,
    /// Where it stands in line, within its floor or beyond.
    place: Option<(bool, Place)>,
}

impl Share {
    /// The places it may count on.
    fn floor(&self, most: usize) -> usize {
        let [now, before] = self.peaks;
        if self.is_flood { 0 } else { now.max(before).min(most) }
    }

    fn unused(&self, most: usize) -> usize {
        self.floor(most).saturating_sub(self.running)
    }
}

/// The places of a pool.
#[derive(Debug)]
pub(super) struct Places {
    companies: HashMap<u64, Share>,
    /// Companies with something to start that run less than their floor, or nothing.
    within: BTreeSet<Place>,
    /// The others with something to start.
    beyond: BTreeSet<Place>,
    running: usize,
    /// Floors that are not used, over all companies.
    unused: usize,
    /// The most that one floor may be: what each gets when all that were seen lately have work.
    floor_most: usize,
    period: u64,
    turns: u64,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            companies: HashMap::new(),
            within: BTreeSet::new(),
            beyond: BTreeSet::new(),
            running: 0,
            unused: 0,
            floor_most: usize::MAX,
            period: 0,
            turns: 0,
        }
    }
}

impl Places {
    pub(super) const fn running(&self) -> usize {
        self.running
    }

    /// A company holds one job more.
    pub(super) fn add(&mut self, company: u64, concurrency: usize) {
        self.change(company, |share| {
            share.held += 1;
            if share.held > concurrency / 2 {
                share.is_flood = true;
            }
        });
    }

    /// The company whose job starts next, if there is a place for it.
    pub(super) fn next(&mut self, concurrency: usize, now_ms: u64) -> Option<u64> {
        self.begin_period(now_ms / PERIOD_MS, concurrency);
        let free = concurrency.checked_sub(self.running).filter(|free| *free > 0)?;
        let within = self.within.first();
        let beyond = self.beyond.first().filter(|_| free > self.unused.min(kept_places(concurrency)));
        let (.., company) = [within, beyond].into_iter().flatten().min()?;
        Some(*company)
    }

    /// When places that are kept now may no longer be, on the monotonic clock: while somebody would take them.
    pub(super) fn kept_until(&self, concurrency: usize) -> Option<u64> {
        let is_waiting = self.running < concurrency && !(self.within.is_empty() && self.beyond.is_empty());
        is_waiting.then(|| (self.period + 1).saturating_mul(PERIOD_MS))
    }

    /// A job of the company has started.
    pub(super) fn start(&mut self, company: u64) {
        self.running += 1;
        self.change(company, |share| {
            share.running += 1;
            let [now, _] = &mut share.peaks;
            *now = share.running.max(*now);
        });
        self.step_back(company);
    }

    /// A started job has ended.
    pub(super) fn end(&mut self, company: u64) {
        self.running = self.running.saturating_sub(1);
        self.change(company, |share| {
            share.running = share.running.saturating_sub(1);
            share.held = share.held.saturating_sub(1);
            if share.held == 0 && share.is_flood {
                share.is_flood = false;
                share.peaks = [0; 2];
            }
        });
    }

    /// Puts a company in line, or takes it out when it has nothing to start.
    pub(super) fn set_startable(&mut self, company: u64, is_startable: bool) {
        let Some(share) = self.companies.get_mut(&company) else { return };
        match (share.place, is_startable) {
            (None, true) => {
                self.turns += 1;
                let is_within = share.running < share.floor(self.floor_most).max(1);
                let place = (share.running, self.turns, company);
                share.place = Some((is_within, place));
                if is_within {
                    self.within.insert(place)
                } else {
                    self.beyond.insert(place)
                };
            }
            (Some((is_within, place)), false) => {
                share.place = None;
                if is_within {
                    self.within.remove(&place)
                } else {
                    self.beyond.remove(&place)
                };
            }
            _ => {}
        }
    }

    /// Nothing starts any more.
    pub(super) fn close(&mut self) {
        self.within.clear();
        self.beyond.clear();
        for share in self.companies.values_mut() {
            (share.place, share.held) = (None, share.running);
        }
    }

    /// Changes what is known of a company, and what follows from it.
    fn change(&mut self, company: u64, change: impl FnOnce(&mut Share)) {
        let share = self.companies.entry(company).or_default();
        let before = share.unused(self.floor_most);
        change(share);
        self.unused = self.unused - before + share.unused(self.floor_most);
        self.move_in_line(company);
    }

    /// Brings the place in line up to date; it keeps its turn.
    fn move_in_line(&mut self, company: u64) {
        let Some(share) = self.companies.get_mut(&company) else { return };
        let Some((was_within, place @ (running, turn, _))) = share.place else { return };
        let is_within = share.running < share.floor(self.floor_most).max(1);
        if (was_within, running) == (is_within, share.running) {
            return;
        }
        let moved = (share.running, turn, company);
        share.place = Some((is_within, moved));
        if was_within {
            self.within.remove(&place)
        } else {
            self.beyond.remove(&place)
        };
        if is_within {
            self.within.insert(moved)
        } else {
            self.beyond.insert(moved)
        };
    }

    /// Puts a company that was served behind its equals.
    fn step_back(&mut self, company: u64) {
        if self.companies.get(&company).is_some_and(|share| share.place.is_some()) {
            self.set_startable(company, false);
            self.set_startable(company, true);
        }
    }

    /// Forgets what was before the period before this one.
    fn begin_period(&mut self, period: u64, concurrency: usize) {
        if period <= self.period {
            return;
        }
        let is_next = period == self.period + 1;
        self.period = period;
        for share in self.companies.values_mut() {
            let [now, _] = share.peaks;
            let before = if is_next { now } else { share.running };
            share.peaks = if share.is_flood { [0; 2] } else { [share.running, before] };
        }
        self.companies.retain(|_, share| share.held > 0 || share.running > 0 || share.floor(usize::MAX) > 0);
        self.floor_most = (concurrency / self.companies.len().max(1)).max(1);
        self.unused = self.companies.values().map(|share| share.unused(self.floor_most)).sum();
        let companies: Vec<_> = self.companies.keys().copied().collect();
        for company in companies {
            self.move_in_line(company);
        }
    }
}
