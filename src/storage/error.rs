//! What can go wrong in the store.

/// Why a read or a write failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The commit failed after it was begun: it may or may not be on disk. Never retried here.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// The store no longer takes writes: it is shutting down or a commit has failed before.
    #[error("the store has stopped taking writes")]
    Stopped,
    /// The disk is nearly full and new work is refused.
    #[error("the disk is nearly full: new work is refused until space is free")]
    Full,
    /// A stored value does not match its checksum or its format.
    #[error("the value at {table}/{key} is damaged: {reason}")]
    Corrupt {
        /// The table's name.
        table: &'static str,
        /// The key in hexadecimal.
        key: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// The engine could not read or write.
    #[error("the storage engine failed: {0}")]
    Engine(String),
    /// A closure panicked; nothing of it was kept.
    #[error("a transaction panicked: {0}")]
    Panicked(String),
}

impl Error {
    /// Wraps an engine's own error.
    pub(crate) fn engine(error: impl std::fmt::Display) -> Self {
        Self::Engine(error.to_string())
    }
}
