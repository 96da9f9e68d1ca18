//! What people find in the product without having looked for it: a webhook was disabled, jobs were given up, somebody
//! signed in from a new place.
//!
//! Words: a *notification* is for one person, or for the *operators* of a company: its managers and admins. It is
//! *unread* until its reader has marked it, each reader for oneself.
//!
//! Invariants: a notification is recorded in the commit of what it tells; the same is told once an hour; of each person and
//! of the operators of each company [`KEPT_MAX`] are kept, for [`KEPT_MS`] at most: the newest, and a kind of which there are
//! many gives way to the others. A damaged row hides no other one and fails nothing. The stream tells of the same as the list.
//!
//! Deliberately absent: what happened in detail. A notification names its object, which has its own operation; what goes by
//! e-mail is said by whoever notifies. What ends by itself, as the breaker of a webhook does: its page shows that.

mod store;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    base::{CompanyId, NotificationId, RawId, Timestamp, UserId},
    storage::{Db, Error, Note, Read, Tx, pause},
};

use store::{MarksRow, Stored};

/// Notifications kept of a person, and of the operators of a company.
pub const KEPT_MAX: usize = 200;
/// How long one is kept.
pub const KEPT_MS: u64 = 90 * 24 * 3_600_000;
/// How long the same is not told again.
const AGAIN_MS: u64 = 3_600_000;
/// How often old ones are removed.
const EVERY: Duration = Duration::from_hours(1);
/// Readers looked at in one read, and rows removed in one transaction.
const PAGE: usize = 500;
/// The tag of a new notification in the feed.
const TOLD_TAG: u8 = 48;
/// The tag of marks that a person has set.
const MARKED_TAG: u8 = 49;

/// Whom a notification is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The managers and admins of the company.
    Operators,
    /// One person.
    Person(UserId),
}

impl Audience {
    /// The number in keys; nobody has the id zero.
    const fn number(self) -> u64 {
        match self {
            Self::Operators => 0,
            Self::Person(user) => user.hi(),
        }
    }
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// What happened, as one word of the API.
    pub kind: &'static str,
    /// What it is about, for telling the same again: one kind with one topic is told once an hour.
    pub topic: String,
    /// The id or name of what it is about; none for the person's own account.
    pub object: Option<String>,
    /// A fact in words or a name, fit for its readers.
    pub detail: Option<String>,
    /// How many of them there are.
    pub count: Option<u64>,
}

/// A notification as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationView {
    /// Its id.
    pub id: NotificationId,
    /// What happened.
    pub kind: String,
    /// What it is about.
    pub object: Option<String>,
    /// A fact.
    pub detail: Option<String>,
    /// How many.
    pub count: Option<u64>,
    /// When.
    pub created_at: Timestamp,
    /// Whether this reader has marked it.
    pub is_read: bool,
}

/// Somebody who reads notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The company.
    pub company: CompanyId,
    /// The person; who came later than a notification is not shown it.
    pub user: UserId,
    /// Whether those for the operators are shown.
    pub is_operator: bool,
}

impl Reader {
    fn audiences(&self) -> impl Iterator<Item = u64> {
        let operators = self.is_operator.then_some(Audience::Operators.number());
        [Some(self.user.hi()), operators].into_iter().flatten()
    }
}

/// Records a notification in the transaction that is the reason for it, unless the same was told within the hour.
///
/// # Errors
/// When the store fails.
pub fn notify(tx: &mut Tx<'_>, company: CompanyId, audience: Audience, new: NewNotification) -> Result<(), Error> {
    let (lane, now) = ((company.hi(), audience.number()), tx.now());
    let known = store::newest_first(tx, lane)?;
    let is_same =
        |row: &Stored| row.kind == new.kind && row.topic == new.topic && now.ms_since(row.created_at) < AGAIN_MS;
    if known.iter().any(|(_, row)| row.as_ref().is_some_and(is_same)) {
        return Ok(());
    }
    let RawId { hi, lo } = tx.mint();
    let NewNotification { kind, topic, object, detail, count } = new;
    let row = Stored { lo, kind: kind.to_owned(), topic, object, detail, count, created_at: now };
    store::put(tx, lane, hi, &row)?;
    for hi in supernumerary(&known) {
        store::remove(tx, lane, hi)?;
    }
    tx.note(lane.0, Note { tag: TOLD_TAG, hi, lo: Some(lane.1) });
    Ok(())
}

/// Which of the known ones, the newest first, make room for one more: what cannot be read, then the oldest of the kind of
/// which there are most, so that a flood of one kind leaves the others in peace.
fn supernumerary(known: &[(u64, Option<Stored>)]) -> Vec<u64> {
    let mut by_kind = BTreeMap::<Option<&str>, Vec<u64>>::new();
    for (hi, row) in known {
        by_kind.entry(row.as_ref().map(|row| row.kind.as_str())).or_default().push(*hi);
    }
    let excess = (known.len() + 1).saturating_sub(KEPT_MAX);
    let oldest = |_| {
        let damaged = by_kind.get_mut(&None).and_then(Vec::pop);
        let most = || by_kind.values_mut().max_by_key(|kind| kind.len()).and_then(Vec::pop);
        damaged.or_else(most)
    };
    (0..excess).filter_map(oldest).collect()
}

