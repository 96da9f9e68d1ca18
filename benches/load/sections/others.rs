//! Calls of others beside what a section measures: what they feel of it.

use std::{
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Result, anyhow};

use super::{job, pace, post};
use crate::{
    children::Server,
    histogram::Histogram,
    report::{Report, Row, Target, millis},
};

const PER_SECOND: u32 = 200;

/// Others who enqueue at a fixed rate.
pub(super) struct Others(JoinHandle<Result<(u64, Histogram)>>);

impl Others {
    /// Begins to call, for so long.
    pub(super) fn start(server: &Server, duration: Duration) -> Self {
        let (request, address) = (post(server, "/jobs", &job("bench-beside")), server.address);
        Self(thread::spawn(move || pace::send(&request, address, PER_SECOND, duration, 0)))
    }

    /// Waits for the last answer and tells how long the answers took.
    pub(super) fn finish(self, report: &mut Report) -> Result<()> {
        let (sent, answers) = self.0.join().map_err(|_| anyhow!("the caller panicked"))??;
        let [p50, most] = [answers.quantile(0.5), answers.max()].map(millis);
        report.push(
            Row::new("enqueue by others meanwhile, p99", answers.quantile(0.99) as f64 / 1e3, "ms")
                .target(Target::AtMost(50.0))
                .note(format!("{sent} at {PER_SECOND}/s; p50 {p50}, max {most}")),
        );
        Ok(())
    }
}
