//! `novapulse check`: verifies a data directory offline and says in words what it found.

use std::{path::Path, process::ExitCode};

use clap::Args;

use super::{ConfigArguments, output};
use crate::{
    app,
    base::{SystemClock, SystemRandom},
    blob::Survey,
    storage::{
        OpenError,
        check::{Report, Verify, accept_loss, check, weigh_loss},
    },
};

/// Something in the directory is damaged; the same code that a start would have.
const DAMAGED: u8 = 23;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: ConfigArguments,
    /// Say what is lost when the store goes on with what is left of it; for a store without a backup
    #[arg(long)]
    accept_loss: bool,
    /// With --accept-loss: do it
    #[arg(long, requires = "accept_loss")]
    yes: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.sources.load()?;
    let directory = &config.storage.directory;
    if arguments.accept_loss {
        return give_up(directory, arguments.yes);
    }
    let keys = config.master_keys()?;
    let is_closed = keys.is_none();
    // A folder that cannot be read is told below.
    let files = app::list_blobs(&config).ok().flatten();
    let verifiers = app::verifiers(keys, files);
    let verifiers: Vec<&dyn Verify> = verifiers.iter().map(Box::as_ref).collect();
    let mut report = check(directory, &SystemRandom, &verifiers).map_err(OpenError::from)?;
    match app::survey_blobs(&config) {
        Ok(Some(survey)) => describe_blobs(survey, &mut report),
        Ok(None) => report.note("files are kept in a bucket, which was not looked at"),
        Err(error) => report.problem(format!("the folder of files cannot be read: {error}")),
    }
    if is_closed {
        report.note("there is no master key: sealed values were not opened");
    }
    output::say(&format!("{}\n{report}", directory.display()))?;
    Ok(if report.problems() == 0 { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}

fn describe_blobs(survey: Survey, report: &mut Report) {
    let Survey { blobs, bytes, drafts, strange, is_partial: _ } = survey;
    report.found(format!("{blobs} files beside the store, {bytes} bytes"));
    if drafts > 0 {
        report.note(format!("{drafts} unfinished files, which the next start removes"));
    }
    if strange > 0 {
        report.note(format!("{strange} files in the folder of files were not put there by the server"));
    }
}

fn give_up(directory: &Path, is_meant: bool) -> anyhow::Result<ExitCode> {
    let losses = weigh_loss(directory).map_err(OpenError::from)?;
    if losses.words().is_empty() {
        return output::say("there is nothing to give up: neither journals nor witness keep the store from opening");
    }
    output::say(&losses.words().join("\n"))?;
    if !is_meant {
        output::say("nothing was changed; copy the directory, then add --yes to go on without this")?;
        return Ok(ExitCode::from(DAMAGED));
    }
    let shelf = accept_loss(losses, &SystemClock::default(), &SystemRandom).map_err(OpenError::from)?;
    output::say(&format!("done; what was replaced is kept in {}", shelf.display()))
}
