//! `[telemetry]`: logs.

use std::{fmt, str::FromStr};

use super::{
    section::section,
    value::{ConfigValue, Raw, expected, quote, textual},
};

section! {
    /// Logs: how they look and what they hold.
    Telemetry in "telemetry" {
        /// `json`, `pretty`, or `auto`: pretty on a terminal, else JSON.
        log_format: LogFormat = LogFormat::Auto;
        /// What is logged, in the form `info,novapulse::queue=debug`.
        log_filter: String = "info".to_owned(), env "RUST_LOG";
        /// Requests that take longer are logged as slow.
        slow_request_ms: u64 = 1_000, range 1..=3_600_000;
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            _ => Err(()),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Pretty => "pretty",
        })
    }
}

textual! {
    LogFormat, "auto, json or pretty";
}
