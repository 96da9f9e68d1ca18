//! Checks that everything the engine needs is there before the engine looks.
//!
//! fjall deletes what it does not recognise: a keyspace without its pointer file, and every keyspace
//! when the meta keyspace is gone. Without journals it opens an empty-looking database. So each piece
//! is checked here first, read-only. Layout below `engine/`: `version`, `lock`, `<n>.jnl`,
//! `keyspaces/<id>/{current, v<n>, tables/<id>}`, where id 0 is the engine's own meta keyspace.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::xxh3_128;

use super::{
    GuardError,
    error::At as _,
    manifest::{self, Table},
    stamp::KEYSPACES,
};

const MARKER_FILE: &str = "version";
const MARKER: &[u8; 3] = b"FJL";
const MARKER_VERSION: u8 = 3;
const ENGINE_LOCK_FILE: &str = "lock";
const KEYSPACES_FOLDER: &str = "keyspaces";
const JOURNAL_EXTENSION: &str = "jnl";

/// The pieces of an engine directory that passed the check.
#[derive(Debug)]
pub struct Layout {
    /// Journals in the order they were written; the last one is the active one.
    pub journals: Vec<PathBuf>,
    /// Every table of every keyspace.
    pub tables: Vec<Table>,
    /// The highest sequence number in the tables of each keyspace of the store; 0 without tables.
    pub persisted: [u64; KEYSPACES],
}

/// Checks that everything is in its place in the engine directory.
pub(super) fn check(engine: &Path) -> Result<Layout, GuardError> {
    let (tables, persisted) = check_tables(engine)?;
    Ok(Layout { journals: list_journals(engine)?, tables, persisted })
}

/// Checks everything but the journals.
pub(super) fn check_tables(engine: &Path) -> Result<(Vec<Table>, [u64; KEYSPACES]), GuardError> {
    check_marker(engine)?;
    let lock = engine.join(ENGINE_LOCK_FILE);
    if !lock.try_exists().reading(&lock)? {
        return Err(GuardError::missing(&lock, "the engine's lock file is missing, the copy is incomplete"));
    }
    let folder = engine.join(KEYSPACES_FOLDER);
    check_keyspace_set(&folder, KEYSPACES as u64)?;
    let mut tables = check_keyspace(&folder.join("0"))?;
    tables.iter().try_for_each(verify_table)?;
    let mut persisted = [0; KEYSPACES];
    for (id, highest) in (1_u64..).zip(&mut persisted) {
        let of_keyspace = check_keyspace(&folder.join(id.to_string()))?;
        *highest = of_keyspace.iter().map(|table| table.highest_seqno).max().unwrap_or(0);
        tables.extend(of_keyspace);
    }
    Ok((tables, persisted))
}

fn check_keyspace(dir: &Path) -> Result<Vec<Table>, GuardError> {
    let tables = manifest::read(dir)?;
    check_table_names(&dir.join(manifest::TABLES_FOLDER))?;
    Ok(tables)
}

/// Reads a whole table and compares its checksum.
pub(in crate::storage) fn verify_table(table: &Table) -> Result<(), GuardError> {
    let bytes = fs::read(&table.path).reading(&table.path)?;
    if xxh3_128(&bytes) == table.checksum {
        return Ok(());
    }
    Err(GuardError::damaged(&table.path, "the table's checksum does not match"))
}

fn check_marker(engine: &Path) -> Result<(), GuardError> {
    let path = engine.join(MARKER_FILE);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(GuardError::missing(&path, "the engine's version marker is missing"));
        }
        other => other.reading(&path)?,
    };
    match bytes.strip_prefix(MARKER) {
        Some([MARKER_VERSION]) => Ok(()),
        Some([version]) if *version > MARKER_VERSION => Err(GuardError::Newer {
            path,
            what: "engine format",
            found: version.to_string(),
            known: MARKER_VERSION.to_string(),
        }),
        _ => Err(GuardError::damaged(&path, "the engine's version marker is malformed")),
    }
}

fn check_keyspace_set(folder: &Path, keyspaces: u64) -> Result<(), GuardError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(GuardError::missing(folder, "the engine's keyspaces are missing"));
        }
        other => other.reading(folder)?,
    };
    let mut found = BTreeSet::new();
    for entry in entries {
        let entry = entry.reading(folder)?;
        if !entry.file_type().reading(&entry.path())?.is_dir() {
            continue;
        }
        match plain_number(&entry.file_name()) {
            Some(id) if id <= keyspaces => found.insert(id),
            _ => {
                let what = "a keyspace the superblock does not list; the engine would delete it or fail";
                return Err(GuardError::damaged(&entry.path(), what));
            }
        };
    }
    match (0..=keyspaces).find(|id| !found.contains(id)) {
        Some(0) => Err(GuardError::missing(&folder.join("0"), "the engine's meta keyspace is missing")),
        Some(id) => Err(GuardError::missing(&folder.join(id.to_string()), "a keyspace of the store is missing")),
        None => Ok(()),
    }
}

/// The engine refuses tables whose name is not a number, except the litter of macOS.
fn check_table_names(folder: &Path) -> Result<(), GuardError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(GuardError::missing(folder, "a keyspace's table folder is missing"));
        }
        other => other.reading(folder)?,
    };
    for entry in entries {
        let entry = entry.reading(folder)?;
        let name = entry.file_name();
        let is_litter = name == ".DS_Store" || name.to_string_lossy().starts_with("._");
        let is_table = plain_number(&name).is_some() && entry.file_type().reading(&entry.path())?.is_file();
        if !is_litter && !is_table {
            return Err(GuardError::damaged(
                &entry.path(),
                "not a table, but it stands among the tables; move it away",
            ));
        }
    }
    Ok(())
}

fn list_journals(engine: &Path) -> Result<Vec<PathBuf>, GuardError> {
    let journals = journal_files(engine)?;
    if journals.is_empty() {
        return Err(GuardError::missing(engine, "there is no journal; what was written last is lost"));
    }
    for ((before, _), (after, _)) in journals.iter().zip(journals.iter().skip(1)) {
        if before + 1 != *after {
            let path = journal_path(engine, before + 1);
            return Err(GuardError::missing(&path, "a journal between two others is missing"));
        }
    }
    Ok(journals.into_iter().map(|(_, path)| path).collect())
}

/// The journals that are there, by number.
pub(super) fn journal_files(engine: &Path) -> Result<Vec<(u64, PathBuf)>, GuardError> {
    let mut journals = Vec::new();
    for entry in fs::read_dir(engine).reading(engine)? {
        let entry = entry.reading(engine)?;
        let path = entry.path();
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(JOURNAL_EXTENSION)) {
            continue;
        }
        let is_plain = path.extension() == Some(OsStr::new(JOURNAL_EXTENSION));
        match path.file_stem().and_then(plain_number) {
            Some(id) if is_plain && entry.file_type().reading(&path)?.is_file() => journals.push((id, path)),
            _ => return Err(GuardError::damaged(&path, "not a journal of the engine, but named like one")),
        }
    }
    journals.sort();
    Ok(journals)
}

/// Where the journal with this number stands.
pub(super) fn journal_path(engine: &Path, id: u64) -> PathBuf {
    engine.join(format!("{id}.{JOURNAL_EXTENSION}"))
}

/// A number as the engine writes it: decimal, without sign or leading zeros.
fn plain_number(name: &OsStr) -> Option<u64> {
    let text = name.to_str()?;
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
