//! Very many jobs that are due together, of which a part cannot be written.

use std::time::{Duration, Instant};

use super::{Kernel, START, company, job, programs::audit, queue};
use crate::{
    queue::{NewJob, State, enqueue_many},
    storage::{Error, space::Headroom},
};

const PATIENCE: Duration = Duration::from_secs(10);
/// More than ten parts of a run.
const JOBS: u64 = 1_800;

impl Kernel {
    /// Adds jobs that are all due in a second.
    async fn add_delayed(&self) {
        let delayed = NewJob { run_at: Some(START.plus_ms(1_000)), ..job() };
        for _ in 0..JOBS / 600 {
            let (queues, jobs) = (self.queues.clone(), vec![delayed.clone(); 600]);
            self.db.write(move |tx| enqueue_many(tx, &queues, jobs)).await.unwrap();
        }
    }

    /// How many are in line, and how many still wait for their time.
    async fn come(&self) -> (u64, u64) {
        let queues = self.queues.clone();
        let stats = self.db.read(move |read| queues.lane_stats(read, company(1), &queue())).await.unwrap().unwrap();
        let stats = stats.expect("the queue exists");
        (stats.count(State::Waiting), stats.count(State::Delayed))
    }

    /// Waits until the first of them are on their way to the disk.
    async fn first_are_begun(&self) {
        let line = self.queues.inner.find(&queue()).expect("the queue exists");
        let started = Instant::now();
        while !line.core().heads.is_lane_ready(1) {
            assert!(started.elapsed() < PATIENCE, "nothing becomes due");
            tokio::task::yield_now().await;
        }
    }

    async fn all_come(&self) {
        self.queues.run_timers().await.unwrap();
        assert_eq!(self.come().await, (JOBS, 0));
        assert_eq!(self.queues.run_timers().await.unwrap(), 0, "none is left on the list");
        let mut leased = std::collections::HashSet::new();
        loop {
            let next = self.lease(100).await;
            if next.is_empty() {
                break;
            }
            for one in next {
                assert!(leased.insert(one.job.id), "a job comes into line once");
            }
        }
        assert_eq!(leased.len() as u64, JOBS);
        audit(self).await;
    }
}

#[tokio::test]
async fn a_part_that_is_refused_for_want_of_space_comes_later() {
    let kernel = Kernel::new().await;
    kernel.add_delayed().await;
    kernel.engine.hold();
    kernel.clock.advance_ms(1_000);
    let queues = kernel.queues.clone();
    let running = tokio::spawn(async move { queues.run_timers().await });
    kernel.first_are_begun().await;
    kernel.db.set_headroom(Headroom::Exhausted);
    kernel.engine.let_go();
    assert!(matches!(running.await.unwrap(), Err(Error::Full)));
    let (come, left) = kernel.come().await;
    assert!(come > 0 && left > 0, "{come} have come, {left} have not");
    assert_eq!(come + left, JOBS);
    kernel.db.set_headroom(Headroom::Ample);
    kernel.all_come().await;
}

#[tokio::test]
async fn parts_that_a_failed_commit_takes_along_come_after_the_restart() {
    for commits in 0..4 {
        let mut kernel = Kernel::new().await;
        kernel.add_delayed().await;
        kernel.engine.fail_after(commits);
        kernel.clock.advance_ms(1_000);
        let failed = kernel.queues.run_timers().await;
        assert!(matches!(failed, Err(Error::Unknown(_) | Error::Stopped)), "{failed:?}");
        kernel = kernel.crash().await;
        let (come, left) = kernel.come().await;
        assert_eq!(come + left, JOBS, "behind {commits} commits");
        assert!(left > 0 && (come > 0) == (commits > 0), "{come} have come behind {commits} commits");
        kernel.all_come().await;
    }
}
