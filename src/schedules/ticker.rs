//! The one loop that turns due ticks into what they are for.
//!
//! It sleeps until the first entry of the agenda, or until an earlier one is set. What is due is decided beside the
//! writer ([`super::plan`]); the transaction then only compares that nothing has changed since, enqueues, and moves the
//! cursors. A crash before it leaves cursor and jobs as they were, one after it has both.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    Error, Schedules, Tick,
    due::Due,
    plan::{Pass, Plan, Ticks, in_transactions},
    store::{self, CursorRow},
};
use crate::{
    audit::Origin,
    base::Timestamp,
    storage::{self, Snapshot, Tx, pause},
};

/// Transactions on their way at a time.
const IN_FLIGHT: usize = 4;
/// The longest sleep: a wall clock set forward is noticed after this. Nothing is read for it.
const SLEEP_MS: u64 = 1_000;
/// The wait after a failure of the store.
const PAUSE: Duration = Duration::from_secs(2);

/// When the next tick is due, as far as memory knows.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    state: Mutex<First>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct First {
    /// The first entry; none when there is none, or before it was read.
    at: Option<Timestamp>,
    is_read: bool,
    /// Raised with every note, so that an older reading does not cover it.
    notes: u64,
}

impl Agenda {
    /// An entry was set.
    pub(super) fn note(&self, at: Timestamp) {
        let mut first = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        first.notes = first.notes.wrapping_add(1);
        if first.at.is_none_or(|known| at < known) {
            first.at = Some(at);
            drop(first);
            self.changed.notify_one();
        }
    }

    fn notes(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).notes
    }

    /// The first entry was read; what was noted since the reading began makes it be read again.
    fn set(&self, at: Option<Timestamp>, notes: u64) {
        let mut first = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        first.is_read = first.notes == notes;
        first.at = at;
    }

    fn wait_ms(&self, now: Timestamp) -> u64 {
        let first = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !first.is_read {
            return 0;
        }
        first.at.map_or(SLEEP_MS, |at| at.ms_since(now)).min(SLEEP_MS)
    }
}

