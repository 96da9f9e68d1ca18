//! What an operator does to many jobs at once: a job of its own goes through them in small steps.
//!
//! Each step changes some jobs and notes how far it came in one transaction, so after a kill the action goes on behind the
//! last step that is on disk, and no job is changed twice by it. Only jobs accepted before the action are looked at.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Error, Jobs};
use crate::{
    audit::{self, Entry, Origin},
    base::{CompanyId, JobId, Timestamp},
    queue::{
        self, AttemptContext, Handler, JobCount, JobFilter, JobView, LoadError, NewJob, Outcome, Place, Progress,
        QueueName, Queues, Settlement, State, enqueue,
    },
    storage::{self, Snapshot, Tx},
};

/// The kind of the jobs that carry actions.
pub(super) const ACTION_KIND: &str = "jobs.action";
/// Jobs changed in one transaction.
const STEP: usize = 200;
/// Rows changed in one transaction, about; what is left of a step is done in the next one.
const ROWS: usize = 2_000;
/// Rows of a job that is changed and not removed, about.
const CHANGED_ROWS: usize = 8;
/// Steps of the search that counts before it begins.
const COUNT_STEPS: usize = 10;
/// How long an action waits while the disk is too full.
const FULL_SNOOZE_MS: u64 = 60_000;

/// What to do to each job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Put finished jobs back in line.
    Retry,
    /// Cancel jobs that are not finished.
    Cancel,
    /// Remove finished jobs.
    Delete,
    /// End the wait of delayed and retrying jobs.
    Promote,
}

impl Action {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Delete => "delete",
            Self::Promote => "promote",
        }
    }

    /// The states of the jobs that it can be done to.
    #[must_use]
    pub const fn states(self) -> &'static [State] {
        match self {
            Self::Retry | Self::Delete => &[State::Completed, State::Failed, State::Cancelled],
            Self::Cancel => &[State::Waiting, State::Delayed, State::Active, State::Retrying],
            Self::Promote => &[State::Delayed, State::Retrying],
        }
    }
}

/// The payload of an action's job.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionPayload {
    action: Action,
    queue: Option<String>,
    state: Option<State>,
    kind: Option<String>,
    tag: Option<String>,
    group: Option<String>,
    error: Option<u64>,
    parent: Option<JobId>,
    field: Option<(String, String)>,
    text: Option<String>,
    since: Option<Timestamp>,
    /// At most when it was ordered.
    until: Timestamp,
    /// How many jobs were found before it began.
    matched: u64,
}

/// How far an action has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Checkpoint {
    place: Option<Place>,
    changed: u64,
    /// In another state by the time their turn came.
    passed_over: u64,
}

impl ActionPayload {
    fn of(action: Action, filter: JobFilter, until: Timestamp, matched: u64) -> Self {
        let JobFilter { queue, state, kind, tag, group, error, parent, field, text, since, .. } = filter;
        let queue = queue.map(|queue| queue.to_string());
        Self { action, queue, state, kind, tag, group, error, parent, field, text, since, until, matched }
    }

    fn filter(&self) -> Result<JobFilter, LoadError> {
        let queue = self.queue.as_deref().map(str::parse::<QueueName>).transpose();
        let this = self.clone();
        Ok(JobFilter {
            queue: queue.map_err(|error| LoadError::Discard(error.to_string()))?,
            state: this.state,
            states: this.action.states().to_vec(),
            kind: this.kind,
            tag: this.tag,
            group: this.group,
            error: this.error,
            parent: this.parent,
            field: this.field,
            text: this.text,
            since: this.since,
            until: Some(this.until),
        })
    }
}

impl Jobs {
    /// How many jobs an action would look at; from counters where they tell, otherwise by a bounded search.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn count(&self, company: CompanyId, filter: JobFilter) -> Result<JobCount, Error> {
        let queues = self.queues.clone();
        Ok(self.db.read(move |snapshot| queues.count_found(snapshot, company, &filter, COUNT_STEPS)).await??)
    }

    /// Begins an action; answers the job that carries it.
    ///
    /// # Errors
    /// When the store fails, or the disk is nearly full.
    pub fn act(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        (action, filter): (Action, JobFilter),
        matched: JobCount,
    ) -> Result<JobId, Error> {
        let until = filter.until.into_iter().fold(tx.now(), Timestamp::min);
        let payload = ActionPayload::of(action, filter, until, matched.count);
        let after = json!({ "action": action.as_str(), "queue": payload.queue, "state": payload.state,
            "kind": payload.kind, "tag": payload.tag, "group": payload.group, "error": payload.error.map(|error| format!("{error:016x}")),
            "parent": payload.parent, "since": payload.since, "until": payload.until, "matched": matched.count });
        let payload = serde_json::to_vec(&payload).unwrap_or_default();
        let job = NewJob::new(company, QueueName::actions(), ACTION_KIND, Bytes::from(payload));
        let id = enqueue(tx, &self.queues, job)?.id;
        let entry = Entry { action: "job.act", object: id.to_string(), before: serde_json::Value::Null, after };
        audit::record(tx, company, origin, entry)?;
        Ok(id)
    }

    /// The handler of actions.
    #[must_use]
    pub fn run_actions(&self) -> RunAction {
        RunAction { jobs: self.clone() }
    }
}

