//! Figures of queues: from maintained counters and memory, never from a count of rows.

use std::sync::{Arc, atomic::Ordering};

use super::{
    error::Error,
    job::State,
    line::Line,
    name::QueueName,
    registry::{BUILT_IN, Queues},
    store::{LANES, jobs_in},
};
use crate::{
    base::CompanyId,
    storage::{self, Read},
};

/// The figures of one queue for one company.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueStats {
    /// The queue.
    pub queue: QueueName,
    /// Jobs by [`State`], in the order of [`State::ALL`].
    pub counts: [u64; 7],
    /// Whether the company has paused it.
    pub is_paused: bool,
    /// Handlers that may run at once in this process.
    pub concurrency: u32,
    /// Handlers that run now, for all companies, and leases held outside.
    pub workers: usize,
    /// How long the oldest waiting job has waited.
    pub oldest_waiting_ms: Option<u64>,
    /// Jobs completed or failed in the last minute.
    pub throughput_per_minute: u64,
    /// Failed among those, 0 to 1.
    pub failure_rate: f64,
}

impl QueueStats {
    /// Jobs in one state.
    #[must_use]
    pub fn count(&self, state: State) -> u64 {
        self.counts.get(state as usize).copied().unwrap_or_default()
    }
}

/// Figures of a queue over all companies, for metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueTotals {
    /// The queue.
    pub queue: QueueName,
    /// Jobs by [`State`], in the order of [`State::ALL`].
    pub counts: [u64; 7],
    /// Handlers that run now, and leases held outside.
    pub workers: usize,
}

impl Queues {
    /// The company's figures of every queue it uses and of the built-in ones.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stats(&self, read: &impl Read, company: CompanyId) -> Result<Vec<QueueStats>, Error> {
        let mut all = Vec::new();
        for line in self.inner.lines() {
            if is_shown(read, company, &line)? {
                all.push(self.stats_of(read, company, &line)?);
            }
        }
        Ok(all)
    }

    /// The company's figures of one queue; `None` when it does not use it and it is not built in.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn lane_stats(
        &self,
        read: &impl Read,
        company: CompanyId,
        queue: &QueueName,
    ) -> Result<Option<QueueStats>, Error> {
        match self.inner.find(queue) {
            Some(line) if is_shown(read, company, &line)? => Ok(Some(self.stats_of(read, company, &line)?)),
            _ => Ok(None),
        }
    }

    /// Jobs of the company in all queues by [`State`], in the order of [`State::ALL`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn counts(&self, read: &impl Read, company: CompanyId) -> Result<[u64; 7], storage::Error> {
        let mut sums = [0; 7];
        for line in self.inner.lines() {
            for (sum, count) in sums.iter_mut().zip(counts(read, company.hi(), &line)?) {
                *sum += count;
            }
        }
        Ok(sums)
    }

    fn stats_of(&self, read: &impl Read, company: CompanyId, line: &Arc<Line>) -> Result<QueueStats, Error> {
        let counts = counts(read, company.hi(), line)?;
        let now_s = self.inner.clock.mono_ms() / 1000;
        let (is_paused, oldest, minute, external) = {
            let mut core = line.core();
            let minute = core.rings.minute(company.hi(), now_s);
            let oldest = core.heads.oldest(company.hi());
            (core.heads.is_paused(company.hi()), oldest, minute, core.leases.external())
        };
        let ended = minute.completed + minute.failed;
        let now_ms = self.inner.db.now().as_ms();
        // The upper bits of an order are the time at which it was given.
        let oldest_ms = oldest.map(|ord| now_ms.saturating_sub((ord >> 16).cast_signed()).max(0).cast_unsigned());
        let has_waiting = counts.first().is_some_and(|waiting| *waiting > 0);
        Ok(QueueStats {
            queue: line.name.clone(),
            counts,
            is_paused,
            concurrency: line.settings().concurrency,
            workers: line.workers.load(Ordering::Relaxed) + external,
            oldest_waiting_ms: oldest_ms.filter(|_| has_waiting),
            throughput_per_minute: ended,
            failure_rate: if ended == 0 { 0.0 } else { minute.failed as f64 / ended as f64 },
        })
    }

    /// Figures of every queue over all companies; costs a few reads per queue.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn totals(&self, read: &impl Read) -> Result<Vec<QueueTotals>, Error> {
        let mut all = Vec::new();
        for line in self.inner.lines() {
            let external = line.core().leases.external();
            let workers = line.workers.load(Ordering::Relaxed) + external;
            // The counters of no company are those of all.
            all.push(QueueTotals { queue: line.name.clone(), counts: counts(read, 0, &line)?, workers });
        }
        Ok(all)
    }
}

fn is_shown(read: &impl Read, company: CompanyId, line: &Line) -> Result<bool, storage::Error> {
    let is_built_in = BUILT_IN.iter().any(|(name, _)| *name == line.name.as_str());
    Ok(is_built_in || read.exists(LANES, &(line.id, company.hi()))?)
}

fn counts(read: &impl Read, company: u64, line: &Line) -> Result<[u64; 7], storage::Error> {
    let mut counts = [0; 7];
    for (state, count) in State::ALL.into_iter().zip(&mut counts) {
        *count = read.counter(&jobs_in(company, line.id, state))?.max(0).cast_unsigned();
    }
    Ok(counts)
}
