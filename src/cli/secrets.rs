//! `novapulse secrets …`: seals values for the configuration.
//!
//! A secret comes from standard input or is typed without being shown; never from an argument, which every process of
//! the machine can see.

use std::{
    io::{self, IsTerminal, Read, Stdin, Write},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::{ConfigArguments, output};
use crate::{
    base::SystemRandom,
    config::{Config, Secret, seal_value},
};

/// No secret of a configuration is longer.
const VALUE_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a secret from standard input and print it sealed, to be written into the configuration
    Seal(ConfigArguments),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Seal(sources) => seal(sources),
    }
}

fn seal(sources: &ConfigArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load_closed(&sources.sources())?;
    let Some(keys) = config.master_keys()? else {
        let directory = config.storage.directory.display();
        bail!("there is no master key yet: set secrets.master_key, or start the server on {directory} once");
    };
    let secret = ask()?;
    output::say(&seal_value(&keys.seal_key(), &SystemRandom, &secret))
}

/// The secret, without the line end behind it.
fn ask() -> anyhow::Result<Secret> {
    let stdin = io::stdin();
    let mut text = Zeroizing::new(String::new());
    if stdin.is_terminal() {
        drop(write!(io::stderr(), "Secret: "));
        let _quiet = Quiet::of(&stdin).context("cannot hide what is typed")?;
        stdin.read_line(&mut text)
    } else {
        stdin.lock().take(VALUE_BYTES_MAX + 1).read_to_string(&mut text)
    }
    .context("cannot read the secret from standard input")?;
    if text.len() as u64 > VALUE_BYTES_MAX {
        bail!("the secret is longer than {VALUE_BYTES_MAX} bytes");
    }
    let secret = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if secret.is_empty() {
        bail!("standard input holds no secret");
    }
    Ok(Secret::new(secret.to_owned()))
}

/// A terminal that does not show what is typed, until it is dropped.
struct Quiet<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn of(terminal: &'a Stdin) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing put back.
        tcsetattr(self.terminal, OptionalActions::Flush, &self.before).ok();
        drop(writeln!(io::stderr()));
    }
}
