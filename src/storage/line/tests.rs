//! Who runs and commits a transaction.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle, ThreadId},
    time::Duration,
};

use crate::{
    base::{Clock, ManualClock, SeededRandom, Timestamp},
    storage::{
        AcknowledgedLog, Db, Error, Head, KeyRange, Order as KeyOrder, Parts, Read as _, Space, Table, TableSpec, Tx,
        engine::memory::MemoryEngine,
    },
};

const SPEC: TableSpec =
    TableSpec { number: 200, space: Space::Index, name: "TEST", owner: "tests", key: "u64", value: "i64" };
const ROWS: Table<(u64,), i64> = Table::of(SPEC);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells which thread commits, and of the end; holds each commit back until it is told to go on.
struct Log {
    commits: mpsc::Sender<ThreadId>,
    go_on: mpsc::Receiver<()>,
    ends: mpsc::Sender<()>,
}

impl AcknowledgedLog for Log {
    fn record(&mut self, _head: &Head) -> Result<(), Error> {
        self.commits.send(thread::current().id()).ok();
        self.go_on.recv_timeout(PATIENCE).map_err(|error| Error::Engine(error.to_string()))
    }

    fn close(&mut self) {
        self.ends.send(()).ok();
    }
}

struct Held {
    db: Db,
    engine: MemoryEngine,
    commits: mpsc::Receiver<ThreadId>,
    go_on: mpsc::Sender<()>,
    ends: mpsc::Receiver<()>,
}

fn held() -> Held {
    held_with(Arc::new(ManualClock::new(Timestamp::from_ms(1_700_000_000_000))))
}

fn held_with(clock: Arc<dyn Clock>) -> Held {
    let engine = MemoryEngine::default();
    let random = Arc::new(SeededRandom::new(7));
    let ((tell, commits), (go_on, told), (end, ends)) = (mpsc::channel(), mpsc::channel(), mpsc::channel());
    let log = Box::new(Log { commits: tell, go_on: told, ends: end });
    let parts = Parts { engine: Arc::new(engine.clone()), clock, random, log, clock_floor_ms: 0, id_floor: 0 };
    Held { db: Db::start(parts).unwrap(), engine, commits, go_on, ends }
}

/// A store whose writer thread has come to rest, as a caller's own commit shows, and that commit's caller, held back.
fn held_inline() -> (Held, JoinHandle<(ThreadId, ThreadId)>) {
    // A writer that has just started, or answered, may still have the sequencer.
    for _ in 0..100 {
        let held = held();
        let db = held.db.clone();
        let caller = thread::spawn(move || {
            let ran = db.write_blocking(|tx| tx.put(ROWS, &(1,), &1).map(|()| thread::current().id()));
            (thread::current().id(), ran.unwrap())
        });
        if held.commits.recv_timeout(PATIENCE).unwrap() == caller.thread().id() {
            return (held, caller);
        }
        held.go_on.send(()).unwrap();
        caller.join().unwrap();
    }
    panic!("no caller ever committed its own");
}

#[test]
fn a_lone_caller_does_all_of_it_and_one_beside_it_waits_in_line() {
    let (Held { db, commits, go_on, .. }, caller) = held_inline();
    let (tell, ran_beside) = mpsc::channel();
    let other = thread::spawn(move || {
        let work = move |tx: &mut Tx<'_>| {
            tell.send(()).unwrap();
            let seen = tx.get(ROWS, &(1,))?;
            tx.put(ROWS, &(1,), &2).map(|()| (seen, thread::current().name().map(str::to_owned)))
        };
        db.write_blocking(work).unwrap()
    });
    // It runs while the first commit is held back.
    ran_beside.recv_timeout(PATIENCE).unwrap();
    (0..2).for_each(|_| go_on.send(()).unwrap());
    let (id, ran) = caller.join().unwrap();
    assert_eq!(ran, id);
    assert_eq!(other.join().unwrap(), (Some(1), Some("store-writer".to_owned())));
    assert_ne!(commits.recv_timeout(PATIENCE).unwrap(), id);
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn what_one_thread_begins_runs_in_that_order() {
    let Held { db, go_on, .. } = held();
    for number in 0..2_000 {
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        let first = wait(db.place()).unwrap().write(move |tx| tx.put(ROWS, &(1,), &number));
        let seen = db.write_blocking(|tx| tx.get(ROWS, &(1,)));
        assert_eq!(seen.unwrap(), Some(number));
        wait(first).unwrap();
    }
}

