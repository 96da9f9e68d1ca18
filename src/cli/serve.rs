//! `novapulse serve`: runs the server until it is told to stop, and starts it again when the store failed.

use std::{
    env,
    ffi::OsString,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

use anyhow::Context;
use clap::Args;

use super::ConfigArguments;
use crate::{
    app::{self, Ended, ServeOptions},
    telemetry,
};

/// How often in a row this process replaced itself; carried from one image to the next.
const RESTARTS: &str = "NOVAPULSE_INTERNAL_RESTARTS";
const BACK_OFF_MIN_MS: u64 = 100;
const BACK_OFF_MAX_MS: u64 = 10_000;
/// A run this long was a good one: the back-off begins anew.
const GOOD_RUN_MS: u64 = 60_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: ConfigArguments,
    /// Try things out: loopback webhooks allowed, a demo company in an empty directory
    #[arg(long)]
    dev: bool,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Write the server's address to this file once it is ready
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut sources = arguments.sources.sources();
    sources.flag("server.listen", "--listen", arguments.listen.clone());
    let config = crate::config::Config::load(&sources)?;
    telemetry::init_logs(&config.telemetry)?;

    let options = ServeOptions { is_dev: arguments.dev, ready_file: arguments.ready_file.clone() };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("novapulse")
        .build()
        .context("cannot start the runtime")?;
    let ended = runtime.block_on(app::serve(config, options));
    // What is still on the blocking pool after the drain has had its time.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match ended? {
        Ended::Stopped => Ok(ExitCode::SUCCESS),
        Ended::Interrupted => Ok(ExitCode::FAILURE),
        Ended::StoreFailed { ran_ms } => Err(start_again(ran_ms)),
    }
}

/// Replaces this process by a fresh one of the same arguments; returns only when that failed.
///
/// After a failed commit the engine refuses every write until the directory is opened anew, and what
/// it holds in memory may not be on disk. A new image with the same process id starts from the disk.
fn start_again(ran_ms: u64) -> anyhow::Error {
    let before = env::var(RESTARTS).ok().and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let restarts = if ran_ms >= GOOD_RUN_MS { 1 } else { before.saturating_add(1) };
    let back_off_ms = (BACK_OFF_MIN_MS << restarts.min(16).saturating_sub(1)).min(BACK_OFF_MAX_MS);
    tracing::error!(restarts, back_off_ms, "the store failed: starting again in {back_off_ms} ms");
    thread::sleep(Duration::from_millis(back_off_ms));
    // The link stays good when the file was replaced by an upgrade.
    let mut image = Command::new("/proc/self/exe");
    let mut arguments = env::args_os();
    image.arg0(arguments.next().unwrap_or_else(|| OsString::from("novapulse")));
    let error = image.args(arguments).env(RESTARTS, restarts.to_string()).exec();
    anyhow::Error::new(error).context("the store failed and the process could not start itself again")
}
