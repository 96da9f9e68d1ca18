//! `novapulse healthcheck`: exit code 0 when a server is ready; for container health checks.

use std::process::ExitCode;

use clap::Args;

use super::output;
use crate::app::remote;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address of the server
    #[arg(long, env = "NOVAPULSE_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let answer = remote::call(&remote::Call::get(&arguments.url, "/health/ready"))?;
    output::say(&answer.text)?;
    Ok(if answer.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
