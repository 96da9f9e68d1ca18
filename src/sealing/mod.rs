//! The keys in the store that seal secrets, and how they are replaced.
//!
//! Words: the *master key* comes from outside the store and seals the store's own keys only; a *seal key* is random and
//! seals what is secret in rows; the *code key* is random, stands behind codes and never changes, because what is kept
//! of a recovery code cannot be made again from it.
//!
//! Each of the store's keys is kept sealed once for every master key that may open it. A master key is replaced by
//! sealing them for the new one too, later for the new one only: few rows, one transaction. A seal key is replaced by
//! adding one, sealing every row anew in bounded transactions, and removing the old one when no row needs it. Whatever
//! was done of that when a process dies, the store opens and the rest can be done again.
//!
//! A module that seals rows describes them as a [`SealedTable`]; `app` lists them all.

mod rows;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    base::{SealError, SealKey},
    config::MasterKeys,
    storage::{self, Db, ReadBytes},
};

pub use rows::{Reading, SealedRows, SealedTable};

use store::{CODES, FIRST, KeyRow, SEALS};

/// Rows sealed anew in one transaction.
const STEP: usize = 500;

/// Why the keys cannot be used or replaced.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None of the master keys opens the keys of the store.
    #[error("the secrets of this store are sealed with another master key than the one given")]
    OtherMaster,
    /// A key of the store was changed.
    #[error("a key in the store does not open")]
    Key(#[source] SealError),
    /// The code key is gone, or all seal keys are.
    #[error("a key of the store is missing")]
    Missing,
    /// A sealed value does not open, so the key that sealed it cannot be removed.
    #[error("{0}")]
    Value(String),
    /// The store could not be read or written.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// The keys of the store, opened.
struct Opened {
    codes: Zeroizing<[u8; 32]>,
    /// By number; the last one seals.
    seals: Vec<(u32, Zeroizing<[u8; 32]>)>,
}

impl Opened {
    fn read(read: &impl ReadBytes, master: &SealKey) -> Result<Option<Self>, Error> {
        let rows = store::all(read)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let (mut codes, mut seals) = (None, Vec::new());
        for (key, row) in rows {
            let bytes = store::open(master, key, &row)?;
            if key == (CODES, FIRST) {
                codes = Some(bytes);
            } else {
                seals.push((key.1, bytes));
            }
        }
        let codes = codes.ok_or(Error::Missing)?;
        if seals.is_empty() { Err(Error::Missing) } else { Ok(Some(Self { codes, seals })) }
    }

    fn seal_key(&self) -> Result<SealKey, Error> {
        let ((_, newest), older) = self.seals.split_last().ok_or(Error::Missing)?;
        let key = older.iter().fold(SealKey::from_bytes(newest), |key, (_, bytes)| key.and_opens(bytes));
        Ok(key.with_codes(&self.codes))
    }
}

/// The keys as a snapshot has them, for looking only; a store from before it had keys uses the master key itself.
///
/// # Errors
/// [`Error`].
pub fn read(read: &impl ReadBytes, master: &MasterKeys) -> Result<SealKey, Error> {
    let key = master.seal_key();
    Opened::read(read, &key)?.map_or(Ok(key), |opened| opened.seal_key())
}

/// Whether this is the newest master key that the keys of the store are sealed for.
///
/// # Errors
/// When the store fails.
pub fn is_newest(read: &impl ReadBytes, master: &MasterKeys) -> Result<bool, Error> {
    let seal = master.first_alone().seal_key();
    Ok(store::all(read)?.into_iter().all(|(place, row)| store::is_newest(&seal, place, &row)))
}

/// Whether the store has keys that some master key must open.
///
/// # Errors
/// When the store cannot be read.
pub fn has_keys(read: &impl ReadBytes) -> Result<bool, Error> {
    Ok(!store::all(read)?.is_empty())
}

/// The keys of the store, made when it has none; blocks.
///
/// # Errors
/// [`Error::OtherMaster`] when `master` is not the key they are sealed with; others for a damaged store.
pub fn open(db: &Db, master: &MasterKeys) -> Result<SealKey, Error> {
    let key = master.seal_key();
    if let Some(opened) = Opened::read(&db.snapshot(), &key)? {
        return opened.seal_key();
    }
    let (random, master) = (Arc::clone(db.random()), master.clone());
    db.write_blocking(move |tx| {
        let (mut seals, mut codes) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        if store::is_blank(tx)? {
            random.fill(&mut *seals);
            random.fill(&mut *codes);
        } else {
            // A store of before: its rows and codes were made with the master key itself.
            *seals = *master.first();
            codes = SealKey::derived_codes(master.first());
        }
        for (key, bytes) in [((CODES, FIRST), &codes), ((SEALS, FIRST), &seals)] {
            let row = KeyRow::new(&*random, &master, key, bytes, tx.now());
            store::put(tx, key, &row)?;
        }
        Opened::read(tx, &master.seal_key())?.ok_or(Error::Missing)?.seal_key()
    })
}

/// Keeps the keys of the store sealed once for each of `wanted`, opening them with `known`; blocks.
///
/// # Errors
/// As [`open`].
pub fn seal_for(db: &Db, known: &MasterKeys, wanted: &MasterKeys) -> Result<(), Error> {
    let (random, known, wanted) = (Arc::clone(db.random()), known.seal_key(), wanted.clone());
    db.write_blocking(move |tx| {
        for (key, row) in store::all(tx)? {
            let bytes = store::open(&known, key, &row)?;
            store::put(tx, key, &KeyRow::new(&*random, &wanted, key, &bytes, row.created_at))?;
        }
        Ok(())
    })
}

/// Seals every row with a fresh seal key and removes the ones before; blocks. Returns how many rows were sealed anew.
///
/// One that was begun and not finished is finished instead.
///
/// # Errors
/// [`Error::Value`] when a row does not open; the old keys stay then. Others as [`open`].
pub fn replace_seal_key(db: &Db, master: &MasterKeys, tables: &[Arc<dyn SealedRows>]) -> Result<u64, Error> {
    let seal = Arc::new(begin(db, master)?);
    let mut sealed = 0;
    for table in tables {
        let mut after = None;
        loop {
            let (table, seal, random) = (Arc::clone(table), Arc::clone(&seal), Arc::clone(db.random()));
            let (count, last) =
                db.write_blocking(move |tx| table.seal_anew(tx, (&seal, &*random), after.as_deref(), STEP))?;
            sealed += count;
            after = last;
            if after.is_none() {
                break;
            }
        }
    }
    finish(db, &seal, tables)?;
    Ok(sealed)
}

/// Adds a seal key, unless one was added before and the older ones are still there.
fn begin(db: &Db, master: &MasterKeys) -> Result<SealKey, Error> {
    open(db, master)?;
    let (random, master) = (Arc::clone(db.random()), master.clone());
    db.write_blocking(move |tx| {
        let opened = Opened::read(tx, &master.seal_key())?.ok_or(Error::Missing)?;
        if let [(number, _)] = opened.seals.as_slice() {
            let key = (SEALS, number + 1);
            let mut bytes = Zeroizing::new([0; 32]);
            random.fill(&mut *bytes);
            store::put(tx, key, &KeyRow::new(&*random, &master, key, &bytes, tx.now()))?;
        }
        Opened::read(tx, &master.seal_key())?.ok_or(Error::Missing)?.seal_key()
    })
}

/// Removes the older seal keys, once every row is known to be sealed with the newest.
fn finish(db: &Db, seal: &SealKey, tables: &[Arc<dyn SealedRows>]) -> Result<(), Error> {
    let snapshot = db.snapshot();
    let mut first = None;
    for table in tables {
        table.look(&snapshot, &mut |place, associated, sealed| {
            let opens = associated.is_some_and(|associated| seal.open(associated, sealed).is_ok());
            if !(opens && seal.is_newest(sealed)) {
                first.get_or_insert_with(|| format!("{place} is not sealed with the newest key"));
            }
        })?;
    }
    if let Some(what) = first {
        return Err(Error::Value(what));
    }
    db.write_blocking(|tx| {
        let mut keys: Vec<_> = store::all(tx)?.into_iter().map(|(key, _)| key).filter(|key| key.0 == SEALS).collect();
        keys.pop();
        for key in keys {
            store::remove(tx, key)?;
        }
        Ok(())
    })
}

/// Opens every sealed value and says which do not; returns how many there are.
///
/// # Errors
/// When the store cannot be read.
pub fn check(
    read: &dyn ReadBytes,
    seal: &SealKey,
    tables: &[Arc<dyn SealedRows>],
    found: &mut dyn FnMut(String),
) -> Result<u64, storage::Error> {
    let mut count = 0;
    for table in tables {
        table.look(read, &mut |place, associated, sealed| {
            count += 1;
            match associated.map(|associated| seal.open(associated, sealed)) {
                Some(Ok(_)) => {}
                Some(Err(error)) => found(format!("{place}: the sealed value {error}")),
                None => found(format!("{place}: the sealed value belongs to nothing")),
            }
        })?;
    }
    Ok(count)
}
