//! Handlers at work: one pool per queue claims jobs, reads their inputs, runs them and settles them.
//!
//! The way of a job: claimed in an un-synced commit, its input read on a blocking thread with
//! the rest of its batch, run in a task under its deadline with panics caught, settled in a
//! synced commit with the changes its handler wants. A place is free again as soon as the
//! handler ends. Nothing polls: commits and ended handlers wake the claim loop.

mod handlers;
mod load;
mod local;
mod places;
mod run;
mod settler;
mod turns;

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    claim::{Asker, Granted, Want, claim},
    handler::{AttemptContext, Outcome},
    job::JobView,
    line::Line,
    name::QueueName,
    registry::Queues,
    settle::{Ending, PolicySource},
};
use crate::storage;
use handlers::Run;
use local::{Local, Offer};
use settler::Ended;
use turns::{LastTurns, Turn};

pub use handlers::Handlers;

/// The most jobs of one claim.
const CLAIM_MAX: usize = 512;

/// Claims that are being written at a time: while one is on its way to the disk, the next joins the group behind it.
const CLAIM_LOOPS: usize = 2;

/// All loops that claim: one more is there for companies that hold little, so that they need not wait for the others.
const ALL_CLAIM_LOOPS: usize = CLAIM_LOOPS + 1;

/// Jobs whose inputs are read one after another; more of a claim are read side by side.
const LOADED_AT_ONCE: usize = 64;

/// Payload of claimed jobs that a pool holds, about: a claim may go beyond what it asked for by one job.
const CLAIMED_BYTES: usize = 64 << 20;

/// Payload that one claim asks for at most, so that all the others find room beside it.
const CLAIM_BYTES: usize = CLAIMED_BYTES / ALL_CLAIM_LOOPS;

/// Figures of a pool; they only grow.
#[derive(Debug, Default)]
pub struct PoolFigures {
    /// Attempts begun.
    pub started: AtomicU64,
    /// Attempts that panicked.
    pub panicked: AtomicU64,
    /// Attempts cut off at their deadline.
    pub timed_out: AtomicU64,
    /// Settlements refused because the job was no longer held.
    pub refused: AtomicU64,
    /// Claims made.
    pub claims: AtomicU64,
}

/// A claimed job whose input is read.
struct Ready {
    run: Run,
    ctx: AttemptContext,
    granted: Granted,
    policy: PolicySource,
    timeout_ms: Option<u64>,
}

struct Shared {
    queues: Queues,
    line: Arc<Line>,
    handlers: Handlers,
    tracker: TaskTracker,
    /// No more claims.
    stop: CancellationToken,
    /// Running handlers are told.
    warn: CancellationToken,
    /// Running handlers are dropped.
    force: CancellationToken,
    local: Mutex<Local<Box<Ready>>>,
    /// Asked by claims while they are written, so that their order is that of the claims.
    last_turns: Mutex<LastTurns>,
    /// Claimed and not settled.
    open: AtomicUsize,
    closed: Notify,
    unsettled: Mutex<VecDeque<Ended>>,
    settle_wake: Notify,
    figures: PoolFigures,
}

/// What one claim brought, cut into batches with their places in the order of claims.
type Batches = Vec<(Vec<Granted>, Turn)>;

/// The pool of one queue; stops with [`Pool::drain`].
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("queue", &self.shared.line.name).finish_non_exhaustive()
    }
}

impl Queues {
    /// Starts the pool of an existing queue; `None` when there is no such queue.
    ///
    /// From then on workers outside get nothing of the queue, and the kinds of the handlers are reserved.
    /// Its tasks run on the tracker; it stops claiming when `stop` is cancelled.
    pub fn start_pool(
        &self,
        queue: &QueueName,
        handlers: Handlers,
        tracker: &TaskTracker,
        stop: &CancellationToken,
    ) -> Option<Pool> {
        let line = self.inner.find(queue)?;
        line.has_pool.store(true, Ordering::Relaxed);
        self.inner.add_own_kinds(handlers.kinds());
        let shared = Arc::new(Shared {
            queues: self.clone(),
            line,
            handlers,
            tracker: tracker.clone(),
            stop: stop.child_token(),
            warn: CancellationToken::new(),
            force: CancellationToken::new(),
            local: Mutex::default(),
            last_turns: Mutex::default(),
            // Each claim loop counts as one until it has ended.
            open: AtomicUsize::new(ALL_CLAIM_LOOPS),
            closed: Notify::new(),
            unsettled: Mutex::default(),
            settle_wake: Notify::new(),
            figures: PoolFigures::default(),
        });
        for _ in 0..CLAIM_LOOPS {
            tracker.spawn(Arc::clone(&shared).claim_loop());
        }
        tracker.spawn(Arc::clone(&shared).claim_lesser_loop());
        tracker.spawn(Arc::clone(&shared).settle_loop());
        Some(Pool { shared })
    }
}

