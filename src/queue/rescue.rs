//! Taking back leases whose worker was not heard of in time, or whose attempt takes too long.
//!
//! Silent workers are looked for every few seconds. Ends of timeouts are noted when a lease is given, so that the look comes at the
//! tick of [`TICK_MS`] behind each of them, and leases are never gone through for it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

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
use crate::storage::{Error, Read, Tx};

/// Leases taken back in one transaction.
const CHUNK: usize = 256;
/// A timeout ends its attempt at most this much late, and all that end within it share a look.
const TICK_MS: u64 = 500;
/// What is kept of an attempt whose worker went silent.
const BY_SILENCE: &str = "interrupted: nothing was heard of its worker in time";

/// A lost lease of a job: its company, its `hi`, its generation.
type LostLease = (u64, u64, u32, Lost);

/// When attempts will have taken too long, in ticks of the monotonic clock.
///
/// One that ends before its time leaves its tick, for a look in vain: there are at most as many as ticks in the longest timeout.
#[derive(Debug, Default)]
pub(super) struct CutOffs {
    ticks: Mutex<BTreeSet<u64>>,
    /// One was noted that comes before all others.
    changed: Notify,
}

impl CutOffs {
    /// An attempt under lease has taken too long from this time on.
    pub(super) fn note(&self, at_ms: u64) {
        let tick = at_ms.div_ceil(TICK_MS);
        let mut ticks = self.ticks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = ticks.first().is_none_or(|first| tick < *first);
        ticks.insert(tick);
        drop(ticks);
        if is_first {
            self.changed.notify_one();
        }
    }

    /// When the next of them is over.
    fn next_ms(&self) -> Option<u64> {
        let ticks = self.ticks.lock().unwrap_or_else(PoisonError::into_inner);
        ticks.first().map(|tick| tick.saturating_mul(TICK_MS))
    }

    /// Forgets those that are over; to be called before the look at the leases.
    fn pass(&self, now_ms: u64) {
        let mut ticks = self.ticks.lock().unwrap_or_else(PoisonError::into_inner);
        *ticks = ticks.split_off(&(now_ms / TICK_MS + 1));
    }
}

impl Queues {
    /// Looks for lost leases until told to stop.
    pub(super) async fn run_rescue_loop(self) {
        let Some(background) = self.inner.background.get() else { return };
        let (clock, cut_offs) = (&self.inner.clock, &self.inner.cut_offs);
        let mut look_ms = clock.mono_ms().saturating_add(self.inner.config.rescue_every_ms);
        loop {
            let now_ms = clock.mono_ms();
            let at_ms = cut_offs.next_ms().map_or(look_ms, |next| next.min(look_ms));
            if at_ms > now_ms {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(at_ms - now_ms)) => {}
                    () = cut_offs.changed.notified() => {}
                    () = background.stop.cancelled() => return,
                }
                continue;
            }
            if background.stop.is_cancelled() {
                return;
            }
            cut_offs.pass(now_ms);
            look_ms = now_ms.saturating_add(self.inner.config.rescue_every_ms);
            match self.rescue_lost().await {
                Ok(0) => {}
                Ok(count) => tracing::warn!(count, "leases were lost and their jobs taken back"),
                Err(Error::Stopped | Error::Unknown(_)) => return,
                Err(error) => tracing::warn!(%error, "lost leases could not be taken back"),
            }
        }
    }

    /// Takes back every lease that is lost now, and waits for a look that is under way; answers how many.
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub async fn rescue_lost(&self) -> Result<usize, Error> {
        let _looking = self.inner.rescuing.lock().await;
        let mut count = 0;
        for line in self.inner.lines() {
            let mut held_up = Vec::new();
            // What comes to its end meanwhile is the next look's, and so is what this one could not take back.
            let now_ms = self.inner.clock.mono_ms();
            loop {
                let lost: Vec<LostLease> = {
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
                let all = lost.len();
                let (queues, of_lost) = (self.clone(), Arc::clone(&line));
                let found: Vec<_> = lost.iter().map(|(_, job, generation, _)| (*job, *generation)).collect();
                let written = self.inner.db.write_reclaiming(move |tx| rescue(tx, &queues, &of_lost, &lost)).await;
                match written {
                    Ok(left) => {
                        count += all - left.len();
                        held_up.extend(left);
                    }
                    Err(error) => {
                        held_up.extend(found);
                        line.core().leases.find_again(&held_up, self.inner.clock.mono_ms());
                        return Err(error);
                    }
                }
            }
            // The next look has to find them, however soon it comes.
            line.core().leases.find_again(&held_up, self.inner.clock.mono_ms());
        }
        Ok(count)
    }
}

/// Takes leases back, each for itself; answers those that could not be, because something beside their jobs is damaged.
fn rescue(tx: &mut Tx<'_>, queues: &Queues, line: &Line, lost: &[LostLease]) -> Result<Vec<(u64, u32)>, Error> {
    let (mut after, mut left) = (After::default(), Vec::new());
    for lease @ (_, job, generation, _) in lost.iter().copied() {
        let rescued = tx.part(|tx| {
            let mut own = After::default();
            rescue_one(tx, queues, line, lease, &mut own)?;
            Ok(own)
        });
        match rescued {
            Ok(own) => after.append(own),
            Err(error @ (Error::Corrupt { .. } | Error::Panicked(_))) => {
                tracing::error!(%error, job.id = %job, "a lost lease could not be taken back");
                left.push((job, generation));
            }
            Err(error) => return Err(error),
        }
    }
    after.register(tx, queues);
    Ok(left)
}

fn rescue_one(
    tx: &mut Tx<'_>,
    queues: &Queues,
    line: &Line,
    (company, job, generation, lost): LostLease,
    after: &mut After,
) -> Result<(), Error> {
    let (key, boot) = ((company, job), queues.inner.boot);
    if !line.core().leases.is_lost(job, generation) {
        // It ended, or a sign of life was written, since it was found.
        return Ok(());
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
        return Ok(());
    };
    match lost {
        Lost::Silent => {
            if let Ok(next) = row.rescue(generation, tx.now()) {
                record_interrupted(tx, key, &row, BY_SILENCE)?;
                Writer { tx, after, boot }.change(key, &row, &next)?;
            }
        }
        Lost::TimedOut => {
            let outcome = Outcome::Retry { error: "timed out".to_owned(), after_ms: None };
            let ending = Ending::of(key, generation, outcome, PolicySource::Body);
            let _refused = settle(tx, queues, ending, after)?.is_err();
        }
    }
    Ok(())
}
