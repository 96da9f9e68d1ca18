//! Who starts before whom.

use futures_util::poll;
use tokio_util::sync::CancellationToken;

use super::{LOADED_AT_ONCE, LastTurns, REMEMBERED, Turn};
use crate::{
    base::QueueId,
    queue::{
        claim::Granted,
        state::{JobState, Place},
    },
};

fn granted(company: u64, job: u64, is_lesser: bool) -> Granted {
    let place = Place { queue: QueueId(9), priority: 5, group: 0, ord: job };
    Granted { key: (company, job), is_lesser, state: JobState::enqueued(place, 0, 0), group_limit: None }
}

/// Jobs of a company, with these numbers.
fn jobs(company: u64, jobs: std::ops::Range<u64>) -> Vec<Granted> {
    jobs.map(|job| granted(company, job, false)).collect()
}

/// Whether nothing is left to wait for.
fn has_come(turn: &Turn) -> bool {
    turn.before.iter().all(CancellationToken::is_cancelled)
}

/// What a claim of one batch brought.
fn only(turns: &mut LastTurns, jobs: Vec<Granted>) -> Turn {
    let mut batches = turns.batches(jobs);
    assert_eq!(batches.len(), 1);
    batches.remove(0).1
}

#[test]
fn a_batch_waits_for_the_one_before_with_jobs_of_its_company() {
    let mut turns = LastTurns::default();
    let first = only(&mut turns, jobs(1, 0..3));
    let second = only(&mut turns, jobs(1, 3..6));
    let third = only(&mut turns, jobs(1, 6..9));
    assert!(has_come(&first));
    assert!(!has_come(&second) && !has_come(&third));
    drop(first);
    assert!(has_come(&second));
    assert!(!has_come(&third), "the second has not started its jobs");
    drop(second);
    assert!(has_come(&third));
}

#[tokio::test]
async fn a_turn_comes_once_those_before_have_started_or_failed_to() {
    let mut turns = LastTurns::default();
    let (one, two) = (only(&mut turns, jobs(1, 0..1)), only(&mut turns, jobs(2, 1..2)));
    let mut both = only(&mut turns, [jobs(1, 2..3), jobs(2, 3..4)].concat());
    let mut coming = std::pin::pin!(both.come());
    assert!(poll!(&mut coming).is_pending());
    drop(two);
    assert!(poll!(&mut coming).is_pending());
    drop(one);
    assert!(poll!(&mut coming).is_ready());
}

#[test]
fn a_batch_waits_for_no_batch_of_other_companies() {
    let mut turns = LastTurns::default();
    let _first = only(&mut turns, jobs(1, 0..3));
    assert!(has_come(&only(&mut turns, jobs(2, 3..6))));
}

#[test]
fn a_batch_of_several_companies_waits_for_each_of_them() {
    let mut turns = LastTurns::default();
    let (one, two) = (only(&mut turns, jobs(1, 0..1)), only(&mut turns, jobs(2, 1..2)));
    let both = only(&mut turns, [jobs(1, 2..3), jobs(2, 3..4), jobs(1, 4..5)].concat());
    drop(one);
    assert!(!has_come(&both));
    drop(two);
    assert!(has_come(&both), "its own two runs of a company are one batch");
    let behind = only(&mut turns, jobs(2, 5..6));
    assert!(!has_come(&behind));
    drop(both);
    assert!(has_come(&behind));
}

#[test]
fn a_long_claim_is_cut_into_batches_that_keep_their_order() {
    let mut turns = LastTurns::default();
    let count = LOADED_AT_ONCE as u64 * 2 + 1;
    let mut batches = turns.batches(jobs(1, 0..count));
    let order: Vec<u64> = batches.iter().flat_map(|(batch, _)| batch).map(|granted| granted.key.1).collect();
    assert_eq!(order, (0..count).collect::<Vec<_>>());
    assert_eq!(batches.iter().map(|(batch, _)| batch.len()).collect::<Vec<_>>(), [LOADED_AT_ONCE, LOADED_AT_ONCE, 1]);
    let (_, last) = batches.pop().unwrap();
    assert!(!has_come(&last));
    batches.clear();
    assert!(has_come(&last));
}

#[test]
fn companies_that_held_little_come_first_and_all_of_their_jobs_together() {
    let mut turns = LastTurns::default();
    let claim = vec![granted(1, 0, false), granted(2, 1, true), granted(1, 2, false), granted(2, 3, false)];
    let batches = turns.batches(claim);
    let order = |batch: &[Granted]| batch.iter().map(|granted| granted.key).collect::<Vec<_>>();
    assert_eq!(batches.iter().map(|(batch, _)| order(batch)).collect::<Vec<_>>(), [[(2, 1), (2, 3)], [(1, 0), (1, 2)]]);
    assert!(batches.iter().all(|(_, turn)| has_come(turn)), "neither has jobs of the other's companies");
}

#[test]
fn a_batch_that_was_given_up_holds_up_nobody() {
    let mut turns = LastTurns::default();
    // Dropped like that of a load that panicked, or of a claim that was never answered.
    drop(turns.batches(jobs(1, 0..3)));
    assert!(has_come(&only(&mut turns, jobs(1, 3..6))));
}

#[test]
fn companies_whose_batches_have_started_are_forgotten_and_others_are_not() {
    let mut turns = LastTurns::default();
    let held = only(&mut turns, jobs(7, 0..1));
    for company in 1_000..1_000 + 4 * REMEMBERED as u64 {
        drop(only(&mut turns, jobs(company, 1..2)));
    }
    assert!(turns.by_company.len() <= REMEMBERED, "{} are remembered", turns.by_company.len());
    let behind = only(&mut turns, jobs(7, 2..3));
    assert!(!has_come(&behind));
    drop(held);
    assert!(has_come(&behind));
}
