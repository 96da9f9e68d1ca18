//! Durable limits on a store in memory.

use std::sync::Arc;

use super::{
    ADD_USER, Error, INVITE, Limits, MFA, Metrics, PASSWORD, Policy, REGISTER, RESET, RESET_ADDRESS, SIGN_IN,
    SIGN_IN_ADDRESS, Subject, TOKEN,
};
use crate::{
    base::{Clock, ManualClock, SeededRandom, Timestamp},
    storage::{Db, engine::memory::MemoryEngine, space::Headroom},
};

fn open(engine: MemoryEngine, clock: &Arc<ManualClock>) -> Limits {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    Limits::new(Db::over_memory(engine, clock, Arc::new(SeededRandom::new(1))).unwrap(), Metrics::default())
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
