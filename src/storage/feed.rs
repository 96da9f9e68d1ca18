//! The feed: what changed, in the order of commits, for each company.
//!
//! A transaction leaves a *note* of a few bytes for each change that others follow. The notes of a company in one group
//! commit become one row, written with the group, so that following costs a row per commit and not one per change. The
//! place of a note is the number of its commit and its position in the row: it never changes, and nothing older ever
//! comes in behind it.
//!
//! Rows are removed, oldest first, by whoever keeps the feed within its limits; a *floor* then says up to where. A damaged
//! row is told apart from those around it, and goes with them.

use std::{collections::BTreeMap, ops::ControlFlow};

use serde::{Deserialize, Serialize};

use super::{
    counters::CounterKey,
    error::Error,
    key::{KeyRange, Order},
    keyspaces::{self, Space},
    table::{HEADER_BYTES, Read, Table, Value},
    tx::Tx,
};
use crate::base::Timestamp;

/// Set in the first byte of a note that has a low half.
const HAS_LO: u8 = 0x80;
/// What a row costs beside its notes.
const ROW_BYTES: i64 = 40;
/// The time before the notes of a row.
const TIME_BYTES: usize = 8;

/// The rows of the feed, by company and commit.
const FEED: Table<(u64, u64), FeedRow> = Table::of(keyspaces::FEED);
const FLOORS: Table<u64, FloorRow> = Table::of(keyspaces::FEED_FLOORS);

/// Where the rows are.
pub(super) const SPACE: Space = keyspaces::FEED.space;

/// One change, as it is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// What changed and how, in numbers that its owner gives out; below 128.
    pub tag: u8,
    /// The `hi` of what changed.
    pub hi: u64,
    /// Its low half, when that is not found otherwise.
    pub lo: Option<u64>,
}

impl Note {
    fn encode(self, out: &mut Vec<u8>) {
        out.push(self.tag | if self.lo.is_some() { HAS_LO } else { 0 });
        out.extend_from_slice(&self.hi.to_be_bytes());
        if let Some(lo) = self.lo {
            out.extend_from_slice(&lo.to_be_bytes());
        }
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        let (hi, mut rest) = rest.split_first_chunk()?;
        let mut lo = None;
        if first & HAS_LO != 0 {
            let (low, after) = rest.split_first_chunk()?;
            (lo, rest) = (Some(u64::from_be_bytes(*low)), after);
        }
        *bytes = rest;
        Some(Self { tag: first & !HAS_LO, hi: u64::from_be_bytes(*hi), lo })
    }
}

/// The notes of one company in one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// When the commit was closed.
    pub time: Timestamp,
    /// The notes, in order.
    pub notes: Vec<Note>,
}

impl Value for FeedRow {
    const FORMAT: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.time.as_ms().to_be_bytes());
        for note in &self.notes {
            note.encode(out);
        }
    }

    fn decode(format: u8, bytes: &[u8]) -> Option<Self> {
        if format != Self::FORMAT {
            return None;
        }
        let (time, mut rest) = bytes.split_first_chunk()?;
        let mut notes = Vec::with_capacity(rest.len() / 9);
        while !rest.is_empty() {
            notes.push(Note::decode(&mut rest)?);
        }
        Some(Self { time: Timestamp::from_ms(i64::from_be_bytes(*time)), notes })
    }
}

/// Up to where the feed of a company was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct FloorRow {
    /// The last commit whose row is gone.
    commit: u64,
    /// The notes it had; [`NOTES_UNKNOWN`] when that could not be read.
    notes: u64,
}

/// More notes than a row ever has: whoever has seen so many has seen them all.
pub const NOTES_UNKNOWN: u64 = u32::MAX as u64;

impl Value for FloorRow {
    const FORMAT: u8 = 2;

    fn encode(&self, out: &mut Vec<u8>) {
        let buffer = std::mem::take(out);
        *out = postcard::to_extend(self, buffer).expect("a row in memory is always encodable");
    }

    fn decode(format: u8, bytes: &[u8]) -> Option<Self> {
        match format {
            // Format 1 did not say how many notes there were.
            1 => postcard::from_bytes(bytes).ok().map(|commit| Self { commit, notes: NOTES_UNKNOWN }),
            2 => postcard::from_bytes(bytes).ok(),
            _ => None,
        }
    }
}

