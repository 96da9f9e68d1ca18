//! The indexes a search reads, each as a list of candidates with the places at which it can go on.

use std::ops::ControlFlow;

use super::{LOOKED_AT, Place, plan::SMALL_LANE};
use crate::{
    base::{QueueId, Timestamp},
    queue::{
        job::State,
        registry::Queues,
        store::{FINISHED, FLOW_CHILDREN, JOB_FIELDS, JOB_TAGS, PENDING_JOBS, READY},
    },
    storage::{Error, KeyRange, Order, Read},
};

/// Candidates of one read of a list by time, for each queue.
const CHUNK: usize = 128;

/// Candidates in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Jobs, each with the place behind it.
    pub(super) candidates: Vec<(u64, Place)>,
    /// There are no more behind them.
    pub(super) is_end: bool,
    /// Where to go on when there were none but more may follow.
    pub(super) go_on: Option<Place>,
}

impl Batch {
    fn of(jobs: Vec<u64>, limit: usize, place_of: impl Fn(u64) -> Place) -> Self {
        let is_end = jobs.len() < limit;
        Self { candidates: jobs.into_iter().map(|job| (job, place_of(job))).collect(), is_end, go_on: None }
    }
}

/// Newest jobs under a tag.
pub(super) fn tagged(
    read: &impl Read,
    (company, hash): (u64, u64),
    (newest, oldest): (u64, u64),
    place_of: impl Fn(u64) -> Place,
) -> Result<Batch, Error> {
    let range = KeyRange::between(&(company, hash, oldest), &(company, hash, newest));
    let rows = read.list(JOB_TAGS, &range, Order::Descending, LOOKED_AT)?;
    Ok(Batch::of(rows.into_iter().map(|((.., job), ())| job).collect(), LOOKED_AT, place_of))
}

/// Newest jobs under a payload field.
pub(super) fn with_field(
    read: &impl Read,
    (company, queue, hash): (u64, QueueId, u64),
    (newest, oldest): (u64, u64),
    place_of: impl Fn(u64) -> Place,
) -> Result<Batch, Error> {
    let range = KeyRange::between(&(company, queue, hash, oldest), &(company, queue, hash, newest));
    let rows = read.list(JOB_FIELDS, &range, Order::Descending, LOOKED_AT)?;
    Ok(Batch::of(rows.into_iter().map(|((.., job), ())| job).collect(), LOOKED_AT, place_of))
}

/// Children of a job behind a place, in the order they were added.
pub(super) fn children(
    read: &impl Read,
    (company, parent): (u64, u64),
    (number, after): (u64, Option<Place>),
) -> Result<Batch, Error> {
    let prefix = (company, parent);
    let range = match after {
        Some([_, child, ..]) => KeyRange::after(&(company, parent, child)).within(&prefix),
        None => KeyRange::prefix(&prefix),
    };
    let rows = read.list_past_damage(FLOW_CHILDREN, &range, Order::Ascending, LOOKED_AT)?;
    Ok(Batch::of(rows.into_iter().map(|((.., child), _)| child).collect(), LOOKED_AT, |job| [number, job, 0, 0, 0]))
}

/// Every job of a lane that has few.
pub(super) fn lane(
    read: &impl Read,
    company: u64,
    queue: QueueId,
    (newest, oldest): (u64, u64),
    place_of: impl Fn(u64) -> Place,
) -> Result<Batch, Error> {
    let prefix = KeyRange::prefix(&(company, queue));
    // Some may be on their way from one list to another while jobs are added, so there may be a few more.
    let limit = SMALL_LANE as usize * 2;
    let mut jobs: Vec<u64> = Vec::new();
    jobs.extend(read.list(READY, &prefix, Order::Ascending, limit)?.into_iter().map(|(_, row)| row.job));
    jobs.extend(read.list(PENDING_JOBS, &prefix, Order::Ascending, limit)?.into_iter().map(|((.., job), ())| job));
    jobs.extend(read.list(FINISHED, &prefix, Order::Ascending, limit)?.into_iter().map(|((.., job), _)| job));
    jobs.retain(|job| (oldest..newest).contains(job));
    jobs.sort_unstable_by(|left, right| right.cmp(left));
    jobs.dedup();
    Ok(Batch::of(jobs, usize::MAX, place_of))
}

/// Jobs under a lease, newest first.
pub(super) fn active(
    queues: &Queues,
    company: u64,
    lanes: &[QueueId],
    (newest, oldest): (u64, u64),
    place_of: impl Fn(u64) -> Place,
) -> Batch {
    let mut jobs: Vec<u64> = Vec::new();
    for line in lanes.iter().filter_map(|queue| queues.inner.line(*queue)) {
        jobs.extend(line.core().leases.jobs_of(company).filter(|job| (oldest..newest).contains(job)));
    }
    jobs.sort_unstable_by(|left, right| right.cmp(left));
    jobs.truncate(LOOKED_AT);
    Batch::of(jobs, LOOKED_AT, place_of)
}

/// A job in a list by time.
type Timed = (Timestamp, u64);

fn timed(after: Option<Place>) -> Option<Timed> {
    after.map(|[_, at, job, ..]| (Timestamp::from_ms(at.cast_signed()), job))
}

