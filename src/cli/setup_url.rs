//! `novapulse setup-url`: prints the address that sets a new instance up.

use std::process::ExitCode;

use clap::Args;

use super::{ConfigArguments, output};
use crate::app;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: ConfigArguments,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    output::say(&app::set_up_url(&arguments.sources.load()?)?)
}
