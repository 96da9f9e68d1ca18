//! Handlers at work in a pool.

use std::{
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, mpsc};

use super::{Kernel, company};
use crate::{
    base::{Backoff, JobId},
    queue::{
        AttemptContext, Group, GroupPolicy, Handler, Handlers, JobView, LoadError, NewJob, Outcome, Pool, QueueConfig,
        QueueName, RetryPolicy, Settlement, State, enqueue_many,
    },
    storage::{Snapshot, keyspaces, space::Headroom},
};

pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What the test handler does with a job, by its payload.
struct Script {
    /// Passed twice by a load that is told to: when it begins and before it ends.
    loading: Arc<Barrier>,
    ended: mpsc::UnboundedSender<JobId>,
    gate: Arc<Semaphore>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<(JobId, u32)>>>,
    cancelled: Arc<Notify>,
}

impl Handler for Script {
    type Input = String;

    fn kind(&self) -> &'static str {
        "script"
    }

    fn load(&self, _read: &Snapshot, job: &JobView) -> Result<String, LoadError> {
        match std::str::from_utf8(&job.payload) {
            Ok("held load") => {
                self.loading.wait();
                self.loading.wait();
                Ok(String::new())
            }
            Ok("unreadable") => Err(LoadError::Discard("cannot be read".to_owned())),
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(LoadError::Discard(error.to_string())),
        }
    }

    async fn run(&self, input: String, ctx: AttemptContext) -> Settlement {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        self.seen.lock().unwrap().push((ctx.job.id, ctx.attempt));
        let settlement = match input.as_str() {
            "panic" if ctx.attempt == 1 => {
                self.running.fetch_sub(1, Ordering::SeqCst);
                panic!("as told")
            }
            "fail once" if ctx.attempt == 1 => Settlement::retry("not yet"),
            "gate" => {
                self.gate.acquire().await.unwrap().forget();
                Settlement::complete()
            }
            "hang" => {
                ctx.cancel.cancelled().await;
                self.cancelled.notify_one();
                std::future::pending().await
            }
            "effect" | "gated effect" => {
                if input == "gated effect" {
                    self.gate.acquire().await.unwrap().forget();
                }
                let ended = self.ended.clone();
                Settlement::complete().with_effect(move |tx, settled| {
                    let id = settled.job;
                    assert_eq!(settled.state, State::Completed);
                    tx.on_commit(move || ended.send(id).expect("the test listens"));
                    Ok(())
                })
            }
            "failing effect" | "panicking effect" => {
                self.gate.acquire().await.unwrap().forget();
                let does_panic = input == "panicking effect";
                Settlement::complete().with_effect(move |_, _| {
                    assert!(!does_panic, "as told");
                    Err(crate::storage::Error::Full)
                })
            }
            _ => Settlement::complete(),
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        if !input.ends_with("effect") {
            self.ended.send(ctx.job.id).unwrap();
        }
        settlement
    }
}

pub(super) struct Bench {
    loading: Arc<Barrier>,
    pub(super) kernel: Kernel,
    pub(super) pool: Pool,
    ended: mpsc::UnboundedReceiver<JobId>,
    pub(super) gate: Arc<Semaphore>,
    pub(super) most: Arc<AtomicUsize>,
    pub(super) seen: Arc<Mutex<Vec<(JobId, u32)>>>,
    cancelled: Arc<Notify>,
}

pub(super) fn email() -> QueueName {
    QueueName::EMAIL.parse().unwrap()
}

pub(super) fn script(text: &'static str) -> NewJob {
    let retry = Some(RetryPolicy { attempts: 2, backoff: Backoff::fixed(0) });
    NewJob { retry, ..NewJob::new(company(1), email(), "script", Bytes::from_static(text.as_bytes())) }
}

impl Bench {
    pub(super) async fn new() -> Self {
        Self::of(4).await
    }

    /// With so many places.
    pub(super) async fn of(concurrency: u32) -> Self {
        let concurrency = Some(concurrency);
        Self::over(Kernel::with(QueueConfig { concurrency, cores: 1, ..QueueConfig::default() }).await)
    }