/// Brings the lists of several queues together; `full` are the last entries of those that go on.
fn merged(mut all: Vec<Timed>, full: &[Timed], order: Order, number: u64) -> Batch {
    let is_end = full.is_empty();
    match order {
        // Behind the first list to break off, entries of it may be missing.
        Order::Descending => {
            let horizon = full.iter().max().copied();
            all.retain(|entry| horizon.is_none_or(|horizon| *entry >= horizon));
            all.sort_unstable_by(|left, right| right.cmp(left));
        }
        Order::Ascending => {
            let horizon = full.iter().min().copied();
            all.retain(|entry| horizon.is_none_or(|horizon| *entry <= horizon));
            all.sort_unstable();
        }
    }
    let place_of = |(at, job): Timed| [number, at.as_ms().cast_unsigned(), job, 0, 0];
    Batch { candidates: all.into_iter().map(|entry| (entry.1, place_of(entry))).collect(), is_end, go_on: None }
}

/// Brings together what these queues have in lists by time, from at most [`CHUNK`] entries of each.
fn gathered(
    lanes: &[QueueId],
    order: Order,
    number: u64,
    entries_of: impl Fn(QueueId) -> Result<Vec<Timed>, Error>,
) -> Result<Batch, Error> {
    let (mut all, mut full) = (Vec::new(), Vec::new());
    for queue in lanes.iter().copied() {
        let entries = entries_of(queue)?;
        if entries.len() == CHUNK {
            full.extend(entries.last().copied());
        }
        all.extend(entries);
    }
    Ok(merged(all, &full, order, number))
}

/// Finished jobs of these queues, the latest end first.
pub(super) fn finished(
    read: &impl Read,
    company: u64,
    state: State,
    lanes: &[QueueId],
    (number, after): (u64, Option<Place>),
) -> Result<Batch, Error> {
    gathered(lanes, Order::Descending, number, |queue| {
        let prefix = (company, queue, state as u8);
        let before = timed(after).map(|(at, job)| (company, queue, state as u8, at, job));
        // The key says it all, so a damaged row hides nothing.
        let range = KeyRange::page(&prefix, before.as_ref());
        let rows = read.list_past_damage(FINISHED, &range, Order::Descending, CHUNK)?;
        Ok(rows.into_iter().map(|((.., at, job), _)| (at, job)).collect())
    })
}

/// Delayed or retrying jobs of these queues, the next due first.
pub(super) fn pending(
    read: &impl Read,
    company: u64,
    state: State,
    lanes: &[QueueId],
    (number, after): (u64, Option<Place>),
) -> Result<Batch, Error> {
    gathered(lanes, Order::Ascending, number, |queue| {
        let prefix = (company, queue, state as u8);
        let range = match timed(after) {
            Some((at, job)) => KeyRange::after(&(company, queue, state as u8, at, job)).within(&prefix),
            None => KeyRange::prefix(&prefix),
        };
        let rows = read.list(PENDING_JOBS, &range, Order::Ascending, CHUNK)?;
        Ok(rows.into_iter().map(|((.., at, job), ())| (at, job)).collect())
    })
}

/// The bit of a place's second number that says: those who wait for children.
const BLOCKED: u64 = 1 << 32;

/// Waiting jobs: queue by queue in the order of the line, then those that wait for children.
pub(super) fn waiting(
    read: &impl Read,
    company: u64,
    lanes: &[QueueId],
    (number, after): (u64, Option<Place>),
) -> Result<Batch, Error> {
    let [_, stage, priority, group, ord] = after.unwrap_or_default();
    let is_blocked = stage & BLOCKED != 0;
    let from = QueueId(stage as u32);
    let mut candidates = Vec::new();
    if !is_blocked {
        for queue in lanes.iter().copied().filter(|queue| *queue >= from) {
            let prefix = (company, queue);
            let range = match after {
                Some(_) if queue == from => {
                    KeyRange::after(&(company, queue, priority as u8, group, ord)).within(&prefix)
                }
                _ => KeyRange::prefix(&prefix),
            };
            read.scan_past_damage(READY, &range, Order::Ascending, &mut |(_, queue, priority, group, ord), row| {
                if let Ok(row) = row {
                    candidates.push((row.job, [number, u64::from(queue.0), u64::from(priority), group, ord]));
                }
                if candidates.len() < LOOKED_AT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            if candidates.len() >= LOOKED_AT {
                return Ok(Batch { candidates, is_end: false, go_on: None });
            }
        }
    }
    for queue in lanes.iter().copied().filter(|queue| !is_blocked || *queue >= from) {
        let prefix = (company, queue, State::Waiting as u8);
        let range = match after {
            Some(_) if is_blocked && queue == from => {
                KeyRange::after(&(company, queue, State::Waiting as u8, Timestamp::from_ms(0), ord)).within(&prefix)
            }
            _ => KeyRange::prefix(&prefix),
        };
        let rows = read.list(PENDING_JOBS, &range, Order::Ascending, LOOKED_AT)?;
        let place_of = |job| [number, BLOCKED | u64::from(queue.0), 0, 0, job];
        candidates.extend(rows.into_iter().map(|((.., job), ())| (job, place_of(job))));
        if candidates.len() >= LOOKED_AT {
            return Ok(Batch { candidates, is_end: false, go_on: None });
        }
    }
    Ok(Batch { candidates, is_end: true, go_on: None })
}
