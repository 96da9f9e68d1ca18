//! Reads a keyspace's list of tables (lsm-tree 3.1.10) without opening the keyspace.
//!
//! `current` holds a version number u64, the XXH3-128 of the version file and a zero byte. The version
//! file `v<number>` is an archive of named sections that ends in a table of contents and a 38-byte
//! trailer; its section `tables` lists levels, runs and tables. A table is such an archive too; its
//! section `meta` is a block of key-value pairs. Integers are little-endian.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::xxh3_128;

use super::{GuardError, error::At as _};

/// Name of a keyspace's pointer file.
pub(super) const POINTER_FILE: &str = "current";
/// Name of the folder a keyspace keeps its tables in.
pub(super) const TABLES_FOLDER: &str = "tables";

const TRAILER_LEN: usize = 4 + 1 + 1 + 16 + 8 + 8;

/// One table a keyspace consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The file.
    pub path: PathBuf,
    /// XXH3-128 of the whole file.
    pub checksum: u128,
    /// The highest sequence number of a row in it.
    pub highest_seqno: u64,
}

/// Reads the tables of the keyspace in `dir`; every named file is known to exist.
pub(super) fn read(dir: &Path) -> Result<Vec<Table>, GuardError> {
    let pointer_path = dir.join(POINTER_FILE);
    let pointer = read_present(&pointer_path, "the keyspace's pointer file is missing")?;
    let (number, checksum) =
        parse_pointer(&pointer).ok_or_else(|| GuardError::damaged(&pointer_path, "the pointer file is malformed"))?;

    let version_path = dir.join(format!("v{number}"));
    let version = read_present(&version_path, "the version file named by the pointer file is missing")?;
    if xxh3_128(&version) != checksum {
        let what = "the checksum in the pointer file does not match the version file";
        return Err(GuardError::damaged(&version_path, what));
    }
    let tables =
        parse_tables(&version).ok_or_else(|| GuardError::damaged(&version_path, "the version file is malformed"))?;

    let folder = dir.join(TABLES_FOLDER);
    let mut found = Vec::with_capacity(tables.len());
    for Entry { id, checksum, seqno_offset } in tables {
        let path = folder.join(id.to_string());
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(GuardError::missing(&path, "a table of the store is missing"));
            }
            other => other.reading(&path)?,
        };
        let highest = highest_seqno(&file).reading(&path)?;
        let highest_seqno = highest
            .and_then(|seqno| seqno.checked_add(seqno_offset))
            .ok_or_else(|| GuardError::damaged(&path, "the table is cut short or its description is damaged"))?;
        found.push(Table { path, checksum, highest_seqno });
    }
    Ok(found)
}

fn read_present(path: &Path, missing: &str) -> Result<Vec<u8>, GuardError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(GuardError::missing(path, missing)),
        other => other.reading(path),
    }
}

fn parse_pointer(bytes: &[u8]) -> Option<(u64, u128)> {
    let mut reader = Reader(bytes);
    let number = reader.u64()?;
    let checksum = reader.u128()?;
    (reader.u8()? == 0 && reader.0.is_empty()).then_some((number, checksum))
}

struct Entry {
    id: u64,
    checksum: u128,
    /// Added to the sequence numbers in the table.
    seqno_offset: u64,
}

fn parse_tables(archive: &[u8]) -> Option<Vec<Entry>> {
    let (_, trailer) = archive.split_at_checked(archive.len().checked_sub(TRAILER_LEN)?)?;
    let contents = Contents::parse(trailer, |from, len| archive.get(from..from.checked_add(len)?).map(<[u8]>::to_vec))?;
    let (at, len) = contents.find(b"tables")?;
    parse_levels(archive.get(at..at.checked_add(len)?)?)
}

