//! Writing the ends of attempts: those without further changes in batches, the others one by one.
//!
//! An end is never given up while the store works: it is written also when the disk is exhausted, because work that
//! is done and not noted would be done again, and its lease has no deadline.

use std::{
    mem,
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
const BATCH: usize = 256;

/// Transactions of ends on their way at once.
const WRITES: usize = 3;

/// How long ends wait that could not be written.
const PAUSE: Duration = Duration::from_secs(1);

impl Shared {
    /// Leaves an end to the settle loop.
    pub(super) fn settle_later(&self, ending: Ending) {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).push(ending);
        self.settle_wake.notify_one();
    }

    /// Writes ends until the pool is stopped and everything it claimed is settled.
    pub(super) async fn settle_loop(self: Arc<Self>) {
        let writes = Arc::new(Semaphore::new(WRITES));
        loop {
            tokio::select! {
                () = self.settle_wake.notified() => {}
                () = self.stop.cancelled(), if self.open.load(Ordering::Acquire) == 0 => return,
            }
            loop {
                let Ok(permit) = Arc::clone(&writes).acquire_owned().await else { return };
                let batch = self.take_batch();
                if batch.is_empty() {
                    break;
                }
                let shared = Arc::clone(&self);
                self.tracker.spawn(async move {
                    shared.settle_batch(batch).await;
                    drop(permit);
                });
            }
            if self.stop.is_cancelled() && self.open.load(Ordering::Acquire) == 0 {
                return;
            }
        }
    }

    fn take_batch(&self) -> Vec<Ending> {
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        if unsettled.len() <= BATCH {
            return mem::take(&mut *unsettled);
        }
        let rest = unsettled.split_off(BATCH);
        mem::replace(&mut *unsettled, rest)
    }

    async fn settle_batch(&self, batch: Vec<Ending>) {
        let queues = self.queues.clone();
        let endings = batch.clone();
        let written = self.queues.inner.db.write_reclaiming(move |tx| settle_all(tx, &queues, endings)).await;
        match written {
            Ok(refused) => {
                self.figures.refused.fetch_add(refused, Ordering::Relaxed);
                for _ in &batch {
                    self.close_one();
                }
            }
            Err(error) => {
                tracing::warn!(%error, queue = %self.line.name, "a batch of finished jobs could not be written");
                let mut left = Vec::new();
                for ending in batch {
                    left.extend(self.settle_alone(ending).await);
                }
                self.settle_again(left).await;
            }
        }
    }

    /// Writes one end; gives it back when that is to be tried again.
    async fn settle_alone(&self, ending: Ending) -> Option<Ending> {
        let (queues, again) = (self.queues.clone(), ending.clone());
        let written = self.queues.inner.db.write_reclaiming(move |tx| settle_all(tx, &queues, vec![ending])).await;
        match written {
            Ok(refused) => {
                self.figures.refused.fetch_add(refused, Ordering::Relaxed);
            }
            // The next start gives the job back.
            Err(storage::Error::Stopped | storage::Error::Unknown(_)) => {}
            Err(error @ storage::Error::Corrupt { .. }) => {
                tracing::error!(%error, job.id = %again.id, "a finished job could not be written because it is damaged");
                // No later try can do better, so at least its group goes on.
                self.line.core().end_lease(again.id.hi(), again.generation);
                self.line.wake_pool();
            }
            Err(error) => {
                tracing::warn!(%error, job.id = %again.id, "a finished job could not be written yet");
                return Some(again);
            }
        }
        self.close_one();
        None
    }

    /// Leaves ends that could not be written to the settle loop, after a pause.
    async fn settle_again(&self, endings: Vec<Ending>) {
        if endings.is_empty() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).extend(endings);
        self.settle_wake.notify_one();
    }

    /// Writes an end together with what its handler wants written.
    pub(super) async fn settle_with(&self, ending: Ending, effect: Effect) {
        let queues = self.queues.clone();
        let plain = ending.clone();
        let written = self.queues.inner.db.write_reclaiming(move |tx| settle_and(tx, &queues, ending, effect)).await;
        match written {
            Ok(is_settled) => {
                self.figures.refused.fetch_add(u64::from(!is_settled), Ordering::Relaxed);
            }
            Err(storage::Error::Stopped | storage::Error::Unknown(_)) => {}
            Err(error) => {
                tracing::error!(%error, job.id = %plain.id, "the changes of a finished job could not be written");
                let error = format!("its changes could not be written: {error}");
                let outcome = Outcome::Retry { error, after_ms: None };
                let left = self.settle_alone(Ending { outcome, ..plain }).await;
                return self.settle_again(left.into_iter().collect()).await;
            }
        }
        self.close_one();
    }
}

/// Writes many ends; answers how many were refused.
fn settle_all(tx: &mut Tx<'_>, queues: &Queues, endings: Vec<Ending>) -> Result<u64, storage::Error> {
    let mut after = After::default();
    let mut refused = 0;
    for ending in endings {
        refused += u64::from(settle(tx, queues, ending, &mut after)?.is_err());
    }
    after.register(tx, queues);
    Ok(refused)
}

fn settle_and(tx: &mut Tx<'_>, queues: &Queues, ending: Ending, effect: Effect) -> Result<bool, storage::Error> {
    let mut after = After::default();
    let settled = settle(tx, queues, ending, &mut after)?;
    if let Ok(settled) = &settled {
        effect(tx, settled)?;
    }
    after.register(tx, queues);
    Ok(settled.is_ok())
}
