//! The one loop that turns due ticks into what they are for.
//!
//! It sleeps until the first entry of the agenda, or until an earlier one is set. What is due is decided beside the
//! writer, from a snapshot; the transaction then only compares that nothing has changed since, enqueues, and moves the
//! cursors. A crash before it leaves cursor and jobs as they were, one after it has both.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    Error, Schedules, Tick,
    due::{Due, due},
    service::Work,
    store::{self, CursorRow, ScheduleKey, ScheduleRow, TimeKey},
};
use crate::{
    audit::Origin,
    base::Timestamp,
    jobs::Jobs,
    storage::{self, Read, Tx, pause},
};

/// Schedules decided about in one turn.
const PAGE: usize = 64;
/// Jobs of one transaction, unless one schedule alone has more.
const JOBS_MAX: usize = 256;
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

/// What is to happen with one entry of the agenda.
enum Plan {
    Tick(Box<Ticks>),
    /// The entry belongs to nothing, or to a row that cannot be read.
    Forget(TimeKey),
}

/// The ticks of one schedule that are due.
#[derive(Clone)]
struct Ticks {
    key: ScheduleKey,
    revision: u32,
    cursor: CursorRow,
    due: Due,
    /// What each starts, or why it starts nothing.
    work: Result<Work, String>,
}

/// What a turn has found.
enum Turn {
    Due(Vec<Plan>),
    Idle(Option<Timestamp>),
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
        let mut enqueued = 0;
        loop {
            let notes = self.inner.agenda.notes();
            let (jobs, now) = (self.inner.jobs.clone(), self.inner.db.now());
            let turn = self.inner.db.read(move |snapshot| look(snapshot, &jobs, now)).await??;
            match turn {
                Turn::Idle(next) => {
                    self.inner.agenda.set(next, notes);
                    return Ok(enqueued);
                }
                Turn::Due(plans) => {
                    for plans in in_transactions(plans) {
                        enqueued += self.commit(plans).await?;
                    }
                }
            }
        }
    }

    /// Commits some plans together; when one of them is refused, each alone.
    async fn commit(&self, plans: Vec<Plan>) -> Result<usize, Error> {
        let kept: Vec<Ticks> = plans.iter().filter_map(Plan::ticks).collect();
        match self.write(plans).await {
            Err(error) if error.of_store().is_none() => {}
            written => return written,
        }
        let mut enqueued = 0;
        for ticks in kept {
            let refused = ticks.clone();
            enqueued += match self.write(vec![Plan::Tick(Box::new(ticks))]).await {
                Err(error) if error.of_store().is_none() => {
                    let work = Err(error.to_string());
                    self.write(vec![Plan::Tick(Box::new(Ticks { work, ..refused }))]).await?
                }
                written => written?,
            };
        }
        Ok(enqueued)
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
        let Ticks { key, revision, cursor, due, work } = ticks;
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

impl Plan {
    fn ticks(&self) -> Option<Ticks> {
        match self {
            Self::Tick(ticks) => Some(Ticks::clone(ticks)),
            Self::Forget(_) => None,
        }
    }

    fn jobs(&self) -> usize {
        match self {
            Self::Tick(ticks) => ticks.due.ticks.len(),
            Self::Forget(_) => 0,
        }
    }
}

/// Decides about the first entries of the agenda.
fn look(read: &impl Read, jobs: &Jobs, now: Timestamp) -> Result<Turn, Error> {
    let entries = store::first_times(read, PAGE)?;
    let first = entries.first().map(|(at, ..)| *at);
    let mut plans = Vec::new();
    for entry in entries.into_iter().take_while(|(at, ..)| *at <= now) {
        plans.push(plan(read, jobs, entry, now)?);
    }
    Ok(if plans.is_empty() { Turn::Idle(first) } else { Turn::Due(plans) })
}

fn plan(read: &impl Read, jobs: &Jobs, entry: TimeKey, now: Timestamp) -> Result<Plan, Error> {
    let (at, company, schedule) = entry;
    let (row, cursor) = match store::find_by_key(read, (company, schedule)) {
        Ok(Some((row, cursor))) if cursor.next == Some(at) => (row, cursor),
        Ok(_) => return Ok(Plan::Forget(entry)),
        Err(error @ storage::Error::Corrupt { .. }) => {
            tracing::error!(%error, "a schedule cannot be read and does not tick any more: {error}");
            return Ok(Plan::Forget(entry));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Plan::Tick(Box::new(decide(row, cursor, at, jobs, now))))
}

fn decide(row: ScheduleRow, cursor: CursorRow, at: Timestamp, jobs: &Jobs, now: Timestamp) -> Ticks {
    let (key, revision) = (row.key(), row.revision);
    // A rule is asked from just before its own tick, so that its last one is still one.
    match row.rule.open(Timestamp::from_ms(at.as_ms().saturating_sub(1))) {
        Ok(rule) => {
            let due = due(&rule, row.catch_up, at, now);
            let work = row.work(jobs).map_err(|error| error.to_string());
            Ticks { key, revision, cursor, due, work }
        }
        Err(error) => {
            let due = Due { ticks: Vec::new(), has_missed: false, next: None };
            Ticks { key, revision, cursor, due, work: Err(error.to_string()) }
        }
    }
}

/// The plans in groups of bounded work.
fn in_transactions(plans: Vec<Plan>) -> Vec<Vec<Plan>> {
    let mut groups: Vec<Vec<Plan>> = Vec::new();
    let mut jobs = 0;
    for plan in plans {
        match groups.last_mut() {
            Some(group) if jobs + plan.jobs() <= JOBS_MAX => {
                jobs += plan.jobs();
                group.push(plan);
            }
            _ => {
                jobs = plan.jobs();
                groups.push(vec![plan]);
            }
        }
    }
    groups
}
