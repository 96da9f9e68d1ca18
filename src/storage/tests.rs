//! Tests of the store: isolation, rollback, durability of answers, scans through all layers.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Waker},
    time::Duration,
};

use proptest::prelude::*;

use super::{
    AcknowledgedLog, CounterKey, Db, Error, Head, Key, KeyRange, Order, Parts, Read, Space, Table, TableSpec, Value,
    engine::memory::MemoryEngine, verify_chain,
};
use crate::base::{ManualClock, SeededRandom, Timestamp};

const SPEC: TableSpec =
    TableSpec { number: 200, space: Space::Index, name: "TEST", owner: "tests", key: "u64", value: "i64" };
const ROWS: Table<(u64,), i64> = Table::of(SPEC);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);
const COUNT: CounterKey = CounterKey { area: 200, company: 1, subject: 2, what: 3 };

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_ms(1_700_000_000_000)))
}

fn open(engine: &MemoryEngine) -> Db {
    Db::over_memory(engine.clone(), clock(), Arc::new(SeededRandom::new(7))).unwrap()
}

fn rows(read: &impl Read, order: Order) -> Vec<(u64, i64)> {
    read.list(ROWS, &KeyRange::all(), order, usize::MAX)
        .unwrap()
        .into_iter()
        .map(|((key,), value)| (key, value))
        .collect()
}

#[test]
fn a_failed_transaction_leaves_nothing_behind() {
    let db = open(&MemoryEngine::default());
    let has_run = Arc::new(AtomicBool::new(false));
    let (hook, early_hook) = (Arc::clone(&has_run), Arc::clone(&has_run));
    db.write_blocking(|tx| tx.put(ROWS, &(1,), &10)).unwrap();
    let refused: Result<(), Error> = db.write_blocking(move |tx| {
        tx.put(ROWS, &(1,), &11)?;
        tx.put(ROWS, &(2,), &20)?;
        tx.add(COUNT, 5);
        tx.on_commit(move || hook.store(true, Ordering::SeqCst));
        tx.on_sequenced(move || early_hook.store(true, Ordering::SeqCst));
        Err(Error::Full)
    });
    assert!(matches!(refused, Err(Error::Full)));
    let panicked: Result<(), Error> = db.write_blocking(|tx| {
        tx.remove(ROWS, &(1,))?;
        panic!("on purpose")
    });
    assert!(matches!(panicked, Err(Error::Panicked(words)) if words == "on purpose"));
    db.write_blocking(|tx| tx.put(ROWS, &(1,), &10)).unwrap();
    assert!(!has_run.load(Ordering::SeqCst), "a hook of a failed transaction ran");
    assert_eq!(rows(&db.snapshot(), Order::Ascending), [(1, 10)]);
    assert_eq!(db.snapshot().counter(&COUNT).unwrap(), 0);
}

#[test]
fn a_part_that_fails_is_taken_back_alone() {
    let db = open(&MemoryEngine::default());
    let has_run = Arc::new(AtomicBool::new(false));
    let hook = Arc::clone(&has_run);
    db.write_blocking(move |tx| {
        tx.put(ROWS, &(1,), &10)?;
        tx.add(COUNT, 1);
        let failed: Result<(), Error> = tx.part(|tx| {
            tx.put(ROWS, &(1,), &11)?;
            tx.put(ROWS, &(2,), &20)?;
            tx.add(COUNT, 5);
            tx.on_commit(move || hook.store(true, Ordering::SeqCst));
            assert_eq!((tx.count(&COUNT), rows(tx, Order::Ascending)), (6, vec![(1, 11), (2, 20)]));
            Err(Error::Full)
        });
        assert!(matches!(failed, Err(Error::Full)));
        let panicked: Result<(), Error> = tx.part(|tx| {
            tx.remove(ROWS, &(1,))?;
            panic!("on purpose")
        });
        assert!(matches!(panicked, Err(Error::Panicked(words)) if words == "on purpose"));
        assert_eq!((tx.count(&COUNT), rows(tx, Order::Ascending)), (1, vec![(1, 10)]));
        tx.part(|tx| {
            tx.add(COUNT, 2);
            tx.put(ROWS, &(3,), &30)
        })?;
        tx.add(COUNT, 4);
        Ok::<_, Error>(())
    })
    .unwrap();
    assert!(!has_run.load(Ordering::SeqCst), "a hook of a failed part ran");
    assert_eq!(rows(&db.snapshot(), Order::Ascending), [(1, 10), (3, 30)]);
    assert_eq!(db.snapshot().counter(&COUNT).unwrap(), 7);
}

