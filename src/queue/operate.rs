//! What callers and operators do to jobs and queues, inside their own transaction.

use bytes::Bytes;

use super::{
    after::{After, Op},
    damaged::LostEntries,
    error::Error,
    flows, index,
    job::{JobView, MAX_PAYLOAD_BYTES, MAX_PRIORITY, MAX_SEARCH_FIELDS, MAX_TEXT_BYTES, RunAt, State},
    name::QueueName,
    notes,
    registry::Queues,
    settings::QueueSettings,
    state::{BLOCKED_AT, Edit, Extras, JobState, Moment, Refusal},
    store::{
        FINISHED, JOB_ERRORS, JOB_RESULTS, JOB_STATES, JOBS, JobBody, JobKey, LANES, LaneRow, PENDING_JOBS, QUEUES,
        QueueRow, READY, bytes_in, count,
    },
    writer::Writer,
};
use crate::{
    base::{CompanyId, JobId, QueueId, Timestamp},
    storage::{self, KeyRange, Order, Read, Tx},
};

/// Jobs cancelled in one transaction by [`Queues::drain_lane`].
const DRAIN_CHUNK: usize = 200;

impl Queues {
    /// Cancels a job in any state that is not terminal; a running handler is told.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::WrongState`] when it is finished already.
    pub fn cancel(&self, tx: &mut Tx<'_>, company: CompanyId, id: JobId) -> Result<JobView, Error> {
        self.transition(tx, company, id, |row, moment| row.cancel(moment.now))
    }

    /// Puts a finished job back in line, with all its attempts before it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::WrongState`] when it is not finished.
    pub fn retry(&self, tx: &mut Tx<'_>, company: CompanyId, id: JobId) -> Result<JobView, Error> {
        tx.admit_new_work()?;
        tx.remove(JOB_RESULTS, &(company.hi(), id.hi()))?;
        self.transition(tx, company, id, JobState::retry_finished)
    }

    /// Starts the wait of a delayed or retrying job no longer: it becomes waiting.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::WrongState`] when it is neither delayed nor retrying.
    pub fn promote(&self, tx: &mut Tx<'_>, company: CompanyId, id: JobId) -> Result<JobView, Error> {
        self.transition(tx, company, id, JobState::promote)
    }

    fn transition(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        step: impl FnOnce(&JobState, &Moment) -> Result<JobState, Refusal>,
    ) -> Result<JobView, Error> {
        let (key, body, row) = Self::body_and_state(tx, company, id)?;
        let moment = Moment { now: tx.now(), tail: tx.mint_with(0).hi, is_ordered: false };
        let next = step(&row, &moment).map_err(|_| Error::WrongState { id, state: row.effective(self.inner.boot) })?;
        let mut after = After::default();
        Writer { tx, after: &mut after, boot: self.inner.boot }.change(key, &row, &next)?;
        after.register(tx, self);
        self.inner.view(tx, key, body)?.ok_or(Error::NotFound(id))
    }

    fn body_and_state(tx: &Tx<'_>, company: CompanyId, id: JobId) -> Result<(JobKey, JobBody, JobState), Error> {
        let key = (company.hi(), id.hi());
        let body = tx.get(JOBS, &key)?.filter(|body| body.id_lo == id.raw().lo).ok_or(Error::NotFound(id))?;
        let row = tx.get(JOB_STATES, &key)?.unwrap_or_else(|| body.first_state(key.1));
        Ok((key, body, row))
    }

    /// Changes a job that nobody works on; what is `None` stays.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::WrongState`] when it is active, or finished and to get a time;
    /// [`Error::Invalid`] for a figure out of range.
    pub fn edit(&self, tx: &mut Tx<'_>, company: CompanyId, id: JobId, change: JobEdit) -> Result<JobView, Error> {
        let JobEdit { payload, priority, run_at } = change;
        if priority.is_some_and(|priority| priority > MAX_PRIORITY) {
            return Err(Error::Invalid { field: "priority", reason: "must be 0 to 9" });
        }
        if payload.as_ref().is_some_and(|payload| payload.len() > MAX_PAYLOAD_BYTES) {
            return Err(Error::Invalid { field: "payload", reason: "must be at most 1 MiB" });
        }
        let (key, mut body, row) = Self::body_and_state(tx, company, id)?;
        let moment = Moment { now: tx.now(), tail: tx.mint_with(0).hi, is_ordered: false };
        let edit = Edit { bytes: payload.as_ref().map(|payload| payload.len() as u32), priority, run_at };
        let wrong = || Error::WrongState { id, state: row.effective(self.inner.boot) };
        let mut next = row.edited(edit, &moment).map_err(|_| wrong())?;
        if next.run_at != row.run_at && next.can_never_start() {
            return Err(Error::Invalid { field: "run_at", reason: "must be earlier than the job's expire_at" });
        }
        if let Some(payload) = payload {
            let name = self.inner.line(body.queue).map(|line| line.name.clone());
            index::leave_fields(tx, key, &body)?;
            body.fields = name.map(|name| self.search_values(&name, &payload)).unwrap_or_default();
            body.payload = payload;
            index::enter_fields(tx, key, &body)?;
            let is_indexed = !body.fields.is_empty() || !body.tags.is_empty();
            next.extras =
                if is_indexed { next.extras.with(Extras::INDEXED) } else { next.extras.without(Extras::INDEXED) };
            tx.put(JOBS, &key, &body)?;
        }
        let mut after = After::default();
        Writer { tx, after: &mut after, boot: self.inner.boot }.change(key, &row, &next)?;
        after.register(tx, self);
        self.inner.view(tx, key, body)?.ok_or(Error::NotFound(id))
    }

