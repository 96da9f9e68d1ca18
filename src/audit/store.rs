//! Entries as they are stored.

use std::{collections::BTreeMap, ops::ControlFlow};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Actor, Entry, EntryView, Origin, chain, changed};
use crate::{
    base::{CompanyId, Timestamp},
    named_value,
    storage::{COUNTERS, CounterKey, Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

/// Where the last entry that concerns no company stands: no company has this id.
const NOBODY: u64 = 0;

const ENTRIES: Table<(u64, u64), EntryRow> = Table::of(keyspaces::AUDIT_ENTRIES);
/// Area of this slice's counters.
const AREA: u8 = keyspaces::AUDIT_ENTRIES.number;

/// The number of a company's last entry, which the writer has in memory; 0 where nothing was recorded since an earlier
/// release, which did not count. For nobody, how often there was one.
pub(super) const fn last_number(company: u64) -> CounterKey {
    CounterKey { area: AREA, company, subject: 0, what: 0 }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EntryRow {
    pub(super) time: Timestamp,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<String>,
    pub(super) action: String,
    pub(super) object: String,
    /// JSON text.
    pub(super) before: String,
    /// JSON text.
    pub(super) after: String,
    pub(super) address: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) hash: [u8; 32],
}
named_value!(EntryRow, 1);

impl EntryRow {
    pub(super) fn view(self, number: u64) -> EntryView {
        let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        EntryView {
            number,
            time: self.time,
            before: parsed(&self.before),
            after: parsed(&self.after),
            actor: (self.actor_kind, self.actor_id),
            action: self.action,
            object: self.object,
            address: self.address,
            request_id: self.request_id,
            hash: self.hash,
        }
    }
}

pub(super) fn append(tx: &mut Tx<'_>, company: CompanyId, origin: &Origin, entry: Entry) -> Result<(), Error> {
    let counted = u64::try_from(tx.count(&last_number(company.hi()))).unwrap_or(0);
    let (last, before_hash) = last(tx, company.hi(), counted)?;
    // Never a number that was given before: where the last entries were taken out, the gap stays for `check` to tell of.
    let number = last.max(counted).saturating_add(1);
    tx.add(last_number(company.hi()), number.cast_signed() - counted.cast_signed());
    put(tx, (company.hi(), number), &before_hash, origin, entry)
}

/// Writes the one entry of nobody anew, at the cost of [`append`].
pub(super) fn replace_of_nobody(tx: &mut Tx<'_>, origin: &Origin, entry: Entry) -> Result<(), Error> {
    last(tx, NOBODY, 1)?;
    tx.add(last_number(NOBODY), 1);
    put(tx, (NOBODY, 1), &chain::START, origin, entry)
}

/// Number and hash of the last entry, which should have this number.
fn last(read: &impl Read, company: u64, number: u64) -> Result<(u64, [u8; 32]), Error> {
    // A search costs several times what these looks do. There is one behind it when a release that did not count went on.
    if let Some(row) = read.get(ENTRIES, &(company, number))?
        && !read.exists(ENTRIES, &(company, number + 1))?
    {
        return Ok((number, row.hash));
    }
    let last = read.list(ENTRIES, &KeyRange::prefix(&(company,)), Order::Descending, 1)?.pop();
    Ok(last.map_or((0, chain::START), |((_, number), row)| (number, row.hash)))
}

fn put(
    tx: &mut Tx<'_>,
    (company, number): (u64, u64),
    before_hash: &[u8; 32],
    origin: &Origin,
    entry: Entry,
) -> Result<(), Error> {
    let (actor_kind, actor_id) = match origin.actor {
        Actor::User(id) => ("user", Some(id.to_string())),
        Actor::Link(id) => ("link", Some(id.to_string())),
        Actor::ApiKey(id) => ("api_key", Some(id.to_string())),
        Actor::Machine => ("machine", None),
        Actor::System => ("system", None),
    };
    let mut row = EntryRow {
        time: tx.now(),
        actor_kind: actor_kind.to_owned(),
        actor_id,
        action: entry.action.to_owned(),
        object: entry.object,
        before: changed::bounded(&entry.before),
        after: changed::bounded(&entry.after),
        address: origin.address.map(|address| address.to_string()),
        request_id: Some(origin.request_id.clone()).filter(|id| !id.is_empty()),
        hash: chain::START,
    };
    row.hash = chain::hash(before_hash, company, number, &row);
    tx.put(ENTRIES, &(company, number), &row)
}

/// Visits entries before a number, the newest first, until told to stop.
pub(super) fn each_before(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    mut visit: impl FnMut(u64, EntryRow) -> ControlFlow<()>,
) -> Result<(), Error> {
    let range = KeyRange::page(&(company.hi(),), before.map(|before| (company.hi(), before)).as_ref());
    read.scan(ENTRIES, &range, Order::Descending, &mut |(_, number), row| visit(number, row))
}

/// Entries after a number, the oldest first.
pub(super) fn rows_after(
    read: &impl Read,
    company: CompanyId,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, EntryRow)>, Error> {
    let range = KeyRange::after(&(company.hi(), after)).within(&(company.hi(),));
    let rows = read.list(ENTRIES, &range, Order::Ascending, limit)?;
    Ok(rows.into_iter().map(|((_, number), row)| (number, row)).collect())
}

/// Follows the chain of every company to where it should end and tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let (mut last, mut ends) = ((0, 0, chain::START), BTreeMap::new());
    read.scan(ENTRIES, &KeyRange::all(), Order::Ascending, &mut |(company, number), row| {
        let (before, hash) = if last.0 == company { (last.1, last.2) } else { (0, chain::START) };
        if number != before + 1 {
            found(format!("audit log of company {company}: entries between {before} and {number} are missing"));
        } else if row.hash != chain::hash(&hash, company, number, &row) {
            found(format!("audit log of company {company}: entry {number} was changed, or the one before it"));
        }
        last = (company, number, row.hash);
        ends.insert(company, number.cast_signed());
        ControlFlow::Continue(())
    })?;
    read.scan(COUNTERS, &KeyRange::prefix(&AREA), Order::Ascending, &mut |key, counted| {
        let end = ends.get(&key.company).copied().unwrap_or(0);
        // Below the end it is where a release that did not count went on; those entries are chained as all others.
        if key.company != NOBODY && counted > end {
            found(format!("audit log of company {}: it ends with entry {end} and not {counted}", key.company));
        }
        ControlFlow::Continue(())
    })
}
