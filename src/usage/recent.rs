//! The calls of the minute under way, in memory.
//!
//! Each thread counts into a part of its own, so its lock is free but for the moment once a minute when it is emptied.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    base::{ApiKeyId, Histogram},
    http::{Call, Operation, Who},
};

/// Parts; threads beyond so many share them.
const PARTS: usize = 16;
/// Cells of a part; calls beyond are counted with their company alone.
pub(super) const CELLS_MAX: usize = 4_096;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OWN: usize = THREADS.fetch_add(1, Ordering::Relaxed) % PARTS;
}

/// What calls are counted together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    pub(super) company: u64,
    /// `None` for people, and for others.
    pub(super) key: Option<ApiKeyId>,
    /// `None` for others.
    pub(super) operation: Option<Operation>,
    /// The first digit of the status.
    pub(super) class: u8,
}

impl Cell {
    fn of(call: &Call) -> Self {
        let key = match call.caller.who {
            Who::ApiKey(key) => Some(key),
            Who::User(_) => None,
        };
        let class = u8::try_from(call.status / 100).unwrap_or(0);
        Self { company: call.caller.company.hi(), key, operation: Some(call.operation), class }
    }

    /// Where calls go for which there is no cell any more.
    pub(super) const fn of_others(self) -> Self {
        Self { key: None, operation: None, ..self }
    }
}

/// The calls of a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) calls: u64,
    pub(super) total_us: u64,
    pub(super) times: Histogram,
}

impl Sum {
    pub(super) fn merge(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.total_us = self.total_us.saturating_add(other.total_us);
        self.times.merge(&other.times);
    }
}

pub(super) type Cells = HashMap<Cell, Sum>;

/// What is counted and not written.
#[derive(Debug, Default)]
pub(super) struct Recent {
    parts: [Mutex<Cells>; PARTS],
}

impl Recent {
    /// Counts a call.
    pub(super) fn count(&self, call: Call) {
        let cell = Cell::of(&call);
        let own = OWN.with(|own| *own);
        let Some(part) = self.parts.get(own) else { return };
        let mut cells = part.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = sum_of(&mut cells, cell);
        sum.calls += 1;
        sum.total_us = sum.total_us.saturating_add(call.elapsed_us);
        sum.times.record_us(call.elapsed_us);
    }

    /// Takes out everything.
    pub(super) fn take(&self) -> Cells {
        let mut all = Cells::new();
        for part in &self.parts {
            let cells = std::mem::take(&mut *part.lock().unwrap_or_else(PoisonError::into_inner));
            if all.is_empty() {
                all = cells;
                continue;
            }
            for (cell, sum) in cells {
                all.entry(cell).or_default().merge(&sum);
            }
        }
        all
    }

    /// Takes back what could not be written.
    pub(super) fn put_back(&self, unwritten: Cells) {
        let Some(part) = self.parts.first() else { return };
        let mut cells = part.lock().unwrap_or_else(PoisonError::into_inner);
        for (cell, sum) in unwritten {
            sum_of(&mut cells, cell).merge(&sum);
        }
    }
}

/// The sum of a cell, or that of others when there are too many.
fn sum_of(cells: &mut Cells, cell: Cell) -> &mut Sum {
    let is_full = cells.len() >= CELLS_MAX && !cells.contains_key(&cell);
    cells.entry(if is_full { cell.of_others() } else { cell }).or_default()
}
