//! One promise per test, through the face of the module.

use bytes::Bytes;

use super::{Kernel, company, complete, holds, ids, job, programs::audit, queue, request};
use crate::{
    base::{Backoff, JobId},
    queue::{
        Error, FailureReason, Group, GroupPolicy, JobFilter, Keep, LeaseRequest, NewJob, Outcome, QueueSettings,
        Retention, RetryPolicy, State, Unique, UniqueScope, enqueue_many,
    },
    storage::space::Headroom,
};

fn fail() -> Outcome {
    Outcome::Retry { error: "no luck".to_owned(), after_ms: None }
}

fn in_group(group: &str) -> NewJob {
    NewJob { group: Some(Group::named(group)), ..job() }
}

#[tokio::test]
async fn a_job_goes_from_waiting_over_active_to_completed() {
    let kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    assert_eq!(kernel.state(id).await, State::Waiting);
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), [id]);
    // A claim is answered when it is written; readers see it once it is synced, as the next write is.
    kernel.db.write(|_| Ok::<_, crate::storage::Error>(())).await.unwrap();
    let view = kernel.view(id).await;
    assert_eq!((view.state, view.attempt, view.worker.as_deref()), (State::Active, 1, Some("worker-1")));
    let outcome = Outcome::Complete { result: Some(Bytes::from_static(b"42")) };
    assert_eq!(kernel.settle(&leased[0], outcome).await.unwrap(), State::Completed);
    assert_eq!(kernel.state(id).await, State::Completed);
    let queues = kernel.queues.clone();
    let result = kernel.db.read(move |read| queues.result(read, company(1), id)).await.unwrap().unwrap();
    assert_eq!(result.as_deref(), Some(&b"42"[..]));
    assert!(kernel.lease(10).await.is_empty());
}

#[tokio::test]
async fn a_second_completion_and_a_stale_token_are_refused() {
    let kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    let first = kernel.lease(1).await.remove(0);
    kernel.advance(30_000).await;
    assert_eq!(kernel.view(id).await.rescues, 1);
    assert!(matches!(kernel.settle(&first, complete()).await, Err(Error::LeaseLost(_))));
    let second = kernel.lease(1).await.remove(0);
    assert_ne!(first.token, second.token);
    assert!(matches!(kernel.settle(&first, fail()).await, Err(Error::LeaseLost(_))));
    assert!(matches!(kernel.queues.heartbeat(company(1), id, &first.token, 9000).await, Err(Error::LeaseLost(_))));
    kernel.settle(&second, complete()).await.unwrap();
    assert!(matches!(kernel.settle(&second, complete()).await, Err(Error::LeaseLost(_))));
}

#[tokio::test]
async fn heartbeats_keep_a_lease_and_three_lost_ones_stall() {
    let kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    let leased = kernel.lease(1).await.remove(0);
    for _ in 0..5 {
        kernel.advance(20_000).await;
        kernel.queues.heartbeat(company(1), id, &leased.token, 30_000).await.unwrap();
    }
    assert_eq!(kernel.state(id).await, State::Active);
    kernel.advance(30_000).await;
    for _ in 0..2 {
        assert_eq!(kernel.state(id).await, State::Waiting);
        assert_eq!(kernel.lease(1).await.len(), 1);
        kernel.advance(30_000).await;
    }
    let view = kernel.view(id).await;
    assert_eq!((view.state, view.failure), (State::Failed, Some(FailureReason::Stalled)));
    let queues = kernel.queues.clone();
    let errors = kernel.db.read(move |read| queues.errors(read, company(1), id)).await.unwrap().unwrap();
    assert_eq!(errors.len(), 3, "each lost lease is told");
    assert!(errors.iter().all(|error| error.is_interrupted && error.attempt == 1 && error.started_at.is_some()));
}

#[tokio::test]
async fn a_wall_clock_jump_touches_no_lease() {
    let kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    kernel.lease(1).await;
    kernel.clock.set_wall(super::START.plus_ms(86_400_000));
    kernel.advance(1000).await;
    assert_eq!(kernel.state(id).await, State::Active);
}

