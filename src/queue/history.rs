//! Figures of queues by minute: what came, what ended and how long it took, per company, for thirty days.
//!
//! Counts are maintained counters of what no minute holds yet: they change with the jobs, in the same commit, and are
//! exact. Durations are collected in memory. Once a minute a roll-up moves both into one small row per queue and company
//! that had something to tell. A crash loses the durations of its minute; its counts are told by the first minute after
//! the start.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{error::Error, job::State, line::Line, registry::Queues, state::JobState};
use crate::{
    base::{CompanyId, Histogram, QueueId, Timestamp},
    postcard_value,
    storage::{self, CounterKey, KeyRange, Order, Read, Table, Tx, keyspaces, pause_to_minute},
};

/// Length of a row's time.
pub const MINUTE_MS: u64 = 60_000;
/// How long rows are kept.
pub const HISTORY_KEPT_MS: u64 = 30 * 24 * 60 * MINUTE_MS;
/// Rows written or removed in one transaction.
const CHUNK: usize = 200;
/// Roll-ups between two removals of old rows.
const SWEEP_EVERY: u32 = 60;
/// The area of the counters of what no minute holds yet.
const AREA: u8 = keyspaces::QUEUE_MINUTES.number;

const MINUTES: Table<(u64, QueueId, Timestamp), Minute> = Table::of(keyspaces::QUEUE_MINUTES);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Figure {
    Added,
    Completed,
    Failed,
    Retried,
}

impl Figure {
    const ALL: [Self; 4] = [Self::Added, Self::Completed, Self::Failed, Self::Retried];

    const fn counter(self, company: u64, queue: QueueId) -> CounterKey {
        CounterKey { area: AREA, company, subject: queue.0 as u64, what: self as u8 }
    }
}

/// What happened to a company's part of a queue in one minute, or in more of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minute {
    /// Jobs that were enqueued.
    pub added: u64,
    /// Jobs that were completed.
    pub completed: u64,
    /// Jobs that were given up.
    pub failed: u64,
    /// Attempts after which there is another one.
    pub retried: u64,
    /// How long jobs were in line before they were started.
    pub waits: Histogram,
    /// How long attempts took that ended by themselves.
    pub runs: Histogram,
}
postcard_value!(Minute, 1);

impl Minute {
    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        self.added += other.added;
        self.completed += other.completed;
        self.failed += other.failed;
        self.retried += other.retried;
        self.waits.merge(&other.waits);
        self.runs.merge(&other.runs);
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn with_counts(mut self, count: impl Fn(Figure) -> i64) -> Self {
        let count = |figure| count(figure).max(0).cast_unsigned();
        self.added = count(Figure::Added);
        self.completed = count(Figure::Completed);
        self.failed = count(Figure::Failed);
        self.retried = count(Figure::Retried);
        self
    }
}

/// Durations of the minute under way, by company; a company is here when it has something to tell.
#[derive(Debug, Default)]
pub(super) struct Recent {
    companies: HashMap<u64, Durations>,
}

#[derive(Debug, Clone, Default)]
struct Durations {
    waits: Histogram,
    runs: Histogram,
}

impl Recent {
    /// Something of the company was counted.
    pub(super) fn touch(&mut self, company: u64) {
        self.companies.entry(company).or_default();
    }

    /// A job was started.
    pub(super) fn started(&mut self, company: u64, state: &JobState) {
        // The upper bits of an order are the time at which it was given.
        let in_line = Timestamp::from_ms((state.place.ord >> 16).cast_signed());
        let waited_ms = state.started_at.map_or(0, |at| at.ms_since(in_line));
        self.companies.entry(company).or_default().waits.record_us(waited_ms.saturating_mul(1_000));
    }

    /// An attempt has ended by itself.
    pub(super) fn ran(&mut self, company: u64, ms: u64) {
        self.companies.entry(company).or_default().runs.record_us(ms.saturating_mul(1_000));
    }
}

/// Counts a new job in its transaction.
pub(super) fn count_added(tx: &mut Tx<'_>, company: u64, queue: QueueId) {
    tx.add(Figure::Added.counter(company, queue), 1);
}

/// Counts a transition in its transaction; answers how long the attempt took that it has ended.
pub(super) fn count_change(tx: &mut Tx<'_>, company: u64, old: &JobState, new: &JobState) -> Option<u64> {
    let figure = match new.state {
        State::Completed => Figure::Completed,
        State::Failed => Figure::Failed,
        State::Retrying => Figure::Retried,
        _ => return None,
    };
    if old.state == new.state {
        return None;
    }
    tx.add(figure.counter(company, new.place.queue), 1);
    let started = old.started_at.filter(|_| old.state == State::Active)?;
    Some(tx.now().ms_since(started))
}

/// Whether the counters hold something that no minute has; looked at when the store is opened.
pub(super) fn has_counts(tx: &Tx<'_>, company: u64, queue: QueueId) -> bool {
    Figure::ALL.iter().any(|figure| tx.count(&figure.counter(company, queue)) != 0)
}

