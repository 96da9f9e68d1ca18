//! The queue kernel in this process, on the real engine and disk: no-op jobs, and two companies that share a pool.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use novapulse::{
    base::{CompanyId, RawId, SystemClock, SystemRandom},
    queue::{
        AttemptContext, Handler, Handlers, JobView, LoadError, NewJob, Pool, QueueConfig, QueueName, Queues,
        Settlement, State, enqueue_many,
    },
    storage::{Directory, DirectoryOptions, Snapshot},
};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{PAYLOAD, Scale};
use crate::{
    children::work_directory,
    histogram::Histogram,
    report::{Report, Row, Target, figure, millis},
};

const CONCURRENCY: u32 = 64;
/// How long a job of the shared pool takes: about what a call over the network does.
const WORK: Duration = Duration::from_millis(10);
/// Jobs that the small company has at a time.
const SMALL: usize = 10;
/// The pause of the small company between two lots of jobs.
const REST: Duration = Duration::from_millis(100);
/// The longest time for anything to be done.
const LIMIT: Duration = Duration::from_mins(3);

const BIG_COMPANY: u64 = 1;
const SMALL_COMPANY: u64 = 2;

/// Works for a time, counts, and notes how long the jobs of the small company have waited.
struct Work {
    takes: Duration,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    done: AtomicU64,
    small: AtomicU64,
    waits: Mutex<Histogram>,
    changed: Notify,
}

impl Handler for Work {
    type Input = Option<u64>;

    fn kind(&self) -> &'static str {
        "bench.work"
    }

    fn load(&self, _read: &Snapshot, job: &JobView) -> Result<Self::Input, LoadError> {
        // The payload of a job that is watched is the time of its sending, of the others an object.
        Ok(std::str::from_utf8(&job.payload).ok().and_then(|text| text.parse().ok()))
    }

    async fn run(&self, sent: Self::Input, _ctx: AttemptContext) -> Settlement {
        if let Some(sent) = sent {
            let waited = crate::wire::now_micros().saturating_sub(sent);
            self.seen.waits.lock().unwrap_or_else(PoisonError::into_inner).record(waited);
        }
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        if sent.is_some() {
            self.seen.small.fetch_add(1, Ordering::Relaxed);
        }
        self.seen.done.fetch_add(1, Ordering::Relaxed);
        self.seen.changed.notify_waiters();
        Settlement::complete()
    }
}

/// A kernel with its own data directory, removed when dropped.
struct Kernel {
    directory: Directory,
    queues: Queues,
    tracker: TaskTracker,
    stop: CancellationToken,
    seen: Arc<Seen>,
    _root: tempfile::TempDir,
}

fn company(number: u64) -> CompanyId {
    CompanyId::from_raw(RawId { hi: number, lo: 1 })
}

fn queue() -> Result<QueueName> {
    QueueName::EMAIL.parse().context("the name of a queue")
}

impl Kernel {
    async fn open() -> Result<Self> {
        std::fs::create_dir_all(work_directory())?;
        let root = tempfile::Builder::new().prefix("bench-").tempdir_in(work_directory())?;
        let path = root.path().to_owned();
        let options = DirectoryOptions { ballast_bytes: 0, ..DirectoryOptions::default() };
        let open = move || Directory::open(&path, &options, Arc::new(SystemClock::default()), Arc::new(SystemRandom));
        let directory = tokio::task::spawn_blocking(open).await??;
        let config = QueueConfig { concurrency: Some(CONCURRENCY), ..QueueConfig::default() };
        let queues = Queues::open(directory.db().clone(), config).await?;
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        queues.start(&tracker, &stop);
        Ok(Self { directory, queues, tracker, stop, seen: Arc::default(), _root: root })
    }

    fn start_pool(&self, takes: Duration) -> Result<Pool> {
        let handlers = Handlers::default().with(Work { takes, seen: Arc::clone(&self.seen) });
        self.queues.start_pool(&queue()?, handlers, &self.tracker, &self.stop).context("the queue has a pool already")
    }

