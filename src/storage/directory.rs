//! A data directory opened for work: guard, engine, writer, witness and the keeper thread.
//!
//! The keeper syncs the witness (at most a second behind), watches free space, lets the engine
//! care for itself, and raises the alarm when a commit hangs.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{
    AcknowledgedLog, Db, Error, Head, Parts, Snapshot, Space, TableSpec,
    chain::{CommitRecord, KEPT_COMMITS, hash_at},
    engine::{
        Engine,
        fjall::{FjallEngine, FjallOptions},
    },
    guard::{EngineSpec, GuardError, Prepared, chain::Link, journal::Rules, lock::DirLock, prepare},
    keyspaces,
    space::{Ballast, Headroom, Marks, Room},
    table::{Value, unseal},
    witness::{Mark, Syncer, Witness},
};
use crate::base::{Clock, Random};

/// How often the keeper looks around.
const KEEPER_INTERVAL: Duration = Duration::from_millis(500);

/// A commit slower than this is reported.
const SLOW_COMMIT_MS: u64 = 10_000;

/// A commit slower than this counts as failed.
const HUNG_COMMIT_MS: u64 = 30_000;

/// How a data directory is opened.
#[derive(Debug, Clone)]
pub struct DirectoryOptions {
    /// Memory and disk budgets of the engine.
    pub engine: FjallOptions,
    /// When space counts as short.
    pub marks: Marks,
    /// Bytes kept in reserve for when the disk is full.
    pub ballast_bytes: u64,
}

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self { engine: FjallOptions::default(), marks: Marks::default(), ballast_bytes: 256 << 20 }
    }
}

/// Why a data directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The guard refused; nothing was changed.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The engine or the writer could not start.
    #[error("the store in {path} cannot be opened")]
    Store {
        /// The data directory.
        path: PathBuf,
        /// What the engine said.
        source: Error,
    },
}

impl OpenError {
    /// The process's exit code for this refusal.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Guard(error) => error.exit_code(),
            Self::Store { .. } => 28,
        }
    }
}

/// An open data directory; dropping it without [`Directory::close`] is as safe as a killed process.
#[derive(Debug)]
pub struct Directory {
    db: Db,
    dir: PathBuf,
    boot: u64,
    is_new: bool,
    repaired: Option<PathBuf>,
    headroom: Arc<Mutex<Headroom>>,
    keeper: Option<(Sender<()>, JoinHandle<()>)>,
    /// Held until everything else is closed.
    _lock: Arc<DirLock>,
}

/// What the guard must know of this store.
#[must_use]
pub fn engine_spec() -> EngineSpec<'static> {
    const NAMES: [&str; 2] = [Space::ALL[0].name(), Space::ALL[1].name()];
    const COMMITS: TableSpec = keyspaces::COMMITS;
    EngineSpec {
        name: "fjall",
        version: "3.1.13",
        keyspaces: &NAMES,
        rules: Rules { commit_prefix: COMMITS.number, read_commit },
    }
}

/// Reads a commit record as it stands in a journal.
fn read_commit(key: &[u8], stored: &[u8]) -> Option<Link> {
    let (format, payload) = unseal(key, stored).ok()?;
    let record = CommitRecord::decode(format, payload)?;
    let n = u64::from_be_bytes(key.get(1..)?.try_into().ok()?);
    Some(Link { n, previous: record.previous, hash: record.hash })
}

impl Directory {
    /// Locks, checks, repairs a torn tail, opens, and starts the writer.
    ///
    /// # Errors
    /// [`OpenError`]; a refusal of the guard changes nothing in the directory.
    pub fn open(
        dir: &Path,
        options: &DirectoryOptions,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Store { path: dir.to_path_buf(), source };
        let mut make_engine = |path: &Path| {
            FjallEngine::open(path, &options.engine).and_then(|engine| engine.sync()).map_err(|error| error.to_string())
        };
        let prepared = prepare(dir, &engine_spec(), clock.now(), &*random, &mut make_engine)?;
        let engine = FjallEngine::open(&prepared.engine, &options.engine).map_err(failed)?;
        confirm(&prepared, &Snapshot::new(engine.snapshot())).map_err(|error| match error {
            Confirm::Guard(error) => OpenError::Guard(error),
            Confirm::Read(source) => failed(source),
        })?;

        let Prepared { lock, witness, is_new, repaired, .. } = prepared;
        let mark = witness.mark();
        let boot = mark.boot + 1;
        let syncer = witness.syncer().map_err(|error| GuardError::from_io(dir, "opening the witness", error))?;
        let lock = Arc::new(lock);
        let log = WitnessLog { witness, boot, _lock: Arc::clone(&lock) };
        let (engine, log) = (Arc::new(engine), Box::new(log));
        let parts = Parts { engine, clock, random, log, clock_floor_ms: mark.clock_ms, id_floor: mark.last_id };
        let db = Db::start(parts).map_err(failed)?;
        let headroom = Arc::new(Mutex::new(Headroom::Ample));
        let keeper = Keeper {
            db: db.clone(),
            dir: dir.to_path_buf(),
            marks: options.marks,
            ballast: Ballast::new(dir, options.ballast_bytes),
            syncer,
            headroom: Arc::clone(&headroom),
            is_slow_reported: false,
        };
        let keeper = keeper.start().map_err(failed)?;
        let repaired = repaired.map(|(_, saved)| saved);
        Ok(Self { db, dir: dir.to_path_buf(), boot, is_new, repaired, headroom, keeper: Some(keeper), _lock: lock })
    }

