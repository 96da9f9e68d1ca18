//! One attempt in its task: deadline, panic, cancellation, and what follows its end.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use super::{
    Ready, Shared,
    handlers::{Running, words_of},
    settler::Ended,
};
use crate::queue::{
    handler::{Outcome, Settlement},
    settle::Ending,
};

/// Jobs a task runs one after another before it lets others go first.
const YIELD_AFTER: usize = 16;
/// What is kept of an attempt that outlasted the grace of a shutdown.
const BY_SHUTDOWN: &str = "interrupted by the shutdown of the server";

/// How an attempt ended, before that is turned into an outcome.
enum End {
    Settled(Settlement),
    Panicked(String),
    TimedOut,
    Forced,
}

/// Turns a panic of the future inside into an error.
struct Caught(Running);

impl Future for Caught {
    type Output = Result<Settlement, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(settlement)) => Poll::Ready(Ok(settlement)),
            Err(panic) => Poll::Ready(Err(words_of(panic.as_ref()))),
        }
    }
}

impl Shared {
    /// Starts a task for every job that may start.
    pub(super) fn start_ready(self: &Arc<Self>) {
        let concurrency = self.concurrency();
        loop {
            let started = self.local().start(concurrency, self.queues.inner.clock.mono_ms());
            self.note_running();
            let Some(ready) = started else { return };
            self.tracker.spawn(Arc::clone(self).work(ready));
        }
    }

    fn note_running(&self) {
        // Stored under the lock, so that an older figure does not overwrite a newer one.
        let local = self.local();
        self.line.workers.store(local.running(), Ordering::Relaxed);
    }

    /// Runs a job, and then others for as long as there are any.
    async fn work(self: Arc<Self>, first: Box<Ready>) {
        let mut next = Some(first);
        let mut count = 0;
        while let Some(ready) = next.take() {
            let key = (ready.granted.key.0, ready.granted.state.place.group);
            let job = ready.granted.key.1;
            let generation = ready.granted.state.generation;
            let bytes = ready.granted.state.bytes as usize;
            let policy = ready.policy.clone();
            let view = Arc::clone(&ready.ctx.job);
            let Settlement { outcome, effect } = self.attempt(*ready).await;
            self.line.core().end_run(job, generation, key.0, key.1);
            let (concurrency, now_ms) = (self.concurrency(), self.queues.inner.clock.mono_ms());
            let may_start_more;
            (next, may_start_more) = {
                let mut local = self.local();
                local.end(key, bytes);
                (local.start(concurrency, now_ms), local.running() < concurrency)
            };
            if next.is_some() && may_start_more {
                // Places that were kept may be free for others now.
                self.start_ready();
            }
            self.note_running();
            self.line.wake_pool();
            let ending = Ending { company: view.company, id: view.id, generation, outcome, policy };
            self.settle_later(Ended { ending, effect });
            count += 1;
            if count % YIELD_AFTER == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn attempt(&self, ready: Ready) -> Settlement {
        let Ready { run, mut ctx, granted, timeout_ms, .. } = ready;
        let (job, generation) = (granted.key.1, granted.state.generation);
        let now_ms = self.queues.inner.clock.mono_ms();
        ctx.deadline_mono_ms = timeout_ms.map(|ms| now_ms.saturating_add(ms));
        // Watched first: a cancel from now on reaches the token, and one from before has ended the lease.
        self.line.watch_run(job, generation, ctx.cancel.clone());
        if self.line.core().leases.company(job, generation).is_none() {
            self.line.unwatch_run(job, generation);
            return Settlement::plain(Outcome::Release);
        }
        self.figures.started.fetch_add(1, Ordering::Relaxed);
        let cancel = ctx.cancel.clone();
        let end = self.run_to_end(Caught(run(ctx)), timeout_ms).await;
        self.line.unwatch_run(job, generation);
        match end {
            End::Settled(settlement) => settlement,
            End::Panicked(words) => {
                self.figures.panicked.fetch_add(1, Ordering::Relaxed);
                tracing::error!(job.id = job, panic = words, "a handler panicked");
                Settlement::retry(format!("the handler panicked: {words}"))
            }
            End::TimedOut => {
                cancel.cancel();
                self.figures.timed_out.fetch_add(1, Ordering::Relaxed);
                Settlement::retry(format!("timed out after {} ms", timeout_ms.unwrap_or_default()))
            }
            End::Forced => {
                tracing::warn!(job.id = job, queue = %self.line.name, "a handler did not end at shutdown and is cut off");
                Settlement::plain(Outcome::Interrupted { how: BY_SHUTDOWN })
            }
        }
    }

    async fn run_to_end(&self, running: Caught, timeout_ms: Option<u64>) -> End {
        let timeout = timeout_ms.map_or(Duration::MAX, Duration::from_millis);
        tokio::select! {
            biased;
            result = running => match result {
                Ok(settlement) => End::Settled(settlement),
                Err(words) => End::Panicked(words),
            },
            () = tokio::time::sleep(timeout), if timeout_ms.is_some() => End::TimedOut,
            () = self.force.cancelled() => End::Forced,
        }
    }
}
