//! The state machine against its table of allowed edges, by random programs.

use proptest::prelude::*;

use super::{Claim, Claimed, End, JobState, Moment, Place, RESCUES_MAX, Refusal};
use crate::{
    base::{QueueId, Timestamp},
    queue::job::{FailureReason, State},
};

const BOOT: u32 = 7;
const ATTEMPTS: u32 = 3;

fn place(ord: u64) -> Place {
    Place { queue: QueueId(9), priority: 5, group: 3, ord }
}

fn claim_at(now: i64, boot: u32) -> Claim<'static> {
    Claim { now: Timestamp::from_ms(now), boot, since_boot_ms: 0, is_external: false, lease_ms: 0, worker: "" }
}

fn moment(now: i64, tail: u64) -> Moment {
    Moment { now: Timestamp::from_ms(now), tail, is_ordered: false }
}

fn started(job: &JobState, now: i64) -> JobState {
    match job.claim(&claim_at(now, BOOT)) {
        Claimed::Start(next) => next,
        other => panic!("{other:?}"),
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Claim { external: bool },
    Complete,
    Retry { delay_ms: u64, ordered: bool },
    Snooze,
    Discard,
    Release,
    Interrupt,
    Rescue,
    Restart,
    Promote,
    Expire,
    Cancel,
    RetryFinished,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<bool>().prop_map(|external| Step::Claim { external }),
        1 => Just(Step::Complete),
        3 => (0_u64..50, any::<bool>()).prop_map(|(delay_ms, ordered)| Step::Retry { delay_ms, ordered }),
        1 => Just(Step::Snooze),
        1 => Just(Step::Discard),
        1 => Just(Step::Release),
        1 => Just(Step::Interrupt),
        2 => Just(Step::Rescue),
        1 => Just(Step::Restart),
        3 => Just(Step::Promote),
        1 => Just(Step::Expire),
        1 => Just(Step::Cancel),
        1 => Just(Step::RetryFinished),
    ]
}

/// Where each state may go in one transition; the table of the module, written out.
fn may_go(from: State, to: State) -> bool {
    use State::{Active, Cancelled, Completed, Delayed, Failed, Retrying, Waiting};
    match from {
        Waiting => matches!(to, Active | Failed | Cancelled),
        Delayed => matches!(to, Waiting | Failed | Cancelled),
        Active => to != Active,
        Retrying => matches!(to, Waiting | Cancelled),
        Completed | Failed | Cancelled => to == Waiting,
    }
}

fn apply(job: &JobState, step: Step, boot: u32, now: i64, tail: u64) -> Option<JobState> {
    let at = moment(now, tail);
    let end = |end| job.settle(job.generation, end, &at).ok();
    match step {
        Step::Claim { external } => {
            let claim = Claim { is_external: external, lease_ms: 30, ..claim_at(now, boot) };
            match job.claim(&claim) {
                Claimed::Start(next) | Claimed::Leave(next) | Claimed::Rearm(next, _) => Some(next),
                Claimed::Holds | Claimed::Gone => None,
            }
        }
        Step::Complete => end(End::Complete { has_result: true }),
        Step::Retry { delay_ms, ordered } => {
            let at = Moment { is_ordered: ordered, ..at };
            job.settle(job.generation, End::Retry { attempts_max: ATTEMPTS, delay_ms }, &at).ok()
        }
        Step::Snooze => end(End::Snooze { ms: 10 }),
        Step::Discard => end(End::Discard),
        Step::Release => end(End::Release),
        Step::Interrupt => end(End::Interrupt),
        Step::Rescue => job.rescue(job.generation, at.now).ok(),
        Step::Restart => None,
        Step::Promote => job.promote(&at).ok(),
        Step::Expire => job.expire(at.now).ok(),
        Step::Cancel => job.cancel(at.now).ok(),
        Step::RetryFinished => job.retry_finished(&at).ok(),
    }
}

fn check_row(job: &JobState, boot: u32) -> Result<(), TestCaseError> {
    let indexes = job.indexes(boot);
    let is_pending = matches!(job.state, State::Delayed | State::Retrying);
    prop_assert_eq!(indexes.due.is_some(), is_pending);
    prop_assert_eq!(indexes.finished.is_some(), job.state.is_terminal());
    prop_assert_eq!(job.lease.is_some(), job.state == State::Active);
    prop_assert_eq!(indexes.ready.is_some(), !job.state.is_terminal() && (!is_pending || job.keeps_place));
    prop_assert!(job.attempt <= ATTEMPTS, "attempt {}", job.attempt);
    prop_assert!(job.rescues <= RESCUES_MAX);
    prop_assert_eq!(job.failure.is_some(), job.state == State::Failed);
    Ok(())
}

proptest! {
    #[test]
    fn random_programs_stay_within_the_table(steps in prop::collection::vec(step(), 1..60)) {
        let mut job = JobState::enqueued(place(1), 0, 0);
        let mut boot = BOOT;
        for (number, step) in steps.into_iter().enumerate() {
            if matches!(step, Step::Restart) {
                boot += 1;
            }
            let now = number as i64 + 10;
            let Some(next) = apply(&job, step, boot, now, 100 + number as u64) else { continue };
            let is_reclaim = matches!(step, Step::Claim { .. }) && job.state == State::Active;
            prop_assert!(is_reclaim || may_go(job.state, next.state), "{:?} {:?} {:?}", job.state, step, next.state);
            let begins = next.generation != job.generation;
            prop_assert_eq!(next.generation, job.generation + u32::from(begins));
            let is_claim = matches!(step, Step::Claim { .. });
            prop_assert!(!begins || (next.state == State::Active && is_claim));
            check_row(&next, boot)?;
            job = next;
        }
    }
}

