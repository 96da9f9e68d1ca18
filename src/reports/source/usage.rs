//! Calls by the hour, the oldest hours first.

use super::{PAGE_ROWS, Records};
use crate::{
    base::CompanyId,
    reports::{
        Error,
        model::Plan,
        record::{Cell, Record},
    },
    storage::Snapshot,
    usage::{HourOfCalls, OTHERS, Place, Usage},
};

/// The next page behind a place, which moves on.
pub(super) fn next(
    place: &mut Option<Place>,
    read: &Snapshot,
    usage: &Usage,
    (company, plan): (CompanyId, &Plan),
) -> Result<Records, Error> {
    let (found, next) = usage.page(read, company, (plan.since, plan.until), (place.take(), PAGE_ROWS))?;
    let is_last = next.is_none();
    *place = next;
    Ok(Records { records: found.into_iter().map(record).collect(), is_last })
}

fn record(hour: HourOfCalls) -> Record {
    let credential = match &hour.key {
        Some(_) => "api_key",
        None if hour.operation == OTHERS => OTHERS,
        None => "session",
    };
    let cells = vec![
        Cell::Time(hour.hour),
        Cell::Text(credential.to_owned()),
        Cell::text(hour.key.map(|key| key.to_string())),
        Cell::Text(hour.operation),
        Cell::Text(format!("{}xx", hour.class)),
        Cell::number(hour.calls),
        Cell::number(hour.mean_us),
        Cell::number(hour.p95_us),
    ];
    Record { at: hour.hour, weight: hour.calls, cells }
}