#[test]
fn a_transaction_sees_the_one_before_it_and_itself() {
    let db = open(&MemoryEngine::default());
    let seen = db
        .write_blocking(|tx| {
            tx.put(ROWS, &(1,), &1)?;
            tx.put(ROWS, &(3,), &3)?;
            tx.remove(ROWS, &(1,))?;
            tx.add(COUNT, 2);
            assert_eq!(tx.count(&COUNT), 2);
            Ok::<_, Error>(rows(tx, Order::Ascending))
        })
        .unwrap();
    assert_eq!(seen, [(3, 3)]);
    let seen = db.write_blocking(|tx| Ok::<_, Error>((rows(tx, Order::Descending), tx.count(&COUNT)))).unwrap();
    assert_eq!(seen, (vec![(3, 3)], 2));
    assert_eq!(db.snapshot().counter(&COUNT).unwrap(), 2);
}

#[test]
fn what_was_answered_survives_a_power_cut_and_ids_go_on() {
    let engine = MemoryEngine::default();
    let db = open(&engine);
    let first = db.write_blocking(|tx| tx.put(ROWS, &(1,), &1).map(|()| tx.mint())).unwrap();
    db.stop();
    assert!(matches!(db.write_blocking(|tx| tx.put(ROWS, &(2,), &2)), Err(Error::Stopped)));
    engine.crash();
    let db = open(&engine);
    assert_eq!(rows(&db.snapshot(), Order::Ascending), [(1, 1)]);
    let second = db.write_blocking(|tx| Ok::<_, Error>(tx.mint())).unwrap();
    assert!(second.hi > first.hi);
    assert_eq!(verify_chain(&db.snapshot()).unwrap(), 1);
}

#[test]
fn a_failed_sync_means_unknown_and_stops_the_store() {
    let engine = MemoryEngine::default();
    let db = open(&engine);
    db.write_blocking(|tx| tx.put(ROWS, &(1,), &1)).unwrap();
    engine.fail();
    assert!(matches!(db.write_blocking(|tx| tx.put(ROWS, &(2,), &2)), Err(Error::Unknown(_))));
    assert!(db.failure().borrow().is_some());
    assert!(matches!(db.write_blocking(|tx| tx.put(ROWS, &(3,), &3)), Err(Error::Stopped | Error::Unknown(_))));
    assert_eq!(rows(&db.snapshot(), Order::Ascending), [(1, 1)]);
    engine.crash();
    assert_eq!(rows(&open(&engine).snapshot(), Order::Ascending), [(1, 1)]);
}

#[test]
fn hooks_run_in_commit_order_before_the_answer() {
    let db = open(&MemoryEngine::default());
    let (sender, receiver) = mpsc::channel();
    for number in 0..100 {
        let sender = sender.clone();
        db.write_blocking(move |tx| {
            tx.on_commit(move || sender.send(number).unwrap());
            tx.put(ROWS, &(number,), &0)
        })
        .unwrap();
        assert_eq!(receiver.try_recv(), Ok(number));
    }
}

/// Holds every commit back until it is told to go on.
struct Gate(mpsc::Receiver<()>);

impl AcknowledgedLog for Gate {
    fn record(&mut self, _head: &Head) -> Result<(), Error> {
        self.0.recv_timeout(PATIENCE).map_err(|error| Error::Engine(error.to_string()))
    }
}

/// Breaks down over every commit.
struct Panics;

impl AcknowledgedLog for Panics {
    fn record(&mut self, _head: &Head) -> Result<(), Error> {
        panic!("on purpose")
    }
}

#[test]
fn a_panic_over_a_commit_leaves_its_outcome_unknown_and_fails_the_store() {
    let engine = Arc::new(MemoryEngine::default());
    let (clock, random) = (clock(), Arc::new(SeededRandom::new(7)));
    let parts = Parts { engine, clock, random, log: Box::new(Panics), clock_floor_ms: 0, id_floor: 0 };
    let db = Db::start(parts).unwrap();
    let written = db.write_blocking(|tx| tx.put(ROWS, &(1,), &1));
    assert!(matches!(written, Err(Error::Unknown(words)) if words.contains("on purpose")));
    assert!(db.failure().borrow().is_some());
}

