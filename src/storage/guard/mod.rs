//! The guard: everything that is checked about a data directory before the engine opens it.
//!
//! Order: lock → superblock → layout → witness → journals. A refusal changes nothing and says what is
//! wrong and what to do. Only two things are ever changed here: a new store is made in an empty
//! directory, and the torn tail of the active journal is saved aside and cut off.
//!
//! ```text
//! data/lock                one process per directory
//! data/store/superblock    what this store is
//! data/store/engine/       the engine's own files
//! data/witness             what was acknowledged
//! data/ballast             space to give back when the disk is full
//! data/doctor/             torn tails that were cut off
//! ```
//!
//! The guard reads the engine's files itself and never calls the engine; what it knows of the formats
//! is in `journal`, `layout` and `manifest`, and holds for the pinned engine version only.

pub mod accept;
pub mod chain;
pub mod doctor;
pub(super) mod durable;
mod error;
mod first_boot;
pub mod journal;
pub mod layout;
pub mod lock;
pub mod manifest;
pub mod stamp;
pub mod superblock;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use self::error::GuardError;
use self::{
    chain::Hash,
    doctor::{Findings, Torn},
    error::At as _,
    journal::Rules,
    layout::Layout,
    lock::DirLock,
    stamp::KEYSPACES,
    superblock::Superblock,
};
use super::witness::Witness;
use crate::base::{Random, Timestamp};

/// Folder of the store in the data directory.
pub const STORE_FOLDER: &str = "store";
/// Folder of the engine's files in the store.
pub const ENGINE_FOLDER: &str = "engine";
/// Folder for torn journal tails in the data directory.
pub const DOCTOR_FOLDER: &str = "doctor";

/// What the guard must know of the engine and of what is written through it.
#[derive(Debug, Clone, Copy)]
pub struct EngineSpec<'a> {
    /// Name of the engine.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Names of the keyspaces in the order in which they are made.
    pub keyspaces: &'a [&'a str; KEYSPACES],
    /// What its journals may contain.
    pub rules: Rules,
}

/// A data directory that may be opened, locked for this process.
#[derive(Debug)]
pub struct Prepared {
    /// Held for as long as the directory is open.
    pub lock: DirLock,
    /// The engine's directory.
    pub engine: PathBuf,
    /// What the store is.
    pub superblock: Superblock,
    /// What was acknowledged, ready to record more.
    pub witness: Witness,
    /// What the journals hold.
    pub findings: Findings,
    /// Whether the store was made just now.
    pub is_new: bool,
    /// The torn tail that was cut off, and where it was saved.
    pub repaired: Option<(Torn, PathBuf)>,
}

impl Prepared {
    /// Compares the opened store with the witness: its newest commit, and its hash of the acknowledged one.
    ///
    /// The journals alone cannot show this when they were all written out to tables.
    ///
    /// # Errors
    /// [`GuardError::Missing`] when acknowledged commits are not in the store.
    pub fn confirm(&self, head: u64, hash_of_acknowledged: Option<Hash>) -> Result<(), GuardError> {
        let mark = self.witness.mark();
        chain::compare(head, mark.n, &mark.hash, hash_of_acknowledged).map_err(|mismatch| {
            let what = match &self.repaired {
                Some((_, saved)) => format!("{mismatch}; the torn journal tail is kept in {}", saved.display()),
                None => mismatch.to_string(),
            };
            GuardError::missing(&self.engine, what)
        })
    }
}

/// What an inspection of an existing store found; nothing was changed.
#[derive(Debug)]
pub struct Inspection {
    /// What the store is.
    pub superblock: Superblock,
    /// Its pieces.
    pub layout: Layout,
    /// What was acknowledged.
    pub witness: Witness,
    /// What the journals hold.
    pub findings: Findings,
}

/// Locks the directory, makes a store in it if it is new, and checks everything the engine relies on.
///
/// `make_engine` makes the engine's files with all keyspaces in the directory it is given, and closes them.
///
/// # Errors
/// A [`GuardError`]; what was found in the directory is as it was, unless the error is about making the store, saving
/// and cutting off a torn tail, or signing the lock.
pub fn prepare(
    dir: &Path,
    spec: &EngineSpec<'_>,
    now: Timestamp,
    random: &dyn Random,
    make_engine: &mut dyn FnMut(&Path) -> Result<(), String>,
) -> Result<Prepared, GuardError> {
    first_boot::ensure_dir(dir)?;
    let store = dir.join(STORE_FOLDER);
    let has_store = || first_boot::has_store(dir);
    if !has_store()? {
        // Before the lock, so that a directory of somebody else is not even given a lock file.
        first_boot::survey(dir)?;
    }
    let mut lock = DirLock::take(dir)?;
    let checked = has_store().and_then(|has_store| {
        if !has_store {
            first_boot::create(dir, first_boot::survey(dir)?, spec, now, random, make_engine)?;
        }
        Ok((inspect(dir, spec)?, !has_store))
    });
    let checked = checked.and_then(|(inspection, is_new)| {
        let repaired = inspection.findings.torn.clone().map(|torn| {
            let stamp = now.to_string().replace(':', "-");
            doctor::repair(&torn, &dir.join(DOCTOR_FOLDER), &stamp).map(|saved| (torn, saved))
        });
        lock.sign()?;
        Ok((inspection, is_new, repaired.transpose()?))
    });
    match checked {
        Ok((Inspection { superblock, witness, findings, .. }, is_new, repaired)) => {
            let engine = store.join(ENGINE_FOLDER);
            Ok(Prepared { lock, engine, superblock, witness, findings, is_new, repaired })
        }
        Err(error) => {
            lock.give_back();
            Err(error)
        }
    }
}

/// Refuses a directory without a store, for commands that are about one that is there.
///
/// # Errors
/// A [`GuardError`].
pub fn require_store(dir: &Path) -> Result<(), GuardError> {
    if first_boot::has_store(dir)? {
        return Ok(());
    }
    if dir.try_exists().reading(dir)? {
        first_boot::survey(dir)?;
    }
    Err(GuardError::missing(&dir.join(STORE_FOLDER), "there is no store in this data directory"))
}

/// Locks an existing store and checks it without changing anything else.
///
/// # Errors
/// A [`GuardError`]; also when there is no store, which is then not made.
pub fn inspect_locked(dir: &Path, spec: &EngineSpec<'_>) -> Result<(DirLock, Inspection), GuardError> {
    require_store(dir)?;
    let lock = DirLock::take(dir)?;
    match inspect(dir, spec) {
        Ok(inspection) => Ok((lock, inspection)),
        Err(error) => {
            lock.give_back();
            Err(error)
        }
    }
}

/// Checks an existing store without changing anything; the caller holds the lock.
///
/// # Errors
/// A [`GuardError`] for the first thing that is wrong.
pub fn inspect(dir: &Path, spec: &EngineSpec<'_>) -> Result<Inspection, GuardError> {
    let store = dir.join(STORE_FOLDER);
    let superblock = Superblock::read(&store)?;
    superblock.check(&store, spec.name, spec.version, spec.keyspaces)?;
    let layout = layout::check(&store.join(ENGINE_FOLDER))?;
    let witness = Witness::open(dir, superblock.directory_number(&store)?)?;
    let findings = doctor::examine(&layout, &spec.rules, &witness.mark())?;
    Ok(Inspection { superblock, layout, witness, findings })
}
