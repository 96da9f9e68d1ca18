//! `novapulse check`: verifies a data directory offline and says in words what it found.

use std::process::ExitCode;

use super::{ConfigArguments, output};
use crate::{
    app,
    base::SystemRandom,
    storage::check::{Verify, check},
};

/// Something in the directory is damaged; the same code that a start would have.
const DAMAGED: u8 = 23;

pub(super) fn run(arguments: &ConfigArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.load()?;
    let directory = &config.storage.directory;
    let verifiers = app::verifiers();
    let verifiers: Vec<&dyn Verify> = verifiers.iter().map(Box::as_ref).collect();
    let report = check(directory, &SystemRandom, &verifiers)?;
    output::say(&format!("{}\n{report}", directory.display()))?;
    Ok(if report.problems() == 0 { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}
