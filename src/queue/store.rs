//! Tables of the queue kernel.
//!
//! Everything that follows from a job's row (ready index, timers, unique key, lists of pending and
//! finished jobs, counters) is written by `writer::Writer` as the difference of two rows, in the same
//! transaction. Beside it, an enqueue takes unique keys and sets the timers of their windows, an enqueue
//! and an edit enter a job under its tags and fields, a timer that fired is removed, retention and
//! deletion remove what is left of a finished job, and a start moves the counters of active jobs.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    groups::LimitedGroups,
    job::{AttemptError, OnFailure, RetryPolicy, State, UniqueScope},
    notes::LogLine,
    settings::QueueSettings,
    state::{JobState, Place},
};
use crate::{
    base::{QueueId, RawId, Timestamp},
    named_value, postcard_value,
    storage::{CounterKey, Error, Read, Table, Tx, keyspaces},
};

/// A company's `hi` and a job's `hi`.
pub(super) type JobKey = (u64, u64);

/// What a job is; only an operator changes its payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct JobBody {
    pub(super) id_lo: u64,
    pub(super) company_lo: u64,
    pub(super) queue: QueueId,
    pub(super) kind: String,
    pub(super) payload: Bytes,
    pub(super) priority: u8,
    pub(super) group: u64,
    pub(super) group_text: Option<String>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) tags: Vec<String>,
    pub(super) unique: Option<(String, UniqueScope)>,
    pub(super) parent: Option<RawId>,
    /// What the search fields of its queue found in the payload: path and value.
    pub(super) fields: Vec<(String, String)>,
}

// Format 1 ended before the fields, and a list of none is one zero.
postcard_value!(JobBody, 2, 1 + [0]);

impl JobBody {
    /// The row the job has while none is written.
    pub(super) fn first_state(&self, job: u64) -> JobState {
        let place = Place { queue: self.queue, priority: self.priority, group: self.group, ord: job };
        JobState::enqueued(place, kind_hash(&self.kind), self.payload.len() as u32)
    }
}

/// The job at a place in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReadyRow {
    pub(super) job: u64,
    pub(super) kind: u32,
    pub(super) bytes: u32,
}
postcard_value!(ReadyRow, 1);

/// What a timer does, as the last part of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum TimerKind {
    /// A delayed or retrying job becomes waiting.
    Due = 0,
    /// A job that was not started fails.
    Expiry = 1,
    /// A unique key that held for a window is free again.
    KeyWindow = 2,
}

/// What a timer needs beside its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TimerRow {
    pub(super) queue: QueueId,
    /// The unique key, for [`TimerKind::KeyWindow`].
    pub(super) key: Option<String>,
}
postcard_value!(TimerRow, 1);

/// The job that holds a unique key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UniqueRow {
    pub(super) job: RawId,
    /// For a window, its end.
    pub(super) until: Option<Timestamp>,
}
postcard_value!(UniqueRow, 1);

/// A finished job in the order of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FinishedRow {
    pub(super) bytes: u32,
}
postcard_value!(FinishedRow, 1);

// Zeros stand for the fields that format 2 of an error has behind those of format 1.
postcard_value!(AttemptError, 2, 1 + [0; 2]);

/// The result of a completed job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResultRow {
    pub(super) result: Bytes,
}
postcard_value!(ResultRow, 1);

/// How far a job has come, and where its handler goes on after a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct NotesRow {
    pub(super) percent: Option<f32>,
    pub(super) data: Option<Bytes>,
    pub(super) told_at: Option<Timestamp>,
    /// Lines of the log.
    pub(super) lines: u32,
    /// Of a handler of this process, for itself.
    pub(super) checkpoint: Option<Bytes>,
}
postcard_value!(NotesRow, 1);

/// Lines of a job's log that came together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinesRow {
    pub(super) lines: Vec<LogLine>,
}
postcard_value!(LinesRow, 1);

/// A child of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChildRow {
    /// The low half of its id.
    pub(super) lo: u64,
    pub(super) on_failure: OnFailure,
    /// The state in which it ended.
    pub(super) end: Option<State>,
}
postcard_value!(ChildRow, 1);

/// A queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct QueueRow {
    pub(super) id: QueueId,
    /// The figures an operator has set; the defaults otherwise.
    pub(super) settings: Option<QueueSettings>,
}
named_value!(QueueRow, 1);

/// A company's part of a queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LaneRow {
    pub(super) is_paused: bool,
    /// Groups with limits of their own.
    #[serde(default)]
    pub(super) groups: LimitedGroups,
}
named_value!(LaneRow, 1);

/// The number of this start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BootRow {
    pub(super) boot: u32,
}
named_value!(BootRow, 1);