    /// Removes a finished job and everything kept with it; answers how many rows.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::WrongState`] when it is not finished.
    pub fn delete(&self, tx: &mut Tx<'_>, company: CompanyId, id: JobId) -> Result<usize, Error> {
        let (_, _, row) = Self::body_and_state(tx, company, id)?;
        self.remove(tx, (company, id), &row, &LostEntries::default())
    }

    /// Removes a job by its row if it is finished; answers how many rows.
    pub(super) fn remove(
        &self,
        tx: &mut Tx<'_>,
        (company, id): (CompanyId, JobId),
        row: &JobState,
        lost: &LostEntries,
    ) -> Result<usize, Error> {
        let Some(at) = row.finished_at.filter(|_| row.state.is_terminal()) else {
            return Err(Error::WrongState { id, state: row.effective(self.inner.boot) });
        };
        let place = (company.hi(), row.place.queue, row.state, at, id.hi());
        Ok(remove_finished(tx, place, row.bytes, lost)?)
    }

    /// Pauses the company's part of a queue: nothing of it starts until it is resumed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn pause(&self, tx: &mut Tx<'_>, company: CompanyId, queue: &QueueName) -> Result<(), Error> {
        self.set_paused(tx, company, queue, true)
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn resume(&self, tx: &mut Tx<'_>, company: CompanyId, queue: &QueueName) -> Result<(), Error> {
        self.set_paused(tx, company, queue, false)
    }

    fn set_paused(&self, tx: &mut Tx<'_>, company: CompanyId, queue: &QueueName, is_paused: bool) -> Result<(), Error> {
        let mut after = After::default();
        let id = self.intern(tx, queue, &mut after)?;
        self.ensure_lane(tx, id, company.hi(), &mut after)?;
        let row = tx.get(LANES, &(id, company.hi()))?.unwrap_or_default();
        tx.put(LANES, &(id, company.hi()), &LaneRow { is_paused, ..row })?;
        after.push(id, Op::SetPaused { company: company.hi(), is_paused });
        after.register(tx, self);
        Ok(())
    }

    /// Changes the figures of a queue, for all companies.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a figure out of range.
    pub fn configure(&self, tx: &mut Tx<'_>, queue: &QueueName, settings: QueueSettings) -> Result<(), Error> {
        if settings.concurrency == 0 || settings.retry.attempts == 0 {
            return Err(Error::Invalid { field: "concurrency", reason: "and attempts must be at least 1" });
        }
        let fields = &settings.search_fields;
        let is_path = |path: &String| (1..=MAX_TEXT_BYTES).contains(&path.len());
        if fields.len() > MAX_SEARCH_FIELDS || !fields.iter().all(is_path) {
            return Err(Error::Invalid {
                field: "search_fields",
                reason: "must be at most 16 paths of 1 to 256 bytes",
            });
        }
        let mut after = After::default();
        let id = self.intern(tx, queue, &mut after)?;
        tx.put(QUEUES, &queue.as_str().to_owned(), &QueueRow { id, settings: Some(settings.clone()) })?;
        after.register(tx, self);
        let inner = std::sync::Arc::clone(&self.inner);
        tx.on_commit(move || {
            if let Some(line) = inner.line(id) {
                line.configure(settings);
            }
        });
        Ok(())
    }

    /// Cancels everything of the company that waits in a queue, for its turn or for children; answers how many.
    ///
    /// Jobs that are active, delayed or retrying stay, and so do children in other queues. Works in small transactions; the first one begins with `begin`.
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub async fn drain_lane(
        &self,
        company: CompanyId,
        queue: &QueueName,
        begin: impl FnOnce(&mut Tx<'_>) -> Result<(), storage::Error> + Send + 'static,
    ) -> Result<u64, Error> {
        let Some(line) = self.inner.find(queue) else { return Ok(0) };
        let mut cancelled = 0;
        // Those that wait for children first: otherwise they would fail with the children that are cancelled.
        let (mut begin, mut at) = (Some(begin), Some(Draining::Blocked(0)));
        while let Some(from) = at {
            let (queues, id, begin) = (self.clone(), line.id, begin.take());
            let work = move |tx: &mut Tx<'_>| {
                begin.map_or(Ok(()), |begin| begin(tx))?;
                drain_chunk(tx, &queues, (company.hi(), id), from)
            };
            let (count, next) = self.inner.db.write_reclaiming(work).await?;
            cancelled += count;
            at = next;
        }
        Ok(cancelled)
    }
}

