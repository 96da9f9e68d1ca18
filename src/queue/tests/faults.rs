//! What memory and disk may do wrong: stale refs, damaged rows, a full disk, ends in an unlucky order.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{Kernel, START, company, complete, holds, ids, job, programs::audit, queue};
use crate::{
    base::{Backoff, JobId},
    queue::{
        Error as QueueError, FailureReason, Group, GroupPolicy, JobFilter, LeasedJob, NewJob, OnFailure, Parent,
        QueueSettings, RetryPolicy, State, Unique, UniqueScope,
        claim::{Asker, Granted, Want, claim},
        enqueue_many,
        heads::Ref,
        line::Line,
        store::{FLOW_CHILDREN, HELD_IN_GROUPS, JOB_STATES, TimerKind, kind_hash},
    },
    storage::{COMMITS, Error, KeyRange, Order, Read, Tx, keyspaces},
};

const PATIENCE: Duration = Duration::from_secs(10);

impl Kernel {
    /// The memory of the queue of [`job`], which must exist.
    fn line(&self) -> std::sync::Arc<Line> {
        self.queues.inner.find(&queue()).expect("the queue exists")
    }

    /// Lets no transaction begin until the answer is dropped.
    pub(super) async fn hold_writer(&self) -> mpsc::Sender<()> {
        let (held, gone) = mpsc::channel();
        let (begin, begun) = oneshot::channel();
        let db = self.db.clone();
        self.tracker.spawn(async move {
            let wait = move |_: &mut Tx<'_>| {
                begin.send(()).expect("the test waits");
                // The other end never sends: it is dropped.
                let _gone = gone.recv().is_err();
                Ok::<_, Error>(())
            };
            db.write(wait).await.unwrap();
        });
        begun.await.unwrap();
        held
    }

    /// Claims as a pool does.
    async fn claim(&self, jobs: usize) -> Vec<Granted> {
        let (queues, line) = (self.queues.clone(), self.line());
        let want = Want { jobs, lesser: 0, bytes: usize::MAX };
        self.db.write(move |tx| claim(tx, &queues, &line, want, &Asker::Pool)).await.unwrap()
    }
}

#[tokio::test]
async fn a_ref_that_outlived_its_job_is_dropped() {
    let kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    let queues = kernel.queues.clone();
    let gone = kernel.db.write(move |tx| {
        queues.cancel(tx, company(1), id)?;
        queues.delete(tx, company(1), id)
    });
    gone.await.unwrap();
    let NewJob { kind, payload, priority, .. } = job();
    let stale = Ref { ord: id.hi(), job: id.hi(), kind: kind_hash(&kind), bytes: payload.len() as u32 };
    // What a read that began before the cancel brings.
    kernel.line().core().heads.push(1, priority, 0, stale);
    assert!(kernel.claim(10).await.is_empty());
    audit(&kernel).await;

    kernel.line().core().heads.push(1, priority, 0, stale);
    assert!(kernel.lease(10).await.is_empty());
    assert_eq!(kernel.line().core().leases.len(), 0);
    let next = kernel.add(job()).await;
    assert_eq!(ids(&kernel.lease(10).await), [next]);
    audit(&kernel).await;
}

#[tokio::test]
async fn a_lease_from_before_a_crash_is_counted_once() {
    let mut kernel = Kernel::new().await;
    let policy = GroupPolicy { concurrency: Some(1), ..GroupPolicy::default() };
    let group = Group::named("line");
    let first = kernel.add(NewJob { group: Some(group.clone()), ..job() }).await;
    let second = kernel.add(NewJob { group: Some(group.clone()), ..job() }).await;
    let leased = kernel.lease(1).await.remove(0);
    // As an earlier version left it: the start does not know of the lease.
    kernel.db.write(move |tx| tx.remove(HELD_IN_GROUPS, &(1, first.hi()))).await.unwrap();
    kernel = kernel.crash().await;
    kernel.queues.set_group_policy(&queue(), company(1), group.number, policy);
    let beat = async || kernel.queues.heartbeat(company(1), first, &leased.token, 30_000).await.unwrap();
    let held = kernel.hold_writer().await;
    // Both find no lease in memory, because the writer has taken neither over yet.
    let (one, two, ()) = tokio::join!(beat(), beat(), async { drop(held) });
    assert_eq!((one, two), (holds(30_000), holds(30_000)));
    assert!(kernel.lease(10).await.is_empty());
    kernel.settle(&leased, complete()).await.unwrap();
    assert_eq!(ids(&kernel.lease(10).await), [second]);
}