    fn over(kernel: Kernel) -> Self {
        let (sender, ended) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let (running, most, seen) = (Arc::default(), Arc::<AtomicUsize>::default(), Arc::<Mutex<_>>::default());
        let cancelled = Arc::new(Notify::new());
        let loading = Arc::new(Barrier::new(2));
        let handler = Script {
            loading: Arc::clone(&loading),
            ended: sender,
            gate: Arc::clone(&gate),
            running,
            most: Arc::clone(&most),
            seen: Arc::clone(&seen),
            cancelled: Arc::clone(&cancelled),
        };
        let handlers = Handlers::default().with(handler);
        let pool = kernel.queues.start_pool(&email(), handlers, &kernel.tracker, &kernel.stop).unwrap();
        Self { loading, kernel, pool, ended, gate, most, seen, cancelled }
    }

    pub(super) async fn ended(&mut self, count: usize) -> Vec<JobId> {
        let mut all = Vec::new();
        while all.len() < count {
            all.push(tokio::time::timeout(PATIENCE, self.ended.recv()).await.expect("in time").unwrap());
        }
        all
    }

    /// Waits until every job has a terminal state.
    async fn settled(&self, ids: &[JobId]) -> Vec<State> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let mut states = Vec::new();
            for id in ids {
                states.push(self.kernel.state(*id).await);
            }
            if states.iter().all(|state| state.is_terminal()) {
                return states;
            }
            assert!(tokio::time::Instant::now() < deadline, "{states:?}");
            // Every settlement is a commit, so the next look costs no time but a turn.
            self.kernel.db.write_reclaiming(|_| Ok::<_, crate::storage::Error>(())).await.unwrap();
        }
    }

    /// Waits until so many attempts have begun.
    pub(super) async fn begun(&self, count: usize) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.seen.lock().unwrap().len() < count {
            assert!(tokio::time::Instant::now() < deadline);
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_jobs_run_once_each_within_the_concurrency() {
    let mut bench = Bench::new().await;
    let queues = bench.kernel.queues.clone();
    let jobs = vec![script("quick"); 1000];
    let added = bench.kernel.db.write(move |tx| enqueue_many(tx, &queues, jobs)).await.unwrap();
    let mut ended = bench.ended(1000).await;
    ended.sort_unstable();
    let ids: Vec<_> = added.iter().map(|enqueued| enqueued.id).collect();
    assert_eq!(ended, ids);
    assert!(bench.most.load(Ordering::SeqCst) <= 4);
    bench.pool.drain(PATIENCE).await;
    assert!(bench.settled(&ids).await.iter().all(|state| *state == State::Completed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_in_the_middle_of_a_backlog_gives_everything_back() {
    for _ in 0..20 {
        let mut bench = Bench::new().await;
        let queues = bench.kernel.queues.clone();
        let jobs = vec![script("quick"); 1000];
        bench.kernel.db.write(move |tx| enqueue_many(tx, &queues, jobs)).await.unwrap();
        bench.ended(100).await;
        tokio::time::timeout(PATIENCE, bench.pool.drain(PATIENCE * 10)).await.expect("the drain ends by itself");
        let queues = bench.kernel.queues.clone();
        let stats = bench.kernel.db.read(move |read| queues.lane_stats(read, company(1), &email())).await.unwrap();
        let stats = stats.unwrap().unwrap();
        assert_eq!(stats.count(State::Active), 0);
        assert_eq!(stats.count(State::Waiting) + stats.count(State::Completed), 1000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panics_failures_and_unreadable_jobs_end_as_they_should() {
    let mut bench = Bench::new().await;
    let mut ids = Vec::new();
    for text in ["panic", "fail once", "unreadable", "effect"] {
        ids.push(bench.kernel.add(script(text)).await);
    }
    let unknown = NewJob { kind: "nobody's".to_owned(), ..script("quick") };
    ids.push(bench.kernel.add(unknown).await);
    let states = bench.settled(&ids).await;
    assert_eq!(states, [State::Completed, State::Completed, State::Failed, State::Completed, State::Failed]);
    assert!(bench.ended(4).await.contains(&ids[3]));
    assert_eq!(bench.kernel.view(ids[0]).await.attempt, 2);
    assert_eq!(bench.pool.figures().panicked.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_takes_too_long_is_cut_off() {
    let bench = Bench::new().await;
    let retry = Some(RetryPolicy { attempts: 1, backoff: Backoff::fixed(0) });
    let id = bench.kernel.add(NewJob { timeout_ms: Some(20), retry, ..script("gate") }).await;
    assert_eq!(bench.settled(&[id]).await, [State::Failed]);
    assert_eq!(bench.pool.figures().timed_out.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_tells_its_handler() {
    let bench = Bench::new().await;
    let id = bench.kernel.add(script("hang")).await;
    bench.begun(1).await;
    let queues = bench.kernel.queues.clone();
    bench.kernel.db.write(move |tx| queues.cancel(tx, company(1), id)).await.unwrap();
    tokio::time::timeout(PATIENCE, bench.cancelled.notified()).await.expect("the handler is told");
    assert_eq!(bench.kernel.state(id).await, State::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_ends_what_it_can_and_gives_back_the_rest() {
    let mut bench = Bench::new().await;
    let quick = bench.kernel.add(script("gate")).await;
    let mut stuck = Vec::new();
    for _ in 0..3 {
        stuck.push(bench.kernel.add(script("hang")).await);
    }
    let queued = bench.kernel.add(script("quick")).await;
    bench.begun(4).await;
    let pool = bench.pool.clone();
    let (over, is_over) = tokio::sync::oneshot::channel::<()>();
    let drain = tokio::spawn(async move { pool.drain_until(async { drop(is_over.await) }).await });
    bench.gate.add_permits(1);
    assert_eq!(bench.ended(1).await, [quick]);
    // The grace ends only once the end of that one is written, however long this takes.
    let started = Instant::now();
    while bench.kernel.state(quick).await != State::Completed {
        assert!(started.elapsed() < PATIENCE, "the job that ended within the grace is not completed");
        tokio::task::yield_now().await;
    }
    over.send(()).unwrap();
    drain.await.unwrap();
    for id in stuck.iter().chain([&queued]) {
        let view = bench.kernel.view(*id).await;
        assert_eq!((view.state, view.attempt, view.rescues), (State::Waiting, 0, 0));
        let (queues, id) = (bench.kernel.queues.clone(), *id);
        let told = bench.kernel.db.read(move |read| queues.errors(read, company(1), id)).await.unwrap().unwrap();
        let was_started = id != queued;
        assert_eq!(told.len(), usize::from(was_started), "only what was cut off in the middle: {told:?}");
        assert!(told.iter().all(|error| error.is_interrupted && error.started_at.is_some()), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_hanging_group_leaves_the_places_of_the_others() {
    let mut bench = Bench::new().await;
    let webhook: QueueName = QueueName::WEBHOOK.parse().unwrap();
    let policy = GroupPolicy { concurrency: Some(1), ..GroupPolicy::default() };
    bench.kernel.queues.set_group_policy(&email(), company(1), 7, policy);
    assert!(bench.kernel.queues.settings(&webhook).is_some());
    let in_group = |number, text| NewJob { group: Some(Group::numbered(number)), ..script(text) };
    let mut hanging = Vec::new();
    for _ in 0..50 {
        hanging.push(bench.kernel.add(in_group(7, "gate")).await);
    }
    let mut healthy = Vec::new();
    for _ in 0..200 {
        healthy.push(bench.kernel.add(in_group(8, "quick")).await);
    }
    let mut ended = bench.ended(200).await;
    ended.sort_unstable();
    assert_eq!(ended, healthy);
    assert_eq!(bench.seen.lock().unwrap().iter().filter(|(id, _)| hanging.contains(id)).count(), 1);
    bench.gate.add_permits(50);
    assert_eq!(bench.ended(50).await, hanging);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_unfinished_jobs_run_again_and_finished_ones_do_not() {
    let bench = Bench::new().await;
    let done = bench.kernel.add(script("quick")).await;
    let hanging = bench.kernel.add(script("hang")).await;
    bench.settled(&[done]).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while bench.kernel.state(hanging).await != State::Active {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    // A claim is not synced by itself: the next write that is takes it along.
    bench.kernel.db.write(|_| Ok::<_, crate::storage::Error>(())).await.unwrap();
    // The process is gone at once: nothing is given back.
    let Bench { kernel, .. } = bench;
    let Kernel { engine, clock, db, config, .. } = kernel;
    tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
    engine.crash();
    let bench = Bench::over(Kernel::open(engine, clock, config).await);
    bench.begun(1).await;
    assert_eq!(*bench.seen.lock().unwrap(), [(hanging, 1)]);
    // The handler starts when the claim is written; readers see it once it is synced, as the next write is.
    bench.kernel.db.write(|_| Ok::<_, crate::storage::Error>(())).await.unwrap();
    let view = bench.kernel.view(hanging).await;
    assert_eq!((view.state, view.rescues), (State::Active, 1));
    assert_eq!(bench.kernel.state(done).await, State::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_no_outcome_a_handler_loses_by() {
    let kernel = Kernel::new().await;
    let id = kernel.add(super::job()).await;
    for _ in 0..10 {
        let leased = kernel.lease(1).await.remove(0);
        assert_eq!(leased.job.attempt, 1);
        assert_eq!(kernel.settle(&leased, Outcome::Release).await.unwrap(), State::Waiting);
    }
    assert_eq!(kernel.view(id).await.attempt, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_ended_is_written_on_an_exhausted_disk() {
    let mut bench = Bench::new().await;
    let plain = bench.kernel.add(script("gate")).await;
    let with_effect = bench.kernel.add(script("gated effect")).await;
    bench.begun(2).await;
    bench.kernel.db.set_headroom(Headroom::Exhausted);
    bench.gate.add_permits(2);
    assert_eq!(bench.settled(&[plain, with_effect]).await, [State::Completed, State::Completed]);
    assert_eq!(bench.ended(2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_that_fails_fails_its_job_alone() {
    let bench = Bench::new().await;
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for text in ["failing effect", "panicking effect"] {
        good.push(bench.kernel.add(script("gated effect")).await);
        let retry = Some(RetryPolicy { attempts: 1, backoff: Backoff::fixed(0) });
        bad.push(bench.kernel.add(NewJob { retry, ..script(text) }).await);
    }
    bench.begun(4).await;
    bench.gate.add_permits(4);
    assert_eq!(bench.settled(&good).await, [State::Completed; 2]);
    assert_eq!(bench.settled(&bad).await, [State::Failed; 2]);
    for (id, words) in bad.into_iter().zip(["nearly full", "as told"]) {
        let errors = bench.kernel.queues.errors(&bench.kernel.db.snapshot(), company(1), id).unwrap();
        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        assert!(error.error.contains(words), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_row_does_not_hold_up_its_group() {
    let mut bench = Bench::new().await;
    let policy = GroupPolicy { is_ordered: true, ..GroupPolicy::default() };
    bench.kernel.queues.set_group_policy(&email(), company(1), 7, policy);
    let in_group = |text| NewJob { group: Some(Group::numbered(7)), ..script(text) };
    let damaged = bench.kernel.add(in_group("gate")).await;
    let next = bench.kernel.add(in_group("quick")).await;
    bench.begun(1).await;
    bench.kernel.damage(keyspaces::JOB_STATES, (1_u64, damaged.hi())).await;
    bench.gate.add_permits(1);
    assert_eq!(bench.ended(2).await, [damaged, next]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_cancelled_before_its_attempt_does_not_run() {
    let bench = Bench::new().await;
    let id = bench.kernel.add(script("held load")).await;
    let pass = async || {
        let loading = Arc::clone(&bench.loading);
        tokio::task::spawn_blocking(move || loading.wait()).await.unwrap();
    };
    pass().await;
    let queues = bench.kernel.queues.clone();
    bench.kernel.db.write(move |tx| queues.cancel(tx, company(1), id)).await.unwrap();
    pass().await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while bench.pool.figures().refused.load(Ordering::Relaxed) == 0 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    assert_eq!(*bench.seen.lock().unwrap(), []);
    assert_eq!(bench.kernel.state(id).await, State::Cancelled);
}
