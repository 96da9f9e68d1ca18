//! Small durable file operations: what they return after is on the disk.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

/// Makes the entries of a directory durable: creations, renames and removals in it.
pub(in crate::storage) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Makes a whole tree durable, files before the directories that name them.
pub(in crate::storage) fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}

/// Writes a new file and makes it and its name durable; fails if it exists.
pub(in crate::storage) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), sync_dir)
}
