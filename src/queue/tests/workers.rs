//! Workers outside: who is woken, who loses a lease, and what nobody waits for.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Kernel, company, complete, holds, ids, job, queue, request};
use crate::{
    base::{Backoff, JobId},
    queue::{
        Error, Group, LeaseRequest, LeasedJob, NewJob, QueueConfig, QueueName, QueueSettings, RetryPolicy, State,
        enqueue_many, store::JOB_STATES,
    },
    storage::{Read, keyspaces, space::Headroom},
};

const PATIENCE: Duration = Duration::from_secs(10);

impl Kernel {
    /// Workers that wait for one job each.
    async fn waiting(&self, count: usize) -> Vec<JoinHandle<Vec<LeasedJob>>> {
        let mut workers = Vec::new();
        for _ in 0..count {
            let queues = self.queues.clone();
            let wish = LeaseRequest { wait_ms: 30_000, ..request(1) };
            workers.push(tokio::spawn(async move { queues.lease(wish).await.unwrap() }));
        }
        // Each has found nothing once its write is answered, which none makes while the lane gives nothing.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        workers
    }
}

impl Kernel {
    /// Waits until the background has brought the job into this state.
    async fn becomes(&self, id: JobId, state: State) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.state(id).await != state {
            assert!(tokio::time::Instant::now() < deadline, "the job is {:?}", self.state(id).await);
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the timeout of an attempt from before the start is known.
    async fn becomes_known(&self, id: JobId) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let line = self.queues.inner.find(&queue()).expect("the queue exists");
        while !line.core().leases.is_cut_off(id.hi(), 1, u64::MAX) {
            assert!(tokio::time::Instant::now() < deadline, "the timeout is not known");
            tokio::task::yield_now().await;
        }
    }
}

async fn leased_by(workers: Vec<JoinHandle<Vec<LeasedJob>>>) -> usize {
    let mut count = 0;
    for worker in workers {
        count += tokio::time::timeout(PATIENCE, worker).await.expect("woken").unwrap().len();
    }
    count
}

#[tokio::test]
async fn every_waiting_worker_gets_its_job_after_a_pause() {
    let kernel = Kernel::new().await;
    let queues = kernel.queues.clone();
    let paused = kernel.db.write(move |tx| {
        queues.pause(tx, company(1), &queue())?;
        enqueue_many(tx, &queues, vec![job(); 3])
    });
    paused.await.unwrap();
    let workers = kernel.waiting(3).await;
    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| queues.resume(tx, company(1), &queue())).await.unwrap();
    assert_eq!(leased_by(workers).await, 3);
}

#[tokio::test]
async fn a_waiting_worker_hears_of_a_changed_limit() {
    let kernel = Kernel::new().await;
    let configure = async |group_concurrency| {
        let queues = kernel.queues.clone();
        let settings = QueueSettings { group_concurrency, ..QueueSettings::default() };
        kernel.db.write(move |tx| queues.configure(tx, &queue(), settings)).await.unwrap();
    };
    configure(Some(1)).await;
    let in_group = || NewJob { group: Some(Group::named("line")), ..job() };
    kernel.add(in_group()).await;
    kernel.add(in_group()).await;
    assert_eq!(kernel.lease(10).await.len(), 1);
    let workers = kernel.waiting(1).await;
    configure(None).await;
    assert_eq!(leased_by(workers).await, 1);
}

#[tokio::test]
async fn a_lease_that_nobody_waits_for_goes_back() {
    let kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    let held = kernel.hold_writer().await;
    let wish = LeaseRequest { wait_ms: 30_000, ..request(1) };
    tokio::time::timeout(Duration::ZERO, kernel.queues.lease(wish)).await.expect_err("the writer is held");
    drop(held);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let row = kernel.db.read(move |read| read.get(JOB_STATES, &(1, id.hi()))).await.unwrap().unwrap();
        if row.is_some_and(|row| row.state == State::Waiting && row.generation == 1) {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "the job stays leased to nobody");
    }
    // The row is seen before the line has the job back, which an answer to a later write is not.
    kernel.db.write(|_| Ok::<_, Error>(())).await.unwrap();
    let leased = kernel.lease(10).await;
    assert_eq!((ids(&leased), leased[0].job.attempt, leased[0].job.rescues), (vec![id], 1, 0));
}

