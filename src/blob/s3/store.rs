//! The store over a bucket, and its writers.

use std::{fmt, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::{
    Error as ServiceError, MultipartUpload, ObjectStore as _, ObjectStoreExt as _, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use tokio_util::task::TaskTracker;

use super::connector::Connector;
use crate::{
    blob::{BlobKey, BlobStore, BlobWriter, Entry, Error, Pending},
    outbound::Client,
};

/// How the bucket is reached.
pub struct S3Settings {
    /// The bucket.
    pub bucket: String,
    /// Where the service is, without the bucket; none for Amazon's own.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The id of the access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    /// What every key begins with inside the bucket; empty, or a path with `/` at its end.
    pub prefix: String,
    /// Bytes of one part of an upload.
    pub part_bytes: usize,
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl S3Settings {
    /// Scheme, host and port of the service, as its URLs begin.
    ///
    /// # Errors
    /// [`SettingsError::Endpoint`] when it is no URL.
    pub fn origin(&self) -> Result<url::Origin, SettingsError> {
        let url = url::Url::parse(&self.endpoint()).map_err(|_| SettingsError::Endpoint)?;
        Ok(url.origin())
    }

    fn endpoint(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", self.region))
    }
}

/// Why a bucket cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The address of the service is no URL.
    #[error("the address of the S3 service is not a URL")]
    Endpoint,
    /// The prefix is not a path.
    #[error("the prefix inside the bucket is not a path of lower case letters, digits, \"_\", \"-\" and \".\"")]
    Prefix,
    /// Something else the library refuses.
    #[error("the S3 service cannot be used as configured: {0}")]
    Refused(String),
}

/// The blobs of a bucket.
pub struct S3Blobs {
    store: Arc<AmazonS3>,
    /// Empty, or with `/` at its end.
    prefix: String,
    part_bytes: usize,
    tracker: TaskTracker,
}

/// The library's own `Debug` would show the secret key.
impl fmt::Debug for S3Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Blobs").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl S3Blobs {
    /// A store over the bucket. Nothing is sent yet. Uploads that are given up are aborted in tasks of the tracker.
    ///
    /// # Errors
    /// [`SettingsError`] says what to change.
    pub fn new(settings: S3Settings, client: Client, tracker: TaskTracker) -> Result<Self, SettingsError> {
        let prefix = match settings.prefix.trim_matches('/') {
            "" => String::new(),
            path => path.parse::<BlobKey>().map(|path| format!("{path}/")).map_err(|_| SettingsError::Prefix)?,
        };
        let origin = settings.origin()?.ascii_serialization();
        let is_plain = origin.starts_with("http:");
        let retry = RetryConfig { max_retries: 3, retry_timeout: Duration::from_mins(1), ..RetryConfig::default() };
        let store = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_endpoint(settings.endpoint())
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key)
            .with_secret_access_key(&settings.secret_key)
            .with_allow_http(is_plain)
            .with_retry(retry)
            // Services other than Amazon's often have no such request.
            .with_disable_bulk_delete(true)
            .with_http_connector(Connector { client, origin })
            .build()
            .map_err(|error| SettingsError::Refused(error.to_string()))?;
        Ok(Self { store: Arc::new(store), prefix, part_bytes: settings.part_bytes, tracker })
    }

    fn path(&self, key: &BlobKey) -> Path {
        // A key has nothing that the library would have to encode.
        Path::from(format!("{}{key}", self.prefix))
    }
}

/// A failure of a request that names no blob the caller could miss.
fn failed(error: ServiceError) -> Error {
    let text = error.to_string();
    match error {
        ServiceError::PermissionDenied { .. } | ServiceError::Unauthenticated { .. } => Error::Refused(text),
        ServiceError::NotFound { .. } => Error::NoBucket(text),
        _ => Error::Service(text),
    }
}

impl BlobStore for S3Blobs {
    fn begin<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, Box<dyn BlobWriter>> {
        let writer = S3Writer {
            store: Arc::clone(&self.store),
            path: self.path(key),
            part_bytes: self.part_bytes,
            collected: Vec::new(),
            collected_bytes: 0,
            upload: None,
            is_broken: false,
            tracker: self.tracker.clone(),
        };
        Box::pin(async move {
            let writer: Box<dyn BlobWriter> = Box::new(writer);
            Ok(writer)
        })
    }

