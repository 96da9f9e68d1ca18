//! The queue kernel alone, on the real engine and disk: enqueues, no-op jobs, latency, restart.
//!
//! Run with `cargo bench --bench queue`, or with the names of cases behind `--`; prints a line
//! per case. Every commit is synced.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench ends at the first surprise")]

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use novapulse::{
    base::{CompanyId, RawId, SystemClock, SystemRandom},
    queue::{
        AttemptContext, Error, Group, Handler, Handlers, JobView, LoadError, NewJob, Pool, QueueConfig, QueueName,
        Queues, Settlement, enqueue, enqueue_many,
    },
    storage::{Directory, DirectoryOptions, Snapshot},
};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUN: Duration = Duration::from_secs(5);

/// Counts its jobs; notes how long each has waited when its payload says when it was sent.
struct NoOp {
    done: Arc<AtomicUsize>,
    target: Arc<AtomicUsize>,
    reached: Arc<Notify>,
    begun: Instant,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Handler for NoOp {
    type Input = Option<Instant>;

    fn kind(&self) -> &'static str {
        "no-op"
    }

    fn load(&self, _read: &Snapshot, job: &JobView) -> Result<Self::Input, LoadError> {
        let nanos = std::str::from_utf8(&job.payload).ok().and_then(|text| text.parse().ok());
        Ok(nanos.map(|nanos| self.begun + Duration::from_nanos(nanos)))
    }

    async fn run(&self, sent: Self::Input, _ctx: AttemptContext) -> Settlement {
        if let Some(sent) = sent {
            self.waits.lock().unwrap().push(sent.elapsed());
        }
        if self.done.fetch_add(1, Ordering::Relaxed) + 1 == self.target.load(Ordering::Relaxed) {
            self.reached.notify_one();
        }
        Settlement::complete()
    }
}

struct Bench {
    directory: Directory,
    queues: Queues,
    tracker: TaskTracker,
    stop: CancellationToken,
    done: Arc<AtomicUsize>,
    target: Arc<AtomicUsize>,
    reached: Arc<Notify>,
    begun: Instant,
    waits: Arc<Mutex<Vec<Duration>>>,
}

fn company(number: u64) -> CompanyId {
    CompanyId::from_raw(RawId { hi: number, lo: 1 })
}

fn job(payload: Bytes) -> NewJob {
    NewJob::new(company(1), QueueName::EMAIL.parse().unwrap(), "no-op", payload)
}

impl Bench {
    async fn open(path: &Path, concurrency: u32) -> Self {
        let options = DirectoryOptions { ballast_bytes: 0, ..DirectoryOptions::default() };
        let path = path.to_owned();
        let directory = tokio::task::spawn_blocking(move || {
            Directory::open(&path, &options, Arc::new(SystemClock::default()), Arc::new(SystemRandom)).unwrap()
        })
        .await
        .unwrap();
        let config = QueueConfig { concurrency: Some(concurrency), ..QueueConfig::default() };
        let queues = Queues::open(directory.db().clone(), config).await.unwrap();
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        queues.start(&tracker, &stop);
        Self {
            directory,
            queues,
            tracker,
            stop,
            done: Arc::default(),
            target: Arc::default(),
            reached: Arc::default(),
            begun: Instant::now(),
            waits: Arc::default(),
        }
    }

    fn start_pool(&self) -> Pool {
        let handler = NoOp {
            done: Arc::clone(&self.done),
            target: Arc::clone(&self.target),
            reached: Arc::clone(&self.reached),
            begun: self.begun,
            waits: Arc::clone(&self.waits),
        };
        let handlers = Handlers::default().with(handler);
        self.queues.start_pool(&QueueName::EMAIL.parse().unwrap(), handlers, &self.tracker, &self.stop).unwrap()
    }

    /// Runs the pool until `count` more jobs are done and settled.
    async fn work_off(&self, count: usize) -> Duration {
        self.target.store(self.done.load(Ordering::Relaxed) + count, Ordering::Relaxed);
        let begun = Instant::now();
        let pool = self.start_pool();
        self.reached.notified().await;
        let took = begun.elapsed();
        pool.drain(Duration::from_secs(10)).await;
        let drained = begun.elapsed();
        assert!(drained < took + Duration::from_secs(9), "the drain took {:?}", drained.saturating_sub(took));
        drained
    }

