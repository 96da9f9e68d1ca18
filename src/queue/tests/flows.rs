//! Jobs that wait for jobs, what is told while a job runs, what is changed before, and what old rows mean.

use bytes::Bytes;

use super::{Kernel, company, complete, ids, job, programs::audit};
use crate::{
    base::JobId,
    queue::{
        Error, FailureReason, FlowJob, JobEdit, NewJob, OnFailure, Outcome, Parent, Progress, QueueSettings, RunAt,
        State, enqueue_flow, state::JobState, store::JobBody,
    },
    storage::Value,
};

impl Kernel {
    /// A parent with as many children, which fail it when they fail.
    async fn family(&self, children: usize, on_failure: OnFailure) -> (JobId, Vec<JobId>) {
        let queues = self.queues.clone();
        let mut jobs = vec![FlowJob { job: job(), waited_for_by: None }];
        jobs.resize(children + 1, FlowJob { job: job(), waited_for_by: Some((0, on_failure)) });
        let made = self.db.write(move |tx| enqueue_flow(tx, &queues, jobs)).await.unwrap();
        let mut made: Vec<_> = made.into_iter().map(|made| made.id).collect();
        let parent = made.remove(0);
        (parent, made)
    }

    async fn try_child(&self, parent: JobId) -> Result<JobId, Error> {
        let queues = self.queues.clone();
        let child = NewJob { parent: Some(Parent { id: parent, on_failure: OnFailure::FailParent }), ..job() };
        self.db.write(move |tx| crate::queue::enqueue(tx, &queues, child)).await.map(|made| made.id)
    }

    async fn cancel(&self, id: JobId) {
        let queues = self.queues.clone();
        self.db.write(move |tx| queues.cancel(tx, company(1), id)).await.unwrap();
    }

    async fn retry(&self, id: JobId) {
        let queues = self.queues.clone();
        self.db.write(move |tx| queues.retry(tx, company(1), id)).await.unwrap();
    }

    async fn edit(&self, id: JobId, change: JobEdit) -> Result<State, Error> {
        let queues = self.queues.clone();
        self.db.write(move |tx| queues.edit(tx, company(1), id, change)).await.map(|job| job.state)
    }
}

fn discard() -> Outcome {
    Outcome::Discard { error: "hopeless".to_owned() }
}

#[tokio::test]
async fn a_parent_that_is_blocked_and_free_again_in_one_commit_stays_in_line() {
    let kernel = Kernel::new().await;
    let (parent, children) = kernel.family(1, OnFailure::Continue).await;
    let child = children[0];
    kernel.cancel(child).await;
    let queues = kernel.queues.clone();
    let turned = kernel.db.write(move |tx| {
        queues.retry(tx, company(1), child)?;
        queues.cancel(tx, company(1), child)
    });
    turned.await.unwrap();
    assert_eq!(ids(&kernel.lease(10).await), [parent]);
    audit(&kernel).await;
}

#[tokio::test]
async fn a_parent_starts_once_all_its_children_have_ended() {
    let kernel = Kernel::new().await;
    let (parent, children) = kernel.family(2, OnFailure::FailParent).await;
    let view = kernel.view(parent).await;
    assert_eq!((view.state, view.blocked_by, view.children), (State::Waiting, 2, 2));
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), children, "the parent is older and waits");
    let result = Outcome::Complete { result: Some(Bytes::from_static(b"{\"n\":1}")) };
    kernel.settle(&leased[0], result).await.unwrap();
    assert!(kernel.lease(10).await.is_empty());
    let kernel = kernel.crash().await;
    assert_eq!(kernel.view(parent).await.blocked_by, 1);
    kernel.settle(&leased[1], complete()).await.unwrap();
    assert_eq!(ids(&kernel.lease(10).await), [parent]);
    let queues = kernel.queues.clone();
    let (seen, next) =
        kernel.db.read(move |read| queues.children(read, company(1), parent, None, 10)).await.unwrap().unwrap();
    let seen: Vec<_> = seen.iter().map(|child| (child.id, child.end, child.result.as_deref())).collect();
    let completed = Some(State::Completed);
    assert_eq!(seen, [(children[0], completed, Some(&b"{\"n\":1}"[..])), (children[1], completed, None)]);
    assert_eq!(next, None);
    audit(&kernel).await;
}

