//! Flows: jobs that wait for other jobs, their children.
//!
//! A parent counts its children that have not ended (`blocked_by`) in its own row and stands in no line while there are
//! any. The end of a child is told to the parent in the commit of that end, by `store::Writer`. Children are named when
//! they are enqueued, and a parent exists before its children, so a circle cannot arise among stored jobs; one within a
//! batch is refused.

use std::collections::{HashMap, hash_map::Entry};

use bytes::Bytes;

use super::{
    after::After,
    enqueue::create,
    error::Error,
    job::{Enqueued, MAX_BATCH, MAX_CHILDREN, MAX_FLOW_DEPTH, NewJob, OnFailure, Parent, State},
    job_head::JOB_HEADS,
    registry::Queues,
    store::{ChildRow, FLOW_CHILDREN, JOB_RESULTS, JOB_STATES, JobKey},
    writer::Writer,
};
use crate::{
    base::{CompanyId, JobId, RawId},
    storage::{self, KeyRange, Order, Read, Tx},
};

/// A child of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildView {
    /// The child, perhaps removed since.
    pub id: JobId,
    /// The state in which it ended; `None` while it has not.
    pub end: Option<State>,
    /// What its failure does to the parent.
    pub on_failure: OnFailure,
    /// What its worker returned, as long as the child is kept.
    pub result: Option<Bytes>,
}

/// Results after which a page of children ends early, in bytes.
const PAGE_BYTES: usize = 4 << 20;

/// How deep the parents that one transaction adds children to lie; looked up once for each.
pub(super) type Depths = HashMap<RawId, u32>;

/// A job of a batch, and which other job of the batch waits for it.
#[derive(Debug, Clone)]
pub struct FlowJob {
    /// The job; its own `parent` must be empty when `waited_for_by` is not.
    pub job: NewJob,
    /// The place of its parent in the batch.
    pub waited_for_by: Option<(usize, OnFailure)>,
}

/// Creates jobs that may wait for each other, all or none; answers in their order.
///
/// A child whose unique key is taken is not created, and nobody waits for it.
///
/// # Errors
/// As [`super::enqueue_many`]; [`Error::Invalid`] for parents in a circle, that are not there or have finished.
pub fn enqueue_flow(tx: &mut Tx<'_>, queues: &Queues, jobs: Vec<FlowJob>) -> Result<Vec<Enqueued>, Error> {
    tx.admit_new_work()?;
    if jobs.len() > MAX_BATCH {
        return Err(Error::Invalid { field: "jobs", reason: "must be at most 1000" });
    }
    let parents: Vec<_> = jobs.iter().map(|job| job.waited_for_by.map(|(parent, _)| parent)).collect();
    let levels = levels(&parents).ok_or(Error::Invalid { field: "parent_id", reason: "goes round in a circle" })?;
    let mut order: Vec<_> = jobs.into_iter().enumerate().collect();
    // Stable: within a level in the order sent.
    order.sort_by_key(|(position, _)| levels.get(*position).copied());
    let (mut after, mut depths) = (After::default(), Depths::new());
    let mut done: HashMap<usize, Enqueued> = HashMap::new();
    for (position, FlowJob { mut job, waited_for_by }) in order {
        if let Some((parent, on_failure)) = waited_for_by {
            let found = done.get(&parent).ok_or(Error::Invalid { field: "parent_id", reason: "names no job" })?;
            job.parent = Some(Parent { id: found.id, on_failure });
        }
        let made = create(tx, queues, job, &mut after, &mut depths).map_err(|error| error.at(position))?;
        done.insert(position, made);
    }
    after.register(tx, queues);
    let mut done: Vec<_> = done.into_iter().collect();
    done.sort_unstable_by_key(|(position, _)| *position);
    Ok(done.into_iter().map(|(_, enqueued)| enqueued).collect())
}

/// How many parents each job of a batch has above it; `None` when some go round in a circle or lie outside.
fn levels(parents: &[Option<usize>]) -> Option<Vec<u32>> {
    let mut levels = Vec::with_capacity(parents.len());
    for start in 0..parents.len() {
        let (mut at, mut level) = (start, 0);
        while let Some(parent) = *parents.get(at)? {
            level += 1;
            // Any way up is this short, so a longer one never ends.
            if level > MAX_FLOW_DEPTH {
                return None;
            }
            at = parent;
        }
        levels.push(level);
    }
    Some(levels)
}

