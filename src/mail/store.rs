//! Messages as they are stored.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    base::{CompanyId, EmailId, MessageId, RawId, Timestamp, UserId},
    named_value,
    sealing::{SealedRows, SealedTable},
    storage::{COUNTERS, CounterKey, Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

const MAILBOX: Table<(u64, u64), MessageRow> = Table::of(keyspaces::MAILBOX);
const AREA: u8 = keyspaces::MAILBOX.number;

/// Messages kept of a company.
pub(super) const KEPT_MAX: usize = 1_000;
/// No company: ids are made from the time and are never zero.
pub(super) const NOBODY: CompanyId = CompanyId::from_raw(RawId { hi: 0, lo: 0 });

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MessageRow {
    pub(super) id: MessageId,
    pub(super) to: String,
    pub(super) subject: String,
    /// The text, sealed and bound to company and id.
    pub(super) sealed_text: Vec<u8>,
    /// Whose account it is about.
    pub(super) user: Option<UserId>,
    /// The e-mail it is a copy of.
    #[serde(default)]
    pub(super) email: Option<EmailId>,
    pub(super) created_at: Timestamp,
}
named_value!(MessageRow, 1);

/// The texts, sealed.
pub(super) fn sealed() -> Arc<dyn SealedRows> {
    Arc::new(SealedTable {
        table: MAILBOX,
        associated: |_, (company, _), row: &MessageRow| Ok(Some(place(*company, row.id))),
        sealed: |row| Some(&row.sealed_text),
        replace: |row, sealed| row.sealed_text = sealed,
    })
}

/// What a sealed text is bound to: its row.
pub(super) fn place(company: u64, id: MessageId) -> Vec<u8> {
    let raw = id.raw();
    [&b"message of "[..], &company.to_be_bytes(), &raw.hi.to_be_bytes(), &raw.lo.to_be_bytes()].concat()
}

const fn counter(company: u64) -> CounterKey {
    CounterKey { area: AREA, company, subject: 0, what: 0 }
}

/// Stores a message; the oldest ones over the limit go in the same commit.
pub(super) fn put(tx: &mut Tx<'_>, company: CompanyId, row: &MessageRow) -> Result<(), Error> {
    let company = company.hi();
    tx.put(MAILBOX, &(company, row.id.hi()), row)?;
    tx.add(counter(company), 1);
    let over = usize::try_from(tx.count(&counter(company))).unwrap_or(0).saturating_sub(KEPT_MAX);
    if over > 0 {
        let oldest = tx.list(MAILBOX, &KeyRange::prefix(&(company,)), Order::Ascending, over)?;
        remove(tx, &oldest)?;
    }
    Ok(())
}

/// Stores a message that nobody reads, in the place of the one before.
pub(super) fn put_decoy(tx: &mut Tx<'_>, row: MessageRow) -> Result<(), Error> {
    tx.put(MAILBOX, &(NOBODY.hi(), 0), &row)
}

fn remove(tx: &mut Tx<'_>, rows: &[((u64, u64), MessageRow)]) -> Result<(), Error> {
    for (key, _) in rows {
        tx.remove(MAILBOX, key)?;
        tx.add(counter(key.0), -1);
    }
    Ok(())
}

/// Shows the messages of a company before one, the newest first, until `visit` breaks.
pub(super) fn visit(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    visit: &mut dyn FnMut(MessageRow) -> ControlFlow<()>,
) -> Result<(), Error> {
    let range = KeyRange::page(&(company.hi(),), before.map(|before| (company.hi(), before)).as_ref());
    read.scan(MAILBOX, &range, Order::Descending, &mut |_, row| visit(row))
}

/// Some of the companies that have messages.
#[derive(Debug)]
pub(super) struct Companies {
    /// Those whose oldest message is too old.
    pub(super) with_old: Vec<u64>,
    /// The last company looked at; none when there are no more.
    pub(super) last: Option<u64>,
}

/// Looks at the oldest message of each of the companies after this one.
pub(super) fn companies(read: &impl Read, after: u64, before: Timestamp, limit: usize) -> Result<Companies, Error> {
    let mut page = Companies { with_old: Vec::new(), last: None };
    let mut after = after;
    for _ in 0..limit {
        let oldest = read.list(MAILBOX, &KeyRange::after(&(after,)), Order::Ascending, 1)?.pop();
        let Some(((company, _), row)) = oldest else { return Ok(Companies { last: None, ..page }) };
        if row.created_at < before {
            page.with_old.push(company);
        }
        after = company;
        page.last = Some(company);
    }
    Ok(page)
}

/// Removes a page of messages that are too old; answers how many.
pub(super) fn remove_old(tx: &mut Tx<'_>, company: u64, before: Timestamp, limit: usize) -> Result<usize, Error> {
    let mut rows = tx.list(MAILBOX, &KeyRange::prefix(&(company,)), Order::Ascending, limit)?;
    rows.retain(|(_, row)| row.created_at < before);
    remove(tx, &rows)?;
    Ok(rows.len())
}

/// Compares the counters of messages with the messages; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub(super) fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted: BTreeMap<u64, i64> = BTreeMap::new();
    read.scan(MAILBOX, &KeyRange::all(), Order::Ascending, &mut |(company, _), _| {
        if company != NOBODY.hi() {
            *counted.entry(company).or_default() += 1;
        }
        ControlFlow::Continue(())
    })?;
    read.scan(COUNTERS, &KeyRange::prefix(&(AREA,)), Order::Ascending, &mut |key, value| {
        let messages = counted.remove(&key.company).unwrap_or(0);
        if messages != value {
            found(format!("the mailbox of company {} has {messages} messages, its counter says {value}", key.company));
        }
        ControlFlow::Continue(())
    })?;
    for (company, messages) in counted {
        found(format!("the mailbox of company {company} has {messages} messages and no counter"));
    }
    Ok(())
}
