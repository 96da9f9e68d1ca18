//! `[blob]`: where files are kept that are too large for the store.

use std::path::PathBuf;

use super::{
    section::section,
    url::PublicUrl,
    value::{ByteSize, Secret},
};

section! {
    /// Files that the appliance makes, such as reports: in a folder of this machine, or in a bucket that speaks S3.
    Blob in "blob" {
        /// The folder, when there is no bucket; `blobs` in the data directory when unset.
        directory: Option<PathBuf> = None;
        /// The bucket. Set it, and files are kept there. What is in the folder is not moved.
        s3_bucket: Option<String> = None;
        /// Where the S3 service is reached, without the bucket: `https://s3.example.com`. Amazon's own address for the region when unset. Addresses that are not public are fine here: this is yours, and nobody else chooses it.
        s3_endpoint: Option<PublicUrl> = None;
        /// The region that requests are signed for.
        s3_region: String = "us-east-1".to_owned();
        /// The id of the access key.
        s3_access_key: Option<String> = None;
        /// The secret of the access key.
        s3_secret_key: Option<Secret> = None;
        /// A path inside the bucket that everything is kept below, such as `novapulse/`; lower case letters, digits, `_`, `-`, `.` and `/`. Its own for each instance, also for a restored copy: an instance removes what it finds there of reports it does not have.
        s3_prefix: String = String::new();
        /// What is collected in memory for one part of an upload; the service wants at least 5MiB.
        s3_part: ByteSize = ByteSize::mib(8);
    }
}

/// What the service takes as a part.
const PART_BYTES: std::ops::RangeInclusive<u64> = 5 << 20..=64 << 20;

impl Blob {
    /// Checks what no field can check alone.
    pub(super) fn check(&self, complaints: &mut Vec<String>) {
        let has_keys = self.s3_access_key.is_some() && self.s3_secret_key.is_some();
        if self.s3_bucket.is_some() && !has_keys {
            complaints.push("blob.s3_bucket needs blob.s3_access_key and blob.s3_secret_key".to_owned());
        }
        if self.s3_bucket.is_some() && !cfg!(feature = "s3") {
            complaints.push("blob.s3_bucket: this binary was built without S3".to_owned());
        }
        if !PART_BYTES.contains(&self.s3_part.0) {
            complaints.push(format!("blob.s3_part must be from 5MiB to 64MiB, not {}", self.s3_part));
        }
    }
}
