//! Taking back leases whose worker was not heard of in time.

use std::{sync::Arc, time::Duration};

use super::{
    after::{After, Op},
    handler::Outcome,
    leases::Lost,
    line::Line,
    registry::Queues,
    settle::{Ending, PolicySource, record_interrupted, settle},
    store::JOB_STATES,
    writer::Writer,
};
use crate::storage::{Error, Read, Tx, pause};

/// Leases taken back in one transaction.
const CHUNK: usize = 256;
/// What is kept of an attempt whose worker went silent.
const BY_SILENCE: &str = "interrupted: nothing was heard of its worker in time";

/// A lost lease of a job: its company, its `hi`, its generation.
type LostLease = (u64, u64, u32, Lost);

impl Queues {
    /// Looks for lost leases until told to stop.
    pub(super) async fn run_rescue_loop(self) {
        let Some(background) = self.inner.background.get() else { return };
        let every = Duration::from_millis(self.inner.config.rescue_every_ms);
        while pause(every, &background.stop).await {
            match self.rescue_lost().await {
                Ok(0) => {}
                Ok(count) => tracing::warn!(count, "leases were lost and their jobs taken back"),
                Err(Error::Stopped | Error::Unknown(_)) => return,
                Err(error) => tracing::warn!(%error, "lost leases could not be taken back"),
            }
        }
    }

    /// Takes back every lease that is lost now; answers how many.
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub async fn rescue_lost(&self) -> Result<usize, Error> {
        let mut count = 0;
        for line in self.inner.lines() {
            loop {
                let lost: Vec<LostLease> = {
                    let now_ms = self.inner.clock.mono_ms();
                    let again_ms = now_ms + self.inner.config.rescue_every_ms;
                    let mut core = line.core();
                    let expired = core.leases.expired(now_ms, CHUNK, again_ms);
                    expired
                        .into_iter()
                        .filter_map(|(job, generation, lost)| {
                            Some((core.leases.company(job, generation)?, job, generation, lost))
                        })
                        .collect()
                };
                if lost.is_empty() {
                    break;
                }
                count += lost.len();
                let (queues, line) = (self.clone(), Arc::clone(&line));
                self.inner.db.write_reclaiming(move |tx| rescue(tx, &queues, &line, &lost)).await?;
            }
        }
        Ok(count)
    }
}

fn rescue(tx: &mut Tx<'_>, queues: &Queues, line: &Line, lost: &[LostLease]) -> Result<(), Error> {
    let boot = queues.inner.boot;
    let mut after = After::default();
    for (company, job, generation, lost) in lost.iter().copied() {
        let key = (company, job);
        if !line.core().leases.is_lost(job, generation) {
            // It ended, or a sign of life was written, since it was found.
            continue;
        }
        let row = match tx.get(JOB_STATES, &key) {
            Err(error @ Error::Corrupt { .. }) => {
                tracing::error!(%error, "the job of a lost lease is damaged");
                None
            }
            row => row?,
        };
        let Some(row) = row.filter(|row| row.rescue(generation, tx.now()).is_ok()) else {
            // Settled meanwhile, or damaged; the lease itself is all that is left.
            after.push(line.id, Op::EndLease { job, generation });
            continue;
        };
        match lost {
            Lost::Silent => {
                if let Ok(next) = row.rescue(generation, tx.now()) {
                    record_interrupted(tx, key, &row, BY_SILENCE)?;
                    Writer { tx, after: &mut after, boot }.change(key, &row, &next)?;
                }
            }
            Lost::TimedOut => {
                let outcome = Outcome::Retry { error: "timed out".to_owned(), after_ms: None };
                let ending = Ending::of(key, generation, outcome, PolicySource::Body);
                let _refused = settle(tx, queues, ending, &mut after)?.is_err();
            }
        }
    }
    after.register(tx, queues);
    Ok(())
}
