//! Entries of the audit log from the beginning of the period on.

use super::{PAGE_ROWS, Records};
use crate::{
    audit::{self, EntryView},
    base::{CompanyId, Timestamp},
    reports::{
        Error,
        model::Plan,
        record::{Cell, Record},
    },
    storage::Snapshot,
};

/// The entry after which to go on.
#[derive(Debug)]
pub(in crate::reports) struct Place {
    /// What the action begins with.
    prefix: &'static str,
    after: Option<u64>,
}

impl Place {
    pub(super) const fn new(prefix: &'static str) -> Self {
        Self { prefix, after: None }
    }

    pub(super) fn next(&mut self, read: &Snapshot, (company, plan): (CompanyId, &Plan)) -> Result<Records, Error> {
        let after = match self.after {
            Some(after) => after,
            None => last_before(read, company, plan.since)?,
        };
        let page = audit::after(read, company, after, PAGE_ROWS)?;
        let is_over = page.last().is_none_or(|last| last.time >= plan.until);
        let is_last = is_over || page.len() < PAGE_ROWS;
        self.after = page.last().map(|last| last.number).or(Some(after));
        let is_wanted = |entry: &EntryView| {
            entry.time >= plan.since && entry.time < plan.until && entry.action.starts_with(self.prefix)
        };
        Ok(Records { records: page.into_iter().filter(is_wanted).map(record).collect(), is_last })
    }
}

/// The number of the last entry before a time, 0 for none. Numbers have no gaps and times do not go back, so the middle
/// tells on which side to look.
fn last_before(read: &Snapshot, company: CompanyId, at: Timestamp) -> Result<u64, Error> {
    let (newest, _) = audit::list(read, company, &audit::Query::default(), None, (1, 1))?;
    let (mut low, mut high) = (0, newest.first().map_or(0, |entry| entry.number));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let is_before = audit::after(read, company, middle - 1, 1)?.first().is_some_and(|entry| entry.time < at);
        if is_before {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

fn record(entry: EntryView) -> Record {
    let (actor_kind, actor_id) = entry.actor;
    let cells = vec![
        Cell::number(entry.number),
        Cell::Time(entry.time),
        Cell::Text(actor_kind),
        Cell::text(actor_id),
        Cell::Text(entry.action),
        Cell::Text(entry.object),
        Cell::text(entry.address),
        Cell::text(entry.request_id),
    ];
    Record { at: entry.time, weight: 1, cells }
}
