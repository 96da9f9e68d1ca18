//! A strict reader of the engine's journal files (fjall 3.1.13); pure, over bytes.
//!
//! The engine's own reader takes any unreadable spot for the end of the journal and cuts the file
//! there, and its checksum does not cover the batch head. This reader accepts exactly what the
//! engine writes and nothing else, so that damage is found before the engine opens the directory.
//!
//! Layout, all integers little-endian:
//! start `01`, item count u32, sequence number u64 · items, each `02`, value type u8, compression u8,
//! keyspace u64, key length u16, value length u32, stored length u32, key, stored value ·
//! end `03`, XXH3-64 of the item bytes, `FJL\x03`. A new file is pre-sized with zeros.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::{
    chain::Link,
    stamp::{ALWAYS_TOUCHED, KEYSPACES, STAMP_KEY, Stamp},
};

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const TRAILER: [u8; 4] = *b"FJL\x03";
/// Most numbers the engine takes for flushes and compactions while a batch is on its way.
const MAX_RUN_AHEAD: u64 = 1 << 16;

/// What a journal of this store may contain.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The byte that keys of commit records, and no others, begin with in their keyspace.
    pub commit_prefix: u8,
    /// Reads a commit record from its whole key and stored value; `None` when it is damaged.
    pub read_commit: fn(&[u8], &[u8]) -> Option<Link>,
}

/// One complete, checked batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Where the batch stands in the file.
    pub range: Range<usize>,
    /// The engine's sequence number.
    pub seqno: u64,
    /// The commit record among its rows.
    pub commit: Link,
    /// The engine's stamp among its rows.
    pub stamp: Stamp,
}

/// Why the bytes at a spot are not a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file ends inside the batch.
    #[error("the file ends inside a batch")]
    CutShort,
    /// A marker byte that the format does not have at this spot.
    #[error("unexpected marker {0:#04x}")]
    Marker(u8),
    /// A field holds a value the engine never writes here.
    #[error("impossible {0}")]
    Field(&'static str),
    /// The item checksum does not match.
    #[error("checksum mismatch")]
    Checksum,
    /// The commit record or the stamp is not there, not readable, or there twice.
    #[error("no single commit record and stamp in the batch")]
    Record,
    /// The batch is intact but does not continue the one before it.
    #[error("batch out of sequence (commit {found} after {previous})")]
    Order {
        /// Commit number of the batch before.
        previous: u64,
        /// Commit number found.
        found: u64,
    },
}

/// A fault and where it was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Offset in the file.
    pub at: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What follows the last good batch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing, or zeros up to the end.
    Clean,
    /// Something else.
    Broken {
        /// The first bad spot.
        spot: Spot,
        /// Complete later batches found behind it.
        batches_after: u64,
    },
}

/// What one journal file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Number of good batches.
    pub batches: u64,
    /// End of the last good batch.
    pub end: usize,
    /// What comes after it.
    pub tail: Tail,
}

/// Reads one file; `last` is the newest batch of the files before it and is moved along.
pub fn read(bytes: &[u8], rules: &Rules, last: &mut Option<Batch>, visit: &mut dyn FnMut(&Batch)) -> Reading {
    let mut reading = Reading { batches: 0, end: 0, tail: Tail::Clean };
    let used = used_len(bytes);
    while reading.end < used {
        match read_batch(bytes, reading.end, rules).and_then(|batch| check_order(last.as_ref(), batch)) {
            Ok(batch) => {
                reading.batches += 1;
                reading.end = batch.range.end;
                visit(&batch);
                *last = Some(batch);
            }
            Err(spot) => {
                let rest = bytes.get(..used).unwrap_or_default();
                let batches_after = count_batches(rest, reading.end + 1, rules, last.as_ref());
                reading.tail = Tail::Broken { spot, batches_after };
                break;
            }
        }
    }
    reading
}

/// Where the zeros at the end of a file begin.
#[must_use]
pub fn used_len(bytes: &[u8]) -> usize {
    // Whole pages are compared at once: a new journal is 64 MiB of zeros.
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut used = bytes.len();
    for page in bytes.rchunks(ZEROS.len()) {
        if page != ZEROS.get(..page.len()).unwrap_or_default() {
            return used - page.len() + page.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        }
        used -= page.len();
    }
    0
}

fn check_order(last: Option<&Batch>, batch: Batch) -> Result<Batch, Spot> {
    let floor = batch.stamp.floor;
    let is_near_floor = batch.seqno.checked_sub(floor).is_some_and(|ahead| ahead < MAX_RUN_AHEAD);
    let is_next = last.is_none_or(|last| {
        batch.commit.follows(&last.commit) && floor > last.seqno && batch.stamp.before == last.stamp.after()
    });
    if is_near_floor && is_next {
        return Ok(batch);
    }
    let previous = last.map_or(0, |last| last.commit.n);
    Err(Spot { at: batch.range.start, fault: Fault::Order { previous, found: batch.commit.n } })
}

