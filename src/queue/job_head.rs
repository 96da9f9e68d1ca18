//! What stands at the beginning of a job's body, read without its payload.
//!
//! A body may hold a megabyte; whoever only asks what a job is reads this instead, and copies nothing of it.

use serde::Deserialize;

use super::{
    registry::Queues,
    state::{JobState, Place},
    store::{JobBody, JobKey, kind_hash},
};
use crate::{
    base::{CompanyId, JobId, QueueId, RawId},
    queue::QueueName,
    storage::{Error, Read, Table, Value, keyspaces},
};

/// A job without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobHead {
    pub(super) id_lo: u64,
    pub(super) queue: QueueId,
    pub(super) kind: String,
    /// The size of its payload.
    bytes: u32,
    priority: u8,
    group: u64,
}

pub(super) const JOB_HEADS: Table<JobKey, JobHead> = Table::of(keyspaces::JOBS);

/// The first fields of a body, in their order; what follows them is left alone.
#[derive(Deserialize)]
struct Beginning<'a> {
    id_lo: u64,
    _company_lo: u64,
    queue: QueueId,
    kind: &'a str,
    #[serde(borrow)]
    payload: &'a [u8],
    priority: u8,
    group: u64,
}

impl Value for JobHead {
    const FORMAT: u8 = JobBody::FORMAT;

    fn encode(&self, _out: &mut Vec<u8>) {
        debug_assert!(false, "only whole bodies are written");
    }

    fn decode(format: u8, bytes: &[u8]) -> Option<Self> {
        if !(1..=Self::FORMAT).contains(&format) {
            return None;
        }
        let (body, _) = postcard::take_from_bytes::<Beginning<'_>>(bytes).ok()?;
        let Beginning { id_lo, queue, kind, payload, priority, group, .. } = body;
        Some(Self { id_lo, queue, kind: kind.to_owned(), bytes: payload.len() as u32, priority, group })
    }
}

impl JobHead {
    /// The row the job has while none is written; as [`JobBody::first_state`].
    pub(super) fn first_state(&self, job: u64) -> JobState {
        let place = Place { queue: self.queue, priority: self.priority, group: self.group, ord: job };
        JobState::enqueued(place, kind_hash(&self.kind), self.bytes)
    }
}

impl Queues {
    /// The id, queue and kind of a job by its `hi`; `None` when it is not there any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn identify(
        &self,
        read: &impl Read,
        company: CompanyId,
        hi: u64,
    ) -> Result<Option<(JobId, QueueName, String)>, Error> {
        let Some(head) = read.get(JOB_HEADS, &(company.hi(), hi))? else { return Ok(None) };
        let queue = self.inner.line(head.queue).map(|line| line.name.clone());
        Ok(queue.map(|queue| (JobId::from_raw(RawId { hi, lo: head.id_lo }), queue, head.kind)))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::JobHead;
    use crate::{base::QueueId, queue::store::JobBody, storage::Value};

    #[test]
    fn a_body_begins_with_its_head() {
        let body = JobBody {
            id_lo: 7,
            company_lo: u64::MAX,
            queue: QueueId(300),
            kind: "thing.do".to_owned(),
            payload: Bytes::from_static(b"[1]"),
            priority: 3,
            group: 9,
            group_text: Some("a".to_owned()),
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
        assert_eq!((head.id_lo, head.queue, head.kind.as_str()), (7, QueueId(300), "thing.do"));
        assert_eq!(head.first_state(40), body.first_state(40));
    }
}
