//! Log lines on standard error, JSON or pretty.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{LogFormat, Telemetry};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter expression does not parse.
    #[error("telemetry.log_filter \"{filter}\" is not a filter")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Something else in the process took the logs already.
    #[error("logging is already set up")]
    Taken(#[source] tracing_subscriber::util::TryInitError),
}

/// Sends the process's log lines to standard error from now on.
///
/// # Errors
/// [`Error::Filter`] for a bad filter; [`Error::Taken`] when called twice in one process.
pub fn init_logs(config: &Telemetry) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .map_err(|source| Error::Filter { filter: config.log_filter.clone(), source })?;
    let registry = tracing_subscriber::registry().with(filter);
    let is_terminal = io::stderr().is_terminal();
    let is_json = match config.log_format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !is_terminal,
    };
    if is_json {
        let layer = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
        registry.with(layer.with_writer(io::stderr)).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(is_terminal).with_target(false).with_writer(io::stderr)).try_init()
    }
    .map_err(Error::Taken)
}
