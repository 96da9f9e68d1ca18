//! A healthy webhook alone, beside a webhook of the same company that accepts and never answers, and alone again.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Scale, deliveries::publish, event, pace, post};
use crate::{
    api::Api,
    children::{Role, Server},
    receiver::{self, Stats},
    report::{Report, Row, Target, figure, millis},
};

const PER_SECOND: u32 = 1_000;
const BACKLOG: u64 = 100_000;

/// Measures the healthy webhook's latency from sending the event to receiving the delivery.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let duration = Duration::from_secs(if scale.is_quick { 4 } else { 15 });
    let backlog = scale.items(BACKLOG);
    let healthy = Role::start("receiver", 1)?;
    let hanging = Role::start("receiver", 1)?;
    let server = Server::start()?;
    let mut api = Api::new(&server)?;
    api.clear_webhooks()?;
    api.create_webhook(&format!("http://{}/ok/0", healthy.address), "bench.healthy")?;
    paced(&server, &healthy, Duration::from_secs(2))?;
    let before = paced(&server, &healthy, duration)?;
    report.push(row("healthy webhook alone", &before));

    let other = api.create_webhook(&format!("http://{}/hang/0", hanging.address), "bench.hanging")?;
    receiver::reset(hanging.address, 1, 1)?;
    publish(&server, "bench.hanging", backlog)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while receiver::stats(hanging.address)?.hanging == 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    ensure!(receiver::stats(hanging.address)?.hanging > 0, "the hanging webhook was never called");
    let beside = paced(&server, &healthy, duration)?;
    let stuck = receiver::stats(hanging.address)?.hanging;
    report.push(row("healthy webhook beside the hanging one", &beside));

    api.call("DELETE", &format!("/webhooks/{other}"), &Value::Null)?;
    // Its queued deliveries are cancelled bit by bit; alone is what comes after.
    let deadline = Instant::now() + Duration::from_mins(1);
    while api.queue_figure("webhook", "waiting")? + api.queue_figure("webhook", "retrying")? > 0 {
        ensure!(Instant::now() < deadline, "the deleted webhook's backlog does not go away");
        thread::sleep(Duration::from_millis(100));
    }
    let after = paced(&server, &healthy, duration)?;
    report.push(row("healthy webhook alone again", &after));
    let alone = (before.p95 + after.p95) as f64 / 2.0;
    report.push(
        Row::new("p95 beside the hanging webhook, over alone", beside.p95 as f64 / alone.max(1.0), "x")
            .target(Target::AtMost(1.2))
            .note(format!(
                "backlog of {} events; {stuck} of its attempts were hanging or had hung",
                figure(backlog as f64)
            )),
    );
    Ok(())
}

fn row(name: &str, stats: &Stats) -> Row {
    Row::new(format!("{name}, p95"), stats.p95 as f64 / 1e3, "ms").note(format!(
        "p50 {}, p99 {}, max {} at {PER_SECOND}/s",
        millis(stats.p50),
        millis(stats.p99),
        millis(stats.max)
    ))
}

fn paced(server: &Server, receiver: &Role, duration: Duration) -> Result<Stats> {
    let total = u64::from(PER_SECOND) * duration.as_secs();
    receiver::reset(receiver.address, total, 1)?;
    let request = post(server, "/events", &event("bench.healthy"));
    pace::send(&request, server.address, PER_SECOND, duration, 0)?;
    let deadline = Instant::now() + Duration::from_secs(15);
    let mut stats = receiver::stats(receiver.address)?;
    while stats.unique < total && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
        stats = receiver::stats(receiver.address)?;
    }
    ensure!(stats.unique == total, "the healthy webhook received {} of {total}", stats.unique);
    Ok(stats)
}
