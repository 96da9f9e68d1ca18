//! Notes of the feed as changes in words, page by page.

use std::{ops::ControlFlow, str::FromStr};

use super::Error;
use crate::{
    base::{CompanyId, Timestamp},
    notifications::{self, Noted, Reader},
    queue::{JobChange, Queues},
    storage::{
        self, Note, Read,
        feed::{self, NOTES_UNKNOWN},
    },
    webhooks::DeliveryChange,
};

/// Notes looked at for one page, found or not.
const LOOKED_AT_MAX: usize = 2_000;

/// A place between two changes: so many notes of this commit were seen, and all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Cursor {
    pub(super) commit: u64,
    pub(super) seen: u64,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.commit, self.seen)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (commit, seen) = text.split_once('-').ok_or(())?;
        let number = |text: &str| {
            let is_plain = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| text.parse().ok()).flatten().ok_or(())
        };
        Ok(Self { commit: number(commit)?, seen: number(seen)? })
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Object {
    Job {
        id: String,
        queue: String,
        kind: String,
        change: JobChange,
    },
    /// Something about its reader's notifications.
    Notification(Noted),
    Delivery {
        id: String,
        change: DeliveryChange,
    },
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The place behind it.
    pub(super) cursor: Cursor,
    pub(super) at: Timestamp,
    pub(super) object: Object,
}

/// Some changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) changes: Vec<Change>,
    /// Where the next page begins.
    pub(super) next: Cursor,
    /// Whether there are more now.
    pub(super) has_more: bool,
}

/// The end of the feed as it is now.
pub(super) fn end(read: &impl Read, company: CompanyId) -> Result<Cursor, storage::Error> {
    let last = feed::last(read, company.hi())?;
    Ok(match last {
        Some((commit, notes)) => Cursor { commit, seen: notes },
        None => oldest(read, company)?,
    })
}

/// The place before the oldest change that is kept.
fn oldest(read: &impl Read, company: CompanyId) -> Result<Cursor, storage::Error> {
    let (commit, seen) = feed::floor(read, company.hi())?;
    Ok(Cursor { commit, seen })
}

/// At most `limit` changes after a place, from the oldest when none is given.
///
/// Changes of jobs that are not there any more are left out, and notifications that are not for this reader.
///
/// # Errors
/// [`Error::Gone`] when some of them were removed, or cannot be read.
pub(super) fn page(
    read: &impl Read,
    queues: &Queues,
    (company, reader): (CompanyId, Option<(&Reader, Timestamp)>),
    after: Option<Cursor>,
    limit: usize,
) -> Result<Batch, Error> {
    let oldest = oldest(read, company)?;
    let after = after.unwrap_or(oldest);
    if after < oldest {
        return Err(Error::Gone { oldest: oldest.to_string() });
    }
    let (mut notes, mut has_more, mut damaged) = (Vec::new(), false, None);
    feed::rows_from(read, company.hi(), after.commit, &mut |commit, row| {
        let row = match row {
            Ok(row) => row,
            Err(_) if commit == after.commit && after.seen >= NOTES_UNKNOWN => return ControlFlow::Continue(()),
            Err(error) => {
                damaged = Some((commit, error));
                return ControlFlow::Break(());
            }
        };
        let seen = if commit == after.commit { usize::try_from(after.seen).unwrap_or(usize::MAX) } else { 0 };
        for (position, note) in row.notes.into_iter().enumerate().skip(seen) {
            if notes.len() >= LOOKED_AT_MAX {
                has_more = true;
                return ControlFlow::Break(());
            }
            notes.push((Cursor { commit, seen: position as u64 + 1 }, row.time, note));
        }
        ControlFlow::Continue(())
    })?;
    if let Some((commit, error)) = damaged {
        // What stands before it is told first.
        if notes.is_empty() {
            tracing::error!(%error, "a row of the change feed is damaged: {error}");
            return Err(Error::Gone { oldest: Cursor { commit, seen: NOTES_UNKNOWN }.to_string() });
        }
        has_more = true;
    }
    let mut batch = Batch { changes: Vec::new(), next: after, has_more };
    for (cursor, at, note) in notes {
        if batch.changes.len() >= limit {
            batch.has_more = true;
            break;
        }
        batch.next = cursor;
        if let Some(object) = object(read, queues, (company, reader), note)? {
            batch.changes.push(Change { cursor, at, object });
        }
    }
    Ok(batch)
}

fn object(
    read: &impl Read,
    queues: &Queues,
    (company, reader): (CompanyId, Option<(&Reader, Timestamp)>),
    note: Note,
) -> Result<Option<Object>, storage::Error> {
    if let Some((change, id)) = DeliveryChange::of(note) {
        return Ok(Some(Object::Delivery { id: id.to_string(), change }));
    }
    if notifications::is_about(&note) {
        let Some((reader, now)) = reader else { return Ok(None) };
        return Ok(notifications::noted(read, reader, note, now)?.map(Object::Notification));
    }
    let Some(change) = JobChange::of(note.tag) else { return Ok(None) };
    let found = match queues.identify(read, company, note.hi) {
        Err(error @ storage::Error::Corrupt { .. }) => {
            tracing::error!(%error, "a damaged job is left out of the feed");
            None
        }
        found => found?,
    };
    Ok(found.map(|(id, queue, kind)| Object::Job { id: id.to_string(), queue: queue.to_string(), kind, change }))
}