#[tokio::test]
async fn a_failed_child_fails_its_parent_or_not_as_it_was_told() {
    let kernel = Kernel::new().await;
    let (parent, children) = kernel.family(2, OnFailure::FailParent).await;
    let leased = kernel.lease(10).await;
    kernel.settle(&leased[0], discard()).await.unwrap();
    let failed = kernel.view(parent).await;
    assert_eq!((failed.state, failed.failure), (State::Failed, Some(FailureReason::ChildFailed)));
    assert_eq!(kernel.state(children[1]).await, State::Active, "its siblings go on");
    kernel.settle(&leased[1], complete()).await.unwrap();
    // Done again from the dead letters: the parent waits for the child once more.
    kernel.retry(children[0]).await;
    kernel.retry(parent).await;
    assert_eq!(kernel.view(parent).await.blocked_by, 1);
    let again = kernel.lease(10).await;
    assert_eq!(ids(&again), [children[0]]);
    kernel.settle(&again[0], complete()).await.unwrap();
    assert_eq!(ids(&kernel.lease(10).await), [parent]);

    let (patient, children) = kernel.family(2, OnFailure::Continue).await;
    kernel.cancel(children[0]).await;
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), [children[1]]);
    kernel.settle(&leased[0], discard()).await.unwrap();
    assert_eq!(ids(&kernel.lease(10).await), [patient]);
    audit(&kernel).await;
}

#[tokio::test]
async fn failure_goes_up_as_far_as_it_is_asked_to() {
    let kernel = Kernel::new().await;
    let queues = kernel.queues.clone();
    let above = |parent: usize, on_failure| FlowJob { job: job(), waited_for_by: Some((parent, on_failure)) };
    // Children may stand before their parents.
    let jobs = vec![
        above(1, OnFailure::FailParent),
        above(2, OnFailure::FailParent),
        above(3, OnFailure::Continue),
        FlowJob { job: job(), waited_for_by: None },
    ];
    let made = kernel.db.write(move |tx| enqueue_flow(tx, &queues, jobs)).await.unwrap();
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), [made[0].id]);
    kernel.settle(&leased[0], discard()).await.unwrap();
    assert_eq!(kernel.view(made[1].id).await.failure, Some(FailureReason::ChildFailed));
    assert_eq!(kernel.view(made[2].id).await.failure, Some(FailureReason::ChildFailed));
    assert_eq!(ids(&kernel.lease(10).await), [made[3].id]);
    audit(&kernel).await;
}

#[tokio::test]
async fn a_running_job_may_ask_for_children_and_waits_when_it_is_snoozed() {
    let kernel = Kernel::new().await;
    let parent = kernel.add(job()).await;
    let running = kernel.lease(1).await.remove(0);
    let child = kernel.try_child(parent).await.unwrap();
    kernel.settle(&running, Outcome::Snooze { ms: 0 }).await.unwrap();
    kernel.advance(10).await;
    let leased = kernel.lease(10).await;
    assert_eq!(ids(&leased), [child]);
    kernel.settle(&leased[0], complete()).await.unwrap();
    let running = kernel.lease(10).await.remove(0);
    assert_eq!(running.job.id, parent);
    kernel.settle(&running, complete()).await.unwrap();
    let refused = kernel.try_child(parent).await;
    assert!(matches!(refused, Err(Error::Invalid { field: "parent_id", .. })), "it has finished: {refused:?}");
    audit(&kernel).await;
}

#[tokio::test]
async fn parents_that_are_not_there_or_too_many_are_refused() {
    let kernel = Kernel::new().await;
    let mut last = kernel.add(job()).await;
    let mut other = last.raw();
    other.lo ^= 1;
    for wrong in [JobId::from_raw(other), JobId::from_raw(crate::base::RawId { hi: 5, lo: 5 })] {
        assert!(matches!(kernel.try_child(wrong).await, Err(Error::Invalid { field: "parent_id", .. })));
    }
    for _ in 0..15 {
        last = kernel.try_child(last).await.unwrap();
    }
    let deep = kernel.try_child(last).await;
    assert!(matches!(deep, Err(Error::Invalid { field: "parent_id", .. })), "{deep:?}");
    let (parent, _) = kernel.family(999, OnFailure::FailParent).await;
    kernel.try_child(parent).await.unwrap();
    assert!(matches!(kernel.try_child(parent).await, Err(Error::Invalid { field: "parent_id", .. })));
    let queues = kernel.queues.clone();
    let circle = vec![FlowJob { job: job(), waited_for_by: Some((0, OnFailure::Continue)) }];
    let refused = kernel.db.write(move |tx| enqueue_flow(tx, &queues, circle)).await;
    assert!(matches!(refused, Err(Error::Invalid { field: "parent_id", .. })));
    audit(&kernel).await;
}

