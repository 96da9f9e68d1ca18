//! Blobs: files that the appliance makes or is given, beside the store.
//!
//! Words: a *blob* is bytes under a *key*; a key is a path such as `reports/<company>/<report>`; a *writer* takes a blob
//! piece by piece and makes it visible, whole, when it is finished.
//!
//! Invariants:
//! - A key shows either nothing, the blob before, or the whole new one. What is acknowledged survives a crash.
//! - A writer that is dropped leaves nothing under its key.
//! - Nothing is read or held whole: writers take pieces, reads are of a range of at most [`READ_MAX`] bytes, lists have pages.
//! - Keys are made by this process and never from what somebody sent.
//!
//! A blob and the row that speaks of it are not one transaction. Whoever owns rows writes the blob first, the row with its
//! size and checksum after it, and removes the row before the blob; what a crash leaves under a key of its own is
//! overwritten by the next try or found by listing. Absent on purpose: copying, renaming, links for others to follow.

mod key;
mod local;
mod probe;
#[cfg(feature = "s3")]
mod s3;

use std::{fmt, io, ops::Range, pin::Pin, sync::Arc};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

pub use key::{BlobKey, KeyError};
pub use local::{LocalBlobs, Survey, files, survey, survey_first};
pub use probe::Probe;
#[cfg(feature = "s3")]
pub use s3::{S3Blobs, S3Settings, SettingsError as S3SettingsError};

/// The largest range of one read.
pub const READ_MAX: u64 = 512 << 10;
/// The most keys in one page of a list.
pub const LIST_MAX: usize = 1_000;

/// What a call of a store gives, later.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Why a blob could not be written, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no blob under this key, or none that is so long.
    #[error("there is no blob {0} of that size")]
    NotFound(BlobKey),
    /// The folder of blobs cannot be used.
    #[error("blobs cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// The service that keeps blobs refused or could not be reached.
    #[error("the blob service cannot be used: {0}")]
    Service(String),
    /// The service refuses the access key, or what it may do.
    #[error("the blob service refuses the access key: {0}")]
    Refused(String),
    /// The service has no such bucket.
    #[error("the bucket of blobs is not there: {0}")]
    NoBucket(String),
    /// The blob is longer than the caller takes.
    #[error("the blob {key} has {size_bytes} bytes, more than {max_bytes}")]
    TooLarge {
        /// The blob.
        key: BlobKey,
        /// Its size.
        size_bytes: u64,
        /// What the caller takes.
        max_bytes: u64,
    },
}

impl Error {
    /// What is wrong, for whoever uses the files and does not run the server: no address, path or name of a bucket.
    #[must_use]
    pub const fn in_words(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "a file is not there",
            Self::Io(_) => "the disk of the server refuses them",
            Self::Service(_) => "the service that keeps them cannot be reached, or does not answer as it should",
            Self::Refused(_) => "the service that keeps them refuses the access key of the server",
            Self::NoBucket(_) => "the service that keeps them has no such bucket",
            Self::TooLarge { .. } => "a file is larger than it should be",
        }
    }
}

/// A blob in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: BlobKey,
    /// Its size.
    pub size_bytes: u64,
}

/// Where blobs are kept: the local directory or a service; see the conformance suite for what each must do.
pub trait BlobStore: fmt::Debug + Send + Sync {
    /// Begins a blob; what is there under the key stays until the writer is finished.
    fn begin<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, Box<dyn BlobWriter>>;

    /// The size of a blob; `None` when there is none.
    fn size<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, Option<u64>>;

    /// The bytes of a range that lies inside the blob; at most [`READ_MAX`] bytes.
    fn read<'a>(&'a self, key: &'a BlobKey, range: Range<u64>) -> Pending<'a, Bytes>;

    /// Removes a blob; nothing happens when there is none.
    fn delete<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, ()>;

    /// Blobs whose keys begin with `prefix` and come after `after`, in the order of their keys, at most `limit`
    /// (and [`LIST_MAX`]) of them.
    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a BlobKey>, limit: usize) -> Pending<'a, Vec<Entry>>;

    /// Finds out whether the store can be used, by one small request that changes nothing.
    fn probe(&self) -> Pending<'_, ()>;
}

