//! Dead letters in groups, and who is told that there are more of them.

use std::sync::{Arc, Mutex};

use super::{Kernel, company, job};
use crate::{
    base::{CompanyId, JobId},
    queue::{DeadLetters, ErrorGroups, NewJob, Outcome, Place, State, enqueue_many},
    storage::{Error, keyspaces},
};

impl Kernel {
    async fn groups(&self, of: CompanyId, after: Option<Place>) -> ErrorGroups {
        let queues = self.queues.clone();
        let read = self.db.read(move |read| queues.error_groups(read, of, (None, None), after));
        read.await.unwrap().unwrap()
    }

    /// Adds jobs and gives each up with its error, at times of their own.
    async fn give_up(&self, errors: &[&str]) -> Vec<JobId> {
        let mut given_up = Vec::new();
        for error in errors {
            let id = self.add(job()).await;
            let leased = self.lease(1).await.pop().unwrap();
            let outcome = Outcome::Discard { error: (*error).to_owned() };
            assert_eq!(self.settle(&leased, outcome).await.unwrap(), State::Failed);
            self.clock.advance_ms(1);
            given_up.push(id);
        }
        given_up
    }

    /// Adds this many jobs and lets them expire.
    async fn expire(&self, count: usize) {
        let expire_at = Some(self.db.now().plus_ms(10));
        for _ in 0..count.div_ceil(1_000) {
            let (queues, many) = (self.queues.clone(), vec![NewJob { expire_at, ..job() }; count.min(1_000)]);
            self.db.write(move |tx| enqueue_many(tx, &queues, many)).await.unwrap();
        }
        self.clock.advance_ms(20);
        while self.queues.run_timers().await.unwrap() > 0 {}
    }
}

#[tokio::test]
async fn a_look_is_bounded_and_goes_on_behind_itself() {
    let kernel = Kernel::new().await;
    kernel.give_up(&["no file 1"]).await;
    kernel.expire(2_000).await;
    let first = kernel.groups(company(1), None).await;
    assert_eq!((first.jobs, first.groups.len()), (1_000, 1));
    assert_eq!((first.groups[0].count, first.groups[0].error.as_str()), (1_000, "expired"));
    let second = kernel.groups(company(1), first.next).await;
    assert_eq!((second.jobs, second.groups[0].fingerprint), (1_000, first.groups[0].fingerprint));
    let third = kernel.groups(company(1), second.next).await;
    assert_eq!((third.jobs, third.groups[0].error.as_str(), third.next), (1, "no file 1", None));
    assert_eq!(kernel.groups(company(2), None).await, ErrorGroups::default());
}

#[tokio::test]
async fn damaged_rows_leave_out_their_job_and_no_other() {
    let kernel = Kernel::new().await;
    let ids = kernel.give_up(&["a 1", "a 2", "a 3", "a 4", "a 5"]).await;
    let key = |job: usize| (company(1).hi(), ids[job].hi());
    kernel.damage(keyspaces::JOBS, key(0)).await;
    kernel.damage(keyspaces::JOB_STATES, key(1)).await;
    kernel.damage(keyspaces::JOB_ERRORS, (key(2).0, key(2).1, 0_u32)).await;
    let line = kernel.queues.inner.find(&super::queue()).unwrap();
    let finished_at = kernel.view(ids[3]).await.finished_at.unwrap();
    kernel.damage(keyspaces::FINISHED, (key(3).0, line.id, State::Failed as u8, finished_at, key(3).1)).await;
    let found = kernel.groups(company(1), None).await;
    assert_eq!((found.jobs, found.groups[0].count, found.next), (2, 2, None));
    assert_eq!(found.groups[0].latest, ids[4]);
}

#[tokio::test]
async fn long_errors_are_cut_between_letters() {
    let kernel = Kernel::new().await;
    kernel.give_up(&[&"ü".repeat(900)]).await;
    let error = kernel.groups(company(1), None).await.groups[0].error.clone();
    assert_eq!(error, "ü".repeat(250));
}

#[tokio::test]
async fn every_size_is_told_once_in_the_commit_that_reaches_it() {
    let kernel = Kernel::new().await;
    let told: Arc<Mutex<Vec<DeadLetters>>> = Arc::default();
    let list = Arc::clone(&told);
    kernel.queues.on_dead_letters(move |_, dead| {
        list.lock().unwrap().push(dead);
        Ok(())
    });
    let first = kernel.give_up(&["a"]).await[0];
    let sizes = || told.lock().unwrap().iter().map(|dead| dead.reached).collect::<Vec<_>>();
    assert_eq!(sizes(), [1]);
    assert_eq!(told.lock().unwrap()[0].only, Some((first, "thing.do".to_owned())));
    kernel.give_up(&["a"; 8]).await;
    assert_eq!(sizes(), [1]);
    kernel.give_up(&["a"; 2]).await;
    assert_eq!(sizes(), [1, 10]);
    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| queues.retry(tx, company(1), first)).await.unwrap();
    kernel.expire(1_000).await;
    assert_eq!(sizes().into_iter().max(), Some(1_000), "however many end together");
}

#[tokio::test]
async fn whoever_cannot_tell_stops_no_job_from_ending() {
    let kernel = Kernel::new().await;
    kernel.queues.on_dead_letters(|tx, _| {
        tx.note(7, crate::storage::Note { tag: 1, hi: 1, lo: None });
        Err(Error::Full)
    });
    let id = kernel.give_up(&["a"]).await[0];
    assert_eq!(kernel.state(id).await, State::Failed);
    let noted = kernel.db.read(|read| crate::storage::feed::last(read, 7)).await.unwrap().unwrap();
    assert_eq!(noted, None, "what it did is taken back");
}
