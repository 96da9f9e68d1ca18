//! The seam to a storage engine: ordered bytes, atomic batches, snapshots.
//!
//! An engine knows nothing of tables. One thread writes; any thread reads snapshots.
//! To add an engine: a file here, an arm in `app::adapters`, a line in the conformance suite.

pub mod fjall;
pub mod memory;

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

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

/// What an engine holds, for whoever looks after the disk; told without reading a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Each keyspace.
    pub keyspaces: Vec<KeyspaceHoldings>,
    /// Journal files alive.
    pub journals: u64,
    /// Their bytes on disk.
    pub journal_bytes: u64,
    /// Bytes in memory that are not yet written out to files of rows; the journals have them too.
    pub memtable_bytes: u64,
    /// Bytes of the block cache in use.
    pub cache_bytes: u64,
    /// Bytes the block cache may use.
    pub cache_max_bytes: u64,
    /// Merges of files that run.
    pub merges_running: u64,
    /// Merges that ended since the start.
    pub merges_ended: u64,
    /// The time they took together, in milliseconds.
    pub merges_ms: u64,
    /// When the newest file of rows was written, in milliseconds since 1970.
    pub written_out_ms: Option<i64>,
}

/// What a keyspace holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyspaceHoldings {
    /// Which it is.
    pub space: Space,
    /// Its files of rows.
    pub files: u64,
    /// All of them, and rows in memory too.
    pub all: Share,
    /// By the number of a table: files that hold its rows alone.
    pub tables: BTreeMap<u8, Share>,
    /// Files that hold rows of several tables.
    pub mixed: Share,
}

/// A part of a keyspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Rows at most: older versions and removals count until files are merged.
    pub rows_max: u64,
}

impl Share {
    fn add(&mut self, other: Self) {
        self.disk_bytes = self.disk_bytes.saturating_add(other.disk_bytes);
        self.rows_max = self.rows_max.saturating_add(other.rows_max);
    }
}

/// Which table has which files, by the first byte of each file's first and last key: the table's number.
fn by_table(files: impl Iterator<Item = ((u8, u8), Share)>) -> (BTreeMap<u8, Share>, Share) {
    let (mut tables, mut mixed) = (BTreeMap::<u8, Share>::new(), Share::default());
    for ((first, last), share) in files {
        if first == last {
            tables.entry(first).or_default().add(share);
        } else {
            mixed.add(share);
        }
    }
    (tables, mixed)
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

    /// What it holds. May wait for a write that is under way: not on an async thread.
    fn holdings(&self) -> Holdings;

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

#[cfg(test)]
mod tests {
    use super::{Share, by_table};

    #[test]
    fn a_file_belongs_to_a_table_when_it_holds_nothing_else() {
        let share = |disk_bytes, rows_max| Share { disk_bytes, rows_max };
        let files =
            [((1, 1), share(100, 1)), ((1, 10), share(7, 2)), ((10, 10), share(30, 3)), ((10, 10), share(5, 4))];
        let (tables, mixed) = by_table(files.into_iter());
        assert_eq!(tables.into_iter().collect::<Vec<_>>(), [(1, share(100, 1)), (10, share(35, 7))]);
        assert_eq!(mixed, share(7, 2));
    }
}