/// Goes through the jobs of an action. Running twice is harmless: it begins behind what is noted as done.
#[derive(Debug)]
pub struct RunAction {
    jobs: Jobs,
}

/// An action and how far it has come.
#[derive(Debug)]
pub struct ActionUnderWay {
    action: Action,
    filter: JobFilter,
    matched: u64,
    checkpoint: Checkpoint,
}

impl Handler for RunAction {
    type Input = ActionUnderWay;

    fn kind(&self) -> &'static str {
        ACTION_KIND
    }

    fn load(&self, read: &Snapshot, job: &JobView) -> Result<ActionUnderWay, LoadError> {
        let unreadable = |_| LoadError::Discard("the payload is not one of an action".to_owned());
        let payload: ActionPayload = serde_json::from_slice(&job.payload).map_err(unreadable)?;
        let kept = self.jobs.queues.notes(read, job.company, job.id)?.checkpoint;
        let checkpoint = kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default();
        Ok(ActionUnderWay { action: payload.action, filter: payload.filter()?, matched: payload.matched, checkpoint })
    }

    async fn run(&self, mut input: ActionUnderWay, ctx: AttemptContext) -> Settlement {
        loop {
            if ctx.cancel.is_cancelled() {
                return Settlement::plain(Outcome::Release);
            }
            match self.step(&mut input, &ctx).await {
                Ok(true) => {}
                Ok(false) => {
                    let Checkpoint { changed, passed_over, .. } = input.checkpoint;
                    let result = json!({ "changed": changed, "passed_over": passed_over }).to_string();
                    return Settlement::plain(Outcome::Complete { result: Some(result.into()) });
                }
                Err(Error::Queue(queue::Error::Storage(storage::Error::Full))) => {
                    return Settlement::plain(Outcome::Snooze { ms: FULL_SNOOZE_MS });
                }
                // Cancelled, so that the end of this attempt is refused, too.
                Err(Error::Queue(queue::Error::WrongState { .. })) => return Settlement::plain(Outcome::Release),
                Err(error) => return Settlement::retry(error.to_string()),
            }
        }
    }
}

impl RunAction {
    /// Changes the next few jobs; answers whether there may be more.
    async fn step(&self, input: &mut ActionUnderWay, ctx: &AttemptContext) -> Result<bool, Error> {
        let (company, own) = (ctx.job.company, ctx.job.id);
        let (queues, filter, place) = (self.jobs.queues.clone(), input.filter.clone(), input.checkpoint.place);
        let search = move |snapshot: &Snapshot| queues.find_ids(snapshot, company, &filter, place, STEP);
        let found = self.jobs.db.read(search).await??;
        let (queues, action, mut checkpoint) = (self.jobs.queues.clone(), input.action, input.checkpoint.clone());
        let matched = input.matched;
        let work = move |tx: &mut Tx<'_>| {
            let (mut next, mut rows) = (found.next, 0);
            for (id, place) in found.ids.into_iter().filter(|(id, _)| *id != own) {
                match apply(tx, &queues, action, company, id) {
                    Ok(changed) => {
                        checkpoint.changed += 1;
                        rows += changed;
                    }
                    Err(queue::Error::NotFound(_) | queue::Error::WrongState { .. }) => checkpoint.passed_over += 1,
                    Err(error) => return Err(Error::from(error)),
                }
                if rows >= ROWS {
                    next = Some(place);
                    break;
                }
            }
            checkpoint.place = next;
            let done = checkpoint.changed + checkpoint.passed_over;
            let percent = if next.is_none() { 100.0 } else { (done as f32 / matched.max(done + 1) as f32) * 100.0 };
            let data = json!({ "changed": checkpoint.changed, "passed_over": checkpoint.passed_over }).to_string();
            let progress = Progress { percent: Some(percent), data: Some(data.into()), at: tx.now() };
            let kept = serde_json::to_vec(&checkpoint).unwrap_or_default();
            queues.checkpoint(tx, company, own, progress, kept.into())?;
            Ok((checkpoint, next.is_some()))
        };
        // What frees space or ends work is done on a full disk, too; what makes work is not.
        let db = if action == Action::Retry { self.jobs.db.clone() } else { self.jobs.db.reclaiming() };
        let (checkpoint, has_more) = db.write(work).await?;
        input.checkpoint = checkpoint;
        Ok(has_more)
    }
}

/// Does it to one job; answers how many rows that took, about.
fn apply(
    tx: &mut Tx<'_>,
    queues: &Queues,
    action: Action,
    company: CompanyId,
    id: JobId,
) -> Result<usize, queue::Error> {
    match action {
        Action::Retry => queues.retry(tx, company, id).map(|_| CHANGED_ROWS),
        Action::Cancel => queues.cancel(tx, company, id).map(|_| CHANGED_ROWS),
        Action::Promote => queues.promote(tx, company, id).map(|_| CHANGED_ROWS),
        Action::Delete => queues.delete(tx, company, id),
    }
}
