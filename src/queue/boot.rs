//! Opening the queues of a store, and their background tasks.
//!
//! Nothing here looks at jobs, however many there are: one commit gives this start its number
//! and moves the counters of active jobs, whose leases are dead, to waiting. The jobs
//! themselves are met in line. Only those that workers outside hold in groups are taken over at
//! once, as many as there are leases: whoever is met first in line must not start beside them.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    after::After,
    error::Error,
    groups,
    heartbeat::old_lease,
    history,
    job::State,
    name::QueueName,
    registry::{BUILT_IN, Background, Inner, OWN, Queues, Rearmed},
    settings::QueueConfig,
    state::{Claim, Claimed, JobState},
    store::{
        BootRow, HELD_IN_GROUPS, JOB_STATES, JobKey, LANES, LaneRow, QUEUE_BOOTS, QUEUES, QueueRow, count, jobs_in,
    },
    token::TokenKey,
    writer::Writer,
};
use crate::{
    base::QueueId,
    storage::{self, Db, KeyRange, Order, Read, Tx},
};

/// What the boot commit read.
struct Found {
    boot: u32,
    queues: Vec<(String, QueueRow)>,
    lanes: Vec<((QueueId, u64), LaneRow)>,
    /// Lanes with counts that no minute holds yet.
    counted: Vec<(QueueId, u64)>,
    /// Jobs of groups that workers outside go on holding, and for how long.
    held: Vec<(JobKey, JobState, u64)>,
}

impl Queues {
    /// Opens the queues of a store. Nothing runs yet: see [`Queues::start`] and [`Queues::start_pool`].
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub async fn open(db: Db, config: QueueConfig) -> Result<Self, Error> {
        let found = db.write(boot).await?;
        Ok(Self::with(db, config, found))
    }

    /// As [`Queues::open`], for threads that may block.
    ///
    /// # Errors
    /// As [`Queues::open`].
    pub fn open_blocking(db: Db, config: QueueConfig) -> Result<Self, Error> {
        let found = db.write_blocking(boot)?;
        Ok(Self::with(db, config, found))
    }

    fn with(db: Db, config: QueueConfig, found: Found) -> Self {
        let tokens = config.tokens.unwrap_or_else(|| TokenKey::generate(&**db.random()));
        let inner = Inner::new(db, config, found.boot, tokens);
        for (name, row) in found.queues {
            let name = QueueName::trusted(&name);
            let settings = row.settings.unwrap_or_else(|| inner.defaults(&name));
            inner.add_queue(&name, row.id, settings);
        }
        let mut known = Vec::with_capacity(found.lanes.len());
        for ((queue, company), row) in found.lanes {
            known.push((queue, company));
            if let Some(line) = inner.line(queue) {
                let mut core = line.core();
                core.heads.add_lane(company, row.is_paused);
                groups::restore(&mut core.heads, company, &row.groups);
            }
        }
        inner.add_lanes(&known);
        for (queue, company) in found.counted {
            if let Some(line) = inner.line(queue) {
                line.core().history.touch(company);
            }
        }
        let mut rearmed = Rearmed::new();
        for (key, row, left_ms) in found.held {
            let Some(line) = inner.line(row.place.queue) else { continue };
            let lease = old_lease(key, &row, inner.opened_mono_ms.saturating_add(left_ms), None);
            let mut core = line.core();
            core.heads.count_lease(key.0, lease.group);
            core.leases.grant(key.1, row.generation, lease);
            rearmed.entry(line.id).or_default().push((key, row));
        }
        inner.note_rearmed(rearmed);
        Self { inner: Arc::new(inner) }
    }

    /// Starts timers, rescue, retention and the reads behind the heads; once.
    ///
    /// Must be called within a tokio runtime. The tasks end when `stop` is cancelled.
    pub fn start(&self, tracker: &TaskTracker, stop: &CancellationToken) {
        let background = Background { handle: Handle::current(), tracker: tracker.clone(), stop: stop.clone() };
        if self.inner.background.set(background).is_err() {
            return;
        }
        tracker.spawn(self.clone().run_timer_loop());
        tracker.spawn(self.clone().run_rescue_loop());
        tracker.spawn(self.clone().run_retention_loop());
        tracker.spawn(self.clone().run_history_loop());
        for (queue, rearmed) in self.inner.take_rearmed() {
            if let Some(line) = self.inner.line(queue) {
                self.inner.cut_off_later(&line, rearmed);
            }
        }
        for line in self.inner.lines() {
            self.inner.load(&line);
        }
    }
}

fn boot(tx: &mut Tx<'_>) -> Result<Found, Error> {
    let before = tx.get(QUEUE_BOOTS, &0)?;
    let boot = before.map_or(1, |row| row.boot.wrapping_add(1));
    tx.put(QUEUE_BOOTS, &0, &BootRow { boot })?;
    for (name, id) in BUILT_IN.into_iter().chain(OWN) {
        if !tx.exists(QUEUES, &name.to_owned())? {
            tx.put(QUEUES, &name.to_owned(), &QueueRow { id, settings: None })?;
        }
    }
    let queues = tx.list(QUEUES, &KeyRange::all(), Order::Ascending, usize::MAX)?;
    let lanes = tx.list(LANES, &KeyRange::all(), Order::Ascending, usize::MAX)?;
    for ((queue, company), _) in &lanes {
        let active = tx.count(&jobs_in(*company, *queue, State::Active));
        count(tx, *company, *queue, State::Active, -active);
        count(tx, *company, *queue, State::Waiting, active);
    }
    let has_counts = |(queue, company): &(QueueId, u64)| history::has_counts(tx, *company, *queue);
    let counted = lanes.iter().map(|(lane, _)| *lane).filter(has_counts).collect();
    let held = take_over(tx, boot)?;
    Ok(Found { boot, queues, lanes, counted, held })
}

/// Gives the leases of workers outside on jobs of groups to this start.
fn take_over(tx: &mut Tx<'_>, boot: u32) -> Result<Vec<(JobKey, JobState, u64)>, Error> {
    let claim = Claim { now: tx.now(), boot, since_boot_ms: 0, is_external: true, lease_ms: 0, worker: "" };
    let mut held = Vec::new();
    for (key, _) in tx.list_past_damage(HELD_IN_GROUPS, &KeyRange::all(), Order::Ascending, usize::MAX)? {
        let row = match tx.get(JOB_STATES, &key) {
            // It is met in line, where damage is told.
            Err(storage::Error::Corrupt { .. }) => None,
            row => row?,
        };
        let Some(row) = row else { continue };
        if let Claimed::Rearm(next, left_ms) = row.claim(&claim) {
            // Nothing follows in memory: the job stays where it is in line.
            Writer { tx, after: &mut After::default(), boot }.change(key, &row, &next)?;
            held.push((key, next, left_ms));
        }
    }
    Ok(held)
}
