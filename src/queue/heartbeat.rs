//! Signs of life of workers outside, and leases that outlive a restart.

use std::sync::Arc;

use super::{
    after::After,
    error::Error,
    external::LEASE_MS,
    job::State,
    leases::{Beat, Lease},
    line::Line,
    registry::{Inner, Queues},
    state::JobState,
    store::{JOB_STATES, JOBS, JobKey},
    token::Token,
    writer::Writer,
};
use crate::{
    base::{CompanyId, JobId, Timestamp},
    storage::{self, Read, Snapshot, Tx},
};

/// What a sign of life is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// The job is held on.
    Held {
        /// From now, without a further heartbeat; a timeout of the job may shorten it.
        lease_ms: u64,
    },
    /// Somebody has cancelled the job: its worker stops.
    Cancelled,
}

/// What must be known of a job to write a sign of life.
struct Known {
    is_cancelled: bool,
    timeout_ms: Option<u64>,
}

impl Queues {
    /// Extends a lease to `lease_ms` from now, which a timeout may shorten.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when it is not held any more, or the attempt has taken too long.
    pub async fn heartbeat(
        &self,
        company: CompanyId,
        id: JobId,
        token: &str,
        lease_ms: u32,
    ) -> Result<Heartbeat, Error> {
        let token = self.inner.tokens.parse(token, id).ok_or(Error::LeaseLost(id))?;
        let line = self.inner.line(token.queue).ok_or(Error::LeaseLost(id))?;
        let lease_ms = lease_ms.clamp(*LEASE_MS.start(), *LEASE_MS.end());
        let now_ms = self.inner.clock.mono_ms();
        let until = now_ms.saturating_add(u64::from(lease_ms));
        let held = |until: u64| Heartbeat::Held { lease_ms: until.saturating_sub(now_ms) };
        // Bound first: a lock in the condition would be held through the reads below.
        let beat = line.core().leases.beat((company.hi(), id.hi(), token.generation), until, now_ms);
        match beat {
            Beat::Extended(until) => return Ok(held(until)),
            Beat::CutOff => return Err(Error::LeaseLost(id)),
            Beat::Unknown => {}
        }
        let known = self.inner.db.read(move |snapshot| known(snapshot, (company.hi(), id.hi()), token)).await??;
        if known.is_cancelled {
            return Ok(Heartbeat::Cancelled);
        }
        let queues = self.clone();
        // Also on an exhausted disk, where the end of the job is written, too.
        let rearmed = self
            .inner
            .db
            .write_reclaiming(move |tx| rearm(tx, &queues, (company, id), token, until, known.timeout_ms))
            .await?;
        Ok(held(rearmed))
    }
}

fn known(snapshot: &Snapshot, key: JobKey, token: Token) -> Result<Known, storage::Error> {
    let row = snapshot.get(JOB_STATES, &key)?;
    let is_cancelled = row.is_some_and(|row| row.state == State::Cancelled && row.generation == token.generation);
    Ok(Known { is_cancelled, timeout_ms: if is_cancelled { None } else { own_timeout(snapshot, key)? } })
}