    async fn add(&self, owner: u64, count: usize, payload: &Bytes) -> Result<()> {
        let new = NewJob::new(company(owner), queue()?, "bench.work", payload.clone());
        let queues = self.queues.clone();
        let work = move |tx: &mut novapulse::storage::Tx<'_>| {
            enqueue_many(tx, &queues, std::iter::repeat_n(new, count)).map(drop)
        };
        Ok(self.directory.db().write(work).await?)
    }

    /// Puts this many jobs of the large company in line.
    async fn fill(&self, count: u64) -> Result<()> {
        let payload = Bytes::from(format!("{{\"data\":\"{}\"}}", "x".repeat(PAYLOAD - 11)));
        for _ in 0..count.div_ceil(1_000) {
            self.add(BIG_COMPANY, 1_000, &payload).await?;
        }
        Ok(())
    }

    async fn completed(&self, owner: u64) -> Result<u64> {
        let (queues, queue) = (self.queues.clone(), queue()?);
        let stats = self.directory.db().read(move |read| queues.lane_stats(read, company(owner), &queue)).await??;
        Ok(stats.map_or(0, |stats| stats.count(State::Completed)))
    }

    /// Waits until a figure is reached.
    async fn wait_for(&self, figure: impl Fn(&Seen) -> u64, wanted: u64) -> Result<()> {
        let reached = async {
            loop {
                let changed = self.seen.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if figure(&self.seen) >= wanted {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(LIMIT, reached).await.context("the jobs were not done in time")
    }

    async fn close(self) -> Result<()> {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        drop(self.queues);
        let directory = self.directory;
        tokio::task::spawn_blocking(move || directory.close()).await?;
        Ok(())
    }
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Jobs that do nothing, from the first claim to the last end on disk.
pub(super) fn no_ops(scale: Scale, report: &mut Report) -> Result<()> {
    block_on(async {
        let kernel = Kernel::open().await?;
        let total = scale.items(500_000);
        kernel.fill(total).await?;
        let start = Instant::now();
        let pool = kernel.start_pool(Duration::ZERO)?;
        kernel.wait_for(|seen| seen.done.load(Ordering::Relaxed), total).await?;
        // Ended is what is durable, and a drained pool has written all ends.
        pool.drain(Duration::from_secs(10)).await;
        let seconds = start.elapsed().as_secs_f64();
        let completed = kernel.completed(BIG_COMPANY).await?;
        ensure!(completed == total, "{completed} of {total} jobs are completed");
        report.push(
            Row::new(format!("no-op jobs in this process, {CONCURRENCY} at once"), total as f64 / seconds, "/s")
                .target(Target::AtLeast(60_000.0))
                .note(format!("{} jobs of {PAYLOAD} B, claimed and ended durably", figure(total as f64))),
        );
        kernel.close().await
    })
}

/// A company with ten jobs at a time, alone and beside one whose million jobs share the pool.
pub(super) fn fairness(scale: Scale, report: &mut Report) -> Result<()> {
    let (lots, backlog) = (if scale.is_quick { 20 } else { 150 }, scale.items(1_000_000));
    let before = waits(lots, 0)?;
    let beside = waits(lots, backlog)?;
    let after = waits(lots, 0)?;
    let p95 = |waits: &Histogram| waits.quantile(0.95) as f64;
    let alone_us = f64::midpoint(p95(&before), p95(&after));
    let (work_ms, backlog) = (WORK.as_millis(), figure(backlog as f64));
    let three = |share| [&beside, &before, &after].map(|waits| millis(waits.quantile(share)));
    let ([beside95, before95, after95], [beside50, before50, after50]) = (three(0.95), three(0.5));
    report.push(
        Row::new(
            format!("wait of {SMALL} jobs beside {backlog} of another company, p95"),
            p95(&beside) / alone_us,
            "x",
        )
        .target(Target::AtMost(1.2))
        .note(format!(
            "p95 {beside95} beside, {before95} and {after95} alone; p50 {beside50}, {before50} and {after50}; \
                 {CONCURRENCY} at once, {work_ms} ms each",
        )),
    );
    Ok(())
}

/// How long the small company's jobs wait, from just before their enqueue.
fn waits(lots: u64, backlog: u64) -> Result<Histogram> {
    block_on(async {
        let kernel = Kernel::open().await?;
        kernel.fill(backlog).await?;
        let pool = kernel.start_pool(WORK)?;
        if backlog > 0 {
            kernel.wait_for(|seen| seen.done.load(Ordering::Relaxed), 1_000).await?;
        }
        for lot in 1..=lots {
            let sent = Bytes::from(crate::wire::now_micros().to_string());
            kernel.add(SMALL_COMPANY, SMALL, &sent).await?;
            kernel.wait_for(|seen| seen.small.load(Ordering::Relaxed), lot * SMALL as u64).await?;
            tokio::time::sleep(REST).await;
        }
        let big = kernel.completed(BIG_COMPANY).await?;
        ensure!(backlog == 0 || big < backlog, "the other company's jobs ran out");
        pool.drain(Duration::from_secs(10)).await;
        let waits = kernel.seen.waits.lock().unwrap_or_else(PoisonError::into_inner).clone();
        kernel.close().await?;
        Ok(waits)
    })
}
