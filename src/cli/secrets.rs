//! `novapulse secrets …`: seals values for the configuration, and replaces the keys behind what is sealed.
//!
//! A secret comes from standard input or is typed without being shown; never from an argument, which every process of
//! the machine can see.

use std::{
    io::{self, IsTerminal, Read, Stdin, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::{ConfigArguments, output};
use crate::{
    app::{self, Rotated, RotationOrder},
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
    /// Replace the master key of a directory no server is using
    Rotate(RotateArguments),
}

#[derive(Debug, Args)]
struct RotateArguments {
    #[command(flatten)]
    sources: ConfigArguments,
    /// File with the new master key; one is made when it is left out and the key is kept in the data directory
    #[arg(long, value_name = "FILE", conflicts_with = "finish")]
    new_key_file: Option<PathBuf>,
    /// Also seal every row anew, with a fresh key; for when the old keys may be known to others
    #[arg(long, conflicts_with = "finish")]
    data_key: bool,
    /// Give up the master key of before, once the configuration has the new one and no value sealed with the old
    #[arg(long)]
    finish: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Seal(sources) => seal(sources),
        Command::Rotate(arguments) => rotate(arguments),
    }
}

fn rotate(arguments: &RotateArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.sources.load()?;
    let order = RotationOrder {
        new_key_file: arguments.new_key_file.clone(),
        with_seal_key: arguments.data_key,
        is_end: arguments.finish,
    };
    output::say(&told(&app::rotate(&config, &order)?))
}

/// What was done and what is left to do.
fn told(done: &Rotated) -> String {
    let Rotated { rows, settings, is_configured, is_finished } = done;
    let mut lines = Vec::new();
    lines.extend(rows.map(|rows| format!("sealed anew with a fresh key: {rows} values")));
    if *is_finished {
        lines.push("the new master key alone opens the secrets of this directory".to_owned());
        if *is_configured {
            lines.push("older keys may be taken out of secrets.master_key".to_owned());
        }
        return lines.join("\n");
    }
    lines.push("the new master key opens the secrets of this directory, and so does the one before".to_owned());
    if *is_configured {
        lines.push("put the new key into the place that gives secrets.master_key".to_owned());
    }
    if !settings.is_empty() {
        lines.push("write these into the configuration:".to_owned());
        lines.extend(settings.iter().map(|(name, text)| format!("  {name} = \"{text}\"")));
    }
    lines.push("then give up the one before with `novapulse secrets rotate --finish`".to_owned());
    lines.join("\n")
}

fn seal(sources: &ConfigArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load_closed(&sources.sources())?;
    let keys = config.present_master_keys()?;
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