fn parse_levels(section: &[u8]) -> Option<Vec<Entry>> {
    let mut reader = Reader(section);
    let mut tables = Vec::new();
    for _level in 0..reader.u8()? {
        for _run in 0..reader.u8()? {
            for _table in 0..reader.u32()? {
                let id = reader.u64()?;
                if reader.u8()? != 0 {
                    return None;
                }
                tables.push(Entry { id, checksum: reader.u128()?, seqno_offset: reader.u64()? });
            }
        }
    }
    reader.0.is_empty().then_some(tables)
}

/// Reads a table's description; `None` when it is damaged.
fn highest_seqno(file: &File) -> io::Result<Option<u64>> {
    let len = file.metadata()?.len();
    let read = |from: u64, len: usize| -> io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; len];
        match file.read_exact_at(&mut bytes, from) {
            Ok(()) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    };
    let Some(trailer_at) = len.checked_sub(TRAILER_LEN as u64) else { return Ok(None) };
    let Some(trailer) = read(trailer_at, TRAILER_LEN)? else { return Ok(None) };
    let mut failure = None;
    let mut part = |from: usize, part_len: usize| {
        // A damaged length must not ask for more memory than the file could fill.
        let is_inside = (from as u64).checked_add(part_len as u64).is_some_and(|end| end <= len);
        is_inside.then(|| read(from as u64, part_len).map_err(|error| failure = Some(error)).ok().flatten())?
    };
    let found = Contents::parse(&trailer, &mut part).and_then(|contents| {
        let (at, part_len) = contents.find(b"meta")?;
        parse_meta(&part(at, part_len)?)
    });
    failure.map_or(Ok(found), Err)
}

/// Finds the highest sequence number in a block of properties.
///
/// Header: `LSM\x03`, block type, XXH3-128 of the data, its length twice, 4 bytes of header checksum. Each
/// property: a zero, sequence number 0, length and text of the name, length and bytes of the value.
fn parse_meta(block: &[u8]) -> Option<u64> {
    let mut header = Reader(block);
    let is_known = header.slice(4)? == b"LSM\x03" && header.u8().is_some();
    let checksum = header.u128()?;
    let len = usize::try_from(header.u32()?).ok()?;
    header.slice(8)?;
    let data = header.slice(len)?;
    if !is_known || xxh3_128(data) != checksum {
        return None;
    }
    let mut properties = Reader(data);
    while properties.u8()? == 0 && properties.varint()? == 0 {
        let name_len = properties.varint()?;
        let name = properties.slice(name_len)?;
        let value_len = properties.varint()?;
        let value = properties.slice(value_len)?;
        if name == b"seqno#max" {
            return value.try_into().ok().map(u64::from_le_bytes);
        }
    }
    None
}

/// The table of contents of an archive.
struct Contents(Vec<u8>);

impl Contents {
    fn parse(trailer: &[u8], mut part: impl FnMut(usize, usize) -> Option<Vec<u8>>) -> Option<Self> {
        let mut trailer = Reader(trailer);
        let is_known = trailer.slice(4)? == b"SFA!" && trailer.u8()? == 1 && trailer.u8()? == 0;
        let checksum = trailer.u128()?;
        let at = usize::try_from(trailer.u64()?).ok()?;
        let len = usize::try_from(trailer.u64()?).ok()?;
        let contents = part(at, len)?;
        (is_known && xxh3_128(&contents) == checksum).then_some(Self(contents))
    }

    /// Where a section stands and how long it is.
    fn find(&self, name: &[u8]) -> Option<(usize, usize)> {
        let mut contents = Reader(&self.0);
        if contents.slice(4)? != b"TOC!" {
            return None;
        }
        for _ in 0..contents.u32()? {
            let at = usize::try_from(contents.u64()?).ok()?;
            let len = usize::try_from(contents.u64()?).ok()?;
            let name_len = usize::from(contents.u16()?);
            if contents.slice(name_len)? == name {
                return Some((at, len));
            }
        }
        None
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn slice(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }

    /// A length in seven-bit groups, lowest first.
    fn varint(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..28).step_by(7) {
            let byte = self.u8()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_le_bytes)
    }
}
