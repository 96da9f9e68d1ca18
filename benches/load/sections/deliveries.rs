//! Event in, signed delivery out: from the first ingest to the last delivery received, attempt log included.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::{BATCH, Scale, batch_of, event, fill, post};
use crate::{
    api::Api,
    children::{Role, Server},
    drive::{self, Load},
    machine, receiver,
    report::{Report, Row, Target, figure},
    wire::{Request, now_micros},
};

/// Longest wait without any new delivery.
const STALL_LIMIT: Duration = Duration::from_secs(30);
/// Longest wait for the log after the last delivery was received.
const LOG_LIMIT: Duration = Duration::from_secs(30);

struct Case {
    name: &'static str,
    webhooks: u64,
    is_batch: bool,
    target: Target,
}

/// One webhook and 64, events coming in batches and one by one.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let cases = [
        Case { name: "64 webhooks, batch ingest", webhooks: 64, is_batch: true, target: Target::AtLeast(20_000.0) },
        Case { name: "64 webhooks, single ingest", webhooks: 64, is_batch: false, target: Target::None },
        Case { name: "1 webhook, batch ingest", webhooks: 1, is_batch: true, target: Target::None },
    ];
    cases.iter().try_for_each(|case| measure(scale, report, case))
}

fn measure(scale: Scale, report: &mut Report, case: &Case) -> Result<()> {
    let total = scale.items(200_000).next_multiple_of(BATCH);
    let receiver = Role::start("receiver", 2)?;
    let server = Server::start()?;
    let mut api = Api::new(&server)?;
    api.clear_webhooks()?;
    let mut webhooks = Vec::new();
    for number in 0..case.webhooks {
        let url = format!("http://{}/ok/{number}", receiver.address);
        webhooks.push(api.create_webhook(&url, &format!("bench.w{number}"))?);
    }
    let completed_before = api.queue_figure("webhook", "completed")?;
    receiver::reset(receiver.address, total, case.webhooks)?;
    let load = Load {
        address: server.address,
        requests: requests(&server, case),
        items_per_request: if case.is_batch { BATCH } else { 1 },
        connections: if case.is_batch { 2 } else { 64 },
        threads: 1,
        warm_up: Duration::ZERO,
        duration: Duration::from_mins(3),
        limit: total,
    };
    let pids = [server.pid(), receiver.pid(), std::process::id()];
    let before = pids.map(machine::process_seconds);
    let started = now_micros();
    let ingest = drive::run(&load)?;
    if let Some(refusal) = &ingest.refusal {
        bail!("{} requests were refused, the first with {refusal}", ingest.refused);
    }
    let stats = wait_for(&receiver, total)?;
    let cores = cores_since(pids, before, started);
    let rate = stats.unique as f64 / (stats.last.saturating_sub(started) as f64 / 1e6);
    report.push(Row::new(format!("deliveries, {}", case.name), rate, "/s").target(case.target).note(format!(
        "{} of {} received, {} twice; ingest took {:.1} s; cores: server {:.1} ({:.0} µs each), receiver {:.1}, client {:.1}; {}",
        figure(stats.unique as f64),
        figure(total as f64),
        stats.received - stats.unique,
        ingest.seconds,
        cores[0],
        cores[0] * 1e6 / rate.max(1.0),
        cores[1],
        cores[2],
        report.share_of("hyper signed POST, 64 in flight", rate),
    )));
    let missing = total - stats.unique;
    report.push(
        Row::new(format!("deliveries missing, {}", case.name), missing as f64, "").target(Target::AtMost(0.0)).note(
            format!("{} signatures checked, {} bad", stats.verified + stats.bad_signatures, stats.bad_signatures),
        ),
    );
    ensure!(stats.bad_signatures == 0, "{} deliveries carried a bad signature", stats.bad_signatures);
    check_log(&mut api, report, case, &webhooks, completed_before + total)
}

fn requests(server: &Server, case: &Case) -> Vec<Request> {
    if !case.is_batch {
        return (0..case.webhooks).map(|number| post(server, "/events", &event(&format!("bench.w{number}")))).collect();
    }
    // Each batch mixes all webhooks, as a busy company's events do.
    let events: Vec<String> = (0..BATCH).map(|index| event(&format!("bench.w{}", index % case.webhooks))).collect();
    vec![post(server, "/events/batch", &format!(r#"{{"events":[{}]}}"#, events.join(",")))]
}

fn wait_for(receiver: &Role, total: u64) -> Result<receiver::Stats> {
    let mut stats = receiver::stats(receiver.address)?;
    let mut progress = Instant::now();
    while stats.unique < total && progress.elapsed() < STALL_LIMIT {
        std::thread::sleep(Duration::from_millis(20));
        let now = receiver::stats(receiver.address)?;
        if now.unique > stats.unique {
            progress = Instant::now();
        }
        stats = now;
    }
    Ok(stats)
}

fn cores_since(pids: [u32; 3], before: [f64; 3], started: u64) -> [f64; 3] {
    let seconds = now_micros().saturating_sub(started) as f64 / 1e6;
    let mut cores = pids.map(machine::process_seconds);
    for (core, earlier) in cores.iter_mut().zip(before) {
        *core = (*core - earlier) / seconds.max(0.001);
    }
    cores
}

/// Every delivery must stand in the log as succeeded with its attempt.
fn check_log(api: &mut Api, report: &mut Report, case: &Case, webhooks: &[String], completed: u64) -> Result<()> {
    let start = Instant::now();
    let mut seen = api.queue_figure("webhook", "completed")?;
    while seen < completed && start.elapsed() < LOG_LIMIT {
        std::thread::sleep(Duration::from_millis(5));
        seen = api.queue_figure("webhook", "completed")?;
    }
    let settled = start.elapsed();
    let mut looked_at = 0;
    let mut wrong = 0;
    for webhook in webhooks.iter().take(8) {
        let page = api.call("GET", &format!("/webhooks/{webhook}/logs?limit=100"), &Value::Null)?;
        for delivery in page.get("data").and_then(Value::as_array).into_iter().flatten() {
            looked_at += 1;
            let attempts = delivery.get("attempts").and_then(Value::as_array).map_or(0, Vec::len);
            let is_succeeded = delivery.get("state").and_then(Value::as_str) == Some("succeeded");
            wrong += u64::from(!is_succeeded || attempts == 0);
        }
    }
    report.push(
        Row::new(format!("log entries missing, {}", case.name), completed.saturating_sub(seen) as f64, "")
            .target(Target::AtMost(0.0))
            .note(format!(
                "log complete {:.0} ms after the last delivery; {looked_at} entries read, {wrong} wrong",
                settled.as_secs_f64() * 1e3
            )),
    );
    ensure!(looked_at > 0 && wrong == 0, "{wrong} of {looked_at} log entries are not a success with its attempt");
    Ok(())
}

/// Publishes this many events of one type in batches.
pub(super) fn publish(server: &Server, event_type: &str, total: u64) -> Result<()> {
    fill(server, "/events/batch", &batch_of("events", &event(event_type)), 2, total)?;
    Ok(())
}
