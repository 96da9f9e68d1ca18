//! Random programs with crashes: nothing acknowledged is lost, and every row, index and counter agrees.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Kernel, company, complete, job};
use crate::{
    base::{Backoff, JobId},
    queue::{
        Error, Group, JobEdit, LeasedJob, NewJob, OnFailure, Outcome, Parent, QueueConfig, QueueSettings, RetryPolicy,
        RunAt, State, Unique, UniqueScope, check, enqueue, enqueue_many,
    },
};

#[derive(Debug, Clone)]
enum Step {
    Add {
        priority: u8,
        group: u8,
        delay_ms: u64,
        expire_ms: Option<u64>,
        unique: Option<u8>,
    },
    Batch(u8),
    Lease(usize),
    Complete(usize),
    Fail(usize, Option<u64>),
    Snooze(usize),
    Discard(usize),
    Release(usize),
    Interrupt(usize),
    Late(usize),
    Cancel(usize),
    Retry(usize),
    Promote(usize),
    Advance(u64),
    /// A child of an earlier job.
    Child(usize, bool),
    Edit(usize, Option<u8>, Option<u64>, u8),
    Delete(usize),
    Retain,
    Drain,
    Crash,
}

fn add() -> impl Strategy<Value = Step> {
    let delay = prop_oneof![3 => Just(0), 1 => 1_u64..5000];
    let expire = prop::option::weighted(0.2, 0_u64..20_000);
    let unique = prop::option::weighted(0.3, 0_u8..6);
    (0_u8..3, 0_u8..4, delay, expire, unique).prop_map(|(priority, group, delay_ms, expire_ms, unique)| Step::Add {
        priority,
        group,
        delay_ms,
        expire_ms,
        unique,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let any = any::<usize>;
    prop_oneof![
        8 => add(),
        1 => (1_u8..40).prop_map(Step::Batch),
        6 => (1_usize..8).prop_map(Step::Lease),
        4 => any().prop_map(Step::Complete),
        3 => (any(), prop::option::of(0_u64..3000)).prop_map(|(n, after)| Step::Fail(n, after)),
        1 => any().prop_map(Step::Snooze),
        1 => any().prop_map(Step::Discard),
        1 => any().prop_map(Step::Release),
        1 => any().prop_map(Step::Interrupt),
        2 => any().prop_map(Step::Late),
        2 => any().prop_map(Step::Cancel),
        1 => any().prop_map(Step::Retry),
        1 => any().prop_map(Step::Promote),
        4 => prop_oneof![0_u64..3000, Just(31_000)].prop_map(Step::Advance),
        3 => (any(), prop::bool::ANY).prop_map(|(n, fails)| Step::Child(n, fails)),
        2 => (any(), prop::option::of(0_u8..3), prop::option::of(0_u64..4000), 0_u8..3)
            .prop_map(|(n, priority, delay, size)| Step::Edit(n, priority, delay, size)),
        1 => any().prop_map(Step::Delete),
        1 => Just(Step::Retain),
        1 => Just(Step::Drain),
        1 => Just(Step::Crash),
    ]
}

#[derive(Default)]
struct World {
    accepted: Vec<JobId>,
    held: Vec<LeasedJob>,
    let_go: Vec<LeasedJob>,
    completions: BTreeMap<JobId, u32>,
}

impl World {
    async fn settle(&mut self, kernel: &Kernel, nth: usize, outcome: Outcome) {
        if self.held.is_empty() {
            return;
        }
        let leased = self.held.remove(nth % self.held.len());
        let is_completion = matches!(outcome, Outcome::Complete { .. });
        match kernel.settle(&leased, outcome).await {
            Ok(_) if is_completion => *self.completions.entry(leased.job.id).or_default() += 1,
            Ok(_) | Err(Error::LeaseLost(_)) => {}
            Err(error) => panic!("{error}"),
        }
        self.let_go.push(leased);
    }

    fn nth(&self, nth: usize) -> Option<JobId> {
        self.accepted.get(nth % self.accepted.len().max(1)).copied()
    }

    async fn run(&mut self, mut kernel: Kernel, step: Step) -> Kernel {
        let queues = kernel.queues.clone();
        match step {
            Step::Add { .. } | Step::Batch(_) => self.add(&kernel, step).await,
            Step::Lease(max) => self.held.extend(kernel.lease(max).await),
            Step::Complete(n) => self.settle(&kernel, n, complete()).await,
            Step::Fail(n, after_ms) => self.settle(&kernel, n, Outcome::Retry { error: "x".into(), after_ms }).await,
            Step::Snooze(n) => self.settle(&kernel, n, Outcome::Snooze { ms: 500 }).await,
            Step::Discard(n) => self.settle(&kernel, n, Outcome::Discard { error: "y".into() }).await,
            Step::Release(n) => self.settle(&kernel, n, Outcome::Release).await,
            Step::Interrupt(n) => self.settle(&kernel, n, Outcome::Interrupted { how: "as told" }).await,
            Step::Late(n) => {
                if let Some(leased) = self.let_go.get(n % self.let_go.len().max(1)) {
                    assert!(matches!(kernel.settle(leased, complete()).await, Err(Error::LeaseLost(_))));
                }
            }
            Step::Cancel(n) | Step::Retry(n) | Step::Promote(n) => {
                let Some(id) = self.nth(n) else { return kernel };
                let done = kernel
                    .db
                    .write(move |tx| match step {
                        Step::Cancel(_) => queues.cancel(tx, company(1), id),
                        Step::Retry(_) => queues.retry(tx, company(1), id),
                        _ => queues.promote(tx, company(1), id),
                    })
                    .await;
                match done {
                    Ok(view) if view.state == State::Waiting => drop(self.completions.remove(&id)),
                    Ok(_) | Err(Error::WrongState { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Child(n, fails) => self.add_child(&kernel, n, fails).await,
            Step::Edit(n, priority, delay_ms, size) => {
                let Some(id) = self.nth(n) else { return kernel };
                let at = delay_ms.map(|ms| kernel.db.now().plus_ms(ms));
                let expire_at = kernel.find(id).await.and_then(|job| job.expire_at);
                let is_too_late = at.zip(expire_at).is_some_and(|(at, expire_at)| at >= expire_at);
                let run_at = at.map(RunAt::At);
                let payload = (size > 0).then(|| format!("{{\"a\":\"{}\"}}", "x".repeat(usize::from(size))).into());
                let change = JobEdit { payload, priority, run_at };
                let done = kernel.db.write(move |tx| queues.edit(tx, company(1), id, change)).await;
                match done {
                    Ok(_) | Err(Error::WrongState { .. } | Error::NotFound(_)) => {}
                    Err(Error::Invalid { field: "run_at", .. }) if is_too_late => {}
                    done => panic!("{done:?}"),
                }
            }
            Step::Delete(n) => {
                let Some(id) = self.nth(n) else { return kernel };
                match kernel.db.write(move |tx| queues.delete(tx, company(1), id)).await {
                    Ok(_) => self.accepted.retain(|known| *known != id),
                    Err(Error::WrongState { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Advance(ms) => kernel.advance(ms).await,
            Step::Retain => drop(kernel.queues.apply_retention().await.unwrap()),
            Step::Drain => drop(kernel.queues.drain_lane(company(1), &super::queue(), |_| Ok(())).await.unwrap()),
            Step::Crash => kernel = kernel.crash().await,
        }
        kernel
    }

    async fn add_child(&mut self, kernel: &Kernel, nth: usize, fails: bool) {
        let Some(id) = self.nth(nth) else { return };
        let on_failure = if fails { OnFailure::FailParent } else { OnFailure::Continue };
        let tags = vec!["child".to_owned(), format!("of {nth}")];
        let child = NewJob { parent: Some(Parent { id, on_failure }), tags, ..job() };
        let queues = kernel.queues.clone();
        match kernel.db.write(move |tx| enqueue(tx, &queues, child)).await {
            Ok(made) => self.accepted.push(made.id),
            Err(Error::Invalid { field: "parent_id", .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn add(&mut self, kernel: &Kernel, step: Step) {
        let retry = Some(RetryPolicy { attempts: 3, backoff: Backoff::exponential(1000) });
        let base = NewJob { retry, ..job() };
        match step {
            Step::Add { priority, group, delay_ms, expire_ms, unique } => {
                let now = kernel.db.now();
                let scopes =
                    [UniqueScope::UntilStarted, UniqueScope::UntilFinished, UniqueScope::Window { window_ms: 4000 }];
                let unique = unique.map(|n| Unique { key: format!("key {n}"), scope: scopes[usize::from(n) % 3] });
                let group = (group > 0).then(|| Group::numbered(u64::from(group)));
                let run_at = (delay_ms > 0).then(|| now.plus_ms(delay_ms));
                let expire_at = expire_ms.map(|ms| now.plus_ms(ms));
                let never_starts = run_at.zip(expire_at).is_some_and(|(at, expire_at)| at >= expire_at);
                let (queues, new) =
                    (kernel.queues.clone(), NewJob { priority, run_at, unique, group, expire_at, ..base });
                match kernel.db.write(move |tx| enqueue(tx, &queues, new)).await {
                    Ok(enqueued) if enqueued.is_duplicate => {}
                    Ok(enqueued) if !never_starts => self.accepted.push(enqueued.id),
                    Err(Error::NeverStarts { .. }) if never_starts => {}
                    done => panic!("{done:?}"),
                }
            }
            Step::Batch(count) => {
                let queues = kernel.queues.clone();
                let jobs = vec![base; usize::from(count)];
                let added = kernel.db.write(move |tx| enqueue_many(tx, &queues, jobs)).await.unwrap();
                self.accepted.extend(added.into_iter().map(|enqueued| enqueued.id));
            }
            _ => {}
        }
    }
}

pub(super) async fn audit(kernel: &Kernel) {
    let findings = kernel
        .db
        .read(|snapshot| {
            let mut findings = Vec::new();
            check(snapshot, &mut |words| findings.push(words)).unwrap();
            findings
        })
        .await
        .unwrap();
    assert!(findings.is_empty(), "{findings:#?}");
}

async fn program(steps: Vec<Step>) {
    let config = QueueConfig { cores: 1, groups_in_memory: 3, refs_in_memory: 48, ..QueueConfig::default() };
    let mut kernel = Kernel::with(config).await;
    let queues = kernel.queues.clone();
    let settings = QueueSettings { search_fields: vec!["a".to_owned()], ..QueueSettings::default() };
    kernel.db.write(move |tx| queues.configure(tx, &super::queue(), settings)).await.unwrap();
    let mut world = World::default();
    for step in steps {
        kernel = world.run(kernel, step).await;
    }
    audit(&kernel).await;
    // Every job that was accepted comes to an end once somebody works.
    for _ in 0..500 {
        kernel.advance(31_000).await;
        for leased in kernel.lease(100).await {
            world.held.push(leased);
            world.settle(&kernel, world.held.len() - 1, complete()).await;
        }
        let mut open = 0;
        for id in &world.accepted {
            open += usize::from(!kernel.state(*id).await.is_terminal());
        }
        if open == 0 {
            break;
        }
    }
    for id in &world.accepted {
        assert!(kernel.state(*id).await.is_terminal(), "{id} never ended: {:?}", kernel.view(*id).await);
    }
    assert!(world.completions.values().all(|count| *count == 1), "{:?}", world.completions);
    audit(&kernel).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_accepted_is_lost_and_everything_agrees(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(program(steps));
    }
}
