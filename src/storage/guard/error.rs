//! Why a data directory is not opened: one message for the operator, one exit code per cause.
//!
//! The codes are part of the product (`docs/reference/exit-codes.md`); what to do about each is in
//! `docs/operate/recovery.md`. A refusal leaves the directory exactly as it was.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A refusal to open the data directory.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// Another process holds the directory.
    #[error(
        "data directory {dir} is in use by {holder}; stop that process or give this one another directory with --data",
        dir = dir.display()
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// Who holds it, as far as known.
        holder: String,
    },
    /// The directory holds something that is not ours.
    #[error(
        "data directory {dir} has no store but other content ({names}); give --data an empty or new directory",
        dir = dir.display()
    )]
    Foreign {
        /// The data directory.
        dir: PathBuf,
        /// The first few strange names.
        names: String,
    },
    /// A later version of NovaPulse wrote the store.
    #[error(
        "{path} has {what} {found}, this version knows up to {known}; start the version that wrote it, or a newer one",
        path = path.display()
    )]
    Newer {
        /// The file that says so.
        path: PathBuf,
        /// What is too new.
        what: &'static str,
        /// What was found.
        found: String,
        /// What this version can read.
        known: String,
    },
    /// A file is there but its content is wrong.
    #[error("{path} is damaged: {what}; nothing was changed, see docs/operate/recovery.md#damaged", path = path.display())]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong, where, and how much is affected.
        what: String,
    },
    /// Something that must be there is not.
    #[error("{path}: {what}; nothing was changed, see docs/operate/recovery.md#missing", path = path.display())]
    Missing {
        /// What is missing, or the file that shows it.
        path: PathBuf,
        /// What is missing and what that means.
        what: String,
    },
    /// The directory or a file in it may not be read or written.
    #[error("{path} cannot be opened for {access}; check owner, mode and mount options", path = path.display())]
    Access {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        access: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// No space left.
    #[error("{path} cannot be written; free space on this file system and start again", path = path.display())]
    Full {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Any other failure of the file system.
    #[error("{path} cannot be used; check the disk and the system log", path = path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The engine could not be created in a new directory.
    #[error("the store could not be created in {path}: {what}", path = path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// What went wrong.
        what: String,
    },
}

impl GuardError {
    /// The process's exit code for this refusal.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::InUse { .. } => 20,
            Self::Foreign { .. } => 21,
            Self::Newer { .. } => 22,
            Self::Damaged { .. } => 23,
            Self::Missing { .. } => 24,
            Self::Access { .. } => 25,
            Self::Full { .. } => 26,
            Self::Io { .. } | Self::Create { .. } => 27,
        }
    }

    /// Sorts a file-system error by what the operator has to do about it.
    #[must_use]
    pub fn from_io(path: &Path, access: &'static str, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Access { path, access, source }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, source },
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), what: what.into() }
    }

    pub(super) fn missing(path: &Path, what: impl Into<String>) -> Self {
        Self::Missing { path: path.to_path_buf(), what: what.into() }
    }
}

/// Adds the path and the intent to a file-system error.
pub(super) trait At<T> {
    /// The error sorted by [`GuardError::from_io`], for something that was read.
    fn reading(self, path: &Path) -> Result<T, GuardError>;
    /// The error sorted by [`GuardError::from_io`], for something that was written.
    fn writing(self, path: &Path) -> Result<T, GuardError>;
}

impl<T> At<T> for io::Result<T> {
    fn reading(self, path: &Path) -> Result<T, GuardError> {
        self.map_err(|source| GuardError::from_io(path, "reading", source))
    }

    fn writing(self, path: &Path) -> Result<T, GuardError> {
        self.map_err(|source| GuardError::from_io(path, "writing", source))
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, io, path::Path};

    use super::GuardError;

    #[test]
    fn causes_have_distinct_codes_and_one_line_messages() {
        let path = Path::new("/data");
        let io = |code| GuardError::from_io(path, "writing", io::Error::from_raw_os_error(code));
        let all = [
            GuardError::InUse { dir: path.into(), holder: "process 7".to_owned() },
            GuardError::Foreign { dir: path.into(), names: "notes.txt".to_owned() },
            GuardError::Newer { path: path.into(), what: "format", found: "2".to_owned(), known: "1".to_owned() },
            GuardError::damaged(path, "checksum"),
            GuardError::missing(path, "gone"),
            io(30),
            io(28),
            io(5),
        ];
        let codes: BTreeSet<u8> = all.iter().map(GuardError::exit_code).collect();
        assert_eq!(codes.into_iter().collect::<Vec<_>>(), (20..=27).collect::<Vec<_>>());
        for error in &all {
            let message = error.to_string();
            assert!(message.contains("/data") && !message.contains('\n'), "{message}");
        }
        assert_eq!((io(13).exit_code(), io(1).exit_code(), io(122).exit_code()), (25, 25, 26));
    }
}
