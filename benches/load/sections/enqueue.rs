//! Durable enqueue of jobs and ingest of events, one by one and in batches.

use anyhow::{Result, bail};

use super::{BATCH, PAYLOAD, Scale, batch_of, event, job, post};
use crate::{
    api::Api,
    children::Server,
    drive::{self, Load, Outcome},
    machine,
    report::{Report, Row, Target, millis},
    wire::Request,
};

/// `POST /jobs` and `POST /events` at 1, 64 and 256 connections.
pub(super) fn singles(scale: Scale, report: &mut Report) -> Result<()> {
    for (path, body, what) in [("/jobs", job("bench"), "enqueue"), ("/events", event("bench.quiet"), "event ingest")] {
        let server = Server::start()?;
        let mut api = Api::new(&server)?;
        api.clear_webhooks()?;
        drop(api.call(
            "POST",
            "/event-types",
            &serde_json::json!({ "name": "bench.quiet", "description": "Nobody listens." }),
        ));
        for connections in [1, 64, 256] {
            let request = post(&server, path, &body);
            let (outcome, cores) = measure(scale, &server, request, connections, 1)?;
            let target = match (path, connections) {
                ("/jobs", 64) => Target::AtLeast(25_000.0),
                ("/jobs", 256) => Target::AtLeast(40_000.0),
                _ => Target::None,
            };
            let rate = outcome.per_second();
            report.push(Row::new(format!("{what}, {connections} connections"), rate, "/s").target(target).note(
                format!(
                    "p50 {}, p99 {}; server {cores:.1} cores, {:.0} µs each; {}; {}",
                    millis(outcome.latency.quantile(0.5)),
                    millis(outcome.latency.quantile(0.99)),
                    micros_each(cores, rate),
                    report.share_of(&format!("axum POST, {connections} connections"), rate),
                    report.share_of(&format!("shared fdatasync, {connections} callers"), rate),
                ),
            ));
        }
    }
    Ok(())
}

/// `POST /jobs/batch` and `POST /events/batch` over a few connections.
pub(super) fn batches(scale: Scale, report: &mut Report) -> Result<()> {
    for (path, field, item, what) in [
        ("/jobs/batch", "jobs", job("bench"), "batch enqueue"),
        ("/events/batch", "events", event("bench.quiet"), "batch event ingest"),
    ] {
        for connections in [1, 4, 8] {
            let server = Server::start()?;
            let mut api = Api::new(&server)?;
            api.clear_webhooks()?;
            drop(api.call(
                "POST",
                "/event-types",
                &serde_json::json!({ "name": "bench.quiet", "description": "Nobody listens." }),
            ));
            let request = post(&server, path, &batch_of(field, &item));
            let (outcome, cores) = measure(scale, &server, request, connections, BATCH)?;
            let rate = outcome.per_second() * BATCH as f64;
            let target =
                if path == "/jobs/batch" && connections == 4 { Target::AtLeast(120_000.0) } else { Target::None };
            report.push(Row::new(format!("{what}, {connections} connections"), rate, "/s").target(target).note(
                format!(
                    "request p50 {}, p99 {}; server {cores:.1} cores, {:.1} µs each; {:.0} MB/s of payload",
                    millis(outcome.latency.quantile(0.5)),
                    millis(outcome.latency.quantile(0.99)),
                    micros_each(cores, rate),
                    rate * PAYLOAD as f64 / 1e6,
                ),
            ));
        }
    }
    Ok(())
}

/// Processor time of the server per item; unlike the rate it hardly depends on what else the machine does.
fn micros_each(cores: f64, per_second: f64) -> f64 {
    cores * 1e6 / per_second.max(1.0)
}

fn measure(scale: Scale, server: &Server, request: Request, connections: usize, items: u64) -> Result<(Outcome, f64)> {
    let load = Load {
        address: server.address,
        requests: vec![request],
        items_per_request: items,
        connections,
        threads: 1,
        warm_up: scale.warm_up(),
        duration: scale.window(),
        limit: u64::MAX,
    };
    let before = machine::process_seconds(server.pid());
    let outcome = drive::run(&load)?;
    let cores = (machine::process_seconds(server.pid()) - before) / (load.warm_up + load.duration).as_secs_f64();
    if let Some(refusal) = &outcome.refusal {
        bail!("{} requests were refused, the first with {refusal}", outcome.refused);
    }
    Ok((outcome, cores))
}
