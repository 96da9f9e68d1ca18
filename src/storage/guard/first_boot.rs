//! Making the store of a new directory, with one rename as the only commit point.
//!
//! Everything is made in `store.new-<number>`, synced, and renamed to `store`. The witness exists
//! before that rename, saying that nothing is acknowledged; so a store without a witness, and a
//! witness of acknowledged commits without a store, both mean that something was taken away. What an
//! interrupted first boot leaves is removed by the next one.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use super::{
    ENGINE_FOLDER, EngineSpec, GuardError, STORE_FOLDER, durable,
    error::At as _,
    superblock::{SUPERBLOCK_FILE, Superblock},
};
use crate::{
    base::{Random, Timestamp},
    storage::witness::{self, Mark, WITNESS_FILE, Witness},
};

const DRAFT_PREFIX: &str = "store.new-";
const WITNESS_DRAFT_PREFIX: &str = "witness.new-";
/// How many strange names a refusal lists.
const NAMES_SHOWN: usize = 5;
/// Names in a new data directory that neither are ours nor speak of somebody else's data.
const HARMLESS: &[&str] = &[
    super::lock::LOCK_FILE,
    "lost+found",
    "ballast",
    "doctor",
    "dev-credentials.json",
    "master.key",
    "secret.key",
    "Desktop.ini",
    "Thumbs.db",
];
const HARMLESS_EXTENSIONS: &[&str] = &["log", "toml", "env", "pem", "md", "service"];

/// Makes the data directory itself, for its owner only, if it is not there.
pub(super) fn ensure_dir(dir: &Path) -> Result<(), GuardError> {
    match fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => return Err(is_a_file(dir)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).reading(dir),
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).writing(dir)?;
    match dir.parent() {
        Some(parent) if parent != Path::new("") => durable::sync_dir(parent).writing(dir),
        _ => Ok(()),
    }
}

fn is_a_file(dir: &Path) -> GuardError {
    GuardError::Foreign { dir: dir.to_path_buf(), names: "it is a file".to_owned() }
}

/// Whether a store of ours is in the directory, whole or not.
///
/// # Errors
/// [`GuardError::Foreign`] for a folder of that name in which nothing is ours, and no witness beside it.
pub(super) fn has_store(dir: &Path) -> Result<bool, GuardError> {
    let store = dir.join(STORE_FOLDER);
    match store.try_exists() {
        Ok(true) => {}
        Ok(false) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(is_a_file(dir)),
        Err(error) => return Err(error).reading(&store),
    }
    for ours in [store.join(SUPERBLOCK_FILE), store.join(ENGINE_FOLDER), dir.join(WITNESS_FILE)] {
        match ours.try_exists() {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            // The store is a file.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
            Err(error) => return Err(error).reading(&ours),
        }
    }
    let names = format!("a folder {STORE_FOLDER} that is not of NovaPulse");
    Err(GuardError::Foreign { dir: dir.to_path_buf(), names })
}

/// What a directory without a store holds, as far as it matters.
#[derive(Debug, Default)]
pub(super) struct Survey {
    leftovers: Vec<PathBuf>,
}

/// Looks at a directory that has no store: may a new one be made here?
pub(super) fn survey(dir: &Path) -> Result<Survey, GuardError> {
    let mut survey = Survey::default();
    let mut strange = Vec::new();
    for entry in fs::read_dir(dir).reading(dir)? {
        let path = entry.reading(dir)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == WITNESS_FILE {
            check_lone_witness(&path)?;
            survey.leftovers.push(path);
        } else if name.starts_with(DRAFT_PREFIX) || name.starts_with(WITNESS_DRAFT_PREFIX) {
            survey.leftovers.push(path);
        } else if !is_harmless(&path, &name) {
            strange.push(name);
        }
    }
    if strange.is_empty() {
        return Ok(survey);
    }
    strange.sort();
    let more = strange.len().saturating_sub(NAMES_SHOWN);
    strange.truncate(NAMES_SHOWN);
    if more > 0 {
        strange.push(format!("and {more} more"));
    }
    let names = strange.join(", ");
    Err(GuardError::Foreign { dir: dir.to_path_buf(), names })
}

/// A witness without a store is left by an interrupted first boot only if nothing was acknowledged yet.
fn check_lone_witness(path: &Path) -> Result<(), GuardError> {
    match witness::peek(path).reading(path)? {
        Some(mark) if mark.n == 0 => Ok(()),
        Some(mark) => {
            let what = format!("the store is missing, but {} commits were acknowledged", mark.n);
            Err(GuardError::missing(&path.with_file_name(STORE_FOLDER), what))
        }
        None => {
            let what = "the store is missing and the witness is unreadable, so acknowledged data may be missing";
            Err(GuardError::missing(&path.with_file_name(STORE_FOLDER), what))
        }
    }
}

fn is_harmless(path: &Path, name: &str) -> bool {
    let has_harmless_extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| HARMLESS_EXTENSIONS.contains(&extension));
    name.starts_with('.') || HARMLESS.contains(&name) || has_harmless_extension
}

/// Makes the store; the caller holds the lock and has surveyed the directory.
pub(super) fn create(
    dir: &Path,
    survey: Survey,
    spec: &EngineSpec<'_>,
    now: Timestamp,
    random: &dyn Random,
    make_engine: &mut dyn FnMut(&Path) -> Result<(), String>,
) -> Result<(), GuardError> {
    for leftover in survey.leftovers {
        let is_dir = fs::symlink_metadata(&leftover).reading(&leftover)?.is_dir();
        if is_dir { fs::remove_dir_all(&leftover) } else { fs::remove_file(&leftover) }.writing(&leftover)?;
    }
    let nonce = format!("{:016x}", random.next_u64());
    let draft = dir.join(format!("{DRAFT_PREFIX}{nonce}"));
    let result = fill(&draft, spec, now, random, make_engine).and_then(|directory| {
        Witness::create(dir, directory, &nonce, &Mark::NEW).writing(&dir.join(WITNESS_FILE))?;
        let store = dir.join(STORE_FOLDER);
        fs::rename(&draft, &store).and_then(|()| durable::sync_dir(dir)).writing(&store)
    });
    if result.is_err() {
        // The error is what the operator must read; the next start removes what is left.
        drop(fs::remove_dir_all(&draft));
    }
    result
}

fn fill(
    draft: &Path,
    spec: &EngineSpec<'_>,
    now: Timestamp,
    random: &dyn Random,
    make_engine: &mut dyn FnMut(&Path) -> Result<(), String>,
) -> Result<[u8; 16], GuardError> {
    let mut directory = [0; 16];
    random.fill(&mut directory);
    fs::create_dir(draft).writing(draft)?;
    let engine = draft.join(ENGINE_FOLDER);
    make_engine(&engine).map_err(|what| GuardError::Create { path: draft.to_path_buf(), what })?;
    let hex = format!("{:032x}", u128::from_be_bytes(directory));
    Superblock::new(hex, spec.name, spec.version, spec.keyspaces, now).write(draft)?;
    durable::sync_tree(draft).writing(draft)?;
    Ok(directory)
}
