//! What the driver did and what it saw: operations with their outcomes, and what the server showed afterwards.
//!
//! Times are microseconds since the run began, on the driver's monotonic clock.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A job as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct JobSpec {
    /// Number of this job in the run; also inside the payload, so that a lease names its job's origin.
    pub(crate) item: u64,
    pub(crate) queue: String,
    /// The exact JSON text.
    pub(crate) payload: String,
    pub(crate) priority: u8,
    pub(crate) attempts: u32,
    /// Unique jobs go to queues that nobody works on, so the first one with a key stays the only one.
    pub(crate) unique: Option<String>,
    /// Not before this long after the request.
    pub(crate) delay_ms: Option<u64>,
    /// Jobs of a group go to queues that run one of them at a time.
    pub(crate) group: Option<String>,
    /// What it is in the flow that its batch makes.
    pub(crate) role: Option<Role>,
    /// A word to find it by; tagged jobs go to queues that nobody works on.
    pub(crate) tag: Option<String>,
}

/// What a job is in a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Waits for the end of the others of its batch.
    Parent,
    /// One of those.
    Child,
}

/// One request to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// One job, or several that must be taken or left together; the key makes repeating it harmless.
    Enqueue { jobs: Vec<JobSpec>, key: Option<String> },
    /// An event with the caller's own id, which makes repeating it harmless.
    Publish { external_id: String, event_type: String, data: String },
    /// Up to some number of jobs for a worker.
    Lease { queue: String, max: u64, lease_ms: u64 },
    /// The end of a leased job, successful.
    Complete { job: String, token: String, result: String },
    /// The end of an attempt, not successful.
    Fail { job: String, token: String },
    /// A longer life for a lease, from now.
    Heartbeat { job: String, token: String, lease_ms: u64 },
    /// Nobody shall work on the job.
    Cancel { job: String },
    /// Nobody shall work on any job with this tag that was accepted before.
    CancelTagged { tag: String },
    /// A credential is made, known in this run by its name.
    MakeKey { name: String },
    /// A credential is taken back.
    RevokeKey { name: String },
    /// Something is asked for with a credential.
    UseKey { name: String },
}

/// A job handed to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) job: String,
    pub(crate) token: String,
    /// Taken from the payload.
    pub(crate) item: Option<u64>,
}

/// What a successful request answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The ids, in the order of the request.
    Jobs(Vec<String>),
    /// The event's id and its number of deliveries.
    Event { id: String, deliveries: u64 },
    /// What was leased.
    Granted(Vec<Grant>),
    /// Done, nothing to remember.
    Done,
}

/// How a request ended for its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok(Reply),
    /// A documented refusal: it must have had no effect.
    Refused(u16),
    /// Connection lost, timeout or 5xx: it happened entirely or not at all.
    Unknown,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) cycle: u32,
    pub(crate) invoked: u64,
    pub(crate) returned: u64,
    pub(crate) op: Op,
    pub(crate) outcome: Outcome,
}

/// A job as the server shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobSeen {
    pub(crate) queue: String,
    pub(crate) state: String,
    /// The exact JSON text.
    pub(crate) payload: String,
    pub(crate) priority: u8,
    pub(crate) attempts: u32,
    pub(crate) result: Option<String>,
    /// Why it failed, in the server's word.
    pub(crate) failure: Option<String>,
    /// Children that have not ended.
    pub(crate) blocked_by: u32,
    /// Its attempts that failed or were interrupted, oldest first; the server keeps the last ten.
    pub(crate) errors: Vec<ErrorSeen>,
}

/// An attempt that did not end well, as its job shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorSeen {
    pub(crate) attempt: u32,
    pub(crate) has_start: bool,
    /// A restart or the silence of its worker took it back.
    pub(crate) is_interrupted: bool,
}

/// One HTTP try as the delivery log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttemptSeen {
    pub(crate) number: u32,
    /// Absent when there was no answer.
    pub(crate) status: Option<u16>,
    /// What kind of failure it was; absent when it was none.
    pub(crate) failure: Option<String>,
    pub(crate) has_start: bool,
}

/// A delivery as the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliverySeen {
    pub(crate) id: String,
    pub(crate) webhook: String,
    pub(crate) state: String,
    pub(crate) attempts: Vec<AttemptSeen>,
}

/// An event as the server shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventSeen {
    pub(crate) data: String,
    pub(crate) deliveries: Vec<DeliverySeen>,
}

/// One request the receiver got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) at: u64,
    /// When it was answered.
    pub(crate) until: u64,
    pub(crate) webhook: String,
    pub(crate) delivery: String,
    pub(crate) event: String,
    pub(crate) body: String,
    pub(crate) is_genuine: bool,
}

/// What the server showed after a restart, with the load stopped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observation {
    pub(crate) at: u64,
    /// When the server that is observed was ready.
    pub(crate) ready_at: u64,
    /// The job ids that were asked for, and those that were there.
    pub(crate) asked: HashSet<String>,
    pub(crate) jobs: HashMap<String, JobSeen>,
    /// Counters of each queue by state, as the server keeps them.
    pub(crate) counters: BTreeMap<String, BTreeMap<String, u64>>,
    /// Queues of which every known job was asked for, so that a recount is possible.
    pub(crate) recounted: BTreeSet<String>,
    /// Whether everything had time to end: then every delivery must have succeeded.
    pub(crate) is_final: bool,
    pub(crate) events_asked: HashSet<String>,
    pub(crate) events: HashMap<String, EventSeen>,
    /// Terminal states of jobs, and times at which deliveries were first seen terminal, of earlier observations.
    pub(crate) terminal_jobs: HashMap<String, String>,
    pub(crate) terminal_deliveries: HashMap<String, u64>,
    pub(crate) schedules: Vec<ScheduleSeen>,
    /// How a second process on the same directory ended, when one was tried.
    pub(crate) second: Option<SecondSeen>,
    /// What the server showed of the same things before it was stopped and started again without any request.
    pub(crate) before_restart: Option<Box<Observation>>,
}

/// A schedule of fixed intervals as the server shows it, with the jobs that carry its tag. Times are its own, in
/// milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScheduleSeen {
    pub(crate) id: String,
    pub(crate) made_at: u64,
    pub(crate) every_ms: u64,
    pub(crate) last_tick_at: Option<u64>,
    pub(crate) jobs: u64,
}

/// The end of a second process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecondSeen {
    /// Its exit code; absent when it did not end.
    pub(crate) code: Option<i32>,
    pub(crate) took_ms: u64,
}

/// What the whole run is set up with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// Webhook ids and the event types they subscribe to; `*` for all.
    pub(crate) webhooks: Vec<(String, String)>,
    /// Webhooks that get one delivery at a time, in order.
    pub(crate) ordered: Vec<String>,
    /// Queues that only get batches of this size.
    pub(crate) batch_queue_prefix: String,
    pub(crate) batch: u64,
}

impl Setup {
    /// Number of webhooks an event of this type goes to.
    pub(crate) fn subscribers(&self, event_type: &str) -> usize {
        self.webhooks.iter().filter(|(_, wanted)| wanted == "*" || wanted == event_type).count()
    }
}

/// States from which a job never leaves by itself.
pub(crate) fn is_terminal(state: &str) -> bool {
    matches!(state, "completed" | "failed" | "cancelled")
}
