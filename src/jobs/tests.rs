//! What an operator can do where the store is damaged.

use std::sync::Arc;

use bytes::Bytes;

use super::{Error, Jobs};
use crate::{
    audit::Origin,
    base::{CompanyId, JobId, ManualClock, RawId, SeededRandom, Timestamp},
    queue::{self, NewJob, QueueConfig, Queues, State},
    storage::{Db, Read, Table, Tx, engine::memory::MemoryEngine, keyspaces, testing::Damaged},
};

const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 1, lo: 2 });

async fn damaged_job(jobs: &Jobs, is_cancelled: bool) -> JobId {
    let queues = jobs.queues.clone();
    let make = move |tx: &mut Tx<'_>| {
        let job = NewJob::new(COMPANY, "things".parse().unwrap(), "thing.do", Bytes::from_static(b"{}"));
        queue::enqueue(tx, &queues, NewJob { tags: vec!["blue".to_owned()], ..job })
    };
    let id = jobs.db.write(make).await.unwrap().id;
    let queues = jobs.queues.clone();
    let damage = move |tx: &mut Tx<'_>| {
        if is_cancelled {
            queues.cancel(tx, COMPANY, id)?;
        }
        tx.put(Table::<(u64, u64), Damaged>::of(keyspaces::JOBS), &(COMPANY.hi(), id.hi()), &Damaged)?;
        Ok::<_, queue::Error>(())
    };
    jobs.db.write(damage).await.unwrap();
    id
}

#[tokio::test]
async fn a_finished_job_that_is_damaged_is_deleted() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_700_000_000_000)));
    let db = Db::over_memory(MemoryEngine::default(), clock, Arc::new(SeededRandom::new(7))).unwrap();
    let queues = Queues::open(db.clone(), QueueConfig::default()).await.unwrap();
    let jobs = Jobs::new(db.clone(), queues);
    let (cancelled, waiting) = (damaged_job(&jobs, true).await, damaged_job(&jobs, false).await);
    let origin = Origin::machine();
    jobs.delete((COMPANY, &origin), cancelled).await.unwrap();
    let refused = jobs.delete((COMPANY, &origin), waiting).await;
    assert!(matches!(refused, Err(Error::Queue(queue::Error::WrongState { state: State::Waiting, .. }))));
    let again = jobs.delete((COMPANY, &origin), cancelled).await;
    assert!(matches!(again, Err(Error::Queue(queue::Error::NotFound(id))) if id == cancelled));
    let left =
        db.read(move |read| read.exists(Table::<(u64, u64), Damaged>::of(keyspaces::JOBS), &(1, cancelled.hi())));
    assert!(!left.await.unwrap().unwrap());
}