#[tokio::test]
async fn a_timeout_goes_on_after_a_crash() {
    for is_reached_first in [false, true] {
        let mut kernel = Kernel::new().await;
        let id = kernel.add(NewJob { timeout_ms: Some(40_000), ..job() }).await;
        let leased = kernel.lease(1).await.remove(0);
        kernel.advance(10_000).await;
        kernel = kernel.crash().await;
        if is_reached_first {
            assert!(kernel.lease(10).await.is_empty());
        }
        kernel.advance(20_000).await;
        // Of the 40 s, 30 are gone.
        if is_reached_first {
            holds_in_the_end(&kernel, &leased, 10_000).await;
        } else {
            let beat = kernel.queues.heartbeat(company(1), id, &leased.token, 30_000).await.unwrap();
            assert_eq!(beat, holds(10_000));
        }
        kernel.advance(10_000).await;
        assert_eq!(kernel.state(id).await, State::Retrying);
    }
}

/// Waits until a sign of life says that the lease holds so long: how long an attempt may take is read beside what took
/// its lease over.
async fn holds_in_the_end(kernel: &Kernel, leased: &LeasedJob, lease_ms: u64) {
    let started = Instant::now();
    while kernel.queues.heartbeat(company(1), leased.job.id, &leased.token, 30_000).await.unwrap() != holds(lease_ms) {
        assert!(started.elapsed() < PATIENCE, "the timeout is not known");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_timeout_goes_on_for_a_lease_that_the_start_took_over() {
    let mut kernel = Kernel::new().await;
    let id = kernel.add(NewJob { timeout_ms: Some(40_000), group: Some(Group::named("line")), ..job() }).await;
    let leased = kernel.lease(1).await.remove(0);
    kernel.advance(10_000).await;
    kernel = kernel.crash().await;
    kernel.advance(20_000).await;
    holds_in_the_end(&kernel, &leased, 10_000).await;
    kernel.advance(10_000).await;
    assert_eq!(kernel.state(id).await, State::Retrying);
}

#[tokio::test]
async fn a_damaged_body_fails_alone() {
    let kernel = Kernel::new().await;
    let (one, damaged, two) = (kernel.add(job()).await, kernel.add(job()).await, kernel.add(job()).await);
    kernel.damage(keyspaces::JOBS, (1_u64, damaged.hi())).await;
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), [one, two]);
    let line = kernel.line();
    assert_eq!(line.core().leases.external(), 2, "nothing is held on the damaged one");
    let failed = kernel.db.read(move |read| read.get(JOB_STATES, &(1, damaged.hi()))).await.unwrap().unwrap().unwrap();
    assert_eq!(failed.failure, Some(FailureReason::Discarded));
}

#[tokio::test]
async fn a_damaged_row_is_passed_over_in_line() {
    let mut kernel = Kernel::new().await;
    let jobs = [kernel.add(job()).await, kernel.add(job()).await, kernel.add(job()).await, kernel.add(job()).await];
    kernel.damage(keyspaces::JOB_STATES, (1_u64, jobs[0].hi())).await;
    let id = kernel.line().id;
    kernel.damage(keyspaces::READY, (1_u64, id, 5_u8, 0_u64, jobs[1].hi())).await;
    assert_eq!(ids(&kernel.lease(1).await), [jobs[1]], "its ref is in memory and its row is not needed");
    kernel = kernel.crash().await;
    assert_eq!(ids(&kernel.lease(10).await), [jobs[2], jobs[3]]);
}

#[tokio::test]
async fn a_damaged_timer_or_job_holds_up_no_other_timer() {
    let kernel = Kernel::new().await;
    let at = |ms| START.plus_ms(ms);
    let delayed = |ms| NewJob { run_at: Some(at(ms)), ..job() };
    let window = Unique { key: "k".to_owned(), scope: UniqueScope::Window { window_ms: 1001 } };
    let keyed = kernel.add(NewJob { unique: Some(window), ..job() }).await;
    let (bad_job, bad_timer, good) =
        (kernel.add(delayed(1000)).await, kernel.add(delayed(1002)).await, kernel.add(delayed(1003)).await);
    kernel.damage(keyspaces::JOB_STATES, (1_u64, bad_job.hi())).await;
    let timer = |ms, job: JobId, kind: TimerKind| (at(ms), 1_u64, job.hi(), kind as u8);
    kernel.damage(keyspaces::TIMERS, timer(1001, keyed, TimerKind::KeyWindow)).await;
    kernel.damage(keyspaces::TIMERS, timer(1002, bad_timer, TimerKind::Due)).await;
    kernel.advance(2000).await;
    assert_eq!(kernel.state(bad_timer).await, State::Waiting, "all of it that counts is its key");
    assert_eq!(kernel.state(good).await, State::Waiting);
}

