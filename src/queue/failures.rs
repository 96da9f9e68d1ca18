//! Dead letters by what went wrong: jobs that failed alike are told as one group.
//!
//! Two errors are alike when their first lines are, but for words that hold a digit: numbers, times and ids differ from job
//! to job. A group is named by the hash of that, its *fingerprint*, which a search takes too.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

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

/// Kinds and queues of a group that are named.
const NAMED: usize = 20;

/// Failed jobs with errors that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// What their errors have in common, hashed.
    pub fingerprint: u64,
    /// Their kinds, at most twenty; one where jobs of different kinds are told apart.
    pub kinds: BTreeSet<String>,
    /// Their queues, at most twenty.
    pub queues: BTreeSet<String>,
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
        let mut groups = Groups::telling(usize::MAX);
        for ((.., at, job), _) in rows.into_iter().take(MAX_GROUPED) {
            let Some(failure) = undamaged(failure(read, (company.hi(), job), at))?.flatten() else { continue };
            groups.add((failure.kind.clone(), failure.fingerprint), failure, queue);
        }
        let mut groups = groups.largest_first();
        let is_complete = is_all && groups.len() <= MAX_GROUPS;
        groups.truncate(MAX_GROUPS);
        Ok(Failures { groups, is_complete })
    }
}

/// A dead letter by what went wrong with it.
pub(super) struct Failure {
    pub(super) fingerprint: u64,
    pub(super) kind: String,
    reason: Option<FailureReason>,
    error: String,
    at: Timestamp,
    job: JobId,
}

/// What went wrong with a job that failed at this time; `None` when it is gone.
pub(super) fn failure(read: &impl Read, key: JobKey, at: Timestamp) -> Result<Option<Failure>, storage::Error> {
    let Some((head, row)) = read.get(JOB_HEADS, &key)?.zip(read.get(JOB_STATES, &key)?) else { return Ok(None) };
    let error = last_error(read, key, &row)?;
    let (fingerprint, job) = (fingerprint(&error), JobId::from_raw(RawId { hi: key.1, lo: head.id_lo }));
    Ok(Some(Failure { fingerprint, kind: head.kind, reason: row.failure, error, at, job }))
}

/// Groups so far, by what their jobs have in common.
pub(super) struct Groups<K> {
    by: HashMap<K, FailureGroup>,
    /// Bytes of an error that are told.
    error_bytes: usize,
    /// Jobs in them.
    pub(super) jobs: u64,
}

impl<K: Hash + Eq> Groups<K> {
    /// None yet; so many bytes of an error are told.
    pub(super) fn telling(error_bytes: usize) -> Self {
        Self { by: HashMap::new(), error_bytes, jobs: 0 }
    }

    /// Adds a job; the latest comes first.
    pub(super) fn add(&mut self, by: K, failure: Failure, queue: &QueueName) {
        self.jobs += 1;
        let Failure { fingerprint, kind, reason, mut error, at, job } = failure;
        let group = self.by.entry(by).or_insert_with(|| {
            error.truncate(error.floor_char_boundary(self.error_bytes));
            let (kinds, queues) = (BTreeSet::new(), BTreeSet::new());
            FailureGroup { fingerprint, kinds, queues, reason, error, count: 0, first_at: at, last_at: at, latest: job }
        });
        group.count += 1;
        group.first_at = at;
        for (names, name) in [(&mut group.kinds, kind), (&mut group.queues, queue.to_string())] {
            if names.len() < NAMED {
                names.insert(name);
            }
        }
    }

    pub(super) fn largest_first(self) -> Vec<FailureGroup> {
        let mut groups: Vec<_> = self.by.into_values().collect();
        groups.sort_unstable_by_key(|group| Reverse((group.count, group.last_at, group.fingerprint)));
        groups
    }
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
