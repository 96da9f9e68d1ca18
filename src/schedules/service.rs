//! What people do with schedules: one transaction each, with its entry in the audit log.
//!
//! Rules are searched beside the writer: a pattern that hardly ever fires takes long. A transaction gets the next ticks
//! as a [`Timetable`], counted from just before it, and compares that nothing has changed since.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    CatchUp, Error, Schedules,
    rule::{self, Rule},
    store::{self, CursorRow, RuleRow, ScheduleRow},
};
use crate::{
    audit::{self, Entry, Origin},
    base::{CompanyId, ScheduleId, Timestamp},
    jobs::{CheckedJob, JobOrder, Jobs},
    queue::Enqueued,
    storage::{Read, Tx},
};

/// The most schedules of a company.
pub(super) const SCHEDULES_MAX: u64 = 1_000;
/// The longest name, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 200;
/// The coming times that are shown.
const SHOWN_TIMES: usize = 5;
/// How often a change begins anew because the schedule ticked or was changed meanwhile.
const CHANGE_TRIES: usize = 10;

/// When a schedule ticks, as somebody asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RuleInput {
    /// A cron rule and the name of its time zone.
    Cron(String, String),
    /// An interval in milliseconds.
    Every(u64),
}

/// A schedule to make.
#[derive(Debug, Clone)]
pub(super) struct NewSchedule {
    pub(super) name: String,
    pub(super) rule: RuleInput,
    pub(super) job: JobOrder,
    pub(super) catch_up: CatchUp,
    pub(super) is_enabled: bool,
}

/// Changes to a schedule; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(super) struct ScheduleChange {
    pub(super) name: Option<String>,
    pub(super) rule: Option<RuleInput>,
    pub(super) job: Option<JobOrder>,
    pub(super) catch_up: Option<CatchUp>,
    pub(super) is_enabled: Option<bool>,
}

/// A schedule as it is shown.
#[derive(Debug, Clone)]
pub(super) struct ScheduleView {
    pub(super) row: ScheduleRow,
    pub(super) cursor: CursorRow,
    pub(super) next_times: Vec<Timestamp>,
}

/// A rule that was found good, and its next ticks from then on.
#[derive(Debug, Clone)]
pub(super) struct Timetable {
    since: Timestamp,
    rule: RuleRow,
    times: Vec<Timestamp>,
}

impl Timetable {
    fn of(row: RuleRow, rule: &Rule, now: Timestamp) -> Self {
        let mut times: Vec<Timestamp> = Vec::with_capacity(SHOWN_TIMES);
        let mut next = rule.next(now);
        while let Some(time) = next.filter(|_| times.len() < SHOWN_TIMES) {
            times.push(time);
            next = rule.next(time);
        }
        Self { since: now, rule: row, times }
    }
}

impl ScheduleView {
    /// Searches for the next ticks: not for a transaction.
    fn searched(row: ScheduleRow, cursor: CursorRow, now: Timestamp) -> Self {
        let rule = cursor.next.and_then(|_| row.rule.open(now).ok());
        let next_times = rule.map(|rule| Timetable::of(row.rule.clone(), &rule, now).times).unwrap_or_default();
        Self { row, cursor, next_times }
    }

    fn of(row: ScheduleRow, cursor: CursorRow, times: Vec<Timestamp>) -> Self {
        let next_times = if cursor.next.is_some() { times } else { Vec::new() };
        Self { row, cursor, next_times }
    }
}

impl RuleInput {
    fn row(self, now: Timestamp) -> Result<(RuleRow, Rule), Error> {
        let row = match self {
            Self::Cron(text, zone) => RuleRow::Cron { text, zone: rule::zone_name(&zone)? },
            Self::Every(ms) => RuleRow::Every { ms, anchor: now },
        };
        let rule = row.open(now)?;
        Ok((row, rule))
    }
}

impl ScheduleRow {
    /// The job of a tick, checked anew: what is allowed may have changed since it was stored.
    pub(super) fn checked_job(&self, jobs: &Jobs) -> Result<CheckedJob, Error> {
        let order: JobOrder = serde_json::from_slice(&self.job).map_err(Error::Stored)?;
        order.check_recurring(jobs, self.company, self.id.to_string()).map_err(Error::Job)
    }

