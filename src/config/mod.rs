//! Configuration: a TOML file, then the environment, credentials, flags; each value knows its source.
//!
//! One file per table holds the fields with their meaning, default and range. Unknown keys are
//! errors with a suggestion, and all complaints come at once. An environment name is made from
//! table and key (`NOVAPULSE_SERVER_LISTEN`); a few documented names stand beside that. A secret
//! may be given as a file with `<key>_file` (`NOVAPULSE_SERVER_METRICS_TOKEN_FILE`), as a credential of the service
//! manager (`novapulse.server.metrics_token`), and in each of these forms sealed (`enc:...`).
//!
//! To add an option: one documented field in its table's file, then `UPDATE_REFERENCE=1 cargo
//! test` writes `docs/reference/config.md`.

mod auth;
mod blob;
mod limits;
mod load;
mod mail;
mod master;
mod outbound;
mod print;
mod queues;
mod reports;
mod sealed;
mod secrets;
mod section;
mod server;
mod storage;
mod telemetry;
mod url;
mod value;
mod webhooks;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, path::PathBuf};

use section::Section;

pub use auth::{Auth, Registration};
pub use blob::Blob;
pub use limits::Limits;
pub use load::Sources;
pub use mail::{Mail, MailTls};
pub use master::{MASTER_KEY_FILE, MasterKeyError, MasterKeys};
pub use outbound::{AllowedTarget, Outbound};
pub use print::Entry;
pub use queues::Queues;
pub use reports::Reports;
pub use sealed::seal_value;
pub use secrets::Secrets;
pub use server::Server;
pub use storage::Storage;
pub use telemetry::{LogFormat, Telemetry};
pub use url::{ContactUrl, DirectoryUrl, DomainName, PublicUrl};
pub use value::{ByteSize, Secret};
pub use webhooks::Webhooks;

/// The whole configuration; modules get their own table only.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[storage]`.
    pub storage: Storage,
    /// `[blob]`.
    pub blob: Blob,
    /// `[queues]`.
    pub queues: Queues,
    /// `[webhooks]`.
    pub webhooks: Webhooks,
    /// `[reports]`.
    pub reports: Reports,
    /// `[outbound]`.
    pub outbound: Outbound,
    /// `[mail]`.
    pub mail: Mail,
    /// `[auth]`.
    pub auth: Auth,
    /// `[limits]`.
    pub limits: Limits,
    /// `[secrets]`.
    pub secrets: Secrets,
    /// `[telemetry]`.
    pub telemetry: Telemetry,
    /// Where each value that is not a default came from, by `table.key`.
    origins: BTreeMap<String, Origin>,
    /// Secrets that were given sealed, and whether with the master key that seals now.
    sealed: BTreeMap<String, bool>,
}

impl Config {
    /// The tables in the order of the reference.
    fn sections(&self) -> [&dyn Section; 12] {
        [
            &self.server,
            &self.storage,
            &self.blob,
            &self.queues,
            &self.webhooks,
            &self.reports,
            &self.outbound,
            &self.mail,
            &self.auth,
            &self.limits,
            &self.secrets,
            &self.telemetry,
        ]
    }

    fn sections_mut(&mut self) -> [&mut dyn Section; 12] {
        [
            &mut self.server,
            &mut self.storage,
            &mut self.blob,
            &mut self.queues,
            &mut self.webhooks,
            &mut self.reports,
            &mut self.outbound,
            &mut self.mail,
            &mut self.auth,
            &mut self.limits,
            &mut self.secrets,
            &mut self.telemetry,
        ]
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default in the code.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A credential of the service manager.
    Credential(String),
    /// A command-line flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Credential(name) => write!(f, "credential {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not TOML. The line itself is not shown: it may hold a secret.
    #[error("{} is not valid TOML: line {line}: {reason}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// One or more values are unknown or wrong; every complaint is listed.
    #[error("the configuration is not usable:\n  {}", .0.join("\n  "))]
    Invalid(Vec<String>),
}