/// The bytes that the feed of a company takes.
const fn bytes_of(company: u64) -> CounterKey {
    CounterKey { area: keyspaces::FEED.number, company, subject: 0, what: 0 }
}

/// The notes of a group, by company, encoded.
#[derive(Debug, Default)]
pub(super) struct Notes {
    companies: BTreeMap<u64, Vec<u8>>,
}

impl Notes {
    pub(super) fn add(&mut self, company: u64, note: Note) {
        note.encode(self.companies.entry(company).or_default());
    }

    /// The rows of a commit: engine key, framed value, and the counter with what it grows by.
    pub(super) fn rows(
        self,
        commit: u64,
        time: Timestamp,
    ) -> impl Iterator<Item = (Vec<u8>, Vec<u8>, CounterKey, i64)> {
        self.companies.into_iter().map(move |(company, notes)| {
            let bytes = size(notes.len());
            let key = FEED.engine_key(&(company, commit));
            let frame = Table::<(u64, u64), Encoded>::frame(&key, &Encoded { time, notes });
            (key, frame, bytes_of(company), bytes)
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.companies.is_empty()
    }
}

/// A row whose notes are encoded already.
struct Encoded {
    time: Timestamp,
    notes: Vec<u8>,
}

impl Value for Encoded {
    const FORMAT: u8 = FeedRow::FORMAT;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.time.as_ms().to_be_bytes());
        out.extend_from_slice(&self.notes);
    }

    fn decode(_format: u8, _bytes: &[u8]) -> Option<Self> {
        None
    }
}

const fn size(notes_bytes: usize) -> i64 {
    (notes_bytes as i64).saturating_add(ROW_BYTES)
}

fn row_size(row: &FeedRow) -> i64 {
    size(row.notes.iter().map(|note| if note.lo.is_some() { 17 } else { 9 }).sum())
}

/// What a row costs by its length alone.
fn stored_size(read: &impl Read, key: &(u64, u64)) -> Result<i64, Error> {
    let mut bytes = 0;
    let engine_key = FEED.engine_key(key);
    read.get_bytes(SPACE, &engine_key, &mut |stored| bytes = stored.len().saturating_sub(HEADER_BYTES + TIME_BYTES))?;
    Ok(size(bytes))
}

/// The rows of a company from a commit on, the oldest first; a damaged one is its error.
///
/// # Errors
/// When the engine cannot read.
pub fn rows_from(
    read: &impl Read,
    company: u64,
    commit: u64,
    visit: &mut dyn FnMut(u64, Result<FeedRow, Error>) -> ControlFlow<()>,
) -> Result<(), Error> {
    let range = KeyRange::from(&(company, commit)).within(&(company,));
    read.scan_past_damage(FEED, &range, Order::Ascending, &mut |(_, commit), row| visit(commit, row))
}

/// The last commit of a company's feed that is there, with the number of its notes, [`NOTES_UNKNOWN`] when it is damaged.
///
/// # Errors
/// When the engine cannot read.
pub fn last(read: &impl Read, company: u64) -> Result<Option<(u64, u64)>, Error> {
    let row = read.list_past_damage(FEED, &KeyRange::prefix(&(company,)), Order::Descending, 1)?.pop();
    Ok(row.map(|((_, commit), row)| (commit, row.map_or(NOTES_UNKNOWN, |row| row.notes.len() as u64))))
}

/// The last commit of a company's feed that was removed, with the number of its notes; zeros when none was.
///
/// # Errors
/// When a row cannot be read.
pub fn floor(read: &impl Read, company: u64) -> Result<(u64, u64), Error> {
    Ok(read.get(FLOORS, &company)?.map_or((0, 0), |row| (row.commit, row.notes)))
}

