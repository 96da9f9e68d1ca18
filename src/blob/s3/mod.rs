//! Blobs as objects of a bucket that speaks the S3 protocol.
//!
//! `object_store` knows the protocol and signs; what it sends goes through `outbound` like everything that leaves the
//! process, with a policy of its own (see `connector`). A blob that fits into one part is one request. A longer one is an
//! upload in parts, which becomes visible when it is completed; one that is given up is aborted, and what a crash leaves
//! is a matter for the bucket's own rule about unfinished uploads.

mod connector;
mod store;

pub use store::{S3Blobs, S3Settings, SettingsError};
