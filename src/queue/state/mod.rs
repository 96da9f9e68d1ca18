//! The job state machine: a row goes in, the next row comes out. Pure.
//!
//! Invariants:
//! - Every index entry and every counter of a job is a function of its row ([`JobState::indexes`]),
//!   so writing a transition means writing the difference of two such values.
//! - `generation` grows by one with each lease and never otherwise; whoever shows another one
//!   does not hold the job.
//! - A terminal row changes only by [`JobState::retry_finished`].
//! - `attempt` counts attempts begun and not given back: snoozed, released and rescued ones are
//!   given back. Rescues are counted apart and end in `stalled`; each leaves an entry among the errors.

mod row;
#[cfg(test)]
mod tests;

use super::job::{FailureReason, OnFailure, RunAt, State};
use crate::base::Timestamp;

pub(crate) use row::{BLOCKED_AT, Extras, HeldKey, Indexes, JobState, LeaseRow, Place};

/// Lost leases in a row after which a job fails as `stalled`.
pub(crate) const RESCUES_MAX: u8 = 3;

/// Time and order of a transition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    /// Freshly minted: the tail of every line.
    pub(crate) tail: u64,
    /// The group is ordered.
    pub(crate) is_ordered: bool,
}

/// The end of an attempt, without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Complete {
        has_result: bool,
    },
    Retry {
        attempts_max: u32,
        delay_ms: u64,
    },
    Snooze {
        ms: u64,
    },
    Discard,
    Release,
    /// Cut off by the end of the process, in order: as released, with an entry among the errors.
    Interrupt,
}

/// What an operator changes of a job.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Edit {
    /// The size of its new payload.
    pub(crate) bytes: Option<u32>,
    pub(crate) priority: Option<u8>,
    /// Its new time.
    pub(crate) run_at: Option<RunAt>,
}

/// Why a transition is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The job is active under another lease, or not active any more.
    Stale,
    /// The job is in this state, from which the transition does not exist.
    State(State),
}

/// A lease to be given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) now: Timestamp,
    pub(crate) boot: u32,
    /// Monotonic milliseconds since this process opened the store.
    pub(crate) since_boot_ms: u64,
    pub(crate) is_external: bool,
    pub(crate) lease_ms: u32,
    pub(crate) worker: &'a str,
}

/// What a claim finds at the head of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The attempt begins.
    Start(JobState),
    /// It does not start: expired, stalled, or it waits for children.
    Leave(JobState),
    /// An external worker from before the restart may still hold it, for so long.
    Rearm(JobState, u64),
    /// It waits for its retry and holds back its group.
    Holds,
    /// It is not in line any more, or another worker has it.
    Gone,
}

impl JobState {
    /// A worker reaches the job at the head of its line.
    pub(crate) fn claim(&self, claim: &Claim<'_>) -> Claimed {
        match self.state {
            State::Waiting if self.blocked_by > 0 => Claimed::Gone,
            State::Waiting => self.start_or_expire(claim),
            State::Active => self.reclaim(claim),
            State::Retrying | State::Delayed if self.keeps_place => Claimed::Holds,
            _ => Claimed::Gone,
        }
    }

    fn reclaim(&self, claim: &Claim<'_>) -> Claimed {
        let Some(lease) = self.lease.as_ref().filter(|lease| lease.boot != claim.boot) else { return Claimed::Gone };
        let left_ms = u64::from(lease.lease_ms).saturating_sub(claim.since_boot_ms);
        if lease.is_external && left_ms > 0 {
            let lease = LeaseRow { boot: claim.boot, ..lease.clone() };
            return Claimed::Rearm(Self { lease: Some(lease), ..self.clone() }, left_ms);
        }
        let rescued = self.rescued(claim.now);
        let is_startable = rescued.state == State::Waiting && rescued.blocked_by == 0;
        if is_startable { rescued.start_or_expire(claim) } else { Claimed::Leave(rescued) }
    }

