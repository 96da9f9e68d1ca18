//! What the feed says about jobs: one note per change of state that others follow.

use serde::{Deserialize, Serialize};

use super::{
    job::State,
    name::QueueName,
    registry::{BUILT_IN, Queues},
    state::JobState,
    store::{JobBody, JobKey},
};
use crate::{
    base::{CompanyId, JobId, QueueId, RawId},
    storage::{Error, Note, Read, Table, Tx, Value, keyspaces},
};

/// The first tag of jobs; the changes follow in their order.
const FIRST_TAG: u8 = 16;

/// A change of a job that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum JobChange {
    /// It was enqueued.
    Created,
    /// It stands in line again: its wait was ended, it was put back by hand, or its worker gave it back or was lost.
    Waiting,
    /// It was put off by its worker.
    Delayed,
    /// An attempt has begun.
    Started,
    /// An attempt failed, and there will be another one.
    Retrying,
    /// It is done.
    Completed,
    /// It was given up.
    Failed,
    /// It was stopped by a caller.
    Cancelled,
}

impl JobChange {
    /// Every change, in the order of their tags.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Waiting,
        Self::Delayed,
        Self::Started,
        Self::Retrying,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
            Self::Started => "started",
            Self::Retrying => "retrying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The change a note of the feed tells; `None` when it is not about a job.
    #[must_use]
    pub fn of(tag: u8) -> Option<Self> {
        Self::ALL.get(usize::from(tag.checked_sub(FIRST_TAG)?)).copied()
    }

    const fn of_state(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Delayed => Self::Delayed,
            State::Active => Self::Started,
            State::Retrying => Self::Retrying,
            State::Completed => Self::Completed,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }
}

/// Notes a new job.
pub(super) fn note_created(tx: &mut Tx<'_>, key: JobKey, new: &JobState) {
    note(tx, key, new, JobChange::Created);
}

/// Notes a transition, when it is one that is told.
pub(super) fn note_changed(tx: &mut Tx<'_>, key: JobKey, old: &JobState, new: &JobState) {
    if old.state != new.state {
        note(tx, key, new, JobChange::of_state(new.state));
    }
}

fn note(tx: &mut Tx<'_>, (company, job): JobKey, row: &JobState, change: JobChange) {
    // Deliveries tell of themselves; their jobs would say the same again.
    let is_delivery = BUILT_IN.iter().any(|(name, id)| *id == row.place.queue && *name == QueueName::WEBHOOK);
    if !is_delivery {
        tx.note(company, Note { tag: FIRST_TAG + change as u8, hi: job, lo: None });
    }
}

/// The beginning of a job's body, without its payload.
#[derive(Debug, Serialize, Deserialize)]
struct JobHead {
    id_lo: u64,
    company_lo: u64,
    queue: QueueId,
    kind: String,
}

const HEADS: Table<JobKey, JobHead> = Table::of(keyspaces::JOBS);

impl Value for JobHead {
    const FORMAT: u8 = JobBody::FORMAT;

    fn encode(&self, _out: &mut Vec<u8>) {
        debug_assert!(false, "only whole bodies are written");
    }

    fn decode(format: u8, bytes: &[u8]) -> Option<Self> {
        // The fields of a body stand in their order; what follows the first ones is left alone.
        (1..=Self::FORMAT).contains(&format).then(|| postcard::take_from_bytes(bytes).ok().map(|(head, _)| head))?
    }
}

impl Queues {
    /// The id, queue and kind of the job that a note names; `None` when it is not there any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn identify(
        &self,
        read: &impl Read,
        company: CompanyId,
        hi: u64,
    ) -> Result<Option<(JobId, QueueName, String)>, Error> {
        let Some(head) = read.get(HEADS, &(company.hi(), hi))? else { return Ok(None) };
        let queue = self.inner.line(head.queue).map(|line| line.name.clone());
        Ok(queue.map(|queue| (JobId::from_raw(RawId { hi, lo: head.id_lo }), queue, head.kind)))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{JobChange, JobHead};
    use crate::{base::QueueId, queue::store::JobBody, storage::Value};

    #[test]
    fn a_body_begins_with_its_head() {
        let body = JobBody {
            id_lo: 7,
            company_lo: u64::MAX,
            queue: QueueId(300),
            kind: "thing.do".to_owned(),
            payload: Bytes::from_static(b"[1]"),
            priority: 5,
            group: 0,
            group_text: None,
            retry: None,
            timeout_ms: None,
            tags: Vec::new(),
            unique: None,
            parent: None,
            fields: Vec::new(),
        };
        let mut bytes = Vec::new();
        body.encode(&mut bytes);
        let head = JobHead::decode(JobBody::FORMAT, &bytes).unwrap();
        assert_eq!((head.id_lo, head.company_lo, head.queue, head.kind), (7, u64::MAX, QueueId(300), body.kind));
    }

    #[test]
    fn tags_read_back() {
        for (position, change) in JobChange::ALL.into_iter().enumerate() {
            assert_eq!(change as usize, position);
            assert_eq!(JobChange::of(super::FIRST_TAG + change as u8), Some(change));
        }
        assert_eq!((JobChange::of(0), JobChange::of(32)), (None, None));
    }
}
