//! Reports as they are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{Format, Plan};
use crate::{
    base::{CompanyId, EmailId, JobId, RawId, ReportId, ScheduleId, Timestamp},
    blob::BlobKey,
    named_value,
    storage::{
        COUNTERS, CounterKey, Error, KeyRange, Order, Read, Table, Tx,
        check::{Counted, each},
        keyspaces,
    },
};

pub(super) const REPORTS: Table<(u64, u64), ReportRow> = Table::of(keyspaces::REPORTS);
pub(super) const REPORT_ENDS: Table<(Timestamp, u64, u64), ()> = Table::of(keyspaces::REPORT_ENDS);
const AREA: u8 = keyspaces::REPORTS.number;
/// Reports of a company.
const COUNT: u8 = 0;
/// Bytes of their files.
const BYTES: u8 = 1;
/// What the keys of files begin with.
pub(super) const FILES: &str = "reports/";

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
    Ready {
        at: Timestamp,
        rows: u64,
        size_bytes: u64,
        sha256: [u8; 32],
        is_truncated: bool,
        /// Whether the bytes are in the counter; those of earlier releases are not.
        #[serde(default)]
        is_counted: bool,
    },
    /// There is none, and there will be none.
    Failed { at: Timestamp, error: String },
}

impl ReportRow {
    /// The bytes that the counter has of it.
    const fn counted_bytes(&self) -> u64 {
        match self.outcome {
            Outcome::Ready { size_bytes, is_counted: true, .. } if !self.is_deleted => size_bytes,
            _ => 0,
        }
    }

    pub(super) const fn company(&self, hi: u64) -> CompanyId {
        CompanyId::from_raw(RawId { hi, lo: self.company_lo })
    }
}

/// Where the file of a report is.
pub(super) fn blob_key(company: CompanyId, row: &ReportRow) -> BlobKey {
    let text = format!("{FILES}{company}/{}.{}", row.id, row.plan.format.as_str());
    text.parse().expect("ids and formats are lower case letters and digits")
}

/// The report that a file belongs to; none when it is no file of a report.
fn owner_of(key: &BlobKey) -> Option<(CompanyId, ReportId)> {
    let (company, file) = key.as_str().strip_prefix(FILES)?.split_once('/')?;
    let (report, format) = file.split_once('.')?;
    format.parse::<Format>().ok()?;
    Some((company.parse().ok()?, report.parse().ok()?))
}

/// Whether a file belongs to a report that is not there any more. A file of a company that never had a report here is of
/// somebody else, who shares the bucket.
pub(super) fn is_orphan(read: &impl Read, key: &BlobKey) -> Result<bool, Error> {
    let Some((company, report)) = owner_of(key) else { return Ok(false) };
    let row = read.get(REPORTS, &(company.hi(), report.hi()))?;
    let is_there = row.is_some_and(|row| row.id == report && blob_key(company, &row) == *key);
    Ok(!is_there && read.exists(COUNTERS, &counter(company.hi(), COUNT))?)
}

const fn counter(company: u64, what: u8) -> CounterKey {
    CounterKey { area: AREA, company, subject: 0, what }
}

/// Bytes of the files of a company's reports.
pub(super) fn bytes(read: &impl Read, company: CompanyId) -> Result<u64, Error> {
    Ok(read.counter(&counter(company.hi(), BYTES))?.max(0).cast_unsigned())
}

/// The same as a transaction sees it.
pub(super) fn bytes_now(tx: &Tx<'_>, company: CompanyId) -> u64 {
    tx.count(&counter(company.hi(), BYTES)).max(0).cast_unsigned()
}

/// How many reports a company has, those included that are still to be removed.
pub(super) fn count(tx: &Tx<'_>, company: CompanyId) -> u64 {
    tx.count(&counter(company.hi(), COUNT)).max(0).cast_unsigned()
}

/// Adds a report.
pub(super) fn insert(tx: &mut Tx<'_>, company: CompanyId, row: &ReportRow) -> Result<(), Error> {
    let key = (company.hi(), row.id.hi());
    tx.put(REPORTS, &key, row)?;
    tx.put(REPORT_ENDS, &(row.ends_at, key.0, key.1), &())?;
    tx.add(counter(key.0, COUNT), 1);
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
    let before = row.counted_bytes();
    let row = ReportRow { outcome, ..row };
    tx.add(counter(company.hi(), BYTES), row.counted_bytes().cast_signed() - before.cast_signed());
    tx.put(REPORTS, &(company.hi(), row.id.hi()), &row)
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
    tx.add(counter(key.0, BYTES), -row.counted_bytes().cast_signed());
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
    tx.add(counter(key.0, COUNT), -1);
    tx.add(counter(key.0, BYTES), -row.counted_bytes().cast_signed());
    Ok(())
}

/// Compares reports with the times of their ends and the counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::of(AREA);
    each(read, REPORTS, |(company, report), row| {
        counted.add(company, 0, COUNT, 1);
        counted.add(company, 0, BYTES, row.counted_bytes().cast_signed());
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
    counted.compare(read, &[COUNT, BYTES], found)
}

/// Compares files with reports; `size` answers how long a file is. Tells each report whose file is not as it was written,
/// and answers how many of the files belong to nothing.
///
/// # Errors
/// When a row cannot be read.
pub fn check_files(
    read: &impl Read,
    files: &BTreeMap<BlobKey, u64>,
    found: &mut dyn FnMut(String),
) -> Result<u64, Error> {
    each(read, REPORTS, |(company, _), row| {
        let Outcome::Ready { size_bytes, .. } = row.outcome else { return Ok(()) };
        match files.get(&blob_key(row.company(company), &row)) {
            _ if row.is_deleted => {}
            Some(size) if *size == size_bytes => {}
            Some(size) => found(format!("the file of report {} has {size} bytes and not {size_bytes}", row.id)),
            None => found(format!("the file of report {} is not there", row.id)),
        }
        Ok(())
    })?;
    let mut orphans = 0;
    for key in files.keys() {
        orphans += u64::from(is_orphan(read, key)?);
    }
    Ok(orphans)
}