    fn start_or_expire(&self, claim: &Claim<'_>) -> Claimed {
        let was_started = self.started_at.is_some();
        if !was_started && self.expire_at.is_some_and(|at| at <= claim.now) {
            return Claimed::Leave(self.finished(State::Failed, claim.now, Some(FailureReason::Expired)));
        }
        Claimed::Start(Self {
            state: State::Active,
            attempt: self.attempt.saturating_add(1),
            generation: self.generation.wrapping_add(1),
            lease: Some(LeaseRow {
                boot: claim.boot,
                is_external: claim.is_external,
                lease_ms: claim.lease_ms,
                worker: claim.worker.to_owned(),
            }),
            run_at: None,
            keeps_place: false,
            started_at: Some(claim.now),
            ..self.clone()
        })
    }

    /// The holder of a lease says how its attempt ended.
    pub(crate) fn settle(&self, generation: u32, end: End, moment: &Moment) -> Result<Self, Refusal> {
        if self.state != State::Active || self.generation != generation {
            return Err(Refusal::Stale);
        }
        Ok(match end {
            End::Complete { has_result } => {
                Self { has_result, rescues: 0, ..self.finished(State::Completed, moment.now, None) }
            }
            End::Discard => Self {
                errors: self.errors.saturating_add(1),
                ..self.finished(State::Failed, moment.now, Some(FailureReason::Discarded))
            },
            End::Retry { attempts_max, .. } if self.attempt >= attempts_max => Self {
                errors: self.errors.saturating_add(1),
                ..self.finished(State::Failed, moment.now, Some(FailureReason::Exhausted))
            },
            End::Retry { delay_ms, .. } => Self {
                errors: self.errors.saturating_add(1),
                rescues: 0,
                ..self.paused(State::Retrying, delay_ms, moment)
            },
            End::Snooze { ms } => Self {
                attempt: self.attempt.saturating_sub(1),
                rescues: 0,
                ..self.paused(State::Delayed, ms.max(1), moment)
            },
            End::Release => Self { attempt: self.attempt.saturating_sub(1), ..self.waiting(self.place.ord) },
            End::Interrupt => Self {
                attempt: self.attempt.saturating_sub(1),
                errors: self.errors.saturating_add(1),
                ..self.waiting(self.place.ord)
            },
        })
    }

    /// The lease was lost: back to the head, or `stalled` when that happened too often.
    pub(crate) fn rescue(&self, generation: u32, now: Timestamp) -> Result<Self, Refusal> {
        if self.state != State::Active || self.generation != generation {
            return Err(Refusal::Stale);
        }
        Ok(self.rescued(now))
    }

    fn rescued(&self, now: Timestamp) -> Self {
        let (rescues, errors) = (self.rescues.saturating_add(1), self.errors.saturating_add(1));
        if rescues >= RESCUES_MAX {
            return Self { rescues, errors, ..self.finished(State::Failed, now, Some(FailureReason::Stalled)) };
        }
        Self { attempt: self.attempt.saturating_sub(1), rescues, errors, ..self.waiting(self.place.ord) }
    }

    /// An external worker that outlived the process is heard of before its job was reached.
    pub(crate) fn rearm(&self, generation: u32, boot: u32) -> Result<Self, Refusal> {
        match &self.lease {
            Some(lease) if self.state == State::Active && self.generation == generation && lease.is_external => {
                Ok(Self { lease: Some(LeaseRow { boot, ..lease.clone() }), ..self.clone() })
            }
            _ => Err(Refusal::Stale),
        }
    }

    /// What an attempt that began as the row says has left of its time.
    pub(crate) fn left_ms(&self, timeout_ms: u64, now: Timestamp) -> Option<u64> {
        Some(self.started_at?.plus_ms(timeout_ms).ms_since(now))
    }

    /// Its time has come, or an operator says so: to the tail, or in an ordered group to its old place.
    pub(crate) fn promote(&self, moment: &Moment) -> Result<Self, Refusal> {
        match self.state {
            State::Delayed | State::Retrying if self.keeps_place => Ok(self.waiting(self.place.ord)),
            State::Delayed | State::Retrying => Ok(self.waiting(moment.tail)),
            state => Err(Refusal::State(state)),
        }
    }

    /// It was not started in time.
    pub(crate) fn expire(&self, now: Timestamp) -> Result<Self, Refusal> {
        let was_started = self.started_at.is_some();
        match self.state {
            State::Waiting | State::Delayed if !was_started => {
                Ok(self.finished(State::Failed, now, Some(FailureReason::Expired)))
            }
            state => Err(Refusal::State(state)),
        }
    }

