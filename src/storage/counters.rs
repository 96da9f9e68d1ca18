//! Maintained counters: changed inside transactions, written once per group commit.
//!
//! The writer keeps every counter in memory, so that a thousand changes of one counter in
//! one group commit cost one row.

use std::collections::{HashMap, HashSet};

use super::{key::Key, keyspaces, table::Table};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterKey {
    /// The owner's number of the kind of counter (the first table number of its block).
    pub area: u8,
    /// The company's `hi`; zero for the whole instance.
    pub company: u64,
    /// What within the company: a queue's number, a webhook's `hi`.
    pub subject: u64,
    /// Which figure of the subject.
    pub what: u8,
}

impl Key for CounterKey {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.area, self.company, self.subject, self.what).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (area, company, subject, what) = Key::decode(bytes)?;
        Some(Self { area, company, subject, what })
    }
}

/// The rows behind the counters.
pub const COUNTERS: Table<CounterKey, i64> = Table::of(keyspaces::COUNTERS);

/// The writer's working copy.
#[derive(Debug, Default)]
pub(super) struct Counters {
    values: HashMap<CounterKey, i64>,
    changed: HashSet<CounterKey>,
}

impl Counters {
    pub(super) fn load(&mut self, key: CounterKey, value: i64) {
        self.values.insert(key, value);
    }

    pub(super) fn value(&self, key: &CounterKey) -> i64 {
        self.values.get(key).copied().unwrap_or(0)
    }

    pub(super) fn apply(&mut self, key: CounterKey, delta: i64) {
        let value = self.values.entry(key).or_insert(0);
        *value = value.saturating_add(delta);
        self.changed.insert(key);
    }

    /// The counters changed since the last call, with their values, in key order.
    pub(super) fn take_changed(&mut self) -> Vec<(CounterKey, i64)> {
        let mut changed: Vec<_> =
            self.changed.drain().map(|key| (key, self.values.get(&key).copied().unwrap_or(0))).collect();
        changed.sort_unstable();
        changed
    }
}