#[test]
fn what_a_commit_causes_early_is_committed_behind_it() {
    let (open_gate, gate) = mpsc::channel();
    let db = Db::start(Parts {
        engine: Arc::new(MemoryEngine::default()),
        clock: clock(),
        random: Arc::new(SeededRandom::new(7)),
        log: Box::new(Gate(gate)),
        clock_floor_ms: 0,
        id_floor: 0,
    })
    .unwrap();
    let (tell, told) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let (first, tell_first) = (db.clone(), tell.clone());
    let cause = std::thread::spawn(move || {
        first.write_blocking(move |tx| {
            tx.on_sequenced(move || begin.send(()).unwrap());
            tx.on_commit(move || tell_first.send("cause").unwrap());
            tx.put(ROWS, &(1,), &1)
        })
    });
    begun.recv_timeout(PATIENCE).expect("the early hook runs before the commit is durable");
    assert_eq!(rows(&db.snapshot(), Order::Ascending), []);
    let mut caught_up = pin!(db.caught_up());
    let mut context = Context::from_waker(Waker::noop());
    assert!(caught_up.as_mut().poll(&mut context).is_pending());
    let second = db.clone();
    let effect = std::thread::spawn(move || {
        second.write_blocking(move |tx| {
            tx.on_commit(move || tell.send("effect").unwrap());
            assert_eq!(tx.get(ROWS, &(1,))?, Some(1), "it sees what caused it");
            tx.put(ROWS, &(1,), &2)
        })
    });
    open_gate.send(()).unwrap();
    open_gate.send(()).unwrap();
    cause.join().unwrap().unwrap();
    effect.join().unwrap().unwrap();
    assert_eq!(told.iter().collect::<Vec<_>>(), ["cause", "effect"]);
    assert!(caught_up.as_mut().poll(&mut context).is_ready());
    assert_eq!(rows(&db.snapshot(), Order::Ascending), [(1, 2)]);
}

