//! The handle to the store, and the threads behind it.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    thread::JoinHandle,
};

use arc_swap::ArcSwap;
use crossbeam_channel::bounded;
use tokio::sync::{Semaphore, oneshot, watch};

use super::{
    chain::Head,
    committer::{AcknowledgedLog, Committer, Notices, notify},
    counters::{COUNTERS, Counters},
    engine::{Engine, EngineStats, Holdings, memory::MemoryEngine},
    error::Error,
    key::{KeyRange, Order as KeyOrder},
    line::{Line, line},
    logical::LogicalClock,
    mint::Mint,
    operation::{Answer, Call},
    overlay::Below,
    place::Place,
    sequencer::{Building, Sequencer},
    snapshot::Snapshot,
    space::Headroom,
    state::State,
    table::Read,
    tx::Tx,
};
use crate::base::{Clock, Random, RawId, Timestamp};

/// Transactions that may wait for the writer at once; more callers wait for a place.
const WAITING_TRANSACTIONS: usize = 8192;

/// Scans and point reads that may run at once on the blocking pool.
const CONCURRENT_READS: usize = 64;

/// What a store is put together from.
pub struct Parts {
    /// Where bytes go.
    pub engine: Arc<dyn Engine>,
    /// The clock for the logical time of transactions.
    pub clock: Arc<dyn Clock>,
    /// The source of the random half of ids.
    pub random: Arc<dyn Random>,
    /// Where acknowledged commits are noted.
    pub log: Box<dyn AcknowledgedLog>,
    /// The logical clock never starts below this many milliseconds.
    pub clock_floor_ms: i64,
    /// No id is minted up to this one.
    pub id_floor: u64,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// The store; cheap to clone.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
    is_reclaiming: bool,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Db")
    }
}

struct Shared {
    engine: Arc<dyn Engine>,
    clock: Arc<dyn Clock>,
    logical: Arc<LogicalClock>,
    random: Arc<dyn Random>,
    mint: Arc<Mint>,
    line: Line,
    places: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    published: Arc<ArcSwap<Snapshot>>,
    state: Arc<State>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A log for stores whose loss nobody would notice.
struct NoLog;

impl AcknowledgedLog for NoLog {
    fn record(&mut self, _head: &Head) -> Result<(), Error> {
        Ok(())
    }
}

impl Db {
    /// Starts the writer over an engine that was opened and found sound.
    ///
    /// # Errors
    /// When the counters or the end of the commit chain cannot be read, or a thread cannot start.
    pub fn start(parts: Parts) -> Result<Self, Error> {
        let Parts { engine, clock, random, log, clock_floor_ms, id_floor } = parts;
        let first = Snapshot::new(engine.snapshot());
        let mut head = Head::read(&first)?;
        head.time_ms = head.time_ms.max(clock_floor_ms);
        head.last_hi = head.last_hi.max(id_floor);
        let floor = Timestamp::from_ms(head.time_ms);
        let logical = Arc::new(LogicalClock::new(Arc::clone(&clock), floor));
        let mut counters = Counters::default();
        first.scan(COUNTERS, &KeyRange::all(), KeyOrder::Ascending, &mut |key, value| {
            counters.load(key, value);
            std::ops::ControlFlow::Continue(())
        })?;

        let (committed_sender, committed) = bounded(2);
        let (notices, told) = Notices::new();
        let published = Arc::new(ArcSwap::from_pointee(first));
        let state = Arc::new(State::default());

        let mint = Arc::new(Mint::above(head.last_hi));
        let sequencer = Sequencer {
            engine: Arc::clone(&engine),
            clock: Arc::clone(&clock),
            logical: Arc::clone(&logical),
            random: Arc::clone(&random),
            committed,
            state: Arc::clone(&state),
            mint: Arc::clone(&mint),
            below: Below { pending: None, engine: engine.snapshot() },
            building: Building::default(),
            is_awaiting: false,
            head,
            counters,
        };

        let committer = Committer {
            engine: Arc::clone(&engine),
            committed: committed_sender,
            notices,
            published: Arc::clone(&published),
            log,
            clock: Arc::clone(&clock),
            state: Arc::clone(&state),
        };
        let (line, writer, commits) = line(WAITING_TRANSACTIONS * 2, sequencer, committer);
        let threads = vec![
            spawn("store-writer", move || writer.run())?,
            spawn("store-commit", move || commits.run())?,
            spawn("store-notify", move || notify(told))?,
        ];
        let shared = Shared {
            engine,
            clock,
            logical,
            random,
            mint,
            line,
            places: Arc::new(Semaphore::new(WAITING_TRANSACTIONS)),
            reads: Arc::new(Semaphore::new(CONCURRENT_READS)),
            published,
            state,
            threads: Mutex::new(threads),
        };
        Ok(Self { shared: Arc::new(shared), is_reclaiming: false })
    }

