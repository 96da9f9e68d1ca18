//! Durable limits on a store in memory.

use std::{
    collections::HashMap,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use proptest::prelude::*;

use super::{
    ADD_USER, ApiRate, Counter, Error, INVITE, Limits, LocalCounter, MFA, Metrics, PASSWORD, Policy, REGISTER, RESET,
    RESET_ADDRESS, SIGN_IN, SIGN_IN_ADDRESS, Subject, TOKEN, sliding,
};
use crate::{
    base::{Clock, ManualClock, RawId, SeededRandom, Timestamp},
    storage::{
        self, Db, KeyRange, Order, Read, Table, Tx, engine::memory::MemoryEngine, keyspaces, space::Headroom,
        testing::Damaged,
    },
};

fn open(engine: MemoryEngine, clock: &Arc<ManualClock>) -> Limits {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    Limits::open(&Db::over_memory(engine, clock, Arc::new(SeededRandom::new(1))).unwrap(), Metrics::default()).unwrap()
}

#[tokio::test]
async fn damaged_rows_keep_neither_the_server_from_starting_nor_anybody_out() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_700_000_000_000)));
    let db = Db::in_memory(Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap();
    let subject = Subject::of(&[b"somebody"]);
    let limits = Limits::open(&db, Metrics::default()).unwrap();
    assert_eq!(admitted(&limits, subject, 7).await, 5);
    let (calls, ends) = (Table::<RawId, Damaged>::of(keyspaces::LIMIT_CALLS), Table::of(keyspaces::LIMIT_ENDS));
    let damage = move |tx: &mut Tx<'_>| {
        for (key, _) in tx.list_past_damage(calls, &KeyRange::all(), Order::Ascending, 10)? {
            tx.put(calls, &key, &Damaged)?;
        }
        for (key, _) in tx.list_past_damage::<(i64, RawId), Damaged>(ends, &KeyRange::all(), Order::Ascending, 10)? {
            tx.put(ends, &key, &Damaged)?;
        }
        Ok::<_, storage::Error>(())
    };
    db.write(damage).await.unwrap();
    db.write(|tx| tx.put(Table::<u64, Damaged>::of(keyspaces::API_ARRIVALS), &1, &Damaged)).await.unwrap();
    ApiRate::new(1, 1, Arc::clone(&clock) as _, Metrics::default()).restore(&db).unwrap();
    assert_eq!(admitted(&limits, subject, 7).await, 0, "what is in memory counts");
    let limits = Limits::open(&db, Metrics::default()).unwrap();
    assert_eq!(admitted(&limits, subject, 7).await, 5, "what cannot be read counts as nothing");
    let limits = Limits::open(&db, Metrics::default()).unwrap();
    assert_eq!(admitted(&limits, subject, 7).await, 0, "it was written anew");
    clock.advance_ms(60_001);
    limits.sweep().await.unwrap();
    let left = db.snapshot().list_past_damage(ends, &KeyRange::all(), Order::Ascending, 10).unwrap();
    assert!(left.is_empty(), "all of it is removed in the end");
}

async fn admitted(limits: &Limits, subject: Subject, calls: usize) -> usize {
    let calls: Vec<_> = (0..calls)
        .map(|_| {
            let limits = limits.clone();
            tokio::spawn(async move { limits.admit(SIGN_IN, subject).await })
        })
        .collect();
    let mut count = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(()) => count += 1,
            Err(Error::Refused(refusal)) => assert!((1..=60).contains(&refusal.retry_after_s), "{refusal}"),
            Err(error) => panic!("{error}"),
        }
    }
    count
}

#[tokio::test]
async fn five_of_a_thousand_parallel_calls_are_admitted_also_after_a_kill() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let engine = MemoryEngine::default();
    let limits = open(engine.clone(), &clock);
    let (one, two) = (Subject::of(&[b"a"]), Subject::of(&[b"b"]));
    assert_eq!(admitted(&limits, one, 1_000).await, 5);
    assert_eq!(admitted(&limits, two, 3).await, 3);
    let db = limits.db.clone();
    drop(limits);
    tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
    engine.crash();
    let limits = open(engine, &clock);
    assert_eq!(admitted(&limits, one, 1_000).await, 0);
    assert_eq!(admitted(&limits, two, 1_000).await, 2);
    clock.advance_ms(59_999);
    assert_eq!(admitted(&limits, one, 10).await, 0);
    clock.advance_ms(1);
    assert_eq!(admitted(&limits, one, 1_000).await, 5);
}

