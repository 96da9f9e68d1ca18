//! What changes in a company, for those who follow it: the change feed and the live stream.
//!
//! Words: a *change* is one line of the feed, as "job X was completed"; a *cursor* is a place between two changes, as
//! text. The kernel leaves notes in `storage::feed`, in the commits of the changes themselves; here they are read, told in
//! words, and removed when they are old.
//!
//! Invariants: changes come in the order of commits; a cursor stays good until what follows it is removed, and then it is
//! refused instead of skipping; another company's changes are never read. A stream holds a bounded number of changes,
//! whatever its client does.
//!
//! Deliberately absent: what changed in detail. A change names its object, which has its own operation.

pub mod api;
mod maintain;
mod reading;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    auth::Auth,
    base::CompanyId,
    queue::Queues,
    storage::{self, Db, Read, feed},
};

/// Why a request to follow changes is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What follows the cursor was removed, or is damaged.
    #[error("the changes after this cursor were removed or cannot be read; the next ones that can follow \"{oldest}\"")]
    Gone {
        /// The cursor before the next change that is there.
        oldest: String,
    },
    /// The company has as many streams as it may.
    #[error("the company has {0} streams open already")]
    TooManyStreams(usize),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// How much of the feed is kept, and how much is served at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Changes older than this are removed.
    pub keep_ms: u64,
    /// The oldest changes of a company are removed while its feed takes more.
    pub keep_bytes: u64,
    /// Streams of a company at once.
    pub streams_per_company: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { keep_ms: 3 * 24 * 3_600_000, keep_bytes: 256 << 20, streams_per_company: 50 }
    }
}

/// What the slice is put together from.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The queues, for their figures and the names of jobs.
    pub queues: Queues,
    /// Who may go on following.
    pub auth: Auth,
    /// Where streams run.
    pub tracker: TaskTracker,
    /// Ends them.
    pub stop: CancellationToken,
    /// Limits.
    pub settings: Settings,
}

/// The handle behind the operations; cheap to clone.
#[derive(Debug, Clone)]
pub struct Changes {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    /// Streams that are open, by company.
    streams: Mutex<HashMap<CompanyId, usize>>,
}

impl Changes {
    /// A handle over the store.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { inner: Arc::new(Inner { parts, streams: Mutex::default() }) }
    }

    fn parts(&self) -> &Parts {
        &self.inner.parts
    }
}

/// Checks the feed against its counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), storage::Error> {
    feed::check(read, found)
}
