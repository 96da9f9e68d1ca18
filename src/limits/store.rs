//! Logs of calls as they are stored, the order in which they end, and the arrival times of API calls.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::memory::Log;
use crate::{
    base::RawId,
    named_value,
    storage::{self, KeyRange, Order, Read, Table, Tx, keyspaces},
};

const CALLS: Table<RawId, CallsRow> = Table::of(keyspaces::LIMIT_CALLS);
const ARRIVALS: Table<u64, i64> = Table::of(keyspaces::API_ARRIVALS);
const ENDS: Table<(i64, RawId), ()> = Table::of(keyspaces::LIMIT_ENDS);

/// Rows removed in one transaction.
pub(super) const SWEEP_PAGE: usize = 500;

/// The times of the last calls of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CallsRow {
    /// In milliseconds, the oldest first.
    calls: Vec<i64>,
    /// When the last of them no longer counts.
    ends_at: i64,
}
named_value!(CallsRow, 1);

/// The log of a key, also one that has ended; a damaged one counts as none, so that it keeps nobody out.
pub(super) fn find_log(read: &impl Read, key: RawId) -> Result<Option<Log>, storage::Error> {
    match read.get(CALLS, &key) {
        Err(error @ storage::Error::Corrupt { .. }) => {
            tracing::error!(%error, "the calls that count for a limit cannot be read: {error}");
            Ok(None)
        }
        found => Ok(found?.map(|CallsRow { calls, ends_at }| Log { calls, ends_at })),
    }
}

/// Logs in the order in which they end, the last first.
pub(super) fn last_to_end(read: &impl Read, limit: usize) -> Result<Vec<(RawId, Log)>, storage::Error> {
    let ends = read.list_past_damage(ENDS, &KeyRange::all(), Order::Descending, limit)?;
    let mut logs = Vec::with_capacity(ends.len());
    for ((_, key), _) in ends {
        logs.extend(find_log(read, key)?.map(|log| (key, log)));
    }
    Ok(logs)
}

/// Writes a log in the place of the one before.
pub(super) fn put_log(tx: &mut Tx<'_>, key: RawId, log: &Log) -> Result<(), storage::Error> {
    if let Some(known) = find_log(tx, key)? {
        tx.remove(ENDS, &(known.ends_at, key))?;
    }
    tx.put(ENDS, &(log.ends_at, key), &())?;
    tx.put(CALLS, &key, &CallsRow { calls: log.calls.clone(), ends_at: log.ends_at })
}

/// Removes a page of rows that no longer count; answers how many.
pub(super) fn sweep(tx: &mut Tx<'_>) -> Result<usize, storage::Error> {
    let now_ms = tx.now().as_ms();
    let over = tx.list_past_damage(ENDS, &KeyRange::before(&(now_ms,)), Order::Ascending, SWEEP_PAGE)?;
    for ((ends_at, key), _) in &over {
        tx.remove(ENDS, &(*ends_at, *key))?;
        tx.remove(CALLS, key)?;
    }
    Ok(over.len())
}

/// Arrival times of the companies that were ahead of their rate, in nanoseconds since 1970; damaged ones are left out.
pub(super) fn arrivals(read: &impl Read) -> Result<Vec<(u64, i64)>, storage::Error> {
    let rows = read.list_past_damage(ARRIVALS, &KeyRange::all(), Order::Ascending, usize::MAX)?;
    Ok(rows.into_iter().filter_map(|(company, arrival_ns)| Some((company, arrival_ns.ok()?))).collect())
}

/// Stores the arrival times of some companies and removes those of others.
pub(super) fn put_arrivals(tx: &mut Tx<'_>, rows: &HashMap<u64, i64>, over: &[u64]) -> Result<(), storage::Error> {
    for company in over {
        tx.remove(ARRIVALS, company)?;
    }
    rows.iter().try_for_each(|(company, arrival_ns)| tx.put(ARRIVALS, company, arrival_ns))
}
