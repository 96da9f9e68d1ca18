//! A million jobs due in the same second: how late they come, and what callers feel meanwhile.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{Scale, batch_of, others::Others, payload};
use crate::{
    api::Api,
    children::Server,
    report::{Report, Row, Target, figure},
    wire::now_micros,
};

const QUEUE: &str = "bench-due";
/// The longest time for all to become due.
const LIMIT: Duration = Duration::from_mins(2);

/// Fills ahead of time, then watches the jobs leave their wait while others call.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let total = scale.items(1_000_000);
    let server = Server::start()?;
    // A tenth first, for a later day, tells how long the loading takes.
    let probe = Instant::now();
    fill(&server, "bench-due-later", total / 10, now_micros() + 86_400_000_000)?;
    let ahead = probe.elapsed() * 15 + Duration::from_secs(5);
    let due_at = now_micros() + ahead.as_micros() as u64;
    fill(&server, QUEUE, total, due_at)?;
    let begun = now_micros();
    ensure!(begun + 1_000_000 < due_at, "loading took longer than the jobs wait");
    thread::sleep(Duration::from_micros(due_at - begun - 1_000_000));
    let calls = Duration::from_secs(if scale.is_quick { 6 } else { 20 });
    let others = Others::start(&server, calls);
    let passed = watch(&server, total, due_at)?;
    report.push(
        Row::new("due in the same second: late by, p99", passed.p99 as f64 / 1e6, "s")
            .target(Target::AtMost(10.0))
            .note(format!(
                "{} jobs; p50 {:.2} s, the last {:.2} s",
                figure(total as f64),
                passed.p50 as f64 / 1e6,
                passed.last as f64 / 1e6
            )),
    );
    others.finish(report)
}

fn fill(server: &Server, queue: &str, total: u64, due_at: u64) -> Result<()> {
    let time = jiff::Timestamp::from_millisecond(i64::try_from(due_at / 1_000)?)?;
    let order = format!(r#"{{"queue":"{queue}","kind":"bench.noop","run_at":"{time:.3}","payload":{}}}"#, payload());
    super::fill(server, "/jobs/batch", &batch_of("jobs", &order), 4, total)?;
    Ok(())
}

/// How long after their time half, 99 % and all of the jobs stood in line, in microseconds.
struct Passed {
    p50: u64,
    p99: u64,
    last: u64,
}

fn watch(server: &Server, total: u64, due_at: u64) -> Result<Passed> {
    let mut api = Api::new(server)?;
    let start = Instant::now();
    let (mut p50, mut p99) = (None, None);
    while start.elapsed() < LIMIT {
        let stats = api.call("GET", "/queue/stats", &Value::Null)?;
        let late = now_micros().saturating_sub(due_at);
        let delayed = stats.pointer(&format!("/queues/{QUEUE}/delayed")).and_then(Value::as_u64);
        let delayed = delayed.context("no figure of delayed jobs")?;
        if delayed <= total / 2 {
            p50.get_or_insert(late);
        }
        if delayed <= total / 100 {
            p99.get_or_insert(late);
        }
        if let (0, Some(p50), Some(p99)) = (delayed, p50, p99) {
            return Ok(Passed { p50, p99, last: late });
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("the jobs were not due within {LIMIT:?}")
}
