//! The records of a dataset, page by page, each page from a snapshot of its own.
//!
//! A report over a long time must not hold one snapshot, which would keep the engine from removing what is old. So a
//! record is shown as it stood when its page was read, and none is shown twice.

mod audit;
mod deliveries;
mod emails;
mod jobs;
mod usage;

use super::{Error, definitions::Dataset, model::Plan, record::Record};
use crate::{
    base::{CompanyId, Timestamp},
    mail::Mail,
    queue::Queues,
    storage::Snapshot,
    usage::{self as calls, Usage},
    webhooks::Webhooks,
};

/// Rows looked at in one page.
pub(super) const PAGE_ROWS: usize = 2_000;

/// The slices that records come from.
#[derive(Debug, Clone)]
pub(super) struct Origins {
    pub(super) queues: Queues,
    pub(super) webhooks: Webhooks,
    pub(super) mail: Mail,
    pub(super) usage: Usage,
}

/// The first id of what was made at this time or later: ids begin with their time.
fn first_at(at: Timestamp) -> u64 {
    at.as_ms().max(0).cast_unsigned().saturating_mul(1 << 16)
}

/// The ids of a period that are still to be read, for records in the order of their ids.
#[derive(Debug)]
pub(super) struct Ids {
    from: u64,
    to: u64,
}

impl Ids {
    fn of(plan: &Plan) -> Self {
        Self { from: first_at(plan.since), to: first_at(plan.until) }
    }

    /// Makes records of what `read` shows of these ids; it answers where to go on, unless that was all.
    fn next<T>(
        &mut self,
        record: fn(T) -> Record,
        read: impl FnOnce((u64, u64), &mut dyn FnMut(T)) -> Result<Option<u64>, Error>,
    ) -> Result<Records, Error> {
        let mut records = Vec::new();
        let next = read((self.from, self.to), &mut |one| records.push(record(one)))?;
        self.from = next.unwrap_or(self.to);
        Ok(Records { records, is_last: next.is_none() })
    }
}

/// Where a report stands in its records.
#[derive(Debug)]
pub(super) enum Source {
    Jobs(Ids),
    Deliveries(deliveries::Place),
    Emails(Ids),
    Audit(audit::Place),
    Usage(Option<calls::Place>),
}

/// A page of records, and whether it is the last one. It may be empty and not the last.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) records: Vec<Record>,
    pub(super) is_last: bool,
}

impl Source {
    /// The beginning of a dataset.
    pub(super) fn new(dataset: Dataset, plan: &Plan) -> Self {
        match dataset {
            Dataset::Jobs => Self::Jobs(Ids::of(plan)),
            Dataset::Deliveries => Self::Deliveries(deliveries::Place::default()),
            Dataset::Emails => Self::Emails(Ids::of(plan)),
            Dataset::Audit => Self::Audit(audit::Place::new("")),
            Dataset::ApiUsage => Self::Usage(None),
            Dataset::SignIns => Self::Audit(audit::Place::new("session.")),
        }
    }

    /// Reads the next page.
    pub(super) fn next(
        &mut self,
        read: &Snapshot,
        origins: &Origins,
        (company, plan): (CompanyId, &Plan),
    ) -> Result<Records, Error> {
        match self {
            Self::Jobs(ids) => jobs::next(ids, read, &origins.queues, company),
            Self::Deliveries(place) => place.next(read, &origins.webhooks, (company, plan)),
            Self::Emails(ids) => emails::next(ids, read, &origins.mail, company),
            Self::Usage(place) => usage::next(place, read, &origins.usage, (company, plan)),
            Self::Audit(place) => place.next(read, (company, plan)),
        }
    }
}
