//! Account and certificate in one file of the data directory, readable by its owner only and sealed.
//!
//! The key that seals it follows from the key behind the store's codes, which never changes, so the replacement of a seal
//! key leaves the file alone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Error;
use crate::base::{Random, SealKey};

const FILE: &str = "acme.json";
/// What the sealed content is bound to.
const PLACE: &[u8] = b"acme.json";

/// The file and what is in it.
pub(super) struct Cache {
    path: PathBuf,
    seal: SealKey,
    random: Arc<dyn Random>,
    pub(super) content: Content,
    /// Whether the file holds something else than `content`.
    is_unsaved: bool,
}

/// The file as it is written, and as it was before it was sealed.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Sealed { sealed: String },
    Plain(Content),
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
    pub(super) fn open(data: &Path, store: &SealKey, random: Arc<dyn Random>) -> Result<Self, Error> {
        let path = data.join(FILE);
        let seal = SealKey::from_bytes(&store.code(b"acme", b""));
        let damaged = |source| Error::Damaged { path: path.clone(), source };
        let stored = match fs::read(&path) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(damaged)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(Error::Cache { path, source }),
        };
        let (content, is_unsaved) = match stored {
            None => (Content::default(), false),
            Some(Stored::Plain(content)) => (content, true),
            Some(Stored::Sealed { sealed }) => {
                let other = || Error::OtherKey { path: path.clone() };
                let sealed = STANDARD.decode(sealed).map_err(|_| other())?;
                let plain = seal.open(PLACE, &sealed).map_err(|_| other())?;
                (serde_json::from_slice(&plain).map_err(damaged)?, false)
            }
        };
        Ok(Self { path, seal, random, content, is_unsaved })
    }

    /// Whether the last change is not in the file yet.
    pub(super) const fn is_unsaved(&self) -> bool {
        self.is_unsaved
    }

    /// Writes the file whole; blocks. What could not be written is kept in mind.
    pub(super) fn save(&mut self) -> Result<(), Error> {
        self.is_unsaved = true;
        self.write().map_err(|source| Error::Cache { path: self.path.clone(), source })?;
        self.is_unsaved = false;
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        let partial = self.path.with_extension("json.new");
        // A file left by a crash may have another mode.
        drop(fs::remove_file(&partial));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        let plain = Zeroizing::new(serde_json::to_vec(&self.content)?);
        let sealed = STANDARD.encode(self.seal.seal(&*self.random, PLACE, &plain));
        serde_json::to_writer(&mut file, &Stored::Sealed { sealed })?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&partial, &self.path)?;
        self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}
