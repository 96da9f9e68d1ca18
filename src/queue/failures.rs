//! Dead letters by what went wrong: jobs that failed alike are told as one group.
//!
//! Two errors are alike when their first lines are, but for words that hold a digit: numbers, times and ids differ from job
//! to job. A group is named by the hash of that, its *fingerprint*, which a search takes too.

use std::{cmp::Reverse, collections::HashMap};

use xxhash_rust::xxh3::xxh3_64;

use super::{
    error::Error,
    job::{FailureReason, State},
    job_head::JOB_HEADS,
    name::QueueName,
    registry::Queues,
    state::JobState,
    store::{FINISHED, JOB_ERRORS, JOB_STATES, JobKey},
};
use crate::{
    base::{CompanyId, JobId, RawId, Timestamp},
    storage::{self, KeyRange, Order, Read},
};

/// Failed jobs that one look at a queue groups: the latest.
const MAX_GROUPED: usize = 1_000;
/// Groups that are told: the largest.
const MAX_GROUPS: usize = 100;
/// Characters of an error that count.
const COMPARED_CHARS: usize = 300;

/// Failed jobs of a kind with errors that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// What their errors have in common, hashed.
    pub fingerprint: u64,
    /// Their kind.
    pub kind: String,
    /// Why the latest of them was given up.
    pub reason: Option<FailureReason>,
    /// The error of the latest of them.
    pub error: String,
    /// How many there are among those looked at.
    pub count: u64,
    /// When the first of them failed.
    pub first_at: Timestamp,
    /// When the latest of them failed.
    pub last_at: Timestamp,
    /// The latest of them.
    pub latest: JobId,
}

/// The dead letters of a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// The groups, the largest first.
    pub groups: Vec<FailureGroup>,
    /// Whether all failed jobs were looked at, and all groups are told.
    pub is_complete: bool,
}

/// What errors like this one have in common, hashed.
pub(super) fn fingerprint(error: &str) -> u64 {
    let mut words = String::new();
    let line = error.lines().next().unwrap_or_default();
    let cut = line.char_indices().nth(COMPARED_CHARS).map_or(line.len(), |(at, _)| at);
    let line = line.get(..cut).unwrap_or(line);
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        words.push_str(if word.chars().any(char::is_numeric) { "#" } else { word });
        let next = behind.find(is_word).unwrap_or(behind.len());
        let (between, behind) = behind.split_at(next);
        words.push_str(between);
        rest = behind;
    }
    xxh3_64(words.as_bytes())
}

/// What went wrong with a failed job, in words.
pub(super) fn last_error(read: &impl Read, (company, job): JobKey, row: &JobState) -> Result<String, storage::Error> {
    let of_attempt = matches!(row.failure, Some(FailureReason::Exhausted | FailureReason::Discarded));
    let number = row.errors.checked_sub(1).filter(|_| of_attempt);
    let error = number.map(|number| read.get(JOB_ERRORS, &(company, job, number))).transpose()?.flatten();
    Ok(match error {
        Some(error) => error.error,
        None => row.failure.map_or("failed", FailureReason::as_str).to_owned(),
    })
}

impl Queues {
    /// The latest dead letters of a queue in groups that are alike; damaged ones are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn failures(&self, read: &impl Read, company: CompanyId, queue: &QueueName) -> Result<Failures, Error> {
        let Some(line) = self.inner.find(queue) else { return Ok(Failures::default()) };
        let range = KeyRange::prefix(&(company.hi(), line.id, State::Failed as u8));
        let rows = read.list_past_damage(FINISHED, &range, Order::Descending, MAX_GROUPED + 1)?;
        let is_all = rows.len() <= MAX_GROUPED;
        let mut groups: HashMap<(String, u64), FailureGroup> = HashMap::new();
        for ((.., at, job), _) in rows.into_iter().take(MAX_GROUPED) {
            let Some((key, group)) = undamaged(one(read, (company.hi(), job), at))?.flatten() else { continue };
            // The latest comes first.
            let known = groups.entry(key).or_insert(group);
            known.count += 1;
            known.first_at = at;
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_unstable_by_key(|group| Reverse((group.count, group.last_at)));
        let is_complete = is_all && groups.len() <= MAX_GROUPS;
        groups.truncate(MAX_GROUPS);
        Ok(Failures { groups, is_complete })
    }
}

/// A group of one failed job, not counted yet.
pub(super) type OfOne = ((String, u64), FailureGroup);

pub(super) fn one(read: &impl Read, key: JobKey, at: Timestamp) -> Result<Option<OfOne>, storage::Error> {
    let Some((head, row)) = read.get(JOB_HEADS, &key)?.zip(read.get(JOB_STATES, &key)?) else { return Ok(None) };
    let error = last_error(read, key, &row)?;
    let (fingerprint, latest) = (fingerprint(&error), JobId::from_raw(RawId { hi: key.1, lo: head.id_lo }));
    let kind = head.kind;
    let (reason, named) = (row.failure, (kind.clone(), fingerprint));
    Ok(Some((named, FailureGroup { fingerprint, kind, reason, error, count: 0, first_at: at, last_at: at, latest })))
}

pub(super) fn undamaged<T>(read: Result<T, storage::Error>) -> Result<Option<T>, storage::Error> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error @ storage::Error::Corrupt { .. }) => {
            tracing::error!(%error, "a damaged job is left out of the dead letters: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn errors_are_alike_but_for_numbers_and_ids() {
        let same = |left: &str, right: &str| fingerprint(left) == fingerprint(right);
        assert!(same("timed out after 30 s", "timed out after 1500 s"));
        assert!(same("no user 4f3a-beef of x", "no user 99-a of x\nat line 3"));
        assert!(same("job_01abc: refused", "job_02def: refused"));
        assert!(!same("timed out", "refused"));
        assert!(!same("a b", "a, b"));
        assert!(same("", "\nmore"));
        assert!(same(&"é".repeat(400), &"é".repeat(500)));
    }
}
