//! Writing the ends of attempts: those without further changes in batches, the others one by one.

use std::{
    mem,
    sync::{Arc, PoisonError, atomic::Ordering},
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
        let written = self.queues.inner.db.write(move |tx| settle_all(tx, &queues, endings)).await;
        match written {
            Ok(refused) => {
                self.figures.refused.fetch_add(refused, Ordering::Relaxed);
                for _ in &batch {
                    self.close_one();
                }
            }
            Err(error) => {
                let is_final = matches!(error, storage::Error::Stopped | storage::Error::Unknown(_));
                tracing::warn!(%error, queue = %self.line.name, "a batch of finished jobs could not be written");
                for ending in batch {
                    if !is_final {
                        self.settle_alone(ending).await;
                    }
                    self.close_one();
                }
            }
        }
    }

    async fn settle_alone(&self, ending: Ending) {
        let (queues, id) = (self.queues.clone(), ending.id);
        if let Err(error) = self.queues.inner.db.write(move |tx| settle_all(tx, &queues, vec![ending])).await {
            tracing::error!(%error, job.id = %id, "a finished job could not be written; it is rescued at the next start");
        }
    }

    /// Writes an end together with what its handler wants written.
    pub(super) async fn settle_with(&self, ending: Ending, effect: Effect) {
        let queues = self.queues.clone();
        let plain = ending.clone();
        let written = self.queues.inner.db.write(move |tx| settle_and(tx, &queues, ending, effect)).await;
        match written {
            Ok(is_settled) => {
                self.figures.refused.fetch_add(u64::from(!is_settled), Ordering::Relaxed);
            }
            Err(storage::Error::Stopped | storage::Error::Unknown(_)) => {}
            Err(error) => {
                tracing::error!(%error, job.id = %plain.id, "the changes of a finished job could not be written");
                let error = format!("its changes could not be written: {error}");
                let outcome = Outcome::Retry { error, after_ms: None };
                self.settle_alone(Ending { outcome, ..plain }).await;
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
