//! `novapulse check`: verifies a data directory offline and says in words what it found.

use std::process::ExitCode;

use super::ConfigArguments;

pub(super) fn run(arguments: &ConfigArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.load()?;
    anyhow::bail!("{} cannot be checked yet: this build has no offline check", config.storage.directory.display())
}