#[tokio::test]
async fn a_removed_family_leaves_nothing() {
    let kernel = Kernel::new().await;
    let (parent, children) = kernel.family(3, OnFailure::FailParent).await;
    kernel.cancel(children[0]).await;
    assert_eq!(kernel.state(parent).await, State::Failed);
    let queues = kernel.queues.clone();
    let deleted = kernel.db.write(move |tx| queues.delete(tx, company(1), parent)).await;
    deleted.unwrap();
    audit(&kernel).await;
    for leased in kernel.lease(10).await {
        kernel.settle(&leased, complete()).await.unwrap();
    }
    audit(&kernel).await;
}

#[tokio::test]
async fn progress_and_log_are_bounded_and_go_with_the_job() {
    let kernel = Kernel::new().await;
    let id = kernel.add(NewJob { tags: vec!["a".to_owned(), "b".to_owned()], ..job() }).await;
    let leased = kernel.lease(1).await.remove(0);
    let log = async |lines: usize, token: &str| {
        let (queues, token) = (kernel.queues.clone(), token.to_owned());
        let lines = (0..lines).map(|number| format!("line {number}")).collect();
        kernel.db.write(move |tx| queues.append_log(tx, company(1), id, &token, lines)).await
    };
    assert_eq!(log(600, &leased.token).await.unwrap(), 600);
    assert!(matches!(log(401, &leased.token).await, Err(Error::LogFull(_))));
    assert_eq!(log(400, &leased.token).await.unwrap(), 1000);
    assert!(matches!(log(1, &leased.token).await, Err(Error::LogFull(_))));
    assert!(matches!(log(1, "lt_0_0_0").await, Err(Error::LeaseLost(_))));
    let queues = kernel.queues.clone();
    let page = kernel.db.read(move |read| queues.log(read, company(1), id, 598, 4)).await.unwrap().unwrap();
    let page: Vec<_> = page.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(page, ["line 598", "line 599", "line 0", "line 1"]);

    let tell = async |percent: f32, bytes: usize| {
        let (queues, token) = (kernel.queues.clone(), leased.token.clone());
        let data = Some(Bytes::from(vec![b'1'; bytes]));
        let progress = Progress { percent: Some(percent), data, ..Progress::default() };
        kernel.db.write(move |tx| queues.record_progress(tx, company(1), id, &token, progress)).await
    };
    tell(12.5, 3).await.unwrap();
    for (percent, bytes) in [(100.5, 1), (-1.0, 1), (f32::NAN, 1), (1.0, (16 << 10) + 1)] {
        assert!(matches!(tell(percent, bytes).await, Err(Error::Invalid { .. })), "{percent} {bytes}");
    }
    let queues = kernel.queues.clone();
    let notes = kernel.db.read(move |read| queues.notes(read, company(1), id)).await.unwrap().unwrap();
    assert_eq!((notes.lines, notes.progress.unwrap().percent), (1000, Some(12.5)));
    kernel.settle(&leased, complete()).await.unwrap();
    assert!(matches!(tell(50.0, 1).await, Err(Error::LeaseLost(_))));
    audit(&kernel).await;
    let queues = kernel.queues.clone();
    kernel.db.write(move |tx| queues.delete(tx, company(1), id)).await.unwrap();
    audit(&kernel).await;
}

