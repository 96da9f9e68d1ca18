//! The journal doctor: tells a torn tail, which is repaired, from damage, which is refused.
//!
//! The writer leaves at most one batch unsynced, so a power cut can spoil only the last batch of the
//! active journal, and nobody was told that this batch is safe. A bad spot with a complete batch
//! behind it, a bad spot in a sealed journal, or one that reaches back behind the last
//! acknowledged commit is therefore damage to data that was promised to be kept.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{SeekFrom, seek},
    io::Errno,
};

use super::{
    GuardError,
    chain::{self, Hash, Link, Mismatch},
    durable,
    error::At as _,
    journal::{self, Batch, Fault, Rules, Spot, Tail},
    layout::Layout,
    stamp::KEYSPACES,
};
use crate::storage::witness::Mark;

/// What the journals hold.
#[derive(Debug)]
pub struct Findings {
    /// Journals and the number of batches in each, oldest first.
    pub journals: Vec<(PathBuf, u64)>,
    /// The newest commit in them; `None` when they hold none, as right after a rotation.
    pub head: Option<Link>,
    /// The unfinished batch at the end of the active journal, if there is one.
    pub torn: Option<Torn>,
}

/// An unfinished batch at the end of the active journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The active journal.
    pub journal: PathBuf,
    /// Where its last complete batch ends.
    pub offset: u64,
    /// How many bytes follow.
    pub bytes: u64,
    /// What is wrong with them.
    pub fault: Fault,
}

/// Reads all journals, oldest first, and judges them; changes nothing.
pub(super) fn examine(layout: &Layout, rules: &Rules, acknowledged: &Mark) -> Result<Findings, GuardError> {
    let journals = &layout.journals;
    let mut findings = Findings { journals: Vec::with_capacity(journals.len()), head: None, torn: None };
    let mut last: Option<Batch> = None;
    let mut seen: Option<Hash> = None;
    let mut first: Option<Batch> = None;
    let mut before = 0;
    for (position, path) in journals.iter().enumerate() {
        let bytes = read_data(path).reading(path)?;
        let reading = journal::read(&bytes, rules, &mut last, &mut |batch| {
            if batch.commit.n == acknowledged.n {
                seen = Some(batch.commit.hash);
            }
            if first.is_none() {
                first = Some(batch.clone());
            }
        });
        before += reading.batches;
        findings.journals.push((path.clone(), reading.batches));
        if let Tail::Broken { spot, batches_after } = reading.tail {
            let is_active = position + 1 == journals.len();
            let is_order = matches!(spot.fault, Fault::Order { .. });
            if !is_active || is_order || batches_after > 0 {
                return Err(damage(path, spot, before, batches_after, is_active));
            }
            let used = journal::used_len(&bytes);
            findings.torn = Some(Torn {
                journal: path.clone(),
                offset: reading.end as u64,
                bytes: used.saturating_sub(reading.end) as u64,
                fault: spot.fault,
            });
        }
    }
    if let (Some(first), Some(oldest)) = (first, journals.first()) {
        check_older(&first, &layout.persisted, oldest)?;
    }
    findings.head = last.map(|batch| batch.commit);
    compare(&findings, acknowledged, seen)?;
    Ok(findings)
}

/// What was written before the oldest journal must stand in the tables, or a journal was taken away.
pub(super) fn check_older(first: &Batch, persisted: &[u64; KEYSPACES], oldest: &Path) -> Result<(), GuardError> {
    if first.stamp.before.iter().zip(persisted).all(|(before, persisted)| before <= persisted) {
        return Ok(());
    }
    let n = first.commit.n;
    let what = format!("it begins with commit {n}, but changes before that are neither in tables nor in a journal");
    Err(GuardError::missing(oldest, what))
}

/// Saves the torn tail to `shelf` and cuts it off, as the engine itself does with an unfinished batch.
pub(super) fn repair(torn: &Torn, shelf: &Path, stamp: &str) -> Result<PathBuf, GuardError> {
    let bytes = read_data(&torn.journal).reading(&torn.journal)?;
    let from = usize::try_from(torn.offset).unwrap_or(usize::MAX);
    let tail = bytes.get(from..).unwrap_or_default();
    let used = journal::used_len(tail);
    fs::create_dir_all(shelf).writing(shelf)?;
    let name = torn.journal.file_name().unwrap_or_default().to_string_lossy();
    let saved = free_name(shelf, &format!("{stamp}-{name}-at-{}", torn.offset));
    durable::write_new(&saved, tail.get(..used).unwrap_or_default()).writing(&saved)?;
    if let Some(parent) = shelf.parent() {
        durable::sync_dir(parent).writing(parent)?;
    }
    let file = OpenOptions::new().write(true).open(&torn.journal).writing(&torn.journal)?;
    file.set_len(torn.offset).and_then(|()| file.sync_all()).writing(&torn.journal)?;
    Ok(saved)
}

/// Reads a file up to its last hole; a new journal is mostly one, and holes read as zeros.
pub(super) fn read_data(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let mut end = 0;
    loop {
        match seek(&file, SeekFrom::Data(end)) {
            Ok(data) => end = seek(&file, SeekFrom::Hole(data))?,
            Err(Errno::NXIO) => break,
            // A file system without holes.
            Err(_) => end = len,
        }
        if end >= len {
            break;
        }
    }
    file.rewind()?;
    let mut bytes = Vec::with_capacity(usize::try_from(end.min(len)).unwrap_or(0));
    file.take(end).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A repair that was itself cut short leaves its copy behind; the next one takes another name.
fn free_name(shelf: &Path, name: &str) -> PathBuf {
    let mut path = shelf.join(name);
    let mut number = 1;
    while path.exists() {
        number += 1;
        path = shelf.join(format!("{name}.{number}"));
    }
    path
}

fn damage(path: &Path, spot: Spot, before: u64, after: u64, is_active: bool) -> GuardError {
    let place = if is_active { "" } else { " of a sealed journal" };
    let Spot { at, fault } = spot;
    let what = format!(
        "{fault} at byte {at}{place}; {before} intact batches before it, {after} complete batches after it in this file"
    );
    GuardError::damaged(path, what)
}

fn compare(findings: &Findings, acknowledged: &Mark, seen: Option<Hash>) -> Result<(), GuardError> {
    let Some(head) = findings.head else { return Ok(()) };
    let Some((active, _)) = findings.journals.last() else { return Ok(()) };
    match (chain::compare(head.n, acknowledged.n, &acknowledged.hash, seen), &findings.torn) {
        (Ok(()), _) => Ok(()),
        (Err(mismatch @ Mismatch::Behind { .. }), Some(torn)) => {
            let Torn { offset, bytes, fault, .. } = torn;
            let what = format!("{fault} at byte {offset} ({bytes} bytes unreadable); {mismatch}");
            Err(GuardError::damaged(active, what))
        }
        (Err(mismatch), _) => Err(GuardError::missing(active, mismatch.to_string())),
    }
}