#[tokio::test]
async fn a_sign_of_life_before_the_rescue_keeps_the_lease() {
    let kernel = Kernel::new().await;
    let id = kernel.add(job()).await;
    let leased = kernel.lease(1).await.remove(0);
    kernel.clock.advance_ms(30_000);
    let held = kernel.hold_writer().await;
    // The rescue has found the lease when the sign of life comes, and both wait for the writer.
    let beat = async || kernel.queues.heartbeat(company(1), id, &leased.token, 30_000).await;
    let (before, rescued, ()) = tokio::join!(biased; beat(), kernel.queues.rescue_lost(), async { drop(held) });
    assert_eq!((before.unwrap(), rescued.unwrap()), (holds(30_000), 0));
    kernel.clock.advance_ms(30_000);
    let held = kernel.hold_writer().await;
    let (rescued, after, ()) = tokio::join!(biased; kernel.queues.rescue_lost(), beat(), async { drop(held) });
    assert!(matches!(after, Err(Error::LeaseLost(_))), "it is told, and not left to work in vain");
    assert_eq!(rescued.unwrap(), 1);
    assert_eq!(kernel.state(id).await, State::Waiting);
    assert!(matches!(kernel.settle(&leased, complete()).await, Err(Error::LeaseLost(_))));
}

#[tokio::test]
async fn a_timeout_ends_an_attempt_without_waiting_for_the_next_look_at_all_leases() {
    let config = QueueConfig { cores: 1, rescue_every_ms: 600_000, ..QueueConfig::default() };
    let mut kernel = Kernel::with(config).await;
    let retry = Some(RetryPolicy { attempts: 1, backoff: Backoff::fixed(0) });
    let limited = |timeout_ms| NewJob { timeout_ms: Some(timeout_ms), retry: retry.clone(), ..job() };
    let (first, other) = (kernel.add(limited(100)).await, kernel.add(limited(3_000)).await);
    assert_eq!(ids(&kernel.lease(10).await), [first, other]);
    kernel.clock.advance_ms(1_000);
    kernel.becomes(first, State::Failed).await;
    assert_eq!(kernel.state(other).await, State::Active);
    // Nor is it forgotten when the lease outlives the process.
    kernel.clock.advance_ms(1_900);
    kernel = kernel.crash().await;
    assert!(kernel.lease(10).await.is_empty(), "its worker holds it");
    kernel.becomes_known(other).await;
    kernel.clock.advance_ms(1_000);
    kernel.becomes(other, State::Failed).await;
}

#[tokio::test]
async fn leases_are_kept_and_lost_on_an_exhausted_disk() {
    let mut kernel = Kernel::new().await;
    let (kept, lost) = (kernel.add(job()).await, kernel.add(job()).await);
    let leased = kernel.lease(2).await;
    kernel.damage(keyspaces::JOBS, (1_u64, lost.hi())).await;
    kernel = kernel.crash().await;
    kernel.db.set_headroom(Headroom::Exhausted);
    assert_eq!(kernel.queues.heartbeat(company(1), kept, &leased[0].token, 60_000).await.unwrap(), holds(60_000));
    assert_eq!(kernel.queues.heartbeat(company(1), lost, &leased[1].token, 30_000).await.unwrap(), holds(30_000));
    kernel.clock.advance_ms(30_000);
    assert_eq!(kernel.queues.rescue_lost().await.unwrap(), 1);
    assert_eq!(kernel.settle(&leased[0], complete()).await.unwrap(), State::Completed);
}

#[tokio::test]
async fn asking_for_jobs_creates_no_queue() {
    let kernel = Kernel::new().await;
    assert!(kernel.lease(1).await.is_empty());
    assert!(kernel.queues.settings(&queue()).is_none());
    let workers = kernel.waiting(1).await;
    kernel.add(job()).await;
    assert_eq!(leased_by(workers).await, 1, "who waits hears of the new queue");
}

#[tokio::test]
async fn a_company_does_not_use_up_the_names_of_queues() {
    let kernel = Kernel::new().await;
    let add = async |number: u64, name: String| {
        let queues = kernel.queues.clone();
        let job = NewJob { company: company(number), queue: name.parse().unwrap(), ..job() };
        kernel.db.write(move |tx| crate::queue::enqueue(tx, &queues, job)).await
    };
    for number in 0..100 {
        add(1, format!("queue-{number}")).await.unwrap();
    }
    assert!(matches!(add(1, "one-more".to_owned()).await, Err(Error::TooManyLanes(100))));
    add(1, "queue-7".to_owned()).await.unwrap();
    add(1, QueueName::EMAIL.to_owned()).await.unwrap();
    add(2, "one-more".to_owned()).await.unwrap();
}
