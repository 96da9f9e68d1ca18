//! `novapulse setup-url`: prints the address that sets a new instance up.

use std::process::ExitCode;

use clap::Args;

use super::{ConfigArguments, output};
use crate::app::{
    self,
    console::{self, Order},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: ConfigArguments,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.sources.load()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answered = runtime.block_on(console::ask(&config.storage.directory, &Order::SetUpUrl {}))?;
    match answered.and_then(|reply| reply.url) {
        Some(url) => output::say(&url),
        None => output::say(&app::set_up_url(&config)?),
    }
}
