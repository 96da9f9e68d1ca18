//! Schedules: rules that start something again and again, by cron or by interval: a job, or a report.
//!
//! Words: a *tick* is one time a rule comes; the *cursor* of a schedule is its first tick that was not handled; *catching
//! up* is handling ticks that were missed; the *agenda* is the list of cursors by their time.
//!
//! Invariants:
//! - No tick runs twice: the cursor moves in the transaction that starts what the ticks it passes are for.
//! - A schedule that is made, enabled or given another rule begins at that moment; nothing before counts as missed.
//! - What runs after a time of absence is bounded (`due`), and so is the memory: the agenda is on disk and only its first
//!   entry is known in memory, whatever the number of schedules.
//! - A schedule whose target is refused says so and goes on; it never keeps another one from its tick.
//! - A schedule does nothing that its author may not do any more (`rights`).
//!
//! Time is the logical clock of the store. It never goes back: when the wall clock is set back, ticks come later and none
//! comes again; when it is set forward, the ticks in between were missed. Local times and time zones are in `rule`.
//!
//! What is started beside jobs is not known here: see `target`.

pub mod api;
mod due;
mod metrics;
mod plan;
mod rights;
mod rule;
mod service;
mod store;
mod target;
#[cfg(test)]
mod tests;
mod ticker;

use std::sync::Arc;

use crate::{
    http::Problem,
    jobs::{self, Jobs},
    queue,
    storage::{self, Db},
};

pub use due::CatchUp;
pub use metrics::Metrics;
pub use rule::RuleError;
pub use store::check;
pub use target::{NotStarted, Started, Starter, Starters, Tick};

use ticker::Agenda;

/// Why a request about schedules is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The company has no such schedule.
    #[error("there is no such schedule")]
    NotFound,
    /// The name is too long, empty or holds control characters.
    #[error("must be 1 to {} bytes without control characters", service::NAME_BYTES_MAX)]
    Name,
    /// The rule cannot be.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// What the ticks start is refused: the field of the target, and why.
    #[error("the {0} of the schedule is refused: {1}")]
    Target(&'static str, Problem),
    /// The change asked for makes no sense.
    #[error("the change is refused: {0}")]
    Input(Problem),
    /// The company has as many schedules as it may.
    #[error("a company has at most {} schedules", service::SCHEDULES_MAX)]
    TooMany,
    /// The resource changed since the caller read it.
    #[error("the schedule has changed meanwhile")]
    Changed,
    /// It ticks or is changed all the time.
    #[error("the schedule changes all the time; try again")]
    Moved,
    /// The job could not be enqueued.
    #[error(transparent)]
    Enqueue(#[from] jobs::Error),
    /// The stored job cannot be read.
    #[error("the stored job of the schedule cannot be read")]
    Stored(#[source] serde_json::Error),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl Error {
    /// The failure of the store behind it, when there is one.
    const fn of_store(&self) -> Option<&storage::Error> {
        match self {
            // Damage and a panic are of one schedule alone.
            Self::Storage(storage::Error::Corrupt { .. } | storage::Error::Panicked(_))
            | Self::Enqueue(jobs::Error::Queue(queue::Error::Storage(
                storage::Error::Corrupt { .. } | storage::Error::Panicked(_),
            ))) => None,
            Self::Storage(error) | Self::Enqueue(jobs::Error::Queue(queue::Error::Storage(error))) => Some(error),
            _ => None,
        }
    }
}

/// The handle behind the operations and the ticks; cheap to clone.
#[derive(Debug, Clone)]
pub struct Schedules {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    jobs: Jobs,
    starters: Starters,
    agenda: Agenda,
    metrics: Metrics,
}

impl Schedules {
    /// A handle over the store, the jobs that ticks make, and who starts what is no job.
    #[must_use]
    pub fn new(db: Db, jobs: Jobs, starters: Starters, metrics: Metrics) -> Self {
        Self { inner: Arc::new(Inner { db, jobs, starters, agenda: Agenda::default(), metrics }) }
    }

    /// The store, for the transactions of the API.
    fn db(&self) -> &Db {
        &self.inner.db
    }
}
