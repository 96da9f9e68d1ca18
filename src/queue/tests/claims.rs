//! Claims that are written side by side.

use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::{
    company,
    pools::{Bench, PATIENCE, email, script},
};
use crate::{
    base::JobId,
    queue::{Error, Group, GroupPolicy, NewJob, QueueName, enqueue, enqueue_many},
    storage,
};

impl Bench {
    fn claims(&self) -> u64 {
        self.pool.figures().claims.load(Ordering::Relaxed)
    }

    /// Waits until claims are neither made nor written any more.
    async fn quiet(&self) {
        let mut calm = 0;
        while calm < 3 {
            let before = self.claims();
            self.kernel.db.write(|_| Ok::<_, storage::Error>(())).await.unwrap();
            calm = if self.claims() == before { calm + 1 } else { 0 };
        }
    }

    /// Has eight places full of a flood of company 1, of which three times as many are claimed ahead.
    async fn flooded() -> Self {
        let bench = Self::of(8).await;
        let (queues, flood) = (bench.kernel.queues.clone(), vec![script("gate"); 100]);
        bench.kernel.db.write(move |tx| enqueue_many(tx, &queues, flood)).await.unwrap();
        bench.begun(8).await;
        // A pool claims ahead by how many have ended while a claim was being written: all of them.
        bench.hold().await;
        bench.gate.add_permits(8);
        bench.eventually("handlers have ended", || bench.pool.running() == 0).await;
        bench.kernel.engine.let_go();
        bench.begun(16).await;
        bench.quiet().await;
        bench
    }

    fn block_until(&self, blocked_until_mono_ms: Option<u64>) {
        let policy = GroupPolicy { blocked_until_mono_ms, ..GroupPolicy::default() };
        self.kernel.queues.set_group_policy(&email(), company(2), 7, policy);
    }

    /// Adds a job of company 2 in a group that may not start any.
    async fn blocked(&self) -> JobId {
        self.block_until(Some(3_600_000));
        let group = Some(Group::numbered(7));
        let blocked = self.kernel.add(NewJob { company: company(2), group, ..script("quick") }).await;
        self.quiet().await;
        blocked
    }

    /// Holds a commit, so that all that follows comes into the group behind it.
    async fn hold(&self) {
        self.kernel.engine.hold();
        self.begin_write();
        self.eventually("the commit waits", || self.kernel.engine.waiting_syncs() == 1).await;
    }

    /// Holds commits. As places become free, both loops claim more of the flood, and of nobody who comes later.
    async fn two_claims_on_their_way(&self) -> u64 {
        self.hold().await;
        let claims = self.claims() + 2;
        for ended in 1..=12 {
            if self.claims() == claims {
                break;
            }
            self.gate.add_permits(1);
            self.begun(16 + ended).await;
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        }
        self.claimed(claims).await;
        self.sequenced().await;
        claims
    }

    /// Begins to add a job of another queue; the receiver is told when the writer is at it.
    fn begin_write(&self) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let (db, queues) = (self.kernel.db.clone(), self.kernel.queues.clone());
        let other = NewJob { queue: QueueName::REPORT.parse().unwrap(), ..script("quick") };
        tokio::spawn(async move {
            let add = move |tx: &mut storage::Tx<'_>| {
                // Not everybody wants to know.
                let _told = tell.send(());
                enqueue(tx, &queues, other)
            };
            db.write(add).await
        });
        told
    }

    /// Waits until the writer has run what it was given before, be it on the disk or not.
    async fn sequenced(&self) {
        tokio::time::timeout(PATIENCE, self.begin_write()).await.expect("in time").expect("it is run");
    }

    async fn claimed(&self, count: u64) {
        self.eventually("as many claims are made", || self.claims() >= count).await;
    }

    async fn eventually(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !is_so() {
            assert!(tokio::time::Instant::now() < deadline, "{what}: not in time, {:?}", self.pool.figures());
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_company_with_little_is_claimed_while_two_claims_for_others_are_being_written() {
    let mut bench = Bench::flooded().await;
    let claims = bench.two_claims_on_their_way().await;
    let (db, queues) = (bench.kernel.db.clone(), bench.kernel.queues.clone());
    let small = NewJob { company: company(2), ..script("quick") };
    let adding = tokio::spawn(async move { db.write(move |tx| enqueue(tx, &queues, small)).await });
    bench.sequenced().await;
    // It stands in line when its group is closed, which the claims are written with.
    bench.kernel.engine.hold_writes();
    bench.claimed(claims + 1).await;
    assert!(!adding.is_finished(), "none of the claims is written yet");
    bench.kernel.engine.let_go();
    let small: Result<_, Error> = adding.await.unwrap();
    bench.gate.add_permits(100);
    assert!(bench.ended(101).await.contains(&small.unwrap().id));
    assert_eq!(bench.most.load(Ordering::SeqCst), 8, "the concurrency holds");
}

#[tokio::test]
async fn a_group_with_little_is_claimed_as_soon_as_its_limits_let_it() {
    let mut bench = Bench::flooded().await;
    let small = bench.blocked().await;
    let claims = bench.two_claims_on_their_way().await;
    bench.block_until(None);
    bench.claimed(claims + 1).await;
    bench.kernel.engine.let_go();
    bench.gate.add_permits(100);
    assert!(bench.ended(101).await.contains(&small));
}