    /// A store in memory, for tests.
    ///
    /// # Errors
    /// As [`Db::start`].
    pub fn in_memory(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, Error> {
        Self::over_memory(MemoryEngine::default(), clock, random)
    }

    /// A store over a memory engine that the caller keeps, to reopen or crash it.
    ///
    /// # Errors
    /// As [`Db::start`].
    pub fn over_memory(engine: MemoryEngine, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, Error> {
        let log = Box::new(NoLog);
        Self::start(Parts { engine: Arc::new(engine), clock, random, log, clock_floor_ms: 0, id_floor: 0 })
    }

    /// Runs a transaction in the next group commit and answers once it is on disk.
    ///
    /// The closure runs on the writer thread, or in that of a caller who may block: short, no I/O, no waiting. When it fails or
    /// panics, nothing of it is kept. Everything it changes is committed as one unit.
    ///
    /// # Errors
    /// The closure's own; [`Error::Unknown`] when the commit failed; [`Error::Stopped`];
    /// [`Error::Full`] when the disk is exhausted.
    pub async fn write<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.submit(closure, Answer::Synced).await
    }

    /// Like [`Db::write`], but answers once the commit is handed to the operating system.
    ///
    /// It survives a killed process, not a power cut. For leases of this process, which are void then anyway; a worker
    /// outside may be shown its lease again, so those are synced.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn write_unsynced<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.submit(closure, Answer::Written).await
    }

    /// The same store, for work that frees space or ends what was begun, and for the little that people need to get there
    /// (signing in, taking rights away): its writes are taken when the disk is exhausted.
    #[must_use]
    pub fn reclaiming(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), is_reclaiming: true }
    }

    /// Like [`Db::write`] on [`Db::reclaiming`].
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn write_reclaiming<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.reclaiming().write(closure).await
    }

    /// Like [`Db::write`], for threads that may block: while nothing else is under way, this one does all of it.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Call::new(closure, reply, Answer::Synced, None);
        self.shared.line.work_or_push(Box::new(call));
        answer.blocking_recv().unwrap_or_else(|_| Err(Error::Stopped.into()))
    }

    async fn submit<T, E, F>(&self, closure: F, when: Answer) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.place().await?.begin(closure, when).await
    }

    /// Waits for a place in the line of the writer, for a transaction that is to be begun at once when its time comes.
    ///
    /// # Errors
    /// [`Error::Full`] when the disk is exhausted; [`Error::Stopped`].
    pub async fn place(&self) -> Result<Place, Error> {
        if self.headroom() == Headroom::Exhausted && !self.is_reclaiming {
            return Err(Error::Full);
        }
        let permit = Arc::clone(&self.shared.places).acquire_owned().await.map_err(|_| Error::Stopped)?;
        Ok(Place { line: self.shared.line.clone(), permit })
    }

    /// The last durable commit. Reading it may touch the disk: not on an async thread.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::clone(&self.shared.published.load())
    }

    /// Waits until snapshots show whatever early hooks have told of, for reads that build on it.
    pub async fn caught_up(&self) {
        self.shared.state.caught_up().await;
    }

    /// Reads the last durable commit on the bounded blocking pool.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the pool is gone, [`Error::Panicked`] when the closure panicked.
    pub async fn read<T, F>(&self, closure: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Snapshot) -> T + Send + 'static,
    {
        let _place = Arc::clone(&self.shared.reads).acquire_owned().await.map_err(|_| Error::Stopped)?;
        let snapshot = self.snapshot();
        let task = tokio::task::spawn_blocking(move || closure(&snapshot));
        task.await.map_err(|error| Error::Panicked(error.to_string()))
    }

    /// Tells the store what the disk has room for.
    pub fn set_headroom(&self, headroom: Headroom) {
        self.shared.state.set_headroom(headroom);
    }

    /// What the disk has room for.
    #[must_use]
    pub fn headroom(&self) -> Headroom {
        self.shared.state.headroom()
    }

    /// Declares the store failed, as after a failed commit.
    pub fn fail(&self, reason: String) {
        self.shared.state.fail(reason);
    }

    /// Milliseconds the commit under way has taken so far; zero when there is none.
    #[must_use]
    pub fn commit_running_ms(&self) -> u64 {
        let begun = self.shared.state.commit_begun_ms.load(Ordering::Relaxed);
        if begun == 0 { 0 } else { self.shared.clock.mono_ms().saturating_sub(begun - 1) }
    }

    /// Changes to the reason when a commit has failed; the process must then reopen the store.
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.shared.state.failure()
    }

    /// Changes with each durable commit that has notes in the feed, to its number.
    #[must_use]
    pub fn feed(&self) -> watch::Receiver<u64> {
        self.shared.state.feed()
    }

    /// Transactions waiting for the writer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.line.waiting()
    }

    /// The logical wall clock, as the next transaction will read it or a little before.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.logical.now()
    }

    /// The machine's clock: its wall time may jump, while [`Db::now`] never goes back.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// A fresh id for what is prepared before its transaction; its `hi` is greater than every one handed out before.
    ///
    /// After a kill it is handed out again unless a later transaction was acknowledged, so it must not be shown to anybody
    /// before a transaction that has it is committed.
    #[must_use]
    pub fn mint(&self) -> RawId {
        self.shared.mint.next(self.now(), &*self.shared.random)
    }

    /// The source of randomness the store was given.
    #[must_use]
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.shared.random
    }

    /// Figures of the engine.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        self.shared.engine.stats()
    }

    /// What the engine holds; for a thread that may block.
    #[must_use]
    pub fn holdings(&self) -> Holdings {
        self.shared.engine.holdings()
    }

    /// Lets the engine care for itself; for a thread that may block.
    pub fn maintain(&self) {
        self.shared.engine.maintain();
    }

    /// Commits what was accepted and ends the threads; blocks until they are gone.
    ///
    /// Transactions that come later are refused with [`Error::Stopped`].
    pub fn stop(&self) {
        self.shared.line.stop();
        let threads = std::mem::take(&mut *self.shared.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

impl Drop for Shared {
    /// Ends the writer; the threads finish what they have without being waited for.
    fn drop(&mut self) {
        self.line.try_stop();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(Error::engine)
}