#[tokio::test]
async fn delayed_jobs_come_in_the_order_of_their_time() {
    let kernel = Kernel::new().await;
    let at = |ms| Some(super::START.plus_ms(ms));
    let late = kernel.add(NewJob { run_at: at(2000), ..job() }).await;
    let early = kernel.add(NewJob { run_at: at(1000), ..job() }).await;
    let now = kernel.add(job()).await;
    assert_eq!(kernel.state(late).await, State::Delayed);
    assert_eq!(ids(&kernel.lease(10).await), [now]);
    kernel.advance(999).await;
    assert!(kernel.lease(10).await.is_empty());
    kernel.advance(1001).await;
    assert_eq!(ids(&kernel.lease(10).await), [early, late]);
}

#[tokio::test]
async fn priorities_go_first_and_equals_in_order() {
    let kernel = Kernel::new().await;
    let mut expected = Vec::new();
    for priority in [9, 5, 0, 5, 0] {
        expected.push((priority, kernel.add(NewJob { priority, ..job() }).await));
    }
    expected.sort_by_key(|(priority, _)| *priority);
    assert_eq!(ids(&kernel.lease(10).await), expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
}

#[tokio::test]
async fn failures_retry_with_backoff_and_end_in_the_dead_letters() {
    let kernel = Kernel::new().await;
    let retry = Some(RetryPolicy { attempts: 2, backoff: Backoff::fixed(5000) });
    let id = kernel.add(NewJob { retry, ..job() }).await;
    let leased = kernel.lease(1).await.remove(0);
    assert_eq!(kernel.settle(&leased, fail()).await.unwrap(), State::Retrying);
    kernel.advance(4999).await;
    assert!(kernel.lease(1).await.is_empty());
    kernel.advance(1).await;
    let leased = kernel.lease(1).await.remove(0);
    assert_eq!(leased.job.attempt, 2);
    assert_eq!(kernel.settle(&leased, fail()).await.unwrap(), State::Failed);
    let queues = kernel.queues.clone();
    let (dead, errors) = kernel
        .db
        .read(move |read| {
            let dead = JobFilter { state: Some(State::Failed), ..JobFilter::default() };
            (queues.list(read, company(1), &dead, None, 10).unwrap().jobs, queues.errors(read, company(1), id).unwrap())
        })
        .await
        .unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].failure, Some(FailureReason::Exhausted));
    assert_eq!(errors.iter().map(|error| error.attempt).collect::<Vec<_>>(), [1, 2]);

    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| queues.retry(tx, company(1), id)).await.unwrap();
    let leased = kernel.lease(1).await.remove(0);
    assert_eq!(leased.job.attempt, 1);
    kernel.settle(&leased, complete()).await.unwrap();
}

#[tokio::test]
async fn a_snooze_uses_no_attempt_and_a_discard_ends_it() {
    let kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    let leased = kernel.lease(1).await.remove(0);
    assert_eq!(kernel.settle(&leased, Outcome::Snooze { ms: 10 }).await.unwrap(), State::Delayed);
    kernel.advance(10).await;
    let leased = kernel.lease(1).await.remove(0);
    assert_eq!(leased.job.attempt, 1);
    let discard = Outcome::Discard { error: "never".to_owned() };
    assert_eq!(kernel.settle(&leased, discard).await.unwrap(), State::Failed);
    assert_eq!(kernel.view(id).await.failure, Some(FailureReason::Discarded));
}

#[tokio::test]
async fn what_is_not_started_in_time_expires() {
    let kernel = Kernel::new().await;
    let expire_at = Some(super::START.plus_ms(1000));
    let id = kernel.add(NewJob { expire_at, ..job() }).await;
    let started = kernel.add(NewJob { expire_at, priority: 0, ..job() }).await;
    let leased = kernel.lease(1).await.remove(0);
    assert_eq!(leased.job.id, started);
    kernel.advance(1000).await;
    assert_eq!(kernel.view(id).await.failure, Some(FailureReason::Expired));
    assert_eq!(kernel.settle(&leased, complete()).await.unwrap(), State::Completed);
    assert!(kernel.lease(1).await.is_empty());
}

