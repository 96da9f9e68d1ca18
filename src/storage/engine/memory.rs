//! An engine in memory, for tests and simulations; it can lose what was not synced.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Change, Engine, EngineSnapshot, EngineStats, Holdings, VisitBytes};
use crate::storage::{error::Error, key::Order, keyspaces::Space};

type Versions = Vec<(u64, Option<Arc<[u8]>>)>;

/// Multi-version rows; a clone shows the same data, as a reopened directory would.
#[derive(Debug, Clone, Default)]
pub struct MemoryEngine {
    state: Arc<Mutex<State>>,
    /// Signals that syncs, writes and reads may go on, and that a read waits.
    changed: Arc<Condvar>,
}

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<(Space, Vec<u8>), Versions>,
    /// The number of the newest batch.
    written: u64,
    /// The newest batch that a crash keeps.
    synced: u64,
    /// Live snapshots by batch number.
    snapshots: BTreeMap<u64, usize>,
    /// Set by tests: the next write or sync fails and so does every later one.
    is_failing: bool,
    /// Set by tests: so many writes more, and then they fail.
    writes_left: Option<u32>,
    /// Set by tests: syncs wait.
    is_held: bool,
    /// Syncs that wait.
    waiting_syncs: usize,
    /// Set by tests: writes wait.
    are_writes_held: bool,
    /// Set by tests: reads of a key wait.
    are_reads_held: bool,
    /// Reads that wait.
    waiting_reads: usize,
}

impl MemoryEngine {
    /// Forgets every batch after the last sync, as a power cut would.
    pub fn crash(&self) {
        let mut state = self.lock();
        let synced = state.synced;
        state.rows.retain(|_, versions| {
            versions.retain(|(batch, _)| *batch <= synced);
            !versions.is_empty()
        });
        state.written = synced;
        state.is_failing = false;
        state.writes_left = None;
    }

    /// Makes every write and sync fail from now on, until [`MemoryEngine::crash`].
    pub fn fail(&self) {
        self.lock().is_failing = true;
    }

    /// As [`MemoryEngine::fail`], behind so many writes more.
    pub fn fail_after(&self, writes: u32) {
        self.lock().writes_left = Some(writes);
    }

    /// Makes every sync wait until [`MemoryEngine::let_go`].
    pub fn hold(&self) {
        self.lock().is_held = true;
    }

    /// Makes every write wait until [`MemoryEngine::let_go`], and lets syncs go on.
    pub fn hold_writes(&self) {
        let mut state = self.lock();
        (state.is_held, state.are_writes_held) = (false, true);
        drop(state);
        self.changed.notify_all();
    }

    /// Syncs that wait.
    #[must_use]
    pub fn waiting_syncs(&self) -> usize {
        self.lock().waiting_syncs
    }

    /// Makes every read of a key wait until [`MemoryEngine::let_go`], as a slow disk would.
    pub fn hold_reads(&self) {
        self.lock().are_reads_held = true;
    }

    /// Blocks until so many reads wait; false when they do not within the time.
    #[must_use]
    pub fn has_waiting_reads(&self, count: usize, patience: Duration) -> bool {
        let are_missing = |state: &mut State| state.waiting_reads < count;
        let waited = self.changed.wait_timeout_while(self.lock(), patience, are_missing);
        waited.unwrap_or_else(PoisonError::into_inner).0.waiting_reads >= count
    }

    /// Lets syncs, writes and reads go on.
    pub fn let_go(&self) {
        let mut state = self.lock();
        (state.is_held, state.are_writes_held, state.are_reads_held) = (false, false, false);
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self) -> Result<(), Error> {
        if self.is_failing { Err(Error::Engine("injected failure".to_owned())) } else { Ok(()) }
    }
}

impl Engine for MemoryEngine {
    fn snapshot(&self) -> Arc<dyn EngineSnapshot> {
        let mut state = self.lock();
        let batch = state.written;
        *state.snapshots.entry(batch).or_insert(0) += 1;
        Arc::new(MemorySnapshot { engine: self.clone(), batch })
    }

