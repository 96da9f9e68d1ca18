//! The slice with a queue, a store in memory, files in a folder, and a blob store that holds or fails when it is told to.

mod limits;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Error, Format, Metrics, NewReport, Parts, Period, ReportView, Reports, Settings, State, store};
use crate::{
    audit::Origin,
    base::{CompanyId, ManualClock, RawId, ReportId, SealKey, SeededRandom, SystemRandom, Timestamp},
    blob::{self, BlobKey, BlobStore, BlobWriter, Blobs, Entry, LocalBlobs, Pending, Survey},
    events::Events,
    mail::{self, Mail},
    outbound::{Client, Policy, Settings as OutboundSettings},
    queue::{Handlers, NewJob, Pool, QueueConfig, QueueName, Queues, enqueue},
    storage::{Db, engine::memory::MemoryEngine},
    usage::Usage,
    webhooks::{self, Webhooks},
};

const PATIENCE: Duration = Duration::from_secs(20);
const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);
const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 7, lo: 70 });
const DAY_MS: u64 = 86_400_000;

/// What the end of a blob does.
#[derive(Debug)]
struct Gate {
    /// So many ends fail.
    failures: AtomicUsize,
    /// Ends that may pass; closed for good when the world crashes.
    passes: Semaphore,
    /// Told when an end waits.
    arrived: Notify,
}

impl Gate {
    fn open() -> Arc<Self> {
        Arc::new(Self { failures: AtomicUsize::new(0), passes: Semaphore::new(1_000), arrived: Notify::new() })
    }

    fn closed() -> Arc<Self> {
        Arc::new(Self { failures: AtomicUsize::new(0), passes: Semaphore::new(0), arrived: Notify::new() })
    }
}

#[derive(Debug)]
struct Gated {
    inner: LocalBlobs,
    gate: Arc<Gate>,
}

impl BlobStore for Gated {
    fn begin<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, Box<dyn BlobWriter>> {
        Box::pin(async move {
            let inner = self.inner.begin(key).await?;
            let writer: Box<dyn BlobWriter> = Box::new(GatedWriter { inner, gate: Arc::clone(&self.gate) });
            Ok(writer)
        })
    }

    fn size<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, Option<u64>> {
        self.inner.size(key)
    }

    fn read<'a>(&'a self, key: &'a BlobKey, range: std::ops::Range<u64>) -> Pending<'a, Bytes> {
        self.inner.read(key, range)
    }

    fn delete<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, ()> {
        self.inner.delete(key)
    }

    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a BlobKey>, limit: usize) -> Pending<'a, Vec<Entry>> {
        self.inner.list(prefix, after, limit)
    }

    fn probe(&self) -> Pending<'_, ()> {
        self.inner.probe()
    }
}

#[derive(Debug)]
struct GatedWriter {
    inner: Box<dyn BlobWriter>,
    gate: Arc<Gate>,
}

impl BlobWriter for GatedWriter {
    fn write(&mut self, bytes: Bytes) -> Pending<'_, ()> {
        self.inner.write(bytes)
    }

    fn finish(self: Box<Self>) -> Pending<'static, ()> {
        Box::pin(async move {
            self.gate.arrived.notify_one();
            self.gate.passes.acquire().await.unwrap().forget();
            if self.gate.failures.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                return Err(blob::Error::Service("it is not there".to_owned()));
            }
            self.inner.finish().await
        })
    }
}

/// Bytes at most.
#[derive(Debug, Clone, Copy)]
struct Limits {
    file: u64,
    kept: u64,
    scratch: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file: u64::MAX, kept: u64::MAX, scratch: u64::MAX }
    }
}

struct World {
    engine: MemoryEngine,
    clock: Arc<ManualClock>,
    db: Db,
    queues: Queues,
    reports: Reports,
    pool: Pool,
    folder: Arc<tempfile::TempDir>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl World {
    async fn new(gate: Arc<Gate>) -> Self {
        Self::with(gate, Limits::default()).await
    }

    async fn with(gate: Arc<Gate>, limits: Limits) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let clock = Arc::new(ManualClock::new(START));
        Self::open(MemoryEngine::default(), clock, folder, (gate, limits)).await
    }

