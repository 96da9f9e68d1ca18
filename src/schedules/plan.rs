//! What is due at one moment, decided beside the writer from snapshots, page by page.
//!
//! A pass goes through the list of what is due once, in its order, and takes up behind what it has seen: what it has
//! handled leaves marks of removal in the store that would be read again and again from the front. Everything is decided
//! for the moment at which the pass began, however long it takes: a tick is not missed because there were many before it.

use std::collections::HashMap;

use super::{
    CatchUp, Error,
    due::{Due, due},
    service::Work,
    store::{self, CursorRow, RuleRow, ScheduleKey, ScheduleRow, TimeKey},
};
use crate::{
    base::Timestamp,
    jobs::Jobs,
    storage::{self, Read},
};

/// Schedules of one page.
const PAGE: usize = 512;
/// Orders of one page, in bytes, unless its first alone has more.
const PAGE_BYTES: usize = 8 << 20;
/// Jobs of one transaction, unless one schedule alone has more.
const JOBS_MAX: usize = 256;
/// Orders of one transaction, in bytes, unless one schedule alone has more.
const TRANSACTION_BYTES: usize = 4 << 20;
/// Decisions kept for other schedules of the same rule.
const DECIDED_MAX: usize = 4_096;

/// What is to happen with one entry of the agenda.
pub(super) enum Plan {
    /// Some ticks of a schedule.
    Tick(Box<Ticks>),
    /// The entry belongs to nothing, or to a row that cannot be read.
    Forget(TimeKey),
}

/// The ticks of one schedule that are due.
#[derive(Clone)]
pub(super) struct Ticks {
    /// The schedule.
    pub(super) key: ScheduleKey,
    /// As which it was read.
    pub(super) revision: u32,
    /// How far it had come.
    pub(super) cursor: CursorRow,
    /// Which ticks.
    pub(super) due: Due,
    /// What each starts, or why it starts nothing.
    pub(super) work: Result<Work, String>,
    /// The size of the order.
    pub(super) bytes: usize,
}

/// How far a pass has come.
pub(super) struct Pass {
    now: Timestamp,
    after: Option<TimeKey>,
    decided: HashMap<(RuleRow, CatchUp, Timestamp), Result<Due, String>>,
}

impl Pass {
    /// One over everything that is due at this moment.
    pub(super) fn at(now: Timestamp) -> Self {
        Self { now, after: None, decided: HashMap::new() }
    }

    /// Decides about the next entries that are due; none when there are no more.
    pub(super) fn next_page(&mut self, read: &impl Read, jobs: &Jobs) -> Result<Vec<Plan>, Error> {
        let entries = store::first_times(read, self.after.as_ref(), PAGE)?;
        let (now, mut plans, mut bytes) = (self.now, Vec::new(), 0);
        for entry in entries.into_iter().take_while(|(at, ..)| *at <= now) {
            let plan = self.plan(read, jobs, entry)?;
            bytes += plan.bytes();
            plans.push(plan);
            self.after = Some(entry);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok(plans)
    }

    fn plan(&mut self, read: &impl Read, jobs: &Jobs, entry: TimeKey) -> Result<Plan, Error> {
        let (at, company, schedule) = entry;
        match store::find_by_key(read, (company, schedule)) {
            Ok(Some((row, cursor))) if cursor.next == Some(at) => {
                Ok(Plan::Tick(Box::new(self.decide(&row, cursor, at, jobs))))
            }
            Ok(_) => Ok(Plan::Forget(entry)),
            Err(error @ storage::Error::Corrupt { .. }) => {
                tracing::error!(%error, "a schedule cannot be read and does not tick any more: {error}");
                Ok(Plan::Forget(entry))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn decide(&mut self, row: &ScheduleRow, cursor: CursorRow, at: Timestamp, jobs: &Jobs) -> Ticks {
        let (key, revision, bytes) = (row.key(), row.revision, row.order.len());
        match self.due(row, at) {
            Ok(due) => {
                let work = row.work(jobs).map_err(|error| error.to_string());
                Ticks { key, revision, cursor, due, work, bytes }
            }
            Err(reason) => {
                let due = Due { ticks: Vec::new(), has_missed: false, next: None };
                Ticks { key, revision, cursor, due, work: Err(reason), bytes }
            }
        }
    }

    /// Which ticks of a schedule run now. Many schedules have the same few cron rules, and one of them takes long to read.
    fn due(&mut self, row: &ScheduleRow, at: Timestamp) -> Result<Due, String> {
        let now = self.now;
        let decide = || {
            // A rule is asked from just before its own tick, so that its last one is still one.
            let rule = row.rule.open(Timestamp::from_ms(at.as_ms().saturating_sub(1)));
            rule.map(|rule| due(&rule, row.catch_up, at, now)).map_err(|error| error.to_string())
        };
        if matches!(row.rule, RuleRow::Every { .. }) {
            return decide();
        }
        if self.decided.len() >= DECIDED_MAX {
            self.decided.clear();
        }
        self.decided.entry((row.rule.clone(), row.catch_up, at)).or_insert_with(decide).clone()
    }
}

impl Plan {
    /// The ticks, when it is for some.
    pub(super) fn ticks(&self) -> Option<Ticks> {
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

    fn bytes(&self) -> usize {
        match self {
            Self::Tick(ticks) => ticks.bytes,
            Self::Forget(_) => 0,
        }
    }
}

/// The plans in groups of bounded work.
pub(super) fn in_transactions(plans: Vec<Plan>) -> Vec<Vec<Plan>> {
    let mut groups: Vec<Vec<Plan>> = Vec::new();
    let (mut jobs, mut bytes) = (0, 0);
    for plan in plans {
        let (more, larger) = (plan.jobs(), plan.jobs().saturating_mul(plan.bytes()));
        (jobs, bytes) = (jobs + more, bytes + larger);
        match groups.last_mut() {
            Some(group) if jobs <= JOBS_MAX && bytes <= TRANSACTION_BYTES => group.push(plan),
            _ => {
                (jobs, bytes) = (more, larger);
                groups.push(vec![plan]);
            }
        }
    }
    groups
}
