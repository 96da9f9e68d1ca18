//! What a pool does while a commit is on its way to the disk.

use std::sync::atomic::Ordering;

use super::{
    company,
    pools::{Bench, PATIENCE, email, script},
};
use crate::{
    base::JobId,
    queue::{Error, Group, GroupPolicy, NewJob, State, enqueue, enqueue_many},
    storage,
};

/// Waits until the pool has claimed so often.
async fn claimed(bench: &Bench, count: u64) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while bench.pool.figures().claims.load(Ordering::Relaxed) < count {
        assert!(tokio::time::Instant::now() < deadline, "no claim was made");
        tokio::task::yield_now().await;
    }
}

/// An ordered group of a company with one place.
fn one_by_one(bench: &Bench, number: u64) -> Group {
    let group = Group::named("one by one");
    let policy = GroupPolicy { concurrency: Some(1), is_ordered: true, ..GroupPolicy::default() };
    bench.kernel.queues.set_group_policy(&email(), company(number), group.number, policy);
    group
}

fn begun(bench: &Bench) -> Vec<JobId> {
    bench.seen.lock().unwrap().iter().map(|(id, _)| *id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_job_is_claimed_behind_its_commit_and_starts_after_it() {
    let mut bench = Bench::new().await;
    bench.kernel.engine.hold();
    let (db, queues) = (bench.kernel.db.clone(), bench.kernel.queues.clone());
    let adding = tokio::spawn(async move { db.write(move |tx| enqueue(tx, &queues, script("quick"))).await });
    claimed(&bench, 1).await;
    assert!(!adding.is_finished(), "nobody is told of a job that is not on disk");
    assert_eq!(begun(&bench), [], "nor does it start");
    bench.kernel.engine.let_go();
    let id = adding.await.unwrap().unwrap().id;
    assert_eq!(bench.ended(1).await, [id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_a_group_that_come_into_line_in_one_commit_keep_their_order() {
    let mut bench = Bench::new().await;
    let group = one_by_one(&bench, 1);
    let job = move || NewJob { group: Some(group.clone()), ..script("quick") };
    let later = bench.kernel.db.now().plus_ms(60_000);
    let elder = bench.kernel.add(NewJob { run_at: Some(later), ..job() }).await;
    bench.kernel.engine.hold();
    let (db, queues) = (bench.kernel.db.clone(), bench.kernel.queues.clone());
    let adding = tokio::spawn(async move {
        db.write(move |tx| {
            queues.promote(tx, company(1), elder)?;
            enqueue(tx, &queues, job())
        })
        .await
    });
    claimed(&bench, 1).await;
    bench.kernel.engine.let_go();
    let younger = adding.await.unwrap().unwrap().id;
    bench.ended(2).await;
    assert_eq!(begun(&bench), [elder, younger]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_jobs_of_a_queue_start_in_order() {
    let mut bench = Bench::new().await;
    let group = one_by_one(&bench, 2);
    bench.kernel.engine.hold();
    let mut adding = Vec::new();
    for _ in 0..20 {
        let (db, queues) = (bench.kernel.db.clone(), bench.kernel.queues.clone());
        let job = NewJob { company: company(2), group: Some(group.clone()), ..script("quick") };
        // Sent off in turn: the first makes the lane, the others come into its commit or the next.
        let mut write = Box::pin(async move { db.write(move |tx| enqueue(tx, &queues, job)).await });
        assert!(futures_util::poll!(&mut write).is_pending());
        adding.push(tokio::spawn(write));
    }
    claimed(&bench, 1).await;
    bench.kernel.engine.let_go();
    let mut ids = Vec::new();
    for added in adding {
        let added: Result<_, Error> = added.await.unwrap();
        ids.push(added.unwrap().id);
    }
    bench.ended(20).await;
    assert_eq!(begun(&bench), ids);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_with_little_is_claimed_beside_a_pool_full_of_another() {
    let mut bench = Bench::of(8).await;
    let (queues, flood) = (bench.kernel.queues.clone(), vec![script("gate"); 100]);
    bench.kernel.db.write(move |tx| enqueue_many(tx, &queues, flood)).await.unwrap();
    bench.begun(8).await;
    let small = bench.kernel.add(NewJob { company: company(2), ..script("quick") }).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let queues = bench.kernel.queues.clone();
        let stats = bench.kernel.db.read(move |read| queues.lane_stats(read, company(2), &email())).await.unwrap();
        if stats.unwrap().is_some_and(|stats| stats.count(State::Active) == 1) {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "it was not claimed");
        // Every claim is a commit, so the next look costs no time but a turn.
        bench.kernel.db.write(|_| Ok::<_, storage::Error>(())).await.unwrap();
    }
    bench.gate.add_permits(100);
    assert!(bench.ended(101).await.contains(&small));
    assert_eq!(bench.most.load(Ordering::SeqCst), 8, "the concurrency holds");
}