#[tokio::test]
async fn a_damaged_job_holds_up_no_rescue() {
    let kernel = Kernel::new().await;
    let (damaged, good) = (kernel.add(job()).await, kernel.add(job()).await);
    let timed = kernel.add(NewJob { timeout_ms: Some(20_000), ..job() }).await;
    assert_eq!(kernel.lease(10).await.len(), 3);
    kernel.damage(keyspaces::JOB_STATES, (1_u64, damaged.hi())).await;
    kernel.damage(keyspaces::JOBS, (1_u64, timed.hi())).await;
    kernel.advance(30_000).await;
    assert_eq!(kernel.state(good).await, State::Waiting);
    let row = kernel.db.read(move |read| read.get(JOB_STATES, &(1, timed.hi()))).await.unwrap().unwrap().unwrap();
    assert_eq!(row.state, State::Retrying);
    assert_eq!(kernel.line().core().leases.external(), 0);
}

#[tokio::test]
async fn a_lease_that_could_not_be_taken_back_is_found_by_the_next_look() {
    let kernel = Kernel::new().await;
    let parent = kernel.add(job()).await;
    let waits = Some(Parent { id: parent, on_failure: OnFailure::Continue });
    let retry = Some(RetryPolicy { attempts: 1, backoff: Backoff::fixed(0) });
    let child = kernel.add(NewJob { parent: waits, retry, timeout_ms: Some(20_000), ..job() }).await;
    let beside = kernel.add(NewJob { timeout_ms: Some(20_000), ..job() }).await;
    assert_eq!(ids(&kernel.lease(10).await), [child, beside]);
    let key = (1_u64, parent.hi(), child.hi());
    let row = kernel.db.read(move |read| read.get(FLOW_CHILDREN, &key)).await.unwrap().unwrap().unwrap();
    kernel.damage(keyspaces::FLOW_CHILDREN, key).await;
    kernel.clock.advance_ms(20_000);
    assert_eq!(kernel.queues.rescue_lost().await.unwrap(), 1, "one parent cannot be told, which holds up nobody else");
    assert_eq!((kernel.state(child).await, kernel.state(beside).await), (State::Active, State::Retrying));
    kernel.db.write(move |tx| tx.put(FLOW_CHILDREN, &key, &row)).await.unwrap();
    assert_eq!(kernel.queues.rescue_lost().await.unwrap(), 1);
    assert_eq!(kernel.state(child).await, State::Failed);
}

#[tokio::test]
async fn damaged_finished_jobs_hold_up_no_removal() {
    let kernel = Kernel::new().await;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(kernel.add(job()).await);
        let leased = kernel.lease(1).await.remove(0);
        kernel.settle(&leased, complete()).await.unwrap();
    }
    let (queue, state) = (kernel.line().id, State::Completed as u8);
    kernel.damage(keyspaces::FINISHED, (1_u64, queue, state, START, jobs[0].hi())).await;
    kernel.damage(keyspaces::JOB_STATES, (1_u64, jobs[1].hi())).await;
    kernel.clock.advance_ms(4 * 24 * 3_600_000);
    assert_eq!(kernel.queues.apply_retention().await.unwrap(), 2);
    assert!(kernel.find(jobs[2]).await.is_none() && kernel.find(jobs[3]).await.is_none());
}

#[tokio::test]
async fn timers_go_on_while_the_wall_clock_is_behind() {
    let kernel = Kernel::new().await;
    kernel.clock.set_wall(START.plus_ms(86_400_000));
    kernel.advance(0).await;
    kernel.clock.set_wall(START);
    let run_at = Some(kernel.db.now().plus_ms(1000));
    let id = kernel.add(NewJob { run_at, ..job() }).await;
    // Half the pace, until the wall clock has caught up.
    kernel.advance(1_999).await;
    assert_eq!(kernel.state(id).await, State::Delayed);
    let wait_ms = || kernel.queues.inner.timers.wait_ms(kernel.db.now());
    assert_eq!(wait_ms(), 1);
    kernel.clock.advance_ms(1);
    assert_eq!(wait_ms(), 0);
    kernel.advance(0).await;
    assert_eq!(kernel.state(id).await, State::Waiting);
}

#[tokio::test]
async fn a_change_of_settings_is_seen_before_it_is_durable() {
    let kernel = Kernel::new().await;
    kernel.add(job()).await;
    let queues = kernel.queues.clone();
    let write = kernel.db.write(move |tx| {
        let before = queues.find_settings(tx, &queue())?.expect("the queue exists");
        queues.configure(tx, &queue(), QueueSettings { concurrency: 77, ..before.clone() })?;
        let now = queues.find_settings(tx, &queue())?.expect("the queue exists");
        Ok::<_, QueueError>((before.concurrency, now.concurrency))
    });
    assert_eq!(write.await.unwrap(), (QueueSettings::default().concurrency, 77));
}

