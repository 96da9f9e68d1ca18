//! Claims that are written side by side.

use std::sync::{atomic::Ordering, mpsc};

use tokio::sync::oneshot;

use super::{
    company,
    pools::{Bench, PATIENCE, email, script},
};
use crate::{
    queue::{Error, Group, GroupPolicy, NewJob, enqueue, enqueue_many},
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

    /// Has eight places full of a flood of company 1, which is claimed ahead.
    async fn flooded() -> Self {
        let bench = Self::of(8).await;
        let (queues, flood) = (bench.kernel.queues.clone(), vec![script("gate"); 100]);
        bench.kernel.db.write(move |tx| enqueue_many(tx, &queues, flood)).await.unwrap();
        // Once some have ended, the pool claims ahead.
        bench.begun(8).await;
        bench.gate.add_permits(8);
        bench.begun(16).await;
        bench.quiet().await;
        bench
    }

    /// With a held engine: as places become free, both loops claim more of the flood.
    async fn two_claims_on_their_way(&self) -> u64 {
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
        claims
    }

    async fn claimed(&self, count: u64) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.claims() < count {
            assert!(tokio::time::Instant::now() < deadline, "{} claims of {count} are made", self.claims());
            tokio::task::yield_now().await;
        }
    }
}

// On one thread, a claim that is counted is with the writer as well once somebody else runs.
#[tokio::test]
async fn a_company_with_little_is_claimed_while_two_claims_for_others_are_being_written() {
    let mut bench = Bench::flooded().await;
    // A job of another company is on its way to the disk, and nobody is told yet that it stands in line.
    bench.kernel.engine.hold();
    let (begin, begun) = oneshot::channel();
    let (tell, told) = mpsc::channel::<()>();
    let (db, queues) = (bench.kernel.db.clone(), bench.kernel.queues.clone());
    let adding = tokio::spawn(async move {
        let add = move |tx: &mut storage::Tx<'_>| {
            tx.on_sequenced(move || {
                begin.send(()).expect("the test waits");
                // The other end never sends: it is dropped.
                let _told = told.recv().is_err();
            });
            enqueue(tx, &queues, NewJob { company: company(2), ..script("quick") })
        };
        db.write(add).await
    });
    begun.await.unwrap();

    // In the group behind.
    let claims = bench.two_claims_on_their_way().await;
    drop(tell);
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
    let limit = |blocked_until_mono_ms| {
        let policy = GroupPolicy { blocked_until_mono_ms, ..GroupPolicy::default() };
        bench.kernel.queues.set_group_policy(&email(), company(2), 7, policy);
    };
    limit(Some(3_600_000));
    let group = Some(Group::numbered(7));
    let small = bench.kernel.add(NewJob { company: company(2), group, ..script("quick") }).await;
    bench.quiet().await;
    bench.kernel.engine.hold();
    let claims = bench.two_claims_on_their_way().await;
    limit(None);
    bench.claimed(claims + 1).await;
    bench.kernel.engine.let_go();
    bench.gate.add_permits(100);
    assert!(bench.ended(101).await.contains(&small));
}
