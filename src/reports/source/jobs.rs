//! Jobs in the order of their acceptance.

use super::{PAGE_ROWS, Records, first_at};
use crate::{
    base::CompanyId,
    queue::{FailureReason, JobView, Queues},
    reports::{
        Error,
        model::Plan,
        record::{Cell, Record},
    },
    storage::Snapshot,
};

/// The places that are still to be read.
#[derive(Debug)]
pub(in crate::reports) struct Place {
    from: u64,
    to: u64,
}

impl Place {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { from: first_at(plan.since), to: first_at(plan.until) }
    }

    pub(super) fn next(&mut self, read: &Snapshot, queues: &Queues, company: CompanyId) -> Result<Records, Error> {
        let mut records = Vec::new();
        let next = queues.each_accepted(read, company, (self.from, self.to), PAGE_ROWS, &mut |job| {
            records.push(record(job));
        })?;
        self.from = next.unwrap_or(self.to);
        Ok(Records { records, is_last: next.is_none() })
    }
}

fn record(job: JobView) -> Record {
    let cells = vec![
        Cell::Text(job.id.to_string()),
        Cell::Text(job.queue.as_str().to_owned()),
        Cell::Text(job.kind),
        Cell::Text(job.state.as_str().to_owned()),
        Cell::number(job.priority),
        Cell::number(job.attempt),
        Cell::Time(job.created_at),
        Cell::time(job.started_at),
        Cell::time(job.finished_at),
        Cell::duration(job.started_at, job.finished_at),
        Cell::text(job.failure.map(FailureReason::as_str)),
    ];
    Record { at: job.created_at, cells }
}
