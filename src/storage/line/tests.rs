//! Who runs and commits a transaction.

use std::{
    sync::{Arc, mpsc},
    thread::{self, ThreadId},
    time::Duration,
};

use crate::{
    base::{ManualClock, SeededRandom, Timestamp},
    storage::{
        AcknowledgedLog, Db, Error, Head, Parts, Read as _, Space, Table, TableSpec, Tx, engine::memory::MemoryEngine,
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
    let engine = MemoryEngine::default();
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_700_000_000_000)));
    let random = Arc::new(SeededRandom::new(7));
    let ((tell, commits), (go_on, told), (end, ends)) = (mpsc::channel(), mpsc::channel(), mpsc::channel());
    let log = Box::new(Log { commits: tell, go_on: told, ends: end });
    let parts = Parts { engine: Arc::new(engine.clone()), clock, random, log, clock_floor_ms: 0, id_floor: 0 };
    Held { db: Db::start(parts).unwrap(), engine, commits, go_on, ends }
}

#[test]
fn a_lone_caller_does_all_of_it_and_one_beside_it_waits_in_line() {
    let Held { db, commits, go_on, .. } = held();
    let first = db.clone();
    let own = thread::spawn(move || {
        let ran = first.write_blocking(|tx| tx.put(ROWS, &(1,), &1).map(|()| thread::current().id())).unwrap();
        (thread::current().id(), ran)
    });
    let committed = commits.recv_timeout(PATIENCE).unwrap();
    let second = db.clone();
    let (tell, ran_beside) = mpsc::channel();
    let other = thread::spawn(move || {
        let work = move |tx: &mut Tx<'_>| {
            tell.send(()).unwrap();
            let seen = tx.get(ROWS, &(1,))?;
            tx.put(ROWS, &(1,), &2).map(|()| (seen, thread::current().name().map(str::to_owned)))
        };
        second.write_blocking(work).unwrap()
    });
    // It runs while the first commit is held back.
    ran_beside.recv_timeout(PATIENCE).unwrap();
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    let (caller, ran) = own.join().unwrap();
    assert_eq!((ran, committed), (caller, caller));
    assert_eq!(other.join().unwrap(), (Some(1), Some("store-writer".to_owned())));
    assert_ne!(commits.recv_timeout(PATIENCE).unwrap(), caller);
}

#[tokio::test]
async fn what_one_thread_begins_runs_in_that_order() {
    let Held { db, go_on, .. } = held();
    for number in 0..2_000 {
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        let (first, second) = (db.place().await.unwrap(), db.place().await.unwrap());
        let first = first.write(move |tx| tx.put(ROWS, &(1,), &number));
        let second = second.write_here(|tx| tx.get(ROWS, &(1,)));
        let ((), seen) = tokio::try_join!(first, second).unwrap();
        assert_eq!(seen, Some(number));
    }
}

#[tokio::test]
async fn a_commit_that_fails_stops_the_store_whoever_made_it() {
    for is_here in [true, false] {
        let Held { db, engine, go_on, .. } = held();
        (0..2).for_each(|_| go_on.send(()).unwrap());
        let begin = |number| {
            let db = db.clone();
            async move {
                let place = db.place().await?;
                let work = move |tx: &mut Tx<'_>| tx.put(ROWS, &(1,), &number);
                if is_here { place.write_here(work).await } else { place.write(work).await }
            }
        };
        begin(1).await.unwrap();
        engine.fail();
        assert!(matches!(begin(2).await, Err(Error::Unknown(_))), "here: {is_here}");
        assert!(db.failure().borrow().is_some());
        assert!(matches!(begin(3).await, Err(Error::Stopped)), "here: {is_here}");
        db.stop();
        assert_eq!(db.snapshot().get(ROWS, &(1,)).unwrap(), Some(1));
    }
}

#[test]
fn a_stop_waits_for_the_commit_of_a_caller() {
    let Held { db, commits, go_on, ends, .. } = held();
    let (caller, stopper) = (db.clone(), db.clone());
    let written = thread::spawn(move || caller.write_blocking(|tx| tx.put(ROWS, &(1,), &1)));
    commits.recv_timeout(PATIENCE).unwrap();
    let stopping = thread::spawn(move || stopper.stop());
    assert!(ends.try_recv().is_err(), "the log is not closed under a commit");
    go_on.send(()).unwrap();
    written.join().unwrap().unwrap();
    stopping.join().unwrap();
    assert_eq!(ends.try_recv(), Ok(()));
    assert!(matches!(db.write_blocking(|tx| tx.put(ROWS, &(1,), &2)), Err(Error::Stopped)));
    assert_eq!(db.snapshot().get(ROWS, &(1,)).unwrap(), Some(1));
}