    /// What the audit log keeps of it; payloads are not for it.
    fn facts(&self) -> Value {
        let (cron, zone, every_ms) = match &self.rule {
            RuleRow::Cron { text, zone } => (Some(text), Some(zone), None),
            RuleRow::Every { ms, .. } => (None, None, Some(ms)),
        };
        let order: Option<JobOrder> = serde_json::from_slice(&self.job).ok();
        let (queue, kind) = order.as_ref().map(JobOrder::names).unzip();
        json!({ "name": self.name, "cron": cron, "timezone": zone, "every_ms": every_ms, "enabled": self.is_enabled,
            "catch_up": self.catch_up.as_str(), "queue": queue, "kind": kind, "job_bytes": self.job.len() })
    }

    fn record(
        &self,
        tx: &mut Tx<'_>,
        origin: &Origin,
        action: &'static str,
        (before, after): (Value, Value),
    ) -> Result<(), Error> {
        Ok(audit::record(tx, self.company, origin, Entry { action, object: self.id.to_string(), before, after })?)
    }
}

impl Schedules {
    /// A page of the company's schedules, the newest first.
    pub(super) fn list(
        read: &impl Read,
        company: CompanyId,
        before: Option<u64>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ScheduleView>, Error> {
        let rows = store::list(read, company, before, limit)?;
        Ok(rows.into_iter().map(|(row, cursor)| ScheduleView::searched(row, cursor, now)).collect())
    }

    /// One schedule.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) fn get(
        read: &impl Read,
        company: CompanyId,
        id: ScheduleId,
        now: Timestamp,
    ) -> Result<ScheduleView, Error> {
        let (row, cursor) = store::find(read, company, id)?.ok_or(Error::NotFound)?;
        Ok(ScheduleView::searched(row, cursor, now))
    }

    /// The next ticks of a rule from now on, searched for beside the writer.
    ///
    /// # Errors
    /// Why the rule cannot be taken.
    pub(super) async fn timetable(&self, rule: RuleInput) -> Result<Timetable, Error> {
        let now = self.inner.db.now();
        let search = move || rule.row(now).map(|(row, rule)| Timetable::of(row, &rule, now));
        self.inner.db.read(move |_| search()).await.map_err(Error::Storage)?
    }

    /// The next ticks of a rule that nobody has stored, if it began now.
    ///
    /// # Errors
    /// [`Error::Rule`].
    pub(super) async fn preview(&self, rule: RuleInput) -> Result<Vec<Timestamp>, Error> {
        Ok(self.timetable(rule).await?.times)
    }

    /// Makes a schedule that begins with its timetable.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::Name`], [`Error::Rule`], [`Error::Job`].
    pub(super) fn create(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        new: NewSchedule,
        timetable: Timetable,
    ) -> Result<ScheduleView, Error> {
        tx.admit_new_work()?;
        if store::count(tx, company) >= SCHEDULES_MAX {
            return Err(Error::TooMany);
        }
        let Timetable { since, rule, times } = timetable;
        let row = ScheduleRow {
            id: ScheduleId::from_raw(tx.mint()),
            company,
            name: checked_name(new.name)?,
            rule,
            job: stored(&new.job)?,
            catch_up: new.catch_up,
            is_enabled: new.is_enabled,
            revision: 0,
            created_at: since,
            updated_at: since,
        };
        row.checked_job(&self.inner.jobs)?;
        store::insert(tx, &row)?;
        let next = times.first().copied().filter(|_| row.is_enabled);
        let cursor = CursorRow { next, ..CursorRow::default() };
        self.move_cursor(tx, &row, &CursorRow::default(), &cursor)?;
        row.record(tx, origin, "schedule.create", (Value::Null, row.facts()))?;
        Ok(ScheduleView::of(row, cursor, times))
    }

    /// Changes a schedule as `decide` says, which sees what it is now and is asked again when that changes meanwhile.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Moved`] when it never stands still; as [`Schedules::create`].
    pub(super) async fn change(
        &self,
        (company, origin): (CompanyId, &Origin),
        id: ScheduleId,
        decide: impl Fn(&ScheduleView) -> Result<ScheduleChange, Error>,
    ) -> Result<ScheduleView, Error> {
        for _ in 0..CHANGE_TRIES {
            let now = self.inner.db.now();
            let before = self.inner.db.read(move |snapshot| Self::get(snapshot, company, id, now)).await??;
            let change = decide(&before)?;
            let timetable = self.timetable_after(&before, &change).await?;
            let (schedules, origin) = (self.clone(), origin.clone());
            let work = move |tx: &mut Tx<'_>| schedules.update(tx, &origin, before, change, timetable);
            match self.inner.db.write(work).await {
                Err(Error::Moved) => {}
                done => return done,
            }
        }
        Err(Error::Moved)
    }