    /// Nobody wants it any more.
    pub(crate) fn cancel(&self, now: Timestamp) -> Result<Self, Refusal> {
        if self.state.is_terminal() {
            return Err(Refusal::State(self.state));
        }
        Ok(self.finished(State::Cancelled, now, None))
    }

    /// An operator wants a finished job done again: to the tail, with all its attempts.
    pub(crate) fn retry_finished(&self, moment: &Moment) -> Result<Self, Refusal> {
        if !self.state.is_terminal() {
            return Err(Refusal::State(self.state));
        }
        Ok(Self {
            attempt: 0,
            rescues: 0,
            has_result: false,
            expire_at: None,
            started_at: None,
            held_key: None,
            ..self.waiting(moment.tail)
        })
    }

    /// A child is added that has not ended.
    pub(crate) fn child_added(&self) -> Result<Self, Refusal> {
        if self.state.is_terminal() {
            return Err(Refusal::State(self.state));
        }
        let (blocked_by, children) = (self.blocked_by.saturating_add(1), self.children.saturating_add(1));
        Ok(Self { blocked_by, children, ..self.clone() })
    }

    /// A child has ended in this state; one that was not completed may take its parent with it.
    pub(crate) fn child_ended(&self, state: State, on_failure: OnFailure, now: Timestamp) -> Self {
        let next = Self { blocked_by: self.blocked_by.saturating_sub(1), ..self.clone() };
        // An attempt that runs is not taken back: its worker sees what became of the children.
        let is_idle = matches!(self.state, State::Waiting | State::Delayed | State::Retrying);
        if is_idle && state != State::Completed && on_failure == OnFailure::FailParent {
            return next.finished(State::Failed, now, Some(FailureReason::ChildFailed));
        }
        next
    }

    /// A child that had ended is done again.
    pub(crate) fn child_resumed(&self) -> Self {
        Self { blocked_by: self.blocked_by.saturating_add(1), ..self.clone() }
    }

    /// An operator changes priority and time of a job that nobody works on.
    pub(crate) fn edited(&self, edit: Edit, moment: &Moment) -> Result<Self, Refusal> {
        let mut next = self.clone();
        if self.state == State::Active {
            return Err(Refusal::State(self.state));
        }
        if let Some(bytes) = edit.bytes {
            next.bytes = bytes;
        }
        if let Some(priority) = edit.priority {
            next.place.priority = priority;
        }
        let Some(run_at) = edit.run_at else { return Ok(next) };
        if self.state.is_terminal() {
            return Err(Refusal::State(self.state));
        }
        if let RunAt::At(at) = run_at
            && at > moment.now
        {
            if next.state == State::Waiting {
                next.state = State::Delayed;
            }
            next.run_at = Some(at);
            return Ok(next);
        }
        if matches!(next.state, State::Delayed | State::Retrying) {
            next = next.waiting(if next.keeps_place { next.place.ord } else { moment.tail });
        }
        Ok(next)
    }

    /// Whether it expires before its time comes; one that was started once does not expire any more.
    pub(crate) fn can_never_start(&self) -> bool {
        self.started_at.is_none() && self.run_at.zip(self.expire_at).is_some_and(|(run_at, end)| end <= run_at)
    }

    fn waiting(&self, ord: u64) -> Self {
        Self {
            state: State::Waiting,
            place: Place { ord, ..self.place },
            keeps_place: false,
            lease: None,
            run_at: None,
            finished_at: None,
            failure: None,
            ..self.clone()
        }
    }

    fn paused(&self, state: State, wait_ms: u64, moment: &Moment) -> Self {
        if wait_ms == 0 {
            let ord = if moment.is_ordered { self.place.ord } else { moment.tail };
            return self.waiting(ord);
        }
        Self {
            state,
            keeps_place: moment.is_ordered,
            lease: None,
            run_at: Some(moment.now.plus_ms(wait_ms)),
            ..self.clone()
        }
    }

    fn finished(&self, state: State, now: Timestamp, failure: Option<FailureReason>) -> Self {
        Self { state, keeps_place: false, lease: None, run_at: None, finished_at: Some(now), failure, ..self.clone() }
    }
}
