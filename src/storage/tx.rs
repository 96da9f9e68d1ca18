//! A transaction: the view and the changes of one closure inside a group commit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    Space,
    counters::{CounterKey, Counters},
    engine::VisitBytes,
    error::Error,
    feed::Note,
    key::{Key, Order},
    mint::Mint,
    operation::panic_words,
    overlay::{Below, Overlay, Undo},
    table::{ReadBytes, Table, Value},
};
use crate::base::{Random, RawId, Timestamp};

/// How many changed counters are looked through before another entry is made.
const RECENT_DELTAS: usize = 16;

/// A piece of work for after the commit.
pub(super) type Hook = Box<dyn FnOnce() + Send>;

/// What a transaction works on: lent by the writer for the time of one closure.
pub struct Tx<'a> {
    pub(super) overlay: &'a mut Overlay,
    pub(super) below: &'a Below,
    pub(super) counters: &'a Counters,
    pub(super) mint: &'a Mint,
    pub(super) random: &'a dyn Random,
    pub(super) undo: Undo,
    pub(super) deltas: Vec<(CounterKey, i64)>,
    /// Deltas before this place belong to the transaction around a part.
    pub(super) deltas_of_part: usize,
    pub(super) notes: Vec<(u64, Note)>,
    pub(super) hooks: Vec<Hook>,
    pub(super) early_hooks: Vec<Hook>,
    pub(super) now: Timestamp,
    pub(super) mono_ms: u64,
    pub(super) is_space_short: bool,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("now", &self.now).field("changes", &self.undo.len()).finish_non_exhaustive()
    }
}

impl Tx<'_> {
    /// The logical wall clock: never goes back, also not across restarts.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The monotonic clock of this process, for leases and limits.
    #[must_use]
    pub const fn mono_ms(&self) -> u64 {
        self.mono_ms
    }

    /// A fresh id; its `hi` is greater than every one handed out before in this directory.
    pub fn mint(&mut self) -> RawId {
        self.mint.next(self.now, self.random)
    }

    /// A fresh id whose low half is given.
    pub fn mint_with(&mut self, lo: u64) -> RawId {
        self.mint.next_with(self.now, lo)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// None today; a signature that lets an engine refuse.
    pub fn put<K: Key, V: Value>(&mut self, table: Table<K, V>, key: &K, value: &V) -> Result<(), Error> {
        let engine_key = table.engine_key(key);
        let frame = Table::<K, V>::frame(&engine_key, value);
        self.overlay.set(table.spec().space, engine_key, Some(frame), &mut self.undo);
        Ok(())
    }

    /// Removes a row; nothing happens when there is none.
    ///
    /// # Errors
    /// None today; a signature that lets an engine refuse.
    pub fn remove<K: Key, V: Value>(&mut self, table: Table<K, V>, key: &K) -> Result<(), Error> {
        self.overlay.set(table.spec().space, table.engine_key(key), None, &mut self.undo);
        Ok(())
    }

    /// Changes a maintained counter in the same commit.
    pub fn add(&mut self, key: CounterKey, delta: i64) {
        if delta == 0 {
            return;
        }
        // Only the newest are looked through: a key may stand here twice, and what is added up is the same.
        let own = self.deltas.get_mut(self.deltas_of_part..).unwrap_or_default();
        match own.iter_mut().rev().take(RECENT_DELTAS).find(|(known, _)| *known == key) {
            Some((_, sum)) => *sum += delta,
            None => self.deltas.push((key, delta)),
        }
    }

    /// The value of a maintained counter as this transaction sees it; costs no read.
    #[must_use]
    pub fn count(&self, key: &CounterKey) -> i64 {
        let own: i64 = self.deltas.iter().filter(|(known, _)| known == key).map(|(_, delta)| delta).sum();
        self.counters.value(key).saturating_add(own)
    }

    /// Runs a part of the transaction that may fail alone: an error or a panic takes back what the part did, and the
    /// transaction goes on.
    ///
    /// # Errors
    /// The part's own; [`Error::Panicked`].
    pub fn part<T, E: From<Error>>(&mut self, part: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let (undo, deltas, hooks) = (self.undo.len(), self.deltas.len(), self.hooks.len());
        let (notes, early_hooks) = (self.notes.len(), self.early_hooks.len());
        let around = std::mem::replace(&mut self.deltas_of_part, deltas);
        let outcome = catch_unwind(AssertUnwindSafe(|| part(self)))
            .unwrap_or_else(|panic| Err(Error::Panicked(panic_words(panic.as_ref())).into()));
        self.deltas_of_part = around;
        if outcome.is_err() {
            self.overlay.roll_back_to(&mut self.undo, undo);
            self.deltas.truncate(deltas);
            self.hooks.truncate(hooks);
            self.early_hooks.truncate(early_hooks);
            self.notes.truncate(notes);
        }
        outcome
    }

    /// Leaves a note in the feed of a company, for those who follow what changes.
    pub fn note(&mut self, company: u64, note: Note) {
        self.notes.push((company, note));
    }

    /// Leaves work for after the commit is durable.
    ///
    /// Hooks run in commit order, one at a time, before the writer of this transaction gets its answer. They must be short
    /// and must never block, so they must not wait for a transaction either.
    pub fn on_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.push(Box::new(hook));
    }

    /// Leaves work for when later transactions see this one, while its commit is on the way to the disk.
    ///
    /// What it causes must go through another transaction before it shows outside: that one is committed behind this
    /// one, or not at all. They run as those of [`Tx::on_commit`], behind those of the commit before.
    pub fn on_sequenced(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.early_hooks.push(Box::new(hook));
    }

    /// Refuses when the disk is too full for work that is not yet accepted.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub const fn admit_new_work(&self) -> Result<(), Error> {
        if self.is_space_short { Err(Error::Full) } else { Ok(()) }
    }
}

impl ReadBytes for Tx<'_> {
    fn get_bytes(&self, space: Space, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.below.get(self.overlay, space, key, found)
    }

    fn scan_bytes(
        &self,
        space: Space,
        start: &[u8],
        end: &[u8],
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), Error> {
        self.below.scan(self.overlay, (space, start, end), order, visit)
    }
}
