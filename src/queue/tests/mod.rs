//! The kernel on the memory engine: what callers see, across crashes too.

mod claims;
mod commits;
mod due;
mod failures;
mod faults;
mod flows;
mod history;
mod pools;
mod programs;
mod search;
mod semantics;
mod workers;

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{JobView, LeaseRequest, LeasedJob, NewJob, Outcome, QueueConfig, QueueName, Queues, State};
use crate::{
    base::{CompanyId, JobId, ManualClock, RawId, SeededRandom, Timestamp},
    storage::{Db, Key, Table, TableSpec, Tx, engine::memory::MemoryEngine, testing::Damaged},
};

const START: Timestamp = Timestamp::from_ms(1_700_000_000_000);

/// A kernel over a memory engine, with its background tasks.
pub(super) struct Kernel {
    pub(super) engine: MemoryEngine,
    pub(super) clock: Arc<ManualClock>,
    pub(super) db: Db,
    pub(super) queues: Queues,
    pub(super) tracker: TaskTracker,
    pub(super) stop: CancellationToken,
    config: QueueConfig,
}

impl Kernel {
    pub(super) async fn new() -> Self {
        Self::with(QueueConfig { cores: 1, ..QueueConfig::default() }).await
    }

    pub(super) async fn with(config: QueueConfig) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        Self::open(MemoryEngine::default(), clock, config).await
    }

    async fn open(engine: MemoryEngine, clock: Arc<ManualClock>, config: QueueConfig) -> Self {
        let random = Arc::new(SeededRandom::new(7));
        let db = Db::over_memory(engine.clone(), Arc::clone(&clock) as _, random).unwrap();
        let queues = Queues::open(db.clone(), config.clone()).await.unwrap();
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        queues.start(&tracker, &stop);
        Self { engine, clock, db, queues, tracker, stop, config }
    }

    /// Ends the process as a power cut would, and starts it again.
    pub(super) async fn crash(self) -> Self {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        drop(self.queues);
        let db = self.db;
        tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
        self.engine.crash();
        Self::open(self.engine, self.clock, self.config).await
    }

    pub(super) async fn add(&self, job: NewJob) -> JobId {
        self.enqueue(job).await.id
    }

    pub(super) async fn enqueue(&self, job: NewJob) -> super::Enqueued {
        let queues = self.queues.clone();
        self.db.write(move |tx| super::enqueue(tx, &queues, job)).await.unwrap()
    }

    pub(super) async fn view(&self, id: JobId) -> JobView {
        self.find(id).await.expect("the job exists")
    }

    pub(super) async fn find(&self, id: JobId) -> Option<JobView> {
        let queues = self.queues.clone();
        self.db.read(move |snapshot| queues.find(snapshot, company(1), id)).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self, id: JobId) -> State {
        self.view(id).await.state
    }

    /// Leases up to `max` jobs of company 1, waiting for reads under way but for nothing else.
    pub(super) async fn lease(&self, max: usize) -> Vec<LeasedJob> {
        self.lease_of(1, max).await
    }

    pub(super) async fn lease_of(&self, number: u64, max: usize) -> Vec<LeasedJob> {
        self.load().await;
        self.queues.lease(LeaseRequest { company: company(number), ..request(max) }).await.unwrap()
    }

    /// Answers every read the heads want.
    pub(super) async fn load(&self) {
        for line in self.queues.inner.lines() {
            line.core().heads.begin_pass(self.queues.inner.clock.mono_ms());
            self.queues.inner.load_wanted(&line).await;
            // Some may be on their way to the background's own reader.
            while line.is_loading.load(Ordering::Acquire) {
                tokio::task::yield_now().await;
            }
        }
    }

    pub(super) async fn settle(&self, leased: &LeasedJob, outcome: Outcome) -> Result<State, super::Error> {
        let (queues, id, token) = (self.queues.clone(), leased.job.id, leased.token.clone());
        let company = leased.job.company;
        let db = self.db.reclaiming();
        let settled = db.write(move |tx| queues.settle(tx, company, id, &token, outcome)).await;
        settled.map(|settled| settled.state)
    }

    /// Writes a row that cannot be read.
    pub(super) async fn damage<K: Key + Send + 'static>(&self, table: TableSpec, key: K) {
        let damaged = move |tx: &mut Tx<'_>| tx.put(Table::<K, Damaged>::of(table), &key, &Damaged);
        self.db.write_reclaiming(damaged).await.unwrap();
    }

    /// Moves time and handles what is due.
    pub(super) async fn advance(&self, ms: u64) {
        self.clock.advance_ms(ms);
        self.queues.run_timers().await.unwrap();
        self.queues.rescue_lost().await.unwrap();
    }
}

pub(super) fn company(number: u64) -> CompanyId {
    CompanyId::from_raw(RawId { hi: number, lo: number * 1000 })
}

pub(super) fn queue() -> QueueName {
    "things".parse().unwrap()
}

pub(super) fn job() -> NewJob {
    NewJob::new(company(1), queue(), "thing.do", Bytes::from_static(b"{\"a\":1}"))
}

pub(super) fn request(max: usize) -> LeaseRequest {
    LeaseRequest {
        company: company(1),
        queue: queue(),
        max,
        lease_ms: 30_000,
        wait_ms: 0,
        worker: "worker-1".to_owned(),
        kinds: None,
    }
}

pub(super) fn complete() -> Outcome {
    Outcome::Complete { result: None }
}

pub(super) fn ids(leased: &[LeasedJob]) -> Vec<JobId> {
    leased.iter().map(|leased| leased.job.id).collect()
}

/// A sign of life that was taken.
pub(super) const fn holds(lease_ms: u64) -> super::Heartbeat {
    super::Heartbeat::Held { lease_ms }
}
