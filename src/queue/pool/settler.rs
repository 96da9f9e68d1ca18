//! Writing the ends of attempts, with what their handlers want written, many in one transaction.
//!
//! An end is never given up while the store works: it is written also when the disk is exhausted, because work that
//! is done and not noted would be done again, and its lease has no deadline. One that cannot be written does not
//! hold up the others of its batch.

use std::{
    pin::pin,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::sync::Semaphore;

use super::Shared;
use crate::{
    queue::{
        after::After,
        handler::{Effect, Outcome},
        registry::Queues,
        settle::{Ending, settle},
    },
    storage::{self, Tx},
};

/// Ends written in one transaction.
const BATCH: usize = 128;

/// Transactions of ends on their way at once.
const WRITES: usize = 12;

/// A batch that is not full begins this long after the one before: with one commit after another on the way to the disk,
/// everybody else would wait for one that is not theirs. An end that comes alone is written at once.
const GAP_MS: u64 = 3;

/// How long ends wait that could not be written.
const PAUSE: Duration = Duration::from_secs(1);

/// The end of an attempt and what its handler wants written with it.
pub(super) struct Ended {
    pub(super) ending: Ending,
    pub(super) effect: Option<Effect>,
}

impl Ended {
    pub(super) const fn plain(ending: Ending) -> Self {
        Self { ending, effect: None }
    }
}

/// What became of a batch beside the ends that were written.
#[derive(Default)]
struct Report {
    /// How many were no longer held.
    refused: u64,
    /// Those of damaged jobs: no later try can do better.
    damaged: Vec<Ending>,
    /// Those to be tried again.
    left: Vec<Ending>,
}

impl Shared {
    /// Leaves an end to the settle loop.
    pub(super) fn settle_later(&self, ended: Ended) {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).push_back(ended);
        self.settle_wake.notify_one();
    }

    /// Writes ends until the pool is stopped and everything it claimed is settled.
    pub(super) async fn settle_loop(self: Arc<Self>) {
        let writes = Arc::new(Semaphore::new(WRITES));
        let clock = Arc::clone(&self.queues.inner.clock);
        let mut next_ms: u64 = 0;
        loop {
            tokio::select! {
                () = self.settle_wake.notified() => {}
                () = self.stop.cancelled(), if self.open.load(Ordering::Acquire) == 0 => return,
            }
            loop {
                let Ok(permit) = Arc::clone(&writes).acquire_owned().await else { return };
                self.gather(next_ms.saturating_sub(clock.mono_ms())).await;
                let batch = self.take_batch();
                if batch.is_empty() {
                    break;
                }
                next_ms = clock.mono_ms() + GAP_MS;
                let shared = Arc::clone(&self);
                self.tracker.spawn(async move {
                    let left = shared.settle_batch(batch).await;
                    drop(permit);
                    shared.settle_again(left).await;
                });
            }
            if self.stop.is_cancelled() && self.open.load(Ordering::Acquire) == 0 {
                return;
            }
        }
    }

    /// Waits so long for a full batch, unless there is nothing to wait with or the pool stops.
    async fn gather(&self, wait_ms: u64) {
        let is_partial = || (1..BATCH).contains(&self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).len());
        let mut waiting = pin!(tokio::time::sleep(Duration::from_millis(wait_ms)));
        while wait_ms > 0 && is_partial() {
            tokio::select! {
                () = &mut waiting => return,
                () = self.settle_wake.notified() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    fn take_batch(&self) -> Vec<Ended> {
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        let count = unsettled.len().min(BATCH);
        unsettled.drain(..count).collect()
    }

    /// Writes a batch; gives back those to be tried again.
    async fn settle_batch(&self, batch: Vec<Ended>) -> Vec<Ending> {
        let queues = self.queues.clone();
        let count = batch.len();
        let settle = move |tx: &mut Tx<'_>| Ok::<_, storage::Error>(settle_all(tx, &queues, batch));
        let report = self.queues.inner.db.write_reclaiming(settle).await.unwrap_or_else(|error| {
            // The store has stopped; the next start gives the jobs back.
            tracing::warn!(%error, queue = %self.line.name, "a batch of finished jobs could not be written");
            Report::default()
        });
        self.figures.refused.fetch_add(report.refused, Ordering::Relaxed);
        for ending in &report.damaged {
            // At least its group goes on.
            self.line.core().end_lease(ending.id.hi(), ending.generation);
            self.line.wake_pool();
        }
        for _ in report.left.len()..count {
            self.close_one();
        }
        report.left
    }

    /// Leaves ends that could not be written to the settle loop, after a pause.
    async fn settle_again(&self, endings: Vec<Ending>) {
        if endings.is_empty() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        let again = endings.into_iter().map(Ended::plain);
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).extend(again);
        self.settle_wake.notify_one();
    }
}

/// Writes many ends; each stands or falls alone.
fn settle_all(tx: &mut Tx<'_>, queues: &Queues, batch: Vec<Ended>) -> Report {
    let mut after = After::default();
    let mut report = Report::default();
    for Ended { ending, effect } in batch {
        let Some(effect) = effect else {
            settle_plain(tx, queues, ending, &mut after, &mut report);
            continue;
        };
        match settle_part(tx, queues, ending.clone(), Some(effect), &mut after) {
            Ok(is_settled) => report.refused += u64::from(!is_settled),
            Err(error) => {
                // The attempt counts as failed.
                tracing::error!(%error, job.id = %ending.id, "the changes of a finished job could not be written");
                let error = format!("its changes could not be written: {error}");
                let failed = Ending { outcome: Outcome::Retry { error, after_ms: None }, ..ending };
                settle_plain(tx, queues, failed, &mut after, &mut report);
            }
        }
    }
    after.register(tx, queues);
    report
}

fn settle_plain(tx: &mut Tx<'_>, queues: &Queues, ending: Ending, after: &mut After, report: &mut Report) {
    match settle_part(tx, queues, ending.clone(), None, after) {
        Ok(is_settled) => report.refused += u64::from(!is_settled),
        Err(error @ storage::Error::Corrupt { .. }) => {
            tracing::error!(%error, job.id = %ending.id, "a finished job could not be written because it is damaged");
            report.damaged.push(ending);
        }
        Err(error) => {
            tracing::warn!(%error, job.id = %ending.id, "a finished job could not be written yet");
            report.left.push(ending);
        }
    }
}

fn settle_part(
    tx: &mut Tx<'_>,
    queues: &Queues,
    ending: Ending,
    effect: Option<Effect>,
    after: &mut After,
) -> Result<bool, storage::Error> {
    let (is_settled, own) = tx.part(|tx| {
        let mut own = After::default();
        let settled = settle(tx, queues, ending, &mut own)?;
        if let (Ok(settled), Some(effect)) = (&settled, effect) {
            effect(tx, settled)?;
        }
        Ok::<_, storage::Error>((settled.is_ok(), own))
    })?;
    after.append(own);
    Ok(is_settled)
}
