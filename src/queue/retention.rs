//! Removing finished jobs by age, count and bytes; by a timer, in small transactions.

use std::{sync::Arc, time::Duration};

use super::{
    damaged::LostEntries,
    job::State,
    operate::remove_finished,
    registry::Queues,
    settings::{Keep, Retention},
    store::{FINISHED, bytes_in, jobs_in},
};
use crate::{
    base::{QueueId, Timestamp},
    storage::{Error, KeyRange, Order, Read, Snapshot, Tx, pause},
};

/// Jobs removed in one transaction.
const CHUNK: usize = 200;
/// Rows removed in one transaction, about: a job with log, children and tags has a thousand and more.
const ROWS: usize = 2_000;

impl Queues {
    /// Applies the retention until told to stop.
    pub(super) async fn run_retention_loop(self) {
        let Some(background) = self.inner.background.get() else { return };
        let every = Duration::from_millis(self.inner.config.retention_every_ms);
        while pause(every, &background.stop).await {
            match self.apply_retention().await {
                Ok(_) => {}
                Err(Error::Stopped | Error::Unknown(_)) => return,
                Err(error) => tracing::warn!(%error, "finished jobs could not be removed"),
            }
        }
    }

    /// Removes every finished job that need not be kept any more; answers how many.
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub async fn apply_retention(&self) -> Result<u64, Error> {
        let mut removed = 0;
        for line in self.inner.lines() {
            let companies: Vec<_> = line.core().heads.companies().collect();
            let (retention, queue, now) = (line.settings().retention, line.id, self.inner.db.now());
            let find = move |snapshot: &Snapshot| overfull(snapshot, queue, &companies, retention, now);
            for heap in self.inner.db.read(find).await?? {
                removed += self.trim(heap).await?;
                if self.is_stopping() {
                    return Ok(removed);
                }
            }
        }
        Ok(removed)
    }

    async fn trim(&self, mut heap: Heap) -> Result<u64, Error> {
        let mut removed = 0;
        loop {
            let Trimmed { count, damaged, next } =
                self.inner.db.write_reclaiming(move |tx| trim_chunk(tx, heap)).await?;
            removed += count as u64;
            if !damaged.is_empty() {
                removed += self.remove_damaged(heap, damaged).await?;
            }
            match next {
                Some(next) if !self.is_stopping() => heap.oldest = next,
                _ => return Ok(removed),
            }
        }
    }

    /// Removes jobs with damaged bodies, which need a look at the indexes first; answers how many.
    async fn remove_damaged(&self, heap: Heap, damaged: Vec<(Place, u32)>) -> Result<u64, Error> {
        let Heap { company, queue, state, .. } = heap;
        let jobs: Vec<u64> = damaged.iter().map(|((_, job), _)| *job).collect();
        let lost = self.inner.db.read(move |snapshot| LostEntries::find(snapshot, company, &jobs)).await??;
        let lost = Arc::new(lost);
        let mut removed = 0;
        for ((at, job), bytes) in damaged {
            let lost = Arc::clone(&lost);
            let remove = move |tx: &mut Tx<'_>| remove_finished(tx, (company, queue, state, at, job), bytes, &lost);
            match self.inner.db.write_reclaiming(remove).await {
                Ok(_) => removed += 1,
                Err(error @ Error::Corrupt { .. }) => tracing::error!(%error, "a finished job is damaged and kept"),
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.inner.background.get().is_some_and(|background| background.stop.is_cancelled())
    }
}

/// Finished jobs of a lane in one state, of which some need not be kept.
#[derive(Debug, Clone, Copy)]
struct Heap {
    company: u64,
    queue: QueueId,
    state: State,
    keep: Keep,
    /// Where the oldest is: removed ones before it leave traces that are slow to pass.
    oldest: Place,
}

type Place = (Timestamp, u64);

/// The heaps of a queue that are too old, too many or too large.
fn overfull(
    snapshot: &Snapshot,
    queue: QueueId,
    companies: &[u64],
    retention: Retention,
    now: Timestamp,
) -> Result<Vec<Heap>, Error> {
    let mut heaps = Vec::new();
    for company in companies.iter().copied() {
        for state in [State::Completed, State::Cancelled, State::Failed] {
            let keep = if state == State::Failed { retention.failed } else { retention.done };
            let count = snapshot.counter(&jobs_in(company, queue, state))?.max(0).cast_unsigned();
            if count == 0 {
                continue;
            }
            let bytes = snapshot.counter(&bytes_in(company, queue, state))?.max(0).cast_unsigned();
            let range = KeyRange::prefix(&(company, queue, state as u8));
            let oldest = snapshot.list_past_damage(FINISHED, &range, Order::Ascending, 1)?.pop();
            let Some(((.., at, job), _)) = oldest else { continue };
            if now.ms_since(at) > keep.age_ms || count > keep.count || bytes > keep.bytes {
                heaps.push(Heap { company, queue, state, keep, oldest: (at, job) });
            }
        }
    }
    Ok(heaps)
}

/// What one transaction removed.
struct Trimmed {
    count: usize,
    /// To be removed in another way: their places and sizes.
    damaged: Vec<(Place, u32)>,
    /// Where to go on, unless that was all.
    next: Option<Place>,
}

fn trim_chunk(tx: &mut Tx<'_>, heap: Heap) -> Result<Trimmed, Error> {
    let Heap { company, queue, state, keep, oldest: (at, job) } = heap;
    let range = KeyRange::from(&(company, queue, state as u8, at, job)).within(&(company, queue, state as u8));
    let mut count = tx.count(&jobs_in(company, queue, state)).max(0).cast_unsigned();
    let mut bytes = tx.count(&bytes_in(company, queue, state)).max(0).cast_unsigned();
    let now = tx.now();
    let (mut removed, mut looked_at, mut rows, mut damaged) = (0, 0, 0, Vec::new());
    let none_lost = LostEntries::default();
    let mut last = heap.oldest;
    for ((.., at, job), row) in tx.list_past_damage(FINISHED, &range, Order::Ascending, CHUNK)? {
        if rows >= ROWS {
            return Ok(Trimmed { count: removed, damaged, next: Some(last) });
        }
        let is_old = now.ms_since(at) > keep.age_ms;
        if !is_old && count <= keep.count && bytes <= keep.bytes {
            return Ok(Trimmed { count: removed, damaged, next: None });
        }
        last = (at, job);
        looked_at += 1;
        let size = match row {
            Ok(row) => row.bytes,
            Err(error) => {
                tracing::error!(%error, "a finished job is damaged and kept");
                continue;
            }
        };
        match remove_finished(tx, (company, queue, state, at, job), size, &none_lost) {
            Ok(gone) => {
                rows += gone;
                removed += 1;
            }
            Err(Error::Corrupt { .. }) => damaged.push(((at, job), size)),
            Err(error) => return Err(error),
        }
        count = count.saturating_sub(1);
        bytes = bytes.saturating_sub(u64::from(size));
    }
    Ok(Trimmed { count: removed, damaged, next: (looked_at == CHUNK).then_some(last) })
}
