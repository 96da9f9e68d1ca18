//! `novapulse openapi`: the document that the server serves, for client generators.

use std::process::ExitCode;

use super::output;
use crate::app;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    output::say(String::from_utf8(app::openapi_json()?)?.trim_end())
}