impl Pool {
    /// The queue it serves.
    pub fn queue(&self) -> &QueueName {
        &self.shared.line.name
    }

    /// Its figures.
    pub fn figures(&self) -> &PoolFigures {
        &self.shared.figures
    }

    /// Handlers running now.
    pub fn running(&self) -> usize {
        self.shared.local().running()
    }

    /// Stops: no more claims, what has not started goes back, what runs may end within `grace`.
    ///
    /// Then handlers are told, a second later dropped, and their jobs go back to the head of
    /// the line. Answers once everything is settled, or a few seconds after the grace.
    pub async fn drain(&self, grace: Duration) {
        self.drain_until(tokio::time::sleep(grace)).await;
    }

    /// As [`Pool::drain`], with a grace that ends when something else says so.
    pub(in crate::queue) async fn drain_until(&self, grace_is_over: impl Future<Output = ()>) {
        let shared = &self.shared;
        shared.stop.cancel();
        shared.line.wake_pool();
        shared.line.wake_lesser();
        let left = shared.local().close();
        for ready in left {
            shared.release(&ready.ctx.job, &ready.granted);
        }
        tokio::select! {
            biased;
            () = shared.wait_closed() => return,
            () = grace_is_over => {}
        }
        shared.warn.cancel();
        if tokio::time::timeout(Duration::from_secs(1), shared.wait_closed()).await.is_ok() {
            return;
        }
        shared.force.cancel();
        if tokio::time::timeout(Duration::from_secs(5), shared.wait_closed()).await.is_err() {
            tracing::warn!(queue = %shared.line.name, "not every job could be given back; the rest is rescued at the next start");
        }
    }
}

