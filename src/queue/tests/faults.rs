//! What memory and disk may do wrong: stale refs, damaged rows, a full disk, ends in an unlucky order.

use super::{Kernel, company, ids, job, programs::audit};
use crate::queue::{
    NewJob,
    claim::{Asker, Granted, Want, claim},
    heads::Ref,
    line::Line,
    store::kind_hash,
};

impl Kernel {
    /// The memory of the queue of [`job`], which must exist.
    fn line(&self) -> std::sync::Arc<Line> {
        self.queues.inner.find(&super::queue()).expect("the queue exists")
    }

    /// Claims as a pool does.
    async fn claim(&self, jobs: usize) -> Vec<Granted> {
        let (queues, line) = (self.queues.clone(), self.line());
        let want = Want { jobs, bytes: usize::MAX };
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
