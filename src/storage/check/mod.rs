//! `novapulse check`: reads everything in a data directory that no server is using, and says in words what it found.
//!
//! The directory stays as it is, but for the lock: the engine opens a copy beside the store, in which
//! tables are hard links and everything else is copied, and which is removed afterwards. Slices add
//! what only they know (counters against rows, indexes against records) as [`Verify`].

mod accept;
mod compare;
mod copy;
mod rows;

use std::{fmt, path::Path};

pub use accept::{Losses, accept_loss, weigh_loss};
pub use compare::{Counted, each};

use super::{
    Head, KEPT_COMMITS, Snapshot,
    engine::{
        Engine as _,
        fjall::{FjallEngine, FjallOptions},
    },
    engine_spec,
    error::Error,
    guard::{self, GuardError, Inspection, chain, layout},
    hash_at,
    space::Room,
    verify_chain,
    witness::Mark,
};
use crate::base::Random;

/// How many problems of one step are named one by one.
const NAMED_PROBLEMS: usize = 20;

/// A check that a slice adds.
pub trait Verify: Send + Sync {
    /// What is checked, in a word or two, for the report.
    fn name(&self) -> &'static str;

    /// Reads the snapshot and reports; returns early only when it cannot read.
    ///
    /// # Errors
    /// A row could not be read; the check counts that as a problem and goes on with the next one.
    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), Error>;
}

/// What was found, in words.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<String>,
    problems: u64,
    unnamed: u64,
    named_in_step: usize,
}

impl Report {
    /// Says what was checked and is as it should be.
    pub fn found(&mut self, what: impl Into<String>) {
        self.close_step();
        self.lines.push(format!("ok       {}", what.into()));
    }

    /// Says what is unusual but no problem.
    pub fn note(&mut self, what: impl Into<String>) {
        self.close_step();
        self.lines.push(format!("note     {}", what.into()));
    }

    /// Says what is wrong, what is affected and where; only the first ones of a step are named, all are counted.
    pub fn problem(&mut self, what: impl Into<String>) {
        self.problems += 1;
        if self.named_in_step < NAMED_PROBLEMS {
            self.named_in_step += 1;
            self.lines.push(format!("PROBLEM  {}", what.into()));
        } else {
            self.unnamed += 1;
        }
    }

    /// How many problems were found.
    #[must_use]
    pub const fn problems(&self) -> u64 {
        self.problems
    }

    fn close_step(&mut self) {
        self.named_in_step = 0;
        if self.unnamed > 0 {
            self.lines.push(format!("PROBLEM  and {} more of these", self.unnamed));
            self.unnamed = 0;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        if self.unnamed > 0 {
            writeln!(f, "PROBLEM  and {} more of these", self.unnamed)?;
        }
        match self.problems {
            0 => write!(f, "nothing is wrong with this data directory"),
            1 => write!(f, "1 problem was found"),
            many => write!(f, "{many} problems were found"),
        }
    }
}

/// Verifies a data directory; what is wrong inside it goes into the report.
///
/// # Errors
/// The directory cannot be checked at all: it is in use, foreign, newer, unreadable, or the guard
/// found damage that would keep a server from starting.
pub fn check(dir: &Path, random: &dyn Random, verifiers: &[&dyn Verify]) -> Result<Report, GuardError> {
    let spec = engine_spec();
    let (lock, inspection) = guard::inspect_locked(dir, &spec)?;
    let mut report = Report::default();
    describe(&inspection, &mut report);
    verify_tables(&inspection, &mut report);
    let copy = copy::Copy::make(dir, &inspection, random)?;
    read_rows(&copy, &inspection, verifiers, &mut report);
    report.close_step();
    drop(copy);
    lock.give_back();
    Ok(report)
}

fn describe(inspection: &Inspection, report: &mut Report) {
    let Inspection { superblock, layout, witness, findings, .. } = inspection;
    report.found(format!(
        "store of format {} with {} {}, made {}; every keyspace, table and journal is in its place",
        superblock.format, superblock.engine, superblock.engine_version, superblock.created_at
    ));
    let batches: u64 = findings.journals.iter().map(|(_, batches)| batches).sum();
    let newest = findings.head.map_or_else(String::new, |head| format!(", the newest is commit {}", head.n));
    report.found(format!("{} in the journals ({}){newest}", count(batches, "complete batch"), layout.journals.len()));
    if let Some(torn) = &findings.torn {
        report.note(format!(
            "{} ends in an unfinished batch of {} bytes that nobody was told is safe; the next start saves it and cuts it off",
            torn.journal.display(),
            torn.bytes
        ));
    }
    report.found(format!("the witness saw commit {} acknowledged", witness.mark().n));
}

fn verify_tables(inspection: &Inspection, report: &mut Report) {
    let tables = &inspection.layout.tables;
    let before = report.problems();
    for table in tables {
        if let Err(error) = layout::verify_table(table) {
            report.problem(format!("{error}; rows in it cannot be trusted"));
        }
    }
    let bad = report.problems() - before;
    if bad == 0 {
        report.found(format!("{}, every checksum matches", count(tables.len() as u64, "table file")));
    }
}

fn read_rows(copy: &copy::Copy, inspection: &Inspection, verifiers: &[&dyn Verify], report: &mut Report) {
    let options = FjallOptions { worker_threads: 1, ..FjallOptions::default() };
    let engine = match FjallEngine::open(copy.engine(), &options) {
        Ok(engine) => engine,
        Err(error) => return report.problem(format!("the engine does not open the store: {error}")),
    };
    let snapshot = Snapshot::new(engine.snapshot());
    rows::verify(&snapshot, report);
    match verify_chain(&snapshot) {
        Ok(kept) => report.found(format!("the last {} follow one another", count(kept, "commit record"))),
        Err(error) => report.problem(format!("the commit chain is broken: {error}")),
    }
    match compare(&inspection.witness.mark(), &snapshot) {
        Ok(Ok(())) => report.found("the store reaches the last acknowledged commit"),
        Ok(Err(mismatch)) => report.problem(mismatch.to_string()),
        Err(error) => report.problem(format!("the newest commit cannot be read: {error}")),
    }
    for verifier in verifiers {
        let before = report.problems();
        if let Err(error) = verifier.verify(&snapshot, report) {
            report.problem(format!("{}: {error}", verifier.name()));
        }
        if report.problems() == before {
            report.found(verifier.name());
        }
    }
}

fn compare(acknowledged: &Mark, snapshot: &Snapshot) -> Result<Result<(), chain::Mismatch>, Error> {
    let head = Head::read(snapshot)?;
    let is_kept = head.number.saturating_sub(acknowledged.n) < KEPT_COMMITS;
    let hash = if is_kept { hash_at(snapshot, acknowledged.n)? } else { None };
    Ok(chain::compare(head.number, acknowledged.n, &acknowledged.hash, hash))
}

/// `1 row`, `2 rows`, `3 batches`, with thousands apart.
fn count(number: u64, what: &str) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let ending = match what {
        _ if number == 1 => "",
        _ if what.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{text} {what}{ending}")
}

/// Free space the copy needs beyond hard links; a start needs as much.
fn has_room(dir: &Path, bytes: u64) -> Result<(), GuardError> {
    let room = Room::probe(dir).map_err(|error| GuardError::from_io(dir, "reading", error))?;
    if room.free > bytes {
        return Ok(());
    }
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    Err(GuardError::Full { path: dir.to_path_buf(), source })
}
