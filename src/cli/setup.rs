//! `novapulse setup`: a company with its first user and API key, made offline.

use std::process::ExitCode;

use clap::Args;

use super::ConfigArguments;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: ConfigArguments,
    /// Name of the company
    #[arg(long)]
    company: String,
    /// E-mail address of its first user
    #[arg(long)]
    email: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.sources.load()?;
    let directory = config.storage.directory.display();
    anyhow::bail!("cannot create {} for {} in {directory} yet", arguments.company, arguments.email)
}
