//! Giving leases: jobs are taken from the heads, checked against their rows and marked active.
//!
//! Runs on the writer thread, so no two claims can meet. What was taken but not claimed goes
//! back, also when the transaction fails or panics.

use std::sync::Arc;

use super::{
    after::{After, Op},
    heads::Taken,
    heartbeat::old_lease,
    leases::Lease,
    line::Line,
    registry::Queues,
    settle::record_interrupted,
    state::{Claim, Claimed, JobState, Place},
    store::{JOB_STATES, JobKey, READY, ready_key},
    writer::Writer,
};
use crate::storage::{Error, Read, Tx};

/// Jobs that one claim meets without starting them, about: held from before the restart, or failed as expired or stalled.
const UNSTARTED_MAX: usize = 256;
/// What is kept of an attempt that the end of the process cut off.
const BY_RESTART: &str = "interrupted by a restart of the server";

/// Who asks for leases.
#[derive(Debug, Clone)]
pub(super) enum Asker {
    /// A pool of this process, for any company.
    Pool,
    /// A worker outside.
    External {
        company: u64,
        /// Hashes of the kinds it takes.
        kinds: Option<Vec<u32>>,
        worker: String,
        lease_ms: u32,
    },
}

/// How much to claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Want {
    /// At most so many jobs of any company.
    pub(super) jobs: usize,
    /// Beside them so many of companies that hold little; for a pool.
    pub(super) lesser: usize,
    /// No more once their payloads come to this.
    pub(super) bytes: usize,
}

impl Want {
    /// One job less; those of companies that hold little are taken from what is there for them first.
    const fn take_one(&mut self, is_lesser: bool) {
        if is_lesser && self.lesser > 0 {
            self.lesser -= 1;
        } else {
            self.jobs = self.jobs.saturating_sub(1);
        }
    }
}

/// A job under a new lease.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) key: JobKey,
    /// Of a company that held little.
    pub(super) is_lesser: bool,
    pub(super) state: JobState,
    pub(super) group_limit: Option<u32>,
}

/// Gives back what was taken when the transaction does not come to its end.
struct Round<'a> {
    line: &'a Line,
    /// Taken and not yet looked at to the end.
    taken: Vec<Taken>,
    leased: Vec<(Taken, u32)>,
    /// Failed at their claim, which is undone with the transaction.
    failed: Vec<Taken>,
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        if self.taken.is_empty() && self.leased.is_empty() && self.failed.is_empty() {
            return;
        }
        let mut core = self.line.core();
        for taken in &self.failed {
            core.heads.push(taken.company, taken.priority, taken.group, taken.item);
        }
        for (taken, generation) in self.leased.drain(..) {
            core.leases.remove(taken.item.job, generation);
            self.taken.push(taken);
        }
        for taken in &self.taken {
            core.heads.push(taken.company, taken.priority, taken.group, taken.item);
            core.heads.untake(taken.company, taken.group);
        }
    }
}

/// Takes up to `want` jobs from the heads and marks them active.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    queues: &Queues,
    line: &Arc<Line>,
    want: Want,
    asker: &Asker,
) -> Result<Vec<Granted>, Error> {
    let mut after = After::default();
    let mut round = Round { line, taken: Vec::new(), leased: Vec::new(), failed: Vec::new() };
    let (mut granted, mut rearmed) = (Vec::new(), Vec::new());
    let mut left = want;
    while left.jobs + left.lesser > 0 && rearmed.len() + round.failed.len() < UNSTARTED_MAX {
        round.taken = take(tx, line, &mut left, asker);
        if round.taken.is_empty() {
            break;
        }
        let mut verdicts = Vec::with_capacity(round.taken.len());
        for item in &round.taken {
            verdicts.push(match check(tx, queues, line, item, asker, &mut after) {
                Err(error @ Error::Corrupt { .. }) => {
                    // It stays on disk for whoever looks; the others of the line go on.
                    tracing::error!(%error, queue = %line.name, "a job in line is damaged and passed over");
                    Verdict::Gone
                }
                verdict => verdict?,
            });
        }
        let mut core = line.core();
        for (item, verdict) in round.taken.drain(..).zip(verdicts) {
            let job = item.item.job;
            match verdict {
                Verdict::Granted(state, lease) => {
                    left.take_one(item.is_lesser);
                    core.leases.grant(job, state.generation, lease);
                    core.history.started(item.company, &state);
                    round.leased.push((item, state.generation));
                    let (key, is_lesser, group_limit) = ((item.company, job), item.is_lesser, item.group_limit);
                    granted.push(Granted { key, is_lesser, state, group_limit });
                }
                Verdict::Rearmed(state, lease) => {
                    core.leases.grant(job, state.generation, lease);
                    round.leased.push((item, state.generation));
                    rearmed.push(((item.company, job), state));
                }
                Verdict::Holds => {
                    core.heads.hold(item.company, item.group, job);
                    core.heads.untake(item.company, item.group);
                }
                Verdict::Failed => {
                    core.heads.untake(item.company, item.group);
                    round.failed.push(item);
                }
                Verdict::Gone => core.heads.untake(item.company, item.group),
            }
        }
    }
    if rearmed.len() + round.failed.len() > 0 {
        // Whoever asked may have got nothing although there is more behind them.
        after.push(line.id, Op::Wake);
    }
    if !rearmed.is_empty() {
        let (inner, line) = (Arc::clone(&queues.inner), Arc::clone(line));
        tx.on_commit(move || inner.cut_off_later(&line, rearmed));
    }
    after.register(tx, queues);
    round.leased.clear();
    round.failed.clear();
    Ok(granted)
}

