//! Tables whose rows hold sealed values: walked to be checked, and to be sealed with a newer key.

use std::ops::ControlFlow;

use super::Error;
use crate::{
    base::{Random, SealKey},
    storage::{self, Key, KeyRange, Order, Read, ReadBytes, Space, Table, Tx, Value, engine::VisitBytes},
};

/// Any way to read the store, for descriptions that must not care which.
pub struct Reading<'a>(pub &'a dyn ReadBytes);

impl ReadBytes for Reading<'_> {
    fn get_bytes(&self, space: Space, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), storage::Error> {
        self.0.get_bytes(space, key, found)
    }

    fn scan_bytes(
        &self,
        space: Space,
        start: &[u8],
        end: &[u8],
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), storage::Error> {
        self.0.scan_bytes(space, start, end, order, visit)
    }
}

/// What a value is bound to; `None` when it belongs to nothing.
type Associated = Option<Vec<u8>>;
/// Shown for each sealed value: where it stands, what it is bound to, its bytes.
type Look<'a> = dyn FnMut(&str, Option<&[u8]>, &[u8]) + 'a;

/// A table whose rows may hold one sealed value each.
pub struct SealedTable<K, V> {
    /// The table.
    pub table: Table<K, V>,
    /// What the value of a row is bound to.
    pub associated: fn(&Reading<'_>, &K, &V) -> Result<Associated, storage::Error>,
    /// The sealed value, if the row holds one.
    pub sealed: fn(&V) -> Option<&[u8]>,
    /// Puts another sealed value in its place.
    pub replace: fn(&mut V, Vec<u8>),
}

/// A [`SealedTable`] of any kind.
pub trait SealedRows: Send + Sync {
    /// Shows every sealed value.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn look(&self, read: &dyn ReadBytes, visit: &mut Look<'_>) -> Result<(), storage::Error>;

    /// Seals with the newest key what an older one sealed, in up to `limit` rows after the key `after`; says how many
    /// it sealed, and the last key it looked at unless that was the end.
    ///
    /// # Errors
    /// [`Error::Value`] for a value that does not open; [`Error::Storage`].
    fn seal_anew(
        &self,
        tx: &mut Tx<'_>,
        keys: (&SealKey, &dyn Random),
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<(u64, Option<Vec<u8>>), Error>;
}

impl<K: Key, V: Value> SealedTable<K, V> {
    fn place(&self, key: &K) -> String {
        let mut place = format!("{}/", self.table.spec().name);
        for byte in encoded(key) {
            for digit in [byte >> 4, byte & 15] {
                place.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        place
    }
}

fn encoded(key: &impl Key) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode(&mut bytes);
    bytes
}

impl<K: Key, V: Value> SealedRows for SealedTable<K, V> {
    fn look(&self, read: &dyn ReadBytes, visit: &mut Look<'_>) -> Result<(), storage::Error> {
        let reading = Reading(read);
        let mut failure = None;
        reading.scan(self.table, &KeyRange::all(), Order::Ascending, &mut |key, row| {
            let Some(sealed) = (self.sealed)(&row) else { return ControlFlow::Continue(()) };
            match (self.associated)(&reading, &key, &row) {
                Ok(associated) => {
                    visit(&self.place(&key), associated.as_deref(), sealed);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    fn seal_anew(
        &self,
        tx: &mut Tx<'_>,
        (seal, random): (&SealKey, &dyn Random),
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<(u64, Option<Vec<u8>>), Error> {
        let range = after.map_or_else(KeyRange::all, |key| KeyRange::after(&key.to_vec()));
        let rows = tx.list(self.table, &range, Order::Ascending, limit)?;
        let last = (rows.len() == limit).then(|| rows.last().map(|(key, _)| encoded(key))).flatten();
        let mut count = 0;
        for (key, mut row) in rows {
            let Some(sealed) = (self.sealed)(&row).filter(|sealed| !seal.is_newest(sealed)) else { continue };
            let fail = |what: String| Error::Value(format!("{}: the sealed value {what}", self.place(&key)));
            let associated = (self.associated)(&Reading(&*tx), &key, &row)?;
            let associated = associated.ok_or_else(|| fail("belongs to nothing".to_owned()))?;
            let plain = seal.open(&associated, sealed).map_err(|error| fail(error.to_string()))?;
            let anew = seal.seal(random, &associated, &plain);
            (self.replace)(&mut row, anew);
            tx.put(self.table, &key, &row)?;
            count += 1;
        }
        Ok((count, last))
    }
}