impl Shared {
    fn local(&self) -> MutexGuard<'_, Local<Box<Ready>>> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn concurrency(&self) -> usize {
        self.line.settings().concurrency.max(1) as usize
    }

    async fn wait_closed(&self) {
        loop {
            let notified = self.closed.notified();
            if self.open.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }

    /// One claimed job is settled, or will be by somebody else.
    fn close_one(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.closed.notify_waiters();
            self.settle_wake.notify_one();
        }
    }

    async fn claim_loop(self: Arc<Self>) {
        self.claim_until_stopped().await;
        self.close_one();
    }

    async fn claim_lesser_loop(self: Arc<Self>) {
        self.claim_lesser_until_stopped().await;
        self.close_one();
    }

    /// Claims for companies that hold little while the other loops have claims on their way, or no room.
    async fn claim_lesser_until_stopped(self: &Arc<Self>) {
        while !self.stop.is_cancelled() {
            let has_lesser = self.line.core().heads.has_lesser();
            if let Some(want) = has_lesser.then(|| self.ask_lesser()).flatten() {
                let claimed = self.claim(want).await;
                // Handlers that ended meanwhile may have left room that the others did not see.
                self.line.wake_pool();
                match claimed {
                    Ok(true) => continue,
                    Err(storage::Error::Stopped | storage::Error::Unknown(_)) => return,
                    // The other loops meet the error too, and report it.
                    Ok(false) | Err(_) => {}
                }
            }
            tokio::select! {
                () = self.line.woken_for_lesser() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn claim_until_stopped(self: &Arc<Self>) {
        while !self.stop.is_cancelled() {
            let now_ms = self.queues.inner.clock.mono_ms();
            let (is_ready, has_lesser) = {
                let core = self.line.core();
                (core.heads.is_ready(now_ms), core.heads.has_lesser())
            };
            if let Some(want) = is_ready.then(|| self.ask(has_lesser)).flatten() {
                match self.claim(want).await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(storage::Error::Stopped | storage::Error::Unknown(_)) => return,
                    Err(error) => {
                        tracing::warn!(%error, queue = %self.line.name, "could not claim jobs");
                        self.pause(Some(now_ms + 200)).await;
                        continue;
                    }
                }
            }
            // Read after the claim, which may have found that a group has to wait until a time.
            let next_wake = self.line.core().heads.next_wake(now_ms);
            let (has_room, kept_until) = {
                let local = self.local();
                (self.want(&local, false).is_some(), local.kept_until(self.concurrency()))
            };
            self.pause(next_wake.filter(|_| has_room).into_iter().chain(kept_until).min()).await;
            if kept_until.is_some() {
                self.start_ready();
            }
        }
    }

    /// How much may be claimed now; `None` when the pool holds enough.
    fn want(&self, local: &Local<Box<Ready>>, has_lesser: bool) -> Option<Want> {
        let Want { jobs, lesser, bytes } = local.room(self.concurrency(), CLAIMED_BYTES);
        let lesser = if has_lesser { lesser.min(CLAIM_MAX) } else { 0 };
        let want = Want { jobs: jobs.min(CLAIM_MAX), lesser, bytes: bytes.min(CLAIM_BYTES) };
        (want.jobs + want.lesser > 0 && want.bytes > 0).then_some(want)
    }

    /// As [`Shared::want`], and keeps the room for the claim that follows.
    fn ask(&self, has_lesser: bool) -> Option<Want> {
        let mut local = self.local();
        let want = self.want(&local, has_lesser);
        local.ask(want.unwrap_or_default());
        want
    }

    /// As [`Shared::ask`], of the room for companies that hold little alone; `None` when another loop comes to them at once.
    fn ask_lesser(&self) -> Option<Want> {
        let mut local = self.local();
        let want = self.want(&local, true).filter(|want| want.jobs == 0 || local.is_asked())?;
        let want = Want { jobs: 0, ..want };
        if want.lesser == 0 {
            return None;
        }
        local.ask(want);
        Some(want)
    }

    /// Waits for a commit, an ended handler, the monotonic clock to read `until`, or the stop.
    async fn pause(&self, until: Option<u64>) {
        let now_ms = self.queues.inner.clock.mono_ms();
        let wait = until.map_or(Duration::MAX, |at| Duration::from_millis(at.saturating_sub(now_ms)));
        tokio::select! {
            () = self.line.woken() => {}
            () = tokio::time::sleep(wait), if until.is_some() => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Claims and sends what was claimed on its way; `true` when there may be more to claim.
    async fn claim(self: &Arc<Self>, want: Want) -> Result<bool, storage::Error> {
        self.figures.claims.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(self);
        let claimed = self.queues.inner.db.write_unsynced(move |tx| shared.claim_batches(tx, want)).await;
        let granted = claimed.as_ref().map(Vec::as_slice).unwrap_or_default();
        let (mut count, mut lesser, mut bytes) = (0, 0, 0);
        for granted in granted.iter().flat_map(|(batch, _)| batch) {
            count += 1;
            lesser += usize::from(granted.is_lesser);
            bytes += granted.state.bytes as usize;
        }
        self.open.fetch_add(count, Ordering::AcqRel);
        let is_missed = self.local().claimed(want, count, lesser, bytes);
        let batches = claimed?;
        self.queues.inner.load(&self.line);
        for (batch, turn) in batches {
            self.tracker.spawn(Arc::clone(self).load(batch, turn));
        }
        Ok(count > 0 || is_missed)
    }

    fn claim_batches(&self, tx: &mut storage::Tx<'_>, want: Want) -> Result<Batches, storage::Error> {
        let granted = claim(tx, &self.queues, &self.line, want, &Asker::Pool)?;
        Ok(self.last_turns.lock().unwrap_or_else(PoisonError::into_inner).batches(granted))
    }

    fn offer(&self, ready: Box<Ready>) {
        let Granted { key, state, is_lesser, group_limit: limit } = &ready.granted;
        let offer = Offer { key: (key.0, state.place.group), limit: *limit, is_lesser: *is_lesser };
        // Bound first: a lock in the condition would be held through the body.
        let refused = self.local().offer(offer, self.concurrency(), ready);
        if let Some(ready) = refused {
            self.local().drop_claimed(ready.granted.is_lesser, ready.granted.state.bytes as usize);
            self.release(&ready.ctx.job, &ready.granted);
        }
    }

    /// Frees the place of a job that will not run.
    fn end_unstarted(&self, granted: &Granted) {
        self.local().drop_claimed(granted.is_lesser, granted.state.bytes as usize);
        let Granted { key, state, .. } = granted;
        self.line.core().end_run(key.1, state.generation, key.0, state.place.group);
        self.line.wake_pool();
    }

    /// Gives a claimed job back to the head of its line.
    fn release(&self, job: &JobView, granted: &Granted) {
        self.settle_later(Ended::plain(Ending {
            company: job.company,
            id: job.id,
            generation: granted.state.generation,
            outcome: Outcome::Release,
            policy: PolicySource::Known(None),
        }));
    }
}