pub(super) const JOBS: Table<JobKey, JobBody> = Table::of(keyspaces::JOBS);
pub(super) const JOB_STATES: Table<JobKey, JobState> = Table::of(keyspaces::JOB_STATES);
pub(super) const READY: Table<(u64, QueueId, u8, u64, u64), ReadyRow> = Table::of(keyspaces::READY);
pub(super) const TIMERS: Table<(Timestamp, u64, u64, u8), TimerRow> = Table::of(keyspaces::TIMERS);
pub(super) const UNIQUE_KEYS: Table<(u64, QueueId, String), UniqueRow> = Table::of(keyspaces::UNIQUE_KEYS);
pub(super) const FINISHED: Table<(u64, QueueId, u8, Timestamp, u64), FinishedRow> = Table::of(keyspaces::FINISHED);
pub(super) const JOB_ERRORS: Table<(u64, u64, u32), AttemptError> = Table::of(keyspaces::JOB_ERRORS);
pub(super) const JOB_RESULTS: Table<JobKey, ResultRow> = Table::of(keyspaces::JOB_RESULTS);
pub(super) const JOB_NOTES: Table<JobKey, NotesRow> = Table::of(keyspaces::JOB_NOTES);
/// By job and the number of the first line.
pub(super) const JOB_LINES: Table<(u64, u64, u32), LinesRow> = Table::of(keyspaces::JOB_LINES);
/// By hash of the tag.
pub(super) const JOB_TAGS: Table<(u64, u64, u64), ()> = Table::of(keyspaces::JOB_TAGS);
/// By hash of path and value.
pub(super) const JOB_FIELDS: Table<(u64, QueueId, u64, u64), ()> = Table::of(keyspaces::JOB_FIELDS);
/// By parent and child.
pub(super) const FLOW_CHILDREN: Table<(u64, u64, u64), ChildRow> = Table::of(keyspaces::FLOW_CHILDREN);
pub(super) const PENDING_JOBS: Table<(u64, QueueId, u8, Timestamp, u64), ()> = Table::of(keyspaces::PENDING_JOBS);
/// Jobs of groups under a lease outside.
pub(super) const HELD_IN_GROUPS: Table<JobKey, ()> = Table::of(keyspaces::HELD_IN_GROUPS);
pub(super) const QUEUES: Table<String, QueueRow> = Table::of(keyspaces::QUEUES);
pub(super) const LANES: Table<(QueueId, u64), LaneRow> = Table::of(keyspaces::LANES);
pub(super) const QUEUE_BOOTS: Table<u8, BootRow> = Table::of(keyspaces::QUEUE_BOOTS);

/// The area of all counters of this module.
const AREA: u8 = 10;
/// Payload bytes of finished jobs are counted at this offset from the state.
const BYTES_OF: u8 = 16;

/// The hash of a kind that refs carry.
pub(super) fn kind_hash(kind: &str) -> u32 {
    xxh3_64(kind.as_bytes()) as u32
}

/// The counter of a lane's jobs in one state.
pub(super) const fn jobs_in(company: u64, queue: QueueId, state: State) -> CounterKey {
    CounterKey { area: AREA, company, subject: queue.0 as u64, what: state as u8 }
}

/// The counter of the payload bytes of a lane's finished jobs in one state.
pub(super) const fn bytes_in(company: u64, queue: QueueId, state: State) -> CounterKey {
    CounterKey { area: AREA, company, subject: queue.0 as u64, what: BYTES_OF + state as u8 }
}

/// The counter of a queue's jobs in one state over all companies.
pub(super) const fn all_jobs_in(queue: QueueId, state: State) -> CounterKey {
    jobs_in(0, queue, state)
}

/// Counts jobs of a lane in or out of a state, and of its queue as a whole.
pub(super) fn count(tx: &mut Tx<'_>, company: u64, queue: QueueId, state: State, delta: i64) {
    tx.add(jobs_in(company, queue, state), delta);
    tx.add(all_jobs_in(queue, state), delta);
}

/// The counter of queue names handed out.
pub(super) const QUEUE_COUNT: CounterKey = CounterKey { area: AREA, company: 0, subject: 0, what: u8::MAX };

/// The counter of the queues a company uses, beside the built-in ones.
pub(super) const fn lanes_of(company: u64) -> CounterKey {
    CounterKey { area: AREA, company, subject: 0, what: u8::MAX }
}

/// The row of a job, written or not; `None` when there is no such job.
pub(super) fn find_state(read: &impl Read, key: JobKey) -> Result<Option<JobState>, Error> {
    if let Some(row) = read.get(JOB_STATES, &key)? {
        return Ok(Some(row));
    }
    Ok(read.get(JOBS, &key)?.map(|body| body.first_state(key.1)))
}

/// The key of a place in the ready index.
pub(super) const fn ready_key(company: u64, place: &Place) -> (u64, QueueId, u8, u64, u64) {
    (company, place.queue, place.priority, place.group, place.ord)
}
