//! Jobs in the order of their acceptance.

use super::{Ids, PAGE_ROWS, Records};
use crate::{
    base::CompanyId,
    queue::{FailureReason, JobView, Queues},
    reports::{
        Error,
        record::{Cell, Record},
    },
    storage::Snapshot,
};

/// The next page.
pub(super) fn next(ids: &mut Ids, read: &Snapshot, queues: &Queues, company: CompanyId) -> Result<Records, Error> {
    ids.next(record, |ids, show| Ok(queues.each_accepted(read, company, ids, PAGE_ROWS, show)?))
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
    Record { at: job.created_at, weight: 1, cells }
}
