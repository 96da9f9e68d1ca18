//! Blobs as files below one folder.
//!
//! A blob is written to `.new/<random>`, synced, renamed to its place, and the folders that name it are synced. What an
//! interrupted process left in `.new` is removed at the next start, before anything is written.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    future::ready,
    io::{self, Write as _},
    ops::Range,
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use tokio::sync::Mutex;

use super::{BlobKey, BlobStore, BlobWriter, Entry, Error, Pending};
use crate::base::Random;

/// Where blobs are written before they are whole.
const DRAFTS: &str = ".new";

/// The blobs of a folder.
#[derive(Debug)]
pub struct LocalBlobs {
    root: PathBuf,
    random: Arc<dyn Random>,
    /// Held by the probe under way, also when nobody waits for it any more: a folder that hangs holds one thread of them.
    probing: Arc<Mutex<()>>,
}

impl LocalBlobs {
    /// Opens the folder, makes it when missing and removes what an interrupted process left; blocks.
    ///
    /// # Errors
    /// When the folder cannot be made or written.
    pub fn open(root: &Path, random: Arc<dyn Random>) -> io::Result<Self> {
        let drafts = root.join(DRAFTS);
        match fs::remove_dir_all(&drafts) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        make_folder(&drafts)?;
        sync_folder(root)?;
        if let Some(parent) = root.parent().filter(|parent| *parent != Path::new("")) {
            sync_folder(parent)?;
        }
        Ok(Self { root: root.to_owned(), random, probing: Arc::default() })
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(key.as_str())
    }
}

impl BlobStore for LocalBlobs {
    fn begin<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, Box<dyn BlobWriter>> {
        let draft = self.root.join(DRAFTS).join(format!("{:016x}", self.random.next_u64()));
        let (root, path) = (self.root.clone(), self.path(key));
        Box::pin(async move {
            let draft = blocking(move || Draft::make(draft)).await?;
            let writer: Box<dyn BlobWriter> = Box::new(LocalWriter { root, path, draft: Some(draft) });
            Ok(writer)
        })
    }

    fn size<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, Option<u64>> {
        let path = self.path(key);
        Box::pin(blocking(move || match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
            Ok(_) => Ok(None),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }))
    }

    fn read<'a>(&'a self, key: &'a BlobKey, range: Range<u64>) -> Pending<'a, Bytes> {
        let (path, key) = (self.path(key), key.clone());
        Box::pin(blocking(move || {
            let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
            let mut bytes = vec![0; length];
            let read = File::open(path).and_then(|file| file.read_exact_at(&mut bytes, range.start));
            match read {
                Ok(()) => Ok(bytes.into()),
                Err(error) if is_absent(&error) || error.kind() == io::ErrorKind::UnexpectedEof => {
                    Err(Error::NotFound(key))
                }
                Err(error) => Err(error.into()),
            }
        }))
    }

    fn delete<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, ()> {
        let (root, path) = (self.root.clone(), self.path(key));
        Box::pin(blocking(move || {
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if is_absent(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            let Some(folder) = path.parent() else { return Ok(()) };
            sync_folder(folder)?;
            remove_empty(&root, folder);
            Ok(())
        }))
    }

    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a BlobKey>, limit: usize) -> Pending<'a, Vec<Entry>> {
        let (root, prefix, after) = (self.root.clone(), prefix.to_owned(), after.cloned());
        Box::pin(blocking(move || {
            let mut walk =
                Walk { prefix: &prefix, after: after.as_ref().map(BlobKey::as_str), limit, found: Vec::new() };
            walk.folder(&root, "")?;
            Ok(walk.found)
        }))
    }

    fn probe(&self) -> Pending<'_, ()> {
        let folders = [self.root.clone(), self.root.join(DRAFTS)];
        let Ok(guard) = Arc::clone(&self.probing).try_lock_owned() else {
            return Box::pin(ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the folder does not answer").into())));
        };
        Box::pin(blocking(move || {
            let _guard = guard;
            for folder in folders {
                fs::read_dir(&folder)?;
                // A disk that can only be read is told, too.
                let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
                accessat(CWD, &folder, wanted, AtFlags::EACCESS).map_err(io::Error::from)?;
            }
            Ok(())
        }))
    }
}

#[derive(Debug)]
struct LocalWriter {
    root: PathBuf,
    path: PathBuf,
    /// Away while it is written to.
    draft: Option<Draft>,
}

impl BlobWriter for LocalWriter {
    fn write(&mut self, bytes: Bytes) -> Pending<'_, ()> {
        Box::pin(async move {
            // A write that was given up half-way has taken the draft with it.
            let mut draft = self.draft.take().ok_or_else(|| io::Error::other("an earlier write failed"))?;
            let draft = blocking(move || {
                draft.file.write_all(&bytes)?;
                Ok(draft)
            });
            self.draft = Some(draft.await?);
            Ok(())
        })
    }

    fn finish(mut self: Box<Self>) -> Pending<'static, ()> {
        Box::pin(blocking(move || {
            let mut draft = self.draft.take().ok_or_else(|| io::Error::other("an earlier write failed"))?;
            draft.file.sync_all()?;
            let folder = self.path.parent().unwrap_or(&self.root);
            place(&draft.path, &self.path, folder)?;
            draft.is_placed = true;
            // The folders may be new, so every one up to the root is synced.
            for folder in folder.ancestors().take_while(|folder| folder.starts_with(&self.root)) {
                sync_folder(folder)?;
            }
            Ok(())
        }))
    }
}

