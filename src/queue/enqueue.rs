//! Creating jobs inside the transaction that causes them.

use super::{
    after::After,
    error::Error,
    flows::{Depths, add_child},
    index,
    job::{
        Enqueued, MAX_ATTEMPTS, MAX_BATCH, MAX_PAYLOAD_BYTES, MAX_PRIORITY, MAX_TAGS, MAX_TEXT_BYTES, NewJob, State,
        Unique, UniqueScope,
    },
    registry::Queues,
    state::{Extras, HeldKey, JobState},
    store::{JOBS, JobBody, TIMERS, TimerKind, TimerRow, UNIQUE_KEYS, UniqueRow},
    writer::Writer,
};
use crate::{
    base::{JobId, QueueId, RawId},
    storage::{Read, Tx},
};

/// Creates a job; it may start once the transaction is durable.
///
/// # Errors
/// [`Error::Invalid`] for a field beyond its limit; [`Error::NeverStarts`]; [`Error::TooManyQueues`];
/// [`Error::Storage`], with [`crate::storage::Error::Full`] when the disk is nearly full.
pub fn enqueue(tx: &mut Tx<'_>, queues: &Queues, job: NewJob) -> Result<Enqueued, Error> {
    tx.admit_new_work()?;
    let mut after = After::default();
    let enqueued = create(tx, queues, job, &mut after, &mut Depths::new())?;
    after.register(tx, queues);
    Ok(enqueued)
}

/// Creates many jobs, all or none; answers in their order.
///
/// # Errors
/// As [`enqueue`]; more than [`MAX_BATCH`] jobs are [`Error::Invalid`].
pub fn enqueue_many(
    tx: &mut Tx<'_>,
    queues: &Queues,
    jobs: impl IntoIterator<Item = NewJob>,
) -> Result<Vec<Enqueued>, Error> {
    tx.admit_new_work()?;
    let (mut after, mut depths) = (After::default(), Depths::new());
    let mut all = Vec::new();
    for job in jobs {
        if all.len() >= MAX_BATCH {
            return Err(Error::Invalid { field: "jobs", reason: "must be at most 1000" });
        }
        let position = all.len();
        all.push(create(tx, queues, job, &mut after, &mut depths).map_err(|error| error.at(position))?);
    }
    after.register(tx, queues);
    Ok(all)
}

/// Creates one job.
pub(super) fn create(
    tx: &mut Tx<'_>,
    queues: &Queues,
    mut job: NewJob,
    after: &mut After,
    depths: &mut Depths,
) -> Result<Enqueued, Error> {
    check(&job)?;
    let fields = match job.fields.take() {
        Some(fields) => fields,
        None => queues.search_values(&job.queue, &job.payload),
    };
    let company = job.company.hi();
    let queue = queues.intern(tx, &job.queue, after)?;
    queues.ensure_lane(tx, queue, company, after)?;
    if let Some(unique) = &job.unique
        && let Some(id) = find_duplicate(tx, company, queue, &unique.key)?
    {
        return Ok(Enqueued { id, is_duplicate: true });
    }
    let raw = match job.id_lo {
        Some(lo) => tx.mint_with(lo),
        None => tx.mint(),
    };
    let key = (company, raw.hi);
    let NewJob { run_at, expire_at, unique, parent, .. } = job;
    let body = JobBody {
        id_lo: raw.lo,
        company_lo: job.company.raw().lo,
        queue,
        kind: job.kind,
        payload: job.payload,
        priority: job.priority,
        group: job.group.as_ref().map_or(0, |group| group.number),
        group_text: job.group.and_then(|group| group.text),
        retry: job.retry,
        timeout_ms: job.timeout_ms,
        tags: job.tags,
        unique: unique.as_ref().map(|unique| (unique.key.clone(), unique.scope)),
        parent: parent.map(|parent| parent.id.raw()),
        fields,
    };
    let now = tx.now();
    let mut state = JobState {
        // Timers never lie in the past, so that their list needs no second look.
        expire_at: expire_at.map(|at| at.max(now.plus_ms(1))),
        ..body.first_state(raw.hi)
    };
    if let Some(at) = run_at.filter(|at| *at > now) {
        state.state = State::Delayed;
        state.run_at = Some(at);
    }
    if state.can_never_start() {
        return Err(Error::NeverStarts { position: 0 });
    }
    if let Some(unique) = unique {
        hold_key(tx, company, queue, raw, unique, &mut state, after)?;
    }
    if let Some(parent) = parent {
        add_child(tx, queues, (company, parent), raw, after, depths)?;
        state.parent = Some(parent.id.hi());
    }
    if !body.tags.is_empty() || !body.fields.is_empty() {
        state.extras = Extras::INDEXED;
        index::enter(tx, key, &body)?;
    }
    tx.put(JOBS, &key, &body)?;
    Writer { tx, after, boot: queues.inner.boot }.create(key, &state)?;
    Ok(Enqueued { id: JobId::from_raw(raw), is_duplicate: false })
}

