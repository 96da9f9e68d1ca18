//! The key that opens the keys of the store: configured, or kept in a file of the data directory.
//!
//! The file is written whole and synced before anything is sealed with the key, and is readable by
//! its owner only. Losing it loses every sealed secret, so it belongs into every backup.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::Error;
use crate::{
    base::SealKey,
    config::{Config, MASTER_KEY_FILE, MasterKeyError, MasterKeys},
    sealing,
    storage::{self, Directory},
};

/// Refuses to open a directory whose secrets need a key that is missing or not usable, before anything is changed in it.
///
/// The first commit of a store is that of the keys sealed with the master key.
///
/// # Errors
/// [`MasterKeyError`].
pub(super) fn require(config: &Config) -> Result<(), MasterKeyError> {
    let directory = &config.storage.directory;
    if config.master_keys()?.is_none() && storage::witness::acknowledged(directory).is_some_and(|count| count > 0) {
        return Err(MasterKeyError::Missing(directory.join(MASTER_KEY_FILE)));
    }
    Ok(())
}

/// The keys that seal secrets, opened with the configured master key or the one in the data directory, which is made
/// at the first start; blocks.
pub(super) fn load(config: &Config, directory: &Directory) -> Result<SealKey, Error> {
    let db = directory.db();
    let keys = match config.master_keys()? {
        Some(keys) => keys,
        None if sealing::has_keys(&db.snapshot())? => {
            return Err(MasterKeyError::Missing(directory.path().join(MASTER_KEY_FILE)).into());
        }
        None => {
            let keys = MasterKeys::generate(&**db.random());
            write(directory.path(), &keys)?;
            keys
        }
    };
    Ok(sealing::open(db, &keys)?)
}

/// Replaces the file of the data directory; durable when it returns.
pub(super) fn write(directory: &Path, keys: &MasterKeys) -> Result<(), MasterKeyError> {
    let path = directory.join(MASTER_KEY_FILE);
    let partial = path.with_extension("new");
    let write = || -> io::Result<()> {
        // A file left by a crash may have another mode.
        drop(fs::remove_file(&partial));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(keys.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, &path)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(|source| MasterKeyError::File { path, source })
}