/// Takes at most what is wanted, but one job however large it is; stale ones count like others.
fn take(tx: &Tx<'_>, line: &Line, left: &mut Want, asker: &Asker) -> Vec<Taken> {
    let now_ms = tx.mono_ms();
    let mut core = line.core();
    core.heads.begin_pass(now_ms);
    let mut taken = Vec::new();
    let mut open = *left;
    while open.jobs + open.lesser > 0 && left.bytes > 0 {
        let next = match asker {
            Asker::Pool => {
                core.heads.take_lesser(now_ms).or_else(|| (open.jobs > 0).then(|| core.heads.take(now_ms))?)
            }
            Asker::External { company, kinds, .. } => core.heads.take_for(*company, now_ms, kinds.as_deref()),
        };
        let Some(next) = next else { break };
        left.bytes = left.bytes.saturating_sub(next.item.bytes as usize);
        open.take_one(next.is_lesser);
        taken.push(next);
    }
    taken
}

/// What becomes of a job that was taken.
enum Verdict {
    Granted(JobState, Lease),
    /// An external worker from before the restart still has it.
    Rearmed(JobState, Lease),
    Holds,
    Failed,
    Gone,
}

fn check(
    tx: &mut Tx<'_>,
    queues: &Queues,
    line: &Line,
    taken: &Taken,
    asker: &Asker,
    after: &mut After,
) -> Result<Verdict, Error> {
    let inner = &queues.inner;
    let key = (taken.company, taken.item.job);
    let Some(row) = find_row(tx, line, taken)? else { return Ok(Verdict::Gone) };
    if row.place.ord != taken.item.ord {
        return Ok(Verdict::Gone);
    }
    let (is_external, lease_ms, worker) = match asker {
        Asker::Pool => (false, 0, ""),
        Asker::External { lease_ms, worker, .. } => (true, *lease_ms, worker.as_str()),
    };
    let now_ms = tx.mono_ms();
    let claim =
        Claim { now: tx.now(), boot: inner.boot, since_boot_ms: inner.since_boot_ms(), is_external, lease_ms, worker };
    let claimed = row.claim(&claim);
    if let Claimed::Start(next) | Claimed::Leave(next) = &claimed
        && next.errors > row.errors
    {
        record_interrupted(tx, key, &row, BY_RESTART)?;
    }
    let mut writer = Writer { tx, after, boot: inner.boot };
    Ok(match claimed {
        Claimed::Start(next) => {
            writer.change(key, &row, &next)?;
            let deadline_ms = is_external.then(|| now_ms.saturating_add(u64::from(lease_ms)));
            let (company, group) = (taken.company, taken.group);
            Verdict::Granted(
                next,
                Lease { company, group, deadline_ms, cut_off_ms: None, is_ended: false, is_lost: false },
            )
        }
        Claimed::Leave(next) => {
            writer.change(key, &row, &next)?;
            Verdict::Failed
        }
        Claimed::Rearm(next, left_ms) => {
            let lease = old_lease(key, &row, now_ms.saturating_add(left_ms), None);
            writer.change(key, &row, &next)?;
            Verdict::Rearmed(next, lease)
        }
        Claimed::Holds => Verdict::Holds,
        Claimed::Gone => Verdict::Gone,
    })
}

/// The row of a job, from its place alone while none is written; `None` when it is not in line any more.
///
/// A ref outlives its job when it was read before the job was cancelled and deleted, so only the
/// ready index can tell a fresh job from one that is gone.
fn find_row(tx: &Tx<'_>, line: &Line, taken: &Taken) -> Result<Option<JobState>, Error> {
    let Taken { company, priority, group, item, .. } = *taken;
    if let Some(row) = tx.get(JOB_STATES, &(company, item.job))? {
        return Ok(Some(row));
    }
    let place = Place { queue: line.id, priority, group, ord: item.ord };
    let is_in_line = tx.exists(READY, &ready_key(company, &place))?;
    Ok(is_in_line.then(|| JobState::enqueued(place, item.kind, item.bytes)))
}