    fn write(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Error> {
        let are_held = |state: &mut State| state.are_writes_held;
        let mut state = self.changed.wait_while(self.lock(), are_held).unwrap_or_else(PoisonError::into_inner);
        state.is_failing |= state.writes_left == Some(0);
        state.check()?;
        state.writes_left = state.writes_left.map(|left| left - 1);
        let batch = state.written + 1;
        let oldest = state.snapshots.keys().next().copied().unwrap_or(batch).min(state.synced);
        for change in changes {
            let versions = state.rows.entry((change.space, change.key.to_vec())).or_default();
            let keep_from = versions.iter().rposition(|(written, _)| *written <= oldest).unwrap_or(0);
            versions.drain(..keep_from);
            versions.retain(|(written, _)| *written != batch);
            versions.push((batch, change.value.map(Arc::from)));
        }
        state.written = batch;
        Ok(())
    }

    fn sync(&self) -> Result<(), Error> {
        let mut state = self.lock();
        if state.is_held {
            state.waiting_syncs += 1;
            let is_held = |state: &mut State| state.is_held;
            state = self.changed.wait_while(state, is_held).unwrap_or_else(PoisonError::into_inner);
            state.waiting_syncs -= 1;
        }
        state.check()?;
        state.synced = state.written;
        Ok(())
    }

    fn stats(&self) -> EngineStats {
        EngineStats::default()
    }

    fn holdings(&self) -> Holdings {
        Holdings::default()
    }
}

struct MemorySnapshot {
    engine: MemoryEngine,
    batch: u64,
}

impl MemorySnapshot {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.engine.lock()
    }

    /// Waits while reads are held.
    fn lock_for_read(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if state.are_reads_held {
            state.waiting_reads += 1;
            self.engine.changed.notify_all();
            let are_held = |state: &mut State| state.are_reads_held;
            state = self.engine.changed.wait_while(state, are_held).unwrap_or_else(PoisonError::into_inner);
            state.waiting_reads -= 1;
        }
        state
    }

    fn visible(&self, versions: &Versions) -> Option<Arc<[u8]>> {
        versions.iter().rev().find(|(batch, _)| *batch <= self.batch).and_then(|(_, value)| value.clone())
    }

    /// The next visible row inside the bounds, so that no lock is held while a row is shown.
    fn next(
        &self,
        low: &Bound<(Space, Vec<u8>)>,
        high: &Bound<(Space, Vec<u8>)>,
        order: Order,
    ) -> Option<(Vec<u8>, Arc<[u8]>)> {
        let state = self.lock();
        let mut rows = state.rows.range((low.clone(), high.clone()));
        loop {
            let ((_, key), versions) = match order {
                Order::Ascending => rows.next()?,
                Order::Descending => rows.next_back()?,
            };
            if let Some(value) = self.visible(versions) {
                return Some((key.clone(), value));
            }
        }
    }
}

impl Drop for MemorySnapshot {
    fn drop(&mut self) {
        let mut state = self.lock();
        if let Some(count) = state.snapshots.get_mut(&self.batch) {
            *count -= 1;
            if *count == 0 {
                state.snapshots.remove(&self.batch);
            }
        }
    }
}

impl EngineSnapshot for MemorySnapshot {
    fn get(&self, space: Space, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let value = self.lock_for_read().rows.get(&(space, key.to_vec())).and_then(|versions| self.visible(versions));
        if let Some(value) = value {
            found(&value);
        }
        Ok(())
    }

    fn scan(
        &self,
        space: Space,
        start: &[u8],
        end: &[u8],
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), Error> {
        if start >= end {
            return Ok(());
        }
        let mut low = Bound::Included((space, start.to_vec()));
        let mut high = Bound::Excluded((space, end.to_vec()));
        while let Some((key, value)) = self.next(&low, &high, order) {
            if visit(&key, &value).is_break() {
                return Ok(());
            }
            match order {
                Order::Ascending => low = Bound::Excluded((space, key)),
                Order::Descending => high = Bound::Excluded((space, key)),
            }
            let (Bound::Included(first) | Bound::Excluded(first)) = &low else { return Ok(()) };
            let (Bound::Included(last) | Bound::Excluded(last)) = &high else { return Ok(()) };
            if first >= last {
                return Ok(());
            }
        }
        Ok(())
    }
}