    async fn open(
        engine: MemoryEngine,
        clock: Arc<ManualClock>,
        folder: Arc<tempfile::TempDir>,
        (gate, limits): (Arc<Gate>, Limits),
    ) -> Self {
        let db = Db::over_memory(engine.clone(), Arc::clone(&clock) as _, Arc::new(SeededRandom::new(7))).unwrap();
        let queues = Queues::open(db.clone(), QueueConfig { cores: 1, ..QueueConfig::default() }).await.unwrap();
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let outbound = Client::new(OutboundSettings::new(Policy::default()), &tracker, stop.clone()).unwrap();
        let registry = prometheus::Registry::new();
        let mail = Mail::open(
            db.clone(),
            Arc::new(SealKey::from_bytes(&[9; 32])),
            Some(queues.clone()),
            mail::Settings::default(),
            mail::Metrics::default(),
        );
        let webhooks = Webhooks::open(webhooks::Parts {
            db: db.clone(),
            queues: queues.clone(),
            events: Events::new(vec![]),
            outbound,
            seal: Arc::new(SealKey::from_bytes(&[9; 32])),
            directory: webhooks::Directory::default(),
            settings: webhooks::Settings::default(),
            mail: mail.clone(),
            metrics: webhooks::Metrics::register(&registry).unwrap(),
        })
        .unwrap();
        let inner = LocalBlobs::open(&folder.path().join("blobs"), Arc::new(SystemRandom)).unwrap();
        let reports = Reports::open(Parts {
            db: db.clone(),
            queues: queues.clone(),
            webhooks,
            blobs: Blobs::new(Arc::new(Gated { inner, gate })),
            mail: mail.clone(),
            usage: Usage::new(db.clone()),
            settings: Settings {
                keep_ms: DAY_MS,
                file_bytes_max: limits.file,
                attach_bytes_max: 1 << 20,
                kept_bytes_max: limits.kept,
                scratch_bytes_max: limits.scratch,
                reports_max: 10,
                scratch: folder.path().join("scratch"),
            },
            metrics: Metrics::register(&registry).unwrap(),
        })
        .unwrap();
        queues.start(&tracker, &stop);
        let handlers = Handlers::default().with(reports.render());
        let pool = queues.start_pool(&QueueName::trusted(QueueName::REPORT), handlers, &tracker, &stop).unwrap();
        Self { engine, clock, db, queues, reports, pool, folder, tracker, stop }
    }

    /// Ends the process in the middle of things and starts it again on what is durable.
    async fn crash(self, gate: Arc<Gate>) -> Self {
        self.stop.cancel();
        self.pool.drain(Duration::ZERO).await;
        self.tracker.close();
        self.tracker.wait().await;
        drop((self.queues, self.reports, self.pool));
        let db = self.db;
        tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
        self.engine.crash();
        Self::open(self.engine, self.clock, self.folder, (gate, Limits::default())).await
    }

    async fn order(&self, format: Format) -> ReportId {
        self.try_order(format).await.unwrap()
    }

    async fn try_order(&self, format: Format) -> Result<ReportId, Error> {
        let (reports, queues) = (self.reports.clone(), self.queues.clone());
        let order = NewReport {
            name: None,
            definition: "jobs".to_owned(),
            format,
            period: Period::Last { ms: DAY_MS },
            group_by: None,
            filters: [("queue".to_owned(), vec!["some".to_owned()])].into(),
            columns: vec!["kind".to_owned()],
            recipients: Vec::new(),
        };
        let made = self.db.write(move |tx| {
            let job = NewJob::new(COMPANY, QueueName::trusted("some"), "k", Bytes::from_static(b"1"));
            enqueue(tx, &queues, job)?;
            reports.request(tx, (COMPANY, &Origin::machine()), order, None)
        });
        // A report is about what was before it, and time is moved by hand.
        self.clock.advance_ms(1);
        Ok(made.await?.id)
    }

    async fn report(&self, id: ReportId) -> Result<ReportView, Error> {
        let reports = self.reports.clone();
        self.db.read(move |snapshot| reports.find(snapshot, COMPANY, id)).await.unwrap()
    }