/// Counts complete batches newer than `last` at any offset; each find is skipped as a whole.
fn count_batches(bytes: &[u8], from: usize, rules: &Rules, last: Option<&Batch>) -> u64 {
    let mut count = 0;
    let mut at = from;
    while let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == START)) {
        at += offset;
        match read_batch(bytes, at, rules) {
            Ok(batch) if last.is_none_or(|last| batch.commit.n > last.commit.n) => {
                count += 1;
                at = batch.range.end;
            }
            _ => at += 1,
        }
    }
    count
}

fn read_batch(bytes: &[u8], start: usize, rules: &Rules) -> Result<Batch, Spot> {
    let mut cursor = Cursor { bytes, at: start };
    cursor.expect(START)?;
    let count = u32::from_le_bytes(cursor.take()?);
    let seqno = u64::from_le_bytes(cursor.take()?);
    if count == 0 {
        return Err(cursor.fault(Fault::Field("item count")));
    }
    let items_start = cursor.at;
    let mut rows = Rows::default();
    for _ in 0..count {
        let item_at = cursor.at;
        let item = read_item(&mut cursor)?;
        rows.add(&item, rules).ok_or(Spot { at: item_at, fault: Fault::Record })?;
    }
    let items = bytes.get(items_start..cursor.at).unwrap_or_default();
    cursor.expect(END)?;
    let checksum_at = cursor.at;
    let checksum = u64::from_le_bytes(cursor.take()?);
    if cursor.take::<4>()? != TRAILER {
        return Err(Spot { at: checksum_at + 8, fault: Fault::Field("trailer") });
    }
    if checksum != xxh3_64(items) {
        return Err(Spot { at: start, fault: Fault::Checksum });
    }
    let (commit, stamp) = rows.finish().ok_or(Spot { at: start, fault: Fault::Record })?;
    Ok(Batch { range: start..cursor.at, seqno, commit, stamp })
}

/// What is known of a batch's rows while they are read.
#[derive(Default)]
struct Rows {
    commit: Option<Link>,
    stamps: [Option<Stamp>; KEYSPACES],
    touched: [bool; KEYSPACES],
}

impl Rows {
    fn add(&mut self, item: &Item<'_>, rules: &Rules) -> Option<()> {
        *self.touched.get_mut(item.keyspace)? = true;
        if item.key == STAMP_KEY {
            let stamp = Stamp::decode(item.value)?;
            self.stamps.get_mut(item.keyspace)?.replace(stamp).is_none().then_some(())
        } else if item.keyspace == ALWAYS_TOUCHED && !item.is_removal && item.key.first() == Some(&rules.commit_prefix)
        {
            let commit = (rules.read_commit)(item.key, item.value)?;
            self.commit.replace(commit).is_none().then_some(())
        } else {
            Some(())
        }
    }

    /// The commit, and the stamp that every touched keyspace carries alike.
    fn finish(self) -> Option<(Link, Stamp)> {
        let stamp = self.stamps.into_iter().flatten().next()?;
        let is_everywhere = self.stamps == self.touched.map(|is_touched| is_touched.then_some(stamp));
        (is_everywhere && stamp.touched == self.touched).then_some((self.commit?, stamp))
    }
}

struct Item<'a> {
    /// Position of the keyspace, from 0.
    keyspace: usize,
    is_removal: bool,
    key: &'a [u8],
    value: &'a [u8],
}

fn read_item<'a>(cursor: &mut Cursor<'a>) -> Result<Item<'a>, Spot> {
    let start = cursor.at;
    let wrong = |field| Err(Spot { at: start, fault: Fault::Field(field) });
    cursor.expect(ITEM)?;
    let [value_type] = cursor.take()?;
    let [compression] = cursor.take()?;
    let keyspace = u64::from_le_bytes(cursor.take()?);
    let key_len = usize::from(u16::from_le_bytes(cursor.take()?));
    let value_len = u32::from_le_bytes(cursor.take()?);
    let stored_len = u32::from_le_bytes(cursor.take()?);
    if value_type > 2 {
        return wrong("value type");
    }
    if compression > 1 {
        return wrong("compression");
    }
    // The engine numbers keyspaces from 1; number 0 is its own.
    let Some(keyspace) = (1..=KEYSPACES as u64).position(|number| number == keyspace) else {
        return wrong("keyspace");
    };
    if compression == 0 && value_len != stored_len {
        return wrong("value length");
    }
    let is_removal = value_type != 0;
    if is_removal && value_len != 0 {
        return wrong("length of a removal");
    }
    let key = cursor.slice(key_len)?;
    let value = cursor.slice(stored_len as usize)?;
    Ok(Item { keyspace, is_removal, key, value })
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn fault(&self, fault: Fault) -> Spot {
        Spot { at: self.at, fault }
    }

    fn slice(&mut self, len: usize) -> Result<&'a [u8], Spot> {
        let end = self.at.saturating_add(len);
        let slice = self.bytes.get(self.at..end).ok_or_else(|| self.fault(Fault::CutShort))?;
        self.at = end;
        Ok(slice)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Spot> {
        let slice = self.slice(N)?;
        <[u8; N]>::try_from(slice).map_err(|_| self.fault(Fault::CutShort))
    }

    fn expect(&mut self, marker: u8) -> Result<(), Spot> {
        let at = self.at;
        let [found] = self.take()?;
        if found == marker { Ok(()) } else { Err(Spot { at, fault: Fault::Marker(found) }) }
    }
}