#[test]
fn a_stale_generation_settles_nothing() {
    let first = started(&JobState::enqueued(place(1), 0, 0), 1);
    let waiting = first.rescue(first.generation, Timestamp::from_ms(2)).unwrap();
    let end = End::Complete { has_result: false };
    assert_eq!(waiting.settle(first.generation, end, &moment(3, 9)), Err(Refusal::Stale));
    let second = started(&waiting, 4);
    assert_eq!(second.settle(first.generation, end, &moment(5, 9)), Err(Refusal::Stale));
    let done = second.settle(second.generation, end, &moment(6, 9)).unwrap();
    assert_eq!(done.settle(second.generation, end, &moment(7, 9)), Err(Refusal::Stale));
}

#[test]
fn the_third_lost_lease_in_a_row_stalls() {
    let mut job = JobState::enqueued(place(1), 0, 0);
    for _ in 0..2 {
        job = started(&job, 1);
        assert_eq!(job.attempt, 1);
        job = job.rescue(job.generation, Timestamp::from_ms(2)).unwrap();
        assert_eq!((job.state, job.place.ord, job.attempt), (State::Waiting, 1, 0));
    }
    job = started(&job, 3);
    let stalled = job.rescue(job.generation, Timestamp::from_ms(4)).unwrap();
    assert_eq!((stalled.state, stalled.failure), (State::Failed, Some(FailureReason::Stalled)));
}

#[test]
fn leases_of_a_dead_boot_are_taken_over_or_honoured() {
    let job = started(&JobState::enqueued(place(1), 0, 0), 1);
    assert_eq!(job.effective(BOOT), State::Active);
    assert_eq!(job.effective(BOOT + 1), State::Waiting);
    assert_eq!(job.claim(&claim_at(2, BOOT)), Claimed::Gone);
    let Claimed::Start(again) = job.claim(&claim_at(2, BOOT + 1)) else { panic!("not started") };
    assert_eq!((again.generation, again.attempt, again.rescues), (2, 1, 1));

    let external = Claim { is_external: true, lease_ms: 1000, ..claim_at(1, BOOT) };
    let Claimed::Start(job) = JobState::enqueued(place(1), 0, 0).claim(&external) else { panic!("not started") };
    let early = Claim { since_boot_ms: 400, ..claim_at(2, BOOT + 1) };
    assert!(matches!(job.claim(&early), Claimed::Rearm(_, 600)));
    let rearmed = job.rearm(job.generation, BOOT + 1).unwrap();
    assert_eq!(rearmed.effective(BOOT + 1), State::Active);
    let late = Claim { since_boot_ms: 1000, ..early };
    assert!(matches!(job.claim(&late), Claimed::Start(_)));
    assert!(job.settle(job.generation, End::Complete { has_result: false }, &moment(3, 9)).is_ok());
}

#[test]
fn retries_end_with_the_attempts_and_snoozes_use_none() {
    let retry = End::Retry { attempts_max: 2, delay_ms: 100 };
    let mut job = started(&JobState::enqueued(place(1), 0, 0), 1);
    job = job.settle(job.generation, End::Snooze { ms: 0 }, &moment(1, 5)).unwrap();
    assert_eq!((job.state, job.attempt, job.run_at), (State::Delayed, 0, Some(Timestamp::from_ms(2))));
    job = started(&job.promote(&moment(2, 6)).unwrap(), 2);
    assert_eq!(job.place.ord, 6);
    job = job.settle(job.generation, retry, &moment(2, 7)).unwrap();
    assert_eq!((job.state, job.attempt, job.run_at), (State::Retrying, 1, Some(Timestamp::from_ms(102))));
    job = started(&job.promote(&moment(102, 8)).unwrap(), 102);
    job = job.settle(job.generation, retry, &moment(103, 9)).unwrap();
    assert_eq!((job.state, job.failure, job.errors), (State::Failed, Some(FailureReason::Exhausted), 2));
    let again = job.retry_finished(&moment(104, 10)).unwrap();
    assert_eq!((again.state, again.attempt, again.place.ord), (State::Waiting, 0, 10));
}

#[test]
fn an_ordered_retry_keeps_its_place() {
    let ordered = Moment { is_ordered: true, ..moment(1, 50) };
    let job = started(&JobState::enqueued(place(1), 0, 0), 1);
    let job = job.settle(job.generation, End::Retry { attempts_max: 9, delay_ms: 10 }, &ordered).unwrap();
    assert_eq!(job.indexes(BOOT).ready, Some(place(1)));
    assert_eq!(job.claim(&claim_at(2, BOOT)), Claimed::Holds);
    let job = job.promote(&moment(11, 60)).unwrap();
    assert_eq!((job.place.ord, job.keeps_place), (1, false));
}

#[test]
fn expiry_counts_only_until_the_first_start() {
    let expiring = JobState { expire_at: Some(Timestamp::from_ms(100)), ..JobState::enqueued(place(1), 0, 0) };
    let Claimed::Leave(expired) = expiring.claim(&claim_at(100, BOOT)) else { panic!("not failed") };
    assert_eq!(expired.failure, Some(FailureReason::Expired));
    assert_eq!(expired.indexes(BOOT).expiry, None);
    let job = started(&expiring, 99);
    let job = job.settle(job.generation, End::Release, &moment(200, 9)).unwrap();
    assert!(job.expire(Timestamp::from_ms(200)).is_err());
    assert!(matches!(job.claim(&claim_at(200, BOOT)), Claimed::Start(_)));
}
