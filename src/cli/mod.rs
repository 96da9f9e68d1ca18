//! The command line: one file per command.
//!
//! Commands print their result on standard output and nothing else there; logs and errors go to
//! standard error. Exit codes are listed in `docs/reference/exit-codes.md`.

mod check;
mod config;
mod events;
mod healthcheck;
mod openapi;
mod output;
mod secrets;
mod serve;
mod setup;
mod setup_url;
mod user;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{
    accounts, app,
    config::{Config, MasterKeyError, Sources},
    sealing,
    storage::{self, OpenError, guard::GuardError},
};

/// Durable jobs and signed webhooks from one binary and one directory.
#[derive(Debug, Parser)]
#[command(name = "novapulse", version, propagate_version = true, disable_help_subcommand = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Arguments),
    /// Verify a data directory offline and say what was found
    Check(check::Arguments),
    /// Create a company with its first user and API key in a directory no server is using
    Setup(setup::Arguments),
    /// Print the address that sets a new instance up in the browser
    SetupUrl(setup_url::Arguments),
    /// Help people back in, whether the server runs or not
    User(user::Arguments),
    /// Seal values for the configuration, and replace the keys behind what is sealed
    Secrets(secrets::Arguments),
    /// Look at the configuration
    Config(config::Arguments),
    /// Print the OpenAPI document
    Openapi,
    /// Ask a running server whether it is ready; for container health checks
    Healthcheck(healthcheck::Arguments),
    /// Work with events
    Events(events::Arguments),
    /// Print the version
    Version,
}

/// Where the configuration comes from; the same for every command that needs one.
#[derive(Debug, Args)]
struct ConfigArguments {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "NOVAPULSE_CONFIG")]
    config: Option<PathBuf>,
    /// Data directory
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
}

impl ConfigArguments {
    fn sources(&self) -> Sources {
        let mut sources = Sources::from_environment();
        sources.file.clone_from(&self.config);
        sources.flag("storage.directory", "--data", self.data.clone());
        sources
    }

    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.sources())?)
    }
}

/// Runs the command that the process's arguments name.
///
/// # Errors
/// What the command failed on; [`exit_code`] picks the code for it.
pub fn run() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Setup(arguments) => setup::run(&arguments),
        Command::SetupUrl(arguments) => setup_url::run(&arguments),
        Command::User(arguments) => user::run(&arguments),
        Command::Secrets(arguments) => secrets::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Openapi => openapi::run(),
        Command::Healthcheck(arguments) => healthcheck::run(&arguments),
        Command::Events(arguments) => events::run(&arguments),
        Command::Version => output::say(&format!("novapulse {}", env!("CARGO_PKG_VERSION"))),
    }
}

/// Whether the store refused new work for want of space; the modules above it show its errors as their own.
fn is_full(cause: &(dyn std::error::Error + 'static)) -> bool {
    let inner = if let Some(accounts::Error::Storage(inner)) = cause.downcast_ref() {
        Some(inner)
    } else {
        cause.downcast_ref::<storage::Error>()
    };
    matches!(inner, Some(storage::Error::Full))
}

/// The process's exit code for an error.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> u8 {
    error
        .chain()
        .find_map(|cause| {
            if let Some(refusal) = cause.downcast_ref::<GuardError>() {
                Some(refusal.exit_code())
            } else if let Some(refusal) = cause.downcast_ref::<OpenError>() {
                Some(refusal.exit_code())
            } else if let Some(app::Error::Open(refusal)) = cause.downcast_ref() {
                Some(refusal.exit_code())
            } else if cause.is::<crate::config::Error>()
                || matches!(cause.downcast_ref(), Some(app::Error::Tls(_) | app::Error::Mail(_)))
            {
                Some(3)
            } else if is_full(cause) {
                Some(26)
            } else if cause.is::<MasterKeyError>() {
                Some(5)
            } else if let Some(refusal) = cause.downcast_ref::<sealing::Error>() {
                (!matches!(refusal, sealing::Error::Storage(_))).then_some(5)
            } else if matches!(cause.downcast_ref(), Some(app::Error::Listen { .. })) {
                Some(4)
            } else {
                None
            }
        })
        .unwrap_or(1)
}
