//! Results on standard output.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;

/// Prints the text and a line end; success.
pub(super) fn say(text: &str) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}
