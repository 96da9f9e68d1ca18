//! The composition root: the only place that wires concrete things together.
//!
//! `adapters` turns the configuration into handles, `routes` merges the slices' routes into one
//! service, `lifecycle` starts it all, waits for the end and drains. Nothing here decides
//! anything about the product.

mod adapters;
pub mod console;
mod dead_letters;
mod dev;
mod health;
mod jobs;
mod lifecycle;
mod listeners;
mod master_key;
mod metrics;
mod notify;
pub mod reference;
pub mod remote;
mod rotation;
mod routes;
mod schedule_targets;
mod sealed;
mod security_txt;
mod services;
mod settings;
pub mod setup;
mod setup_token;
mod state;
mod storage;
mod subscriptions;
pub mod ui;
mod verifiers;

use std::{io, net::SocketAddr, path::PathBuf};

use crate::{
    accounts, acme, config::MasterKeyError, http::tls, outbound, queue, sealing, storage::OpenError, webhooks,
};

pub use adapters::{list_blobs, survey_blobs};
pub use lifecycle::{Ended, ServeOptions, serve};
pub use rotation::{Rotated, RotationError, RotationOrder, rotate};
pub use routes::openapi_json;
pub use setup_token::{SetUpUrlError, set_up_url};
pub use verifiers::verifiers;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The listener's certificate cannot be used.
    #[error("cannot speak TLS")]
    Tls(#[from] tls::Error),
    /// Certificates cannot be ordered.
    #[error("cannot keep certificates by ACME")]
    Acme(#[from] acme::Error),
    /// The data directory cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file the configuration names cannot be read.
    #[error("cannot read {}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The folder of files cannot be used.
    #[error("cannot keep files in {}", path.display())]
    BlobFolder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The bucket for files cannot be used as configured.
    #[cfg(feature = "s3")]
    #[error("cannot keep files in the bucket")]
    Bucket(#[from] crate::blob::S3SettingsError),
    /// The mail server cannot be spoken to as configured.
    #[error("the settings of mail are not usable: {0}")]
    Mail(String),
    /// The client for outbound calls cannot be made.
    #[error("cannot make outbound calls")]
    Outbound(#[from] outbound::SettingsError),
    /// The queues cannot be opened.
    #[error("cannot open the queues")]
    Queues(#[from] queue::Error),
    /// The webhooks cannot be opened.
    #[error("cannot open the webhooks")]
    Webhooks(#[from] webhooks::Error),
    /// There is no key to seal secrets with.
    #[error("no master key")]
    MasterKey(#[from] MasterKeyError),
    /// The keys of the store cannot be used.
    #[error("the secrets of the store cannot be opened")]
    Sealing(#[from] sealing::Error),
    /// Keys are not replaced.
    #[error("the keys are not replaced")]
    Rotation(#[from] RotationError),
    /// Something about companies or people was refused.
    #[error("that cannot be done")]
    Accounts(#[from] accounts::Error),
    /// The token that allows to set the instance up cannot be kept.
    #[error("cannot keep the set-up token in {}", path.display())]
    SetUpToken {
        /// The data directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Dev mode could not prepare its demo.
    #[error("dev mode cannot start")]
    Dev(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The ready file cannot be written.
    #[error("cannot write {}", path.display())]
    ReadyFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The metrics are not declared right.
    #[error("the metrics cannot be declared")]
    Metrics(#[from] prometheus::Error),
    /// The OpenAPI document cannot be written as JSON.
    #[error("the OpenAPI document cannot be written")]
    OpenApi(#[from] serde_json::Error),
    /// Signals cannot be listened for.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
}