#[tokio::test]
async fn a_job_is_changed_while_nobody_works_on_it() {
    let kernel = Kernel::new().await;
    let queues = kernel.queues.clone();
    let fields = QueueSettings { search_fields: vec!["a".to_owned()], ..QueueSettings::default() };
    kernel.db.write(move |tx| queues.configure(tx, &super::queue(), fields)).await.unwrap();
    let (first, second) = (kernel.add(job()).await, kernel.add(job()).await);
    let payload = Bytes::from_static(b"{\"a\":\"another and longer\"}");
    let change = JobEdit { payload: Some(payload.clone()), priority: Some(1), run_at: None };
    assert_eq!(kernel.edit(second, change.clone()).await.unwrap(), State::Waiting);
    audit(&kernel).await;
    let leased = kernel.lease(1).await.remove(0);
    assert_eq!((leased.job.id, leased.job.payload.clone(), leased.job.priority), (second, payload, 1));
    assert!(matches!(kernel.edit(second, change.clone()).await, Err(Error::WrongState { .. })));
    kernel.settle(&leased, discard()).await.unwrap();
    // A dead letter is mended and done again.
    let mended = JobEdit { payload: Some(Bytes::from_static(b"{}")), ..JobEdit::default() };
    assert_eq!(kernel.edit(second, mended).await.unwrap(), State::Failed);
    let later = kernel.db.now().plus_ms(60_000);
    let put_off = JobEdit { run_at: Some(RunAt::At(later)), ..JobEdit::default() };
    assert!(matches!(kernel.edit(second, put_off.clone()).await, Err(Error::WrongState { .. })));
    assert_eq!(kernel.edit(first, put_off).await.unwrap(), State::Delayed);
    audit(&kernel).await;
    assert!(kernel.lease(10).await.is_empty());
    let now = JobEdit { run_at: Some(RunAt::Now), ..JobEdit::default() };
    assert_eq!(kernel.edit(first, now).await.unwrap(), State::Waiting);
    assert_eq!(ids(&kernel.lease(10).await), [first]);
    for wrong in [
        JobEdit { priority: Some(10), ..JobEdit::default() },
        JobEdit { payload: Some(Bytes::from(vec![b'1'; (1 << 20) + 1])), ..JobEdit::default() },
    ] {
        assert!(matches!(kernel.edit(second, wrong).await, Err(Error::Invalid { .. })));
    }
    audit(&kernel).await;
}

#[test]
fn rows_of_the_first_format_are_read() {
    let body = JobBody {
        id_lo: 1,
        company_lo: 2,
        queue: crate::base::QueueId(9),
        kind: "k".to_owned(),
        payload: Bytes::from_static(b"{}"),
        priority: 5,
        group: 0,
        group_text: None,
        retry: None,
        timeout_ms: None,
        tags: vec!["a".to_owned()],
        unique: None,
        parent: None,
        fields: Vec::new(),
    };
    let mut bytes = Vec::new();
    body.encode(&mut bytes);
    assert_eq!(JobBody::decode(2, &bytes), Some(body.clone()));
    bytes.pop();
    assert_eq!(JobBody::decode(1, &bytes), Some(body.clone()), "it ended before the fields");
    assert_eq!(JobBody::decode(2, &bytes), None);
    let (state, mut bytes) = (body.first_state(7), Vec::new());
    state.encode(&mut bytes);
    assert_eq!(JobState::decode(2, &bytes), Some(state.clone()));
    bytes.truncate(bytes.len() - 4);
    assert_eq!(JobState::decode(1, &bytes), Some(state), "it ended before parent, children and extras");
    assert_eq!(JobState::decode(3, &bytes), None);
}

#[tokio::test]
async fn draining_takes_those_that_wait_for_children_too() {
    let kernel = Kernel::new().await;
    let (parent, children) = kernel.family(2, OnFailure::FailParent).await;
    let other = NewJob { queue: "others".parse().unwrap(), ..job() };
    let elsewhere =
        kernel.add(NewJob { parent: Some(Parent { id: parent, on_failure: OnFailure::FailParent }), ..other }).await;
    let drained = kernel.queues.drain_lane(company(1), &super::queue(), |_| Ok(())).await.unwrap();
    assert_eq!(drained, 3);
    assert_eq!(kernel.state(parent).await, State::Cancelled, "it did not fail with its children");
    for child in children {
        assert_eq!(kernel.state(child).await, State::Cancelled);
    }
    assert_eq!(kernel.state(elsewhere).await, State::Waiting, "another queue is another line");
    audit(&kernel).await;
}
