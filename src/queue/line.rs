//! The memory of one queue: heads, leases, recent figures, and who waits for work.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    heads::{Heads, Limits},
    history::Recent,
    leases::Leases,
    name::QueueName,
    rings::Rings,
    settings::{QueueSettings, kept_places},
};
use crate::base::QueueId;

/// What is locked together; never across an `await` or a read.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) heads: Heads,
    pub(super) leases: Leases,
    pub(super) rings: Rings,
    pub(super) history: Recent,
}

impl Core {
    /// Ends a lease and frees its place in the group.
    ///
    /// Answers whose it was, unless it was over already.
    pub(super) fn end_lease(&mut self, job: u64, generation: u32) -> Option<u64> {
        let lease = self.leases.remove(job, generation)?;
        self.heads.settled(lease.company, lease.group, lease.is_ended);
        Some(lease.company)
    }

    /// A handler has ended; its group may go on.
    pub(super) fn end_run(&mut self, job: u64, generation: u32, company: u64, group: u64) {
        if self.leases.end_run(job, generation) {
            self.heads.ended(company, group);
        }
    }
}

/// Workers outside that wait for a job of one company.
#[derive(Debug, Default)]
struct Waiters {
    any_kind: Arc<Notify>,
    some_kinds: Arc<Notify>,
    waiting: usize,
}

/// One queue in memory.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) id: QueueId,
    pub(super) name: QueueName,
    settings: RwLock<Arc<QueueSettings>>,
    core: Mutex<Core>,
    pool_wake: Notify,
    lesser_wake: Notify,
    waiters: Mutex<HashMap<u64, Waiters>>,
    waiting: AtomicUsize,
    /// A pool of this process serves it.
    pub(super) has_pool: AtomicBool,
    /// A read for the heads is under way.
    pub(super) is_loading: AtomicBool,
    stops: Mutex<HashMap<(u64, u32), CancellationToken>>,
    /// Handlers running in this process, for figures.
    pub(super) workers: AtomicUsize,
}

impl Line {
    pub(super) fn new(id: QueueId, name: QueueName, settings: QueueSettings, limits: Limits) -> Self {
        let mut heads = Heads::new(limits);
        configure(&mut heads, &settings);
        Self {
            id,
            name,
            settings: RwLock::new(Arc::new(settings)),
            core: Mutex::new(Core {
                heads,
                leases: Leases::default(),
                rings: Rings::default(),
                history: Recent::default(),
            }),
            pool_wake: Notify::new(),
            lesser_wake: Notify::new(),
            waiters: Mutex::default(),
            waiting: AtomicUsize::new(0),
            has_pool: AtomicBool::new(false),
            is_loading: AtomicBool::new(false),
            stops: Mutex::default(),
            workers: AtomicUsize::new(0),
        }
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settings(&self) -> Arc<QueueSettings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn configure(&self, settings: QueueSettings) {
        configure(&mut self.core().heads, &settings);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        self.wake_pool();
        self.wake_lesser();
        self.wake_workers();
    }

    /// There may be something for the pool.
    pub(super) fn wake_pool(&self) {
        self.pool_wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.pool_wake.notified().await;
    }

    /// There may be something of a company that holds little.
    pub(super) fn wake_lesser(&self) {
        self.lesser_wake.notify_one();
    }

    pub(super) async fn woken_for_lesser(&self) {
        self.lesser_wake.notified().await;
    }

    /// There may be one more job for the workers outside.
    pub(super) fn wake_worker(&self, company: u64) {
        if self.waiting.load(Ordering::Acquire) == 0 {
            return;
        }
        let waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiters) = waiters.get(&company) {
            waiters.any_kind.notify_one();
            waiters.some_kinds.notify_waiters();
        }
    }

    /// There may be something for the workers outside of every company.
    pub(super) fn wake_workers(&self) {
        for waiters in self.waiters.lock().unwrap_or_else(PoisonError::into_inner).values() {
            waiters.any_kind.notify_one();
            waiters.some_kinds.notify_waiters();
        }
    }

    /// Registers a worker that is about to wait.
    pub(super) fn wait(self: &Arc<Self>, company: u64, has_kinds: bool) -> Waiting {
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = waiters.entry(company).or_default();
        entry.waiting += 1;
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let notify = Arc::clone(if has_kinds { &entry.some_kinds } else { &entry.any_kind });
        Waiting { line: Arc::clone(self), company, notify }
    }

    /// Where a running handler hears that its job is cancelled.
    pub(super) fn watch_run(&self, job: u64, generation: u32, stop: CancellationToken) {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner).insert((job, generation), stop);
    }

    pub(super) fn unwatch_run(&self, job: u64, generation: u32) {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner).remove(&(job, generation));
    }

    pub(super) fn stop_run(&self, job: u64, generation: u32) {
        if let Some(stop) = self.stops.lock().unwrap_or_else(PoisonError::into_inner).get(&(job, generation)) {
            stop.cancel();
        }
    }
}

fn configure(heads: &mut Heads, settings: &QueueSettings) {
    heads.set_lesser(kept_places(settings.concurrency as usize) as u32);
    heads.configure(settings.group_concurrency, settings.rate_per_second);
}

/// A worker outside that waits for a job; leaves the list when dropped.
#[derive(Debug)]
pub(super) struct Waiting {
    line: Arc<Line>,
    company: u64,
    pub(super) notify: Arc<Notify>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiters = self.line.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        self.line.waiting.fetch_sub(1, Ordering::AcqRel);
        if let Some(entry) = waiters.get_mut(&self.company) {
            entry.waiting -= 1;
            if entry.waiting == 0 {
                waiters.remove(&self.company);
            }
        }
    }
}