/// The longest an attempt of the job may take, when it says so itself.
fn own_timeout(snapshot: &Snapshot, key: JobKey) -> Result<Option<u64>, storage::Error> {
    match snapshot.get(JOBS, &key) {
        Ok(body) => Ok(body.and_then(|body| body.timeout_ms)),
        // A damaged one is found when the job is handed out; until then its lease runs out like any other.
        Err(storage::Error::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a sign of life: of a worker from before the restart, or of one whose lease is being taken back.
///
/// Answers until when it holds, on the monotonic clock.
fn rearm(
    tx: &mut Tx<'_>,
    queues: &Queues,
    (company, id): (CompanyId, JobId),
    token: Token,
    deadline_ms: u64,
    timeout_ms: Option<u64>,
) -> Result<u64, Error> {
    let key = (company.hi(), id.hi());
    let boot = queues.inner.boot;
    let row = tx.get(JOB_STATES, &key)?.ok_or(Error::LeaseLost(id))?;
    let next = row.rearm(token.generation, boot).map_err(|_| Error::LeaseLost(id))?;
    let Some(line) = queues.inner.line(row.place.queue) else { return Err(Error::LeaseLost(id)) };
    let cut_off_ms = cut_off(&line, &row, timeout_ms, tx.now(), tx.mono_ms());
    let lease = old_lease(key, &row, deadline_ms, cut_off_ms);
    let now_ms = tx.mono_ms();
    let is_over = cut_off_ms.is_some_and(|at| at <= now_ms);
    if is_over || line.core().leases.is_cut_off(key.1, token.generation, now_ms) {
        // An attempt that has taken too long ends, whatever its worker says.
        return Err(Error::LeaseLost(id));
    }
    let mut after = After::default();
    Writer { tx, after: &mut after, boot }.change(key, &row, &next)?;
    after.register(tx, queues);
    // In memory at once, like a claim, so that a rescue behind it on the writer passes the job over.
    let mut core = line.core();
    // A claim or another sign of life may have been first, and the group counts the lease once.
    if let Some(until) = core.leases.revive(key.1, token.generation, deadline_ms) {
        return Ok(until);
    }
    if let Some(at) = lease.cut_off_ms {
        queues.inner.cut_offs.note(at);
    }
    core.heads.count_lease(key.0, lease.group);
    core.leases.grant(key.1, token.generation, lease);
    Ok(lease.deadline_ms.unwrap_or(deadline_ms))
}

/// When an attempt that began before the restart has taken too long, on the monotonic clock.
fn cut_off(line: &Line, row: &JobState, own_ms: Option<u64>, now: Timestamp, mono_ms: u64) -> Option<u64> {
    let left_ms = own_ms.or(line.settings().timeout_ms).and_then(|timeout_ms| row.left_ms(timeout_ms, now));
    left_ms.map(|left_ms| mono_ms.saturating_add(left_ms))
}

/// A lease from before the restart; the attempt's timeout goes on from when it began.
pub(super) fn old_lease(key: JobKey, row: &JobState, deadline_ms: u64, cut_off_ms: Option<u64>) -> Lease {
    let deadline_ms = Some(deadline_ms.min(cut_off_ms.unwrap_or(u64::MAX)));
    Lease { company: key.0, group: row.place.group, deadline_ms, cut_off_ms, is_ended: false, is_lost: false }
}

impl Inner {
    /// Reads how long attempts may take whose leases outlive the restart, off the writer's thread.
    pub(super) fn cut_off_later(self: &Arc<Self>, line: &Arc<Line>, rearmed: Vec<(JobKey, JobState)>) {
        let Some(background) = self.background.get() else { return };
        let (inner, line) = (Arc::clone(self), Arc::clone(line));
        background.tracker.spawn_on(async move { inner.cut_off_now(&line, rearmed).await }, &background.handle);
    }

    async fn cut_off_now(&self, line: &Line, rearmed: Vec<(JobKey, JobState)>) {
        let read = move |snapshot: &Snapshot| {
            let with_timeout = |(key, row): (JobKey, JobState)| Ok((key, own_timeout(snapshot, key)?, row));
            rearmed.into_iter().map(with_timeout).collect::<Result<Vec<_>, storage::Error>>()
        };
        match self.db.read(read).await {
            Ok(Ok(found)) => {
                let (now, mono_ms) = (self.db.now(), self.clock.mono_ms());
                for ((_, job), own_ms, row) in found {
                    if let Some(at) = cut_off(line, &row, own_ms, now, mono_ms) {
                        line.core().leases.cut_off_at(job, row.generation, at);
                        self.cut_offs.note(at);
                    }
                }
            }
            Ok(Err(error)) | Err(error) => {
                tracing::warn!(%error, queue = %line.name, "timeouts of attempts from before the start are not known");
            }
        }
    }
}
