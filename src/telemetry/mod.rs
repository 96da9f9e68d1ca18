//! Logs and metrics: what the process tells about itself.
//!
//! Log lines carry dotted fields and the request id; never secrets, tokens, bodies, e-mail or
//! network addresses of people. Metric names and labels are declared once, in `metrics.rs`, and
//! `docs/reference/metrics.md` is generated from there.

mod logs;
mod metrics;
mod process;

pub use logs::{Error, init_logs};
pub use metrics::Metrics;