/// What the person may read, the newest first; at most twice [`KEPT_MAX`].
///
/// # Errors
/// When the store cannot be read.
pub fn list(read: &impl Read, reader: &Reader, now: Timestamp) -> Result<Vec<NotificationView>, Error> {
    let marks = store::marks(read, reader.user)?;
    let mut found = Vec::new();
    for audience in reader.audiences() {
        for (hi, row) in store::newest_first(read, (reader.company.hi(), audience))? {
            found.extend(shown(reader, &marks, (hi, row), now));
        }
    }
    found.sort_unstable_by_key(|view| std::cmp::Reverse(view.id.hi()));
    Ok(found)
}

/// A row as its reader sees it; none when it is too old, or older than the reader.
fn shown(
    reader: &Reader,
    marks: &MarksRow,
    (hi, row): (u64, Option<Stored>),
    now: Timestamp,
) -> Option<NotificationView> {
    let row = row.filter(|row| hi > reader.user.hi() && now.ms_since(row.created_at) < KEPT_MS)?;
    Some(row.view(hi, marks.has(hi)))
}

/// Marks one notification as read; answers whether there is such a one for the person.
///
/// # Errors
/// When the store fails.
pub fn mark_read(tx: &mut Tx<'_>, reader: &Reader, id: NotificationId) -> Result<bool, Error> {
    let found = list(tx, reader, tx.now())?;
    let Some(wanted) = found.iter().find(|view| view.id == id) else { return Ok(false) };
    if !wanted.is_read {
        let MarksRow { before, mut read } = store::marks(tx, reader.user)?;
        // Marks of what is not there any more go.
        read.retain(|hi| found.iter().any(|view| view.id.hi() == *hi));
        read.push(id.hi());
        put_marks(tx, reader, &MarksRow { before, read })?;
    }
    Ok(true)
}

/// Marks all notifications as read, up to and with this one when it is named.
///
/// # Errors
/// When the store fails.
pub fn mark_all_read(tx: &mut Tx<'_>, reader: &Reader, until: Option<NotificationId>) -> Result<(), Error> {
    let found = list(tx, reader, tx.now())?;
    let Some(newest) = found.first().map(|view| view.id.hi()) else { return Ok(()) };
    // What is still to come is not read, whatever was named.
    let until = until.map_or(newest, |id| id.hi().min(newest));
    let MarksRow { before, mut read } = store::marks(tx, reader.user)?;
    if found.iter().all(|view| view.is_read || view.id.hi() > until) {
        return Ok(());
    }
    let before = before.max(until.saturating_add(1));
    read.retain(|hi| *hi >= before);
    put_marks(tx, reader, &MarksRow { before, read })
}

fn put_marks(tx: &mut Tx<'_>, reader: &Reader, marks: &MarksRow) -> Result<(), Error> {
    tx.note(reader.company.hi(), Note { tag: MARKED_TAG, hi: reader.user.hi(), lo: None });
    store::put_marks(tx, reader.user, marks)
}

/// Forgets what was told to a person who is deleted.
///
/// # Errors
/// When the store fails.
pub fn forget(tx: &mut Tx<'_>, company: CompanyId, user: UserId) -> Result<(), Error> {
    let lane = (company.hi(), user.hi());
    for (hi, _) in store::newest_first(tx, lane)? {
        store::remove(tx, lane, hi)?;
    }
    store::remove_marks(tx, user)
}

/// What a note of the feed says to somebody about notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// There is a new one.
    Told(NotificationView),
    /// The person has marked some as read, here or elsewhere.
    Marked,
}

/// Whether a note is about notifications.
pub const fn is_about(note: &Note) -> bool {
    matches!(note.tag, TOLD_TAG | MARKED_TAG)
}

/// What a note about notifications says to this reader; `None` when it is for another one, or the list shows it no more.
///
/// # Errors
/// When the store cannot be read.
pub fn noted(read: &impl Read, reader: &Reader, note: Note, now: Timestamp) -> Result<Option<Noted>, Error> {
    if note.tag == MARKED_TAG {
        return Ok((note.hi == reader.user.hi()).then_some(Noted::Marked));
    }
    let Some(audience) = note.lo.filter(|lo| reader.audiences().any(|audience| audience == *lo)) else {
        return Ok(None);
    };
    let row = store::find(read, (reader.company.hi(), audience), note.hi)?;
    let marks = store::marks(read, reader.user)?;
    Ok(shown(reader, &marks, (note.hi, row), now).map(Noted::Told))
}

/// Removes notifications that are too old until told to stop.
pub async fn maintain(db: Db, stop: CancellationToken) {
    while pause(EVERY, &stop).await {
        match remove_old(&db, &stop).await {
            Ok(_) => {}
            Err(Error::Stopped | Error::Unknown(_)) => return,
            Err(error) => tracing::warn!(%error, "old notifications could not be removed: {error}"),
        }
    }
}

/// Removes what is too old; answers how many.
async fn remove_old(db: &Db, stop: &CancellationToken) -> Result<usize, Error> {
    let before = Timestamp::from_ms(db.now().as_ms().saturating_sub_unsigned(KEPT_MS));
    let (mut removed, mut after) = (0, (0, 0));
    while !stop.is_cancelled() {
        let page = db.read(move |snapshot| store::lanes_after(snapshot, after, before, PAGE)).await??;
        for lane in page.with_old {
            let work = move |tx: &mut Tx<'_>| -> Result<usize, Error> { store::remove_old(tx, lane, before) };
            removed += db.write_reclaiming(work).await?;
        }
        let Some(last) = page.last else { break };
        after = last;
    }
    Ok(removed)
}
