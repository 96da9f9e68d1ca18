//! The master keys: configured, or kept in a file of the data directory.
//!
//! The first one seals, all of them open, so that a key can be replaced while values sealed with the one before are
//! still about. Their file is refused when others than its owner can read it, unless it is root's and root gave it to a
//! group.

use std::{
    fmt, fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::Config;
use crate::base::{Random, SealKey};

/// The file of the data directory that keeps the keys when none are configured.
pub const MASTER_KEY_FILE: &str = "master.key";
/// The setting that gives them.
pub(super) const SETTING: &str = "secrets.master_key";
/// One that seals and a few that are on their way out.
const KEYS_MAX: usize = 4;
const GROUP_AND_OTHERS: u32 = 0o077;
const GROUP_READS: u32 = 0o040;
const ROOT: u32 = 0;

/// Why there are no master keys.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// What is configured or in the file is not a key.
    #[error("{0} does not hold 1 to {KEYS_MAX} keys of 32 bytes in Base64, one per line")]
    Format(String),
    /// The file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is gone, and the secrets of the directory are sealed with it.
    #[error("{} is missing, and secrets.master_key is not set: the secrets of this directory need it", .0.display())]
    Missing(PathBuf),
    /// There is none yet: none is configured, and no server was started on this directory.
    #[error("there is no master key yet: set secrets.master_key, or start the server on {} once", .0.display())]
    None(PathBuf),
    /// Others than its owner can read the file.
    #[error("{} can be read by others than its owner (mode {mode:o}); `chmod 600` it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// The master keys: the first one seals, all of them open.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKeys(Vec<Zeroizing<[u8; 32]>>);

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys({} of them)", self.0.len())
    }
}

impl MasterKeys {
    /// One fresh key.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(&mut *bytes);
        Self(vec![bytes])
    }

    /// Reads keys in Base64, apart by white space; `what` names the place in the complaint.
    ///
    /// # Errors
    /// [`MasterKeyError::Format`].
    pub fn parse(text: &str, what: &str) -> Result<Self, MasterKeyError> {
        let keys: Option<Vec<_>> = text.split_whitespace().take(KEYS_MAX + 1).map(decode).collect();
        let keys = keys.filter(|keys| (1..=KEYS_MAX).contains(&keys.len()));
        keys.map(Self).ok_or_else(|| MasterKeyError::Format(what.to_owned()))
    }

    /// Reads a file that only its owner can read; `None` when there is none.
    ///
    /// # Errors
    /// [`MasterKeyError`].
    pub fn read(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        match read_private(path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()).map(Some),
            Err(MasterKeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What [`MasterKeys::parse`] reads.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for key in &self.0 {
            text.push_str(&Zeroizing::new(STANDARD.encode(**key)));
            text.push('\n');
        }
        text
    }

    /// The bytes of the key that seals.
    ///
    /// # Panics
    /// Never: there is at least one.
    #[must_use]
    pub fn first(&self) -> &[u8; 32] {
        self.0.first().expect("a list of keys is never empty")
    }

    /// The same keys behind another first one; the oldest give way.
    #[must_use]
    pub fn behind(&self, first: &Self) -> Self {
        let mut keys = vec![Zeroizing::new(*first.first())];
        keys.extend(self.0.iter().filter(|key| ***key != *first.first()).cloned());
        keys.truncate(KEYS_MAX);
        Self(keys)
    }

    /// Each of them as the only one.
    pub fn each_alone(&self) -> impl Iterator<Item = Self> {
        self.0.iter().map(|key| Self(vec![key.clone()]))
    }

    /// The first one alone.
    #[must_use]
    pub fn first_alone(&self) -> Self {
        Self(vec![Zeroizing::new(*self.first())])
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Seals with the first, opens with all.
    #[must_use]
    pub fn seal_key(&self) -> SealKey {
        let older = self.0.iter().skip(1).map(|key| &**key);
        older.fold(SealKey::from_bytes(self.first()), SealKey::and_opens)
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = STANDARD.decode(text).map(Zeroizing::new).ok()?;
    <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

/// Reads a file with a secret that must be for its owner alone.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<String>, MasterKeyError> {
    let failed = |source| MasterKeyError::File { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if !is_private(metadata.uid(), mode) {
        return Err(MasterKeyError::Open { path: path.to_owned(), mode });
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

/// Whether nobody reads a file but its owner, or, where it is root's, the group root gave it to: that is how root hands a
/// secret to a service.
const fn is_private(owner: u32, mode: u32) -> bool {
    match mode & GROUP_AND_OTHERS {
        0 => true,
        GROUP_READS => owner == ROOT,
        _ => false,
    }
}

fn is_closed(directory: &Path) -> bool {
    let opened = fs::read_dir(directory);
    let kind = opened.as_ref().err().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied))
}

impl Config {
    /// The configured master keys, else those in the data directory; `None` when there are none yet.
    ///
    /// Also when that is no directory, or one that may not be looked into: opening it says so.
    ///
    /// # Errors
    /// [`MasterKeyError`].
    pub fn master_keys(&self) -> Result<Option<MasterKeys>, MasterKeyError> {
        match &self.secrets.master_key {
            Some(secret) => MasterKeys::parse(secret.expose(), SETTING).map(Some),
            None => match MasterKeys::read(&self.storage.directory.join(MASTER_KEY_FILE)) {
                Err(MasterKeyError::File { .. }) if is_closed(&self.storage.directory) => Ok(None),
                keys => keys,
            },
        }
    }

    /// The same where there must be some.
    ///
    /// # Errors
    /// [`MasterKeyError`], with [`MasterKeyError::None`] when there are none yet.
    pub fn present_master_keys(&self) -> Result<MasterKeys, MasterKeyError> {
        self.master_keys()?.ok_or_else(|| MasterKeyError::None(self.storage.directory.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn a_secret_is_for_its_owner_or_for_the_group_root_gave_it_to() {
        for (owner, mode, is) in [
            (1_000, 0o600, true),
            (0, 0o400, true),
            (0, 0o440, true),
            (0, 0o640, true),
            (1_000, 0o440, false),
            (1_000, 0o640, false),
            (0, 0o444, false),
            (0, 0o460, false),
            (0, 0o450, false),
            (0, 0o404, false),
        ] {
            assert_eq!(is_private(owner, mode), is, "{owner} {mode:o}");
        }
    }
}