    fn size<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, Option<u64>> {
        let path = self.path(key);
        Box::pin(async move {
            match self.store.head(&path).await {
                Ok(meta) => Ok(Some(meta.size)),
                Err(ServiceError::NotFound { .. }) => Ok(None),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn read<'a>(&'a self, key: &'a BlobKey, range: Range<u64>) -> Pending<'a, Bytes> {
        let path = self.path(key);
        Box::pin(async move {
            match self.store.get_range(&path, range.clone()).await {
                Ok(bytes) => Ok(bytes),
                // Services answer a range behind the end in more than one way.
                Err(error) => match self.size(key).await {
                    Ok(Some(size)) if size >= range.end => Err(failed(error)),
                    Ok(_) => Err(Error::NotFound(key.clone())),
                    Err(_) => Err(failed(error)),
                },
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a BlobKey) -> Pending<'a, ()> {
        let path = self.path(key);
        Box::pin(async move {
            match self.store.delete(&path).await {
                Ok(()) | Err(ServiceError::NotFound { .. }) => Ok(()),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a BlobKey>, limit: usize) -> Pending<'a, Vec<Entry>> {
        let folder = Path::from(format!("{}{prefix}", self.prefix));
        Box::pin(async move {
            let folder = (!folder.as_ref().is_empty()).then_some(&folder);
            let mut objects = match after {
                Some(after) => self.store.list_with_offset(folder, &self.path(after)),
                None => self.store.list(folder),
            };
            let mut found = Vec::new();
            while found.len() < limit {
                let Some(object) = objects.next().await else { break };
                let object = object.map_err(failed)?;
                let key = object.location.as_ref().strip_prefix(&self.prefix).and_then(|key| key.parse().ok());
                found.extend(key.map(|key| Entry { key, size_bytes: object.size }));
            }
            Ok(found)
        })
    }

    fn probe(&self) -> Pending<'_, ()> {
        // Below a name that no key has, so that the answer is short. A bucket that is not there is told of by lists only.
        let nothing = Path::from(format!("{}.probe", self.prefix));
        Box::pin(async move {
            self.store.list(Some(&nothing)).next().await.map_or(Ok(()), |found| found.map(drop).map_err(failed))
        })
    }
}

struct S3Writer {
    store: Arc<AmazonS3>,
    path: Path,
    part_bytes: usize,
    /// What is not sent yet; less than one part.
    collected: Vec<Bytes>,
    collected_bytes: usize,
    /// Begun when the first part is full.
    upload: Option<Box<dyn MultipartUpload>>,
    /// Set while a part is on its way, and for good when it does not arrive: the blob would have a hole.
    is_broken: bool,
    tracker: TaskTracker,
}

impl fmt::Debug for S3Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Writer").field("path", &self.path).finish_non_exhaustive()
    }
}

impl S3Writer {
    fn take_part(&mut self) -> PutPayload {
        self.collected_bytes = 0;
        std::mem::take(&mut self.collected).into_iter().collect()
    }

    /// Sends what is collected as one part, the upload begun when it is the first.
    async fn send_part(&mut self) -> Result<(), Error> {
        self.check()?;
        self.is_broken = true;
        let part = self.take_part();
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => none.insert(self.store.put_multipart(&self.path).await.map_err(failed)?),
        };
        upload.put_part(part).await.map_err(failed)?;
        self.is_broken = false;
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        if self.is_broken { Err(Error::Service("an earlier part of the upload failed".to_owned())) } else { Ok(()) }
    }
}

impl BlobWriter for S3Writer {
    fn write(&mut self, mut bytes: Bytes) -> Pending<'_, ()> {
        Box::pin(async move {
            while !bytes.is_empty() {
                let room = self.part_bytes.saturating_sub(self.collected_bytes);
                let piece = bytes.split_to(room.min(bytes.len()));
                self.collected_bytes += piece.len();
                self.collected.push(piece);
                if self.collected_bytes >= self.part_bytes {
                    self.send_part().await?;
                }
            }
            Ok(())
        })
    }

    fn finish(mut self: Box<Self>) -> Pending<'static, ()> {
        Box::pin(async move {
            self.check()?;
            if self.upload.is_none() {
                let whole = self.take_part();
                return self.store.put(&self.path, whole).await.map(drop).map_err(failed);
            }
            if self.collected_bytes > 0 {
                self.send_part().await?;
            }
            let Some(upload) = &mut self.upload else { return Ok(()) };
            upload.complete().await.map_err(failed)?;
            self.upload = None;
            Ok(())
        })
    }
}

impl Drop for S3Writer {
    fn drop(&mut self) {
        let Some(mut upload) = self.upload.take() else { return };
        self.tracker.spawn(async move {
            if let Err(error) = upload.abort().await {
                tracing::warn!(%error, "an upload that was given up could not be aborted: {error}");
            }
        });
    }
}
