//! The key that seals secrets in the store: configured, or kept in a file of the data directory.
//!
//! The file is written whole and synced before anything is sealed with the key, and is readable by
//! its owner only. Losing it loses every sealed secret, so it belongs into every backup.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::{
    base::{Random, SealKey},
    config::{Config, MASTER_KEY_FILE, MasterKeyError, MasterKeys},
    storage::Directory,
};

/// The configured key, else the one in the data directory, which is made at the first start.
pub(super) fn load(config: &Config, directory: &Directory, random: &dyn Random) -> Result<SealKey, MasterKeyError> {
    if let Some(keys) = config.master_keys()? {
        return Ok(keys.seal_key());
    }
    if !directory.is_new() {
        let path = directory.path().join(MASTER_KEY_FILE);
        tracing::warn!("{} is missing and made anew; secrets sealed with an earlier one do not open", path.display());
    }
    let keys = MasterKeys::generate(random);
    write(directory.path(), &keys)?;
    Ok(keys.seal_key())
}

/// Replaces the file of the data directory; durable when it returns.
fn write(directory: &Path, keys: &MasterKeys) -> Result<(), MasterKeyError> {
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
