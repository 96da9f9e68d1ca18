//! What checks of several slices share: visiting a table, and counters against what was counted.

use std::{collections::BTreeMap, ops::ControlFlow};

use crate::storage::{
    counters::{COUNTERS, CounterKey},
    error::Error,
    key::{Key, KeyRange, Order},
    table::{Read, Table, Value},
};

/// What a check counted itself, by the counter that should say so.
#[derive(Debug, Default)]
pub struct Counted {
    area: u8,
    counts: BTreeMap<CounterKey, i64>,
}

impl Counted {
    /// Nothing counted yet, for the counters of one area.
    #[must_use]
    pub const fn of(area: u8) -> Self {
        Self { area, counts: BTreeMap::new() }
    }

    /// Counts something.
    pub fn add(&mut self, company: u64, subject: u64, what: u8, by: i64) {
        *self.counts.entry(CounterKey { area: self.area, company, subject, what }).or_default() += by;
    }

    /// Compares with the maintained counters of these kinds; tells each difference in words.
    ///
    /// # Errors
    /// When a row cannot be read.
    pub fn compare(mut self, read: &impl Read, kinds: &[u8], found: &mut dyn FnMut(String)) -> Result<(), Error> {
        read.scan(COUNTERS, &KeyRange::prefix(&self.area), Order::Ascending, &mut |key, value| {
            if kinds.contains(&key.what) {
                let real = self.counts.remove(&key).unwrap_or(0);
                if real != value {
                    found(format!("the counter {key:?} says {value}, and there are {real}"));
                }
            }
            ControlFlow::Continue(())
        })?;
        for (key, real) in self.counts.into_iter().filter(|(_, real)| *real != 0) {
            found(format!("the counter {key:?} is missing, and there are {real}"));
        }
        Ok(())
    }
}

/// Runs `look` on every row of a table and stops at the first error.
///
/// # Errors
/// The first error of `look`, or of reading.
pub fn each<K: Key, V: Value>(
    read: &impl Read,
    table: Table<K, V>,
    mut look: impl FnMut(K, V) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut failure = None;
    read.scan(table, &KeyRange::all(), Order::Ascending, &mut |key, value| match look(key, value) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failure.map_or(Ok(()), Err)
}
