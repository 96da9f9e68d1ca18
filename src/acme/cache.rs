//! Account and certificate in one file of the data directory, readable by its owner only.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Error;

const FILE: &str = "acme.json";

/// The file and what is in it.
pub(super) struct Cache {
    path: PathBuf,
    pub(super) content: Content,
}

/// Holds keys, so it shows nothing of itself.
impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What is kept.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) account: Option<Account>,
    pub(super) certificate: Option<Kept>,
}

/// An account at an authority.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// The directory of the authority it is at.
    pub(super) directory: String,
    /// As the client library writes it; holds the account's key.
    pub(super) credentials: Value,
}

/// A certificate that was issued.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The directory of the authority that issued it.
    pub(super) directory: String,
    /// The names it was ordered for.
    pub(super) domains: Vec<String>,
    /// The chain as PEM.
    pub(super) chain: String,
    /// Its key as PEM.
    pub(super) key: String,
}

impl Cache {
    /// Reads the file; a missing one is empty.
    pub(super) fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        let content = match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|source| Error::Damaged { path: path.clone(), source })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Content::default(),
            Err(source) => return Err(Error::Cache { path, source }),
        };
        Ok(Self { path, content })
    }

    /// Writes the file whole; blocks.
    pub(super) fn save(&self) -> Result<(), Error> {
        self.write().map_err(|source| Error::Cache { path: self.path.clone(), source })
    }

    fn write(&self) -> io::Result<()> {
        let partial = self.path.with_extension("json.new");
        // A file left by a crash may have another mode.
        drop(fs::remove_file(&partial));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        serde_json::to_writer_pretty(&mut file, &self.content)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&partial, &self.path)?;
        self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}