#[tokio::test]
async fn what_would_expire_before_its_time_is_refused_unless_it_is_there_already() {
    let kernel = Kernel::new().await;
    let at = |ms| Some(super::START.plus_ms(ms));
    let unique = Some(Unique { key: "once".to_owned(), scope: UniqueScope::UntilFinished });
    let first = kernel.enqueue(NewJob { run_at: at(500), expire_at: at(1000), unique: unique.clone(), ..job() }).await;
    let late = NewJob { run_at: at(1000), expire_at: at(1000), ..job() };
    let again = kernel.enqueue(NewJob { unique, ..late.clone() }).await;
    assert_eq!((again.id, again.is_duplicate), (first.id, true));
    let (queues, many) = (kernel.queues.clone(), vec![job(), late]);
    let refused = kernel.db.write(move |tx| enqueue_many(tx, &queues, many)).await;
    assert!(matches!(refused, Err(Error::NeverStarts { position: 1 })), "{refused:?}");
}

#[tokio::test]
async fn unique_keys_hold_as_long_as_their_scope_says() {
    let kernel = Kernel::new().await;
    let unique = |scope| NewJob { unique: Some(Unique { key: format!("{scope:?}"), scope }), ..job() };
    let scopes = [UniqueScope::UntilStarted, UniqueScope::UntilFinished, UniqueScope::Window { window_ms: 50 }];
    let mut holders = Vec::new();
    for scope in scopes {
        let first = kernel.enqueue(unique(scope)).await;
        let second = kernel.enqueue(unique(scope)).await;
        assert!(second.is_duplicate && !first.is_duplicate);
        assert_eq!(second.id, first.id);
        holders.push(first.id);
    }
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), holders);
    let is_duplicate = async |scope| kernel.enqueue(unique(scope)).await.is_duplicate;
    assert!(!is_duplicate(scopes[0]).await);
    assert!(is_duplicate(scopes[1]).await);
    assert!(is_duplicate(scopes[2]).await);
    kernel.settle(&leased[1], complete()).await.unwrap();
    assert!(!is_duplicate(scopes[1]).await);
    kernel.advance(50).await;
    assert!(!is_duplicate(scopes[2]).await);
}

#[tokio::test]
async fn a_batch_is_all_or_nothing() {
    let kernel = Kernel::new().await;
    let queues = kernel.queues.clone();
    let jobs = vec![job(), NewJob { priority: 10, ..job() }];
    let refused = kernel.db.write(move |tx| enqueue_many(tx, &queues, jobs)).await;
    assert!(matches!(refused, Err(Error::Invalid { field: "priority", .. })));
    assert!(kernel.lease(10).await.is_empty());
    let queues = kernel.queues.clone();
    let added = kernel.db.write(move |tx| enqueue_many(tx, &queues, vec![job(); 1000])).await.unwrap();
    let leased = kernel.lease(100).await;
    assert_eq!(ids(&leased), added[..100].iter().map(|enqueued| enqueued.id).collect::<Vec<_>>());
    let queues = kernel.queues.clone();
    let too_many = kernel.db.write(move |tx| enqueue_many(tx, &queues, vec![job(); 1001])).await;
    assert!(matches!(too_many, Err(Error::Invalid { field: "jobs", .. })));
}

#[tokio::test]
async fn groups_take_turns_and_keep_their_limits() {
    let kernel = Kernel::new().await;
    let mut flood = Vec::new();
    for _ in 0..5 {
        flood.push(kernel.add(in_group("flood")).await);
    }
    let other = kernel.add(in_group("other")).await;
    let number = Group::named("flood").number;
    let policy = GroupPolicy { concurrency: Some(2), ..GroupPolicy::default() };
    kernel.queues.set_group_policy(&queue(), company(1), number, policy);
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), [flood[0], other, flood[1]]);
    kernel.settle(&leased[0], complete()).await.unwrap();
    assert_eq!(ids(&kernel.lease(10).await), [flood[2]]);
}

#[tokio::test]
async fn an_ordered_group_waits_for_its_retrying_head_across_a_crash() {
    let mut kernel = Kernel::new().await;
    let policy = GroupPolicy { is_ordered: true, ..GroupPolicy::default() };
    let number = Group::named("line").number;
    let first = kernel.add(in_group("line")).await;
    let second = kernel.add(in_group("line")).await;
    kernel.queues.set_group_policy(&queue(), company(1), number, policy);
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), [first]);
    kernel.settle(&leased[0], Outcome::Retry { error: "x".into(), after_ms: Some(5000) }).await.unwrap();
    assert!(kernel.lease(10).await.is_empty());
    kernel = kernel.crash().await;
    kernel.queues.set_group_policy(&queue(), company(1), number, policy);
    assert!(kernel.lease(10).await.is_empty());
    kernel.advance(5000).await;
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), [first]);
    kernel.settle(&leased[0], complete()).await.unwrap();
    assert_eq!(ids(&kernel.lease(10).await), [second]);
}

