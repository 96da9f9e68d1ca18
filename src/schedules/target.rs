//! What a tick starts: a job, or something else that the composition root knows how to start.
//!
//! This slice knows jobs. Reports, say, are started by a [`Starter`] that the composition root hands in, so that neither
//! slice knows the other. To add a target: a [`Kind`], its field on the wire (`api`), and a starter in `app`.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Error;
use crate::{
    audit::Origin,
    auth::{Caller, Scope, Scopes},
    base::{CompanyId, JobId, ScheduleId, Timestamp},
    http::{Problem, problems},
    jobs::JobOrder,
    storage::{self, Tx},
};

/// Longest order of something that is not a job, in bytes.
const ORDER_BYTES_MAX: usize = 64 << 10;
/// What whoever has a job enqueued at each tick may do: the same as who enqueues one.
const JOB_SCOPE: Scope = Scope::JobsWrite;

/// What kind of thing a schedule starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A job.
    #[default]
    Job,
    /// A report.
    Report,
    /// A run of a workflow.
    Workflow,
}

impl Kind {
    /// The field of the target that names it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Report => "report",
            Self::Workflow => "workflow",
        }
    }
}

/// What somebody wants to be started at each tick.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// This job.
    Job(Box<JobOrder>),
    /// Something of this kind, ordered with this JSON.
    Other(Kind, Bytes),
}

impl Target {
    /// What is stored of it.
    pub(super) fn stored(&self) -> Result<(Kind, Bytes), Error> {
        match self {
            Self::Job(job) => Ok((Kind::Job, serde_json::to_vec(job).map(Bytes::from).map_err(Error::Stored)?)),
            Self::Other(kind, order) => Ok((*kind, order.clone())),
        }
    }
}

/// One tick that something is started for.
#[derive(Debug, Clone, Copy)]
pub struct Tick<'a> {
    /// Whose schedule it is.
    pub company: CompanyId,
    /// Who is the reason for it: the server by its rule, or whoever runs the schedule now.
    pub origin: &'a Origin,
    /// The schedule.
    pub schedule: ScheduleId,
    /// The time of the tick, which may be some time ago.
    pub at: Timestamp,
}

/// What was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its id as text.
    pub id: String,
    /// The job that does the work.
    pub job: JobId,
}

/// Why nothing was started.
#[derive(Debug)]
pub enum NotStarted {
    /// The order cannot be carried out, or not now; nothing was written.
    Refused(Problem),
    /// The store failed.
    Storage(storage::Error),
}

/// Starts things of one kind.
pub trait Starter: fmt::Debug + Send + Sync {
    /// Checks an order on behalf of whoever gives it, or changes or runs what has it: scopes, and a proof where one is asked for.
    ///
    /// # Errors
    /// The problem, with pointers into the order.
    fn check(&self, order: &Bytes, caller: &Caller) -> Result<(), Problem>;

    /// Refuses an order to whoever has these scopes and no more: asked at each tick, without a proof. An order that cannot
    /// be read is left for [`Starter::start`] to refuse.
    ///
    /// # Errors
    /// The problem.
    fn allow(&self, order: &Bytes, scopes: Scopes) -> Result<(), Problem>;

    /// What the audit log keeps of an order.
    fn facts(&self, order: &Bytes) -> Value;

    /// Starts what was ordered, in the transaction of the tick.
    ///
    /// # Errors
    /// [`NotStarted`].
    fn start(&self, tx: &mut Tx<'_>, tick: Tick<'_>, order: &Bytes) -> Result<Started, NotStarted>;
}

/// Who starts what; targets without a starter are refused.
#[derive(Debug, Clone, Default)]
pub struct Starters {
    /// Starts reports.
    pub report: Option<Arc<dyn Starter>>,
    /// Starts runs of workflows.
    pub workflow: Option<Arc<dyn Starter>>,
}

impl Starters {
    /// The one for this kind.
    ///
    /// # Errors
    /// [`Error::Target`] when there is none.
    pub(super) fn of(&self, kind: Kind) -> Result<&dyn Starter, Error> {
        let starter = match kind {
            Kind::Job => None,
            Kind::Report => self.report.as_deref(),
            Kind::Workflow => self.workflow.as_deref(),
        };
        let unknown = || Problem::of(&problems::TARGET_NOT_AVAILABLE).error("", "is not available in this version");
        starter.ok_or_else(|| Error::Target(kind.as_str(), unknown()))
    }

    /// Refuses an order to whoever has these scopes and no more. What nobody starts is refused for that when it is started.
    ///
    /// # Errors
    /// The problem.
    pub(super) fn allow(&self, kind: Kind, order: &Bytes, scopes: Scopes) -> Result<(), Problem> {
        match kind {
            Kind::Job => allow_job(scopes),
            kind => self.of(kind).map_or(Ok(()), |starter| starter.allow(order, scopes)),
        }
    }

    /// Checks a target for a caller; of a job only the right to it, since the rest is checked where it is enqueued.
    ///
    /// # Errors
    /// [`Error::Target`].
    pub(super) fn check(&self, target: &Target, caller: &Caller) -> Result<(), Error> {
        let (kind, order) = match target {
            Target::Job(_) | Target::Other(Kind::Job, _) => {
                return allow_job(caller.scopes).map_err(|problem| Error::Target(Kind::Job.as_str(), problem));
            }
            Target::Other(kind, order) => (kind, order),
        };
        let starter = self.of(*kind)?;
        if order.len() > ORDER_BYTES_MAX {
            let problem = Problem::invalid("", format!("must have at most {ORDER_BYTES_MAX} bytes"));
            return Err(Error::Target(kind.as_str(), problem));
        }
        starter.check(order, caller).map_err(|problem| Error::Target(kind.as_str(), problem))
    }
}

/// Refuses a job at each tick to whoever may not enqueue it.
fn allow_job(scopes: Scopes) -> Result<(), Problem> {
    if scopes.contains(JOB_SCOPE) {
        return Ok(());
    }
    Err(Problem::of(&problems::FORBIDDEN).detail(format!("a job at each tick needs the scope {JOB_SCOPE}")))
}