#[test]
fn concurrent_writers_are_serialised() {
    let db = open(&MemoryEngine::default());
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let db = db.clone();
            std::thread::spawn(move || {
                for _ in 0..200 {
                    db.write_blocking(|tx| {
                        let value = tx.get(ROWS, &(0,))?.unwrap_or(0);
                        tx.add(COUNT, 1);
                        tx.put(ROWS, &(0,), &(value + 1))
                    })
                    .unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(rows(&db.snapshot(), Order::Ascending), [(0, 1600)]);
    assert_eq!(db.snapshot().counter(&COUNT).unwrap(), 1600);
    let head = Head::read(&db.snapshot()).unwrap();
    assert_eq!(verify_chain(&db.snapshot()).unwrap(), head.number);
}

#[test]
fn time_never_goes_back() {
    let engine = MemoryEngine::default();
    let clock = clock();
    let db = Db::over_memory(engine.clone(), clock.clone(), Arc::new(SeededRandom::new(1))).unwrap();
    let now = || db.write_blocking(|tx| tx.put(ROWS, &(1,), &1).map(|()| tx.now())).unwrap();
    let first = now();
    clock.set_wall(Timestamp::from_ms(0));
    assert_eq!(now(), first);
    clock.set_wall(first.plus_ms(5));
    assert_eq!(now(), first.plus_ms(5));
    db.stop();
    let early = Arc::new(ManualClock::new(Timestamp::from_ms(3)));
    let db = Db::over_memory(engine, early, Arc::new(SeededRandom::new(1))).unwrap();
    assert_eq!(db.write_blocking(|tx| Ok::<_, Error>(tx.now())).unwrap(), first.plus_ms(5));
}

#[test]
fn a_value_under_another_key_or_changed_is_noticed() {
    let key = ROWS.engine_key(&(1,));
    let frame = Table::<(u64,), i64>::frame(&key, &7);
    assert_eq!(
        super::table::unseal(&key, &frame).map(|(format, payload)| <i64 as Value>::decode(format, payload)),
        Ok(Some(7))
    );
    assert!(super::table::unseal(&ROWS.engine_key(&(2,)), &frame).is_err());
    for position in 0..frame.len() {
        for bit in 0..8 {
            let mut damaged = frame.clone();
            damaged[position] ^= 1 << bit;
            assert!(super::table::unseal(&key, &damaged).is_err(), "byte {position} bit {bit}");
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, i64),
    Remove(u8),
    Scan(u8, u8, bool),
    Fail,
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let step = prop_oneof![
        4 => (0..24_u8, any::<i64>()).prop_map(|(key, value)| Step::Put(key, value)),
        2 => (0..24_u8).prop_map(Step::Remove),
        3 => (0..24_u8, 0..26_u8, any::<bool>()).prop_map(|(from, to, up)| Step::Scan(from, to, up)),
        1 => Just(Step::Fail),
    ];
    prop::collection::vec(prop::collection::vec(step, 1..8), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Scans and gets inside transactions equal a plain map, whatever layer a row is in.
    #[test]
    fn layers_read_like_one_map(programs in steps()) {
        let db = open(&MemoryEngine::default());
        let model: Arc<Mutex<BTreeMap<u64, i64>>> = Arc::default();
        let mut waiting = Vec::new();
        for program in programs {
            let (db, model) = (db.clone(), Arc::clone(&model));
            // Sent without waiting for the answer, so that several groups are under way.
            let (sender, answer) = mpsc::channel();
            waiting.push(answer);
            let run = move |tx: &mut super::Tx<'_>| {
                let mut map = model.lock().unwrap().clone();
                for step in &program {
                    match *step {
                        Step::Put(key, value) => {
                            map.insert(u64::from(key), value);
                            tx.put(ROWS, &(u64::from(key),), &value)?;
                        }
                        Step::Remove(key) => {
                            map.remove(&u64::from(key));
                            tx.remove(ROWS, &(u64::from(key),))?;
                        }
                        Step::Scan(from, to, up) => {
                            let range = KeyRange::between(&u64::from(from), &u64::from(to));
                            let order = if up { Order::Ascending } else { Order::Descending };
                            let mut seen = Vec::new();
                            tx.scan(ROWS, &range, order, &mut |(key,), value| {
                                seen.push((key, value));
                                if seen.len() < 5 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                            })?;
                            let mut expected: Vec<_> = if from < to {
                                map.range(u64::from(from)..u64::from(to)).map(|(key, value)| (*key, *value)).collect()
                            } else {
                                Vec::new()
                            };
                            if !up {
                                expected.reverse();
                            }
                            expected.truncate(5);
                            assert_eq!(seen, expected);
                        }
                        Step::Fail => return Err(Error::Full),
                    }
                }
                *model.lock().unwrap() = map;
                Ok(())
            };
            std::thread::spawn(move || sender.send(db.write_blocking(run)).unwrap());
        }
        for answer in waiting {
            let outcome = answer.recv().unwrap();
            prop_assert!(matches!(outcome, Ok(()) | Err(Error::Full)), "{:?}", outcome);
        }
        let expected: Vec<_> = model.lock().unwrap().iter().map(|(key, value)| (*key, *value)).collect();
        prop_assert_eq!(rows(&db.snapshot(), Order::Ascending), expected);
    }
}

#[test]
fn keys_that_do_not_fit_are_damage() {
    let engine = MemoryEngine::default();
    let short: Table<(u32,), i64> = Table::of(SPEC);
    let db = open(&engine);
    db.write_blocking(move |tx| tx.put(short, &(1,), &1)).unwrap();
    let read = db.snapshot().list(ROWS, &KeyRange::all(), Order::Ascending, 10);
    assert!(matches!(read, Err(Error::Corrupt { table: "TEST", .. })));
    let mut bytes: &[u8] = &[1, 2];
    assert_eq!(u32::decode(&mut bytes), None);
}

#[test]
fn no_id_is_minted_below_the_floor() {
    struct NoLog;
    impl AcknowledgedLog for NoLog {
        fn record(&mut self, _head: &Head) -> Result<(), Error> {
            Ok(())
        }
    }
    // What the witness remembers may be ahead of a store whose last commits were lost.
    let id_floor = u64::MAX / 2;
    let (engine, clock) = (Arc::new(MemoryEngine::default()), Arc::new(ManualClock::new(Timestamp::from_ms(0))));
    let random = Arc::new(SeededRandom::new(1));
    let parts = Parts { engine, clock, random, log: Box::new(NoLog), clock_floor_ms: 0, id_floor };
    let minted = Db::start(parts).unwrap().write_blocking(|tx| Ok::<_, Error>(tx.mint())).unwrap();
    assert_eq!(minted.hi, id_floor + 1);
}

#[test]
fn an_id_that_was_handed_out_before_its_transaction_is_not_handed_out_again() {
    let engine = MemoryEngine::default();
    let db = open(&engine);
    let (first, id) = (db.mint(), db.mint());
    assert!(id.hi > first.hi);
    let in_transaction = db.write_blocking(move |tx| tx.put(ROWS, &(id.hi,), &1).map(|()| tx.mint())).unwrap();
    assert!(in_transaction.hi > id.hi);
    db.stop();
    assert!(open(&engine).mint().hi > in_transaction.hi);
}
