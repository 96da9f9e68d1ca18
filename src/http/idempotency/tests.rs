//! Replays on a store in memory.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderValue, Request, StatusCode},
    response::Response,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{Idempotent, KEPT_MS, RUNNING, Turn, kept, remove_old, run, run_outside, run_sealed};
use crate::{
    base::{CompanyId, ManualClock, RawId, SealKey, SeededRandom, Timestamp},
    http::{Options, Problem, context::RequestContext},
    storage::{self, Db},
};

const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 7, lo: 0 });

fn store() -> (Db, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    (Db::in_memory(Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap(), clock)
}

async fn keyed(path: &str, key: Option<&str>, body: u8) -> Result<Idempotent, Problem> {
    let mut request = Request::post(path);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let context = RequestContext::new(HeaderValue::from_static("r"), [127, 0, 0, 1].into(), false, &Options::default());
    context.body_hash.set([body; 32]).unwrap();
    parts.extensions.insert(Arc::new(context));
    Idempotent::from_request_parts(&mut parts, &()).await
}

async fn body(response: Response<Body>) -> (u16, bool, Value) {
    let is_replayed = response.headers().contains_key("idempotency-replayed");
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, is_replayed, serde_json::from_slice(&bytes).unwrap())
}

async fn count(
    db: &Db,
    counter: &Arc<AtomicU32>,
    request: Idempotent,
    company: CompanyId,
) -> Result<Response, Problem> {
    let counter = Arc::clone(counter);
    run(db, request, company, move |_| {
        let count = counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, storage::Error>((StatusCode::CREATED, json!({"count": count})))
    })
    .await
}

#[tokio::test]
async fn the_same_key_has_one_effect_and_one_answer() {
    let (db, clock) = store();
    let counter = Arc::default();
    let ask = async |path: &str, key: Option<&str>, sent: u8, company: CompanyId| {
        let request = keyed(path, key, sent).await.unwrap();
        match count(&db, &counter, request, company).await {
            Ok(response) => body(response).await,
            Err(problem) => (problem.status().as_u16(), false, json!(problem.code())),
        }
    };
    assert_eq!(ask("/jobs", Some("a"), 1, COMPANY).await, (201, false, json!({"count": 0})));
    assert_eq!(ask("/jobs", Some("a"), 1, COMPANY).await, (201, true, json!({"count": 0})));
    assert_eq!(ask("/jobs", Some("a"), 2, COMPANY).await, (422, false, json!("idempotency_key_reused")));
    let other = CompanyId::from_raw(RawId { hi: 8, lo: 0 });
    assert_eq!(ask("/jobs", Some("a"), 1, other).await, (201, false, json!({"count": 1})));
    assert_eq!(ask("/events", Some("a"), 1, COMPANY).await, (201, false, json!({"count": 2})));
    assert_eq!(ask("/jobs", None, 1, COMPANY).await, (201, false, json!({"count": 3})));
    clock.advance_ms(KEPT_MS + 1);
    assert_eq!(ask("/jobs", Some("a"), 2, COMPANY).await, (201, false, json!({"count": 4})));
    assert_eq!(db.write(remove_old).await.unwrap(), 2);
    assert_eq!(db.write(remove_old).await.unwrap(), 0);
    assert_eq!(ask("/jobs", Some("a"), 2, COMPANY).await, (201, true, json!({"count": 4})));
}

#[tokio::test]
async fn parallel_duplicates_share_one_effect() {
    let (db, _) = store();
    let counter: Arc<AtomicU32> = Arc::default();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (db, counter) = (db.clone(), Arc::clone(&counter));
        tasks.spawn(async move {
            let request = keyed("/jobs", Some("a"), 1).await.unwrap();
            body(count(&db, &counter, request, COMPANY).await.unwrap()).await.2
        });
    }
    while let Some(answer) = tasks.join_next().await {
        assert_eq!(answer.unwrap(), json!({"count": 0}));
    }
    assert_eq!(counter.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refused_request_leaves_no_record() {
    let (db, _) = store();
    let request = keyed("/jobs", Some("a"), 1).await.unwrap();
    let refused = run(&db, request, COMPANY, |_| Err::<(StatusCode, ()), _>(Problem::not_found())).await;
    assert_eq!(refused.unwrap_err().code(), "not_found");
    let request = keyed("/jobs", Some("a"), 2).await.unwrap();
    assert!(count(&db, &Arc::default(), request, COMPANY).await.is_ok());
}

#[tokio::test]
async fn an_answer_with_a_secret_is_kept_sealed() {
    let (db, _) = store();
    let seal = Arc::new(SealKey::from_bytes(&[1; 32]));
    for expected in [false, true] {
        let request = keyed("/keys", Some("a"), 1).await.unwrap();
        let answer = run_sealed(&db, &seal, request, COMPANY, |_| {
            Ok::<_, Problem>((StatusCode::CREATED, json!({"secret": "s3cret"})))
        });
        assert_eq!(body(answer.await.unwrap()).await, (201, expected, json!({"secret": "s3cret"})));
    }
    let request = keyed("/keys", Some("a"), 1).await.unwrap();
    assert!(count(&db, &Arc::default(), request, COMPANY).await.is_err());
}

#[tokio::test]
async fn work_outside_a_transaction_is_done_once() {
    let (db, _) = store();
    let counter = AtomicU32::new(0);
    for expected in [false, true] {
        let request = keyed("/test", Some("a"), 1).await.unwrap();
        let work = async { Ok((StatusCode::OK, json!(counter.fetch_add(1, Ordering::SeqCst)))) };
        assert_eq!(body(run_outside(&db, request, COMPANY, work).await.unwrap()).await, (200, expected, json!(0)));
    }
}

#[tokio::test]
async fn unusable_keys_are_refused() {
    for key in ["", "a b", &"a".repeat(256)] {
        assert_eq!(keyed("/jobs", Some(key), 1).await.unwrap_err().status(), 400, "{key}");
    }
    assert!(keyed("/jobs", Some(&"a".repeat(255)), 1).await.is_ok());
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_no_lock() {
    let key = (u64::MAX, [9; 16]);
    let first = Turn::wait_for(key).await;
    let mut second = Box::pin(Turn::wait_for(key));
    tokio::select! {
        biased;
        _ = &mut second => panic!("two have the turn"),
        () = std::future::ready(()) => {}
    }
    drop(first);
    assert!(RUNNING.lock().unwrap().contains_key(&key), "the second still waits");
    drop(second);
    assert!(!RUNNING.lock().unwrap().contains_key(&key));
}

#[tokio::test]
async fn a_kept_answer_is_found_before_the_work() {
    let (db, _) = store();
    let counter = Arc::default();
    let request = keyed("/jobs", Some("a"), 1).await.unwrap();
    assert!(kept(&db, None, &request, COMPANY).await.unwrap().is_none());
    count(&db, &counter, request.clone(), COMPANY).await.unwrap();
    let answer = kept(&db, None, &request, COMPANY).await.unwrap().unwrap();
    assert_eq!(body(answer).await, (201, true, json!({"count": 0})));
    let other = keyed("/jobs", Some("a"), 2).await.unwrap();
    assert_eq!(kept(&db, None, &other, COMPANY).await.unwrap_err().code(), "idempotency_key_reused");
    let unnamed = keyed("/jobs", None, 1).await.unwrap();
    assert!(kept(&db, None, &unnamed, COMPANY).await.unwrap().is_none());
}
