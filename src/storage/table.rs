//! Typed tables above bytes: how values are framed, checked and read.
//!
//! A stored value is `format u8 | checksum u32 | payload`. The checksum covers payload and
//! whole key (XXH3, low 32 bits), so a value that the disk returns for another key is noticed.

use std::{marker::PhantomData, ops::ControlFlow};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{
    counters::{COUNTERS, CounterKey},
    engine::VisitBytes,
    error::Error,
    key::{Key, KeyRange, Order},
    keyspaces::{Space, TableSpec},
};

/// A value with a format number, so that a later release can tell old bytes from new.
pub trait Value: Sized {
    /// The format that [`Value::encode`] writes.
    const FORMAT: u8;

    /// Appends the payload.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads a payload written in `format`; `None` when it does not fit.
    fn decode(format: u8, bytes: &[u8]) -> Option<Self>;
}

impl Value for () {
    const FORMAT: u8 = 0;

    fn encode(&self, _out: &mut Vec<u8>) {}

    fn decode(format: u8, bytes: &[u8]) -> Option<Self> {
        (format == 0 && bytes.is_empty()).then_some(())
    }
}

impl Value for i64 {
    const FORMAT: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn decode(format: u8, bytes: &[u8]) -> Option<Self> {
        (format == 1).then_some(())?;
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

/// Implements [`Value`] with postcard: compact, positional. For hot rows; a changed struct needs a new format.
///
/// A row of an older format that only ended earlier is read by the bytes of what it lacks: `2, 1 + [0; 4]`.
#[macro_export]
macro_rules! postcard_value {
    ($type:ty, $format:literal $(, $old:literal + $lacking:expr)*) => {
        impl $crate::storage::Value for $type {
            const FORMAT: u8 = $format;

            fn encode(&self, out: &mut Vec<u8>) {
                let buffer = std::mem::take(out);
                *out = postcard::to_extend(self, buffer).expect("a row in memory is always encodable");
            }

            fn decode(format: u8, bytes: &[u8]) -> Option<Self> {
                match format {
                    $format => postcard::from_bytes(bytes).ok(),
                    $($old => postcard::from_bytes(&[bytes, &$lacking[..]].concat()).ok(),)*
                    _ => None,
                }
            }
        }
    };
}

/// Implements [`Value`] with MessagePack and field names: tolerates added optional fields. For entities.
#[macro_export]
macro_rules! named_value {
    ($type:ty, $format:literal) => {
        impl $crate::storage::Value for $type {
            const FORMAT: u8 = $format;

            fn encode(&self, out: &mut Vec<u8>) {
                rmp_serde::encode::write_named(out, self).expect("a row in memory is always encodable");
            }

            fn decode(format: u8, bytes: &[u8]) -> Option<Self> {
                if format != $format {
                    return None;
                }
                rmp_serde::from_slice(bytes).ok()
            }
        }
    };
}

/// A typed view of one table of the catalogue.
#[derive(Debug)]
pub struct Table<K, V> {
    spec: TableSpec,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Table<K, V> {}

impl<K: Key, V: Value> Table<K, V> {
    /// Gives a table of the catalogue its types.
    #[must_use]
    pub const fn of(spec: TableSpec) -> Self {
        Self { spec, types: PhantomData }
    }

    /// The catalogue entry.
    #[must_use]
    pub const fn spec(self) -> TableSpec {
        self.spec
    }

    pub(super) fn engine_key(self, key: &K) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48);
        bytes.push(self.spec.number);
        key.encode(&mut bytes);
        bytes
    }

    /// The stored form of a value under this key.
    pub(super) fn frame(engine_key: &[u8], value: &V) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.extend_from_slice(&[V::FORMAT, 0, 0, 0, 0]);
        value.encode(&mut bytes);
        seal(engine_key, &mut bytes);
        bytes
    }

    fn open(self, engine_key: &[u8], stored: &[u8]) -> Result<V, Error> {
        let corrupt = |reason| corrupt(self.spec, engine_key, reason);
        let (format, payload) = unseal(engine_key, stored).map_err(corrupt)?;
        V::decode(format, payload).ok_or_else(|| corrupt("its format is unknown or its fields do not fit"))
    }

    fn open_key(self, engine_key: &[u8]) -> Result<K, Error> {
        let misfit = || corrupt(self.spec, engine_key, "its key does not fit the table");
        let mut rest = engine_key.get(1..).unwrap_or_default();
        let key = K::decode(&mut rest).ok_or_else(misfit)?;
        if rest.is_empty() { Ok(key) } else { Err(misfit()) }
    }
}

/// Writes the checksum into a frame whose payload is complete.
fn seal(engine_key: &[u8], frame: &mut [u8]) {
    let Some((head, payload)) = frame.split_at_mut_checked(HEADER_BYTES) else { return };
    let sum = checksum(engine_key, head.first().copied().unwrap_or_default(), payload);
    for (to, from) in head.iter_mut().skip(1).zip(sum) {
        *to = from;
    }
}

/// Format and checksum before the payload.
pub(super) const HEADER_BYTES: usize = 5;