    async fn wait_for(&self, id: ReportId, state: State) -> ReportView {
        let started = Instant::now();
        loop {
            let report = self.report(id).await.unwrap();
            if report.state == state {
                return report;
            }
            assert!(started.elapsed() < PATIENCE, "not {state:?} in time: {report:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn advance(&self, ms: u64) {
        self.clock.advance_ms(ms);
        self.queues.run_timers().await.unwrap();
    }

    fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    /// Nothing contradicts itself, and there are so many files and none half done.
    async fn assert_files(&self, blobs: u64) {
        let mut findings = Vec::new();
        let checked =
            self.db.read(move |read| store::check(read, &mut |finding| findings.push(finding)).map(|()| findings));
        assert_eq!(checked.await.unwrap().unwrap(), Vec::<String>::new());
        let survey = blob::survey(&self.blobs()).unwrap();
        assert_eq!(Survey { bytes: 0, ..survey }, Survey { blobs, ..Survey::default() });
    }
}

#[tokio::test]
async fn a_try_that_fails_is_made_again_and_leaves_nothing() {
    let gate = Gate::open();
    gate.failures.store(1, SeqCst);
    let world = World::new(Arc::clone(&gate)).await;
    let id = world.order(Format::Csv).await;
    let started = Instant::now();
    while world.report(id).await.unwrap().state != State::Ready {
        assert!(started.elapsed() < PATIENCE);
        world.advance(60_000).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(gate.failures.load(SeqCst), 0);
    world.assert_files(1).await;
}

#[tokio::test]
async fn a_report_whose_tries_all_fail_says_why_and_has_no_file() {
    let gate = Gate::open();
    gate.failures.store(100, SeqCst);
    let world = World::new(gate).await;
    let id = world.order(Format::Json).await;
    let started = Instant::now();
    while world.report(id).await.unwrap().state != State::Failed {
        assert!(started.elapsed() < PATIENCE);
        world.advance(60_000).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let report = world.report(id).await.unwrap();
    let told = report.error.unwrap();
    assert!(told.contains("files of reports"), "it is told in words for tenants");
    assert!(told.contains("the service that keeps them") && !told.contains("it is not there"), "{told}");
    assert!(report.file.is_none() && report.finished_at.is_some());
    world.assert_files(0).await;
}

#[tokio::test]
async fn a_crash_half_way_leaves_the_report_to_the_next_start() {
    let gate = Gate::closed();
    let world = World::new(Arc::clone(&gate)).await;
    let id = world.order(Format::Xlsx).await;
    gate.arrived.notified().await;
    assert_eq!(world.report(id).await.unwrap().state, State::Rendering);
    let world = world.crash(Gate::open()).await;
    world.wait_for(id, State::Ready).await;
    world.assert_files(1).await;
    let scratch = std::fs::read_dir(world.folder.path().join("scratch")).unwrap();
    assert_eq!(scratch.count(), 0, "pieces of workbooks have no names");
}

#[tokio::test]
async fn expired_reports_are_removed_with_their_files() {
    let world = World::new(Gate::open()).await;
    let old = world.order(Format::Csv).await;
    world.wait_for(old, State::Ready).await;
    world.advance(DAY_MS / 2).await;
    let young = world.order(Format::Csv).await;
    world.wait_for(young, State::Ready).await;
    world.assert_files(2).await;
    world.advance(DAY_MS / 2 + 1_000).await;
    world.reports.sweep().await.unwrap();
    assert!(matches!(world.report(old).await, Err(Error::NotFound)));
    assert_eq!(world.report(young).await.unwrap().state, State::Ready);
    world.assert_files(1).await;
}

#[tokio::test]
async fn a_report_deleted_while_it_is_rendered_leaves_no_file() {
    let gate = Gate::closed();
    let world = World::new(Arc::clone(&gate)).await;
    let id = world.order(Format::Csv).await;
    gate.arrived.notified().await;
    let reports = world.reports.clone();
    world.db.write(move |tx| reports.delete(tx, (COMPANY, &Origin::machine()), id)).await.unwrap();
    world.clock.advance_ms(1);
    world.reports.sweep().await.unwrap();
    gate.passes.add_permits(1);
    let started = Instant::now();
    while world.reports.shared.rows_so_far(id).is_some() {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    world.reports.sweep().await.unwrap();
    assert!(matches!(world.report(id).await, Err(Error::NotFound)));
    world.assert_files(0).await;
}

#[tokio::test]
async fn a_file_that_would_be_too_large_fails_at_once() {
    let world = World::with(Gate::open(), Limits { file: 4, ..Limits::default() }).await;
    let id = world.order(Format::Html).await;
    let report = world.wait_for(id, State::Failed).await;
    assert!(report.error.unwrap().contains("larger than 4 bytes"));
    world.assert_files(0).await;
}