#[tokio::test]
async fn a_paused_lane_gives_nothing_also_after_a_crash() {
    let mut kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| queues.pause(tx, company(1), &queue())).await.unwrap();
    assert!(kernel.lease(10).await.is_empty());
    kernel = kernel.crash().await;
    assert!(kernel.lease(10).await.is_empty());
    assert_eq!(kernel.state(id).await, State::Waiting);
    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| queues.resume(tx, company(1), &queue())).await.unwrap();
    assert_eq!(ids(&kernel.lease(10).await), [id]);
}

#[tokio::test]
async fn cancelled_jobs_leave_the_line_and_another_company_sees_none_of_it() {
    let kernel = Kernel::new().await;
    let (waiting, active) = (kernel.add(job()).await, kernel.add(NewJob { priority: 0, ..job() }).await);
    let leased = kernel.lease(1).await.remove(0);
    assert_eq!(leased.job.id, active);
    for id in [waiting, active] {
        let queues = kernel.queues.clone();
        let foreign = kernel.db.write(move |tx| queues.cancel(tx, company(2), id)).await;
        assert!(matches!(foreign, Err(Error::NotFound(_))));
        let queues = kernel.queues.clone();
        assert_eq!(kernel.db.write(move |tx| queues.cancel(tx, company(1), id)).await.unwrap().state, State::Cancelled);
    }
    assert!(matches!(kernel.settle(&leased, complete()).await, Err(Error::LeaseLost(_))));
    assert!(kernel.lease(10).await.is_empty());
    let guessed = JobId::from_raw(crate::base::RawId { hi: waiting.hi(), lo: 1 });
    assert!(kernel.find(guessed).await.is_none());
    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| queues.delete(tx, company(1), waiting)).await.unwrap();
    assert!(kernel.find(waiting).await.is_none());
}

#[tokio::test]
async fn a_drained_lane_is_empty() {
    let kernel = Kernel::new().await;
    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| enqueue_many(tx, &queues, vec![job(); 450])).await.unwrap();
    let leased = kernel.lease(1).await;
    assert_eq!(kernel.queues.drain_lane(company(1), &queue(), |_| Ok(())).await.unwrap(), 449);
    assert!(kernel.lease(10).await.is_empty());
    kernel.settle(&leased[0], complete()).await.unwrap();
}

#[tokio::test]
async fn workers_get_their_kinds_and_waiting_ones_are_woken() {
    let kernel = Kernel::new().await;
    kernel.add(job()).await;
    let wanted = kernel.add(NewJob { kind: "other.do".to_owned(), ..job() }).await;
    let kinds = Some(vec!["other.do".to_owned()]);
    let leased = kernel.queues.lease(LeaseRequest { kinds: kinds.clone(), ..request(10) }).await.unwrap();
    assert_eq!(ids(&leased), [wanted]);

    let queues = kernel.queues.clone();
    let waiter =
        tokio::spawn(
            async move { queues.lease(LeaseRequest { kinds, wait_ms: 30_000, ..request(10) }).await.unwrap() },
        );
    tokio::task::yield_now().await;
    let next = kernel.add(NewJob { kind: "other.do".to_owned(), ..job() }).await;
    assert_eq!(ids(&waiter.await.unwrap()), [next]);
}

#[tokio::test]
async fn retention_keeps_what_it_says() {
    let kernel = Kernel::new().await;
    let queues = kernel.queues.clone();
    let jobs = kernel.db.write(move |tx| enqueue_many(tx, &queues, vec![job(); 10])).await.unwrap();
    for leased in kernel.lease(100).await {
        kernel.settle(&leased, complete()).await.unwrap();
    }
    let done = Keep { age_ms: 1000, count: 4, bytes: 1 << 20 };
    let settings = QueueSettings { retention: Retention { done, ..Retention::default() }, ..QueueSettings::default() };
    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| queues.configure(tx, &queue(), settings)).await.unwrap();
    // What is removed makes room, so a full disk does not stop it.
    kernel.db.set_headroom(Headroom::Exhausted);
    assert_eq!(kernel.queues.apply_retention().await.unwrap(), 6);
    assert!(kernel.find(jobs[5].id).await.is_none());
    assert!(kernel.find(jobs[6].id).await.is_some());
    kernel.clock.advance_ms(1001);
    assert_eq!(kernel.queues.apply_retention().await.unwrap(), 4);
    assert!(kernel.find(jobs[9].id).await.is_none());
}