/// Checks a stored value against its key; gives its format and payload.
///
/// # Errors
/// What does not fit, in words.
pub(crate) fn unseal<'a>(engine_key: &[u8], stored: &'a [u8]) -> Result<(u8, &'a [u8]), &'static str> {
    let (head, payload) = stored.split_at_checked(HEADER_BYTES).ok_or("it is shorter than its header")?;
    let [format, sum @ ..] = head else { return Err("it is shorter than its header") };
    if *sum == checksum(engine_key, *format, payload) {
        Ok((*format, payload))
    } else {
        Err("its checksum does not match")
    }
}

fn checksum(engine_key: &[u8], format: u8, payload: &[u8]) -> [u8; 4] {
    let seed = xxh3_64(engine_key).wrapping_add(u64::from(format));
    (xxh3_64_with_seed(payload, seed) as u32).to_le_bytes()
}

fn corrupt(spec: TableSpec, engine_key: &[u8], reason: &'static str) -> Error {
    let mut key = String::with_capacity(engine_key.len() * 2);
    for byte in engine_key.iter().skip(1) {
        for digit in [byte >> 4, byte & 15] {
            key.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    Error::Corrupt { table: spec.name, key, reason }
}

/// Byte-level reading; what [`Read`] is built on.
pub trait ReadBytes {
    /// Shows the stored bytes of a key, if there are any.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine cannot read.
    fn get_bytes(&self, space: Space, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), Error>;

    /// Shows the rows from `start` inclusive to `end` exclusive until `visit` breaks.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine cannot read.
    fn scan_bytes(
        &self,
        space: Space,
        start: &[u8],
        end: &[u8],
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), Error>;
}

/// Rows with what could be read of them.
pub(super) type ReadRows<K, V> = Vec<(K, Result<V, Error>)>;

/// Typed reading, the same inside a transaction and on a snapshot.
pub trait Read: ReadBytes {
    /// The row at this key.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a damaged row, [`Error::Engine`] when the engine cannot read.
    fn get<K: Key, V: Value>(&self, table: Table<K, V>, key: &K) -> Result<Option<V>, Error> {
        let engine_key = table.engine_key(key);
        let mut row = None;
        self.get_bytes(table.spec.space, &engine_key, &mut |stored| row = Some(table.open(&engine_key, stored)))?;
        row.transpose()
    }

    /// Whether there is a row at this key.
    ///
    /// # Errors
    /// As [`Read::get`].
    fn exists<K: Key, V: Value>(&self, table: Table<K, V>, key: &K) -> Result<bool, Error> {
        let mut found = false;
        self.get_bytes(table.spec.space, &table.engine_key(key), &mut |_| found = true)?;
        Ok(found)
    }

    /// Shows the rows of a range in order until `visit` breaks; collects nothing.
    ///
    /// # Errors
    /// As [`Read::get`].
    fn scan<K: Key, V: Value>(
        &self,
        table: Table<K, V>,
        range: &KeyRange,
        order: Order,
        visit: &mut dyn FnMut(K, V) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut failure = None;
        self.scan_past_damage(table, range, order, &mut |key, value| match value {
            Ok(value) => visit(key, value),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Like [`Read::scan`], but shows a damaged row as its error and goes on behind it.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine cannot read, [`Error::Corrupt`] for a key that does not fit the table.
    fn scan_past_damage<K: Key, V: Value>(
        &self,
        table: Table<K, V>,
        range: &KeyRange,
        order: Order,
        visit: &mut dyn FnMut(K, Result<V, Error>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (start, end) = range.for_table(table.spec.number);
        let mut failure = None;
        self.scan_bytes(table.spec.space, &start, &end, order, &mut |engine_key, stored| match table
            .open_key(engine_key)
        {
            Ok(key) => visit(key, table.open(engine_key, stored)),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Like [`Read::list`], but a damaged row is told apart and does not hide the others.
    ///
    /// # Errors
    /// As [`Read::scan_past_damage`].
    fn list_past_damage<K: Key, V: Value>(
        &self,
        table: Table<K, V>,
        range: &KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<ReadRows<K, V>, Error> {
        let mut rows = Vec::new();
        if limit == 0 {
            return Ok(rows);
        }
        self.scan_past_damage(table, range, order, &mut |key, value| {
            rows.push((key, value));
            if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(rows)
    }

    /// The first `limit` rows of a range in order.
    ///
    /// # Errors
    /// As [`Read::get`].
    fn list<K: Key, V: Value>(
        &self,
        table: Table<K, V>,
        range: &KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(K, V)>, Error> {
        let mut rows = Vec::new();
        if limit == 0 {
            return Ok(rows);
        }
        self.scan(table, range, order, &mut |key, value| {
            rows.push((key, value));
            if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(rows)
    }

    /// The value of a maintained counter; zero when it was never changed.
    ///
    /// # Errors
    /// As [`Read::get`].
    fn counter(&self, key: &CounterKey) -> Result<i64, Error> {
        Ok(self.get(COUNTERS, key)?.unwrap_or(0))
    }
}

impl<R: ReadBytes> Read for R {}
