//! Who is told that there are more dead letters.

use std::sync::{Arc, Mutex};

use super::{Kernel, company, job};
use crate::{
    base::JobId,
    queue::{DeadLetters, NewJob, Outcome, State, enqueue_many},
    storage::Error,
};

impl Kernel {
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
