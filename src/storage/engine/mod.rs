//! The seam to a storage engine: ordered bytes, atomic batches, snapshots.
//!
//! An engine knows nothing of tables. One thread writes; any thread reads snapshots.
//! To add an engine: a file here, an arm in `app::adapters`, a line in the conformance suite.

pub mod fjall;
pub mod memory;

use std::{ops::ControlFlow, sync::Arc};

use super::{error::Error, key::Order, keyspaces::Space};

/// Shown one row at a time, key and stored bytes; breaks to stop.
pub type VisitBytes<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// One change of a batch; no value means removal.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The keyspace.
    pub space: Space,
    /// The whole key.
    pub key: &'a [u8],
    /// The stored bytes, or nothing to remove the key.
    pub value: Option<&'a [u8]>,
}

/// Figures an operator wants to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Bytes on disk, tables and journals.
    pub disk_bytes: u64,
    /// Journal files alive; many of them mean a slow start.
    pub journals: u64,
    /// Bytes of the block cache in use.
    pub cache_bytes: u64,
}

/// An ordered byte store with atomic batches.
pub trait Engine: Send + Sync {
    /// A consistent view of everything written so far, also what is not yet synced.
    fn snapshot(&self) -> Arc<dyn EngineSnapshot>;

    /// Applies the changes as one unit and hands them to the operating system.
    ///
    /// # Errors
    /// After an error the outcome is unknown and the engine takes no more writes.
    fn write(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Error>;

    /// Returns once everything written so far would survive a power cut.
    ///
    /// # Errors
    /// As [`Engine::write`].
    fn sync(&self) -> Result<(), Error>;

    /// Figures for health and metrics.
    fn stats(&self) -> EngineStats;

    /// Background care, called now and then from a thread of its own.
    fn maintain(&self) {}
}

/// A consistent, unchanging view.
pub trait EngineSnapshot: Send + Sync {
    /// Shows the bytes at a key, if there are any.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine cannot read.
    fn get(&self, space: Space, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), Error>;

    /// Shows rows from `start` inclusive to `end` exclusive until `visit` breaks.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine cannot read.
    fn scan(
        &self,
        space: Space,
        start: &[u8],
        end: &[u8],
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), Error>;
}
