//! fjall 3 as the engine: two LSM trees over one journal.
//!
//! Facts this relies on (read in fjall 3.1.13): a batch is atomic across keyspaces; `Buffer`
//! hands the journal bytes to the operating system, `SyncData` is fdatasync; after any failed
//! write or sync the database refuses writes until it is opened again. Every batch also
//! carries a [`Stamp`], by which the guard notices a journal that is gone. fjall lets go of a memtable that is written out
//! while it holds the locks that reads and writes need, and freeing 16 MiB of small rows takes some 30 ms: whoever
//! holds it last frees it, which [`Memtables`] makes a thread that nobody waits for.

use std::{
    mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use fjall::{AbstractTree as _, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};
use lsm_tree::Memtable;

use super::{Change, Engine, EngineSnapshot, EngineStats, Holdings, KeyspaceHoldings, Share, VisitBytes, by_table};
use crate::storage::{
    error::Error,
    guard::stamp::{ALWAYS_TOUCHED, KEYSPACES, STAMP_KEY, Stamp},
    key::Order,
    keyspaces::Space,
};

/// Memory and disk budgets of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FjallOptions {
    /// Bytes of the block cache.
    pub cache_bytes: u64,
    /// Bytes a keyspace collects in memory before it is written out as a table.
    pub memtable_bytes: u64,
    /// Bytes of journals kept before old memtables are written out; bounds the time of a start.
    pub journal_bytes: u64,
    /// Threads that write out memtables and merge tables. One: of several, fjall 3.1 keeps the first from merging by handing
    /// it each order again and again for as long as a merge lasts, which takes a whole processor.
    pub worker_threads: usize,
}

impl Default for FjallOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, memtable_bytes: 16 << 20, journal_bytes: 192 << 20, worker_threads: 1 }
    }
}

/// An open fjall database.
#[derive(Clone)]
pub struct FjallEngine {
    database: Database,
    spaces: Arc<[Keyspace; KEYSPACES]>,
    journal_bytes: u64,
    /// The floor of the last batch that wrote to each keyspace.
    last_floors: Arc<Mutex<[u64; KEYSPACES]>>,
    memtables: Arc<Mutex<Memtables>>,
}

/// Memtables held so that fjall is not the one to free them.
struct Memtables {
    /// Those written to, by keyspace.
    active: [Arc<Memtable>; KEYSPACES],
    retired: Vec<Arc<Memtable>>,
}

impl Memtables {
    fn new(spaces: &[Keyspace; KEYSPACES]) -> Self {
        Self { active: spaces.each_ref().map(|keyspace| keyspace.tree.active_memtable()), retired: Vec::new() }
    }

    /// Takes in what is written to now; gives out what is out of use when that has changed, which is when fjall lets go.
    fn follow(&mut self, spaces: &[Keyspace; KEYSPACES]) -> Vec<Arc<Memtable>> {
        let retired = self.retired.len();
        for (known, keyspace) in self.active.iter_mut().zip(spaces) {
            let active = keyspace.tree.active_memtable();
            if active.id() != known.id() {
                self.retired.push(mem::replace(known, active));
            }
        }
        if self.retired.len() > retired { self.take_unused() } else { Vec::new() }
    }

    /// Gives out those that nobody else holds any more.
    fn take_unused(&mut self) -> Vec<Arc<Memtable>> {
        self.retired.extract_if(.., |memtable| Arc::strong_count(memtable) == 1).collect()
    }
}

impl FjallEngine {
    /// Opens the database, making it and its keyspaces when the directory is new.
    ///
    /// Call only after the layout guard has passed: fjall deletes what it does not recognise.
    ///
    /// # Errors
    /// [`Error::Engine`] with fjall's own words.
    pub fn open(path: &Path, options: &FjallOptions) -> Result<Self, Error> {
        let (database, spaces) = open_database(path, options)?;
        let last_floors = Arc::new(Mutex::new(read_floors(&spaces)?));
        let memtables = Arc::new(Mutex::new(Memtables::new(&spaces)));
        Ok(Self { database, spaces: Arc::new(spaces), journal_bytes: options.journal_bytes, last_floors, memtables })
    }

    /// Takes keyspaces as they are after a loss was accepted, and writes everything out to tables.
    ///
    /// # Errors
    /// [`Error::Engine`] with fjall's own words.
    pub fn reconcile(path: &Path) -> Result<(), Error> {
        let (database, spaces) = open_database(path, &FjallOptions::default())?;
        let stamp = Stamp { floor: database.seqno(), touched: [true; KEYSPACES], before: [0; KEYSPACES] };
        let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
        for keyspace in &spaces {
            batch.insert(keyspace, STAMP_KEY, stamp.encode());
        }
        batch.commit().map_err(Error::engine)?;
        spaces.iter().try_for_each(|keyspace| keyspace.rotate_memtable_and_wait().map_err(Error::engine))
    }
}

/// Frees memtables on a thread of their own.
fn free_apart(unused: Vec<Arc<Memtable>>) {
    if unused.is_empty() {
        return;
    }
    let freeing = thread::Builder::new().name("store-free".to_owned()).spawn(move || drop(unused));
    if let Err(error) = freeing {
        tracing::debug!(%error, "no thread to free memory on; the writer did it");
    }
}