/// Some companies behind this one that have a feed, with its bytes and the time of its oldest row: long ago when that
/// cannot be read.
///
/// # Errors
/// When a row cannot be read.
pub fn companies(read: &impl Read, after: u64, limit: usize) -> Result<Vec<(u64, u64, Timestamp)>, Error> {
    let mut found = Vec::new();
    let mut after = after;
    while found.len() < limit {
        let oldest = read.list_past_damage(FEED, &KeyRange::after(&(after,)), Order::Ascending, 1)?.pop();
        let Some(((company, _), row)) = oldest else { break };
        let time = row.map_or(Timestamp::from_ms(0), |row| row.time);
        found.push((company, read.counter(&bytes_of(company))?.max(0).cast_unsigned(), time));
        after = company;
    }
    Ok(found)
}

/// Removes at most `limit` of the oldest rows of a company that are older than `before`, or while the feed takes more
/// than `bytes_max`; answers how many.
///
/// A damaged row tells no time: it goes with the first one behind it that is old.
///
/// # Errors
/// When a row cannot be read.
pub fn trim(tx: &mut Tx<'_>, company: u64, before: Timestamp, bytes_max: u64, limit: usize) -> Result<usize, Error> {
    let rows = tx.list_past_damage(FEED, &KeyRange::prefix(&(company,)), Order::Ascending, limit)?;
    let is_old = |row: &Result<FeedRow, Error>| row.as_ref().is_ok_and(|row| row.time < before);
    let has_readable = rows.iter().any(|(_, row)| row.is_ok());
    let is_all_damaged = !has_readable && rows.len() == limit;
    let old = rows.iter().rposition(|(_, row)| is_old(row) || is_all_damaged).map_or(0, |last| last + 1);
    let (mut removed, mut floor) = (0, None);
    for (position, (key, row)) in rows.into_iter().enumerate() {
        let bytes = tx.count(&bytes_of(company)).max(0).cast_unsigned();
        if position >= old && bytes <= bytes_max {
            break;
        }
        let (size, notes) = match row {
            Ok(row) => (row_size(&row), row.notes.len() as u64),
            Err(error) => {
                tracing::error!(%error, "a damaged row of the change feed is removed: {error}");
                (stored_size(tx, &key)?, NOTES_UNKNOWN)
            }
        };
        tx.remove(FEED, &key)?;
        tx.add(bytes_of(company), -size);
        floor = Some(FloorRow { commit: key.1, notes });
        removed += 1;
    }
    if let Some(floor) = floor {
        tx.put(FLOORS, &company, &floor)?;
    }
    Ok(removed)
}

/// Compares the feed with the counters of its bytes; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = super::check::Counted::of(keyspaces::FEED.number);
    super::check::each(read, FEED, |(company, commit), row| {
        counted.add(company, 0, 0, row_size(&row));
        if commit <= floor(read, company)?.0 {
            found(format!("company {company}: commit {commit} of the feed should be gone"));
        }
        Ok(())
    })?;
    counted.compare(read, &[0], found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FeedRow, FloorRow, NOTES_UNKNOWN, Note, Notes, row_size};
    use crate::{base::Timestamp, storage::Value};

    proptest! {
        #[test]
        fn rows_hold_what_was_noted(parts: Vec<(u8, u64, Option<u64>)>) {
            let notes: Vec<Note> = parts.into_iter().map(|(tag, hi, lo)| Note { tag: tag % 128, hi, lo }).collect();
            let row = FeedRow { time: Timestamp::from_ms(7), notes };
            let mut bytes = Vec::new();
            row.encode(&mut bytes);
            prop_assert_eq!(FeedRow::decode(1, &bytes), Some(row.clone()));
            let mut group = Notes::default();
            for note in &row.notes {
                group.add(3, *note);
            }
            let sizes: Vec<i64> = group.rows(1, row.time).map(|(.., size)| size).collect();
            prop_assert!(sizes.iter().all(|size| *size == row_size(&row)));
            prop_assert_eq!(sizes.len(), usize::from(!row.notes.is_empty()));
        }

        #[test]
        fn a_floor_of_before_is_one_of_unknown_length(commit: u64) {
            let old = postcard::to_stdvec(&commit).unwrap();
            prop_assert_eq!(FloorRow::decode(1, &old), Some(FloorRow { commit, notes: NOTES_UNKNOWN }));
        }

        #[test]
        fn damaged_rows_are_no_rows(bytes: Vec<u8>) {
            if let Some(row) = FeedRow::decode(1, &bytes) {
                let mut again = Vec::new();
                row.encode(&mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