    /// The next ticks of a schedule once it is changed.
    async fn timetable_after(&self, before: &ScheduleView, change: &ScheduleChange) -> Result<Timetable, Error> {
        if let Some(rule) = change.rule.clone() {
            return self.timetable(rule).await;
        }
        let (now, row, is_enabling) = (self.inner.db.now(), before.row.rule.clone(), change.is_enabled == Some(true));
        let search = move || match row.open(now) {
            Ok(rule) => Ok(Timetable::of(row, &rule, now)),
            Err(error) if is_enabling => Err(Error::Rule(error)),
            Err(_) => Ok(Timetable { since: now, rule: row, times: Vec::new() }),
        };
        self.inner.db.read(move |_| search()).await.map_err(Error::Storage)?
    }

    fn update(
        &self,
        tx: &mut Tx<'_>,
        origin: &Origin,
        before: ScheduleView,
        change: ScheduleChange,
        timetable: Timetable,
    ) -> Result<ScheduleView, Error> {
        let now = tx.now();
        let ScheduleView { row: old, cursor: old_cursor, .. } = before;
        let (found, cursor) = store::find(tx, old.company, old.id)?.ok_or(Error::NotFound)?;
        if (&found, &cursor) != (&old, &old_cursor) {
            return Err(Error::Moved);
        }
        let Timetable { rule, times, .. } = timetable;
        let mut row = old.clone();
        if let Some(name) = change.name {
            row.name = checked_name(name)?;
        }
        row.rule = rule;
        if let Some(job) = change.job {
            row.job = stored(&job)?;
            row.checked_job(&self.inner.jobs)?;
        }
        row.catch_up = change.catch_up.unwrap_or(row.catch_up);
        row.is_enabled = change.is_enabled.unwrap_or(row.is_enabled);
        if row == old {
            return Ok(ScheduleView::of(old, old_cursor, times));
        }
        row.revision = row.revision.wrapping_add(1);
        row.updated_at = now;
        let mut cursor = CursorRow { error: None, ..old_cursor.clone() };
        if row.is_enabled != old.is_enabled || row.rule != old.rule {
            cursor.next = times.first().copied().filter(|_| row.is_enabled);
        }
        store::put(tx, &row)?;
        self.move_cursor(tx, &row, &old_cursor, &cursor)?;
        row.record(tx, origin, "schedule.update", audit::changed(&old.facts(), &row.facts()))?;
        Ok(ScheduleView::of(row, cursor, times))
    }

    /// Deletes a schedule; jobs it has made stay.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) fn delete(
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: ScheduleId,
    ) -> Result<(), Error> {
        let (row, cursor) = store::find(tx, company, id)?.ok_or(Error::NotFound)?;
        store::remove(tx, &row, &cursor)?;
        row.record(tx, origin, "schedule.delete", (row.facts(), Value::Null))
    }

    /// Enqueues the job of a schedule now, beside its ticks.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Job`] when the job is not allowed any more.
    pub(super) fn run_now(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: ScheduleId,
    ) -> Result<Enqueued, Error> {
        let (row, _) = store::find(tx, company, id)?.ok_or(Error::NotFound)?;
        let job = row.checked_job(&self.inner.jobs)?;
        let enqueued = self.inner.jobs.enqueue(tx, job)?;
        row.record(tx, origin, "schedule.run", (Value::Null, json!({ "job": enqueued.id.to_string() })))?;
        Ok(enqueued)
    }

    /// Moves a cursor, and wakes the ticker once that is durable.
    pub(super) fn move_cursor(
        &self,
        tx: &mut Tx<'_>,
        row: &ScheduleRow,
        from: &CursorRow,
        to: &CursorRow,
    ) -> Result<(), Error> {
        store::move_cursor(tx, row.key(), from, to)?;
        if let Some(next) = to.next {
            let inner = std::sync::Arc::clone(&self.inner);
            tx.on_commit(move || inner.agenda.note(next));
        }
        Ok(())
    }
}

fn checked_name(name: String) -> Result<String, Error> {
    let is_good = (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    if is_good { Ok(name) } else { Err(Error::Name) }
}

fn stored(job: &JobOrder) -> Result<Bytes, Error> {
    serde_json::to_vec(job).map(Bytes::from).map_err(Error::Stored)
}
