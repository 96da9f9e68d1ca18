//! The mutable row of a job, and the index entries that follow from it.

use serde::{Deserialize, Serialize};

use crate::{
    base::{QueueId, Timestamp},
    postcard_value,
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
    /// The job that waits for the end of this one.
    pub(crate) parent: Option<u64>,
    /// Children that have not ended; while there are any, a waiting job stands in no line.
    pub(crate) blocked_by: u32,
    /// Children in all.
    pub(crate) children: u32,
    /// What is kept with the job beside its rows; see [`Extras`].
    pub(crate) extras: Extras,
}

/// What is kept with a job beside its rows, so that its removal looks for nothing that is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extras(u8);

impl Extras {
    /// Progress or log lines.
    pub(crate) const NOTES: Self = Self(1);
    /// Entries in the indexes of tags or payload fields.
    pub(crate) const INDEXED: Self = Self(2);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }
}

// Zeros stand for the fields that format 2 of the row has behind those of format 1.
postcard_value!(JobState, 2, 1 + [0; 4]);

/// The time at which jobs that wait for children are listed: nothing else of them tells one.
pub(crate) const BLOCKED_AT: Timestamp = Timestamp::from_ms(0);

/// The index entries and the counter that belong to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Indexes {
    /// In the ready index, at this place.
    pub(crate) ready: Option<Place>,
    /// On the timer list, to become waiting.
    pub(crate) due: Option<Timestamp>,
    /// In the list of jobs that stand in no line yet: under this state, at this time.
    pub(crate) pending: Option<(State, Timestamp)>,
    /// On the timer list, to expire.
    pub(crate) expiry: Option<Timestamp>,
    /// Holds its unique key.
    pub(crate) holds_key: bool,
    /// In the list of jobs of groups that workers outside hold.
    pub(crate) is_held_in_group: bool,
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
            parent: None,
            blocked_by: 0,
            children: 0,
            extras: Extras(0),
        }
    }

    /// Whether the row says nothing that its absence does not say.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.state, State::Waiting)
            && self.generation == 0
            && self.expire_at.is_none()
            && self.held_key.is_none()
            && self.run_at.is_none()
            && self.parent.is_none()
            && self.children == 0
            && self.extras.is_none()
    }

    /// Whether it waits for children and nothing else.
    pub(crate) const fn is_blocked(&self) -> bool {
        matches!(self.state, State::Waiting) && self.blocked_by > 0
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
        let is_waiting = self.state == State::Waiting && self.blocked_by == 0;
        let is_in_line = is_waiting || self.state == State::Active || self.keeps_place;
        let is_pending = matches!(self.state, State::Delayed | State::Retrying);
        let was_started = self.started_at.is_some();
        let key_scope = self.held_key.as_ref().map(|held| held.scope);
        Indexes {
            ready: is_in_line.then_some(self.place),
            due: self.run_at.filter(|_| is_pending),
            pending: match self.run_at {
                Some(at) if is_pending => Some((self.state, at)),
                _ if self.is_blocked() => Some((State::Waiting, BLOCKED_AT)),
                _ => None,
            },
            expiry: self.expire_at.filter(|_| !was_started && !self.state.is_terminal()),
            holds_key: match key_scope {
                Some(UniqueScope::UntilStarted) => !was_started && !self.state.is_terminal(),
                Some(UniqueScope::UntilFinished) => !self.state.is_terminal(),
                Some(UniqueScope::Window { .. }) | None => false,
            },
            is_held_in_group: self.state == State::Active
                && self.place.group != 0
                && self.lease.as_ref().is_some_and(|lease| lease.is_external),
            finished: self.finished_at.filter(|_| self.state.is_terminal()),
            counted: self.effective(boot),
        }
    }
}
