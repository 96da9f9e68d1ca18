//! fjall 3 as the engine: two LSM trees over one journal.
//!
//! Facts this relies on (read in fjall 3.1.13): a batch is atomic across keyspaces; `Buffer`
//! hands the journal bytes to the operating system, `SyncData` is fdatasync; after any failed
//! write or sync the database refuses writes until it is opened again.

use std::{path::Path, sync::Arc};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};

use super::{Change, Engine, EngineSnapshot, EngineStats, VisitBytes};
use crate::storage::{error::Error, key::Order, keyspaces::Space};

/// Memory and disk budgets of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FjallOptions {
    /// Bytes of the block cache.
    pub cache_bytes: u64,
    /// Bytes a keyspace collects in memory before it is written out as a table.
    pub memtable_bytes: u64,
    /// Bytes of journals kept before old memtables are written out; bounds the time of a start.
    pub journal_bytes: u64,
    /// Threads that write out memtables and compact tables.
    pub worker_threads: usize,
}

impl Default for FjallOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, memtable_bytes: 16 << 20, journal_bytes: 192 << 20, worker_threads: 2 }
    }
}

/// An open fjall database.
#[derive(Clone)]
pub struct FjallEngine {
    database: Database,
    spaces: Arc<[Keyspace; 2]>,
    journal_bytes: u64,
}

impl FjallEngine {
    /// Opens the database, making it and its keyspaces when the directory is new.
    ///
    /// Call only after the layout guard has passed: fjall deletes what it does not recognise.
    ///
    /// # Errors
    /// [`Error::Engine`] with fjall's own words.
    pub fn open(path: &Path, options: &FjallOptions) -> Result<Self, Error> {
        let database = Database::builder(path)
            .cache_size(options.cache_bytes)
            .max_journaling_size(options.journal_bytes)
            .worker_threads(options.worker_threads)
            .open()
            .map_err(Error::engine)?;
        let keyspace = |space: Space| {
            database
                .keyspace(space.name(), || KeyspaceCreateOptions::default().max_memtable_size(options.memtable_bytes))
                .map_err(Error::engine)
        };
        let [records, index] = Space::ALL;
        let spaces = Arc::new([keyspace(records)?, keyspace(index)?]);
        Ok(Self { database, spaces, journal_bytes: options.journal_bytes })
    }
}

fn keyspace(spaces: &[Keyspace; 2], space: Space) -> &Keyspace {
    let [records, index] = spaces;
    match space {
        Space::Records => records,
        Space::Index => index,
    }
}

impl Engine for FjallEngine {
    fn snapshot(&self) -> Arc<dyn EngineSnapshot> {
        Arc::new(FjallSnapshot { snapshot: self.database.snapshot(), spaces: Arc::clone(&self.spaces) })
    }

    fn write(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Error> {
        let mut batch = self.database.batch().durability(Some(PersistMode::Buffer));
        for change in changes {
            let keyspace = keyspace(&self.spaces, change.space);
            match change.value {
                Some(value) => batch.insert(keyspace, change.key, value),
                None => batch.remove(keyspace, change.key),
            }
        }
        batch.commit().map_err(Error::engine)
    }

    fn sync(&self) -> Result<(), Error> {
        self.database.persist(PersistMode::SyncData).map_err(Error::engine)
    }

    fn stats(&self) -> EngineStats {
        EngineStats {
            disk_bytes: self.database.disk_space().unwrap_or(0),
            journals: self.database.journal_count() as u64,
            cache_bytes: self.database.cache_size(),
        }
    }

    /// Writes out memtables that hold back old journals, so that an idle keyspace cannot pin them.
    fn maintain(&self) {
        let is_heavy = self.database.journal_disk_space().is_ok_and(|bytes| bytes > self.journal_bytes / 2);
        if is_heavy && self.database.journal_count() > 2 {
            for keyspace in self.spaces.iter() {
                if let Err(error) = keyspace.rotate_memtable() {
                    tracing::warn!(%error, "could not write out a memtable to free journals");
                }
            }
        }
    }
}

struct FjallSnapshot {
    snapshot: Snapshot,
    spaces: Arc<[Keyspace; 2]>,
}

impl EngineSnapshot for FjallSnapshot {
    fn get(&self, space: Space, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        if let Some(value) = self.snapshot.get(keyspace(&self.spaces, space), key).map_err(Error::engine)? {
            found(&value);
        }
        Ok(())
    }

    fn scan(
        &self,
        space: Space,
        start: &[u8],
        end: &[u8],
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), Error> {
        if start >= end {
            return Ok(());
        }
        let mut rows = self.snapshot.range(keyspace(&self.spaces, space), start..end);
        loop {
            let row = match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some(row) = row else { return Ok(()) };
            let (key, value) = row.into_inner().map_err(Error::engine)?;
            if visit(&key, &value).is_break() {
                return Ok(());
            }
        }
    }
}
