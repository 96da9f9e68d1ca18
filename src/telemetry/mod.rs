//! Logs and metrics: what the process tells about itself.
//!
//! Log lines carry dotted fields and the request id; never secrets, tokens, bodies, e-mail or
//! network addresses of people. Each module declares its metrics in the shared registry, and
//! `docs/reference/metrics.md` is generated from it.

mod logs;
mod metrics;
mod process;

pub use logs::{Error, init_logs};
pub use metrics::Metrics;

/// An error with what is behind it, for the log: its text, and that of each of its sources after a colon.
#[must_use]
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
