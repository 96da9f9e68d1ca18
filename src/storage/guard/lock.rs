//! One process per data directory: an exclusive lock on `lock`, freed by the system when the process ends.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{GuardError, error::At as _};

/// Name of the lock file.
pub const LOCK_FILE: &str = "lock";

/// A second process has to give up within a second.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// The held lock; dropping it lets another process in.
#[derive(Debug)]
pub struct DirLock {
    file: File,
    path: PathBuf,
    is_new: bool,
}

impl DirLock {
    /// Takes the lock; waits a moment only, for a process that is just ending.
    pub(super) fn take(dir: &Path) -> Result<Self, GuardError> {
        let path = dir.join(LOCK_FILE);
        let mut attempts = 0;
        loop {
            let (file, is_new) = open(&path).writing(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if attempts < ATTEMPTS => {
                    attempts += 1;
                    thread::sleep(PAUSE);
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(GuardError::InUse { dir: dir.to_path_buf(), holder: holder(&file) });
                }
                Err(TryLockError::Error(source)) => return Err(GuardError::from_io(&path, "locking", source)),
            }
            // A process that was refused may have removed the file it had created; then ours is nobody's lock.
            if is_same(&file, &path).reading(&path)? {
                return Ok(Self { file, path, is_new });
            }
        }
    }

    /// Writes the process number for the message another process shows.
    pub(super) fn sign(&mut self) -> Result<(), GuardError> {
        let text = format!("{}\n", std::process::id());
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(text.as_bytes())
        };
        write(&mut self.file).writing(&self.path)
    }

    /// Gives the lock back without leaving a file that was not there before.
    pub(in crate::storage) fn give_back(self) {
        if self.is_new {
            // The refusal is what the operator must read; a stray empty lock file would be harmless.
            drop(fs::remove_file(&self.path));
        }
    }
}

impl Drop for DirLock {
    /// Unlocks by name: a child process that is just being started still holds a copy of the file handle.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the data directory could not be unlocked");
        }
    }
}

fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.open(path) {
        Ok(file) => Ok((file, false)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match options.create_new(true).open(path) {
            Ok(file) => Ok((file, true)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open(path),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok(ours.ino() == named.ino() && ours.dev() == named.dev()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn holder(mut file: &File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text).map(|_| text.trim().parse::<u32>()) {
        Ok(Ok(process)) => format!("process {process}"),
        _ => "another process".to_owned(),
    }
}
