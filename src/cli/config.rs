//! `novapulse config print`: every value in force and where it came from; secrets are masked.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{ConfigArguments, output};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print every value and where it came from
    Print(ConfigArguments),
    /// Print the reference of every setting (Markdown)
    Reference,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Print(sources) => output::say(sources.load()?.print().trim_end()),
        Command::Reference => output::say(Config::reference().trim_end()),
    }
}
