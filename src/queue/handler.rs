//! What runs a job: the handler a slice writes, and what it answers.

use std::{fmt, future::Future, sync::Arc};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::job::{JobView, State};
use crate::{
    base::{CompanyId, JobId, Timestamp},
    storage::{self, Snapshot, Tx},
};

/// Runs the jobs of one kind inside this process.
///
/// A job may run twice: when the process is killed between its end and its commit, or when
/// its lease is lost. Say in the implementation's doc comment what makes that harmless.
pub trait Handler: Send + Sync + 'static {
    /// What `load` read and `run` needs.
    type Input: Send + 'static;

    /// The kind this handler is for.
    fn kind(&self) -> &'static str;

    /// Reads what the attempt needs; on a blocking thread, many jobs per snapshot.
    ///
    /// # Errors
    /// [`LoadError`]: how the attempt ends without having run.
    fn load(&self, read: &Snapshot, job: &JobView) -> Result<Self::Input, LoadError>;

    /// Does the work. Dropped at its deadline; a panic counts as a failed attempt.
    fn run(&self, input: Self::Input, ctx: AttemptContext) -> impl Future<Output = Settlement> + Send;
}

/// Why an attempt cannot begin.
#[derive(Debug)]
pub enum LoadError {
    /// No attempt can succeed, for instance because the payload does not fit: fails at once.
    Discard(String),
    /// Not now; no attempt is used and the job comes back after this time.
    Snooze {
        /// The time in milliseconds.
        ms: u64,
    },
    /// The store could not be read: counts as a failed attempt.
    Storage(storage::Error),
}

impl From<storage::Error> for LoadError {
    fn from(error: storage::Error) -> Self {
        Self::Storage(error)
    }
}

/// What an attempt knows about itself.
#[derive(Debug, Clone)]
pub struct AttemptContext {
    /// The job.
    pub job: Arc<JobView>,
    /// The number of this attempt, from 1; a snoozed or rescued one is not counted.
    pub attempt: u32,
    /// Attempts in all, as the policy stands now.
    pub attempts_max: u32,
    /// When its input was read, just before the attempt, wall clock.
    pub started_at: Timestamp,
    /// When it is cut off, on the process's monotonic clock.
    pub deadline_mono_ms: Option<u64>,
    /// Cancelled when the job is cancelled, the attempt is cut off, or the process runs out of grace.
    pub cancel: CancellationToken,
}

impl AttemptContext {
    /// Whether a failure of this attempt is final.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.attempt >= self.attempts_max
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done.
    Complete {
        /// JSON kept with the job.
        result: Option<Bytes>,
    },
    /// The attempt failed; the policy decides whether and when there is another.
    Retry {
        /// What went wrong, for people.
        error: String,
        /// The wait the worker asks for instead of the policy's.
        after_ms: Option<u64>,
    },
    /// Not now; no attempt is used.
    Snooze {
        /// How long to wait.
        ms: u64,
    },
    /// No further attempt can help: fails now.
    Discard {
        /// What went wrong, for people.
        error: String,
    },
    /// Given back unfinished, as at shutdown: to the head of the line, no attempt used.
    Release,
    /// Cut off in the middle: as [`Outcome::Release`], and its errors tell of it.
    Interrupted {
        /// By what, for people.
        how: &'static str,
    },
}

/// Changes that land in the same commit as the end of the attempt.
///
/// It runs once, on the writer thread. When it fails, nothing of the end is kept, and the attempt counts as failed.
pub type Effect = Box<dyn FnOnce(&mut Tx<'_>, &Settled) -> Result<(), storage::Error> + Send>;

/// An outcome and what is written with it.
pub struct Settlement {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// What to write in the same commit; not run when the job is no longer this worker's.
    pub effect: Option<Effect>,
}

impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settlement")
            .field("outcome", &self.outcome)
            .field("has_effect", &self.effect.is_some())
            .finish()
    }
}

impl Settlement {
    /// Done, without a result.
    #[must_use]
    pub const fn complete() -> Self {
        Self { outcome: Outcome::Complete { result: None }, effect: None }
    }

    /// Failed; the policy decides on another attempt.
    #[must_use]
    pub fn retry(error: impl Into<String>) -> Self {
        Self { outcome: Outcome::Retry { error: error.into(), after_ms: None }, effect: None }
    }

    /// An outcome without further changes.
    #[must_use]
    pub const fn plain(outcome: Outcome) -> Self {
        Self { outcome, effect: None }
    }

    /// The same outcome with changes for the same commit.
    #[must_use]
    pub fn with_effect(
        mut self,
        effect: impl FnOnce(&mut Tx<'_>, &Settled) -> Result<(), storage::Error> + Send + 'static,
    ) -> Self {
        self.effect = Some(Box::new(effect));
        self
    }
}

/// What the end of an attempt made of its job; shown to the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub company: CompanyId,
    /// The attempt that ended.
    pub attempt: u32,
    /// The state it is in from this commit on.
    pub state: State,
    /// When the next attempt is due, while delayed or retrying.
    pub run_at: Option<Timestamp>,
}