impl Schedules {
    /// Handles ticks until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let wait_ms = self.inner.agenda.wait_ms(self.inner.db.now());
            if wait_ms > 0 {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
                    () = self.inner.agenda.changed.notified() => {}
                    () = stop.cancelled() => return,
                }
                if self.inner.agenda.wait_ms(self.inner.db.now()) > 0 {
                    continue;
                }
            }
            if stop.is_cancelled() {
                return;
            }
            match self.run_due().await {
                Ok(_) => {}
                Err(error)
                    if matches!(error.of_store(), Some(storage::Error::Stopped | storage::Error::Unknown(_))) =>
                {
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "the ticks of schedules could not be handled: {error}");
                    if !pause(PAUSE, &stop).await {
                        return;
                    }
                }
            }
        }
    }

    /// Handles everything that is due now; answers for how many ticks something was started.
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub(super) async fn run_due(&self) -> Result<usize, Error> {
        let mut started = 0;
        loop {
            let (notes, now) = (self.inner.agenda.notes(), self.inner.db.now());
            let first = self.inner.db.read(|snapshot| store::first_times(snapshot, None, 1)).await??;
            match first.first().map(|(at, ..)| *at) {
                Some(at) if at <= now => started += self.pass(now).await?,
                next => {
                    self.inner.agenda.set(next, notes);
                    return Ok(started);
                }
            }
        }
    }

    /// Handles what is due at this moment, page by page; the next page is decided while one is on its way to the disk.
    async fn pass(&self, now: Timestamp) -> Result<usize, Error> {
        let mut started = 0;
        let (mut plans, mut pass) = self.look(Pass::at(now)).await?;
        while !plans.is_empty() {
            let (committed, next) = tokio::join!(self.commit_all(plans), self.look(pass));
            started += committed?;
            (plans, pass) = next?;
        }
        Ok(started)
    }

    async fn look(&self, mut pass: Pass) -> Result<(Vec<Plan>, Pass), Error> {
        let jobs = self.inner.jobs.clone();
        let look = move |snapshot: &Snapshot| pass.next_page(snapshot, &jobs).map(|plans| (plans, pass));
        self.inner.db.read(look).await?
    }

    /// Commits the plans of a page, some transactions at a time, which share the way to the disk.
    async fn commit_all(&self, plans: Vec<Plan>) -> Result<usize, Error> {
        let commits = in_transactions(plans).into_iter().map(|plans| self.commit(plans));
        let done: Vec<_> = stream::iter(commits).buffer_unordered(IN_FLIGHT).collect().await;
        done.into_iter().sum()
    }

    /// Commits some plans together; when one of them is refused, each alone.
    async fn commit(&self, plans: Vec<Plan>) -> Result<usize, Error> {
        let kept: Vec<Ticks> = plans.iter().filter_map(Plan::ticks).collect();
        match self.write(plans).await {
            Err(error) if error.of_store().is_none() => {}
            written => return written,
        }
        let mut started = 0;
        for ticks in kept {
            let refused = ticks.clone();
            started += match self.write(vec![Plan::Tick(Box::new(ticks))]).await {
                Err(error) if error.of_store().is_none() => {
                    let work = Err(error.to_string());
                    self.write(vec![Plan::Tick(Box::new(Ticks { work, ..refused }))]).await?
                }
                written => written?,
            };
        }
        Ok(started)
    }

    async fn write(&self, plans: Vec<Plan>) -> Result<usize, Error> {
        let schedules = self.clone();
        let work = move |tx: &mut Tx<'_>| {
            let mut enqueued = 0;
            for plan in plans {
                match plan {
                    Plan::Tick(ticks) => enqueued += schedules.tick(tx, *ticks)?,
                    Plan::Forget(entry) => store::forget_time(tx, entry)?,
                }
            }
            Ok::<_, Error>(enqueued)
        };
        self.inner.db.write(work).await
    }

    /// Starts what some ticks are for and moves the cursor, unless somebody was here before.
    fn tick(&self, tx: &mut Tx<'_>, ticks: Ticks) -> Result<usize, Error> {
        let Ticks { key, revision, cursor, due, work, .. } = ticks;
        let Some((row, found)) = store::find_by_key(tx, key)? else { return Ok(0) };
        if row.revision != revision || found.next != cursor.next {
            return Ok(0);
        }
        if let Some(reason) = self.forbidden(tx, &row)? {
            self.pause(tx, (&row, &found), reason)?;
            self.measure(tx, &due, false);
            return Ok(0);
        }
        let mut next = CursorRow { next: due.next, ..found.clone() };
        let started = match &work {
            Ok(work) => {
                let origin = Origin::system();
                for at in &due.ticks {
                    let tick = Tick { company: row.company, origin: &origin, schedule: row.id, at: *at };
                    let begun = self.begin(tx, tick, work)?;
                    (next.last_job, next.last_started) = (Some(begun.job), begun.id);
                    (next.last_tick, next.error) = (Some(*at), None);
                }
                due.ticks.len()
            }
            Err(reason) => {
                next.error = Some(reason.chars().take(500).collect());
                0
            }
        };
        self.move_cursor(tx, &row, &found, &next)?;
        self.measure(tx, &due, work.is_ok());
        Ok(started)
    }

    fn measure(&self, tx: &mut Tx<'_>, due: &Due, is_enqueued: bool) {
        let (metrics, now) = (self.inner.metrics.clone(), tx.now());
        let late_s: Vec<f64> = due.ticks.iter().map(|tick| now.ms_since(*tick) as f64 / 1_000.0).collect();
        let has_missed = due.has_missed;
        tx.on_commit(move || {
            metrics.catch_ups.inc_by(u64::from(has_missed));
            if is_enqueued {
                metrics.ticks.inc_by(late_s.len() as u64);
                for seconds in late_s {
                    metrics.lateness.observe(seconds);
                }
            } else {
                metrics.refused.inc_by(late_s.len() as u64);
            }
        });
    }
}