#[tokio::test]
async fn a_decision_waits_for_no_disk_and_counts_at_once() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let engine = MemoryEngine::default();
    let limits = open(engine.clone(), &clock);
    engine.hold();
    let one = Subject::of(&[b"a"]);
    let mut kept = Vec::new();
    for _ in 0..5 {
        kept.push(Box::pin(limits.decide([(SIGN_IN, one)]).await.unwrap().kept()));
    }
    assert!(matches!(limits.decide([(SIGN_IN, one)]).await, Err(Error::Refused(_))));
    let mut context = Context::from_waker(Waker::noop());
    assert!(kept.iter_mut().all(|kept| kept.as_mut().poll(&mut context).is_pending()), "nothing is told before");
    engine.let_go();
    for kept in kept {
        kept.await.unwrap();
    }
}

#[tokio::test]
async fn what_was_told_counts_after_a_kill_and_what_was_not_written_is_never_told() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let engine = MemoryEngine::default();
    let limits = open(engine.clone(), &clock);
    let one = Subject::of(&[b"a"]);
    assert_eq!(admitted(&limits, one, 3).await, 3);
    // Answered behind the sync of what was begun before.
    limits.db.write(super::store::sweep).await.unwrap();
    engine.fail();
    let decided = [limits.decide([(SIGN_IN, one)]).await.unwrap(), limits.decide([(SIGN_IN, one)]).await.unwrap()];
    for decided in decided {
        assert!(matches!(decided.kept().await, Err(Error::Storage(_))));
    }
    let db = limits.db.clone();
    drop(limits);
    tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
    engine.crash();
    assert_eq!(admitted(&open(engine, &clock), one, 1_000).await, 2);
}

#[tokio::test]
async fn a_call_is_counted_by_all_its_limits_or_by_none() {
    let limits = open(MemoryEngine::default(), &Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000))));
    let (address, account) = (Subject::of(&[b"address"]), Subject::of(&[b"account"]));
    let both = [(SIGN_IN_ADDRESS, address), (SIGN_IN, account)];
    for _ in 0..5 {
        limits.decide(both).await.unwrap().kept().await.unwrap();
    }
    for _ in 0..50 {
        let Err(Error::Refused(refusal)) = limits.decide(both).await else { panic!("admitted") };
        assert_eq!(refusal.policy, SIGN_IN.name);
    }
    for _ in 0..25 {
        limits.admit(SIGN_IN_ADDRESS, address).await.unwrap();
    }
    limits.admit(SIGN_IN_ADDRESS, address).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_calls_of_more_subjects_than_there_is_room_for_are_counted_exactly() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let db = Db::over_memory(MemoryEngine::default(), clock, Arc::new(SeededRandom::new(1))).unwrap();
    let counter = Arc::new(LocalCounter::with_room(&db, 4).unwrap());
    let calls: Vec<_> = (0..2_000_u32)
        .map(|number| {
            let counter = Arc::clone(&counter);
            tokio::spawn(async move {
                let subject = number % 20;
                match counter.admit(vec![(SIGN_IN, Subject::of(&[&subject.to_be_bytes()]))]).await {
                    Ok(kept) => kept.await.map(|()| Some(subject)).unwrap(),
                    Err(Error::Refused(_)) => None,
                    Err(error) => panic!("{error}"),
                }
            })
        })
        .collect();
    let mut counts = HashMap::<u32, usize>::new();
    for call in calls {
        if let Some(subject) = call.await.unwrap() {
            *counts.entry(subject).or_default() += 1;
        }
    }
    assert_eq!(counts.len(), 20);
    assert!(counts.values().all(|count| *count == 5), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_does_not_answer_holds_up_nobody_whose_calls_are_in_memory() {
    const PATIENCE: Duration = Duration::from_secs(20);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let engine = MemoryEngine::default();
    let db = Db::over_memory(engine.clone(), clock, Arc::new(SeededRandom::new(1))).unwrap();
    let counter = Arc::new(LocalCounter::with_room(&db, 1).unwrap());
    let admit = |name: &'static [u8]| {
        let counter = Arc::clone(&counter);
        tokio::spawn(async move { counter.admit(vec![(SIGN_IN, Subject::of(&[name]))]).await })
    };
    for name in [b"left out", b"known   "] {
        admit(name).await.unwrap().unwrap().await.unwrap();
    }
    assert_eq!(counter.held(), 1);
    engine.hold_reads();
    let slow = admit(b"left out");
    let reader = engine.clone();
    assert!(tokio::task::spawn_blocking(move || reader.has_waiting_reads(1, PATIENCE)).await.unwrap());
    let decided = tokio::time::timeout(PATIENCE, admit(b"known   ")).await;
    engine.let_go();
    decided.expect("it is decided in memory").unwrap().unwrap().await.unwrap();
    slow.await.unwrap().unwrap().await.unwrap();
    let mut more = 0;
    while admit(b"left out").await.unwrap().is_ok() {
        more += 1;
    }
    assert_eq!(more, 3, "what the store tells counts");
}