    /// The store.
    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// The data directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// The number of this process run; greater than every one before in this directory.
    #[must_use]
    pub const fn boot(&self) -> u64 {
        self.boot
    }

    /// Whether the store was made by this opening.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Where the torn tail of a journal was saved, when one was cut off.
    #[must_use]
    pub fn repaired(&self) -> Option<&Path> {
        self.repaired.as_deref()
    }

    /// What may be written now.
    #[must_use]
    pub fn headroom(&self) -> Headroom {
        *self.headroom.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits what was accepted, ends all threads and syncs the witness; blocks until done.
    pub fn close(mut self) {
        self.db.stop();
        self.stop_keeper();
    }

    fn stop_keeper(&mut self) {
        if let Some((stop, thread)) = self.keeper.take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the keeper of the store panicked");
            }
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.stop_keeper();
    }
}

enum Confirm {
    Guard(GuardError),
    Read(Error),
}

/// Compares the opened store with its witness.
fn confirm(prepared: &Prepared, snapshot: &Snapshot) -> Result<(), Confirm> {
    let head = Head::read(snapshot).map_err(Confirm::Read)?;
    let acknowledged = prepared.witness.mark().n;
    let is_kept = acknowledged > 0 && head.number.saturating_sub(acknowledged) < KEPT_COMMITS;
    let hash = if is_kept { hash_at(snapshot, acknowledged).map_err(Confirm::Read)? } else { None };
    prepared.confirm(head.number, hash).map_err(Confirm::Guard)
}

struct WitnessLog {
    witness: Witness,
    boot: u64,
    /// A dropped directory stays locked until its committer has ended.
    _lock: Arc<DirLock>,
}

impl AcknowledgedLog for WitnessLog {
    fn record(&mut self, head: &Head) -> Result<(), Error> {
        let Head { number, hash, time_ms, last_hi } = *head;
        let mark = Mark { n: number, hash, boot: self.boot, clock_ms: time_ms, last_id: last_hi };
        self.witness.record(mark).map_err(Error::engine)
    }

    fn close(&mut self) {
        if let Err(error) = self.witness.sync() {
            tracing::warn!(%error, "the witness could not be synced at the end");
        }
    }
}

struct Keeper {
    db: Db,
    dir: PathBuf,
    marks: Marks,
    ballast: Ballast,
    syncer: Syncer,
    headroom: Arc<Mutex<Headroom>>,
    is_slow_reported: bool,
}

impl Keeper {
    fn start(mut self) -> Result<(Sender<()>, JoinHandle<()>), Error> {
        let (stop, stopped) = bounded(0);
        self.watch_space();
        let thread = std::thread::Builder::new()
            .name("store-keeper".to_owned())
            .spawn(move || self.run(&stopped))
            .map_err(Error::engine)?;
        Ok((stop, thread))
    }

    fn run(mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(KEEPER_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            if let Err(error) = self.syncer.sync() {
                self.db.fail(format!("the witness could not be synced: {error}"));
            }
            self.watch_space();
            self.watch_commit();
            self.db.maintain();
        }
    }

    fn watch_space(&mut self) {
        let room = match Room::probe(&self.dir) {
            Ok(room) => room,
            Err(error) => {
                tracing::warn!(%error, "the free space of the data directory cannot be read");
                return;
            }
        };
        let mut headroom = self.headroom.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *headroom;
        *headroom = self.marks.judge(before, room);
        self.db.set_headroom(*headroom);
        let outcome = match *headroom {
            Headroom::Ample => self.ballast.restore(room),
            Headroom::Short => Ok(0),
            Headroom::Exhausted => self.ballast.release(),
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "the ballast file could not be changed");
        }
        if before != *headroom {
            tracing::warn!(free_bytes = room.free, state = ?*headroom, "the room on the data disk changed");
        }
    }

    fn watch_commit(&mut self) {
        let running_ms = self.db.commit_running_ms();
        if running_ms > HUNG_COMMIT_MS {
            self.db.fail(format!("a commit has not come back for {running_ms} ms"));
        } else if running_ms > SLOW_COMMIT_MS && !self.is_slow_reported {
            tracing::warn!(running_ms, "a commit is very slow");
        }
        self.is_slow_reported = running_ms > SLOW_COMMIT_MS;
    }
}