#[tokio::test]
async fn external_leases_outlive_a_crash_by_their_length() {
    let mut kernel = Kernel::new().await;
    let (first, second) = (kernel.add(job()).await, kernel.add(job()).await);
    let leased = kernel.lease(2).await;
    kernel = kernel.crash().await;
    assert!(kernel.lease(10).await.is_empty());
    assert_eq!(kernel.settle(&leased[0], complete()).await.unwrap(), State::Completed);
    assert_eq!(kernel.state(first).await, State::Completed);
    kernel.queues.heartbeat(company(1), second, &leased[1].token, 60_000).await.unwrap();
    kernel.advance(45_000).await;
    assert_eq!(kernel.state(second).await, State::Active);
    kernel.advance(15_000).await;
    assert_eq!(kernel.state(second).await, State::Waiting);
    let again = kernel.lease(10).await;
    assert_eq!(ids(&again), [second]);
    assert!(matches!(kernel.settle(&leased[1], complete()).await, Err(Error::LeaseLost(_))));
}

#[tokio::test]
async fn a_heartbeat_before_anything_else_takes_a_lease_over() {
    let mut kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    let leased = kernel.lease(1).await.remove(0);
    kernel = kernel.crash().await;
    kernel.queues.heartbeat(company(1), id, &leased.token, 30_000).await.unwrap();
    assert_eq!(kernel.state(id).await, State::Active);
    assert!(kernel.lease(10).await.is_empty());
    assert_eq!(kernel.settle(&leased, complete()).await.unwrap(), State::Completed);
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_fails_whatever_the_heartbeats() {
    let kernel = Kernel::new().await;
    let id = kernel.add(NewJob { timeout_ms: Some(40_000), ..job() }).await;
    let leased = kernel.lease(1).await.remove(0);
    kernel.advance(20_000).await;
    assert_eq!(kernel.queues.heartbeat(company(1), id, &leased.token, 30_000).await.unwrap(), holds(20_000));
    kernel.advance(20_000).await;
    assert_eq!(kernel.state(id).await, State::Retrying);
    assert!(matches!(kernel.settle(&leased, complete()).await, Err(Error::LeaseLost(_))));
}

#[tokio::test]
async fn a_group_with_one_place_stays_taken_across_a_crash_for_every_priority_and_kind() {
    let mut kernel = Kernel::new().await;
    let group = Group::named("line");
    let policy = GroupPolicy { concurrency: Some(1), ..GroupPolicy::default() };
    let in_group =
        |priority, kind: &str| NewJob { group: Some(group.clone()), priority, kind: kind.to_owned(), ..job() };
    let held = kernel.add(in_group(7, "slow")).await;
    let leased = kernel.lease(1).await.remove(0);
    let urgent = kernel.add(in_group(0, "quick")).await;
    kernel = kernel.crash().await;
    kernel.queues.set_group_policy(&queue(), company(1), group.number, policy);
    let quick = LeaseRequest { kinds: Some(vec!["quick".to_owned()]), ..request(10) };
    kernel.load().await;
    assert!(kernel.queues.lease(quick).await.unwrap().is_empty(), "the other kind holds its group");
    assert!(kernel.lease(10).await.is_empty());
    assert_eq!((kernel.state(held).await, kernel.state(urgent).await), (State::Active, State::Waiting));
    audit(&kernel).await;
    kernel.advance(29_999).await;
    assert!(kernel.lease(10).await.is_empty());
    kernel.advance(1).await;
    assert_eq!(ids(&kernel.lease(10).await), [urgent]);
    assert!(matches!(kernel.settle(&leased, complete()).await, Err(Error::LeaseLost(_))));
    audit(&kernel).await;
}
