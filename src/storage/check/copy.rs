//! A copy of the engine's directory that may be opened, written to and thrown away.
//!
//! Tables are never changed once written, only removed, so a hard link stands for a copy.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{
    super::guard::{ENGINE_FOLDER, GuardError, Inspection, STORE_FOLDER},
    has_room,
};
use crate::base::Random;

const PREFIX: &str = "check.tmp-";
const TABLES: &str = "tables";

/// The copy; removed when dropped.
#[derive(Debug)]
pub(super) struct Copy {
    dir: PathBuf,
}

impl Copy {
    /// Makes the copy beside the store, without the torn tail of a journal.
    pub(super) fn make(dir: &Path, inspection: &Inspection, random: &dyn Random) -> Result<Self, GuardError> {
        let at = |path: &Path, error| GuardError::from_io(path, "writing", error);
        remove_leftovers(dir).map_err(|error| at(dir, error))?;
        let journals = inspection.layout.journals.iter().filter_map(|path| fs::metadata(path).ok());
        has_room(dir, journals.map(|journal| journal.len()).sum::<u64>() + (16 << 20))?;
        let copy = Self { dir: dir.join(format!("{PREFIX}{:016x}", random.next_u64())) };
        let engine = dir.join(STORE_FOLDER).join(ENGINE_FOLDER);
        copy_tree(&engine, &copy.dir, false).map_err(|error| at(&copy.dir, error))?;
        if let Some(torn) = &inspection.findings.torn {
            let journal = copy.dir.join(torn.journal.file_name().unwrap_or_default());
            let cut = OpenOptions::new().write(true).open(&journal).and_then(|file| file.set_len(torn.offset));
            cut.map_err(|error| at(&journal, error))?;
        }
        Ok(copy)
    }

    /// The engine's directory in the copy.
    pub(super) fn engine(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, path = %self.dir.display(), "the checked copy could not be removed");
        }
    }
}

/// What a check that was killed left behind.
fn remove_leftovers(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path, are_tables: bool) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_tree(&source, &target, entry.file_name() == TABLES)?;
        } else if !are_tables || fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
