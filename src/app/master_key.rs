//! The key that seals secrets in the store: configured, or kept in a file of the data directory.
//!
//! The file is written whole and synced before anything is sealed with the key, and is readable by
//! its owner only. Losing it loses every sealed secret, so it belongs into every backup.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::{
    base::{Random, SealKey},
    config::Secret,
    storage::Directory,
};

const FILE: &str = "master.key";

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// What is configured or in the file is not a key.
    #[error("{0} is not 32 bytes in Base64")]
    Format(String),
    /// The file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The configured key, else the one in the data directory, which is made at the first start.
pub(super) fn load(
    configured: Option<&Secret>,
    directory: &Directory,
    random: &dyn Random,
) -> Result<SealKey, MasterKeyError> {
    if let Some(secret) = configured {
        return parse(secret.expose(), "secrets.master_key");
    }
    let path = directory.path().join(FILE);
    let failed = |source| MasterKeyError::File { path: path.clone(), source };
    match fs::read_to_string(&path) {
        Ok(text) => parse(&Zeroizing::new(text), &path.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !directory.is_new() {
                tracing::warn!(
                    "{} is missing and made anew; secrets sealed with an earlier one do not open",
                    path.display()
                );
            }
            let mut bytes = Zeroizing::new([0; 32]);
            random.fill(&mut *bytes);
            write(directory.path(), &path, &Zeroizing::new(STANDARD.encode(*bytes))).map_err(failed)?;
            Ok(SealKey::from_bytes(&bytes))
        }
        Err(error) => Err(failed(error)),
    }
}

fn parse(text: &str, what: &str) -> Result<SealKey, MasterKeyError> {
    let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
    let bytes = bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new));
    bytes.map(|bytes| SealKey::from_bytes(&bytes)).ok_or_else(|| MasterKeyError::Format(what.to_owned()))
}

fn write(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let partial = path.with_extension("new");
    // A file left by a crash may have another mode.
    drop(fs::remove_file(&partial));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    File::open(directory)?.sync_all()
}
