//! The mutable row of a job, and the index entries that follow from it.

use serde::{Deserialize, Serialize};

use crate::{
    base::{QueueId, Timestamp},
    queue::job::{FailureReason, State, UniqueScope},
};

/// Where a job stands in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) queue: QueueId,
    pub(crate) priority: u8,
    /// The group's number; zero for none.
    pub(crate) group: u64,
    /// Order within the group: a minted `hi`.
    pub(crate) ord: u64,
}

/// Who holds an active job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeaseRow {
    /// The start of the process that gave the lease; leases of an older one are dead.
    pub(crate) boot: u32,
    /// Given over HTTP; it outlives the process by its own length.
    pub(crate) is_external: bool,
    /// How long it holds without a heartbeat.
    pub(crate) lease_ms: u32,
    /// The name the external worker gave.
    pub(crate) worker: String,
}

/// A unique key the job holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldKey {
    pub(crate) key: String,
    pub(crate) scope: UniqueScope,
}

/// The mutable part of a job. A job without a row stands as [`JobState::enqueued`] made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobState {
    pub(crate) state: State,
    pub(crate) place: Place,
    /// Hash of the kind, so that a worker's filter needs no body.
    pub(crate) kind: u32,
    /// Payload size, for retention by bytes.
    pub(crate) bytes: u32,
    pub(crate) attempt: u32,
    pub(crate) generation: u32,
    pub(crate) rescues: u8,
    /// Errors recorded so far; they are numbered from zero.
    pub(crate) errors: u32,
    pub(crate) has_result: bool,
    /// Delayed or retrying in an ordered group: it keeps its place and holds back those behind it.
    pub(crate) keeps_place: bool,
    pub(crate) lease: Option<LeaseRow>,
    pub(crate) run_at: Option<Timestamp>,
    pub(crate) expire_at: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) held_key: Option<HeldKey>,
    pub(crate) failure: Option<FailureReason>,
}

/// The index entries and the counter that belong to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Indexes {
    /// In the ready index, at this place.
    pub(crate) ready: Option<Place>,
    /// On the timer list, to become waiting.
    pub(crate) due: Option<Timestamp>,
    /// On the timer list, to expire.
    pub(crate) expiry: Option<Timestamp>,
    /// Holds its unique key.
    pub(crate) holds_key: bool,
    /// In the finished index.
    pub(crate) finished: Option<Timestamp>,
    /// Counted under this state.
    pub(crate) counted: State,
}

impl JobState {
    /// The row of a job that was just accepted.
    pub(crate) const fn enqueued(place: Place, kind: u32, bytes: u32) -> Self {
        Self {
            state: State::Waiting,
            place,
            kind,
            bytes,
            attempt: 0,
            generation: 0,
            rescues: 0,
            errors: 0,
            has_result: false,
            keeps_place: false,
            lease: None,
            run_at: None,
            expire_at: None,
            started_at: None,
            finished_at: None,
            held_key: None,
            failure: None,
        }
    }

    /// Whether the row says nothing that its absence does not say.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.state, State::Waiting)
            && self.generation == 0
            && self.expire_at.is_none()
            && self.held_key.is_none()
            && self.run_at.is_none()
    }

    /// Whether the lease was given by this start of the process.
    const fn is_held(&self, boot: u32) -> bool {
        match &self.lease {
            Some(lease) => lease.boot == boot,
            None => false,
        }
    }

    /// The state as readers and counters see it: active under a dead lease is waiting.
    pub(crate) const fn effective(&self, boot: u32) -> State {
        match self.state {
            State::Active if !self.is_held(boot) => State::Waiting,
            state => state,
        }
    }

    /// The index entries and the counter that belong to this row.
    pub(crate) fn indexes(&self, boot: u32) -> Indexes {
        let is_in_line = matches!(self.state, State::Waiting | State::Active) || self.keeps_place;
        let is_pending = matches!(self.state, State::Delayed | State::Retrying);
        let was_started = self.started_at.is_some();
        let key_scope = self.held_key.as_ref().map(|held| held.scope);
        Indexes {
            ready: is_in_line.then_some(self.place),
            due: self.run_at.filter(|_| is_pending),
            expiry: self.expire_at.filter(|_| !was_started && !self.state.is_terminal()),
            holds_key: match key_scope {
                Some(UniqueScope::UntilStarted) => !was_started && !self.state.is_terminal(),
                Some(UniqueScope::UntilFinished) => !self.state.is_terminal(),
                Some(UniqueScope::Window { .. }) | None => false,
            },
            finished: self.finished_at.filter(|_| self.state.is_terminal()),
            counted: self.effective(boot),
        }
    }
}
