//! The writer thread: runs transactions one after another and closes groups for the committer.
//!
//! While one group is on its way to the disk, the next one is being built on top of it. At
//! most one group is un-synced at any time; the journal doctor relies on that.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, select};

use super::{
    chain::{COMMITS, CommitRecord, Head, KEPT_COMMITS},
    committer::Group,
    counters::{COUNTERS, CounterKey, Counters},
    engine::Engine,
    error::Error,
    feed::{self, Notes},
    logical::LogicalClock,
    operation::Operation,
    overlay::{Below, Overlay, Undo},
    space::Headroom,
    state::State,
    table::Table,
    tx::{Hook, Mint, Tx},
};
use crate::base::{Clock, Random, Timestamp};

/// A message to the writer.
pub(super) enum Message {
    Run(Box<dyn Operation>),
    /// Finish what was begun and end the thread.
    Stop,
}

/// A group with this many transactions is not held back for those that still wait: they run while it is on its way.
const GROUP_ENOUGH: usize = 32;

/// Bytes after which a group is closed although more transactions wait.
const GROUP_BYTES: usize = 1 << 20;

pub(super) struct Sequencer {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) logical: Arc<LogicalClock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) messages: Receiver<Message>,
    pub(super) groups: Sender<Group>,
    /// The committer says here when a group is on disk.
    pub(super) committed: Receiver<()>,
    pub(super) state: Arc<State>,
    pub(super) head: Head,
    pub(super) counters: Counters,
}

/// The group that is being built.
#[derive(Default)]
struct Building {
    overlay: Overlay,
    operations: Vec<Box<dyn Operation>>,
    hooks: Vec<Hook>,
    early_hooks: Vec<Hook>,
    notes: Notes,
}

impl Building {
    fn is_full(&self) -> bool {
        self.overlay.bytes() >= GROUP_BYTES
    }
}

impl Sequencer {
    /// Runs until told to stop or until the committer has gone, then refuses what still comes.
    pub(super) fn run(mut self) {
        self.sequence();
        let messages = self.messages;
        // The channel keeps messages that nobody takes, and their callers would wait for ever.
        // This thread ends with the last handle to the store.
        let refusing = std::thread::Builder::new().name("store-refuse".to_owned()).spawn(move || {
            for message in messages {
                if let Message::Run(operation) = message {
                    operation.answer(Err(Error::Stopped));
                }
            }
        });
        if let Err(error) = refusing {
            tracing::error!(%error, "cannot refuse transactions after the store has stopped");
        }
    }

    fn sequence(&mut self) {
        let mut mint = Mint { last_hi: self.head.last_hi };
        let mut below = Below { pending: None, engine: self.engine.snapshot() };
        let mut building = Building::default();
        let mut is_stopping = false;
        loop {
            let is_idle = below.pending.is_none();
            if is_idle && !building.operations.is_empty() {
                is_stopping |= self.drain(&mut building, &below, &mut mint);
                let Some(pending) = self.close(&mut building, &mint) else { return };
                below.pending = Some(pending);
            } else if is_idle && is_stopping {
                return;
            } else if building.is_full() || is_stopping {
                if self.committed.recv().is_err() {
                    return refuse(building);
                }
                below = Below { pending: None, engine: self.engine.snapshot() };
            } else {
                select! {
                    recv(self.messages) -> message => match message {
                        Ok(Message::Run(operation)) => self.execute(operation, &mut building, &below, &mut mint),
                        Ok(Message::Stop) | Err(_) => is_stopping = true,
                    },
                    recv(self.committed) -> committed => {
                        if committed.is_err() {
                            return refuse(building);
                        }
                        below = Below { pending: None, engine: self.engine.snapshot() };
                    }
                }
            }
        }
    }

    /// Runs what already waits, without waiting for more, until the group is worth its sync; `true` when told to stop.
    fn drain(&mut self, building: &mut Building, below: &Below, mint: &mut Mint) -> bool {
        while !building.is_full() && building.operations.len() < GROUP_ENOUGH {
            match self.messages.try_recv() {
                Ok(Message::Run(operation)) => self.execute(operation, building, below, mint),
                Ok(Message::Stop) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    fn execute(&mut self, mut operation: Box<dyn Operation>, building: &mut Building, below: &Below, mint: &mut Mint) {
        let mut tx = Tx {
            overlay: &mut building.overlay,
            below,
            counters: &self.counters,
            mint,
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

    /// Adds the feed, counters and the commit record and hands the group over; `None` when the committer has gone.
    fn close(&mut self, building: &mut Building, mint: &Mint) -> Option<Arc<Overlay>> {
        let Building { mut overlay, operations, mut hooks, early_hooks, notes } = std::mem::take(building);
        let mut undo = Undo::new();
        let mut set = |overlay: &mut Overlay, space, key: Vec<u8>, value| overlay.set(space, key, value, &mut undo);
        if !notes.is_empty() {
            let (number, state) = (self.head.number + 1, Arc::clone(&self.state));
            for (key, frame, counter, bytes) in notes.rows(number, Timestamp::from_ms(self.head.time_ms)) {
                set(&mut overlay, feed::SPACE, key, Some(frame));
                self.counters.apply(counter, bytes);
            }
            hooks.push(Box::new(move || state.announce_feed(number)));
        }
        for (key, value) in self.counters.take_changed() {
            let engine_key = COUNTERS.engine_key(&key);
            let frame = Table::<CounterKey, i64>::frame(&engine_key, &value);
            set(&mut overlay, COUNTERS.spec().space, engine_key, Some(frame));
        }
        if !overlay.is_empty() {
            let (number, record) = self.head.next(&overlay, Timestamp::from_ms(self.head.time_ms), mint.last_hi);
            let engine_key = COMMITS.engine_key(&(number,));
            let frame = Table::<(u64,), CommitRecord>::frame(&engine_key, &record);
            set(&mut overlay, COMMITS.spec().space, engine_key, Some(frame));
            if let Some(old) = number.checked_sub(KEPT_COMMITS) {
                set(&mut overlay, COMMITS.spec().space, COMMITS.engine_key(&(old,)), None);
            }
            self.head = Head { number, hash: record.hash, last_hi: mint.last_hi, time_ms: self.head.time_ms };
        }
        let overlay = Arc::new(overlay);
        let group = Group { overlay: Arc::clone(&overlay), head: self.head, operations, hooks, early_hooks };
        match self.groups.send(group) {
            Ok(()) => Some(overlay),
            Err(unsent) => {
                for operation in unsent.into_inner().operations {
                    operation.answer(Err(Error::Stopped));
                }
                None
            }
        }
    }
}

/// Answers transactions that will never be committed.
fn refuse(building: Building) {
    for operation in building.operations {
        operation.answer(Err(Error::Stopped));
    }
}