    async fn fill(&self, count: usize, payload: &Bytes, groups: u64) {
        let mut left = count;
        while left > 0 {
            let size = left.min(1000);
            left -= size;
            let (queues, payload) = (self.queues.clone(), payload.clone());
            let jobs = move |number: u64| NewJob {
                group: (groups > 0).then(|| Group::numbered(1 + number % groups)),
                ..job(payload.clone())
            };
            self.directory
                .db()
                .write(move |tx| enqueue_many(tx, &queues, (0..size as u64).map(jobs)).map(drop))
                .await
                .unwrap();
        }
    }

    async fn close(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        drop(self.queues);
        let directory = self.directory;
        tokio::task::spawn_blocking(move || directory.close()).await.unwrap();
    }
}

async fn enqueues(bench: &Bench, callers: usize, payload: &Bytes) {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (db, queues, payload) = (bench.directory.db().clone(), bench.queues.clone(), payload.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while begun.elapsed() < RUN {
                    let (queues, payload) = (queues.clone(), payload.clone());
                    let sent = Instant::now();
                    db.write(move |tx| enqueue(tx, &queues, job(payload))).await.unwrap();
                    times.push(sent.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    println!("enqueue, {callers:>4} callers: {rate:>9.0}/s, {}", spread(times));
}

async fn batches(bench: &Bench, callers: usize, payload: &Bytes) {
    let begun = Instant::now();
    let count = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (db, queues, payload) = (bench.directory.db().clone(), bench.queues.clone(), payload.clone());
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                while begun.elapsed() < RUN {
                    let queues = queues.clone();
                    let jobs = vec![job(payload.clone()); 1000];
                    db.write(move |tx| enqueue_many(tx, &queues, jobs).map(drop)).await.unwrap();
                    count.fetch_add(1000, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rate = count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    println!("enqueue in batches of 1,000, {callers} callers: {rate:>9.0}/s");
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    format!("p50 {:?}, p99 {:?}, max {:?}", at(0.5), at(0.99), times.last().copied().unwrap_or_default())
}

async fn latency(bench: &Bench, per_second: u32) {
    let pool = bench.start_pool();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let count = per_second as usize * 10;
    bench.target.store(bench.done.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    bench.waits.lock().unwrap().clear();
    for _ in 0..count {
        ticks.tick().await;
        let (db, queues, begun) = (bench.directory.db().clone(), bench.queues.clone(), bench.begun);
        bench.tracker.spawn(async move {
            let payload = Bytes::from(begun.elapsed().as_nanos().to_string());
            let sent: Result<_, Error> = db.write(move |tx| enqueue(tx, &queues, job(payload))).await;
            sent.unwrap();
        });
    }
    bench.reached.notified().await;
    let waits = std::mem::take(&mut *bench.waits.lock().unwrap());
    println!("enqueue to start at {per_second}/s: {}", spread(waits));
    pool.drain(Duration::from_secs(5)).await;
}

fn resident_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let payload = Bytes::from(format!("{{\"data\":\"{}\"}}", "x".repeat(500)));
        if runs("enqueue") {
            let root = tempfile::tempdir_in("target").unwrap();
            let bench = Bench::open(root.path(), 64).await;
            for callers in [1, 64, 256] {
                enqueues(&bench, callers, &payload).await;
            }
            batches(&bench, 4, &payload).await;
            bench.close().await;
        }
        if runs("jobs") {
            for (concurrency, groups) in [(64, 0), (256, 0), (256, 64)] {
                let root = tempfile::tempdir_in("target").unwrap();
                let bench = Bench::open(root.path(), concurrency).await;
                let count = 500_000;
                bench.fill(count, &payload, groups).await;
                let took = bench.work_off(count).await;
                let rate = count as f64 / took.as_secs_f64();
                println!("no-op jobs, concurrency {concurrency}, {groups} groups: {rate:>9.0}/s");
                bench.close().await;
            }
        }
        if runs("latency") {
            let root = tempfile::tempdir_in("target").unwrap();
            let bench = Bench::open(root.path(), 64).await;
            latency(&bench, 500).await;
            bench.close().await;
        }
        if runs("restart") {
            let root = tempfile::tempdir_in("target").unwrap();
            let bench = Bench::open(root.path(), 64).await;
            bench.fill(1_000_000, &payload, 0).await;
            println!("1,000,000 jobs wait: {} MiB resident", resident_mib());
            bench.close().await;
            let begun = Instant::now();
            let bench = Bench::open(root.path(), 64).await;
            println!("opened with them in {:?}", begun.elapsed());
            bench.work_off(1000).await;
            println!("the first 1,000 done after {:?}, {} MiB resident", begun.elapsed(), resident_mib());
            bench.close().await;
        }
    });
}