/// A blob on its way in. Dropping it discards what was written.
pub trait BlobWriter: fmt::Debug + Send {
    /// Adds bytes at the end.
    fn write(&mut self, bytes: Bytes) -> Pending<'_, ()>;

    /// Makes the blob durable and visible.
    fn finish(self: Box<Self>) -> Pending<'static, ()>;
}

/// What was stored: enough to find out later whether it is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The number of bytes.
    pub size_bytes: u64,
    /// The SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

/// The blobs of this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn BlobStore>,
}

impl Blobs {
    /// A handle over a store.
    #[must_use]
    pub fn new(store: Arc<dyn BlobStore>) -> Self {
        Self { store }
    }

    /// Begins a blob that is written piece by piece.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn begin(&self, key: &BlobKey) -> Result<Writer, Error> {
        let inner = self.store.begin(key).await?;
        Ok(Writer { inner, size_bytes: 0, hash: Sha256::new() })
    }

    /// Stores a blob that is at hand whole.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing has changed.
    pub async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<Stored, Error> {
        let mut writer = self.begin(key).await?;
        writer.write(bytes).await?;
        writer.finish().await
    }

    /// A whole blob of at most `max_bytes`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::TooLarge`], or when the store cannot be read.
    pub async fn get(&self, key: &BlobKey, max_bytes: u64) -> Result<Bytes, Error> {
        let size_bytes = self.size(key).await?.ok_or_else(|| Error::NotFound(key.clone()))?;
        if size_bytes > max_bytes {
            return Err(Error::TooLarge { key: key.clone(), size_bytes, max_bytes });
        }
        let mut whole = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or(0));
        let mut at = 0;
        while at < size_bytes {
            let end = size_bytes.min(at + READ_MAX);
            whole.extend_from_slice(&self.read(key, at..end).await?);
            at = end;
        }
        Ok(whole.into())
    }

    /// The bytes of a range that lies inside the blob.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when the blob is shorter; or when the store cannot be read.
    pub async fn read(&self, key: &BlobKey, range: Range<u64>) -> Result<Bytes, Error> {
        let wanted = range.end.saturating_sub(range.start);
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        if wanted > READ_MAX {
            return Err(Error::TooLarge { key: key.clone(), size_bytes: wanted, max_bytes: READ_MAX });
        }
        let bytes = self.store.read(key, range).await?;
        if bytes.len() as u64 == wanted { Ok(bytes) } else { Err(Error::NotFound(key.clone())) }
    }

    /// The size of a blob; `None` when there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn size(&self, key: &BlobKey) -> Result<Option<u64>, Error> {
        self.store.size(key).await
    }

    /// Removes a blob; nothing happens when there is none.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn delete(&self, key: &BlobKey) -> Result<(), Error> {
        self.store.delete(key).await
    }

    /// A page of the blobs whose keys begin with `prefix`, in the order of their keys.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self, prefix: &str, after: Option<&BlobKey>, limit: usize) -> Result<Vec<Entry>, Error> {
        self.store.list(prefix, after, limit.min(LIST_MAX)).await
    }

    async fn probe(&self) -> Result<(), Error> {
        self.store.probe().await
    }
}

/// A blob on its way in, measured. Dropping it discards what was written.
#[derive(Debug)]
pub struct Writer {
    inner: Box<dyn BlobWriter>,
    size_bytes: u64,
    hash: Sha256,
}

impl Writer {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When the store cannot be written; the blob is not finished then.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.size_bytes += bytes.len() as u64;
        self.hash.update(&bytes);
        self.inner.write(bytes).await
    }

    /// How many bytes were written so far.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Makes the blob durable and visible under its key.
    ///
    /// # Errors
    /// When the store cannot be written; the key shows what it did before.
    pub async fn finish(self) -> Result<Stored, Error> {
        self.inner.finish().await?;
        Ok(Stored { size_bytes: self.size_bytes, sha256: self.hash.finalize().into() })
    }
}
