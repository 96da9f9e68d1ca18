//! Calls by the hour, as they are stored.

use serde::{Deserialize, Serialize};

use super::{
    HOUR_MS, HourOfCalls, OTHERS,
    recent::{Cell, Cells, Sum},
};
use crate::{
    base::{ApiKeyId, Histogram, RawId, Timestamp},
    postcard_value,
    storage::{self, CounterKey, KeyRange, Order, Read, Table, Tx, keyspaces},
};

/// Company, hour, key (0 for people and others), class of status, operation.
type Key = (u64, Timestamp, u64, u8, String);

const CALLS: Table<Key, CallsRow> = Table::of(keyspaces::API_CALLS);

/// Rows of a company in one hour; what comes after is counted with others, which has a row for each class beside them.
pub(super) const ROWS_MAX: usize = 500;
/// The rows of a company in the hour that was counted last: the number of the hour times [`ROWS_STEP`], and the rows. One for
/// each company and not for each hour, since all counters are in memory.
pub(super) const fn rows_counted(company: u64) -> CounterKey {
    CounterKey { area: keyspaces::API_CALLS.number, company, subject: 0, what: 0 }
}
/// See [`rows_counted`].
const ROWS_STEP: i64 = 1 << 16;
/// Rows removed in one transaction.
const SWEEP_ROWS: usize = 500;

/// The calls of a cell in an hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct CallsRow {
    /// The lower half of the key's id.
    key_lo: u64,
    calls: u64,
    total_us: u64,
    times: Histogram,
}
postcard_value!(CallsRow, 1);

/// Behind which row to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Key);

/// Adds calls to the rows of an hour.
pub(super) fn add(tx: &mut Tx<'_>, hour: Timestamp, cells: Cells) -> Result<(), storage::Error> {
    for (mut cell, sum) in cells {
        let mut known = find(tx, hour, cell)?;
        if known.is_none() && cell.operation.is_some() && !takes_row(tx, cell.company, hour)? {
            cell = cell.of_others();
            known = find(tx, hour, cell)?;
        }
        let CallsRow { calls, total_us, times, .. } = known.unwrap_or_default();
        let mut all = Sum { calls, total_us, times };
        all.merge(&sum);
        let Sum { calls, total_us, times } = all;
        let key_lo = cell.key.map_or(0, |key| key.raw().lo);
        tx.put(CALLS, &key_of(hour, cell), &CallsRow { key_lo, calls, total_us, times })?;
    }
    Ok(())
}

fn key_of(hour: Timestamp, cell: Cell) -> Key {
    let operation = cell.operation.map_or_else(|| OTHERS.to_owned(), |operation| operation.to_string());
    (cell.company, hour, cell.key.map_or(0, ApiKeyId::hi), cell.class, operation)
}

/// The row of a cell; a damaged one begins anew.
fn find(tx: &Tx<'_>, hour: Timestamp, cell: Cell) -> Result<Option<CallsRow>, storage::Error> {
    match tx.get(CALLS, &key_of(hour, cell)) {
        Err(error @ storage::Error::Corrupt { .. }) => {
            tracing::error!(%error, "figures of calls are damaged and begin anew: {error}");
            Ok(None)
        }
        row => row,
    }
}

/// Counts one more row of a company in an hour; false when it has as many as it may.
fn takes_row(tx: &mut Tx<'_>, company: u64, hour: Timestamp) -> Result<bool, storage::Error> {
    let (counter, number) = (rows_counted(company), hour.as_ms().div_euclid(HOUR_MS.cast_signed()));
    let counted = tx.count(&counter);
    let rows = if counted.div_euclid(ROWS_STEP) == number {
        counted.rem_euclid(ROWS_STEP)
    } else {
        // The first row of the hour, or rows of a version that did not count.
        let range = KeyRange::prefix(&(company, hour));
        tx.list_past_damage(CALLS, &range, Order::Ascending, ROWS_MAX)?.len().cast_signed() as i64
    };
    let has_room = rows < ROWS_MAX.cast_signed() as i64;
    tx.add(counter, number * ROWS_STEP + rows + i64::from(has_room) - counted);
    Ok(has_room)
}

/// See [`super::Usage::page`].
pub(super) fn page(
    read: &impl Read,
    company: u64,
    (since, until): (Timestamp, Timestamp),
    (after, limit): (Option<Place>, usize),
) -> Result<(Vec<HourOfCalls>, Option<Place>), storage::Error> {
    let before = KeyRange::before(&(company, until));
    let from = after.map_or_else(|| KeyRange::from(&(company, since)), |Place(key)| KeyRange::after(&key));
    let rows = read.list_past_damage(CALLS, &from.and(before).within(&(company,)), Order::Ascending, limit)?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|(key, _)| Place(key.clone()));
    let calls = rows.into_iter().filter_map(|(key, row)| Some(hour_of(key, row.ok()?))).collect();
    Ok((calls, next))
}

fn hour_of((_, hour, key, class, operation): Key, row: CallsRow) -> HourOfCalls {
    let CallsRow { key_lo, calls, total_us, times } = row;
    HourOfCalls {
        hour,
        key: (key != 0).then(|| ApiKeyId::from_raw(RawId { hi: key, lo: key_lo })),
        operation,
        class,
        calls,
        mean_us: total_us / calls.max(1),
        p95_us: (times.quantile_ms(0.95).unwrap_or_default() * 1_000.0).round() as u64,
    }
}

/// Some of the companies that have rows.
#[derive(Debug)]
pub(super) struct Companies {
    /// Those whose oldest row is of an hour that began too long ago.
    pub(super) with_old: Vec<u64>,
    /// The last company looked at; none when there are no more.
    pub(super) last: Option<u64>,
}

/// Looks at the oldest row of each of the companies after this one.
pub(super) fn companies_after(
    read: &impl Read,
    after: u64,
    before: Timestamp,
    limit: usize,
) -> Result<Companies, storage::Error> {
    let (mut with_old, mut last) = (Vec::new(), after);
    for _ in 0..limit {
        let oldest = read.list_past_damage(CALLS, &KeyRange::after(&(last,)), Order::Ascending, 1)?.pop();
        let Some(((company, hour, ..), _)) = oldest else { return Ok(Companies { with_old, last: None }) };
        last = company;
        if hour < before {
            with_old.push(company);
        }
    }
    Ok(Companies { with_old, last: Some(last) })
}

/// Removes some rows of a company of hours that began before a time; whether there may be more.
pub(super) fn remove_old(tx: &mut Tx<'_>, company: u64, before: Timestamp) -> Result<bool, storage::Error> {
    let range = KeyRange::before(&(company, before)).within(&(company,));
    let old = tx.list_past_damage(CALLS, &range, Order::Ascending, SWEEP_ROWS)?;
    for (key, _) in &old {
        tx.remove(CALLS, key)?;
    }
    Ok(old.len() == SWEEP_ROWS)
}