/// One step of the comparison with logs that are all in memory for ever.
#[derive(Debug, Clone)]
enum Step {
    Call { address: u8, account: u8 },
    Wait(u64),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0..3_u8, 0..6_u8).prop_map(|(address, account)| Step::Call { address, account }),
        4 => (0..15_000_u64).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn too_little_room_and_restarts_change_no_decision(steps in steps(), room in 0_usize..5) {
        const ADDRESS: Policy = Policy { name: "address", quota: 4, window_ms: 10_000 };
        const ACCOUNT: Policy = Policy { name: "account", quota: 2, window_ms: 30_000 };
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
        let engine = MemoryEngine::default();
        let open = || {
            let clock: Arc<dyn Clock> = Arc::clone(&clock) as _;
            let db = Db::over_memory(engine.clone(), clock, Arc::new(SeededRandom::new(1))).unwrap();
            (LocalCounter::with_room(&db, room).unwrap(), db)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (mut counter, mut db) = open();
        let mut model = HashMap::<(&str, u8), Vec<i64>>::new();
        for step in steps {
            match step {
                Step::Wait(ms) => clock.advance_ms(ms),
                Step::Restart => {
                    db.stop();
                    (counter, db) = open();
                }
                Step::Call { address, account } => {
                    let now_ms = db.now().as_ms();
                    let mut logs = [(ADDRESS, address), (ACCOUNT, account)].map(|(policy, number)| {
                        let mut log = model.get(&(policy.name, number)).cloned().unwrap_or_default();
                        let is_admitted = sliding::admit(&mut log, now_ms, policy.quota, policy.window_ms).is_ok();
                        ((policy.name, number), log, is_admitted)
                    });
                    let expected = logs.iter().all(|(_, _, is_admitted)| *is_admitted);
                    let both = vec![(ADDRESS, Subject::of(&[&[address]])), (ACCOUNT, Subject::of(&[&[account]]))];
                    let admitted = runtime.block_on(async {
                        match counter.admit(both).await {
                            Ok(kept) => kept.await.map(|()| true),
                            Err(Error::Refused(_)) => Ok(false),
                            Err(Error::Storage(error)) => Err(error),
                        }
                    });
                    prop_assert_eq!(admitted.unwrap(), expected);
                    if expected {
                        for (key, log, _) in &mut logs {
                            model.insert(*key, std::mem::take(log));
                        }
                    }
                    // Two more of a call whose rows are written only now.
                    prop_assert!(counter.held() <= room + 2, "{} in a room for {room}", counter.held());
                }
            }
        }
        db.stop();
    }
}

#[tokio::test]
async fn each_limit_admits_its_quota_in_its_window_and_no_more() {
    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let limits = open(MemoryEngine::default(), &clock);
    for (policy, quota, window_ms) in [
        (SIGN_IN, 5, MINUTE),
        (SIGN_IN_ADDRESS, 30, MINUTE),
        (PASSWORD, 5, MINUTE),
        (REGISTER, 3, HOUR),
        (INVITE, 10, MINUTE),
        (ADD_USER, 30, MINUTE),
        (TOKEN, 10, MINUTE),
        (MFA, 5, MINUTE),
        (RESET, 5, HOUR),
        (RESET_ADDRESS, 10, MINUTE),
    ] {
        let Policy { name, .. } = policy;
        let subject = Subject::of(&[name.as_bytes()]);
        let mut admitted = 0;
        for _ in 0..quota * 2 {
            admitted += usize::from(limits.admit(policy, subject).await.is_ok());
        }
        assert_eq!(admitted, quota, "{name}");
        clock.advance_ms(window_ms - 1);
        limits.admit(policy, subject).await.unwrap_err();
        clock.advance_ms(1);
        limits.admit(policy, subject).await.unwrap();
    }
}

#[tokio::test]
async fn rows_that_no_longer_count_are_removed() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let limits = open(MemoryEngine::default(), &clock);
    for number in 0..1_200_u32 {
        limits.admit(SIGN_IN, Subject::of(&[&number.to_be_bytes()])).await.unwrap();
    }
    clock.advance_ms(30_000);
    let kept = Subject::of(&[&0_u32.to_be_bytes()]);
    limits.admit(SIGN_IN, kept).await.unwrap();
    clock.advance_ms(30_001);
    limits.db.set_headroom(Headroom::Exhausted);
    limits.sweep().await.unwrap();
    limits.db.set_headroom(Headroom::Ample);
    assert_eq!(limits.db.write(super::store::sweep).await.unwrap(), 0);
    assert_eq!(admitted(&limits, kept, 10).await, 4, "the call of half a minute ago still counts");
}

#[test]
fn subjects_are_told_apart_and_networks_grouped() {
    assert_ne!(Subject::of(&[b"ab", b"c"]), Subject::of(&[b"a", b"bc"]));
    let network = |text: &str| Subject::network(text.parse().unwrap());
    assert_eq!(network("2001:db8::1"), network("2001:db8::ffff"));
    assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
    assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
}
