//! Where a search looks: the index of its most telling condition.

use super::{
    JobFilter, Place,
    sources::{self, Batch},
};
use crate::{
    base::QueueId,
    queue::{
        error::Error,
        index::{field_hash, tag_hash},
        job::State,
        registry::Queues,
        store::jobs_in,
    },
    storage::Read,
};

/// A company's part of a queue is listed as a whole up to this many jobs.
pub(super) const SMALL_LANE: u64 = 2_000;

/// The number of a search by field.
const FIELD: u64 = 3;

/// Where the candidates of a search come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// All jobs as they lie on disk, newest first.
    Jobs,
    /// Under a tag, newest first.
    Tag(u64),
    /// Under a payload field of a queue, newest first.
    Field(QueueId, u64),
    /// Children of a job, in the order they were added.
    Children(u64),
    /// Every job of a queue that has few, newest first.
    Lane(QueueId),
    /// Finished in this state in these queues, the latest first.
    Finished(State, Vec<QueueId>),
    /// Delayed or retrying in these queues, the next due first.
    Pending(State, Vec<QueueId>),
    /// Waiting in these queues, in the order of their lines, then those that wait for children.
    Waiting(Vec<QueueId>),
    /// Active, newest first; known in memory.
    Active(Vec<QueueId>),
}

impl Plan {
    /// The plan of a search, or of the page behind a place.
    pub(super) fn of(
        queues: &Queues,
        read: &impl Read,
        company: u64,
        (filter, after): (&JobFilter, Option<Place>),
    ) -> Result<Self, Error> {
        let lines = match &filter.queue {
            Some(name) => queues.inner.find(name).into_iter().collect(),
            None => queues.inner.lines(),
        };
        let has_queue = filter.queue.is_some();
        if let (Some(line), Some((path, value))) = (lines.first().filter(|_| has_queue), &filter.field)
            && after.map_or_else(|| line.settings().search_fields.contains(path), |after| is_by_field(&after))
        {
            // A search that has begun goes on in the same way when the fields of the queue have changed meanwhile: an
            // index that is not kept up any more still holds every job that was there when it was chosen.
            return Ok(Self::Field(line.id, field_hash(path, value)));
        }
        if let Some(tag) = &filter.tag {
            return Ok(Self::Tag(tag_hash(tag)));
        }
        if let Some(parent) = filter.parent {
            return Ok(Self::Children(parent.hi()));
        }
        let count = |queue: QueueId, state: State| -> Result<u64, Error> {
            Ok(read.counter(&jobs_in(company, queue, state))?.max(0).cast_unsigned())
        };
        // An error is one of a failed job.
        if let Some(state) = filter.state.or_else(|| filter.error.map(|_| State::Failed)) {
            let mut used = Vec::new();
            for line in &lines {
                // What is active on disk may be waiting for the counters and the other way round, around a restart.
                let is_used = matches!(state, State::Waiting | State::Active) || count(line.id, state)? > 0;
                if is_used {
                    used.push(line.id);
                }
            }
            return Ok(match state {
                State::Completed | State::Failed | State::Cancelled => Self::Finished(state, used),
                State::Delayed | State::Retrying => Self::Pending(state, used),
                State::Waiting => Self::Waiting(used),
                State::Active => Self::Active(used),
            });
        }
        if let Some(line) = lines.first().filter(|_| has_queue) {
            let mut jobs = 0;
            for state in State::ALL {
                jobs += count(line.id, state)?;
            }
            if jobs <= SMALL_LANE {
                return Ok(Self::Lane(line.id));
            }
        } else if has_queue {
            // There is no such queue, so there are no jobs in it.
            return Ok(Self::Active(Vec::new()));
        }
        Ok(Self::Jobs)
    }

    /// The next candidates behind a place.
    pub(super) fn next(
        &self,
        queues: &Queues,
        read: &impl Read,
        company: u64,
        filter: &JobFilter,
        after: Option<Place>,
    ) -> Result<Batch, Error> {
        let span = span(filter, after);
        Ok(match self {
            Self::Jobs => Batch::default(),
            Self::Tag(hash) => sources::tagged(read, (company, *hash), span, |job| self.place_of(job))?,
            Self::Field(queue, hash) => {
                sources::with_field(read, (company, *queue, *hash), span, |job| self.place_of(job))?
            }
            Self::Children(parent) => sources::children(read, (company, *parent), (self.number(), after))?,
            Self::Lane(queue) => sources::lane(read, company, *queue, span, |job| self.place_of(job))?,
            Self::Active(lanes) => sources::active(queues, company, lanes, span, |job| self.place_of(job)),
            Self::Finished(state, lanes) => sources::finished(read, company, *state, lanes, (self.number(), after))?,
            Self::Pending(state, lanes) => sources::pending(read, company, *state, lanes, (self.number(), after))?,
            Self::Waiting(lanes) => sources::waiting(read, company, lanes, (self.number(), after))?,
        })
    }

    const fn number(&self) -> u64 {
        match self {
            // Both name a job and nothing else, so a page may go on after a queue has grown.
            Self::Jobs | Self::Lane(_) => 1,
            Self::Tag(_) => 2,
            Self::Field(..) => FIELD,
            Self::Finished(..) => 4,
            Self::Pending(..) => 5,
            Self::Waiting(_) => 6,
            Self::Active(_) => 7,
            Self::Children(_) => 8,
        }
    }

    /// Whether a place was given out by a search of this kind.
    pub(super) const fn has_made(&self, place: &Place) -> bool {
        let [number, ..] = place;
        *number == self.number()
    }

    pub(super) const fn place_of(&self, job: u64) -> Place {
        [self.number(), job, 0, 0, 0]
    }

    #[expect(clippy::unused_self, reason = "the counterpart of `place_of`")]
    pub(super) const fn job_of(&self, place: &Place) -> u64 {
        let [_, job, ..] = place;
        *job
    }
}

const fn is_by_field(place: &Place) -> bool {
    let [number, ..] = place;
    *number == FIELD
}

/// Jobs from the first exclusive down to the second inclusive, by the times of the filter and a place that names a job.
pub(super) fn span(filter: &JobFilter, after: Option<Place>) -> (u64, u64) {
    let id_at = |at: crate::base::Timestamp| (at.as_ms().max(0).cast_unsigned()).saturating_mul(1 << 16);
    let newest = filter.until.map_or(u64::MAX, id_at);
    let newest = after.map_or(newest, |after| newest.min(Plan::Jobs.job_of(&after)));
    (newest, filter.since.map_or(0, id_at).min(newest))
}
