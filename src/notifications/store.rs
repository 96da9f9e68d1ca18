//! Notifications as they are stored: by company and audience, with the marks of readers beside them.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{KEPT_MAX, NotificationView};
use crate::{
    base::{NotificationId, RawId, Timestamp, UserId},
    named_value,
    storage::{Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

const NOTIFICATIONS: Table<(u64, u64, u64), Stored> = Table::of(keyspaces::NOTIFICATIONS);
const MARKS: Table<u64, MarksRow> = Table::of(keyspaces::NOTIFICATION_MARKS);

/// Company and audience.
pub(super) type Lane = (u64, u64);

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    /// The other half of its id.
    pub(super) lo: u64,
    pub(super) kind: String,
    pub(super) topic: String,
    pub(super) object: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) count: Option<u64>,
    pub(super) created_at: Timestamp,
}
named_value!(Stored, 1);

impl Stored {
    pub(super) fn view(self, hi: u64, is_read: bool) -> NotificationView {
        let Self { lo, kind, object, detail, count, created_at, topic: _ } = self;
        let id = NotificationId::from_raw(RawId { hi, lo });
        NotificationView { id, kind, object, detail, count, created_at, is_read }
    }
}

/// What a person has marked as read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MarksRow {
    /// Everything whose number is below this.
    pub(super) before: u64,
    /// And these, of those that are kept.
    pub(super) read: Vec<u64>,
}
named_value!(MarksRow, 1);

impl MarksRow {
    pub(super) fn has(&self, hi: u64) -> bool {
        hi < self.before || self.read.contains(&hi)
    }
}

/// What is kept of a lane, the newest first; a damaged row is none.
pub(super) fn newest_first(read: &impl Read, lane: Lane) -> Result<Vec<(u64, Option<Stored>)>, Error> {
    let rows = read.list_past_damage(NOTIFICATIONS, &KeyRange::prefix(&lane), Order::Descending, KEPT_MAX + 1)?;
    Ok(rows.into_iter().map(|((.., hi), row)| (hi, readable(row))).collect())
}

pub(super) fn find(read: &impl Read, (company, audience): Lane, hi: u64) -> Result<Option<Stored>, Error> {
    match read.get(NOTIFICATIONS, &(company, audience, hi)) {
        Err(error @ Error::Corrupt { .. }) => Ok(readable::<Stored>(Err(error))),
        found => found,
    }
}

fn readable<T>(row: Result<T, Error>) -> Option<T> {
    row.inspect_err(|error| tracing::error!(%error, "a damaged notification is left out: {error}")).ok()
}

pub(super) fn put(tx: &mut Tx<'_>, (company, audience): Lane, hi: u64, row: &Stored) -> Result<(), Error> {
    tx.put(NOTIFICATIONS, &(company, audience, hi), row)
}

pub(super) fn remove(tx: &mut Tx<'_>, (company, audience): Lane, hi: u64) -> Result<(), Error> {
    tx.remove(NOTIFICATIONS, &(company, audience, hi))
}

/// What the person has marked; nothing when that cannot be read, and then it is written anew.
pub(super) fn marks(read: &impl Read, user: UserId) -> Result<MarksRow, Error> {
    match read.get(MARKS, &user.hi()) {
        Err(error @ Error::Corrupt { .. }) => Ok(readable::<MarksRow>(Err(error)).unwrap_or_default()),
        found => Ok(found?.unwrap_or_default()),
    }
}

pub(super) fn put_marks(tx: &mut Tx<'_>, user: UserId, row: &MarksRow) -> Result<(), Error> {
    tx.put(MARKS, &user.hi(), row)
}

pub(super) fn remove_marks(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    tx.remove(MARKS, &user.hi())
}

/// Some of the lanes there are.
#[derive(Debug)]
pub(super) struct Lanes {
    /// Those whose oldest notification is too old, or cannot be read.
    pub(super) with_old: Vec<Lane>,
    /// The last lane looked at; none when there are no more.
    pub(super) last: Option<Lane>,
}

/// Looks at the oldest notification of each of the lanes after this one.
pub(super) fn lanes_after(read: &impl Read, after: Lane, before: Timestamp, limit: usize) -> Result<Lanes, Error> {
    let (mut with_old, mut last) = (Vec::new(), after);
    for _ in 0..limit {
        let oldest = read.list_past_damage(NOTIFICATIONS, &KeyRange::after(&last), Order::Ascending, 1)?.pop();
        let Some(((company, audience, _), row)) = oldest else { return Ok(Lanes { with_old, last: None }) };
        last = (company, audience);
        if row.as_ref().map_or(true, |row| row.created_at < before) {
            with_old.push(last);
        }
    }
    Ok(Lanes { with_old, last: Some(last) })
}

/// Removes what is too old of a lane, with the damaged rows before it; answers how many.
pub(super) fn remove_old(tx: &mut Tx<'_>, lane: Lane, before: Timestamp) -> Result<usize, Error> {
    let mut old = Vec::new();
    tx.scan_past_damage(NOTIFICATIONS, &KeyRange::prefix(&lane), Order::Ascending, &mut |(.., hi), row| {
        if row.is_ok_and(|row| row.created_at >= before) {
            return ControlFlow::Break(());
        }
        old.push(hi);
        if old.len() <= KEPT_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    for hi in &old {
        remove(tx, lane, *hi)?;
    }
    Ok(old.len())
}
