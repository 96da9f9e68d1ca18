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