#[test]
fn a_commit_that_fails_stops_the_store_whoever_made_it() {
    for is_here in [true, false] {
        let Held { db, engine, go_on, .. } = begun(is_here);
        engine.fail();
        go_on.send(()).unwrap();
        assert!(matches!(write(&db, is_here, 2), Err(Error::Unknown(_))), "here: {is_here}");
        assert!(db.failure().borrow().is_some());
        assert!(matches!(write(&db, is_here, 3), Err(Error::Stopped)), "here: {is_here}");
        db.stop();
        assert_eq!(db.snapshot().get(ROWS, &(1,)).unwrap(), Some(1));
    }
}

/// A store whose first commit was made by this thread, or was not.
fn begun(is_here: bool) -> Held {
    for _ in 0..100 {
        let held = held();
        held.go_on.send(()).unwrap();
        write(&held.db, is_here, 1).unwrap();
        if (held.commits.try_recv() == Ok(thread::current().id())) == is_here {
            return held;
        }
    }
    panic!("no caller ever committed its own");
}

fn write(db: &Db, is_here: bool, number: i64) -> Result<(), Error> {
    let work = move |tx: &mut Tx<'_>| tx.put(ROWS, &(1,), &number);
    if is_here { db.write_blocking(work) } else { wait(db.write(work)) }
}

#[test]
fn a_stop_waits_for_the_commit_of_a_caller() {
    let (Held { db, go_on, ends, .. }, caller) = held_inline();
    let stopper = db.clone();
    let stopping = thread::spawn(move || stopper.stop());
    go_on.send(()).unwrap();
    caller.join().unwrap();
    stopping.join().unwrap();
    assert_eq!((ends.try_recv(), ends.try_recv()), (Ok(()), Err(mpsc::TryRecvError::Disconnected)));
    assert!(matches!(db.write_blocking(|tx| tx.put(ROWS, &(1,), &2)), Err(Error::Stopped)));
    assert_eq!(db.snapshot().get(ROWS, &(1,)).unwrap(), Some(1));
    assert_eq!(db.waiting(), 0);
}

/// A clock that breaks down when it is told to, which it is asked for outside of any transaction.
#[derive(Debug)]
struct Brittle {
    inner: ManualClock,
    is_broken: AtomicBool,
}

impl Clock for Brittle {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn mono_ms(&self) -> u64 {
        assert!(!self.is_broken.load(Ordering::SeqCst), "on purpose");
        self.inner.mono_ms()
    }
}

#[test]
fn a_panic_of_the_writer_leaves_nobody_waiting() {
    let inner = ManualClock::new(Timestamp::from_ms(1_700_000_000_000));
    let clock = Arc::new(Brittle { inner, is_broken: AtomicBool::new(false) });
    let Held { db, commits, go_on, .. } = held_with(Arc::clone(&clock) as _);
    let spawn = |number| {
        let db = db.clone();
        let (tell, ran) = mpsc::channel();
        let work = move |tx: &mut Tx<'_>| {
            tell.send(()).ok();
            tx.put(ROWS, &(number,), &1)
        };
        (thread::spawn(move || db.write_blocking(work)), ran)
    };
    let (under_way, _) = spawn(1);
    commits.recv_timeout(PATIENCE).unwrap();
    let (built, ran) = spawn(2);
    ran.recv_timeout(PATIENCE).unwrap();
    clock.is_broken.store(true, Ordering::SeqCst);
    let (broken, _) = spawn(3);
    assert!(matches!(broken.join().unwrap(), Err(Error::Stopped)));
    assert!(matches!(built.join().unwrap(), Err(Error::Stopped)));
    go_on.send(()).unwrap();
    under_way.join().unwrap().unwrap();
    db.stop();
    assert!(db.failure().borrow().is_some());
    assert!(matches!(db.write_blocking(|tx| tx.put(ROWS, &(4,), &1)), Err(Error::Stopped)));
    assert_eq!(db.waiting(), 0);
    assert_eq!(db.snapshot().list(ROWS, &KeyRange::all(), KeyOrder::Ascending, 9).unwrap(), [((1,), 1)]);
}
