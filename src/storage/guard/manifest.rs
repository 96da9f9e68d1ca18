//! Reads a keyspace's list of tables (lsm-tree 3.1.10) without opening the keyspace.
//!
//! `current` holds a version number u64, the XXH3-128 of the version file and a zero byte. The version
//! file `v<number>` is an archive of named sections that ends in a table of contents and a 38-byte
//! trailer; its section `tables` lists levels, runs and tables. Integers are little-endian.

use std::{
    fs, io,
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
    for (id, checksum) in tables {
        let path = folder.join(id.to_string());
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() && metadata.len() > TRAILER_LEN as u64 => {}
            Ok(_) => return Err(GuardError::damaged(&path, "the table is empty or not a file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(GuardError::missing(&path, "a table of the store is missing"));
            }
            Err(error) => return Err(error).reading(&path),
        }
        found.push(Table { path, checksum });
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

fn parse_tables(archive: &[u8]) -> Option<Vec<(u64, u128)>> {
    let (_, trailer) = archive.split_at_checked(archive.len().checked_sub(TRAILER_LEN)?)?;
    let mut trailer = Reader(trailer);
    let is_known = trailer.slice(4)? == b"SFA!" && trailer.u8()? == 1 && trailer.u8()? == 0;
    let contents_checksum = trailer.u128()?;
    let contents_at = usize::try_from(trailer.u64()?).ok()?;
    let contents_len = usize::try_from(trailer.u64()?).ok()?;
    let contents = archive.get(contents_at..contents_at.checked_add(contents_len)?)?;
    if !is_known || xxh3_128(contents) != contents_checksum {
        return None;
    }

    let mut contents = Reader(contents);
    if contents.slice(4)? != b"TOC!" {
        return None;
    }
    for _ in 0..contents.u32()? {
        let at = usize::try_from(contents.u64()?).ok()?;
        let len = usize::try_from(contents.u64()?).ok()?;
        let name_len = usize::from(contents.u16()?);
        if contents.slice(name_len)? == b"tables" {
            return parse_levels(archive.get(at..at.checked_add(len)?)?);
        }
    }
    None
}

fn parse_levels(section: &[u8]) -> Option<Vec<(u64, u128)>> {
    let mut reader = Reader(section);
    let mut tables = Vec::new();
    for _level in 0..reader.u8()? {
        for _run in 0..reader.u8()? {
            for _table in 0..reader.u32()? {
                let id = reader.u64()?;
                if reader.u8()? != 0 {
                    return None;
                }
                tables.push((id, reader.u128()?));
                reader.u64()?;
            }
        }
    }
    reader.0.is_empty().then_some(tables)
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
