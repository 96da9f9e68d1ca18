//! `novapulse check`: verifies a data directory offline and says in words what it found.

use std::process::ExitCode;

use super::{ConfigArguments, output};
use crate::{
    base::SystemRandom,
    storage::{OpenError, check::check},
};

/// What the command ends with when it found problems; the same as for a store that is refused as damaged.
const DAMAGED: u8 = 23;

pub(super) fn run(arguments: &ConfigArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.load()?;
    let report = check(&config.storage.directory, &SystemRandom, &[]).map_err(OpenError::from)?;
    output::say(&format!("{}:\n{report}", config.storage.directory.display()))?;
    Ok(if report.problems() == 0 { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}
