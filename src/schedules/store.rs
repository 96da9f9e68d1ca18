//! Schedules as they are stored, their cursors, and the list of what is due when.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    due::CatchUp,
    rights::AuthorRow,
    rule::{Rule, RuleError},
    target::Kind,
};
use crate::{
    base::{CompanyId, JobId, ScheduleId, Timestamp},
    named_value, postcard_value,
    storage::{
        CounterKey, Error, KeyRange, Order, Read, Table, Tx,
        check::{Counted, each},
        keyspaces,
    },
};

const SCHEDULES: Table<ScheduleKey, ScheduleRow> = Table::of(keyspaces::SCHEDULES);
const CURSORS: Table<ScheduleKey, CursorRow> = Table::of(keyspaces::SCHEDULE_CURSORS);
const TIMES: Table<TimeKey, ()> = Table::of(keyspaces::SCHEDULE_TIMES);
const AREA: u8 = keyspaces::SCHEDULES.number;
const COUNT: u8 = 0;

/// A company's `hi` and a schedule's `hi`.
pub(super) type ScheduleKey = (u64, u64);
/// When the next tick of which schedule is due.
pub(super) type TimeKey = (Timestamp, u64, u64);

/// One schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScheduleRow {
    /// Its id.
    pub(super) id: ScheduleId,
    /// Whose it is.
    pub(super) company: CompanyId,
    /// What people call it.
    pub(super) name: String,
    /// When it ticks.
    pub(super) rule: RuleRow,
    /// What each tick starts.
    #[serde(default)]
    pub(super) kind: Kind,
    /// The order of it, as JSON.
    #[serde(rename = "job")]
    pub(super) order: Bytes,
    /// What becomes of missed ticks.
    pub(super) catch_up: CatchUp,
    /// Whether it ticks.
    pub(super) is_enabled: bool,
    /// Raised with every change, so that what was decided before is known to be old.
    pub(super) revision: u32,
    /// When it was made.
    pub(super) created_at: Timestamp,
    /// When somebody last changed it.
    pub(super) updated_at: Timestamp,
    /// With whose rights it ticks; none where it is from before they were kept.
    #[serde(default)]
    pub(super) author: Option<AuthorRow>,
}
named_value!(ScheduleRow, 1);

/// The rule as somebody gave it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum RuleRow {
    /// Local times.
    Cron {
        /// The pattern.
        text: String,
        /// The zone's name.
        zone: String,
    },
    /// An interval.
    Every {
        /// Its length.
        ms: u64,
        /// When it began.
        anchor: Timestamp,
    },
}

impl RuleRow {
    /// The rule, ready to be asked.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn open(&self, now: Timestamp) -> Result<Rule, RuleError> {
        match self {
            Self::Cron { text, zone } => Rule::cron(text, zone, now),
            Self::Every { ms, anchor } => Rule::every(*ms, *anchor),
        }
    }
}

/// How far a schedule has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CursorRow {
    /// The first tick that was not handled; none while disabled, or when there are no more.
    pub(super) next: Option<Timestamp>,
    /// The last tick that ran.
    pub(super) last_tick: Option<Timestamp>,
    /// Its job.
    pub(super) last_job: Option<JobId>,
    /// Why the last tick started nothing, in words.
    pub(super) error: Option<String>,
    /// What it started beside the job, by its id.
    pub(super) last_started: Option<String>,
}

// Format 1 ended before what was started, and nothing is one zero.
postcard_value!(CursorRow, 2, 1 + [0]);

impl ScheduleRow {
    pub(super) const fn key(&self) -> ScheduleKey {
        (self.company.hi(), self.id.hi())
    }
}

const fn counter(company: u64) -> CounterKey {
    CounterKey { area: AREA, company, subject: 0, what: COUNT }
}

/// Schedules of a company.
pub(super) fn count(tx: &Tx<'_>, company: CompanyId) -> u64 {
    tx.count(&counter(company.hi())).max(0).cast_unsigned()
}

pub(super) fn find(
    read: &impl Read,
    company: CompanyId,
    id: ScheduleId,
) -> Result<Option<(ScheduleRow, CursorRow)>, Error> {
    Ok(find_by_key(read, (company.hi(), id.hi()))?.filter(|(row, _)| row.id == id))
}

