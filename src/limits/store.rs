//! Logs of calls as they are stored, the order in which they end, and the arrival times of API calls.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Error, Policy, Refusal, Subject, sliding};
use crate::{
    base::RawId,
    named_value,
    storage::{self, KeyRange, Order, Table, Tx, keyspaces},
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

/// Admits a call inside a transaction.
pub(super) fn admit(tx: &mut Tx<'_>, policy: Policy, subject: Subject) -> Result<(), Error> {
    let now_ms = tx.now().as_ms();
    let key = u128::from_be_bytes(Subject::of(&[policy.name.as_bytes(), &subject.0]).0);
    let key = RawId { hi: (key >> 64) as u64, lo: key as u64 };
    let known = storage::Read::get(tx, CALLS, &key)?;
    let mut calls = known.as_ref().map(|row| row.calls.clone()).unwrap_or_default();
    if let Err(wait_ms) = sliding::admit(&mut calls, now_ms, policy.quota, policy.window_ms) {
        let retry_after_s = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
        let (quota, window_s) = (policy.quota as u64, policy.window_ms / 1_000);
        return Err(Refusal { policy: policy.name, quota, window_s, retry_after_s }.into());
    }
    if let Some(known) = known {
        tx.remove(ENDS, &(known.ends_at, key))?;
    }
    let last = calls.last().copied().unwrap_or(now_ms);
    let ends_at = last.saturating_add(i64::try_from(policy.window_ms).unwrap_or(i64::MAX));
    tx.put(ENDS, &(ends_at, key), &())?;
    Ok(tx.put(CALLS, &key, &CallsRow { calls, ends_at })?)
}

/// Removes a page of rows that no longer count; answers how many.
pub(super) fn sweep(tx: &mut Tx<'_>) -> Result<usize, storage::Error> {
    let now_ms = tx.now().as_ms();
    let over = storage::Read::list(tx, ENDS, &KeyRange::before(&(now_ms,)), Order::Ascending, SWEEP_PAGE)?;
    for ((ends_at, key), ()) in &over {
        tx.remove(ENDS, &(*ends_at, *key))?;
        tx.remove(CALLS, key)?;
    }
    Ok(over.len())
}

/// Arrival times of the companies that were ahead of their rate, in nanoseconds since 1970.
pub(super) fn arrivals(read: &impl storage::Read) -> Result<Vec<(u64, i64)>, storage::Error> {
    read.list(ARRIVALS, &KeyRange::all(), Order::Ascending, usize::MAX)
}

/// Stores the arrival times of some companies and removes those of others.
pub(super) fn put_arrivals(tx: &mut Tx<'_>, rows: &HashMap<u64, i64>, over: &[u64]) -> Result<(), storage::Error> {
    for company in over {
        tx.remove(ARRIVALS, company)?;
    }
    rows.iter().try_for_each(|(company, arrival_ns)| tx.put(ARRIVALS, company, arrival_ns))
}
