//! Runs transactions one after another and closes groups for the committer.
//!
//! While one group is on its way to the disk, the next one is being built on top of it. At
//! most one group is un-synced at any time; the journal doctor relies on that. Who runs a transaction is decided in `line`.

use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError};

use super::{
    chain::{COMMITS, CommitRecord, Head, KEPT_COMMITS},
    committer::Group,
    counters::{COUNTERS, CounterKey, Counters},
    engine::Engine,
    feed::{self, Notes},
    logical::LogicalClock,
    mint::Mint,
    operation::Operation,
    overlay::{Below, Overlay, Undo},
    space::Headroom,
    state::State,
    table::Table,
    tx::{Hook, Tx},
};
use crate::base::{Clock, Random, Timestamp};

/// A group with this many transactions is not held back for those that still wait: they run while it is on its way.
const GROUP_ENOUGH: usize = 32;

/// Bytes after which a group is closed although more transactions wait.
const GROUP_BYTES: usize = 1 << 20;

pub(super) struct Sequencer {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) logical: Arc<LogicalClock>,
    pub(super) random: Arc<dyn Random>,
    /// The committer says here when a group is on disk.
    pub(super) committed: Receiver<()>,
    pub(super) state: Arc<State>,
    pub(super) head: Head,
    pub(super) counters: Counters,
    pub(super) mint: Arc<Mint>,
    pub(super) below: Below,
    pub(super) building: Building,
    /// Whether the writer thread waits for the end of the commit that is under way, so nobody else may take note of it.
    pub(super) is_awaiting: bool,
}

/// The group that is being built.
#[derive(Default)]
pub(super) struct Building {
    overlay: Overlay,
    operations: Vec<Box<dyn Operation>>,
    hooks: Vec<Hook>,
    early_hooks: Vec<Hook>,
    notes: Notes,
}

impl Sequencer {
    /// Whether no group is on its way to the disk; `None` when the committer has gone.
    pub(super) fn settle(&mut self) -> Option<bool> {
        if self.below.pending.is_some() {
            match self.committed.try_recv() {
                Ok(()) => self.commit_ended(),
                Err(TryRecvError::Empty) => return Some(false),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        Some(true)
    }

    /// Takes note that the group on its way is on disk.
    pub(super) fn commit_ended(&mut self) {
        self.below = Below { pending: None, engine: self.engine.snapshot() };
    }

    /// Whether nothing is being built or on its way.
    pub(super) fn rests(&mut self) -> bool {
        !self.is_awaiting && !self.is_building() && self.settle() == Some(true)
    }

    pub(super) fn is_building(&self) -> bool {
        !self.building.operations.is_empty()
    }

    /// Whether no more fits into the group.
    pub(super) fn is_full(&self) -> bool {
        self.building.overlay.bytes() >= GROUP_BYTES
    }

    /// Whether the group is not held back for more.
    pub(super) fn is_enough(&self) -> bool {
        self.is_full() || self.building.operations.len() >= GROUP_ENOUGH
    }

    /// Runs a transaction on top of what is being built.
    pub(super) fn execute(&mut self, mut operation: Box<dyn Operation>) {
        let building = &mut self.building;
        let mut tx = Tx {
            overlay: &mut building.overlay,
            below: &self.below,
            counters: &self.counters,
            mint: &self.mint,
            random: &*self.random,
            undo: Undo::new(),
            deltas: Vec::new(),
            deltas_of_part: 0,
            notes: Vec::new(),
            hooks: Vec::new(),
            early_hooks: Vec::new(),
            now: self.logical.now(),
            mono_ms: self.clock.mono_ms(),
            is_space_short: self.state.headroom() != Headroom::Ample,
        };
        self.head.time_ms = tx.now.as_ms();
        let is_kept = operation.run(&mut tx);
        let Tx { mut undo, deltas, hooks, early_hooks, notes, .. } = tx;
        if is_kept {
            for (key, delta) in deltas {
                self.counters.apply(key, delta);
            }
            building.hooks.extend(hooks);
            building.early_hooks.extend(early_hooks);
            for (company, note) in notes {
                building.notes.add(company, note);
            }
        } else {
            building.overlay.roll_back(&mut undo);
        }
        building.operations.push(operation);
    }

    /// Adds the feed, counters and the commit record, and answers the group, which has to be handed to the committer.
    ///
    /// Only while no other group is on its way.
    pub(super) fn close(&mut self) -> Group {
        let Building { mut overlay, operations, hooks, early_hooks, notes } = std::mem::take(&mut self.building);
        let is_noted = !notes.is_empty();
        let mut undo = Undo::new();
        let mut set = |overlay: &mut Overlay, space, key: Vec<u8>, value| overlay.set(space, key, value, &mut undo);
        if is_noted {
            let number = self.head.number + 1;
            for (key, frame, counter, bytes) in notes.rows(number, Timestamp::from_ms(self.head.time_ms)) {
                set(&mut overlay, feed::SPACE, key, Some(frame));
                self.counters.apply(counter, bytes);
            }
        }
        for (key, value) in self.counters.take_changed() {
            let engine_key = COUNTERS.engine_key(&key);
            let frame = Table::<CounterKey, i64>::frame(&engine_key, &value);
            set(&mut overlay, COUNTERS.spec().space, engine_key, Some(frame));
        }
        if !overlay.is_empty() {
            let last_hi = self.mint.last_hi();
            let (number, record) = self.head.next(&overlay, Timestamp::from_ms(self.head.time_ms), last_hi);
            let engine_key = COMMITS.engine_key(&(number,));
            let frame = Table::<(u64,), CommitRecord>::frame(&engine_key, &record);
            set(&mut overlay, COMMITS.spec().space, engine_key, Some(frame));
            if let Some(old) = number.checked_sub(KEPT_COMMITS) {
                set(&mut overlay, COMMITS.spec().space, COMMITS.engine_key(&(old,)), None);
            }
            self.head = Head { number, hash: record.hash, last_hi, time_ms: self.head.time_ms };
        }
        let overlay = Arc::new(overlay);
        self.below.pending = Some(Arc::clone(&overlay));
        Group { overlay, head: self.head, operations, hooks, early_hooks, is_noted }
    }
}
