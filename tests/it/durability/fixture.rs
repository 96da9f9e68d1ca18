//! A small store with tables and journals, copies of it, and digests for "nothing changed".

use std::{
    collections::BTreeMap,
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use novapulse::{
    base::{SeededRandom, SystemClock, SystemRandom, Timestamp},
    storage::{
        Directory, DirectoryOptions, Error, Head, Order, ReadBytes, Space, Table, TableSpec, Value,
        engine::{
            Engine,
            fjall::{FjallEngine, FjallOptions},
        },
        engine_spec,
        guard::{self, GuardError, Prepared},
    },
};
use xxhash_rust::xxh3::xxh3_128;

/// A body as a slice would store it.
struct Body(Vec<u8>);

impl Value for Body {
    const FORMAT: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn decode(_format: u8, bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.to_vec()))
    }
}

const fn spec(number: u8, space: Space) -> TableSpec {
    TableSpec { number, space, name: "FIXTURE", owner: "tests", key: "n u64", value: "Body" }
}

const BODIES: Table<(u64,), Body> = Table::of(spec(200, Space::Records));
const WAITING: Table<(u64,), ()> = Table::of(spec(201, Space::Index));

/// Prepares a directory as the server does at its start, without opening it.
pub(super) fn prepare(dir: &Path) -> Result<Prepared, GuardError> {
    let random = SeededRandom::new(7);
    let mut make_engine = |path: &Path| {
        let engine = FjallEngine::open(path, &FjallOptions::default()).map_err(|error| error.to_string())?;
        engine.sync().map_err(|error| error.to_string())
    };
    guard::prepare(dir, &engine_spec(), Timestamp::from_ms(1_790_000_000_000), &random, &mut make_engine)
}

/// An open store.
pub(super) struct Store {
    pub(super) directory: Directory,
    data: PathBuf,
}

/// All rows of both keyspaces as they are stored.
pub(super) type Rows = BTreeMap<(Space, Vec<u8>), Vec<u8>>;

impl Store {
    /// Opens the directory as the server does.
    pub(super) fn open(data: &Path) -> Result<Self, String> {
        Self::open_with(data, FjallOptions { worker_threads: 1, ..FjallOptions::default() })
    }

    pub(super) fn open_with(data: &Path, engine: FjallOptions) -> Result<Self, String> {
        let options = DirectoryOptions { engine, ballast_bytes: 0, ..DirectoryOptions::default() };
        let opened = Directory::open(data, &options, Arc::new(SystemClock::default()), Arc::new(SystemRandom));
        let directory = opened.map_err(|error| match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        })?;
        Ok(Self { directory, data: data.to_path_buf() })
    }

    /// Commits one batch and returns its number.
    pub(super) fn commit(&self, body: &[u8]) -> u64 {
        let (next, body) = (self.head() + 1, Body(body.to_vec()));
        let written = self.directory.db().write_blocking(move |tx| {
            tx.put(BODIES, &(next,), &body)?;
            tx.put(WAITING, &(next,), &())?;
            if let Some(done) = next.checked_sub(3) {
                tx.remove(WAITING, &(done,))?;
            }
            Ok::<_, Error>(())
        });
        written.unwrap();
        next
    }

    /// Number of the newest commit.
    pub(super) fn head(&self) -> u64 {
        Head::read(&self.directory.db().snapshot()).unwrap().number
    }

    /// Every row there is.
    pub(super) fn rows(&self) -> Result<Rows, String> {
        let snapshot = self.directory.db().snapshot();
        let mut rows = Rows::new();
        for space in Space::ALL {
            let mut add = |key: &[u8], value: &[u8]| {
                rows.insert((space, key.to_vec()), value.to_vec());
                ControlFlow::Continue(())
            };
            let scan = snapshot.scan_bytes(space, &[], &[0xff, 0xff], Order::Ascending, &mut add);
            scan.map_err(|error| error.to_string())?;
        }
        Ok(rows)
    }

    pub(super) fn close(self) {
        self.directory.close();
    }

    /// Closes the store and sets the witness back, as if the last commits had not been acknowledged.
    pub(super) fn close_with_witness(self, witness: &[u8]) {
        let data = self.data.clone();
        self.close();
        fs::write(data.join("witness"), witness).unwrap();
    }

    pub(super) fn witness(&self) -> Vec<u8> {
        fs::read(self.data.join("witness")).unwrap()
    }
}

/// Writes everything in memory out to tables; the store is closed.
pub(super) fn flush(data: &Path) {
    let database = fjall::Database::builder(data.join("store/engine")).open().unwrap();
    for space in Space::ALL {
        let keyspace = database.keyspace(space.name(), fjall::KeyspaceCreateOptions::default).unwrap();
        keyspace.rotate_memtable_and_wait().unwrap();
    }
}

/// A closed directory: so many commits in tables, all of them and more in the journal.
pub(super) fn closed_store(flushed: u64, more: u64) -> (tempfile::TempDir, Rows) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = Store::open(&data).unwrap();
    for n in 1..=flushed {
        store.commit(format!("flushed {n}").as_bytes());
    }
    store.close();
    if flushed > 0 {
        flush(&data);
    }
    let store = Store::open(&data).unwrap();
    for n in 1..=more {
        store.commit(format!("journalled {n}").as_bytes());
    }
    let rows = store.rows().unwrap();
    store.close();
    (dir, rows)
}

/// The journal that is written to.
pub(super) fn active_journal(data: &Path) -> PathBuf {
    let engine = data.join("store/engine");
    let entries = fs::read_dir(engine).unwrap().map(|entry| entry.unwrap().path());
    let journals = entries.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    journals.max_by_key(|path| path.file_stem().unwrap().to_string_lossy().parse::<u64>().unwrap()).unwrap()
}

/// A journal without the zeros at its end.
pub(super) fn used(journal: &Path) -> Vec<u8> {
    let mut bytes = fs::read(journal).unwrap();
    bytes.truncate(guard::journal::used_len(&bytes));
    bytes
}

/// Copies a tree; holes stay holes, and a socket is nothing to copy.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Every path below a directory with a digest of what is there.
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
            } else if entry.file_type().unwrap().is_file() {
                let content = xxh3_128(&fs::read(&path).unwrap());
                found.insert(path, content);
            }
        }
    }
    found
}