/// The job that holds a unique key, unless its window has passed.
fn find_duplicate(tx: &mut Tx<'_>, company: u64, queue: QueueId, key: &str) -> Result<Option<JobId>, Error> {
    let key = (company, queue, key.to_owned());
    let Some(row) = tx.get(UNIQUE_KEYS, &key)? else { return Ok(None) };
    match row.until {
        Some(until) if until <= tx.now() => {
            tx.remove(TIMERS, &(until, company, row.job.hi, TimerKind::KeyWindow as u8))?;
            Ok(None)
        }
        _ => Ok(Some(JobId::from_raw(row.job))),
    }
}

fn hold_key(
    tx: &mut Tx<'_>,
    company: u64,
    queue: QueueId,
    job: RawId,
    unique: Unique,
    state: &mut JobState,
    after: &mut After,
) -> Result<(), Error> {
    let Unique { key, scope } = unique;
    let until = match scope {
        UniqueScope::Window { window_ms } => Some(tx.now().plus_ms(window_ms.max(1))),
        UniqueScope::UntilStarted | UniqueScope::UntilFinished => None,
    };
    tx.put(UNIQUE_KEYS, &(company, queue, key.clone()), &UniqueRow { job, until })?;
    match until {
        Some(at) => {
            let timer = TimerRow { queue, key: Some(key) };
            tx.put(TIMERS, &(at, company, job.hi, TimerKind::KeyWindow as u8), &timer)?;
            after.timer(at);
        }
        None => state.held_key = Some(HeldKey { key, scope }),
    }
    Ok(())
}

fn check(job: &NewJob) -> Result<(), Error> {
    let text = |field, text: &str| {
        if text.is_empty() || text.len() > MAX_TEXT_BYTES {
            return Err(Error::Invalid { field, reason: "must be 1 to 256 bytes" });
        }
        Ok(())
    };
    text("kind", &job.kind)?;
    if job.payload.len() > MAX_PAYLOAD_BYTES {
        return Err(Error::Invalid { field: "payload", reason: "must be at most 1 MiB" });
    }
    if job.priority > MAX_PRIORITY {
        return Err(Error::Invalid { field: "priority", reason: "must be 0 to 9" });
    }
    if job.tags.len() > MAX_TAGS {
        return Err(Error::Invalid { field: "tags", reason: "must be at most 100" });
    }
    job.tags.iter().try_for_each(|tag| text("tags", tag))?;
    if let Some(unique) = &job.unique {
        text("unique.key", &unique.key)?;
    }
    if let Some(key) = job.group.as_ref().and_then(|group| group.text.as_deref()) {
        text("group_key", key)?;
    }
    if let Some(group) = &job.group
        && group.number == 0
    {
        return Err(Error::Invalid { field: "group_key", reason: "must not have the number zero" });
    }
    if let Some(retry) = &job.retry
        && !(1..=MAX_ATTEMPTS).contains(&retry.attempts)
    {
        return Err(Error::Invalid { field: "attempts", reason: "must be 1 to 1000" });
    }
    if job.timeout_ms == Some(0) {
        return Err(Error::Invalid { field: "timeout_ms", reason: "must be greater than zero" });
    }
    Ok(())
}