/// Makes a parent wait for a job that is about to be created.
pub(super) fn add_child(
    tx: &mut Tx<'_>,
    queues: &Queues,
    (company, parent): (u64, Parent),
    child: RawId,
    after: &mut After,
    depths: &mut Depths,
) -> Result<(), Error> {
    let refuse = |reason| Error::Invalid { field: "parent_id", reason };
    let (raw, key) = (parent.id.raw(), (company, parent.id.hi()));
    if let Entry::Vacant(vacant) = depths.entry(raw) {
        let head =
            tx.get(JOB_HEADS, &key)?.filter(|head| head.id_lo == raw.lo).ok_or_else(|| refuse("names no job"))?;
        if !tx.exists(JOB_STATES, &key)? {
            tx.put(JOB_STATES, &key, &head.first_state(key.1))?;
        }
        vacant.insert(depth(tx, key)?);
    }
    if depths.get(&raw).is_some_and(|depth| *depth >= MAX_FLOW_DEPTH) {
        return Err(refuse("would make more than 16 jobs wait for each other in a row"));
    }
    let row = tx.get(JOB_STATES, &key)?.ok_or_else(|| refuse("names no job"))?;
    let next = row.child_added().map_err(|_| refuse("names a job that has finished"))?;
    if next.children > MAX_CHILDREN {
        return Err(refuse("has 1000 children, the most a job waits for"));
    }
    let child_row = ChildRow { lo: child.lo, on_failure: parent.on_failure, end: None };
    tx.put(FLOW_CHILDREN, &(company, key.1, child.hi), &child_row)?;
    Ok(Writer { tx, after, boot: queues.inner.boot }.change(key, &row, &next)?)
}

/// Parents above a job, itself included.
fn depth(tx: &Tx<'_>, (company, job): JobKey) -> Result<u32, storage::Error> {
    let (mut at, mut depth) = (job, 1);
    while depth <= MAX_FLOW_DEPTH
        && let Some(parent) = tx.get(JOB_STATES, &(company, at))?.and_then(|row| row.parent)
    {
        at = parent;
        depth += 1;
    }
    Ok(depth)
}

/// Removes what a job kept of its children; answers how many rows.
pub(super) fn forget_children(tx: &mut Tx<'_>, (company, job): JobKey) -> Result<usize, storage::Error> {
    let range = KeyRange::prefix(&(company, job));
    let rows = tx.list_past_damage(FLOW_CHILDREN, &range, Order::Ascending, MAX_CHILDREN as usize)?;
    for (key, _) in &rows {
        tx.remove(FLOW_CHILDREN, key)?;
    }
    Ok(rows.len())
}

impl Queues {
    /// The children of a job in the order they were added, behind the given one, and where the next page begins.
    ///
    /// A page ends early when the results come to much.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn children(
        &self,
        read: &impl Read,
        company: CompanyId,
        parent: JobId,
        behind: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<ChildView>, Option<u64>), Error> {
        let (company, parent) = (company.hi(), parent.hi());
        let prefix = (company, parent);
        let range = match behind {
            Some(child) => KeyRange::after(&(company, parent, child)).within(&prefix),
            None => KeyRange::prefix(&prefix),
        };
        let rows = read.list(FLOW_CHILDREN, &range, Order::Ascending, limit.saturating_add(1))?;
        let (mut children, mut bytes) = (Vec::new(), 0);
        for ((.., child), row) in rows {
            if children.len() >= limit || bytes >= PAGE_BYTES {
                let next = children.last().map(|last: &ChildView| last.id.hi());
                return Ok((children, next));
            }
            let result = row.end.map(|_| read.get(JOB_RESULTS, &(company, child))).transpose()?.flatten();
            let result = result.map(|row| row.result);
            bytes += result.as_ref().map_or(0, Bytes::len);
            let id = JobId::from_raw(RawId { hi: child, lo: row.lo });
            children.push(ChildView { id, end: row.end, on_failure: row.on_failure, result });
        }
        Ok((children, None))
    }
}

#[cfg(test)]
mod tests {
    use super::levels;

    #[test]
    fn levels_count_parents_and_refuse_circles() {
        assert_eq!(levels(&[None, Some(0), Some(1), Some(0)]), Some(vec![0, 1, 2, 1]));
        assert_eq!(levels(&[Some(1), None]), Some(vec![1, 0]));
        for circle in [vec![Some(0)], vec![Some(1), Some(0)], vec![None, Some(2), Some(1)], vec![Some(7)]] {
            assert_eq!(levels(&circle), None, "{circle:?}");
        }
        let row: Vec<_> = (0..18).map(|at: usize| at.checked_sub(1)).collect();
        assert_eq!(levels(&row), None, "too deep");
        assert!(levels(&row[..17]).is_some());
    }
}