/// Renames the draft; its folder may be removed between the two steps by a deletion that found it empty.
fn place(draft: &Path, path: &Path, folder: &Path) -> io::Result<()> {
    const TRIES: usize = 5;
    for _ in 1..TRIES {
        make_folder(folder)?;
        match fs::rename(draft, path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
    }
    make_folder(folder)?;
    fs::rename(draft, path)
}

/// A file that nobody sees yet; removed when it does not get its place.
#[derive(Debug)]
struct Draft {
    path: PathBuf,
    file: File,
    is_placed: bool,
}

impl Draft {
    fn make(path: PathBuf) -> Result<Self, Error> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path, file, is_placed: false })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_placed {
            // What stays is removed at the next start.
            drop(fs::remove_file(&self.path));
        }
    }
}

struct Walk<'a> {
    prefix: &'a str,
    after: Option<&'a str>,
    limit: usize,
    found: Vec<Entry>,
}

impl Walk<'_> {
    /// Visits a folder in the order of keys: a folder sorts as its name with the `/` behind it.
    fn folder(&mut self, folder: &Path, above: &str) -> Result<(), Error> {
        let entries = match fs::read_dir(folder) {
            Err(error) if is_absent(&error) => return Ok(()),
            other => other?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_folder = entry.file_type()?.is_dir();
            let key = format!("{above}{name}{}", if is_folder { "/" } else { "" });
            if name != DRAFTS && self.may_hold(&key, is_folder) {
                names.push((key, entry.path(), is_folder));
            }
        }
        names.sort();
        for (key, path, is_folder) in names {
            if self.found.len() >= self.limit {
                break;
            }
            if is_folder {
                self.folder(&path, &key)?;
            } else if let Ok(key) = key.parse() {
                match fs::metadata(&path) {
                    Ok(metadata) => self.found.push(Entry { key, size_bytes: metadata.len() }),
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Whether the key, or what is below the folder, can belong to the page.
    fn may_hold(&self, key: &str, is_folder: bool) -> bool {
        let fits = key.starts_with(self.prefix) || is_folder && self.prefix.starts_with(key);
        let is_left = self.after.is_none_or(|after| key > after || is_folder && after.starts_with(key));
        fits && is_left
    }
}

/// What is in a folder of blobs, for a check that runs beside no server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Survey {
    /// Blobs that are whole.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Drafts that an interrupted process left; the next start removes them.
    pub drafts: u64,
    /// Files that are no blob.
    pub strange: u64,
    /// Whether there is more than was looked at.
    pub is_partial: bool,
}

/// Counts what is in a folder of blobs; one that is not there has nothing in it. Blocks and changes nothing.
///
/// # Errors
/// When the folder cannot be read.
pub fn survey(root: &Path) -> io::Result<Survey> {
    survey_first(root, u64::MAX)
}

/// The same for a folder that is in use, with so many files at most.
///
/// # Errors
/// As [`survey`].
pub fn survey_first(root: &Path, files_max: u64) -> io::Result<Survey> {
    let mut survey = Survey::default();
    count(root, "", (&mut survey, files_max), &mut |_, _| {})?;
    Ok(survey)
}

/// The blobs of a folder with their sizes, for a check that runs beside no server. Blocks and changes nothing.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(root: &Path) -> io::Result<BTreeMap<BlobKey, u64>> {
    let mut files = BTreeMap::new();
    count(root, "", (&mut Survey::default(), u64::MAX), &mut |key, size| {
        files.insert(key, size);
    })?;
    Ok(files)
}

fn count(
    folder: &Path,
    above: &str,
    (survey, files_max): (&mut Survey, u64),
    show: &mut dyn FnMut(BlobKey, u64),
) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(()),
        other => other?,
    };
    for entry in entries {
        if survey.blobs + survey.drafts + survey.strange >= files_max {
            survey.is_partial = true;
            return Ok(());
        }
        let entry = entry?;
        let key = format!("{above}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            count(&entry.path(), &format!("{key}/"), (survey, files_max), show)?;
        } else if key.strip_prefix(DRAFTS).is_some_and(|rest| rest.starts_with('/')) {
            survey.drafts += 1;
        } else {
            match key.parse::<BlobKey>() {
                Ok(key) if kind.is_file() => {
                    // A file may be removed while others are counted.
                    let size_bytes = match entry.metadata() {
                        Err(error) if is_absent(&error) => continue,
                        other => other?.len(),
                    };
                    survey.blobs += 1;
                    survey.bytes += size_bytes;
                    show(key, size_bytes);
                }
                _ => survey.strange += 1,
            }
        }
    }
    Ok(())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        // Another deletion may just have removed an empty folder.
        Err(error) if is_absent(&error) => Ok(()),
        other => other?.sync_all(),
    }
}

/// Removes the folders up to the root that a deletion has left empty.
fn remove_empty(root: &Path, folder: &Path) {
    for folder in folder.ancestors().take_while(|folder| *folder != root && folder.starts_with(root)) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Io(io::Error::other(error)))?
}
