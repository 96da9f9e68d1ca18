//! The witness: a small file outside the engine's directory that says what was acknowledged.
//!
//! Two 4 KiB slots are written in turn, so a torn write leaves the other one. A slot is written
//! after a commit is durable and before its waiters are answered; it reaches the page cache, which
//! survives a killed process, and is synced at most a second behind, which bounds what a power cut can hide.
//! It holds only what is on disk in the journal already, so the store is never behind it in good health.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::xxh3_64;

use super::guard::{
    GuardError,
    chain::{GENESIS, Hash},
    durable,
};

/// Name of the file in the data directory.
pub const WITNESS_FILE: &str = "witness";

const SLOT_LEN: usize = 4096;
const MAGIC: &[u8; 8] = b"NPWITN\x00\x01";
const FIELDS_LEN: usize = 8 + 16 + 8 + 8 + 16 + 8 + 8 + 8;

/// What was acknowledged when a slot was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Number of the last acknowledged commit; 0 in a new directory.
    pub n: u64,
    /// Chain hash of that commit.
    pub hash: Hash,
    /// Number of the process run that wrote it.
    pub boot: u64,
    /// Logical wall clock, in milliseconds since 1970.
    pub clock_ms: i64,
    /// Highest `hi` of an id minted so far.
    pub last_id: u64,
}

impl Mark {
    /// Nothing acknowledged yet.
    pub const NEW: Self = Self { n: 0, hash: GENESIS, boot: 0, clock_ms: 0, last_id: 0 };
}

/// The open witness file.
#[derive(Debug)]
pub struct Witness {
    file: File,
    directory: [u8; 16],
    /// Number of the newest slot; its lowest bit says which of the two it is.
    turn: u64,
    mark: Mark,
}

impl Witness {
    /// Makes the witness of a directory, in place of one that is there; the file appears whole or not at all.
    pub(super) fn create(dir: &Path, directory: [u8; 16], nonce: &str, mark: &Mark) -> io::Result<()> {
        let mut slots = vec![0; 2 * SLOT_LEN];
        if let Some(first) = slots.get_mut(..SLOT_LEN) {
            fill_slot(first, directory, 0, mark);
        }
        let draft = dir.join(format!("{WITNESS_FILE}.new-{nonce}"));
        durable::write_new(&draft, &slots)?;
        std::fs::rename(&draft, dir.join(WITNESS_FILE))?;
        durable::sync_dir(dir)
    }

    /// Opens the witness and reads the newer of its readable slots.
    ///
    /// # Errors
    /// The file is missing, neither slot is readable, or it belongs to another directory.
    pub fn open(dir: &Path, directory: [u8; 16]) -> Result<Self, GuardError> {
        let path = dir.join(WITNESS_FILE);
        let io_error = |access, error| GuardError::from_io(&path, access, error);
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let what = "the witness is missing, so nothing proves that the store is complete";
                return Err(GuardError::Missing { path, what: what.to_owned() });
            }
            other => other.map_err(|error| io_error("writing", error))?,
        };
        let slots = read_slots(&file).map_err(|error| io_error("reading", error))?;
        let newest = slots.into_iter().flatten().max_by_key(|slot| slot.turn).ok_or_else(|| damaged(&path))?;
        if newest.directory != directory {
            let what = "the witness belongs to another data directory".to_owned();
            return Err(GuardError::Damaged { path, what });
        }
        Ok(Self { file, directory, turn: newest.turn, mark: newest.mark })
    }

    /// What was acknowledged last.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// Records an acknowledged commit: one write to the page cache, no sync.
    ///
    /// # Errors
    /// The write failed; the previous slot still stands.
    pub fn record(&mut self, mark: Mark) -> io::Result<()> {
        let mut slot = [0; SLOT_LEN];
        let turn = self.turn + 1;
        fill_slot(&mut slot, self.directory, turn, &mark);
        self.file.write_all_at(&slot, (turn & 1) * SLOT_LEN as u64)?;
        self.turn = turn;
        self.mark = mark;
        Ok(())
    }

    /// Makes everything recorded so far survive a power cut.
    ///
    /// # Errors
    /// The sync failed.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// A handle that syncs from another thread.
    ///
    /// # Errors
    /// No file handle is left.
    pub fn syncer(&self) -> io::Result<Syncer> {
        self.file.try_clone().map(|file| Syncer { file })
    }
}

/// Syncs a witness from another thread than the one that records.
#[derive(Debug)]
pub struct Syncer {
    file: File,
}

