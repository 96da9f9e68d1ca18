//! Reports as they are stored.

use serde::{Deserialize, Serialize};

use super::model::Plan;
use crate::{
    base::{CompanyId, EmailId, JobId, RawId, ReportId, ScheduleId, Timestamp},
    blob::BlobKey,
    named_value,
    storage::{
        CounterKey, Error, KeyRange, Order, Read, Table, Tx,
        check::{Counted, each},
        keyspaces,
    },
};

pub(super) const REPORTS: Table<(u64, u64), ReportRow> = Table::of(keyspaces::REPORTS);
pub(super) const REPORT_ENDS: Table<(Timestamp, u64, u64), ()> = Table::of(keyspaces::REPORT_ENDS);
const AREA: u8 = keyspaces::REPORTS.number;

/// One report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReportRow {
    pub(super) id: ReportId,
    /// The other half of the company's id.
    pub(super) company_lo: u64,
    pub(super) plan: Plan,
    pub(super) job: JobId,
    pub(super) created_at: Timestamp,
    /// When it is removed.
    pub(super) ends_at: Timestamp,
    /// Nobody sees it any more; the sweep removes it.
    pub(super) is_deleted: bool,
    pub(super) outcome: Outcome,
    /// The schedule that asked for it.
    #[serde(default)]
    pub(super) schedule: Option<ScheduleId>,
    /// The e-mail that told its recipients what became of it.
    #[serde(default)]
    pub(super) email: Option<EmailId>,
}
named_value!(ReportRow, 1);

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// Nothing yet.
    Pending,
    /// There is a file.
    Ready { at: Timestamp, rows: u64, size_bytes: u64, sha256: [u8; 32], is_truncated: bool },
    /// There is none, and there will be none.
    Failed { at: Timestamp, error: String },
}

impl ReportRow {
    pub(super) const fn company(&self, hi: u64) -> CompanyId {
        CompanyId::from_raw(RawId { hi, lo: self.company_lo })
    }
}

/// Where the file of a report is.
pub(super) fn blob_key(company: CompanyId, row: &ReportRow) -> BlobKey {
    let text = format!("reports/{company}/{}.{}", row.id, row.plan.format.as_str());
    text.parse().expect("ids and formats are lower case letters and digits")
}

const fn counter(company: u64) -> CounterKey {
    CounterKey { area: AREA, company, subject: 0, what: 0 }
}

/// How many reports a company has, those included that are still to be removed.
pub(super) fn count(tx: &Tx<'_>, company: CompanyId) -> u64 {
    tx.count(&counter(company.hi())).max(0).cast_unsigned()
}

/// Adds a report.
pub(super) fn insert(tx: &mut Tx<'_>, company: CompanyId, row: &ReportRow) -> Result<(), Error> {
    let key = (company.hi(), row.id.hi());
    tx.put(REPORTS, &key, row)?;
    tx.put(REPORT_ENDS, &(row.ends_at, key.0, key.1), &())?;
    tx.add(counter(key.0), 1);
    Ok(())
}

/// A report that is not deleted.
pub(super) fn find(read: &impl Read, company: CompanyId, id: ReportId) -> Result<Option<ReportRow>, Error> {
    let row = read.get(REPORTS, &(company.hi(), id.hi()))?;
    Ok(row.filter(|row| row.id == id && !row.is_deleted))
}

/// Reports that are not deleted, newest first, before one of them. Deleted ones are few: the sweep removes them.
pub(super) fn list(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<ReportRow>, Error> {
    let range = KeyRange::page(&(company.hi(),), before.map(|before| (company.hi(), before)).as_ref());
    let mut rows = Vec::new();
    read.scan(REPORTS, &range, Order::Descending, &mut |_, row| {
        if !row.is_deleted {
            rows.push(row);
        }
        if rows.len() < limit { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) }
    })?;
    Ok(rows)
}

/// Says what became of a report.
pub(super) fn put_outcome(tx: &mut Tx<'_>, company: CompanyId, row: ReportRow, outcome: Outcome) -> Result<(), Error> {
    tx.put(REPORTS, &(company.hi(), row.id.hi()), &ReportRow { outcome, ..row })
}

/// Says by which e-mail its recipients were told.
pub(super) fn put_email(tx: &mut Tx<'_>, company: CompanyId, row: ReportRow, email: EmailId) -> Result<(), Error> {
    tx.put(REPORTS, &(company.hi(), row.id.hi()), &ReportRow { email: Some(email), ..row })
}

/// Hides a report, to be removed at once.
pub(super) fn mark_deleted(tx: &mut Tx<'_>, company: CompanyId, row: ReportRow) -> Result<(), Error> {
    let key = (company.hi(), row.id.hi());
    let now = tx.now();
    tx.remove(REPORT_ENDS, &(row.ends_at, key.0, key.1))?;
    tx.put(REPORT_ENDS, &(now, key.0, key.1), &())?;
    tx.put(REPORTS, &key, &ReportRow { ends_at: now, is_deleted: true, ..row })
}

/// Reports whose time is over, the oldest end first.
pub(super) fn over(read: &impl Read, now: Timestamp, limit: usize) -> Result<Vec<(CompanyId, ReportRow)>, Error> {
    let range = KeyRange::between(&(Timestamp::from_ms(0),), &(now.plus_ms(1),));
    let mut found = Vec::new();
    for ((_, company, report), ()) in read.list(REPORT_ENDS, &range, Order::Ascending, limit)? {
        found.extend(read.get(REPORTS, &(company, report))?.map(|row| (row.company(company), row)));
    }
    Ok(found)
}

/// Removes a report whose file is gone.
pub(super) fn remove(tx: &mut Tx<'_>, company: CompanyId, id: ReportId) -> Result<(), Error> {
    let key = (company.hi(), id.hi());
    let Some(row) = tx.get(REPORTS, &key)? else { return Ok(()) };
    tx.remove(REPORT_ENDS, &(row.ends_at, key.0, key.1))?;
    tx.remove(REPORTS, &key)?;
    tx.add(counter(key.0), -1);
    Ok(())
}

/// Compares reports with the times of their ends and the counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::of(AREA);
    each(read, REPORTS, |(company, report), row| {
        counted.add(company, 0, 0, 1);
        if !read.exists(REPORT_ENDS, &(row.ends_at, company, report))? {
            found(format!("report {} would never be removed", row.id));
        }
        Ok(())
    })?;
    each(read, REPORT_ENDS, |(at, company, report), ()| {
        match read.get(REPORTS, &(company, report))? {
            Some(row) if row.ends_at == at => {}
            _ => found(format!("report {report} of company {company} is to be removed at {at} and is not there")),
        }
        Ok(())
    })?;
    counted.compare(read, &[0], found)
}