fn open_database(path: &Path, options: &FjallOptions) -> Result<(Database, [Keyspace; KEYSPACES]), Error> {
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
    let spaces = [keyspace(records)?, keyspace(index)?];
    Ok((database, spaces))
}

/// Where a space stands among the keyspaces; they are made in the order of [`Space::ALL`].
const fn position(space: Space) -> usize {
    match space {
        Space::Records => 0,
        Space::Index => ALWAYS_TOUCHED,
    }
}

fn keyspace(spaces: &[Keyspace; KEYSPACES], space: Space) -> &Keyspace {
    let [records, index] = spaces;
    match space {
        Space::Records => records,
        Space::Index => index,
    }
}

/// Reads the newest stamps and checks that no keyspace ends before another says it was written.
fn read_floors(spaces: &[Keyspace; KEYSPACES]) -> Result<[u64; KEYSPACES], Error> {
    let stamp = |keyspace: &Keyspace| -> Result<Option<Stamp>, Error> {
        let Some(row) = keyspace.get(STAMP_KEY).map_err(Error::engine)? else { return Ok(None) };
        Stamp::decode(&row).map(Some).ok_or_else(|| Error::Engine("a keyspace's stamp is malformed".to_owned()))
    };
    let [_, always] = spaces;
    let newest = stamp(always)?.unwrap_or_default().after();
    for (keyspace, expected) in spaces.iter().zip(newest) {
        let found = stamp(keyspace)?.map_or(0, |stamp| stamp.floor);
        if found != expected {
            let name = keyspace.name();
            let what =
                format!("keyspace {name} ends at {found} but was last written at {expected}: part of it is missing");
            return Err(Error::Engine(what));
        }
    }
    Ok(newest)
}

impl Engine for FjallEngine {
    fn snapshot(&self) -> Arc<dyn EngineSnapshot> {
        Arc::new(FjallSnapshot { snapshot: self.database.snapshot(), spaces: Arc::clone(&self.spaces) })
    }

    fn write(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Error> {
        let mut batch = self.database.batch().durability(Some(PersistMode::Buffer));
        let mut last_floors = self.last_floors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stamp = Stamp { floor: self.database.seqno(), touched: [false; KEYSPACES], before: *last_floors };
        for change in changes {
            let keyspace = keyspace(&self.spaces, change.space);
            if let Some(is_touched) = stamp.touched.get_mut(position(change.space)) {
                *is_touched = true;
            }
            match change.value {
                Some(value) => batch.insert(keyspace, change.key, value),
                None => batch.remove(keyspace, change.key),
            }
        }
        if let Some(is_touched) = stamp.touched.get_mut(ALWAYS_TOUCHED) {
            *is_touched = true;
        }
        for (keyspace, is_touched) in self.spaces.iter().zip(stamp.touched) {
            if is_touched {
                batch.insert(keyspace, STAMP_KEY, stamp.encode());
            }
        }
        batch.commit().map_err(Error::engine)?;
        *last_floors = stamp.after();
        let unused = self.memtables.lock().unwrap_or_else(PoisonError::into_inner).follow(&self.spaces);
        free_apart(unused);
        Ok(())
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

    fn holdings(&self) -> Holdings {
        let mut written_out_ms = None;
        let keyspaces = Space::ALL.into_iter().zip(self.spaces.iter()).map(|(space, keyspace)| {
            let version = keyspace.tree.current_version();
            let files: Vec<_> = version
                .iter_tables()
                .map(|file| {
                    let meta = &file.metadata;
                    written_out_ms = written_out_ms.max(i64::try_from(*meta.created_at / 1_000_000).ok());
                    let first = |key: &[u8]| key.first().copied().unwrap_or_default();
                    let range = (first(meta.key_range.min()), first(meta.key_range.max()));
                    (range, Share { disk_bytes: meta.file_size, rows_max: meta.item_count })
                })
                .collect();
            let disk_bytes = files.iter().map(|(_, share)| share.disk_bytes).sum();
            let all = Share { disk_bytes, rows_max: keyspace.approximate_len() as u64 };
            let (count, (tables, mixed)) = (files.len() as u64, by_table(files.into_iter()));
            KeyspaceHoldings { space, files: count, all, tables, mixed }
        });
        let keyspaces = keyspaces.collect();
        Holdings {
            keyspaces,
            journals: self.database.journal_count() as u64,
            journal_bytes: self.database.journal_disk_space().unwrap_or(0),
            memtable_bytes: self.database.write_buffer_size(),
            cache_bytes: self.database.cache_size(),
            cache_max_bytes: self.database.cache_capacity(),
            merges_running: self.database.active_compactions() as u64,
            merges_ended: self.database.compactions_completed() as u64,
            merges_ms: u64::try_from(self.database.time_compacting().as_millis()).unwrap_or(u64::MAX),
            written_out_ms,
        }
    }

    /// Frees memtables that are out of use, and writes out those that hold back old journals, so that an idle keyspace
    /// cannot pin them.
    fn maintain(&self) {
        // Bound first: freed with the lock held, they would hold up the writer all the same.
        let unused = self.memtables.lock().unwrap_or_else(PoisonError::into_inner).take_unused();
        drop(unused);
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