pub(super) fn find_by_key(read: &impl Read, key: ScheduleKey) -> Result<Option<(ScheduleRow, CursorRow)>, Error> {
    let Some(row) = read.get(SCHEDULES, &key)? else { return Ok(None) };
    Ok(Some((row, read.get(CURSORS, &key)?.unwrap_or_default())))
}

/// Schedules of a company from `before` down, the newest first.
pub(super) fn list(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(ScheduleRow, CursorRow)>, Error> {
    let before = before.map(|before| (company.hi(), before));
    let range = KeyRange::page(&(company.hi(),), before.as_ref());
    let rows = read.list(SCHEDULES, &range, Order::Descending, limit)?;
    rows.into_iter().map(|(key, row)| Ok((row, read.get(CURSORS, &key)?.unwrap_or_default()))).collect()
}

/// Stores a schedule that was not there.
pub(super) fn insert(tx: &mut Tx<'_>, row: &ScheduleRow) -> Result<(), Error> {
    tx.add(counter(row.company.hi()), 1);
    put(tx, row)
}

/// Stores a schedule that was there.
pub(super) fn put(tx: &mut Tx<'_>, row: &ScheduleRow) -> Result<(), Error> {
    tx.put(SCHEDULES, &row.key(), row)
}

/// Removes a schedule with its cursor.
pub(super) fn remove(tx: &mut Tx<'_>, row: &ScheduleRow, cursor: &CursorRow) -> Result<(), Error> {
    tx.add(counter(row.company.hi()), -1);
    let key = row.key();
    if let Some(next) = cursor.next {
        forget_time(tx, (next, key.0, key.1))?;
    }
    tx.remove(CURSORS, &key)?;
    tx.remove(SCHEDULES, &key)
}

/// Moves a cursor, and its place on the list of what is due.
pub(super) fn move_cursor(tx: &mut Tx<'_>, key: ScheduleKey, from: &CursorRow, to: &CursorRow) -> Result<(), Error> {
    if from.next != to.next {
        if let Some(next) = from.next {
            forget_time(tx, (next, key.0, key.1))?;
        }
        if let Some(next) = to.next {
            tx.put(TIMES, &(next, key.0, key.1), &())?;
        }
    }
    tx.put(CURSORS, &key, to)
}

/// Takes an entry off the list of what is due.
pub(super) fn forget_time(tx: &mut Tx<'_>, key: TimeKey) -> Result<(), Error> {
    tx.remove(TIMES, &key)
}

/// The first entries of the list of what is due, or those after one of them.
pub(super) fn first_times(read: &impl Read, after: Option<&TimeKey>, limit: usize) -> Result<Vec<TimeKey>, Error> {
    let range = after.map_or_else(KeyRange::all, KeyRange::after);
    let rows = read.list_past_damage(TIMES, &range, Order::Ascending, limit)?;
    Ok(rows.into_iter().map(|(key, _)| key).collect())
}

/// Compares schedules with their cursors, the list of what is due and their counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::of(AREA);
    each(read, SCHEDULES, |(company, schedule), row| {
        counted.add(company, 0, COUNT, 1);
        if row.key() != (company, schedule) {
            found(format!("schedule {} stands at the place of another one", row.id));
        }
        if let Err(error) = row.rule.open(row.created_at) {
            found(format!("schedule {}: {error}", row.id));
        }
        let next = read.get(CURSORS, &(company, schedule))?.and_then(|cursor| cursor.next);
        match next {
            Some(_) if !row.is_enabled => found(format!("schedule {} is disabled and has a next tick", row.id)),
            Some(next) if !read.exists(TIMES, &(next, company, schedule))? => {
                found(format!("schedule {} is missing from the list of what is due", row.id));
            }
            _ => {}
        }
        Ok(())
    })?;
    each(read, CURSORS, |key, _| {
        if !read.exists(SCHEDULES, &key)? {
            found(format!("company {}: a cursor of schedule {} without the schedule", key.0, key.1));
        }
        Ok(())
    })?;
    each(read, TIMES, |(at, company, schedule), ()| {
        let cursor = read.get(CURSORS, &(company, schedule))?;
        if cursor.and_then(|cursor| cursor.next) != Some(at) {
            found(format!("company {company}: schedule {schedule} is due at {at} and its cursor says otherwise"));
        }
        Ok(())
    })?;
    counted.compare(read, &[COUNT], found)
}
