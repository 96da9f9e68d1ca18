//! What the feed says about jobs: one note per change of state that others follow.

use super::{job::State, name::QueueName, registry::BUILT_IN, state::JobState, store::JobKey};
use crate::storage::{Note, Tx};

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

#[cfg(test)]
mod tests {
    use super::JobChange;

    #[test]
    fn tags_read_back() {
        for (position, change) in JobChange::ALL.into_iter().enumerate() {
            assert_eq!(change as usize, position);
            assert_eq!(JobChange::of(super::FIRST_TAG + change as u8), Some(change));
        }
        assert_eq!((JobChange::of(0), JobChange::of(32)), (None, None));
    }
}