impl Syncer {
    /// Makes everything recorded so far survive a power cut.
    ///
    /// # Errors
    /// The sync failed.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// How many commits were acknowledged in a data directory, by its witness; `None` when that cannot be told, which the
/// guard refuses for its own reason.
#[must_use]
pub fn acknowledged(dir: &Path) -> Option<u64> {
    peek(&dir.join(WITNESS_FILE)).ok().flatten().map(|mark| mark.n)
}

/// Reads what a witness file says without opening it for writing; `None` when no slot is readable.
pub(super) fn peek(path: &Path) -> io::Result<Option<Mark>> {
    let slots = read_slots(&File::open(path)?)?;
    Ok(slots.into_iter().flatten().max_by_key(|slot| slot.turn).map(|slot| slot.mark))
}

fn damaged(path: &Path) -> GuardError {
    let what = "neither slot of the witness is readable, so nothing proves that the store is complete";
    GuardError::Damaged { path: PathBuf::from(path), what: what.to_owned() }
}

struct Slot {
    directory: [u8; 16],
    turn: u64,
    mark: Mark,
}

fn fill_slot(slot: &mut [u8], directory: [u8; 16], turn: u64, mark: &Mark) {
    let mut fields = Vec::with_capacity(FIELDS_LEN + 8);
    fields.extend_from_slice(MAGIC);
    fields.extend_from_slice(&directory);
    fields.extend_from_slice(&turn.to_be_bytes());
    fields.extend_from_slice(&mark.n.to_be_bytes());
    fields.extend_from_slice(&mark.hash);
    fields.extend_from_slice(&mark.boot.to_be_bytes());
    fields.extend_from_slice(&mark.clock_ms.to_be_bytes());
    fields.extend_from_slice(&mark.last_id.to_be_bytes());
    let checksum = xxh3_64(&fields);
    fields.extend_from_slice(&checksum.to_be_bytes());
    for (to, from) in slot.iter_mut().zip(fields) {
        *to = from;
    }
}

fn read_slots(file: &File) -> io::Result<[Option<Slot>; 2]> {
    let mut slots = [None, None];
    // The length never changes after the file is made, so another one is damage and not a torn write.
    if file.metadata()?.len() != 2 * SLOT_LEN as u64 {
        return Ok(slots);
    }
    for (position, slot) in slots.iter_mut().enumerate() {
        let mut bytes = [0; FIELDS_LEN + 8];
        match file.read_exact_at(&mut bytes, (position * SLOT_LEN) as u64) {
            Ok(()) => *slot = parse_slot(&bytes).filter(|slot| slot.turn & 1 == position as u64),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(error),
        }
    }
    Ok(slots)
}

fn parse_slot(bytes: &[u8; FIELDS_LEN + 8]) -> Option<Slot> {
    let (fields, checksum) = bytes.split_at_checked(FIELDS_LEN)?;
    if checksum != xxh3_64(fields).to_be_bytes() {
        return None;
    }
    let rest = fields.strip_prefix(MAGIC)?;
    let (directory, rest) = rest.split_first_chunk()?;
    let (turn, rest) = rest.split_first_chunk()?;
    let (n, rest) = rest.split_first_chunk()?;
    let (hash, rest) = rest.split_first_chunk()?;
    let (boot, rest) = rest.split_first_chunk()?;
    let (clock_ms, rest) = rest.split_first_chunk()?;
    let (last_id, _) = rest.split_first_chunk()?;
    let mark = Mark {
        n: u64::from_be_bytes(*n),
        hash: *hash,
        boot: u64::from_be_bytes(*boot),
        clock_ms: i64::from_be_bytes(*clock_ms),
        last_id: u64::from_be_bytes(*last_id),
    };
    Some(Slot { directory: *directory, turn: u64::from_be_bytes(*turn), mark })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Mark, SLOT_LEN, WITNESS_FILE, Witness, peek};

    const DIRECTORY: [u8; 16] = [3; 16];

    fn mark(n: u64) -> Mark {
        Mark { n, hash: [n as u8; 16], boot: 1, clock_ms: 9, last_id: 4 }
    }

    #[test]
    fn the_newest_mark_comes_back_and_one_torn_slot_is_survived() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(WITNESS_FILE);
        Witness::create(dir.path(), DIRECTORY, "0", &Mark::NEW).unwrap();
        let mut witness = Witness::open(dir.path(), DIRECTORY).unwrap();
        assert_eq!(witness.mark(), Mark::NEW);
        for n in 1..=5 {
            witness.record(mark(n)).unwrap();
            assert_eq!(peek(&path).unwrap(), Some(mark(n)));
        }
        witness.sync().unwrap();
        witness.syncer().unwrap().sync().unwrap();
        drop(witness);
        let whole = fs::read(&path).unwrap();
        assert_eq!(whole.len(), 2 * SLOT_LEN);
        for at in 0..super::FIELDS_LEN + 8 {
            let mut torn = whole.clone();
            torn[SLOT_LEN + at] ^= 1;
            fs::write(&path, &torn).unwrap();
            assert_eq!(Witness::open(dir.path(), DIRECTORY).unwrap().mark(), mark(4), "byte {at}");
        }
        let mut both = whole.clone();
        both[0] ^= 1;
        both[SLOT_LEN] ^= 1;
        fs::write(&path, &both).unwrap();
        assert_eq!(Witness::open(dir.path(), DIRECTORY).unwrap_err().exit_code(), 23);
        fs::write(&path, &whole[..100]).unwrap();
        assert_eq!(Witness::open(dir.path(), DIRECTORY).unwrap_err().exit_code(), 23);
        fs::write(&path, &whole).unwrap();
        assert_eq!(Witness::open(dir.path(), [4; 16]).unwrap_err().exit_code(), 23);
        fs::remove_file(&path).unwrap();
        assert_eq!(Witness::open(dir.path(), DIRECTORY).unwrap_err().exit_code(), 24);
    }
}