impl Queues {
    /// Rolls up each minute when it is over, and what there is at the end.
    pub(super) async fn run_history_loop(self) {
        let Some(background) = self.inner.background.get() else { return };
        let mut turns = 0_u32;
        loop {
            let (minute, goes_on) = pause_to_minute(&self.inner.db, &background.stop).await;
            if let Err(error) = self.roll_up(minute).await {
                tracing::warn!(%error, "the figures of a minute could not be written: {error}");
            }
            if !goes_on {
                return;
            }
            turns = turns.wrapping_add(1);
            if turns.is_multiple_of(SWEEP_EVERY)
                && let Err(error) = self.remove_old_minutes().await
            {
                tracing::warn!(%error, "old figures of queues could not be removed: {error}");
            }
        }
    }

    /// Writes what was counted and collected into the row of a minute.
    ///
    /// # Errors
    /// When the store cannot write; what was counted is told by a later minute.
    pub(super) async fn roll_up(&self, minute: Timestamp) -> Result<(), storage::Error> {
        for line in self.inner.lines() {
            let recent = std::mem::take(&mut line.core().history);
            let all: Vec<(u64, Durations)> = recent.companies.into_iter().collect();
            for chunk in all.chunks(CHUNK) {
                let (queue, rows) = (line.id, chunk.to_vec());
                let written = self.inner.db.write(move |tx| write_minutes(tx, queue, minute, rows)).await;
                if let Err(error) = written {
                    let mut core = line.core();
                    for (company, _) in &all {
                        core.history.touch(*company);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn remove_old_minutes(&self) -> Result<(), storage::Error> {
        let before = Timestamp::from_ms(self.inner.db.now().as_ms().saturating_sub_unsigned(HISTORY_KEPT_MS));
        for (queue, company) in self.inner.known_lanes() {
            loop {
                let prefix = (company, queue);
                let range = KeyRange::before(&(company, queue, before)).within(&prefix);
                let read = self.inner.db.read(move |snapshot| snapshot.list(MINUTES, &range, Order::Ascending, CHUNK));
                let old: Vec<_> = read.await??.into_iter().map(|(key, _)| key).collect();
                let count = old.len();
                if count > 0 {
                    let work = move |tx: &mut Tx<'_>| old.iter().try_for_each(|key| tx.remove(MINUTES, key));
                    self.inner.db.write_reclaiming(work).await?;
                }
                if count < CHUNK || self.is_stopping() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The figures of a company's part of a queue from `since` on in equal steps, the oldest first; the last one holds
    /// the minute under way.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn history(
        &self,
        read: &impl Read,
        company: CompanyId,
        queue: &super::QueueName,
        (since, step_ms, steps): (Timestamp, u64, usize),
    ) -> Result<Vec<(Timestamp, Minute)>, Error> {
        let starts = (0..steps as u64).map(|step| since.plus_ms(step.saturating_mul(step_ms)));
        let mut points: Vec<(Timestamp, Minute)> = starts.map(|start| (start, Minute::default())).collect();
        let Some(line) = self.inner.find(queue) else { return Ok(points) };
        let mut add = |at: Timestamp, minute: &Minute| {
            let step = usize::try_from(at.ms_since(since) / step_ms.max(1)).unwrap_or(usize::MAX);
            if let Some((_, point)) = points.get_mut(step).filter(|_| at >= since) {
                point.merge(minute);
            }
        };
        let range = KeyRange::from(&(company.hi(), line.id, since)).within(&(company.hi(), line.id));
        read.scan(MINUTES, &range, Order::Ascending, &mut |(_, _, at), minute| {
            add(at, &minute);
            std::ops::ControlFlow::Continue(())
        })?;
        add(self.inner.db.now().floor(MINUTE_MS), &under_way(read, &line, company.hi())?);
        Ok(points)
    }
}

fn under_way(read: &impl Read, line: &Line, company: u64) -> Result<Minute, storage::Error> {
    let durations = line.core().history.companies.get(&company).cloned().unwrap_or_default();
    let mut counts = [0; Figure::ALL.len()];
    for (count, figure) in counts.iter_mut().zip(Figure::ALL) {
        *count = read.counter(&figure.counter(company, line.id))?;
    }
    let minute = Minute { waits: durations.waits, runs: durations.runs, ..Minute::default() };
    Ok(minute.with_counts(|figure| counts.get(figure as usize).copied().unwrap_or(0)))
}

fn write_minutes(
    tx: &mut Tx<'_>,
    queue: QueueId,
    minute: Timestamp,
    rows: Vec<(u64, Durations)>,
) -> Result<(), storage::Error> {
    for (company, durations) in rows {
        let found = Minute { waits: durations.waits, runs: durations.runs, ..Minute::default() };
        let found = found.with_counts(|figure| tx.count(&figure.counter(company, queue)));
        if found.is_empty() {
            continue;
        }
        for figure in Figure::ALL {
            let counter = figure.counter(company, queue);
            tx.add(counter, -tx.count(&counter));
        }
        // A row is there when the server was stopped in this minute.
        let mut row = tx.get(MINUTES, &(company, queue, minute))?.unwrap_or_default();
        row.merge(&found);
        tx.put(MINUTES, &(company, queue, minute), &row)?;
    }
    Ok(())
}