/// What to change of a job.
#[derive(Debug, Clone, Default)]
pub struct JobEdit {
    /// Another payload.
    pub payload: Option<Bytes>,
    /// Another priority; among equals it stands where its age puts it.
    pub priority: Option<u8>,
    /// Another time; one in the past is as good as now.
    pub run_at: Option<RunAt>,
}

/// How far draining has come: behind which job.
#[derive(Debug, Clone, Copy)]
enum Draining {
    /// Among those that wait for children.
    Blocked(u64),
    /// Among those in line: priority, group and order.
    InLine(Option<(u8, u64, u64)>),
}

/// Cancels some that wait; answers how many, and where to go on unless that was all.
fn drain_chunk(
    tx: &mut Tx<'_>,
    queues: &Queues,
    (company, queue): (u64, QueueId),
    from: Draining,
) -> Result<(u64, Option<Draining>), Error> {
    let (jobs, next): (Vec<u64>, _) = match from {
        Draining::Blocked(behind) => {
            let (kind, at) = (State::Waiting as u8, BLOCKED_AT);
            let range = KeyRange::after(&(company, queue, kind, at, behind)).within(&(company, queue, kind));
            let rows = tx.list_past_damage(PENDING_JOBS, &range, Order::Ascending, DRAIN_CHUNK)?;
            let jobs: Vec<u64> = rows.into_iter().map(|((.., job), _)| job).collect();
            let last = jobs.last().copied().filter(|_| jobs.len() == DRAIN_CHUNK);
            (jobs, Some(last.map_or(Draining::InLine(None), Draining::Blocked)))
        }
        Draining::InLine(behind) => {
            let lane = (company, queue);
            let range = match behind {
                Some((priority, group, ord)) => KeyRange::after(&(company, queue, priority, group, ord)).within(&lane),
                None => KeyRange::prefix(&lane),
            };
            let rows = tx.list_past_damage(READY, &range, Order::Ascending, DRAIN_CHUNK)?;
            let last = rows.last().filter(|_| rows.len() == DRAIN_CHUNK).map(|((_, _, p, g, o), _)| (*p, *g, *o));
            let jobs = rows.into_iter().filter_map(|(_, row)| row.ok().map(|row| row.job)).collect();
            (jobs, last.map(|last| Draining::InLine(Some(last))))
        }
    };
    let boot = queues.inner.boot;
    let mut after = After::default();
    let mut count = 0;
    for job in jobs {
        let key = (company, job);
        let row = match super::store::find_state(tx, key) {
            Err(error @ storage::Error::Corrupt { .. }) => {
                tracing::error!(%error, "a damaged job is left where it is: {error}");
                None
            }
            row => row?,
        };
        let waiting = row.filter(|row| row.effective(boot) == State::Waiting);
        if let Some(row) = waiting
            && let Ok(cancelled) = row.cancel(tx.now())
        {
            Writer { tx, after: &mut after, boot }.change(key, &row, &cancelled)?;
            count += 1;
        }
    }
    after.register(tx, queues);
    Ok((count, next))
}

/// Removes a finished job by its place in the finished index; answers how many rows, at most a few thousand.
///
/// One whose body is damaged needs its entries in the indexes; without them nothing is removed.
pub(super) fn remove_finished(
    tx: &mut Tx<'_>,
    (company, queue, state, at, job): (u64, QueueId, State, Timestamp, u64),
    bytes: u32,
    lost: &LostEntries,
) -> Result<usize, storage::Error> {
    let key = (company, job);
    let mut rows = 3;
    if let Some(row) = tx.get(JOB_STATES, &key)? {
        if row.extras.has(Extras::INDEXED) {
            rows += leave_indexes(tx, key, lost)?;
        }
        if row.children > 0 {
            rows += flows::forget_children(tx, key)?;
        }
        if row.extras.has(Extras::NOTES) {
            rows += notes::forget(tx, key)?;
        }
        for number in row.errors.saturating_sub(super::settle::KEPT_ERRORS)..row.errors {
            tx.remove(JOB_ERRORS, &(company, job, number))?;
            rows += 1;
        }
        if row.has_result {
            tx.remove(JOB_RESULTS, &key)?;
            rows += 1;
        }
    }
    tx.remove(JOBS, &key)?;
    tx.remove(JOB_STATES, &key)?;
    tx.remove(FINISHED, &(company, queue, state as u8, at, job))?;
    count(tx, company, queue, state, -1);
    tx.add(bytes_in(company, queue, state), -i64::from(bytes));
    Ok(rows)
}

fn leave_indexes(tx: &mut Tx<'_>, key: JobKey, lost: &LostEntries) -> Result<usize, storage::Error> {
    match tx.get(JOBS, &key) {
        Ok(body) => body.map_or(Ok(0), |body| index::leave(tx, key, &body)),
        Err(error @ storage::Error::Corrupt { .. }) => lost.leave(tx, key)?.ok_or(error),
        Err(error) => Err(error),
    }
}
