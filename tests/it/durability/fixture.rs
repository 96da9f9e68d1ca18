//! A small store written through the real engine, its journals full of commit records, and its copies.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use novapulse::{
    base::{SeededRandom, Timestamp},
    storage::{
        guard::{
            self, EngineSpec, GuardError, Prepared,
            chain::{GENESIS, Hash, Link},
            journal::Rules,
        },
        witness::Mark,
    },
};
use xxhash_rust::xxh3::xxh3_128;

pub(super) const KEYSPACES: [&str; 2] = ["records", "index"];
const COMMIT_PREFIX: u8 = 1;

pub(super) const SPEC: EngineSpec<'static> = EngineSpec {
    name: "fjall",
    version: "3.1.13",
    keyspaces: &KEYSPACES,
    rules: Rules { keyspaces: 2, commit_keyspace: 2, commit_prefix: COMMIT_PREFIX, read_commit },
};

fn read_commit(key: &[u8], value: &[u8]) -> Option<Link> {
    let (previous, hash) = value.split_first_chunk()?;
    let n = u64::from_be_bytes(key.get(1..)?.try_into().ok()?);
    Some(Link { n, previous: *previous, hash: hash.try_into().ok()? })
}

pub(super) fn hash(n: u64) -> Hash {
    if n == 0 { GENESIS } else { xxh3_128(&n.to_be_bytes()).to_be_bytes() }
}

/// Prepares a directory as the server does at its start.
pub(super) fn prepare(dir: &Path) -> Result<Prepared, GuardError> {
    let random = SeededRandom::new(7);
    guard::prepare(dir, &SPEC, Timestamp::from_ms(1_790_000_000_000), &random, &mut make_engine)
}

fn make_engine(path: &Path) -> Result<(), String> {
    open_engine(path).map(drop).map_err(|error| error.to_string())
}

fn open_engine(path: &Path) -> fjall::Result<(Database, [Keyspace; 2])> {
    let database = Database::builder(path).worker_threads(1).open()?;
    // Large enough that nothing is written out to tables unless a test says so.
    let options = || KeyspaceCreateOptions::default().max_memtable_size(512 << 20);
    let [records, index] = KEYSPACES.map(|name| database.keyspace(name, options));
    Ok((database, [records?, index?]))
}

/// An open store.
pub(super) struct Store {
    pub(super) prepared: Prepared,
    pub(super) database: Database,
    pub(super) keyspaces: [Keyspace; 2],
    head: u64,
}

/// All rows of both keyspaces.
pub(super) type Rows = BTreeMap<(usize, Vec<u8>), Vec<u8>>;

impl Store {
    /// Prepares, opens and confirms, as the server does.
    pub(super) fn open(dir: &Path) -> Result<Self, String> {
        let prepared = prepare(dir).map_err(|error| error.to_string())?;
        let (database, keyspaces) = open_engine(&prepared.engine).map_err(|error| error.to_string())?;
        let mut store = Self { prepared, database, keyspaces, head: 0 };
        let rows = store.rows()?;
        store.head = head_of(&rows);
        let acknowledged = store.prepared.witness.mark().n;
        let key = (1, commit_key(acknowledged));
        let hash = rows.get(&key).and_then(|value| read_commit(&key.1, value)).map(|link| link.hash);
        store.prepared.confirm(store.head, hash).map_err(|error| error.to_string())?;
        Ok(store)
    }

    /// Commits one batch and acknowledges it.
    pub(super) fn commit(&mut self, value: &[u8]) {
        self.commit_unacknowledged(value);
        let mark = Mark { n: self.head, hash: hash(self.head), boot: 1, clock_ms: 5, last_id: self.head };
        self.prepared.witness.record(mark).unwrap();
    }

    /// Commits one batch whose callers never heard of it.
    pub(super) fn commit_unacknowledged(&mut self, value: &[u8]) {
        self.head += 1;
        let n = self.head;
        let [records, index] = &self.keyspaces;
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        batch.insert(records, n.to_be_bytes(), value);
        batch.insert(index, [&[2][..], &n.to_be_bytes()].concat(), b"");
        batch.insert(index, commit_key(n), [hash(n - 1), hash(n)].concat());
        if n > 3 {
            batch.remove(index, [&[2][..], &(n - 3).to_be_bytes()].concat());
        }
        batch.commit().unwrap();
    }

    /// Writes everything out to tables.
    pub(super) fn flush(&self) {
        for keyspace in &self.keyspaces {
            keyspace.rotate_memtable_and_wait().unwrap();
        }
    }

    /// Every row there is.
    pub(super) fn rows(&self) -> Result<Rows, String> {
        let snapshot = self.database.snapshot();
        let mut rows = Rows::new();
        for (number, keyspace) in self.keyspaces.iter().enumerate() {
            for row in snapshot.iter(keyspace) {
                let (key, value) = row.into_inner().map_err(|error| error.to_string())?;
                rows.insert((number, key.to_vec()), value.to_vec());
            }
        }
        Ok(rows)
    }
}

fn commit_key(n: u64) -> Vec<u8> {
    [&[COMMIT_PREFIX][..], &n.to_be_bytes()].concat()
}

/// The newest commit among the rows.
pub(super) fn head_of(rows: &Rows) -> u64 {
    let commits = rows.keys().filter(|(keyspace, key)| *keyspace == 1 && key.first() == Some(&COMMIT_PREFIX));
    commits.filter_map(|(_, key)| Some(u64::from_be_bytes(key.get(1..)?.try_into().ok()?))).max().unwrap_or(0)
}

/// A closed directory with tables and a journal: `flushed` commits in tables, all of them in the journal.
pub(super) fn closed_store(flushed: u64, more: u64) -> (tempfile::TempDir, Rows) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let mut store = Store::open(&path).unwrap();
    for n in 1..=flushed {
        store.commit(format!("flushed {n}").as_bytes());
    }
    if flushed > 0 {
        store.flush();
    }
    for n in 1..=more {
        store.commit(format!("journalled {n}").as_bytes());
    }
    let rows = store.rows().unwrap();
    drop(store);
    (dir, rows)
}

/// The journal that is written to.
pub(super) fn active_journal(data: &Path) -> PathBuf {
    let engine = data.join("store/engine");
    let entries = fs::read_dir(engine).unwrap().map(|entry| entry.unwrap().path());
    let journals = entries.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    journals.max_by_key(|path| path.file_stem().unwrap().to_string_lossy().parse::<u64>().unwrap()).unwrap()
}

/// Copies a tree, leaving the zeros at the end of files out (holes stay holes).
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Every path below a directory with a digest of what is there, for "nothing changed".
pub(super) fn digest(dir: &Path) -> BTreeMap<PathBuf, u128> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![dir.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                waiting.push(path.clone());
                found.insert(path, 0);
            } else {
                let content = xxh3_128(&fs::read(&path).unwrap());
                found.insert(path, content);
            }
        }
    }
    found
}
