//! The order in which batches of claimed jobs start. Pure.
//!
//! Batches are read side by side, and a younger job must not start before its elder: a batch waits for those before it
//! that hold jobs of its companies, and for no others.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use tokio_util::sync::{CancellationToken, DropGuard};

use super::LOADED_AT_ONCE;
use crate::queue::claim::Granted;

/// So many companies are remembered before those that nobody waits for are looked for.
const REMEMBERED: usize = 256;

/// A batch's place in the order of claims.
pub(super) struct Turn {
    before: Vec<CancellationToken>,
    /// Tells those behind it by being dropped.
    _done: DropGuard,
}

impl Turn {
    /// Waits until the batches before have started their jobs, or have failed to.
    pub(super) async fn come(&mut self) {
        for before in self.before.drain(..) {
            before.cancelled().await;
        }
    }
}

/// The newest batch of each company.
#[derive(Default)]
pub(super) struct LastTurns {
    by_company: HashMap<u64, (u64, CancellationToken)>,
    number: u64,
    forget_at: usize,
}

impl LastTurns {
    /// Cuts what a claim brought into batches, those of companies that held little first.
    pub(super) fn batches(&mut self, granted: Vec<Granted>) -> Vec<(Vec<Granted>, Turn)> {
        let (lesser, others) = part(granted);
        let batches = lesser.chunks(LOADED_AT_ONCE).chain(others.chunks(LOADED_AT_ONCE));
        batches.map(|batch| (batch.to_vec(), self.next(batch))).collect()
    }

    fn next(&mut self, batch: &[Granted]) -> Turn {
        self.forget();
        self.number += 1;
        let done = CancellationToken::new();
        let mut before = Vec::new();
        for run in batch.chunk_by(|left, right| left.key.0 == right.key.0) {
            let Some(company) = run.first().map(|granted| granted.key.0) else { continue };
            let last = self.by_company.insert(company, (self.number, done.clone()));
            before.extend(last.filter(|(number, _)| *number != self.number).map(|(_, last)| last));
        }
        before.retain(|before| !before.is_cancelled());
        Turn { before, _done: done.drop_guard() }
    }

    /// Forgets companies whose batches have all started.
    fn forget(&mut self) {
        if self.by_company.len() >= self.forget_at.max(REMEMBERED) {
            self.by_company.retain(|_, (_, last)| !last.is_cancelled());
            self.forget_at = self.by_company.len() * 2;
        }
    }
}

/// Parts off the jobs of companies that held little when the claim came to them; all of a company go together, for they
/// are in order.
fn part(granted: Vec<Granted>) -> (Vec<Granted>, Vec<Granted>) {
    if !granted.iter().any(|granted| granted.is_lesser) {
        return (Vec::new(), granted);
    }
    let lesser: HashSet<u64> =
        granted.iter().filter(|granted| granted.is_lesser).map(|granted| granted.key.0).collect();
    granted.into_iter().partition(|granted| lesser.contains(&granted.key.0))
}
