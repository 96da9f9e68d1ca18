//! What people do with schedules: one transaction each, with its entry in the audit log.
//!
//! Rules are searched beside the writer: a pattern that hardly ever fires takes long. A transaction gets the next ticks
//! as a [`Timetable`], counted from just before it, and compares that nothing has changed since.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    CatchUp, Error, NotStarted, Schedules, Starters, Tick,
    rights::AuthorRow,
    rule::{self, Rule},
    store::{self, CursorRow, RuleRow, ScheduleRow},
    target::{Kind, Target},
};
use crate::{
    audit::{self, Entry, Origin},
    auth::{Caller, Scope},
    base::{CompanyId, JobId, ScheduleId, Timestamp},
    jobs::{CheckedJob, JobOrder, Jobs},
    storage::{Read, Tx},
};

/// What whoever makes, changes or runs a schedule may do, and its author at each tick.
pub(super) const SCOPE: Scope = Scope::SchedulesWrite;
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
    pub(super) target: Target,
    pub(super) catch_up: CatchUp,
    pub(super) is_enabled: bool,
}

/// Changes to a schedule; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(super) struct ScheduleChange {
    pub(super) name: Option<String>,
    pub(super) rule: Option<RuleInput>,
    pub(super) target: Option<Target>,
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

/// What a tick starts, ready to be started.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// This job.
    Job(Box<CheckedJob>),
    /// Something of this kind.
    Other(Kind, Bytes),
}

/// What was started.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    /// What it was ordered as.
    pub(super) kind: Kind,
    /// The job that does the work, or the one that holds the unique key.
    pub(super) job: JobId,
    /// Its own id, when it is no job.
    pub(super) id: Option<String>,
    /// Whether nothing was created because of the unique key.
    pub(super) is_duplicate: bool,
}

impl ScheduleRow {
    /// What a tick starts, checked anew: what is allowed may have changed since it was stored.
    pub(super) fn work(&self, jobs: &Jobs) -> Result<Work, Error> {
        if self.kind != Kind::Job {
            return Ok(Work::Other(self.kind, self.order.clone()));
        }
        let order: JobOrder = serde_json::from_slice(&self.order).map_err(Error::Stored)?;
        let checked = order.check_recurring(jobs, self.company, self.id.to_string());
        Ok(Work::Job(Box::new(checked.map_err(|problem| Error::Target(Kind::Job.as_str(), problem))?)))
    }

    /// What the audit log keeps of it; payloads are not for it.
    fn facts(&self, starters: &Starters) -> Value {
        let (cron, zone, every_ms) = match &self.rule {
            RuleRow::Cron { text, zone } => (Some(text), Some(zone), None),
            RuleRow::Every { ms, .. } => (None, None, Some(ms)),
        };
        let mut facts = json!({ "name": self.name, "cron": cron, "timezone": zone, "every_ms": every_ms,
            "enabled": self.is_enabled, "catch_up": self.catch_up.as_str() });
        let target = match self.kind {
            Kind::Job => {
                let order: Option<JobOrder> = serde_json::from_slice(&self.order).ok();
                let (queue, kind) = order.as_ref().map(JobOrder::names).unzip();
                json!({ "queue": queue, "kind": kind, "job_bytes": self.order.len() })
            }
            kind => {
                let known = starters.of(kind).map(|starter| starter.facts(&self.order)).unwrap_or_default();
                json!({ kind.as_str(): known })
            }
        };
        if let (Value::Object(facts), Value::Object(target)) = (&mut facts, target) {
            facts.extend(target);
        }
        facts
    }