#[tokio::test]
async fn a_job_whose_body_is_damaged_is_removed_in_its_time_and_hides_no_other() {
    let kernel = Kernel::new().await;
    let tagged = || NewJob { tags: vec!["blue".to_owned()], ..job() };
    let (damaged, good) = (kernel.add(tagged()).await, kernel.add(tagged()).await);
    for leased in kernel.lease(2).await {
        kernel.settle(&leased, complete()).await.unwrap();
    }
    kernel.damage(keyspaces::JOBS, (1_u64, damaged.hi())).await;
    for filter in [
        JobFilter { tag: Some("blue".to_owned()), ..JobFilter::default() },
        JobFilter { state: Some(State::Completed), ..JobFilter::default() },
        JobFilter { kind: Some(job().kind), ..JobFilter::default() },
    ] {
        let queues = kernel.queues.clone();
        let found =
            kernel.db.read(move |read| queues.list(read, company(1), &filter, None, 10)).await.unwrap().unwrap();
        assert_eq!(found.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [good]);
    }
    kernel.clock.advance_ms(4 * 24 * 3_600_000);
    assert_eq!(kernel.queues.apply_retention().await.unwrap(), 2);
    let queues = kernel.queues.clone();
    let stats = kernel.db.read(move |read| queues.lane_stats(read, company(1), &queue())).await.unwrap().unwrap();
    assert_eq!(stats.unwrap().count(State::Completed), 0);
    audit(&kernel).await;
}

#[tokio::test]
async fn a_job_whose_body_is_damaged_is_deleted_with_its_entries() {
    let kernel = Kernel::new().await;
    let settings = kernel.queues.settings(&queue()).unwrap_or_default();
    let queues = kernel.queues.clone();
    let configure = move |tx: &mut Tx<'_>| {
        let search_fields = vec!["a".to_owned()];
        queues.configure(tx, &queue(), QueueSettings { search_fields, ..settings })
    };
    kernel.db.write(configure).await.unwrap();
    let tagged = || NewJob { tags: vec!["blue".to_owned(), "red".to_owned()], ..job() };
    let (damaged, other) = (kernel.add(tagged()).await, kernel.add(tagged()).await);
    let delete = async || {
        let queues = kernel.queues.clone();
        let read = kernel.db.read(move |read| queues.lost_entries(read, company(1), damaged)).await;
        let (queues, lost) = (kernel.queues.clone(), read.unwrap().unwrap());
        kernel.db.write(move |tx| queues.delete_damaged(tx, company(1), damaged, &lost)).await
    };
    let leased = kernel.lease(1).await.remove(0);
    kernel.damage(keyspaces::JOBS, (1_u64, damaged.hi())).await;
    assert!(matches!(delete().await, Err(QueueError::WrongState { state: State::Active, .. })));
    kernel.settle(&leased, complete()).await.unwrap();
    delete().await.unwrap();
    assert!(kernel.find(damaged).await.is_none() && kernel.find(other).await.is_some());
    audit(&kernel).await;
    assert!(matches!(delete().await, Err(QueueError::NotFound(id)) if id == damaged));
}

#[tokio::test]
async fn the_removal_of_jobs_with_many_rows_takes_small_steps() {
    let kernel = Kernel::new().await;
    let tags: Vec<String> = (0..100).map(|number| format!("tag {number}")).collect();
    for _ in 0..60 {
        kernel.add(NewJob { tags: tags.clone(), ..job() }).await;
    }
    for leased in kernel.lease(60).await {
        kernel.settle(&leased, complete()).await.unwrap();
    }
    kernel.clock.advance_ms(4 * 24 * 3_600_000);
    let commits = async || {
        let last =
            kernel.db.read(|read| read.list(COMMITS, &KeyRange::all(), Order::Descending, 1)).await.unwrap().unwrap();
        last.first().unwrap().0.0
    };
    let before = commits().await;
    assert_eq!(kernel.queues.apply_retention().await.unwrap(), 60);
    assert!(commits().await - before >= 3, "60 jobs of more than 100 rows are not one step");
    audit(&kernel).await;
}

#[tokio::test]
async fn very_many_jobs_due_together_all_come() {
    let kernel = Kernel::new().await;
    let delayed = NewJob { run_at: Some(START.plus_ms(1_000)), ..job() };
    for _ in 0..3 {
        let (queues, jobs) = (kernel.queues.clone(), vec![delayed.clone(); 600]);
        kernel.db.write(move |tx| enqueue_many(tx, &queues, jobs)).await.unwrap();
    }
    kernel.clock.advance_ms(1_000);
    kernel.queues.run_timers().await.unwrap();
    let queues = kernel.queues.clone();
    let stats = kernel.db.read(move |read| queues.lane_stats(read, company(1), &queue())).await.unwrap().unwrap();
    let stats = stats.unwrap();
    assert_eq!((stats.count(State::Waiting), stats.count(State::Delayed)), (1_800, 0), "what is answered is on disk");
    assert_eq!(kernel.queues.run_timers().await.unwrap(), 0);
    audit(&kernel).await;
}