    pub(super) fn record(
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
    /// [`Error::TooMany`], [`Error::Name`], [`Error::Rule`], [`Error::Target`].
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
        let (kind, order) = new.target.stored()?;
        let row = ScheduleRow {
            id: ScheduleId::from_raw(tx.mint()),
            company,
            name: checked_name(new.name)?,
            rule,
            kind,
            order,
            catch_up: new.catch_up,
            is_enabled: new.is_enabled,
            revision: 0,
            created_at: since,
            updated_at: since,
            author: AuthorRow::of(origin),
        };
        row.work(&self.inner.jobs)?;
        store::insert(tx, &row)?;
        let next = times.first().copied().filter(|_| row.is_enabled);
        let cursor = CursorRow { next, ..CursorRow::default() };
        self.move_cursor(tx, &row, &CursorRow::default(), &cursor)?;
        row.record(tx, origin, "schedule.create", (Value::Null, row.facts(&self.inner.starters)))?;
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
        let was_checked = change.target.is_some() || change.is_enabled != Some(false);
        let mut row = old.clone();
        if let Some(name) = change.name {
            row.name = checked_name(name)?;
        }
        row.rule = rule;
        if let Some(target) = change.target {
            (row.kind, row.order) = target.stored()?;
            row.work(&self.inner.jobs)?;
        }
        row.catch_up = change.catch_up.unwrap_or(row.catch_up);
        row.is_enabled = change.is_enabled.unwrap_or(row.is_enabled);
        // Whoever only pauses it was not asked for the rights to what it does.
        if was_checked && (row != old || change.is_enabled == Some(true)) {
            row.author = AuthorRow::of(origin).or(row.author);
        }
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
        let starters = &self.inner.starters;
        let changed = audit::changed(&old.facts(starters), &row.facts(starters));
        row.record(tx, origin, "schedule.update", changed)?;
        Ok(ScheduleView::of(row, cursor, times))
    }

    /// Deletes a schedule; what it has started stays.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) fn delete(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: ScheduleId,
    ) -> Result<(), Error> {
        let (row, cursor) = store::find(tx, company, id)?.ok_or(Error::NotFound)?;
        store::remove(tx, &row, &cursor)?;
        row.record(tx, origin, "schedule.delete", (row.facts(&self.inner.starters), Value::Null))
    }

    /// Starts what a schedule is for now, beside its ticks, for a caller who might have ordered it too.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Target`] when that is not allowed any more, or not now.
    pub(super) fn run_now(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: ScheduleId,
        caller: &Caller,
    ) -> Result<Begun, Error> {
        let (row, _) = store::find(tx, company, id)?.ok_or(Error::NotFound)?;
        self.check_stored(&row, caller)?;
        let work = row.work(&self.inner.jobs)?;
        let tick = Tick { company, origin, schedule: id, at: tx.now() };
        let begun = self.begin(tx, tick, &work)?;
        row.record(tx, origin, "schedule.run", (Value::Null, json!({ "job": begun.job.to_string() })))?;
        Ok(begun)
    }

    /// Checks what a caller wants to be started at each tick.
    ///
    /// # Errors
    /// [`Error::Target`].
    pub(super) fn check_target(&self, target: &Target, caller: &Caller) -> Result<(), Error> {
        self.inner.starters.check(target, caller)
    }

    /// Checks what a schedule has as its target for a caller who changes or runs it.
    ///
    /// # Errors
    /// [`Error::Target`].
    pub(super) fn check_stored(&self, row: &ScheduleRow, caller: &Caller) -> Result<(), Error> {
        self.inner.starters.check(&Target::Other(row.kind, row.order.clone()), caller)
    }

    /// Starts what a tick is for.
    ///
    /// # Errors
    /// [`Error::Target`], [`Error::Enqueue`], [`Error::Storage`].
    pub(super) fn begin(&self, tx: &mut Tx<'_>, tick: Tick<'_>, work: &Work) -> Result<Begun, Error> {
        match work {
            Work::Job(job) => {
                let enqueued = self.inner.jobs.enqueue(tx, CheckedJob::clone(job))?;
                Ok(Begun { kind: Kind::Job, job: enqueued.id, id: None, is_duplicate: enqueued.is_duplicate })
            }
            Work::Other(kind, order) => match self.inner.starters.of(*kind)?.start(tx, tick, order) {
                Ok(started) => Ok(Begun { kind: *kind, job: started.job, id: Some(started.id), is_duplicate: false }),
                Err(NotStarted::Refused(problem)) => Err(Error::Target(kind.as_str(), problem)),
                Err(NotStarted::Storage(error)) => Err(error.into()),
            },
        }
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
